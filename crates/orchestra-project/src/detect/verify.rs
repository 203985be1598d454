//! Commands that check a project: only what it has, and only names that mean nothing to a shell.

use orchestra_core::config::VerifyPlan;

use super::node::{Manager, NodePart};
use super::part::{Part, PythonPart, PythonTests, Stack, workspace_manager};
use super::tree::join;

/// The commands for all parts: a list, or a map from globs in a monorepo of packages with tests of their own.
pub(super) fn commands(parts: &[Part], notes: &mut Vec<String>) -> VerifyPlan {
    let members: Vec<(&Part, &NodePart)> = parts
        .iter()
        .filter_map(|part| match &part.stack {
            Stack::Node(node) if node.is_member && node.script.is_some() => Some((part, node)),
            _ => None,
        })
        .collect();
    let plan = match workspace_manager(parts) {
        Some(manager) if !members.is_empty() => VerifyPlan::ByPath(by_path(parts, &members, manager)),
        _ => VerifyPlan::Always(parts.iter().flat_map(of_part).collect()),
    };
    let is_empty = match &plan {
        VerifyPlan::Always(commands) => commands.is_empty(),
        VerifyPlan::ByPath(map) => map.is_empty(),
    };
    if is_empty {
        notes.push(
            "No tests were found, so nothing is run before a commit. Set `verify` in `.orchestra/config.yaml`."
                .to_owned(),
        );
    }
    plan
}

/// Globs with commands: each package its own, and everything where the packages are put together.
fn by_path(parts: &[Part], members: &[(&Part, &NodePart)], manager: Manager) -> Vec<(String, Vec<String>)> {
    let every: Vec<String> = match manager {
        Manager::Pnpm => vec!["pnpm -r test".to_owned()],
        Manager::Npm => vec!["npm test --workspaces --if-present".to_owned()],
        Manager::Yarn | Manager::Bun => members.iter().map(|(part, node)| of_member(part, node)).collect(),
    };
    let mut map = Vec::new();
    for (part, node) in members {
        let glob = format!("{}/**", part.dir);
        match (node.is_app(), manager, &node.name) {
            (true, _, _) => map.push((glob, vec![of_member(part, node)])),
            // A library is checked together with the packages that use it.
            (false, Manager::Pnpm, Some(name)) => {
                map.push((glob, vec![format!("pnpm --filter ...{name} {}", node.script.unwrap_or("test"))]));
            }
            (false, _, _) => map.push((glob, every.clone())),
        }
    }
    for part in parts {
        let is_node = matches!(&part.stack, Stack::Node(node) if node.is_member || node.is_workspace_root);
        let commands = of_part(part);
        if !is_node && !commands.is_empty() {
            map.push((join(&part.dir, "**"), commands));
        }
    }
    let lock_file = match manager {
        Manager::Npm => "package-lock.json",
        Manager::Pnpm => "pnpm-lock.yaml,pnpm-workspace.yaml",
        Manager::Yarn => "yarn.lock",
        Manager::Bun => "bun.lock",
    };
    map.push((format!("{{package.json,{lock_file}}}"), every));
    map
}

fn of_member(part: &Part, node: &NodePart) -> String {
    let script = node.script.unwrap_or("test");
    let dir = &part.dir;
    match (node.manager, &node.name) {
        (Manager::Pnpm, Some(name)) => format!("pnpm --filter {name} {script}"),
        (Manager::Yarn, Some(name)) => format!("yarn workspace {name} {script}"),
        (Manager::Npm, _) => format!("npm run {script} --workspace {dir}"),
        (Manager::Pnpm | Manager::Yarn | Manager::Bun, _) => of_package(node, dir),
    }
}

fn of_part(part: &Part) -> Vec<String> {
    let dir = part.dir.as_str();
    let go_there =
        |command: &str| if dir.is_empty() { command.to_owned() } else { format!("cd {dir} && {command}") };
    match &part.stack {
        // Its workspace's command runs its tests too.
        Stack::Cargo(cargo) if cargo.is_member => Vec::new(),
        Stack::Cargo(cargo) => {
            let manifest =
                if dir.is_empty() { String::new() } else { format!(" --manifest-path {dir}/Cargo.toml") };
            let workspace = if cargo.is_workspace { " --workspace" } else { "" };
            vec![format!("cargo test -q{workspace}{manifest}")]
        }
        Stack::Go if dir.is_empty() => vec!["go test ./...".to_owned()],
        Stack::Go => vec![format!("go -C {dir} test ./...")],
        Stack::Python(python) => of_python(python).map(|command| go_there(&command)).into_iter().collect(),
        Stack::Rails(rails) => {
            let tests = rails.has_tests.then(|| go_there("bin/rails test"));
            let specs = rails.has_specs.then(|| go_there("bundle exec rspec"));
            tests.into_iter().chain(specs).collect()
        }
        Stack::Laravel { has_tests } => has_tests.then(|| go_there("php artisan test")).into_iter().collect(),
        Stack::Node(node) if node.script.is_some() => vec![of_package(node, dir)],
        Stack::Node(_) | Stack::Pages => Vec::new(),
    }
}

fn of_python(python: &PythonPart) -> Option<String> {
    let command = match python.tests? {
        PythonTests::Django => "python manage.py test",
        PythonTests::Pytest => "pytest -q",
        PythonTests::Unittest => "python -m unittest -q",
    };
    Some(match python.runner {
        Some(runner) => format!("{runner} {command}"),
        None => command.to_owned(),
    })
}

fn of_package(node: &NodePart, dir: &str) -> String {
    let script = node.script.unwrap_or("test");
    // `bun test` is another test runner, and only `test` may go without `run` everywhere.
    let run = if script == "test" && node.manager != Manager::Bun { "" } else { "run " };
    let place = match (dir.is_empty(), node.manager) {
        (true, _) => String::new(),
        (false, Manager::Npm) => format!("--prefix {dir} "),
        (false, Manager::Pnpm) => format!("-C {dir} "),
        (false, Manager::Yarn | Manager::Bun) => format!("--cwd {dir} "),
    };
    format!("{} {place}{run}{script}", node.manager)
}
