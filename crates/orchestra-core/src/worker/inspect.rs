//! The tree after a turn: whose changes are these, and what follows.

use std::sync::Arc;

use super::effect::{Effect, Tell};
use super::event::{Inspection, Restaged};
use super::question::{Question, list};
use super::state::{After, GivingUp, Pending, Progress, Work};
use super::{Machine, Note};
use crate::document::frozen;
use crate::id::WorkId;
use crate::ownership::{Place, Room, is_lock_file};
use crate::path::RepoPath;
use crate::record::Record;
use crate::repo::{Change, ChangeKind};

/// How often somebody may move the branch during a work before that is asked about.
const OVERTAKEN_LIMIT: u32 = 3;

/// How often a work is verified again because verification itself changes files.
const REVERIFIED_LIMIT: u32 = 3;

impl Machine {
    /// Orders a look at the tree. Without a snapshot nothing in it can be told from a person's work, and nothing is
    /// touched: what follows is decided anew.
    pub(super) fn inspect(&mut self, mut work: Work, after: After) {
        if !self.has_snapshot(&work) {
            return match after {
                After::GivingUp(_) => self.gave_up(work, after),
                After::Turn | After::CutShort | After::Verify | After::Approval | After::Failure => {
                    self.look();
                }
            };
        }
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        self.act(Effect::Inspect {
            milestone,
            work: work.id.clone(),
            attempt: work.attempt,
            baseline: work.baseline,
            since: work.since,
            turn_base: work.turn_base.clone(),
        });
        work.progress = Progress::Inspecting(after);
        self.state.keep(work);
    }

    /// Tells whether there is something to compare the tree with. A turn begins after its snapshot; a close has none, and
    /// neither has a work whose changes were put back, until it begins anew.
    pub(super) fn has_snapshot(&self, work: &Work) -> bool {
        work.id == WorkId::Base || self.state.recalled().had_turn_since(&work.id, work.baseline)
    }

    pub(super) fn inspected(&mut self, mut work: Work, found: Inspection) {
        let Progress::Inspecting(after) = work.progress else {
            self.state.keep(work);
            return self.late("a look at the tree");
        };
        if let Some(reference) = found.folded.clone() {
            self.note(Note::Folded { reference: reference.clone() });
            work.concerns
                .push(format!("the agent made commits of its own; they were folded into one ({reference})"));
        }
        if let (After::Turn | After::CutShort, Some(restaged)) = (after, &found.restaged) {
            self.name_restaged(&mut work, restaged);
        }
        for path in std::mem::take(&mut work.claimed) {
            let content = found.changes.iter().find(|change| change.path == path);
            work.mine.extend(content.map(|change| (path, change.content)));
        }
        if let Some((trouble, hint)) = self.moved(&work, &found, after) {
            if after == After::GivingUp(GivingUp::Parking) {
                // What is there cannot be compared: nothing is touched, what the turn left is saved, and the tree is
                // looked at before any document is believed again.
                self.save_found(&work);
                self.state.seen.head = Some(found.head);
                let reason = work.failures.last().cloned().unwrap_or_default();
                return self.parked_unseen(work.id, reason);
            }
            return self.ask_history(work, after, trouble, hint);
        }
        self.state.seen.head = Some(found.head.clone());
        if let After::GivingUp(_) = after {
            return self.give_up(work, found.changes, &found.as_begun, after);
        }
        let room = match Self::room_of(&work) {
            Ok(room) => room,
            Err(reason) => return self.failed(work, reason),
        };
        let kept: Vec<RepoPath> = found
            .changes
            .iter()
            .filter(|change| change.kind != ChangeKind::Added)
            .map(|change| change.path.clone())
            .collect();
        for change in found.changes.iter().filter(|change| change.unfit == Some(frozen::CHANGED)) {
            // It may well lie in the role's room.
            self.note(Note::Remark { text: format!("{}: {}: {}", work.id, change.path, frozen::CHANGED) });
        }
        let (inside, outside) = sort(&work, &room, found.changes, &found.as_begun, after);
        if after == After::Verify && outside.iter().any(|path| kept.contains(path)) {
            // Commands ran beside something that is put back now: what is left is verified once more.
            work.verified.clear();
        }
        if let Some(milestone) = self.state.active().map(|active| active.id.clone()) {
            let milestones = &mut self.state.seen.plan.milestones;
            if let Some(seen) = milestones.iter_mut().find(|seen| seen.id == milestone)
                && seen.rfc_document != found.rfc_document
            {
                Arc::make_mut(seen).rfc_document = found.rfc_document;
            }
        }
        work.inside = inside;
        if outside.is_empty() {
            return self.accept(work, after);
        }
        self.ask_whose(work, outside, after);
    }

    /// Whoever staged it: nothing is taken back, so that nobody's choice is.
    fn name_restaged(&mut self, work: &mut Work, Restaged { paths, source }: &Restaged) {
        let text = format!(
            "staged or unstaged since the turn began, and left so: {}; as it was: \
             `git restore --staged --source={source} -- PATH`",
            list(paths)
        );
        self.note(Note::Remark { text: format!("{}: {text}", work.id) });
        work.concerns.push(text);
    }

    /// Everything that the work changed is put back. What was changed before it, too, may be the person's doing.
    fn give_up(&mut self, mut work: Work, mut changes: Vec<Change>, as_begun: &[RepoPath], after: After) {
        changes.retain(|change| !work.is_mine(change));
        if work.who.is_some()
            && let Ok(room) = Self::room_of(&work)
        {
            // What an agent wrote outside was put back before the question; what lies there was written while that, or an
            // earlier one, waited.
            let (inside, outside) = partition(&room, changes, after);
            let is_persons = |change: &Change| work.settled || as_begun.contains(&change.path);
            changes = inside;
            changes.extend(outside.into_iter().filter(|change| !is_persons(change)));
        }
        let (doubtful, clear): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| change.dirty_before);
        let paths = |changes: &[Change]| changes.iter().map(|change| change.path.clone()).collect::<Vec<_>>();
        let (doubtful, to_go) = (paths(&doubtful), paths(&clear));
        work.inside = clear;
        if !doubtful.is_empty() {
            self.ask_whose(work, doubtful, after);
        } else if to_go.is_empty() {
            self.gave_up(work, after);
        } else {
            self.order_put_back(work, to_go, after);
        }
    }

    fn ask_whose(&mut self, mut work: Work, paths: Vec<RepoPath>, after: After) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let id = work.id.clone();
        work.progress = Progress::Asking(Pending::MayBeYours { paths: paths.clone(), after });
        self.state.keep(work);
        self.ask(Question::MayBeYours { milestone, work: id, paths });
    }

    /// What moved below the work and needs a person: the branch, the history, a file that both changed.
    fn moved(&self, work: &Work, found: &Inspection, after: After) -> Option<(String, String)> {
        let active = self.state.active()?;
        if found.head.branch != active.branch {
            let (begun, now) = (&active.branch, &found.head.branch);
            let trouble = format!("{} was begun on branch {begun}, and {now} is checked out.", active.id);
            return Some((trouble, format!("Switch back (`git switch {begun}`), then retry.")));
        }
        if !found.descends {
            let base = active.cursor.base.short();
            let trouble =
                format!("The commit on which {} was begun ({base}) is no longer below the tip.", active.id);
            let hint = format!("Bring {base} back below the branch's tip, then retry.");
            return Some((trouble, hint));
        }
        // A person who takes commits back while nothing runs is asked about each phase at the next start.
        let is_during_work =
            matches!(after, After::Turn | After::Verify | After::GivingUp(GivingUp::Parking));
        if is_during_work && !found.lost.is_empty() {
            let lost: Vec<String> = found.lost.iter().map(ToString::to_string).collect();
            let trouble =
                format!("Commits that were there when {} began are gone: {}.", work.id, lost.join(", "));
            let hint =
                format!("Bring them back (`git reset --keep {}`), then retry.", work.turn_base.short());
            return Some((trouble, hint));
        }
        if matches!(after, After::GivingUp(_) | After::Failure) {
            return None;
        }
        if found.tangled {
            let trouble =
                format!("The agent of {} made commits of its own, and others came on top.", work.id);
            let hint = "Take those by agent@orchestra.invalid out (`git rebase -i`), then retry.".to_owned();
            return Some((trouble, hint));
        }
        let is_overtaken = |change: &&Change| found.overtaken.contains(&change.path) && !work.is_mine(change);
        let both = found.changes.iter().find(is_overtaken)?;
        let trouble = format!("{} was changed by {} and by a commit made meanwhile.", both.path, work.id);
        Some((trouble, "Bring the two together in the file, commit it, then retry.".to_owned()))
    }

    pub(super) fn ask_history(&mut self, mut work: Work, after: After, trouble: String, hint: String) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        work.progress = Progress::Asking(Pending::History(after));
        // Commands may have run in another branch's tree.
        work.verified_on = None;
        self.state.keep(work);
        self.ask(Question::History { milestone, trouble, hint, claimed: None });
    }

    /// Orders changes to be saved and put back.
    pub(super) fn order_put_back(&mut self, mut work: Work, paths: Vec<RepoPath>, after: After) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let label = match after {
            After::Turn | After::CutShort | After::Verify | After::Approval | After::Failure => "out-of-room",
            After::GivingUp(GivingUp::Parking) => "parked",
            After::GivingUp(GivingUp::Skipping) => "skipped",
        };
        // A document that is put back may be in the plan as it was.
        self.state.stale |= paths.iter().any(|path| path.is_beneath(b".orchestra"));
        self.act(Effect::PutBack {
            milestone,
            work: work.id.clone(),
            attempt: work.attempt,
            baseline: work.baseline,
            label,
            mine: paths.iter().filter(|path| work.mine.contains_key(path)).cloned().collect(),
            paths: paths.clone(),
        });
        if !matches!(after, After::GivingUp(_)) {
            work.tell = vec![Tell::OutOfRoom(paths)];
        }
        work.progress = Progress::PuttingBack(after);
        self.state.keep(work);
    }

    /// Changes were saved and put back.
    pub(super) fn put_back(&mut self, mut work: Work, reference: &str, left: &[RepoPath]) {
        let Progress::PuttingBack(after) = work.progress else {
            self.state.keep(work);
            return self.late("something put back");
        };
        if let After::GivingUp(_) = after {
            self.note(Note::PutBack { paths: Vec::new(), reference: reference.to_owned() });
            return self.gave_up(work, after);
        }
        let paths = match work.tell.pop() {
            Some(Tell::OutOfRoom(paths)) => paths,
            other => {
                work.tell.extend(other);
                Vec::new()
            }
        };
        let names = |paths: &[RepoPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let (left, back): (Vec<_>, Vec<_>) = paths.iter().cloned().partition(|path| left.contains(path));
        if !back.is_empty() {
            self.record(Record::Rescued { reference: reference.to_owned(), paths: back.clone() });
            let named = names(&back);
            self.note(Note::PutBack { paths: back, reference: reference.to_owned() });
            work.concerns.push(format!(
                "changed outside the room and put back: {named} (`orchestra rescue show {reference}`)"
            ));
        }
        if !left.is_empty() {
            let concern = format!("changed outside the room and still there: {}", names(&left));
            if !work.concerns.contains(&concern) {
                work.concerns.push(concern);
            }
        }
        let may_be_told = matches!(work.id, WorkId::Phase(_) | WorkId::Fix { .. } | WorkId::Rfc);
        if after == After::Turn && may_be_told && !work.told && self.may_repair(&work) {
            work.told = true;
            let reason = format!("it changed {} outside its room", names(&paths));
            return self.repair(work, Tell::OutOfRoom(paths), reason);
        }
        self.accept(work, after);
    }

    /// Every change left is in the room.
    fn accept(&mut self, mut work: Work, after: After) {
        if matches!(after, After::Turn | After::CutShort | After::Failure)
            && let Some(milestone) = self.state.active().map(|active| active.id.clone())
        {
            self.record(Record::Inspected { milestone, work: work.id.clone() });
        }
        if matches!(after, After::Turn | After::Verify) && self.has_untold(&work.id) {
            return self.go_on_unheard(work);
        }
        match (after, &work.id) {
            (After::CutShort, _) => self.look(),
            (After::GivingUp(_), _) => self.gave_up(work, after),
            (After::Failure, _) => {
                work.settled = true;
                let reason = work.failures.last().cloned().unwrap_or_default();
                self.failed(work, reason);
            }
            (After::Approval, _) => self.commit_approved(work),
            (After::Verify, WorkId::Base) => self.base_verified(work),
            (After::Verify, _) => self.verified_and_inspected(work),
            (After::Turn, WorkId::Rfc) => self.rfc_written(work),
            (After::Turn, WorkId::Review(_)) => self.reviewed(work),
            (After::Turn, WorkId::Diagnosis(of)) => {
                let of = of.as_ref().clone();
                self.diagnosed(&of, work.report.summary);
            }
            (After::Turn, WorkId::Phase(_) | WorkId::Fix { .. }) => self.built(work),
            (After::Turn, WorkId::Base | WorkId::Close(_)) => self.advance(),
        }
    }

    /// A phase without a change is not done, unless its document says that it may be empty.
    fn built(&mut self, work: Work) {
        if !self.is_empty_handed(&work) {
            return self.verify(work);
        }
        if work.tell_was_nothing_changed() {
            return self.fail(work, "it changed nothing, twice".to_owned());
        }
        self.repair(work, Tell::NothingChanged, "it changed nothing".to_owned());
    }

    fn is_empty_handed(&self, work: &Work) -> bool {
        let may_be_empty = self.phase_of(&work.id).is_some_and(|phase| phase.may_be_empty);
        work.inside.is_empty() && !may_be_empty
    }

    /// Verification is green: what it changed itself joins the commit, what it took back is not in it, and either is
    /// verified once more, lock files apart. What is committed is never less than what was verified. Where somebody
    /// committed meanwhile, what will be committed is not what was verified.
    fn verified_and_inspected(&mut self, mut work: Work) {
        if work.verified_on.as_ref() != self.state.seen.head.as_ref().map(|head| &head.commit) {
            work.reverified = 0;
            return self.overtaken(work, After::Turn);
        }
        let is_left = |path: &RepoPath| work.inside.iter().any(|change| change.path == *path);
        let paths = work.verified.iter().map(|change| &change.path);
        let gone: Vec<RepoPath> =
            paths.filter(|path| !is_left(path) && !is_lock_file(path)).cloned().collect();
        if !gone.is_empty() {
            let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
            let text = format!("changes were gone after verification: {}", names.join(", "));
            self.note(Note::Remark { text: format!("{}: {text}", work.id) });
            work.concerns.push(text);
        }
        if self.is_empty_handed(&work) {
            return self.built(work);
        }
        let is_new = |change: &&Change| !work.verified.contains(change) && !is_lock_file(&change.path);
        let is_same = work.inside.iter().find(is_new).is_none();
        if gone.is_empty() && (is_same || work.reverified > 0) {
            return self.prepare(work);
        }
        if work.reverified == REVERIFIED_LIMIT {
            return self.fail(work, "its verification takes changes back whenever it runs".to_owned());
        }
        work.reverified += 1;
        self.verify(work);
    }
}

impl Work {
    /// Whether the person said of exactly this that it is theirs.
    fn is_mine(&self, change: &Change) -> bool {
        self.mine.get(&change.path) == Some(&change.content)
    }

    fn tell_was_nothing_changed(&self) -> bool {
        self.tell.contains(&Tell::NothingChanged)
    }
}

/// Sorts changes into what will be committed and what lies outside, without what is the person's: what they said is
/// theirs, and what lies outside as it did when this series of tries began, for nothing of the work's was left there.
fn sort(
    work: &Work,
    room: &Room,
    changes: Vec<Change>,
    as_begun: &[RepoPath],
    after: After,
) -> (Vec<Change>, Vec<RepoPath>) {
    let changes: Vec<Change> = changes.into_iter().filter(|change| !work.is_mine(change)).collect();
    let (inside, outside) = partition(room, changes, after);
    // The design was looked at before it was shown, and no agent has run since.
    let is_persons = |path: &RepoPath| after == After::Approval || as_begun.contains(path);
    let outside = outside.into_iter().map(|change| change.path);
    (inside, outside.filter(|path| !is_persons(path)).collect())
}

/// Sorts changes into what may be the work's and what lies outside its room.
/// After a turn that was cut short, Orchestra's own files but for the milestone's are outside whatever the role's file
/// says: it is one of them.
fn partition(room: &Room, changes: Vec<Change>, after: After) -> (Vec<Change>, Vec<Change>) {
    let all: Vec<RepoPath> = changes.iter().map(|change| change.path.clone()).collect();
    let beside: Vec<&RepoPath> = all.iter().collect();
    let is_steering = |path: &RepoPath| {
        after == After::CutShort
            && path.is_beneath(b".orchestra")
            && !path.is_beneath(b".orchestra/milestones")
    };
    let is_inside = |change: &Change| {
        !change.dirty_before
            && !is_steering(&change.path)
            && change.unfit.is_none()
            && room.place(&change.path, &beside) != Place::Outside
    };
    changes.into_iter().partition(is_inside)
}

/// Whether the branch may have moved once more.
pub(super) fn is_overtaken_too_often(work: &Work) -> bool {
    work.overtaken > OVERTAKEN_LIMIT
}
