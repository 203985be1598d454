//! The hooks before a commit, on the private index, below the guard.
//!
//! They run in the person's work tree where that is exactly what is committed. Where it holds more, they run in a
//! checkout of the new tree instead: pre-commit frameworks put aside what they do not know, and may lose it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{Oid, Repository};
use orchestra_core::path::RepoPath;

use super::private::Private;
use super::{CommitOrder, PrepareError};
use crate::checkout::prefix;
use crate::facts;
use crate::fault::{At as _, Fault};
use crate::guard::{Ending, Purpose};
use crate::program::{Call, Output};
use crate::repo::Filters;
use crate::scan::{self, InTree, Scan};
use crate::tree::os_path;

/// The longest message that a hook may leave, in bytes.
const MESSAGE: u64 = 1024 * 1024;

/// What the hooks left behind.
pub(super) struct After {
    pub(super) tree: Oid,
    pub(super) message: String,
    /// Paths of the work tree that they changed without adding them.
    pub(super) left: Vec<RepoPath>,
    /// Links of ours to ignored folders, which a hook may have added.
    pub(super) linked: BTreeSet<RepoPath>,
}

impl After {
    /// Nothing ran.
    pub(super) fn none(tree: Oid, message: String) -> Self {
        Self { tree, message, left: Vec::new(), linked: BTreeSet::new() }
    }
}

/// Runs `pre-commit`, `prepare-commit-msg` and `commit-msg`.
pub(super) fn run(
    private: &Private<'_>,
    library: &Repository,
    order: &CommitOrder,
    timeout: Duration,
    message: &str,
) -> Result<After, PrepareError> {
    let place = Place::choose(private)?;
    let runner = Runner { private, place: &place, timeout };
    runner.pre_commit(order)?;
    let file = private.folder.join("COMMIT_EDITMSG");
    fs::write(&file, message).at("write", &file)?;
    let path = file.to_string_lossy();
    runner.must_pass("prepare-commit-msg", &[&path, "message"])?;
    runner.must_pass("commit-msg", &[&path])?;
    let message = read_message(&file)?;
    let tree = private.write_tree(library)?;
    let left = if place.is_scratch { Vec::new() } else { runner.changed()? };
    Ok(After { tree, message, left, linked: place.linked })
}

fn read_message(file: &Path) -> Result<String, PrepareError> {
    let mut bytes = Vec::new();
    File::open(file).and_then(|open| open.take(MESSAGE).read_to_end(&mut bytes)).at("read", file)?;
    let message = String::from_utf8_lossy(&bytes).into_owned();
    if message.trim().is_empty() {
        let output = "it left the commit message empty".to_owned();
        return Err(PrepareError::HookFailed { hook: "commit-msg", output, changed: Vec::new() });
    }
    Ok(message)
}

/// Where hooks run.
struct Place {
    work_tree: PathBuf,
    is_scratch: bool,
    linked: BTreeSet<RepoPath>,
}

impl Place {
    fn choose(private: &Private<'_>) -> Result<Self, PrepareError> {
        private.take_over_times()?;
        let scan = scan::look(private.repo, private.config, &private.view(None))?;
        if scan.paths.values().all(|scanned| scanned.tree == InTree::AsStaged) {
            let work_tree = private.repo.root().to_owned();
            return Ok(Self { work_tree, is_scratch: false, linked: BTreeSet::new() });
        }
        let work_tree = private.folder.join("tree");
        fs::create_dir(&work_tree).at("make", &work_tree)?;
        check_out_all(private, &work_tree)?;
        let linked = link_ignored(private, &scan, &work_tree)?;
        Ok(Self { work_tree, is_scratch: true, linked })
    }
}

/// Has git check the whole new tree out, and learn the time stamps of the files.
fn check_out_all(private: &Private<'_>, folder: &Path) -> Result<(), Fault> {
    let args = ["checkout-index".into(), "-a".into(), "-f".into(), prefix(folder)];
    let check_out = Call::new(private.repo, args).index(&private.index).objects(private.objects.as_deref());
    let refresh = private.call(&["update-index", "-q", "--refresh"]).work_tree(folder);
    let names = private.config.filter_names();
    if private.repo.options().filters == Filters::Trusted && !names.is_empty() {
        check_out.guarded_read(Purpose::Filter)?;
        refresh.guarded_read(Purpose::Filter)?;
    } else {
        check_out.without_filters(private.config).read()?;
        // Code 1: some file is not as the index says, which `git status` tells better.
        refresh.without_filters(private.config).read_codes(&[0, 1])?;
    }
    Ok(())
}

/// Links the folders that git ignores as a whole (`node_modules`, `.venv`, `target`) into the checkout, so that hooks
/// find their tools. Orchestra's own is none of their business.
fn link_ignored(
    private: &Private<'_>,
    scan: &Scan,
    folder: &Path,
) -> Result<BTreeSet<RepoPath>, PrepareError> {
    let mut linked = BTreeSet::new();
    for path in &scan.ignored_folders {
        let (from, to) = (private.repo.root().join(os_path(path)), folder.join(os_path(path)));
        let has_parent = to.parent().is_some_and(|parent| parent.is_dir() && !parent.is_symlink());
        if path.is_beneath(b".orchestra") || !has_parent || to.symlink_metadata().is_ok() {
            continue;
        }
        symlink(&from, &to).at("link", &to)?;
        linked.insert(path.clone());
    }
    Ok(linked)
}

struct Runner<'a> {
    private: &'a Private<'a>,
    place: &'a Place,
    timeout: Duration,
}

impl Runner<'_> {
    /// Runs `pre-commit`. One that fails but has put files of the commit in order (a formatter) is run once more with
    /// these, as a person would.
    fn pre_commit(&self, order: &CommitOrder) -> Result<(), PrepareError> {
        let Err(failed) = self.must_pass("pre-commit", &[]) else { return Ok(()) };
        if !matches!(failed, PrepareError::HookFailed { .. }) {
            return Err(failed);
        }
        let changed = self.changed()?;
        let of_order = |path: &&RepoPath| {
            order.paths.contains(path) || order.documents.iter().any(|(document, _)| document == *path)
        };
        let in_order: Vec<&RepoPath> = changed.iter().filter(of_order).collect();
        if in_order.is_empty() || in_order.len() < changed.len() {
            return Err(self.with_changed(failed, changed));
        }
        let (present, absent): (Vec<_>, Vec<_>) = in_order
            .into_iter()
            .partition(|path| self.place.work_tree.join(os_path(path)).symlink_metadata().is_ok());
        self.private.remove(&absent)?;
        self.private.update(&present, Some(&self.place.work_tree))?;
        self.must_pass("pre-commit", &[]).map_err(|failed| self.with_changed(failed, changed))
    }

    fn with_changed(&self, error: PrepareError, files: Vec<RepoPath>) -> PrepareError {
        match error {
            PrepareError::HookFailed { hook, output, .. } => {
                let changed = if self.place.is_scratch { Vec::new() } else { files };
                PrepareError::HookFailed { hook, output, changed }
            }
            other => other,
        }
    }

    fn must_pass(&self, hook: &'static str, args: &[&str]) -> Result<(), PrepareError> {
        let output = self.run(hook, args)?;
        match output.ending {
            Ending::Exited(0) => Ok(()),
            Ending::TimedOut => {
                Err(PrepareError::HookTimedOut { hook, after: self.timeout, output: output.words() })
            }
            Ending::Exited(_) | Ending::Signalled(_) => {
                Err(PrepareError::HookFailed { hook, output: output.words(), changed: Vec::new() })
            }
        }
    }

    fn run(&self, hook: &str, args: &[&str]) -> Result<Output, PrepareError> {
        let all = [&["hook", "run", "--ignore-missing", hook, "--"], args].concat();
        let private = self.private;
        let folder = facts::hooks_folder(private.repo, private.config);
        let call = Call::as_person(private.repo, all)
            // In full: a relative one would be looked for in the checkout, which lacks what is not committed.
            .setting("core.hooksPath", &folder.to_string_lossy())
            .index(&private.index)
            .objects(private.objects.as_deref())
            .work_tree(&self.place.work_tree);
        Ok(call.guarded(Purpose::Hook, Some(self.timeout))?)
    }

    /// Paths of the hooks' work tree that are not as the index has them.
    fn changed(&self) -> Result<Vec<RepoPath>, Fault> {
        let private = self.private;
        let work_tree = self.place.is_scratch.then_some(self.place.work_tree.as_path());
        private.take_over_times()?;
        let scan = scan::look(private.repo, private.config, &private.view(work_tree))?;
        let changed = scan
            .paths
            .into_iter()
            .filter(|(path, scanned)| scanned.tree != InTree::AsStaged && !self.place.linked.contains(path));
        Ok(changed.map(|(path, _)| path).collect())
    }
}
