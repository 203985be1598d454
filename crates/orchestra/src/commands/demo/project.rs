//! The demo's project: a small shop in Rust, a bare repository beside it, a milestone and a script for the agent.
//!
//! Everything but the agent's words is real: the files it writes, `cargo test`, the commits, the review, the push to a
//! bare repository beside the project.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use include_dir::{Dir, DirEntry, include_dir};
use orchestra_core::config::AgentConfig;
use orchestra_core::id::AgentName;
use orchestra_project::detect;
use orchestra_project::scaffold::{self, FoundAgent, Options};

use crate::failure::Failure;

static SHOP: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/shop-api");
static DEMO: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../examples/demo");

/// Where the demo's script lies in the throw-away project.
const SCRIPT: &str = ".orchestra/demo/script.yaml";

/// A throw-away project, set up and committed, with a bare repository beside it.
pub(crate) struct Project {
    /// The work tree.
    pub(crate) root: PathBuf,
    /// The folder for what a person would have at home: trust, above all.
    pub(crate) data: PathBuf,
}

/// What was made whole has this file in its data folder: it is the last one written.
const MADE: &str = "demo";

impl Project {
    fn below(folder: &Path) -> Self {
        Self { root: folder.join("shop-api"), data: folder.join("home") }
    }

    /// The milestone's design, once there is one.
    pub(crate) fn design(&self) -> PathBuf {
        self.root.join(".orchestra/milestones/M1-coupon-codes/rfc.md")
    }
}

/// Finds a project that was made below `folder` earlier.
pub(crate) fn find(folder: &Path) -> Option<Project> {
    let project = Project::below(folder);
    project.data.join(MADE).is_file().then_some(project)
}

/// Makes the project below `folder`, which must be empty or not there yet.
pub(crate) fn make(folder: &Path, git: &Path) -> Result<Project, Failure> {
    if folder.exists() && fs::read_dir(folder).map_err(|error| unmade(folder, error))?.next().is_some() {
        let what = format!("`{}` is not empty", folder.display());
        return Err(Failure::usage_with(what, "name a new folder with --dir"));
    }
    let project = Project::below(folder);
    let root = project.root.clone();
    let remote = folder.join("remote.git");
    fs::create_dir_all(&root).map_err(|error| unmade(&root, error))?;
    copy(&SHOP, &root)?;
    let git = Git { program: git, folder };
    git.run(folder, &["init", "--quiet", "--bare", "--initial-branch=main", path_text(&remote)?])?;
    git.run(&root, &["init", "--quiet", "--initial-branch=main"])?;
    git.run(&root, &["config", "user.name", "Orchestra demo"])?;
    git.run(&root, &["config", "user.email", "demo@example.com"])?;
    // Whatever the person has set up for their own work stays out of it.
    git.run(&root, &["config", "commit.gpgsign", "false"])?;
    git.run(&root, &["config", "push.gpgsign", "false"])?;
    git.run(&root, &["config", "core.hooksPath", ".git/hooks"])?;
    git.run(&root, &["remote", "add", "origin", path_text(&remote)?])?;
    git.commit_all(&root, "feat: a small shop")?;

    let agent = FoundAgent {
        name: AgentName::parse("demo").expect("it is a word"),
        config: AgentConfig::Scripted { script: SCRIPT.to_owned() },
    };
    let detection = detect::detect(&root)?;
    let plan = scaffold::plan(&root, &detection, &[agent], &Options::default())?;
    scaffold::write(&root, &plan)?;
    let script = DEMO.get_file("script.yaml").expect("it is delivered with the program");
    write(&root.join(SCRIPT), script.contents())?;
    git.commit_all(&root, "chore: set up orchestra")?;
    git.run(&root, &["push", "--quiet", "--set-upstream", "origin", "main"])?;

    let milestone = DEMO.get_dir("M1-coupon-codes").expect("it is delivered with the program");
    let milestones = root.join(".orchestra/milestones/M1-coupon-codes");
    copy_below(milestone, milestone.path(), &milestones)?;
    write(&project.data.join(MADE), b"A project of `orchestra demo`.\n")?;
    Ok(project)
}

/// The last lines of `git log --oneline`.
pub(crate) fn log(project: &Project, git: &Path) -> Result<String, Failure> {
    let git = Git { program: git, folder: &project.data };
    git.run(&project.root, &["log", "--oneline", "--no-decorate"])
}

struct Git<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl Git<'_> {
    /// Runs git for the throw-away project, without anything of the person's own configuration.
    fn run(&self, at: &Path, args: &[&str]) -> Result<String, Failure> {
        let none = self.folder.join("no-such-configuration");
        let failed = |words| Failure::DemoGit { command: args.join(" "), words };
        let output = Command::new(self.program)
            .args(args)
            .current_dir(at)
            .env("GIT_CONFIG_GLOBAL", &none)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn commit_all(&self, at: &Path, message: &str) -> Result<(), Failure> {
        self.run(at, &["add", "--all"])?;
        self.run(at, &["commit", "--quiet", "--message", message])?;
        Ok(())
    }
}

fn path_text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| {
        let what = format!("`{}` is not UTF-8", path.display());
        Failure::usage_with(what, "name another folder with --dir")
    })
}

fn copy(dir: &Dir<'_>, to: &Path) -> Result<(), Failure> {
    copy_below(dir, dir.path(), to)
}

fn copy_below(dir: &Dir<'_>, base: &Path, to: &Path) -> Result<(), Failure> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(below) => {
                let is_built = below.path().file_name() == Some(&OsString::from("target"));
                if !is_built {
                    copy_below(below, base, to)?;
                }
            }
            DirEntry::File(file) => {
                let relative =
                    file.path().strip_prefix(base).expect("it lies below the folder that is copied");
                write(&to.join(relative), file.contents())?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| unmade(folder, error))?;
    }
    fs::write(path, bytes).map_err(|error| unmade(path, error))
}

fn unmade(path: &Path, source: std::io::Error) -> Failure {
    Failure::Folder { path: path.to_owned(), source }
}
