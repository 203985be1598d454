//! A throw-away project.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::milestone::Milestone;

/// A repository on branch `main` with one commit, pushed to a bare remote, set up with a scripted agent.
///
/// Roles: architect, backend (`src/**`, `tests/**`), frontend (`web/**`), reviewer. Verified by `sh check.sh`, which is
/// green unless a file below `src` or `web` contains the word `BUG`.
pub struct TestProject {
    temp: TempDir,
    program: PathBuf,
    name: &'static str,
}

/// What the fake check of every project does.
const CHECK: &str = "if grep -rqs BUG src web; then echo 'found a BUG'; exit 1; fi\necho checked\n";

const CONFIG: &str = "version: 1\nverify: [\"sh check.sh\"]\nagents:\n  default: scripted\n  \
                      scripted: { kind: scripted, script: .orchestra/script.yaml }\n";

impl TestProject {
    /// Makes a project in which `program` is run.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self::new_in(&std::env::temp_dir(), program)
    }

    /// Makes a project of this name.
    pub fn named(name: &'static str, program: impl Into<PathBuf>) -> Self {
        Self::make(&std::env::temp_dir(), name, program)
    }

    /// Makes a project somewhere else than where temporary files are: on a disk of its own.
    pub fn new_in(folder: &Path, program: impl Into<PathBuf>) -> Self {
        Self::make(folder, "project", program)
    }

    fn make(folder: &Path, name: &'static str, program: impl Into<PathBuf>) -> Self {
        let temp = tempfile::Builder::new().prefix("orchestra-test-").tempdir_in(folder).unwrap();
        let project = Self { temp, program: program.into(), name };
        fs::create_dir_all(project.home()).unwrap();
        fs::create_dir_all(project.root()).unwrap();
        let remote = project.remote();
        let root = project.root();
        project
            .git_at(&project.top(), &["init", "--quiet", "--bare", "--initial-branch=main", text(&remote)]);
        project.git_at(&root, &["init", "--quiet", "--initial-branch=main"]);
        for (key, value) in [("user.name", "A Person"), ("user.email", "person@example.com")] {
            project.git(&["config", key, value]);
        }
        project.git(&["remote", "add", "origin", text(&remote)]);
        project.write("README.md", "# A project\n");
        project.write("src/lib.txt", "one\n");
        project.write("web/page.txt", "page\n");
        project.write("check.sh", CHECK);
        project.set_up();
        project.commit_all("chore: begin");
        project.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
        project
    }

    fn set_up(&self) {
        self.write(".orchestra/config.yaml", CONFIG);
        self.write(".orchestra/.gitignore", ".state/\n");
        self.write(".orchestra/agents/worker.md", "Do not commit.\n");
        let architect = "[\".orchestra/milestones/*/rfc.md\", \".orchestra/milestones/*/architecture.md\"]";
        for (id, alias, icon, writes) in [
            ("architect", "architect", "📐", architect),
            ("backend-engineer", "backend", "🔧", "[\"src/**\", \"tests/**\"]"),
            ("frontend-engineer", "frontend", "🎨", "[\"web/**\"]"),
            ("code-reviewer", "reviewer", "🔍", "[]"),
        ] {
            let text = format!(
                "---\nid: {id}\nalias: {alias}\nicon: {icon}\nwrites: {writes}\n---\nYou are {id}.\n"
            );
            self.write(&format!(".orchestra/roles/{id}.md"), &text);
        }
        self.script("version: 1\nturns: []\n");
    }

    /// Sets the scripted agent's script. It is part of what the first commit of the next call holds.
    pub fn script(&self, yaml: &str) {
        self.write(".orchestra/script.yaml", yaml);
    }

    /// Adds a milestone, not committed.
    pub fn add(&self, milestone: &Milestone) {
        for (path, text) in milestone.files() {
            self.write(&format!(".orchestra/milestones/{}/{path}", milestone.id()), &text);
        }
    }

    /// Leaves its folder where it is, and returns it.
    pub fn keep(self) -> PathBuf {
        self.temp.keep()
    }

    /// The folder of everything.
    pub fn top(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    /// The work tree.
    pub fn root(&self) -> PathBuf {
        self.top().join(self.name)
    }

    /// The bare remote.
    pub fn remote(&self) -> PathBuf {
        self.top().join("remote.git")
    }

    /// The home that the program sees.
    pub fn home(&self) -> PathBuf {
        self.top().join("home")
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A path in the work tree.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file of the work tree, with its folders.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads a file of the work tree.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Whether a path is there.
    pub fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Writes a hook of the repository.
    pub fn hook(&self, name: &str, script: &str) {
        let path = format!(".git/hooks/{name}");
        self.write(&path, &format!("#!/bin/sh\n{script}"));
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs git in the work tree and returns what it printed.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_at(&self.root(), args)
    }

    /// Runs git somewhere else.
    pub fn git_at(&self, at: &Path, args: &[&str]) -> String {
        let output = self.git_command(at).args(args).output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "git {}: {stdout}{stderr}", args.join(" "));
        stdout.into_owned()
    }

    /// A git command that sees nothing of the machine's configuration.
    pub fn git_command(&self, at: &Path) -> Command {
        let mut command = Command::new("git");
        command.current_dir(at).env_clear().envs(self.environment());
        command
    }

    /// The whole environment of everything that is run.
    pub fn environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        let home = self.home();
        vec![
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("HOME", home.clone().into()),
            ("XDG_CONFIG_HOME", home.join("config").into()),
            ("XDG_DATA_HOME", home.join("data").into()),
            ("GIT_CONFIG_GLOBAL", home.join("gitconfig").into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "dumb".into()),
            ("TMPDIR", self.top().into()),
        ]
    }

    /// Commits everything in the work tree.
    pub fn commit_all(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// The subjects of the branch's commits, oldest first.
    pub fn subjects(&self) -> Vec<String> {
        self.git(&["log", "--reverse", "--format=%s"]).lines().map(str::to_owned).collect()
    }

    /// What `git status` says, a line each.
    pub fn status(&self) -> Vec<String> {
        self.git(&["status", "--porcelain"]).lines().map(str::to_owned).collect()
    }
}

fn text(path: &Path) -> &str {
    OsStr::to_str(path.as_os_str()).unwrap()
}
