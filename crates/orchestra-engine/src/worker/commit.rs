//! One commit of a work: prepared, swapped in, settled; and the push.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::Milestone;
use orchestra_core::repo::{CommitId, TreeId};
use orchestra_core::worker::{CommitOrder, Fact, Failure, FailureKind, Policy, Unprepared};
use orchestra_git::prepare::{self, Hooks, PrepareError, Prepared};
use orchestra_git::push::{self, PushError, PushOrder, PushOutcome};
use orchestra_git::settle::{self, SettleError, SettleOrder};
use orchestra_git::swap::{self, SwapError};
use orchestra_git::{changes, facts, review_diff, survey};
use orchestra_project::documents::Preview;
use orchestra_project::layout::{Layout, MAX_DOCUMENT};

use super::locks::Step;
use super::observe;
use super::place::{Place, held};
use crate::failure;

/// What settling a commit needs to know of it.
#[derive(Clone, Debug)]
pub(super) struct Unsettled {
    parent: CommitId,
    tree: TreeId,
    before_hooks: Option<TreeId>,
    paths: Vec<RepoPath>,
    attempt: u32,
    /// What there is to say of documents that it rewrites, and of what hooks left.
    notes: Vec<String>,
}

/// The largest file beside a milestone's documents, such as a picture, that goes with a commit, in bytes.
const MAX_ATTACHED: u64 = 32 * 1024 * 1024;

impl Place {
    /// Makes a commit object of what was verified, and syncs it and the files it was made of.
    pub(super) fn prepare(
        &self,
        milestone: &Milestone,
        order: &CommitOrder,
        policy: &Policy,
    ) -> Result<Fact, Failure> {
        let work = order.work.clone();
        let changed = |path: &RepoPath| {
            Ok(Fact::Unprepared { work: work.clone(), why: Unprepared::Changed { path: path.clone() } })
        };
        let rfc = RepoPath::parse(format!(".orchestra/milestones/{}/rfc.md", milestone.folder))
            .map_err(|error| failure::run("name a document", &error))?;
        if order.approved_rfc.is_some() && self.rfc_hash(&milestone.folder)? != order.approved_rfc {
            return changed(&rfc);
        }
        let is_private = self.is_private()?;
        let is_committed = |path: &RepoPath| !(is_private && path.is_beneath(b".orchestra"));
        let paths: Vec<RepoPath> =
            order.paths.iter().map(|(path, _)| path.clone()).filter(is_committed).collect();
        let note = self.keep_results(milestone, order)?;
        let documents = self.documents_of(milestone, order, &paths, is_private)?;
        let rewritten: Vec<(RepoPath, ContentHash)> =
            documents.iter().filter_map(|document| Some((document.path.clone(), document.held?))).collect();
        let timeout = policy.config.limits.hook_timeout;
        let git_order = prepare::CommitOrder {
            parent: order.parent.clone(),
            paths: paths.clone(),
            documents: documents.into_iter().map(|document| (document.path, document.bytes)).collect(),
            message: order.message.clone(),
            milestone: order.milestone.clone(),
            work: order.work.clone(),
            leave_out: order.leave_out.clone(),
            hooks: Hooks::Run { timeout },
        };
        let prepared = match prepare::prepare(&self.repo, &git_order) {
            Ok(prepared) => prepared,
            Err(error) => return unprepared(work, &error),
        };
        // What was read must be what was verified; only a hook may have changed it since.
        for (path, content) in &order.paths {
            let now = self.fingerprint(path)?;
            if now != *content
                && !prepared.left_by_hooks.contains(path)
                && !prepared.changed_by_hooks.contains(path)
            {
                return changed(path);
            }
        }
        if order.approved_rfc.is_some() && self.blob_hash(&prepared.commit, &rfc)? != order.approved_rfc {
            return changed(&rfc);
        }
        for path in &paths {
            sync(&self.layout.locate(path))?;
        }
        let Prepared { commit, tree, before_hooks, paths, changed_by_hooks, left_by_hooks, .. } = prepared;
        let before_hooks = (before_hooks != tree).then_some(before_hooks);
        let unsettled = Unsettled {
            parent: order.parent.clone(),
            tree,
            before_hooks: before_hooks.clone(),
            paths,
            attempt: order.attempt,
            notes: note.into_iter().chain(left_in_tree(&left_by_hooks)).collect(),
        };
        held(&self.unsettled).insert(commit.to_string(), unsettled);
        let subject = order.message.lines().next().unwrap_or_default().to_owned();
        Ok(Fact::Prepared { work, commit, subject, changed_by_hooks, before_hooks, documents: rewritten })
    }

    fn fingerprint(&self, path: &RepoPath) -> Result<Option<ContentHash>, Failure> {
        changes::fingerprint(&self.repo, path).map_err(|error| failure::run(format!("read {path}"), &error))
    }

    fn blob_hash(&self, commit: &CommitId, path: &RepoPath) -> Result<Option<ContentHash>, Failure> {
        let limit = usize::try_from(MAX_DOCUMENT).unwrap_or(usize::MAX);
        let blob = facts::blob_at(&self.repo, commit, path, limit)
            .map_err(|error| failure::run(format!("read {path}"), &error))?;
        Ok(blob.map(|bytes| ContentHash::of(&bytes)))
    }

    /// The documents that go with a commit, as they are or will be: those that it edits, and the milestone's own; all of
    /// them with the first commit and the close.
    fn documents_of(
        &self,
        milestone: &Milestone,
        order: &CommitOrder,
        paths: &[RepoPath],
        is_private: bool,
    ) -> Result<Vec<Preview>, Failure> {
        if is_private {
            return Ok(Vec::new());
        }
        let mut documents = self.preview(milestone, &order.edits)?;
        let beneath = |name: &str| Layout::beneath_milestone(&milestone.folder, name).ok();
        let mut others: Vec<RepoPath> =
            ["milestone.md", "context.md"].into_iter().filter_map(beneath).collect();
        if order.plan_too {
            let own = self.layout.milestone(&milestone.folder);
            let found =
                files_below(&own).map_err(|error| failure::run(format!("read {}", own.display()), &error))?;
            others = found.iter().filter_map(|name| beneath(name)).collect();
            // What an editor or a system leaves beside the documents, and what a person keeps to themselves.
            let ignored = facts::ignored(&self.repo, &others)
                .map_err(|error| failure::run("see what git ignores", &error))?;
            others.retain(|path| !ignored.contains(path));
        }
        others.retain(|path| !paths.contains(path) && !documents.iter().any(|known| known.path == *path));
        for path in others {
            let read = self.layout.read(&path, MAX_ATTACHED);
            let plain = read.map_err(|error| failure::run(format!("read {path}"), &error))?;
            documents.extend(plain.map(|plain| Preview {
                path,
                held: Some(ContentHash::of(&plain.bytes)),
                bytes: plain.bytes,
            }));
        }
        Ok(documents)
    }

    /// Moves the branch: the one moment of truth.
    pub(super) fn swap(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        branch: &str,
        commit: &CommitId,
        parent: &CommitId,
    ) -> Result<Fact, Failure> {
        self.nothing_under_way(milestone, Step::MoveBranch.words())?;
        let reflog = format!("orchestra: {work}");
        let swapped =
            self.touching(Step::MoveBranch, || Ok(swap::swap(&self.repo, branch, commit, parent, &reflog)))?;
        let work = work.clone();
        match swapped {
            Ok(()) => Ok(Fact::Swapped { work, commit: commit.clone() }),
            Err(SwapError::Moved { .. }) => Ok(Fact::NotSwapped { work, branch: Some(branch.to_owned()) }),
            Err(SwapError::OtherBranch { now }) => Ok(Fact::NotSwapped { work, branch: now }),
            Err(SwapError::Locked { path, held_for }) => Err(locked("move the branch", &path, held_for)),
            Err(error @ SwapError::Fault(_)) => Err(failure::run("move the branch", &error)),
        }
    }

    /// Brings index and disk in line with the commit, and reads it back.
    pub(super) fn settle(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        commit: &CommitId,
    ) -> Result<Vec<String>, Failure> {
        // Until it is settled, it may have to be settled again.
        let known = held(&self.unsettled).get(commit.as_str()).cloned();
        let unsettled = match known {
            Some(unsettled) => unsettled,
            None => self.facts_of(milestone, commit)?,
        };
        let Unsettled { parent, tree, before_hooks, paths, attempt, notes } = unsettled;
        let order = SettleOrder {
            commit: commit.clone(),
            parent,
            tree,
            milestone: milestone.clone(),
            work: work.clone(),
            paths,
            before_hooks,
            rescue: self.rescue(milestone, work, attempt, "staged"),
        };
        let step = Step::Settle.words();
        let settled = self.touching(Step::Settle, || Ok(settle::settle(&self.repo, &order)))?;
        match settled {
            Ok(settled) => {
                held(&self.unsettled).remove(commit.as_str());
                let mut notes = notes;
                if let Some((reference, paths)) = settled.kept {
                    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
                    notes.push(format!(
                        "what you had staged of {} is kept: `orchestra rescue show {reference}`",
                        names.join(", ")
                    ));
                }
                for path in settled.followed {
                    notes.push(format!("{path} was put in order by a hook, in the tree as in the commit"));
                }
                Ok(notes)
            }
            // Somebody amended it the moment it was there: the ledger finds it by its trailers.
            Err(SettleError::Gone { commit }) => {
                held(&self.unsettled).remove(commit.as_str());
                Ok(vec![format!(
                    "commit {} was replaced by somebody; it is found by its trailers",
                    commit.short()
                )])
            }
            Err(SettleError::Locked { path, held_for }) => {
                let mut failure = locked(step, &path, held_for);
                failure.hint.push_str(" Commit nothing before that: git's index is behind the branch.");
                Err(failure)
            }
            Err(error) => Err(failure::run(step, &error)),
        }
    }

    /// What a commit of an earlier run needs to be settled.
    fn facts_of(&self, milestone: &MilestoneId, commit: &CommitId) -> Result<Unsettled, Failure> {
        let fail = |error: &(dyn std::error::Error + 'static)| failure::run("read a commit", error);
        let facts = facts::find_commit(&self.repo, commit.as_str()).map_err(|error| fail(&error))?;
        let missing = || Failure {
            what: format!("read commit {}", commit.short()),
            why: "it is not there".to_owned(),
            hint: "`git fsck` tells more.".to_owned(),
            kind: FailureKind::Run,
        };
        let facts = facts.ok_or_else(missing)?;
        let parent = facts.parents.first().cloned().ok_or_else(missing)?;
        let stat = review_diff::show_stat(&self.repo, Some(&parent), commit).map_err(|error| fail(&error))?;
        let paths = stat.into_iter().map(|stat| stat.path).collect();
        let before_hooks = self.memory().recall(milestone).before_hooks.remove(commit);
        Ok(Unsettled { parent, tree: facts.tree, before_hooks, paths, attempt: 1, notes: Vec::new() })
    }

    /// Repairs index and documents from a commit that was made just before a crash.
    pub(super) fn recover(
        &self,
        milestone: &Milestone,
        work: &WorkId,
        commit: &CommitId,
    ) -> Result<(), Failure> {
        let Unsettled { paths, .. } = self.facts_of(&milestone.id, commit)?;
        self.settle(&milestone.id, work, commit)?;
        let own = format!(".orchestra/milestones/{}", milestone.folder);
        for path in paths.into_iter().filter(|path| path.is_beneath(own.as_bytes())) {
            let limit = usize::try_from(MAX_DOCUMENT).unwrap_or(usize::MAX);
            let blob = facts::blob_at(&self.repo, commit, &path, limit)
                .map_err(|error| failure::run(format!("read {path}"), &error))?;
            if let Some(text) = blob.and_then(|bytes| String::from_utf8(bytes).ok()) {
                self.bring_document(&path, &text)?;
            }
        }
        Ok(())
    }

    /// What a push would publish.
    pub(super) fn survey(
        &self,
        milestone: &MilestoneId,
        branch: Option<&str>,
        policy: &Policy,
    ) -> Result<Fact, Failure> {
        let fail =
            |error: &(dyn std::error::Error + 'static)| failure::run("see what a push would publish", error);
        let head = orchestra_git::standing::head(&self.repo).map_err(|error| fail(&error))?;
        let configured = observe::push_branch(policy, milestone);
        let branch = branch.or(configured.as_deref());
        let remote = policy.config.push.remote.as_deref();
        let survey =
            survey::survey(&self.repo, remote, branch, &head.commit).map_err(|error| fail(&error))?;
        Ok(Fact::Surveyed { survey })
    }

    /// Pushes a commit by its id, exactly to what was shown.
    pub(super) fn push(
        &self,
        commit: CommitId,
        remote: String,
        url: String,
        branch: String,
        timeout: Duration,
    ) -> Result<Fact, Failure> {
        let order = PushOrder { remote, url: Some(url), commit: commit.clone(), branch, timeout };
        let pushed = self.touching(Step::Push, || Ok(push::push(&self.repo, &order)))?;
        match pushed {
            Ok(PushOutcome::Accepted) => Ok(Fact::Pushed { commit }),
            Ok(PushOutcome::Rejected { words } | PushOutcome::Unreachable { words }) => {
                Ok(Fact::NotPushed { words })
            }
            Err(error @ PushError::Fault(_)) => Err(failure::run("push", &error)),
            Err(error) => Ok(Fact::NotPushed { words: failure::chain(&error) }),
        }
    }
}

/// What hooks changed without committing it.
fn left_in_tree(paths: &[RepoPath]) -> Option<String> {
    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
    (!names.is_empty())
        .then(|| format!("a hook left in the tree, and not in the commit: {}", names.join(", ")))
}

/// A lock that somebody else holds.
fn locked(what: &str, path: &Path, held_for: Duration) -> Failure {
    Failure {
        what: what.to_owned(),
        why: format!(
            "{} has been there for {} s, and it is not Orchestra's",
            path.display(),
            held_for.as_secs()
        ),
        hint: format!(
            "If no git command is running any more, remove it (`rm {}`), then retry: nothing was lost.",
            path.display()
        ),
        kind: FailureKind::Locked,
    }
}

fn unprepared(work: WorkId, error: &PrepareError) -> Result<Fact, Failure> {
    let unusable = |message: String, hint: &str| Unprepared::Unusable { message, hint: hint.to_owned() };
    let why = match error {
        PrepareError::HookFailed { hook, output, .. } => {
            Unprepared::Hook { hook: (*hook).to_owned(), output: output.clone() }
        }
        PrepareError::HookTimedOut { hook, output, .. } => {
            Unprepared::Hook { hook: (*hook).to_owned(), output: format!("{output}\n{error}") }
        }
        PrepareError::Unfit { .. } => {
            Unprepared::Hook { hook: "check of what can be committed".to_owned(), output: error.to_string() }
        }
        PrepareError::NoIdentity => unusable(
            error.to_string(),
            "Say who you are: `git config user.name \"…\"` and `git config user.email \"…\"`, then start again.",
        ),
        PrepareError::SigningFailed { output } => unusable(
            format!("{error}: {}", output.trim()),
            "Unlock your key (for example by signing something yourself), then start again; nothing is ever \
             committed unsigned instead.",
        ),
        PrepareError::FilterMissing { .. } => {
            unusable(error.to_string(), "Install it (for Git LFS: `git lfs install`), then start again.")
        }
        PrepareError::FilterFailed { output } => {
            unusable(format!("{error}: {}", output.trim()), "Mend it, then start again.")
        }
        PrepareError::Fault(_) => return Err(failure::run("make the commit", error)),
    };
    Ok(Fact::Unprepared { work, why })
}

/// Syncs a file of the work tree, so that no crash takes back what the commit says is there.
pub(super) fn sync(path: &Path) -> Result<(), Failure> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits().cast_signed())
        .open(path);
    let synced = match opened {
        Ok(file) if file.metadata().is_ok_and(|metadata| metadata.is_file()) => file.sync_all(),
        // A link, or a file that the work removed: its folder's entry is all there is.
        Ok(_) | Err(_) => return Ok(()),
    };
    synced.map_err(|error| failure::run(format!("sync {}", path.display()), &error))
}

/// Plain files below a folder, relative to it; temporary ones of ours left out.
fn files_below(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(relative) = folders.pop() {
        for entry in std::fs::read_dir(folder.join(&relative))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !orchestra_project::atomic::is_temp(&entry.file_name()) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
