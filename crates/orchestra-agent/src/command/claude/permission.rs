//! Answers what the program asks permission for, in place of the person: the role's room decides.
//!
//! It keeps a willing model inside of its room. Commands are not confined by it, nor is what changes between the
//! answer and the deed: the sandbox and the look at the work tree after the turn are.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use orchestra_core::own_tool::OwnTool;
use orchestra_core::ownership::{Place, Room};
use orchestra_core::path::RepoPath;
use serde_json::Value;

use super::super::argv::OWN_PREFIX;
use super::super::event::text_at;
use crate::agent::TurnRequest;

/// What the program may do in one turn.
#[derive(Debug)]
pub(crate) struct Permissions {
    workspace: PathBuf,
    scratch: PathBuf,
    report_path: PathBuf,
    writes: bool,
    room: Option<Room>,
    offered: Vec<OwnTool>,
}

impl Permissions {
    pub(crate) fn of(request: &TurnRequest) -> Self {
        Self {
            workspace: request.workspace.clone(),
            scratch: request.scratch.clone(),
            report_path: request.report_path.clone(),
            writes: request.writes,
            room: request.room.clone(),
            offered: request.own.as_ref().map(|own| own.offered().to_vec()).unwrap_or_default(),
        }
    }

    /// Says whether a tool may be used so; if not, why, in words for the model.
    pub(super) fn check(&self, tool: &str, input: &Value) -> Result<(), String> {
        match tool {
            "Bash" if self.writes => Ok(()),
            "Write" | "Edit" | "MultiEdit" if self.writes => self.check_path(text_at(input, "file_path")),
            "NotebookEdit" if self.writes => self.check_path(text_at(input, "notebook_path")),
            "AskUserQuestion" if self.offered.contains(&OwnTool::AskUser) => {
                Err(format!("ask with {OWN_PREFIX}{}", OwnTool::AskUser.name()))
            }
            "AskUserQuestion" => {
                Err("nobody can be asked now: decide, and name the decision in your report".to_owned())
            }
            tool if self.is_own(tool) => Ok(()),
            tool => Err(format!("{tool} is not allowed in this turn")),
        }
    }

    /// Whether the turn may write at all.
    pub(crate) fn writes(&self) -> bool {
        self.writes
    }

    /// Whether one of Orchestra's own tools is a part of the turn.
    pub(crate) fn offers(&self, tool: OwnTool) -> bool {
        self.offered.contains(&tool)
    }

    fn is_own(&self, tool: &str) -> bool {
        let own = tool.strip_prefix(OWN_PREFIX).and_then(OwnTool::parse);
        own.is_some_and(|own| self.offered.contains(&own))
    }

    /// Says whether a file may be written; if not, why.
    pub(crate) fn check_path(&self, path: &str) -> Result<(), String> {
        if path.is_empty() || path.contains('\0') {
            return Err("name a file".to_owned());
        }
        let wanted = self.workspace.join(path);
        if wanted.components().any(|part| part == Component::ParentDir) {
            return Err(format!("`{path}`: write the path without `..`"));
        }
        let real = real_path(&wanted).map_err(|error| format!("`{path}`: {error}"))?;
        // A folder that is not there holds nothing.
        let is_ours = |folder: &Path| folder.canonicalize().is_ok_and(|folder| real.starts_with(folder));
        let is_report = real_path(&self.report_path).is_ok_and(|report| report == real);
        if is_report || is_ours(&self.scratch) {
            return Ok(());
        }
        let Some(inside) = self.within(&real) else {
            return Err(format!("`{path}` lies outside of the repository"));
        };
        let Some(room) = &self.room else { return Ok(()) };
        match room.place(&inside, &[]) {
            Place::Planned | Place::Beyond => Ok(()),
            Place::Outside => {
                Err(format!("`{path}` lies outside of what you may write now: {}", globs(room)))
            }
        }
    }

    /// Where a real path lies, seen from the top of the repository.
    fn within(&self, real: &Path) -> Option<RepoPath> {
        let top = self.workspace.canonicalize().ok()?;
        let inside = real.strip_prefix(&top).ok()?;
        RepoPath::parse(inside.as_os_str().as_bytes()).ok()
    }
}

/// What a room consists of, in words.
fn globs(room: &Room) -> String {
    let listed = |globs: Vec<&str>| if globs.is_empty() { "nothing".to_owned() } else { globs.join(", ") };
    let wall = listed(room.globs().collect());
    match room.strict_globs() {
        Some(plan) => format!("{}, within {wall}", listed(plan.collect())),
        None => wall,
    }
}

/// Where a path that need not be there yet would really lie.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    let mut missing = Vec::new();
    let mut at = path;
    loop {
        match at.canonicalize() {
            Ok(real) => return Ok(missing.iter().rev().fold(real, |real, name| real.join(name))),
            // A link to nowhere is there, and would be written through.
            Err(error) if error.kind() != io::ErrorKind::NotFound || fs::symlink_metadata(at).is_ok() => {
                return Err(error);
            }
            Err(error) => match (at.file_name(), at.parent()) {
                (Some(name), Some(parent)) => {
                    missing.push(name);
                    at = parent;
                }
                _ => return Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use orchestra_core::id::RoleId;
    use orchestra_core::plan::Role;
    use serde_json::json;

    use super::*;
    use crate::own::OwnTools;

    struct Desk {
        folder: tempfile::TempDir,
        permissions: Permissions,
    }

    fn desk(writes: &[&str]) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repo");
        fs::create_dir_all(repository.join("src/deep")).unwrap();
        fs::create_dir_all(folder.path().join("scratch")).unwrap();
        let mut request = TurnRequest::new(
            "",
            &repository,
            folder.path().join("scratch"),
            crate::environment::Environment::new(),
        );
        let role = Role {
            id: RoleId::parse("backend-engineer").unwrap(),
            alias: None,
            icon: None,
            writes: writes.iter().map(|glob| (*glob).to_owned()).collect(),
            agent: None,
            model: None,
            keywords: Vec::new(),
            prompt: String::new(),
        };
        request.room = Some(Room::of(&role, None).unwrap());
        request.own = Some(OwnTools::new(OwnTool::WORKING).0);
        Desk { permissions: Permissions::of(&request), folder }
    }

    impl Desk {
        fn repository(&self) -> PathBuf {
            self.folder.path().join("repo")
        }

        fn write(&self, path: &str) -> Result<(), String> {
            self.permissions.check("Write", &json!({ "file_path": path, "content": "x" }))
        }
    }

    #[test]
    fn a_file_may_be_written_inside_of_the_room_and_nowhere_else() {
        let desk = desk(&["src/**", "!src/gen/**"]);
        for path in ["src/a.rs", "src/deep/new/er/b.rs", "./src/a.rs"] {
            assert_eq!(desk.write(path), Ok(()), "{path}");
            let absolute = desk.repository().join(path);
            assert_eq!(desk.write(absolute.to_str().unwrap()), Ok(()), "{path}");
        }
        let twin = format!("{}-twin/src/a.rs", desk.repository().display());
        let others = [
            "docs/a.md",
            "src/gen/x.rs",
            "src",
            ".git/config",
            "CLAUDE.md",
            "src/../docs/a.md",
            "/etc/passwd",
        ];
        for path in others.into_iter().chain(["", "src/a\0b", &twin, desk.repository().to_str().unwrap()]) {
            assert!(desk.write(path).is_err(), "{path}");
        }
        let told = desk.write("docs/a.md").unwrap_err();
        assert!(told.ends_with("what you may write now: src/**, !src/gen/**"), "{told}");
    }

    #[test]
    fn a28_a_link_counts_for_where_it_leads() {
        let desk = desk(&["src/**"]);
        let repository = desk.repository();
        fs::create_dir(repository.join("docs")).unwrap();
        symlink("/etc", repository.join("src/out")).unwrap();
        symlink("../docs", repository.join("src/docs")).unwrap();
        symlink("deep", repository.join("src/near")).unwrap();
        symlink("../docs/not-there", repository.join("src/nowhere")).unwrap();
        symlink("round", repository.join("src/round")).unwrap();
        assert_eq!(desk.write("src/near/a.rs"), Ok(()));
        for path in ["src/out/passwd", "src/docs/a.md", "src/nowhere", "src/round", "src/round/x"] {
            assert!(desk.write(path).is_err(), "{path}");
        }
    }

    #[test]
    fn the_report_and_temporary_files_are_the_agents_own() {
        let mut desk = desk(&[]);
        let scratch = desk.folder.path().join("scratch");
        assert_eq!(desk.write(scratch.join("draft.md").to_str().unwrap()), Ok(()));
        desk.permissions.report_path = desk.folder.path().join("report.json");
        assert_eq!(desk.write(desk.folder.path().join("report.json").to_str().unwrap()), Ok(()));
        assert!(desk.write(desk.folder.path().join("other.json").to_str().unwrap()).is_err());
    }

    #[test]
    fn commands_and_own_tools_are_allowed_and_what_is_not_known_is_not() {
        let mut desk = desk(&["src/**"]);
        let check = |desk: &Desk, tool: &str| desk.permissions.check(tool, &json!({ "command": "make" }));
        assert_eq!(check(&desk, "Bash"), Ok(()));
        assert_eq!(check(&desk, "mcp__orchestra__report_result"), Ok(()));
        for tool in [
            "mcp__orchestra__ask_user",
            "mcp__other__report_result",
            "WebFetch",
            "AskUserQuestion",
            "Edit",
            "",
        ] {
            assert!(check(&desk, tool).is_err(), "{tool}");
        }
        desk.permissions.writes = false;
        assert!(check(&desk, "Bash").is_err());
        assert!(desk.write("src/a.rs").is_err());
        desk.permissions.offered = OwnTool::PLANNING.to_vec();
        assert_eq!(check(&desk, "AskUserQuestion").unwrap_err(), "ask with mcp__orchestra__ask_user");
    }
}
