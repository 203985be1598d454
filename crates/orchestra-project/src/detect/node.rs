//! What a `package.json` says: what the package is, and how it is tested.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::{budget, options};

use super::part::{BACK_NAMES, FRONT_NAMES, Side};
use super::tree::{Tree, is_plain, join};

/// Frameworks that keep pages and server code in one tree.
const FULL_STACK: [(&str, &str); 5] = [
    ("next", "Next.js"),
    ("nuxt", "Nuxt"),
    ("@sveltejs/kit", "SvelteKit"),
    ("@remix-run/react", "Remix"),
    ("@react-router/node", "React Router"),
];
/// Libraries that draw a page. The first that fits names the package.
const UI: [(&str, &str); 8] = [
    ("@angular/core", "Angular"),
    ("astro", "Astro"),
    ("react-native", "React Native"),
    ("react", "React"),
    ("vue", "Vue"),
    ("svelte", "Svelte"),
    ("solid-js", "Solid"),
    ("preact", "Preact"),
];
/// Libraries that answer requests.
const SERVER: [(&str, &str); 6] = [
    ("@nestjs/core", "NestJS"),
    ("express", "Express"),
    ("fastify", "Fastify"),
    ("koa", "Koa"),
    ("hono", "Hono"),
    ("@hapi/hapi", "hapi"),
];

/// A package of a JavaScript project.
#[derive(Debug)]
pub(super) struct NodePart {
    /// Its name, where it may stand in a command.
    pub(super) name: Option<String>,
    /// The program that installs it.
    pub(super) manager: Manager,
    /// Whether it holds a workspace's packages together.
    pub(super) is_workspace_root: bool,
    /// Whether it is one of a workspace's packages.
    pub(super) is_member: bool,
    /// The script that checks it: `test`, else `typecheck`.
    pub(super) script: Option<&'static str>,
    full_stack: Option<&'static str>,
    ui: Option<String>,
    server: Option<&'static str>,
}

/// What installs packages and runs scripts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Bun => "bun",
        })
    }
}

impl NodePart {
    pub(super) fn describe(&self) -> Option<String> {
        if let Some(framework) = self.full_stack {
            return Some(format!("{framework} app"));
        }
        match (&self.ui, self.server) {
            (Some(ui), Some(server)) => Some(format!("{ui} with {server}")),
            (Some(ui), None) => Some(ui.clone()),
            (None, Some(server)) => Some(server.to_owned()),
            (None, None) if self.is_workspace_root => None,
            (None, None) => Some(format!("{} package", self.manager)),
        }
    }

    pub(super) fn side(&self, folder: &str) -> Side {
        match (self.full_stack.is_some(), self.ui.is_some(), self.server.is_some()) {
            (false, true, false) => Side::Front,
            (false, false, true) => Side::Back,
            (false, false, false) if FRONT_NAMES.contains(&folder) => Side::Front,
            (false, false, false) if BACK_NAMES.contains(&folder) => Side::Back,
            (true | false, _, _) => Side::Both,
        }
    }

    /// Tells whether the package is a program rather than a library of others.
    pub(super) fn is_app(&self) -> bool {
        self.full_stack.is_some() || self.ui.is_some() || self.server.is_some()
    }

    /// The framework that mixes pages and server code, where there is one.
    pub(super) fn full_stack(&self) -> Option<&'static str> {
        self.full_stack
    }

    /// Tells whether the package draws pages, alone or besides answering requests.
    pub(super) fn has_ui(&self) -> bool {
        self.full_stack.is_some() || self.ui.is_some()
    }
}

/// The packages that are kept together at the top of the project.
#[derive(Debug)]
pub(super) struct Workspace {
    manager: Manager,
    members: Vec<GlobMatcher>,
    others: Vec<GlobMatcher>,
}

impl Workspace {
    fn has(&self, dir: &str) -> bool {
        self.members.iter().any(|glob| glob.is_match(dir))
            && !self.others.iter().any(|glob| glob.is_match(dir))
    }
}

/// Reads which folders are packages of a workspace, where the project is one.
pub(super) fn workspace(tree: &Tree, notes: &mut Vec<String>) -> Option<Workspace> {
    #[derive(Deserialize)]
    struct Pnpm {
        #[serde(default)]
        packages: Vec<String>,
    }
    let mut declared = None;
    let globs = if let Some(text) = tree.text("", "pnpm-workspace.yaml") {
        let bounds = options! { budget: budget! { max_nodes: 10_000, max_depth: 32, max_aliases: 64, max_anchors: 64 } };
        match serde_saphyr::from_str_with_options::<Pnpm>(&text, bounds) {
            Ok(file) => file.packages,
            Err(fault) => {
                notes.push(format!(
                    "`pnpm-workspace.yaml` could not be read: {}.",
                    one_line(&fault.to_string())
                ));
                return None;
            }
        }
    } else {
        let manifest: Value = serde_json::from_str(&tree.text("", "package.json")?).ok()?;
        declared = manifest.get("packageManager").and_then(Value::as_str).map(str::to_owned);
        let list = manifest.get("workspaces")?;
        let list = list.get("packages").unwrap_or(list).as_array()?;
        list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let matchers = |wanted: bool| {
        globs
            .iter()
            .filter(|glob| glob.starts_with('!') != wanted)
            .filter_map(|glob| {
                let glob = glob.trim_start_matches('!').trim_start_matches("./").trim_end_matches('/');
                Some(GlobBuilder::new(glob).literal_separator(true).build().ok()?.compile_matcher())
            })
            .collect::<Vec<_>>()
    };
    let members = matchers(true);
    let manager = manager(tree, "", declared.as_deref());
    (!members.is_empty()).then(|| Workspace { manager, members, others: matchers(false) })
}

/// Reads the package in `dir`.
pub(super) fn read(
    tree: &Tree,
    dir: &str,
    workspace: Option<&Workspace>,
    notes: &mut Vec<String>,
) -> Option<NodePart> {
    if !tree.has(dir, "package.json") {
        return None;
    }
    let path = join(dir, "package.json");
    let Some(manifest) = tree
        .text(dir, "package.json")
        .and_then(|text| serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')).ok())
    else {
        notes.push(format!("`{path}` is not JSON that could be read."));
        return None;
    };
    let depends_on = |name: &str| {
        ["dependencies", "devDependencies", "peerDependencies"]
            .iter()
            .any(|key| manifest.get(key).is_some_and(|list| list.get(name).is_some()))
    };
    let first = |list: &[(&str, &'static str)]| {
        list.iter().find(|(name, _)| depends_on(name)).map(|(_, shown)| *shown)
    };
    let has_page = tree.has(dir, "index.html");
    let ui = match (first(&UI), depends_on("vite")) {
        (Some(ui), true) => Some(format!("Vite + {ui}")),
        (Some(ui), false) => Some(ui.to_owned()),
        (None, true) if has_page => Some("Vite".to_owned()),
        (None, _) => None,
    };
    let is_member = !dir.is_empty() && workspace.is_some_and(|workspace| workspace.has(dir));
    let manager = match workspace {
        Some(workspace) if is_member || dir.is_empty() => workspace.manager,
        _ => manager(tree, dir, manifest.get("packageManager").and_then(Value::as_str)),
    };
    let name = manifest.get("name").and_then(Value::as_str).filter(|name| is_plain(name));
    Some(NodePart {
        name: name.map(str::to_owned),
        manager,
        is_workspace_root: dir.is_empty() && workspace.is_some(),
        is_member,
        script: script(&manifest, &path, notes),
        full_stack: first(&FULL_STACK),
        ui,
        server: first(&SERVER),
    })
}

/// The script to verify with. What `npm init` writes is no test, and what watches never ends.
fn script(manifest: &Value, path: &str, notes: &mut Vec<String>) -> Option<&'static str> {
    for name in ["test", "typecheck"] {
        let Some(script) = manifest.get("scripts").and_then(|scripts| scripts.get(name)?.as_str()) else {
            continue;
        };
        if script.trim().is_empty() || script.contains("no test specified") {
            continue;
        }
        if script.contains("--watch") && !script.contains("--watch=false") {
            notes.push(format!(
                "The script `{name}` of `{path}` watches for changes, so it is not used to verify."
            ));
            continue;
        }
        return Some(name);
    }
    None
}

fn manager(tree: &Tree, dir: &str, declared: Option<&str>) -> Manager {
    let declared = declared.and_then(|text| match text.split('@').next()? {
        "npm" => Some(Manager::Npm),
        "pnpm" => Some(Manager::Pnpm),
        "yarn" => Some(Manager::Yarn),
        "bun" => Some(Manager::Bun),
        _ => None,
    });
    let has = |name: &str| tree.has(dir, name);
    declared.unwrap_or_else(|| {
        if has("pnpm-lock.yaml") || has("pnpm-workspace.yaml") {
            Manager::Pnpm
        } else if has("yarn.lock") {
            Manager::Yarn
        } else if has("bun.lock") || has("bun.lockb") {
            Manager::Bun
        } else {
            Manager::Npm
        }
    })
}

fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').chars().take(200).collect()
}
