//! Divides a project among back end and front end, as globs.
//!
//! Only folders that are named or found are given away, never `**`: what lies beside them (workflows, hooks,
//! settings of agents and editors) belongs to no role.

use super::part::{BACK_NAMES, FRONT_NAMES, Part, Side, Stack, is_beneath, is_lock_file, is_manifest};
use super::tree::{Tree, is_plain, join};

/// Who may write what.
#[derive(Debug, Default)]
pub(super) struct Owners {
    pub(super) backend: Vec<String>,
    pub(super) frontend: Vec<String>,
    pub(super) architect: Vec<String>,
}

/// Sources that both sides of a JavaScript project are written in.
const SCRIPT_EXTENSIONS: [&str; 13] =
    ["ts", "tsx", "js", "jsx", "mjs", "cjs", "css", "scss", "vue", "svelte", "graphql", "prisma", "sql"];
/// Folders that hold neither sources nor tests.
const OTHER_FOLDERS: [&str; 4] = ["doc", "docs", "examples", "node_modules"];

/// Divides what was found.
pub(super) fn divide(tree: &Tree, parts: &[Part], notes: &mut Vec<String>) -> Owners {
    let mut owners = Owners::default();
    let mut shared = Vec::new();
    let sides: Vec<Side> = parts.iter().map(|part| side_among(part, parts)).collect();
    for (part, side) in parts.iter().zip(&sides).filter(|(part, _)| !is_coordinator(part, parts)) {
        let others_draw =
            parts.iter().zip(&sides).any(|(other, side)| *side == Side::Front && other.dir != part.dir);
        let (back, front) = if part.dir.is_empty() || keeps_views(part, others_draw) {
            within(tree, part, *side, parts, others_draw)
        } else {
            let whole = vec![format!("{}/**", part.dir)];
            match side {
                Side::Back => (whole, Vec::new()),
                Side::Front => (Vec::new(), whole),
                Side::Both => (whole.clone(), whole),
            }
        };
        if *side == Side::Both && back == front {
            shared.push(part);
        }
        add(&mut owners.backend, back);
        add(&mut owners.frontend, front);
    }
    if !shared.is_empty() {
        notes.push(shared_note(&shared));
    }
    if parts.is_empty() {
        unknown(tree, &mut owners, notes);
    }
    manifests(tree, parts, &sides, &mut owners);
    // A folder of one side inside a folder of the other.
    for (part, side) in parts.iter().zip(&sides) {
        match side {
            Side::Front => carve(&mut owners.backend, &part.dir),
            Side::Back => carve(&mut owners.frontend, &part.dir),
            Side::Both => {}
        }
    }
    begin_missing(tree, &mut owners, notes);
    owners
}

/// The side of a part, seen among the others: a full-stack framework beside a back end is the front end.
fn side_among(part: &Part, parts: &[Part]) -> Side {
    let mixes = matches!(&part.stack, Stack::Node(node) if node.full_stack().is_some());
    let is_served = parts.iter().any(|other| other.dir != part.dir && other.side() == Side::Back);
    if mixes && is_served { Side::Front } else { part.side() }
}

/// Tells whether a part only holds others together, or builds the assets of a framework in the same folder.
pub(super) fn is_coordinator(part: &Part, parts: &[Part]) -> bool {
    let Stack::Node(node) = &part.stack else { return false };
    let beside =
        |fits: fn(&Stack) -> bool| parts.iter().any(|other| other.dir == part.dir && fits(&other.stack));
    (node.is_workspace_root && !node.is_app())
        || beside(|stack| matches!(stack, Stack::Rails(_) | Stack::Laravel { .. }))
        || (!node.is_app() && beside(|stack| !matches!(stack, Stack::Node(_))))
}

/// Tells whether a part in a folder of its own also holds the project's only pages.
fn keeps_views(part: &Part, others_draw: bool) -> bool {
    let renders = match &part.stack {
        Stack::Rails(_) | Stack::Laravel { .. } => true,
        Stack::Python(python) => python.django,
        Stack::Node(node) => part.side() == Side::Both && node.has_ui(),
        Stack::Cargo(_) | Stack::Go | Stack::Pages => false,
    };
    renders && !others_draw
}

/// Globs inside the folder of one part: first the back end's, then the front end's.
fn within(
    tree: &Tree,
    part: &Part,
    side: Side,
    parts: &[Part],
    others_draw: bool,
) -> (Vec<String>, Vec<String>) {
    let here = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .map(|name| match name.strip_prefix('!') {
                Some(name) => format!("!{}", join(&part.dir, name)),
                None => join(&part.dir, name),
            })
            .collect()
    };
    let found = |extensions: &[&str]| source_folders(tree, &part.dir, extensions, parts);
    let both = |back: Vec<String>, front: &[&str]| (back, here(front));
    match &part.stack {
        Stack::Cargo(_) => {
            let mut globs =
                here(&["src/**", "tests/**", "benches/**", "examples/**", "migrations/**", "build.rs"]);
            add(&mut globs, found(&["rs", "sql"]));
            if side == Side::Front { (Vec::new(), globs) } else { (globs, Vec::new()) }
        }
        Stack::Go => {
            let mut globs = here(&["*.go", "cmd/**", "internal/**", "pkg/**", "migrations/**"]);
            add(&mut globs, found(&["go", "sql"]));
            (globs, Vec::new())
        }
        Stack::Python(python) => {
            let mut globs = here(&["*.py", "src/**", "tests/**"]);
            add(&mut globs, found(&["py"]));
            if python.django && !others_draw {
                let views = ["templates/**", "static/**", "*/templates/**", "*/static/**"];
                add(&mut globs, here(&views.map(|glob| format!("!{glob}")).each_ref().map(String::as_str)));
                return both(globs, &views);
            }
            (globs, Vec::new())
        }
        Stack::Rails(_) => {
            let rest = ["app/**", "config/**", "db/**", "lib/**", "test/**", "spec/**", "Rakefile"];
            let views = ["app/views/**", "app/assets/**", "app/javascript/**", "public/**"];
            let tests = ["test/system/**", "spec/system/**"];
            framework(others_draw, here(&rest), here(&views), here(&tests))
        }
        Stack::Laravel { .. } => {
            let rest =
                ["app/**", "bootstrap/**", "config/**", "database/**", "lang/**", "routes/**", "tests/**"];
            let views = ["resources/**", "public/**", "*.config.{js,ts}"];
            framework(others_draw, here(&rest), here(&views), here(&["tests/Browser/**"]))
        }
        Stack::Node(node) => {
            let mut globs = here(&["src/**", "tests/**", "*.{js,cjs,mjs,ts,tsx}", "tsconfig*.json"]);
            if node.has_ui() {
                add(&mut globs, here(&["public/**", "index.html"]));
            }
            if node.full_stack().is_some() {
                add(&mut globs, here(&["app/**", "components/**", "lib/**", "pages/**", "styles/**"]));
            }
            add(&mut globs, found(&SCRIPT_EXTENSIONS));
            split_by_name(tree, part, side, globs)
        }
        Stack::Pages => (Vec::new(), here(&["**"])),
    }
}

/// A framework with views of its own: where no other part draws, they are the front end.
fn framework(
    others_draw: bool,
    mut back: Vec<String>,
    views: Vec<String>,
    tests: Vec<String>,
) -> (Vec<String>, Vec<String>) {
    if others_draw {
        add(&mut back, views);
        return (back, Vec::new());
    }
    let folders: Vec<&str> = back.iter().filter_map(|glob| glob.strip_suffix("/**")).collect();
    let inside = views.iter().filter(|view| folders.iter().any(|folder| is_beneath(view, folder)));
    let taken = inside.map(|view| format!("!{view}")).collect();
    add(&mut back, taken);
    let mut front = views;
    add(&mut front, tests);
    (back, front)
}

/// One package with pages and server code: a folder that is named like a back end tells them apart.
fn split_by_name(tree: &Tree, part: &Part, side: Side, globs: Vec<String>) -> (Vec<String>, Vec<String>) {
    let server: Vec<String> = BACK_NAMES
        .iter()
        .filter(|name| tree.has_folder(&part.dir, name))
        .map(|name| format!("{}/**", join(&part.dir, name)))
        .collect();
    match side {
        Side::Back => (globs, Vec::new()),
        Side::Front => (Vec::new(), globs),
        Side::Both if server.is_empty() || matches!(&part.stack, Stack::Node(node) if !node.has_ui()) => {
            (globs.clone(), globs)
        }
        Side::Both => {
            let front = globs.into_iter().filter(|glob| !server.contains(glob)).collect();
            let mut back = server;
            back.push(join(&part.dir, "tests/**"));
            (back, front)
        }
    }
}

/// Folders right below `dir` that hold sources and no part of their own.
fn source_folders(tree: &Tree, dir: &str, extensions: &[&str], parts: &[Part]) -> Vec<String> {
    tree.folders()
        .filter(|folder| {
            !folder.is_empty() && *folder == join(dir, folder.rsplit('/').next().unwrap_or(folder))
        })
        .filter(|folder| is_plain(folder) && tree.holds(folder, extensions))
        .filter(|folder| !OTHER_FOLDERS.contains(&folder.rsplit('/').next().unwrap_or(folder)))
        .filter(|folder| !parts.iter().any(|part| !part.dir.is_empty() && *folder == part.dir))
        .map(|folder| format!("{folder}/**"))
        .collect()
}

/// Manifests and lock files at the top; those in folders of their own belong to the folder.
fn manifests(tree: &Tree, parts: &[Part], sides: &[Side], owners: &mut Owners) {
    let names: Vec<String> =
        tree.files_in("").filter(|name| is_manifest(name) || is_lock_file(name)).map(str::to_owned).collect();
    let draws = |fits: fn(&Stack) -> bool| {
        parts.iter().zip(sides).any(|(part, side)| *side != Side::Back && fits(&part.stack))
            || parts.iter().any(|part| is_coordinator(part, parts) && fits(&part.stack))
    };
    let (scripts, crates) =
        (draws(|stack| matches!(stack, Stack::Node(_))), draws(|stack| matches!(stack, Stack::Cargo(_))));
    let drawn = names.iter().filter(|name| match name.as_str() {
        "Cargo.toml" | "Cargo.lock" => crates || parts.is_empty(),
        "package.json"
        | "pnpm-workspace.yaml"
        | "package-lock.json"
        | "pnpm-lock.yaml"
        | "yarn.lock"
        | "bun.lock"
        | "bun.lockb"
        | "npm-shrinkwrap.json" => scripts || parts.is_empty(),
        _ => parts.is_empty(),
    });
    add(&mut owners.frontend, drawn.cloned().collect());
    add(&mut owners.backend, names);
}

fn unknown(tree: &Tree, owners: &mut Owners, notes: &mut Vec<String>) {
    let mut globs = vec!["src/**".to_owned(), "tests/**".to_owned()];
    let folders = tree.top_folders().filter(|name| is_plain(name) && !OTHER_FOLDERS.contains(name));
    add(&mut globs, folders.map(|name| format!("{name}/**")).collect());
    add(&mut globs, tree.files_in("").filter_map(source_extension).map(|end| format!("*.{end}")).collect());
    if tree.is_empty() {
        let to_come = ["Cargo.toml", "package.json", "pyproject.toml", "go.mod", "Gemfile", "composer.json"];
        add(&mut globs, to_come.map(str::to_owned).to_vec());
        owners.architect = [".gitignore", ".editorconfig", "README.md"].map(str::to_owned).to_vec();
        notes.push(
            "Nothing is here yet, so both roles may write the usual places. When the project has a shape, edit \
             `writes` in `.orchestra/roles/`."
                .to_owned(),
        );
    } else {
        notes.push(
            "What kind of project this is could not be told, so both roles may write all its folders. Edit `writes` \
             in `.orchestra/roles/`."
                .to_owned(),
        );
    }
    owners.backend.clone_from(&globs);
    owners.frontend = globs;
}

/// The extension of a file that may be a source.
fn source_extension(name: &str) -> Option<&str> {
    let (_, end) = name.rsplit_once('.')?;
    let is_other = ["md", "txt", "yml", "yaml", "json", "toml", "lock", "sh"].contains(&end);
    (!is_other && end.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(end)
}

/// A side that has nothing yet gets a folder to begin in.
fn begin_missing(tree: &Tree, owners: &mut Owners, notes: &mut Vec<String>) {
    let is_source = |glob: &&String| !glob.starts_with('!') && !is_manifest(glob) && !is_lock_file(glob);
    let free = |names: &[&'static str]| names.iter().copied().find(|name| !tree.has_folder("", name));
    if owners.frontend.iter().filter(is_source).count() == 0
        && let Some(name) = free(&FRONT_NAMES)
    {
        owners.frontend.insert(0, format!("{name}/**"));
        notes.push(format!(
            "No front end was found. One that begins in `{name}/` belongs to the front end's role."
        ));
    }
    if owners.backend.iter().filter(is_source).count() == 0
        && let Some(name) = free(&["server", "backend", "api"])
    {
        owners.backend.insert(0, format!("{name}/**"));
        notes.push(format!(
            "No back end was found. One that begins in `{name}/` belongs to the back end's role."
        ));
    }
}

fn shared_note(parts: &[&Part]) -> String {
    let framework = parts.iter().find_map(|part| match &part.stack {
        Stack::Node(node) => node.full_stack(),
        _ => None,
    });
    let places: Vec<String> =
        parts.iter().filter(|part| !part.dir.is_empty()).map(|part| format!("`{}`", part.dir)).collect();
    let place = if places.is_empty() { "here".to_owned() } else { format!("in {}", places.join(", ")) };
    let why = framework.map_or_else(
        || format!("Front end and back end cannot be told apart {place}"),
        |framework| format!("{framework} keeps pages and server code in one tree {place}"),
    );
    format!("{why}, so both roles may write the sources; a phase's `files` says which of them.")
}

/// Takes a folder out of a wider one.
fn carve(globs: &mut Vec<String>, dir: &str) {
    let whole = format!("{dir}/**");
    let is_inside = globs
        .iter()
        .filter_map(|glob| glob.strip_suffix("/**"))
        .any(|folder| !folder.starts_with('!') && folder != dir && is_beneath(dir, folder));
    if !dir.is_empty() && is_inside && !globs.contains(&whole) {
        add(globs, vec![format!("!{whole}")]);
    }
}

fn add(globs: &mut Vec<String>, more: Vec<String>) {
    for glob in more {
        if !globs.contains(&glob) {
            globs.push(glob);
        }
    }
}
