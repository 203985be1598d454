//! What is in the tree: saved before a turn, compared after it, put back where it does not belong.

use std::collections::BTreeSet;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::Milestone;
use orchestra_core::record::Record;
use orchestra_core::repo::{Change, CommitId, Obstacle};
use orchestra_core::worker::{Fact, Failure, FailureKind, Inspection, Restaged};
use orchestra_git::changes::{self, BaselineError};
use orchestra_git::fold::{Fold, FoldError};
use orchestra_git::history::lost_works;
use orchestra_git::snapshot::Snapshot;
use orchestra_git::{
    facts, fold, own_commits, put_back, restaged, review_diff, save, snapshot, standing, status,
};
use orchestra_project::file::FileError;
use orchestra_project::layout::{Layout, MAX_DOCUMENT};

use super::locks::Step;
use super::place::Place;
use crate::{failure, frozen};

/// What came of putting changes back.
pub(super) struct Restored {
    /// What keeps them as they were found.
    pub(super) reference: String,
    /// Paths that are as they were found.
    pub(super) left: Vec<RepoPath>,
    /// What there is to say of it, a line each.
    pub(super) remarks: Vec<String>,
}

/// What an inspection is about.
pub(super) struct Looked<'a> {
    pub(super) milestone: &'a MilestoneId,
    pub(super) folder: &'a str,
    pub(super) work: &'a WorkId,
    pub(super) attempt: u32,
    pub(super) baseline: u32,
    pub(super) since: u32,
    pub(super) base: &'a CommitId,
    pub(super) turn_base: &'a CommitId,
}

impl Place {
    /// Saves every dirty path before a turn.
    pub(super) fn snapshot(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        attempt: u32,
        limit: Option<u64>,
    ) -> Result<Fact, Failure> {
        self.set_strange_snapshots_aside(milestone)?;
        let reference = self.rescue(milestone, work, attempt, "before");
        let kept = snapshot::snapshot(&self.repo, &reference, limit.unwrap_or(u64::MAX))
            .map_err(|error| failure::run("save what is not committed", &error))?;
        let work = work.clone();
        Ok(match kept {
            Snapshot::Saved { dirty, .. } => {
                let is_document = |path: &RepoPath| path.is_beneath(b".orchestra");
                Fact::Snapshotted {
                    work,
                    dirty: dirty.into_iter().filter(|path| !is_document(path)).collect(),
                }
            }
            Snapshot::TooLarge { bytes, .. } => Fact::TooLarge { work, bytes },
        })
    }

    /// Saves what is in the tree, where a turn goes on.
    pub(super) fn save_found(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        attempt: u32,
    ) -> Result<(), Failure> {
        let dirty =
            status::status(&self.repo).map_err(|error| failure::run("see what is changed", &error))?;
        let paths: Vec<RepoPath> = dirty.into_iter().map(|dirty| dirty.path).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let reference = self.rescue(milestone, work, attempt, "found");
        save::save(&self.repo, &reference, &paths)
            .map_err(|error| failure::run("save what is not committed", &error))?;
        Ok(())
    }

    /// Folds the agent's own commits, then compares the tree with the snapshot.
    pub(super) fn inspect(&self, looked: &Looked<'_>) -> Result<Inspection, Failure> {
        let fail =
            |error: &(dyn std::error::Error + 'static)| failure::run("look at what was changed", error);
        self.nothing_under_way(looked.milestone, "look at what was changed")?;
        let (folded, tangled) = self.fold(looked)?;
        let head = standing::head(&self.repo).map_err(|error| fail(&error))?;
        let reference = self.rescue(looked.milestone, looked.work, looked.baseline, "before");
        let found = match changes::changes(&self.repo, &reference) {
            Ok(found) => found,
            // Without a snapshot only the milestone's own documents can be told from the person's changes.
            Err(BaselineError::Missing { .. }) => self.documents_changed(looked.folder)?,
            Err(error) => return Err(fail(&error)),
        };
        let then = changes::baseline_head(&self.repo, &reference).map_err(|error| fail(&error))?;
        let overtaken = match then.filter(|then| *then != head.commit) {
            Some(then) => review_diff::show_stat(&self.repo, Some(&then), &head.commit)
                .map_err(|error| fail(&error))?
                .into_iter()
                .map(|stat| stat.path)
                .collect(),
            None => Vec::new(),
        };
        let descends =
            facts::descends(&self.repo, looked.base, &head.commit).map_err(|error| fail(&error))?;
        let lost =
            lost_works(&self.repo, looked.turn_base, looked.milestone).map_err(|error| fail(&error))?;
        self.follow_others()?;
        let mut changes: Vec<Change> =
            found.into_iter().filter(|change| !self.is_ours(change, looked.folder)).collect();
        frozen::mark(&self.repo, &self.layout, &reference, &mut changes)?;
        let as_begun = self.as_begun(looked, &changes)?;
        let rfc_document = self.rfc_hash(looked.folder)?;
        let restaged = if tangled { None } else { self.restaged(looked, &changes)? };
        Ok(Inspection {
            head,
            descends,
            lost,
            changes,
            as_begun,
            overtaken,
            rfc_document,
            folded,
            tangled,
            restaged,
        })
    }

    /// A merge or the like that somebody began is theirs to end: nothing is looked at, put back or committed meanwhile.
    pub(super) fn nothing_under_way(&self, milestone: &MilestoneId, what: &str) -> Result<(), Failure> {
        let obstacle = standing::under_way(&self.repo)
            .map_err(|error| failure::run("look at the repository", &error))?;
        let Some(Obstacle { what: why, hint }) = obstacle else { return Ok(()) };
        let branch = self.memory().recall(milestone).picked.map(|picked| picked.branch);
        let hint = match branch {
            Some(branch) if hint.starts_with("git switch") => format!("git switch {branch}"),
            Some(_) | None => hint,
        };
        Err(Failure {
            what: what.to_owned(),
            why: why.trim_end_matches('.').to_owned(),
            hint: format!("First: {hint}. Then retry: nothing was lost."),
            kind: FailureKind::Locked,
        })
    }

    /// What else than its own changes a turn has staged or unstaged, as far as that can be told.
    fn restaged(&self, looked: &Looked<'_>, changes: &[Change]) -> Result<Option<Restaged>, Failure> {
        let of_attempt = self.rescue(looked.milestone, looked.work, looked.attempt, "before");
        let of_work = self.rescue(looked.milestone, looked.work, looked.baseline, "before");
        for baseline in [of_attempt, of_work] {
            match restaged::restaged(&self.repo, &baseline) {
                Ok(restaged::Restaged { mut paths, source }) => {
                    let is_changed = |path: &RepoPath| changes.iter().any(|change| change.path == *path);
                    paths.retain(|path| !is_changed(path) && !path.is_beneath(b".orchestra/milestones"));
                    return Ok((!paths.is_empty()).then_some(Restaged { paths, source }));
                }
                Err(BaselineError::Missing { .. }) => {}
                Err(error) => return Err(failure::run("see what is staged", &error)),
            }
        }
        Ok(None)
    }

    /// Of the changes, those that are as they were when this series of tries began.
    fn as_begun(&self, looked: &Looked<'_>, changes: &[Change]) -> Result<Vec<RepoPath>, Failure> {
        if looked.since == looked.baseline || changes.is_empty() {
            return Ok(Vec::new());
        }
        let begun = self.rescue(looked.milestone, looked.work, looked.since, "before");
        let since = match changes::changes(&self.repo, &begun) {
            Ok(since) => since,
            // Without that snapshot everything is as if it had come since.
            Err(BaselineError::Missing { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(failure::run("look at what was changed", &error)),
        };
        let since: BTreeSet<RepoPath> = since.into_iter().map(|change| change.path).collect();
        let paths = changes.iter().map(|change| change.path.clone());
        Ok(paths.filter(|path| !since.contains(path)).collect())
    }

    fn fold(&self, looked: &Looked<'_>) -> Result<(Option<String>, bool), Failure> {
        let step = Step::Fold.words();
        let own = own_commits::own_commits(&self.repo, looked.turn_base)
            .map_err(|error| failure::run(step, &error))?;
        if own.is_empty() {
            return Ok((None, false));
        }
        let reference = self.rescue(looked.milestone, looked.work, looked.attempt, "own-commits");
        self.touching(Step::Fold, || match fold::fold(&self.repo, looked.turn_base, &reference) {
            Ok(Fold::Nothing) => Ok((None, false)),
            Ok(Fold::Folded { reference, .. }) => Ok((Some(reference), false)),
            Err(FoldError::Mixed { .. }) => Ok((None, true)),
            Err(error) => Err(failure::run(step, &error)),
        })
    }

    fn documents_changed(&self, folder: &str) -> Result<Vec<Change>, Failure> {
        let own = format!(".orchestra/milestones/{folder}");
        let dirty =
            status::status(&self.repo).map_err(|error| failure::run("see what is changed", &error))?;
        let mut changes = Vec::new();
        for dirty in dirty.into_iter().filter(|dirty| dirty.path.is_beneath(own.as_bytes())) {
            let content = changes::fingerprint(&self.repo, &dirty.path)
                .map_err(|error| failure::run("look at what was changed", &error))?;
            changes.push(Change {
                kind: orchestra_core::repo::ChangeKind::Modified,
                dirty_before: false,
                unfit: dirty.unfit,
                content,
                path: dirty.path,
            });
        }
        Ok(changes)
    }

    /// Whether a change is none of the turn's: Orchestra's own writing, another milestone's, or the worker's state.
    fn is_ours(&self, change: &Change, folder: &str) -> bool {
        let path = &change.path;
        let own = format!(".orchestra/milestones/{folder}");
        let is_elsewhere = path.is_beneath(b".orchestra/milestones") && !path.is_beneath(own.as_bytes());
        let is_state = path.is_beneath(b".orchestra/.state");
        let is_as_written = || {
            path.is_beneath(b".orchestra")
                && matches!(self.layout.read(path, MAX_DOCUMENT), Ok(Some(plain))
                    if self.memory().is_ours(path, ContentHash::of(&plain.bytes)))
        };
        is_elsewhere || is_state || is_as_written()
    }

    /// The hash of the design as it is on disk.
    pub(super) fn rfc_hash(&self, folder: &str) -> Result<Option<ContentHash>, Failure> {
        let Ok(path) = Layout::beneath_milestone(folder, "rfc.md") else { return Ok(None) };
        match self.layout.read(&path, MAX_DOCUMENT) {
            Ok(plain) => Ok(plain.map(|plain| ContentHash::of(&plain.bytes))),
            // What is no document is no design.
            Err(FileError::Link { .. } | FileError::NotAFile { .. } | FileError::TooLarge { .. }) => Ok(None),
            Err(error) => Err(failure::run(format!("read {path}"), &error)),
        }
    }

    /// Saves paths and puts them back: documents, and what the person said is theirs, as they were before the attempt,
    /// everything else as before the work.
    pub(super) fn put_back(
        &self,
        milestone: &Milestone,
        work: &WorkId,
        (attempt, baseline): (u32, u32),
        label: &str,
        (paths, mine): (Vec<RepoPath>, &[RepoPath]),
    ) -> Result<Restored, Failure> {
        let fail = |error: &(dyn std::error::Error + 'static)| failure::run("put changes back", error);
        let rescue = self.rescue(&milestone.id, work, attempt, label);
        let before = self.rescue(&milestone.id, work, baseline, "before");
        let newer = self.rescue(&milestone.id, work, attempt, "before");
        let has_newer = changes::baseline_head(&self.repo, &newer).map_err(|error| fail(&error))?.is_some();
        let (of_attempt, of_work): (Vec<RepoPath>, Vec<RepoPath>) =
            paths.into_iter().partition(|path| path.is_beneath(b".orchestra") || mine.contains(path));
        let parts = if has_newer && newer != before {
            vec![(of_work, &before), (of_attempt, &newer)]
        } else {
            vec![([of_work, of_attempt].concat(), &before)]
        };
        let (mut reference, mut left, mut remarks) = (None, Vec::new(), Vec::new());
        for (paths, from) in parts.into_iter().filter(|(paths, _)| !paths.is_empty()) {
            let done = self.touching(Step::PutBack, || {
                put_back::put_back(&self.repo, from, &paths, &rescue).map_err(|error| fail(&error))
            })?;
            match (&reference, done.reference) {
                (None, first) => reference = first,
                (Some(first), Some(other)) if *first != other => {
                    let names: Vec<String> = done.restored.iter().map(ToString::to_string).collect();
                    let names = names.join(", ");
                    remarks.push(format!("put back, too: {names} (`orchestra rescue show {other}`)"));
                    self.record(Record::Rescued { reference: other, paths: done.restored })?;
                }
                (Some(_), _) => {}
            }
            for (path, why) in done.left {
                remarks.push(format!("could not put back {path}: {why}"));
                left.push(path);
            }
        }
        Ok(Restored { reference: reference.unwrap_or(rescue), left, remarks })
    }
}
