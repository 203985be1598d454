//! The parts of a project: each is a folder with a manifest, or a front end's folder of plain pages.

use super::cargo::{self, CargoPart};
use super::node::{self, Manager, NodePart};
use super::tree::{Tree, is_plain, join};

/// Folder names that say front end.
pub(super) const FRONT_NAMES: [&str; 7] = ["frontend", "front", "web", "webapp", "client", "ui", "www"];
/// Folder names that say back end.
pub(super) const BACK_NAMES: [&str; 6] = ["backend", "server", "api", "worker", "db", "database"];
/// Folders whose manifests are samples and test data.
const SAMPLES: [&str; 9] =
    ["test", "tests", "spec", "fixtures", "testdata", "examples", "example", "template", "templates"];
const PAGE_EXTENSIONS: [&str; 3] = ["html", "css", "js"];
const SERVER_EXTENSIONS: [&str; 7] = ["rs", "go", "py", "rb", "php", "java", "kt"];

/// One part of a project.
#[derive(Debug)]
pub(super) struct Part {
    /// Its folder; the top is the empty text. Always plain.
    pub(super) dir: String,
    /// What it is made with.
    pub(super) stack: Stack,
}

#[derive(Debug)]
pub(super) enum Stack {
    Cargo(CargoPart),
    Node(NodePart),
    Go,
    Python(PythonPart),
    Rails(RailsPart),
    Laravel {
        has_tests: bool,
    },
    /// Pages without a manifest.
    Pages,
}

#[derive(Debug)]
pub(super) struct PythonPart {
    /// Whether it is a Django project.
    pub(super) django: bool,
    /// What goes before a command: `uv run`.
    pub(super) runner: Option<&'static str>,
    /// What runs its tests, where it has any.
    pub(super) tests: Option<PythonTests>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum PythonTests {
    Django,
    Pytest,
    Unittest,
}

#[derive(Debug)]
pub(super) struct RailsPart {
    /// Whether `bin/rails test` has something to run.
    pub(super) has_tests: bool,
    /// Whether it is tested with `RSpec`.
    pub(super) has_specs: bool,
}

/// Which side of the project a part is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Back,
    Front,
    /// Front and back in one tree.
    Both,
}

impl Part {
    /// The part in words; `None` where it only holds others together.
    pub(super) fn describe(&self) -> Option<String> {
        let what = match &self.stack {
            Stack::Cargo(part) => part.describe(),
            Stack::Node(part) => part.describe()?,
            Stack::Go => "Go module".to_owned(),
            Stack::Python(part) if part.django => "Django project".to_owned(),
            Stack::Python(_) => "Python project".to_owned(),
            Stack::Rails(_) => "Rails application".to_owned(),
            Stack::Laravel { .. } => "Laravel application".to_owned(),
            Stack::Pages => "plain pages".to_owned(),
        };
        Some(if self.dir.is_empty() { what } else { format!("{what} in {}", self.dir) })
    }

    /// Which side the part is by itself, not looking at the others.
    pub(super) fn side(&self) -> Side {
        match &self.stack {
            Stack::Cargo(part) if part.ui.is_some() => Side::Front,
            Stack::Node(part) => part.side(self.name()),
            Stack::Pages => Side::Front,
            Stack::Cargo(_) | Stack::Go | Stack::Python(_) | Stack::Rails(_) | Stack::Laravel { .. } => {
                Side::Back
            }
        }
    }

    /// The last name of its folder.
    pub(super) fn name(&self) -> &str {
        self.dir.rsplit('/').next().unwrap_or_default()
    }
}

/// Finds the parts, parents before children.
pub(super) fn find(tree: &Tree, notes: &mut Vec<String>) -> Vec<Part> {
    let workspace = node::workspace(tree, notes);
    let mut parts: Vec<Part> = Vec::new();
    for dir in tree.folders() {
        if dir.split('/').any(|name| SAMPLES.contains(&name)) {
            continue;
        }
        let found = stacks(tree, dir, &parts, workspace.as_ref(), notes);
        if !found.is_empty() && !dir.is_empty() && !is_plain(dir) {
            notes.push(format!("`{}` was left out: its name is not a plain one.", dir.escape_default()));
            continue;
        }
        parts.extend(found.into_iter().map(|stack| Part { dir: dir.to_owned(), stack }));
    }
    parts.extend(pages(tree, &parts));
    parts
}

fn stacks(
    tree: &Tree,
    dir: &str,
    before: &[Part],
    workspace: Option<&node::Workspace>,
    notes: &mut Vec<String>,
) -> Vec<Stack> {
    let mut stacks = Vec::new();
    if let Some(part) = cargo::read(tree, dir, before) {
        stacks.push(Stack::Cargo(part));
    }
    if tree.has(dir, "go.mod") {
        stacks.push(Stack::Go);
    }
    if let Some(part) = python(tree, dir, before) {
        stacks.push(Stack::Python(part));
    }
    if tree.has(dir, "Gemfile") && tree.has(&join(dir, "config"), "application.rb") {
        let has_specs = tree.has_folder(dir, "spec")
            && tree.text(dir, "Gemfile").is_some_and(|gems| gems.contains("rspec"));
        let has_tests = tree.has(&join(dir, "bin"), "rails") && tree.has_folder(dir, "test");
        stacks.push(Stack::Rails(RailsPart { has_tests, has_specs }));
    }
    if tree.has(dir, "artisan") && tree.has(dir, "composer.json") {
        stacks.push(Stack::Laravel { has_tests: tree.has_folder(dir, "tests") });
    }
    if let Some(part) = node::read(tree, dir, workspace, notes) {
        stacks.push(Stack::Node(part));
    }
    stacks
}

fn python(tree: &Tree, dir: &str, before: &[Part]) -> Option<PythonPart> {
    let texts: String =
        ["pyproject.toml", "requirements.txt", "requirements-dev.txt", "Pipfile", "setup.py", "setup.cfg"]
            .iter()
            .filter_map(|name| tree.text(dir, name))
            .collect::<Vec<_>>()
            .join("\n")
            .to_ascii_lowercase();
    let django = tree.has(dir, "manage.py");
    let declared = ["requirements.txt", "Pipfile", "setup.py"].iter().any(|name| tree.has(dir, name))
        || texts.contains("[project]")
        || texts.contains("[tool.poetry]");
    let is_within =
        before.iter().any(|part| matches!(part.stack, Stack::Python(_)) && is_beneath(dir, &part.dir));
    if !django && (!declared || is_within) {
        return None;
    }
    let has_tests = tree.has_folder(dir, "tests") || tree.has_folder(dir, "test");
    let uses_pytest = tree.has(dir, "pytest.ini") || tree.has(dir, "conftest.py") || texts.contains("pytest");
    let tests = match (uses_pytest, django) {
        (true, _) => Some(PythonTests::Pytest),
        (false, true) => Some(PythonTests::Django),
        (false, false) => has_tests.then_some(PythonTests::Unittest),
    };
    let runner = if tree.has(dir, "uv.lock") {
        Some("uv run")
    } else if tree.has(dir, "poetry.lock") {
        Some("poetry run")
    } else {
        None
    };
    Some(PythonPart { django, runner, tests })
}

/// Folders right below the top that are named like a front end and hold pages, but no manifest.
fn pages(tree: &Tree, parts: &[Part]) -> Vec<Part> {
    tree.top_folders()
        .filter(|dir| FRONT_NAMES.contains(dir))
        .filter(|dir| !parts.iter().any(|part| is_beneath(&part.dir, dir)))
        .filter(|dir| tree.holds(dir, &PAGE_EXTENSIONS) && !tree.holds(dir, &SERVER_EXTENSIONS))
        .map(|dir| Part { dir: dir.to_owned(), stack: Stack::Pages })
        .collect()
}

/// Which program keeps the packages of a JavaScript monorepo together, where the project is one.
pub(super) fn workspace_manager(parts: &[Part]) -> Option<Manager> {
    parts.iter().find_map(|part| match &part.stack {
        Stack::Node(node) if node.is_workspace_root => Some(node.manager),
        _ => None,
    })
}

/// Tells whether `dir` is `folder` or lies beneath it.
pub(super) fn is_beneath(dir: &str, folder: &str) -> bool {
    folder.is_empty() || dir.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Tells whether a file of this name declares a package.
pub(super) fn is_manifest(name: &str) -> bool {
    matches!(
        name,
        "Cargo.toml"
            | "package.json"
            | "pnpm-workspace.yaml"
            | "go.mod"
            | "go.work"
            | "pyproject.toml"
            | "setup.py"
            | "setup.cfg"
            | "Pipfile"
            | "Gemfile"
            | "composer.json"
    ) || name.strip_suffix(".txt").is_some_and(|name| name.starts_with("requirements"))
}

/// Tells whether a file of this name records resolved versions.
pub(super) fn is_lock_file(name: &str) -> bool {
    matches!(
        name,
        "Cargo.lock"
            | "package-lock.json"
            | "npm-shrinkwrap.json"
            | "pnpm-lock.yaml"
            | "yarn.lock"
            | "bun.lock"
            | "bun.lockb"
            | "go.sum"
            | "go.work.sum"
            | "uv.lock"
            | "poetry.lock"
            | "Pipfile.lock"
            | "Gemfile.lock"
            | "composer.lock"
    )
}
