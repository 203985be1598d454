//! Turns that write: the right to, what was there before, what the turn changed.
//!
//! A role that may write does so between the worker's phases only, under the lock of the tree, of which the agent's guard
//! holds a copy. What was there before is saved; what changed outside of the role's room is asked about, and nothing is
//! committed before the person wants it.

use std::time::{Duration, Instant};

use orchestra_core::config::Config;
use orchestra_core::conversation::{AskId, Fact, Left};
use orchestra_core::document::plain::visible;
use orchestra_core::id::TurnId;
use orchestra_core::ownership::{self, Room};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::{PhaseStatus, Plan, REVIEWER};
use orchestra_core::repo::{Change, CommitId};
use orchestra_core::words;
use orchestra_core::worker::Failure;
use orchestra_git::changes::{self, BaselineError};
use orchestra_git::fold::{self, Fold, FoldError};
use orchestra_git::repo::Repo;
use orchestra_git::snapshot::{self, Snapshot};
use orchestra_git::{own_commits, put_back, review_diff, standing, survey};
use orchestra_project::layout::MAX_DOCUMENT;
use orchestra_project::lock::{self, HeldBy, TreeLock, TreeLockError};

use super::{Place, held};
use crate::worker::HOLDER as WORKER;
use crate::{failure, frozen};

/// How much of the commits a reviewer is shown, in bytes.
const DIFF: usize = 256 * 1024;

/// Why nobody else writes while the worker holds the tree.
const AT_A_PHASE: &str = "the worker is at a phase";
/// How long a guard is given to end what a killed turn left, as at a worker's start.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// The right of one turn to write.
#[derive(Debug)]
pub(super) struct Writing {
    /// Nobody else changes the tree meanwhile.
    pub(super) lock: TreeLock,
    /// The role's room as it was when the turn began: an agent cannot widen its own.
    pub(super) room: Room,
}

impl Place {
    /// Whether a turn may write: the right to, or why it only reads. Nothing is said where the role never writes.
    pub(super) fn may_write(
        &self,
        plan: &Plan,
        config: &Config,
        turn: TurnId,
    ) -> Result<Result<Writing, Option<String>>, Failure> {
        let Some(role) = plan.find_role(&self.role).filter(|_| !self.proposes) else { return Ok(Err(None)) };
        let room =
            Room::of(role, None).map_err(|error| failure::run("read what the role may write", &error))?;
        if room.is_closed() {
            return Ok(Err(None));
        }
        let only_reads = |why: &str| Ok(Err(Some(format!("{why}: this turn only reads"))));
        let Some(repo) = &self.repo else { return only_reads("there is no git repository here") };
        let lock = match self.take_tree() {
            Ok(lock) => lock,
            Err(why) => return only_reads(&why),
        };
        if let Some((milestone, phase)) = begun(plan) {
            return only_reads(&format!(
                "{phase} of {milestone} was begun and is not done (`orchestra start` goes on with it)"
            ));
        }
        let standing = standing::standing(repo);
        let standing = standing.map_err(|error| failure::run("look at the repository", &error))?;
        if let Err(obstacle) = standing {
            return only_reads(obstacle.what.trim_end_matches('.'));
        }
        let kept = snapshot::snapshot(repo, &self.saved(turn, "before"), config.limits.snapshot)
            .map_err(|error| failure::run("save what is not committed", &error))?;
        match kept {
            Snapshot::Saved { .. } => Ok(Ok(Writing { lock, room })),
            Snapshot::TooLarge { bytes, .. } => only_reads(&format!(
                "{} are not committed, more than `limits.snapshot` lets me save first",
                words::size(bytes)
            )),
        }
    }

    /// Takes the lock of the tree, or says who has it.
    pub(super) fn take_tree(&self) -> Result<TreeLock, String> {
        let lock = TreeLock::try_acquire(&self.layout, &format!("{} in a conversation", self.role)).map_err(
            |error| match error {
                TreeLockError::Held { by } if by == WORKER => AT_A_PHASE.to_owned(),
                TreeLockError::Held { by } => format!("{by} is at work in this folder"),
                error => failure::chain(&error),
            },
        )?;
        // A guard that ends what a dead worker left has that worker's lock alone.
        match lock::peek(&self.layout) {
            Ok(Some(other)) if other.by != HeldBy::Worker => {
                Err("what an earlier worker left is still being ended, or another machine works here"
                    .to_owned())
            }
            Ok(_) => Ok(lock),
            Err(error) => Err(failure::chain(&error)),
        }
    }

    /// The same after a kill: a guard may still be ending what the turn left.
    fn take_tree_from_a_guard(&self) -> Result<TreeLock, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.take_tree() {
                Err(why) if why == AT_A_PHASE || Instant::now() >= until => return Err(why),
                Err(_) => std::thread::sleep(PAUSE),
                Ok(lock) => return Ok(lock),
            }
        }
    }

    /// The name under which something of a turn is saved.
    pub(super) fn saved(&self, turn: TurnId, label: &str) -> String {
        format!("refs/orchestra/rescue/{}/turn-{}/{label}", held(&self.file).id(), turn.0)
    }

    /// Finds out what a turn has changed, and lets go of the tree.
    pub(super) fn look_at(&self, turn: TurnId) -> Fact {
        let writing = held(&self.writing).take().filter(|(of, _)| *of == turn).map(|(_, writing)| writing);
        match self.left_by(turn, writing.as_ref()) {
            Ok(left) => Fact::LookedAt { turn, left: Ok(left) },
            Err(failure) => {
                // It is looked at again, under the same lock.
                *held(&self.writing) = writing.map(|writing| (turn, writing));
                let why = format!("could not {}: {}. {}", failure.what, failure.why, failure.hint);
                Fact::LookedAt { turn, left: Err(why) }
            }
        }
    }

    fn left_by(&self, turn: TurnId, writing: Option<&Writing>) -> Result<Left, Failure> {
        const WHAT: &str = "look at what was changed";
        let fail = |error: &(dyn std::error::Error + 'static)| failure::run(WHAT, error);
        let Some(repo) = &self.repo else { return Ok(Left::default()) };
        let reference = self.saved(turn, "before");
        // Without a snapshot the turn could not write.
        let Some(head) = changes::baseline_head(repo, &reference).map_err(|error| fail(&error))? else {
            return Ok(Left::default());
        };
        let refused = |why: String| Failure {
            what: WHAT.to_owned(),
            why,
            hint: "Nothing was lost.".to_owned(),
            kind: orchestra_core::worker::FailureKind::Run,
        };
        let now = self.programs()?;
        if let Some(new) = now.iter().find(|one| !self.programs.contains(one)) {
            // To look might run it.
            let text = visible(&new.text);
            return Err(refused(format!("git's configuration names what you have not agreed to: {text}")));
        }
        let taken = writing.is_none().then(|| self.take_tree_from_a_guard()).transpose();
        let _taken = taken.map_err(refused)?;
        if let Some(obstacle) = standing::under_way(repo).map_err(|error| fail(&error))? {
            return Err(refused(format!("{} First: {}", obstacle.what, obstacle.hint)));
        }
        let mut left = Left::default();
        left.remarks.extend(self.fold(repo, turn, &head)?);
        let mut found = match changes::changes(repo, &reference) {
            Ok(found) => found,
            Err(BaselineError::Missing { .. }) => return Ok(left),
            Err(error) => return Err(fail(&error)),
        };
        self.follow_journal().map_err(|error| fail(&error))?;
        found.retain(|change| !self.is_ours(change));
        frozen::mark(repo, &self.layout, &reference, &mut found)?;
        let room = match writing {
            Some(writing) => writing.room.clone(),
            None => self.room_after_a_kill(&found)?,
        };
        let all: Vec<&RepoPath> = found.iter().map(|change| &change.path).collect();
        for change in &found {
            let is_outside =
                change.unfit.is_some() || room.place(&change.path, &all) == ownership::Place::Outside;
            if is_outside {
                left.outside.push(change.path.clone());
                continue;
            }
            if change.dirty_before {
                left.remarks.push(format!(
                    "{} was not committed before, either: `orchestra rescue show {reference}` has it as it was",
                    change.path
                ));
            }
            left.inside.push(change.path.clone());
        }
        Ok(left)
    }

    /// The agent's own commits are taken off the branch: what they changed stays in the tree.
    fn fold(&self, repo: &Repo, turn: TurnId, since: &CommitId) -> Result<Option<String>, Failure> {
        let what = "take the agent's own commits back";
        let own = own_commits::own_commits(repo, since).map_err(|error| failure::run(what, &error))?;
        if own.is_empty() {
            return Ok(None);
        }
        match fold::fold(repo, since, &self.saved(turn, "own-commits")) {
            Ok(Fold::Nothing) => Ok(None),
            Ok(Fold::Folded { reference, .. }) => Ok(Some(format!(
                "the agent committed by itself; that was taken off the branch: `orchestra rescue show {reference}`"
            ))),
            Err(FoldError::Mixed { .. }) => {
                Ok(Some("the agent committed among commits of yours: look at `git log`".to_owned()))
            }
            Err(error) => Err(failure::run(what, &error)),
        }
    }

    /// Whether a change is Orchestra's own writing, or the worker's state.
    fn is_ours(&self, change: &Change) -> bool {
        let path = &change.path;
        let is_as_written = || {
            matches!(self.layout.read(path, MAX_DOCUMENT), Ok(Some(plain))
                if held(&self.journal).memory.is_ours(path, ContentHash::of(&plain.bytes)))
        };
        path.is_beneath(b".orchestra/.state") || (path.is_beneath(b".orchestra") && is_as_written())
    }

    /// The role's room where the program was killed meanwhile: closed, where the turn may have widened it.
    fn room_after_a_kill(&self, found: &[Change]) -> Result<Room, Failure> {
        if found.iter().any(|change| change.path.is_beneath(b".orchestra/roles")) {
            return Ok(Room::closed());
        }
        let plan = self.loaded()?.plan;
        let room = plan.find_role(&self.role).map(|role| Room::of(role, None)).transpose();
        Ok(room.map_err(|error| failure::run("read what the role may write", &error))?.unwrap_or_default())
    }

    /// Puts paths back to what they were before a turn.
    pub(super) fn put_back(&self, ask: AskId, turn: TurnId, paths: &[RepoPath]) -> Fact {
        Fact::PutBack { ask, done: self.put_back_now(turn, paths) }
    }

    fn put_back_now(&self, turn: TurnId, paths: &[RepoPath]) -> Result<String, String> {
        let Some(repo) = &self.repo else { return Err("there is no git repository here".to_owned()) };
        let _lock = self.take_tree()?;
        let rescue = self.saved(turn, "out-of-room");
        let done = put_back::put_back(repo, &self.saved(turn, "before"), paths, &rescue)
            .map_err(|error| failure::chain(&error))?;
        if let Some((path, why)) = done.left.first() {
            return Err(format!("{path} could not be put back: {why}"));
        }
        let reference = done.reference.unwrap_or(rescue);
        Ok(format!("put back: what was there is kept, `orchestra rescue show {reference}`"))
    }

    /// What a reviewer is to read, where it has not been shown it as it is now.
    pub(super) fn commits_to_review(
        &self,
        config: &Config,
        is_first: bool,
    ) -> Result<Option<String>, Failure> {
        let Some(repo) = self.repo.as_ref().filter(|_| self.role.as_str() == REVIEWER) else {
            return Ok(None);
        };
        let fail =
            |error: &(dyn std::error::Error + 'static)| failure::run("read the commits to review", error);
        // A repository without a commit has nothing to review.
        let Ok(head) = standing::head(repo) else { return Ok(None) };
        let mut reviewed = held(&self.reviewed);
        if !is_first && reviewed.as_ref() == Some(&head.commit) {
            return Ok(None);
        }
        let push = &config.push;
        let branch = push.branch.as_deref().filter(|branch| !branch.contains('{'));
        let survey = survey::survey(repo, push.remote.as_deref(), branch, &head.commit)
            .map_err(|error| fail(&error))?;
        let commits: Vec<CommitId> = survey.commits.iter().map(|commit| commit.id.clone()).collect();
        let text = review_diff::review_diff(repo, &commits, DIFF).map_err(|error| fail(&error))?;
        *reviewed = Some(head.commit);
        Ok(Some(text))
    }
}

/// A phase that was begun and is not done: what is in the tree is its.
fn begun(plan: &Plan) -> Option<(String, String)> {
    plan.milestones.iter().find_map(|milestone| {
        let phase = milestone.phases.iter().find(|phase| phase.status == PhaseStatus::InProgress)?;
        Some((milestone.id.to_string(), phase.id.to_string()))
    })
}
