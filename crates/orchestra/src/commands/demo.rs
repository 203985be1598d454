//! `orchestra demo`: the whole flow on a throw-away project, with the scripted agent.
//!
//! Everything but the agent's words is real: the files it writes, `cargo test`, the commits, the review, the push to a
//! bare repository beside the project.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use include_dir::{Dir, DirEntry, include_dir};
use orchestra_core::config::AgentConfig;
use orchestra_core::id::AgentName;
use orchestra_project::detect;
use orchestra_project::scaffold::{self, FoundAgent, Options};

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

/// Makes the project below `folder`, which must be empty or not there yet.
pub(crate) fn make(folder: &Path, git: &Path) -> anyhow::Result<Project> {
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        bail!("{} is not empty: give `--dir` a new folder", folder.display());
    }
    let root = folder.join("shop-api");
    let remote = folder.join("remote.git");
    fs::create_dir_all(&root).with_context(|| format!("could not make {}", root.display()))?;
    copy(&SHOP, &root)?;
    let git = Git { program: git, folder };
    git.run(folder, &["init", "--quiet", "--bare", "--initial-branch=main", path_text(&remote)?])?;
    git.run(&root, &["init", "--quiet", "--initial-branch=main"])?;
    git.run(&root, &["config", "user.name", "Orchestra demo"])?;
    git.run(&root, &["config", "user.email", "demo@example.com"])?;
    git.run(&root, &["config", "commit.gpgsign", "false"])?;
    git.run(&root, &["remote", "add", "origin", path_text(&remote)?])?;
    git.commit_all(&root, "feat: a small shop")?;

    let agent = FoundAgent {
        name: AgentName::parse("demo").context("`demo` is an agent's name")?,
        config: AgentConfig::Scripted { script: SCRIPT.to_owned() },
    };
    let detection = detect::detect(&root)?;
    let plan = scaffold::plan(&root, &detection, &[agent], &Options::default())?;
    scaffold::write(&root, &plan)?;
    let script = DEMO.get_file("script.yaml").context("the demo has a script")?;
    write(&root.join(SCRIPT), script.contents())?;
    git.commit_all(&root, "chore: set up orchestra")?;
    git.run(&root, &["push", "--quiet", "--set-upstream", "origin", "main"])?;

    let milestone = DEMO.get_dir("M1-coupon-codes").context("the demo has a milestone")?;
    let milestones = root.join(".orchestra/milestones/M1-coupon-codes");
    copy_below(milestone, milestone.path(), &milestones)?;
    Ok(Project { root, data: folder.join("home") })
}

/// The last lines of `git log --oneline`.
pub(crate) fn log(project: &Project, git: &Path) -> anyhow::Result<String> {
    let git = Git { program: git, folder: &project.data };
    git.run(&project.root, &["log", "--oneline", "--no-decorate"])
}

struct Git<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl Git<'_> {
    /// Runs git for the throw-away project, without anything of the person's own configuration.
    fn run(&self, at: &Path, args: &[&str]) -> anyhow::Result<String> {
        let none = self.folder.join("no-such-configuration");
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
            .with_context(|| format!("could not run {}", self.program.display()))?;
        if !output.status.success() {
            bail!("`git {}` failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn commit_all(&self, at: &Path, message: &str) -> anyhow::Result<()> {
        self.run(at, &["add", "--all"])?;
        self.run(at, &["commit", "--quiet", "--message", message])?;
        Ok(())
    }
}

fn path_text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

fn copy(dir: &Dir<'_>, to: &Path) -> anyhow::Result<()> {
    copy_below(dir, dir.path(), to)
}

fn copy_below(dir: &Dir<'_>, base: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in dir.entries() {
        match entry {
            DirEntry::Dir(below) => {
                let is_built = below.path().file_name() == Some(&OsString::from("target"));
                if !is_built {
                    copy_below(below, base, to)?;
                }
            }
            DirEntry::File(file) => {
                let relative = file.path().strip_prefix(base)?;
                write(&to.join(relative), file.contents())?;
            }
        }
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("could not write {}", path.display()))
}
