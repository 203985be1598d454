//! Whose room a path lies in.
//!
//! A role's globs are the wall: what lies outside is put back. A phase's `files` are the plan: what lies beyond it
//! is kept and listed. Some paths are in no room however wide its globs are: git's own files, `.orchestra` and the
//! files that steer agents, editors and shells, unless a glob names them itself.

use globset::{GlobBuilder, GlobMatcher};
use thiserror::Error;

use crate::path::RepoPath;
use crate::plan::{Phase, Role};

/// Says why a glob cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{glob}` is not a usable glob: {why}")]
pub struct GlobError {
    /// The glob as written.
    pub glob: String,
    /// What is wrong with it.
    pub why: String,
}

/// Compiles one glob: `*` stays inside a folder, `**` crosses folders. Where its last name has no sign in it, it also
/// means all beneath the folder of that name, as in git's own lists.
fn compile(glob: &str) -> Result<Vec<GlobMatcher>, GlobError> {
    let error = |why: String| GlobError { glob: glob.to_owned(), why };
    if glob.len() > 1_000 {
        return Err(error("longer than 1,000 bytes".to_owned()));
    }
    if glob.starts_with('/') || glob.split('/').any(|name| name == "..") {
        return Err(error("must stay inside the repository".to_owned()));
    }
    let plain = without_dots(glob);
    let is_folder = plain.is_empty() || glob.ends_with('/');
    let beneath = if plain.is_empty() { "**".to_owned() } else { format!("{plain}/**") };
    let has_sign = plain.rsplit('/').next().is_some_and(|name| name.contains(['*', '?', '[']));
    let wanted = match (is_folder, has_sign) {
        (true, _) => vec![beneath],
        (false, true) => vec![plain],
        (false, false) => vec![plain, beneath],
    };
    let matcher = |glob: &String| {
        let built = GlobBuilder::new(glob).literal_separator(true).build();
        built.map(|glob| glob.compile_matcher()).map_err(|cause| error(cause.kind().to_string()))
    };
    wanted.iter().map(matcher).collect()
}

/// A glob without the names that lead nowhere: `./src//x/` is `src/x`.
fn without_dots(glob: &str) -> String {
    let names: Vec<&str> = glob.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    names.join("/")
}

/// Globs of which the last one that matches decides; `!` at the front takes away.
#[derive(Clone, Debug, Default)]
pub struct Globs(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    matchers: Vec<GlobMatcher>,
    gives: bool,
    /// The first name of the glob where it is literal: what lets it name a protected path.
    first_name: String,
    /// The glob as written.
    text: String,
}

impl Globs {
    /// Compiles globs.
    pub fn parse<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, GlobError> {
        let rule = |glob: &str| {
            let (gives, text) = glob.strip_prefix('!').map_or((true, glob), |rest| (false, rest));
            let first_name = without_dots(text).split('/').next().unwrap_or_default().to_owned();
            Ok(Rule { matchers: compile(text)?, gives, first_name, text: glob.to_owned() })
        };
        Ok(Self(globs.into_iter().map(rule).collect::<Result<_, _>>()?))
    }

    /// Tells whether a path is among them.
    pub fn contains(&self, path: &RepoPath) -> bool {
        let name = std::ffi::OsStr::from_bytes(path.as_bytes());
        let protected = protected_name(path);
        let decides = |rule: &&Rule| {
            rule.matchers.iter().any(|matcher| matcher.is_match(name))
                && (!rule.gives || protected.as_ref().is_none_or(|name| rule.first_name == *name))
        };
        self.0.iter().rev().find(decides).is_some_and(|rule| rule.gives)
    }

    /// The globs as they were written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.text.as_str())
    }
}

use std::os::unix::ffi::OsStrExt;

/// Names at the top of a repository that steer agents, editors and shells, or hold Orchestra's own files.
const STEERING: [&str; 16] = [
    ".orchestra",
    ".claude",
    ".codex",
    ".gemini",
    ".cursor",
    ".agents",
    ".vscode",
    ".idea",
    ".mcp.json",
    ".envrc",
    ".env",
    "AGENTS.md",
    "CLAUDE.md",
    "CLAUDE.local.md",
    ".gitattributes",
    ".gitmodules",
];

/// Returns the name that a glob must begin with, literally, to own this path, where there is such a rule.
fn protected_name(path: &RepoPath) -> Option<String> {
    let first = folded(path.as_bytes().split(|byte| *byte == b'/').next().unwrap_or_default());
    let steering = STEERING.iter().find(|name| folded(name.as_bytes()) == first);
    steering.map(|name| (*name).to_owned())
}

/// Tells whether a path is git's own on some file system: `.git`, `.GIT`, `git~1`, `.git ` and their like
/// (the names that git itself refuses to check out on such systems).
pub fn is_gits(path: &RepoPath) -> bool {
    path.as_bytes().split(|byte| *byte == b'/').any(|name| matches!(folded(name).as_str(), ".git" | "git~1"))
}

/// Tells whether a path is the worker's own state on some file system: `.orchestra/.state` and all beneath it.
pub fn is_state(path: &RepoPath) -> bool {
    let names: Vec<String> = path.as_bytes().split(|byte| *byte == b'/').map(folded).collect();
    names.windows(2).any(|pair| pair == [".orchestra", ".state"])
}

/// Folds a name as careless file systems do: case, trailing dots and spaces, streams, characters that HFS+ ignores.
fn folded(name: &[u8]) -> String {
    let is_ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let text = String::from_utf8_lossy(name);
    let text = text.split(':').next().unwrap_or_default();
    let kept: String = text.chars().filter(|c| !is_ignored(c)).collect();
    kept.trim_end_matches(['.', ' ']).to_lowercase()
}

/// Where a path lies, seen from one work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// In the room and in the plan, or there is no plan.
    Planned,
    /// In the room, beyond the plan: kept, and listed as *also changed*.
    Beyond,
    /// Behind the wall.
    Outside,
}

/// What one role may write during one work.
#[derive(Clone, Debug, Default)]
pub struct Room {
    wall: Globs,
    plan: Option<Globs>,
    strict: bool,
}

impl Room {
    /// A room in which nothing may be written.
    pub fn closed() -> Self {
        Self::default()
    }

    /// The room of a role, with a phase's plan where there is one.
    pub fn of(role: &Role, phase: Option<&Phase>) -> Result<Self, GlobError> {
        let globs = |globs: &[String]| Globs::parse(globs.iter().map(String::as_str));
        let plan = phase.filter(|phase| !phase.files.is_empty());
        Ok(Self {
            wall: globs(&role.writes)?,
            plan: plan.map(|phase| globs(&phase.files)).transpose()?,
            strict: plan.is_some_and(|phase| phase.files_strict),
        })
    }

    /// Tells whether nothing may be written in it, wherever it lies.
    pub fn is_closed(&self) -> bool {
        !self.wall.0.iter().any(|rule| rule.gives)
    }

    /// The globs that it consists of, as written.
    pub fn globs(&self) -> impl Iterator<Item = &str> {
        self.wall.texts()
    }

    /// The globs of the plan, where the plan is a wall too.
    pub fn strict_globs(&self) -> Option<impl Iterator<Item = &str>> {
        self.plan.as_ref().filter(|_| self.strict).map(Globs::texts)
    }

    /// Tells where a path lies, with `beside` being the other paths of the same change.
    pub fn place(&self, path: &RepoPath, beside: &[&RepoPath]) -> Place {
        if is_gits(path) || !(self.wall.contains(path) || self.owns_as_lock_file(path, beside)) {
            return Place::Outside;
        }
        match &self.plan {
            None => Place::Planned,
            Some(plan) if plan.contains(path) || is_lock_file(path) => Place::Planned,
            Some(_) if self.strict => Place::Outside,
            Some(_) => Place::Beyond,
        }
    }

    /// A lock file counts as owned with its manifest: the one beside it, or one that changed too, further down.
    fn owns_as_lock_file(&self, path: &RepoPath, beside: &[&RepoPath]) -> bool {
        let bytes = path.as_bytes();
        let folder = &bytes[..bytes.len() - path.file_name().len()];
        manifests_of(path.file_name()).iter().any(|manifest| {
            let sibling = RepoPath::parse([folder, manifest.as_bytes()].concat());
            sibling.is_ok_and(|sibling| self.wall.contains(&sibling))
                || beside.iter().any(|other| {
                    other.as_bytes().starts_with(folder)
                        && other.file_name() == manifest.as_bytes()
                        && self.wall.contains(other)
                })
        })
    }
}

/// The manifests that a lock file belongs to, by its name; none where it is no lock file.
fn manifests_of(name: &[u8]) -> &'static [&'static str] {
    match name {
        b"Cargo.lock" => &["Cargo.toml"],
        b"package-lock.json"
        | b"npm-shrinkwrap.json"
        | b"pnpm-lock.yaml"
        | b"yarn.lock"
        | b"bun.lock"
        | b"bun.lockb" => &["package.json"],
        b"go.sum" => &["go.mod"],
        b"go.work.sum" => &["go.work"],
        b"Gemfile.lock" => &["Gemfile"],
        b"composer.lock" => &["composer.json"],
        b"poetry.lock" | b"uv.lock" | b"pdm.lock" | b"pylock.toml" => &["pyproject.toml"],
        b"Pipfile.lock" => &["Pipfile"],
        b"mix.lock" => &["mix.exs"],
        b"pubspec.lock" => &["pubspec.yaml"],
        _ => &[],
    }
}

/// Tells whether a path is the lock file of a package manager.
pub fn is_lock_file(path: &RepoPath) -> bool {
    !manifests_of(path.file_name()).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).unwrap()
    }

    fn room(writes: &[&str], files: Option<&[&str]>, strict: bool) -> Room {
        let globs = |globs: &[&str]| Globs::parse(globs.iter().copied()).unwrap();
        Room { wall: globs(writes), plan: files.map(globs), strict }
    }

    #[test]
    fn a_star_stays_inside_its_folder_and_a_later_glob_takes_away() {
        let room = room(&["src/**", "*.toml", "!src/ui/**", "docs/"], None, false);
        let places: Vec<Place> = ["src/a/b.rs", "Cargo.toml", "x/y.toml", "src/ui/a.ts", "docs/a/b.md"]
            .iter()
            .map(|text| room.place(&path(text), &[]))
            .collect();
        assert_eq!(places, [Place::Planned, Place::Planned, Place::Outside, Place::Outside, Place::Planned]);
    }

    #[test]
    fn a_name_without_a_sign_is_the_file_or_all_beneath_the_folder() {
        let room = room(&["./src/**", "web", "a/*/api", "{one,two}", "*.d", "!web/gen"], None, false);
        let owned = ["src/a.rs", "web", "web/a/b.ts", "a/x/api", "a/x/api/y/z", "two/x", "etc.d"];
        let others = ["websites/x", "a/web", "web/gen", "web/gen/x", "a/x/apis", "three/x", "etc.d/x"];
        let is_inside = |text: &&str| room.place(&path(text), &[]) == Place::Planned;
        assert_eq!(owned.iter().filter(|text| !is_inside(text)).collect::<Vec<_>>(), [&""; 0]);
        assert_eq!(others.iter().filter(|text| is_inside(text)).collect::<Vec<_>>(), [&""; 0]);
    }

    #[test]
    fn the_folder_that_everything_lies_in_is_all_of_it() {
        for glob in [".", "./", "./."] {
            let room = room(&[glob], None, false);
            assert_eq!(room.place(&path("src/a.rs"), &[]), Place::Planned, "{glob}");
            assert_eq!(room.place(&path("CLAUDE.md"), &[]), Place::Outside, "{glob}");
        }
        let room = room(&["./CLAUDE.md"], None, false);
        assert_eq!(room.place(&path("CLAUDE.md"), &[]), Place::Planned);
    }

    #[test]
    fn beyond_the_plan_is_kept_unless_the_plan_is_a_wall() {
        let files: &[&str] = &["src/auth/**"];
        assert_eq!(room(&["src/**"], Some(files), false).place(&path("src/x.rs"), &[]), Place::Beyond);
        assert_eq!(room(&["src/**"], Some(files), true).place(&path("src/x.rs"), &[]), Place::Outside);
        assert_eq!(room(&["src/**"], Some(files), false).place(&path("src/auth/x.rs"), &[]), Place::Planned);
    }

    #[test]
    fn the_widest_room_holds_neither_git_nor_what_steers_agents() {
        let room = room(&["**"], None, false);
        for text in [
            ".git/config",
            ".GIT/hooks/pre-push",
            "a/.git/config",
            "git~1/config",
            ".git ./x",
            ".g\u{200c}it/x",
            ".orchestra/config.yaml",
            ".Orchestra/x",
            "CLAUDE.md",
            "claude.md",
            ".claude/settings.json",
            ".envrc",
        ] {
            assert_eq!(room.place(&path(text), &[]), Place::Outside, "{text}");
        }
        assert_eq!(room.place(&path("src/AGENTS.md"), &[]), Place::Planned);
    }

    #[test]
    fn a_glob_that_names_a_protected_path_owns_it() {
        let room = room(&[".orchestra/milestones/*/rfc.md", "AGENTS.md"], None, false);
        assert_eq!(room.place(&path(".orchestra/milestones/M1-x/rfc.md"), &[]), Place::Planned);
        assert_eq!(room.place(&path(".orchestra/milestones/M1-x/context.md"), &[]), Place::Outside);
        assert_eq!(room.place(&path("AGENTS.md"), &[]), Place::Planned);
    }

    #[test]
    fn a_lock_file_goes_with_its_manifest() {
        let api = room(&["apps/api/**"], None, false);
        assert_eq!(api.place(&path("apps/api/package-lock.json"), &[]), Place::Planned);
        assert_eq!(api.place(&path("pnpm-lock.yaml"), &[]), Place::Outside);
        assert_eq!(api.place(&path("pnpm-lock.yaml"), &[&path("apps/api/package.json")]), Place::Planned);
        assert_eq!(api.place(&path("pnpm-lock.yaml"), &[&path("apps/web/package.json")]), Place::Outside);
        let root = room(&["Cargo.toml"], None, false);
        assert_eq!(root.place(&path("Cargo.lock"), &[]), Place::Planned);
    }

    #[test]
    fn a_room_says_what_it_consists_of() {
        let open = room(&["src/**", "!src/ui"], Some(&["src/a/**"]), false);
        assert_eq!(open.globs().collect::<Vec<_>>(), ["src/**", "!src/ui"]);
        assert!(!open.is_closed() && open.strict_globs().is_none());
        let strict = room(&["src/**"], Some(&["src/a/**"]), true);
        assert_eq!(strict.strict_globs().map(Iterator::collect), Some(vec!["src/a/**"]));
        assert!(Room::closed().is_closed() && room(&["!src"], None, false).is_closed());
    }

    #[test]
    fn the_workers_state_is_known_in_any_spelling() {
        for text in [".orchestra/.state", ".Orchestra/.STATE/journal", "apps/a/.orchestra/.state/x"] {
            assert!(is_state(&path(text)), "{text}");
        }
        for text in [".orchestra/state", ".orchestra", ".state/x", ".orchestra/x/.state"] {
            assert!(!is_state(&path(text)), "{text}");
        }
    }

    #[test]
    fn a_glob_that_leaves_the_repository_is_refused() {
        for glob in ["/etc/**", "../x", "a/../../b", "a{"] {
            assert!(Globs::parse([glob]).is_err(), "{glob}");
        }
    }
}
