//! What must hold, whatever happens. The world asks at every step that could break it.

mod end;

use std::collections::{BTreeMap, BTreeSet};

use super::disk::{Author, Commit, Content, Disk, Tree};
use super::person::{CHECK, MADE, MORE};
use super::schedule::{Mode, Schedule};
use super::world::{World, before, folder, path};
use crate::config::GatePolicy;
use crate::edit::DocEdit;
use crate::id::{GateId, MilestoneId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::{By, MilestoneStatus, Phase, PhaseStatus, Plan, StageName};
use crate::record::{Answer, Record};
use crate::repo::{CommitId, TreeId};
use crate::report::Verdict;
use crate::worker::{Asked, Checked, Question, Review};

/// A byte that a person wrote, as far as the simulation tells bytes apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Precious {
    Text(u32),
    Title(String),
}

#[derive(Default)]
pub(super) struct Oracle {
    pub(super) precious: Vec<Precious>,
    /// What each push question showed.
    shown: BTreeMap<ContentHash, BTreeSet<CommitId>>,
    /// What a push would have published that is not the milestone's alone.
    pub(super) foreign: BTreeSet<(MilestoneId, ContentHash)>,
    /// Answers that somebody really gave.
    pub(super) given: Vec<(GateId, Answer)>,
    /// What was approved: the question's name and what was shown.
    approved: BTreeSet<(String, ContentHash)>,
    finished: bool,
    revised: bool,
    pub(super) verified: Option<Tree>,
    /// What the last verification of an untouched base came to.
    pub(super) base: Vec<Checked>,
    /// Trees on which the check was red before anything was done: there it does not count.
    red_bases: BTreeSet<TreeId>,
    /// Whether the last turn ended in an outage: the one reason for a phase to be pending again.
    pub(super) excused: bool,
    pub(super) turns: u32,
    pub(super) words: super::words::Words,
    /// How often commands ran since the last turn began.
    pub(super) verifications: u32,
}

impl Oracle {
    pub(super) fn asks(&mut self, asked: &Asked) {
        if let Question::Push(push) | Question::Rejected(push) = &asked.question {
            let commits = push.survey.commits.iter().map(|commit| commit.id.clone()).collect();
            self.shown.insert(asked.of, commits);
        }
    }

    /// Answers by a person must have been given by one; those of a policy must be what the policy allows.
    pub(super) fn records(&mut self, record: &Record, schedule: &Schedule) -> Result<(), String> {
        if let Record::BaseVerified { tree, green, red } = record {
            let is_said = |check: &Checked| if check.green { green } else { red }.contains(&check.command);
            if !self.base.iter().all(is_said) || self.base.len() != green.len() + red.len() {
                return Err(format!("the base is said to be {green:?} and not {red:?}: {:?}", self.base));
            }
            if red.iter().any(|command| command == CHECK) {
                self.red_bases.insert(tree.clone());
            }
        }
        let Record::Answered { gate, question, milestone, of, answer, by, .. } = record else {
            return Ok(());
        };
        match by {
            By::User if !self.given.contains(&(gate.clone(), answer.clone())) => {
                return Err(format!("nobody gave the answer {answer:?} to {gate}"));
            }
            By::User => {}
            By::Auto | By::Policy => {
                let allowed = match question.as_str() {
                    "rfc" => {
                        matches!(schedule.mode, Mode::Auto | Mode::AutoRfcOnly)
                            || schedule.config.gates.rfc == GatePolicy::Auto
                    }
                    "push" if *answer == Answer::Finish => schedule.config.gates.push == GatePolicy::Never,
                    "push" => {
                        let is_foreign = milestone
                            .as_ref()
                            .is_none_or(|milestone| self.foreign.contains(&(milestone.clone(), *of)));
                        schedule.pushes_unseen() && !schedule.hold_push && !is_foreign
                    }
                    _ => true,
                };
                if !allowed {
                    return Err(format!("{question} was answered by nobody's right"));
                }
            }
        }
        match (question.as_str(), answer) {
            ("rfc" | "push", Answer::Approve) => {
                self.approved.insert((question.clone(), *of));
            }
            ("push", Answer::Finish) => self.finished = true,
            ("push", Answer::Revise { .. }) => self.revised = true,
            _ => {}
        }
        Ok(())
    }

    /// What a person has when a turn begins is kept from then on.
    pub(super) fn turn_begins(&mut self, disk: &Disk, authors: &BTreeMap<u32, Author>) {
        self.turns += 1;
        self.excused = false;
        let staged = disk.index.values().cloned();
        for content in disk.dirty().into_values().flatten().chain(staged) {
            if let Content::Text(number) = content
                && authors.get(&number) == Some(&Author::Person)
            {
                self.keep(Precious::Text(number));
            }
        }
    }

    pub(super) fn keep(&mut self, precious: Precious) {
        if !self.precious.contains(&precious) {
            self.precious.push(precious);
        }
    }

    /// A person overwrote their own words: nobody has to keep those.
    pub(super) fn let_go(&mut self, content: Option<&Content>) {
        let gone = match content {
            Some(Content::Text(number)) => Precious::Text(*number),
            Some(Content::Phase(phase)) => Precious::Title(phase.title.clone()),
            _ => return,
        };
        self.precious.retain(|precious| *precious != gone);
    }

    /// No status goes backwards without a reason.
    pub(super) fn writes(
        &self,
        _of: &MilestoneId,
        edit: &DocEdit,
        before: Option<&Content>,
    ) -> Result<(), String> {
        match (before, edit) {
            (Some(Content::Phase(phase)), DocEdit::PhaseStatus { status: PhaseStatus::Pending, .. })
                if phase.status == PhaseStatus::InProgress && !self.excused =>
            {
                Err(format!("{} is pending again without a reason", phase.id))
            }
            (Some(Content::Milestone(milestone)), DocEdit::MilestoneStatus { status, .. })
                if milestone.status == MilestoneStatus::Done
                    && *status != MilestoneStatus::Done
                    && !self.revised =>
            {
                Err(format!("{} went from done to {status}", milestone.id))
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn is_document(path: &RepoPath) -> bool {
    path.is_beneath(b".orchestra")
}

impl World {
    /// A commit may be made once, in order, of the right things, after the right answers.
    pub(super) fn judge_commit(&self, id: &CommitId) -> Result<(), String> {
        let Commit { parent, tree, of, .. } = &self.disk.commits[id];
        let (milestone, work) = of.as_ref().ok_or("a commit without trailers")?;
        let made: Vec<CommitId> = self.disk.below(&self.disk.head());
        let made: BTreeSet<&WorkId> = made
            .iter()
            .map(|id| &self.disk.commits[id])
            .filter(|commit| commit.author != Author::Agent)
            .filter_map(|commit| commit.of.as_ref())
            .filter(|(of, _)| of == milestone)
            .map(|(_, work)| work)
            .collect();
        if made.contains(work) {
            return Err(format!("{milestone} {work} was committed twice"));
        }
        if self.running.is_some() {
            return Err("an agent runs while a commit is made".to_owned());
        }
        self.judge_dependencies(milestone)?;
        let empty = Tree::new();
        let below = parent.as_ref().map_or(&empty, |parent| &self.disk.commits[parent].tree);
        let paths: BTreeSet<&RepoPath> = tree.keys().chain(below.keys()).collect();
        let changed: Vec<&RepoPath> = paths
            .into_iter()
            .filter(|path| tree.get(*path) != below.get(*path) && !is_document(path))
            .collect();
        match work {
            WorkId::Rfc => {
                let rfc = tree.get(&path(&format!("{}/rfc.md", folder(milestone)))).map(Content::hash);
                let rfc = rfc.ok_or("an rfc commit without rfc.md")?;
                self.is_approved("rfc", rfc)?;
                let context = tree.get(&path(&format!("{}/context.md", folder(milestone))));
                if !matches!(context, Some(Content::Context(cursor)) if cursor.stage == StageName::RfcGate) {
                    return Err("the design's commit does not say that it waited at its gate".to_owned());
                }
                if changed.is_empty() { Ok(()) } else { Err(format!("the rfc commit changes {changed:?}")) }
            }
            WorkId::Phase(_) | WorkId::Fix { .. } => {
                self.judge_code(milestone, work, &made, (below, tree), &changed)
            }
            WorkId::Close(_) => {
                let any_push = self.oracle.approved.iter().any(|(name, _)| name == "push");
                if !any_push && !self.oracle.finished {
                    return Err("closed without an answer".to_owned());
                }
                let plan = self.plan();
                self.judge_shares(milestone, &plan)?;
                if !self.memory.recall(milestone).replanned.is_empty() {
                    return Err(format!(
                        "{milestone} was closed, and a change of its plan was never taken up"
                    ));
                }
                let phases = plan.find(milestone).map(|found| found.phases.iter()).into_iter().flatten();
                let is_left = |phase: &&Phase| !self.is_accounted_for(milestone, phase, &made);
                match phases.into_iter().find(is_left) {
                    Some(phase) => Err(format!("{milestone} was closed without {}", phase.id)),
                    None => self.judge_reviewed(milestone, &made),
                }
            }
            WorkId::Base | WorkId::Review(_) | WorkId::Diagnosis(_) => Err(format!("{work} made a commit")),
        }
    }

    /// What a person sent back names a file of the backend's and nobody's; with two phases the latter is the frontend's.
    fn judge_shares(&self, milestone: &MilestoneId, plan: &Plan) -> Result<(), String> {
        let found = plan.find(milestone).ok_or("a close of a milestone that is not there")?;
        let is_first = milestone.as_str() == "M1-first";
        let wanted = if is_first && self.schedule.phases == 2 { 2 } else { 1 };
        for record in &self.journal {
            if let Record::Answered {
                gate, question, milestone: Some(of), answer: Answer::Revise { .. }, ..
            } = record
                && (question.as_str(), of) == ("push", milestone)
            {
                let made = found.phases.iter().filter(|phase| phase.feedback.as_ref() == Some(gate)).count();
                // With a phase that a person added the last role may be another.
                let is_other = found.phases.iter().any(|phase| phase.title == MORE) && made > 0;
                if made != wanted && !is_other {
                    return Err(format!("{made} phases instead of {wanted} of what was said at {gate}"));
                }
            }
        }
        Ok(())
    }

    /// A phase has its commit, or a person said that it needs none.
    fn is_accounted_for(&self, milestone: &MilestoneId, phase: &Phase, made: &BTreeSet<&WorkId>) -> bool {
        let work = WorkId::Phase(phase.id.clone());
        if let Some(is_wanted) = self.schedule.wants_stage(phase) {
            // Nothing else is said of a stage here: of one that is left out the plan must say so.
            return is_wanted || matches!(phase.status, PhaseStatus::Skipped | PhaseStatus::Done);
        }
        made.contains(&work)
            || phase.status == PhaseStatus::Skipped
            || self.memory.recall(milestone).adopted.contains(&work)
    }

    /// Every phase was read by a review, or a person went on without it after its commit.
    fn judge_reviewed(&self, milestone: &MilestoneId, made: &BTreeSet<&WorkId>) -> Result<(), String> {
        let (mut committed, mut past) = (BTreeSet::new(), BTreeSet::new());
        for record in &self.journal {
            match record {
                Record::Committed { milestone: of, work, .. } if of == milestone => {
                    committed.insert(work);
                }
                Record::Reviewed { milestone: of, works, .. } if of == milestone => past.extend(works),
                Record::Skipped { milestone: of, work: WorkId::Review(_) } if of == milestone => {
                    past.extend(committed.iter().copied());
                }
                _ => {}
            }
        }
        let is_wanted = self.schedule.config.review.always;
        match made.iter().find(|work| is_wanted && work.phase().is_some() && !past.contains(**work)) {
            Some(work) => Err(format!("{milestone} was closed and nobody reviewed {work}")),
            None => Ok(()),
        }
    }

    /// What a milestone depends on is closed before anything of it is committed.
    fn judge_dependencies(&self, milestone: &MilestoneId) -> Result<(), String> {
        let plan = self.plan();
        let found = plan.find(milestone).ok_or("a commit for a milestone that is not there")?;
        let reached: BTreeSet<CommitId> =
            self.disk.branches.values().flat_map(|tip| self.disk.below(tip)).collect();
        let is_close = |commit: &Commit, id: &MilestoneId| {
            commit.author == Author::Us && matches!(&commit.of, Some((of, WorkId::Close(_))) if of == id)
        };
        let is_closed = |id: &MilestoneId| {
            self.memory.recall(id).closed
                || reached.iter().any(|commit| is_close(&self.disk.commits[commit], id))
        };
        match found.depends_on.iter().find(|id| !is_closed(id)) {
            Some(id) => Err(format!("{milestone} was begun before {id} was done")),
            None => Ok(()),
        }
    }

    /// No policy answers a push gate while a blocking finding stands.
    pub(super) fn judge_answer(&self, record: &Record) -> Result<(), String> {
        let Record::Answered { question, milestone: Some(milestone), answer: Answer::Approve, by, .. } =
            record
        else {
            return Ok(());
        };
        let is_unseen = question == "push" && *by != By::User;
        let known = self.memory.recall(milestone);
        let found = known.reviews.iter().filter(|review| review.verdict == Verdict::ChangesRequested);
        let made = self.disk.below(&self.disk.branches[&self.branch_of(milestone)]);
        let is_fixed = |round: u32| {
            made.iter().any(|id| {
                matches!(&self.disk.commits[id].of,
                    Some((of, WorkId::Fix { round: fixed, .. })) if of == milestone && *fixed == round)
            })
        };
        let is_open = |review: &&Review| {
            let is_nobodys = review.findings.iter().any(|finding| !finding.file.starts_with("src/"));
            is_unseen && (is_nobodys || !is_fixed(review.round))
        };
        match found.filter(is_open).map(|review| review.round).next() {
            Some(round) => Err(format!("nobody looked at what review {round} found, and it is published")),
            None => Ok(()),
        }
    }

    fn is_approved(&self, name: &str, of: ContentHash) -> Result<(), String> {
        let is_known = self.oracle.approved.contains(&(name.to_owned(), of));
        if is_known { Ok(()) } else { Err(format!("{name} was built on without an answer to what is there")) }
    }

    fn judge_code(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        made: &BTreeSet<&WorkId>,
        (parent, tree): (&Tree, &Tree),
        changed: &[&RepoPath],
    ) -> Result<(), String> {
        let plan = self.plan();
        let found = plan.find(milestone).ok_or("a commit for a milestone that is not there")?;
        let role = match work {
            WorkId::Phase(id) => {
                let phase = found.find_phase(id).ok_or("a commit for a phase that is not there")?;
                for needed in &phase.depends_on {
                    let is_there = found
                        .find_phase(needed)
                        .is_some_and(|needed| self.is_accounted_for(milestone, needed, made));
                    if !is_there {
                        return Err(format!("{id} was committed before {needed}"));
                    }
                }
                // What a phase says itself must hold was not there before: no answer about the base takes it away.
                let own = phase.verify.iter().flatten().filter_map(|command| command.strip_prefix(MADE));
                if let Some(name) = own.into_iter().find(|name| !tree.contains_key(&path(name))) {
                    return Err(format!("{id} was committed and its own command is red: no {name}"));
                }
                phase.role.clone()
            }
            WorkId::Fix { role, .. } => role.clone(),
            _ => return Ok(()),
        };
        let was_skipped = self.journal.iter().any(|record| {
            matches!(record, Record::Skipped { milestone: of, work: WorkId::Rfc } if of == milestone)
        });
        // Where phases were done before the worker came, the time for a design was before it, too.
        let was_begun = !self.memory.recall(milestone).adopted.is_empty();
        let is_designed = self.schedule.rfc && self.schedule.config.gates.rfc != GatePolicy::Never;
        if is_designed && !was_skipped && !was_begun {
            if self.schedule.private {
                // Nothing is committed, so nothing holds the approved text fast: that there was an approval is all.
                if !self.oracle.approved.iter().any(|(name, _)| name == "rfc") {
                    return Err("built without an answer to the design".to_owned());
                }
            } else if !made.contains(&WorkId::Rfc) {
                return Err(format!("{work} was committed before the design"));
            }
        }
        let room = if role.as_str() == "frontend-engineer" { "web" } else { "src" };
        if changed.is_empty() {
            return Err(format!("{work} was committed without a change"));
        }
        let baseline = found.cursor.as_ref().map(|cursor| before(milestone, work, cursor.baseline));
        let saved = baseline.and_then(|name| self.disk.rescue.get(&name));
        let saved = saved.ok_or("a commit of what began without a snapshot")?;
        let then = saved.head.as_ref().ok_or("a snapshot without a head")?;
        let then = &self.disk.commits[then].tree;
        for path in changed {
            if then.get(*path) != parent.get(*path) {
                return Err(format!("{work} commits {path}, which a commit made meanwhile changed"));
            }
            if !path.is_beneath(room.as_bytes()) {
                return Err(format!("{work} left its room: {path}"));
            }
            if saved.files.contains_key(*path) && **path == super::world::path("src/mine.rs") {
                return Err(format!("{work} took what the person had not committed"));
            }
        }
        self.judge_verified(milestone, work, room, tree)
    }

    /// Commands ran on what is committed, and were green.
    fn judge_verified(
        &self,
        milestone: &MilestoneId,
        work: &WorkId,
        room: &str,
        tree: &Tree,
    ) -> Result<(), String> {
        let base = self.memory.recall(milestone).picked.map(|picked| picked.tree);
        // Twice is enough: commands that change files each time would never come to an end.
        let is_given_up = self.oracle.verifications > 1;
        if is_given_up
            || !self.schedule.verifies
            || base.is_some_and(|base| self.oracle.red_bases.contains(&base))
        {
            return Ok(());
        }
        // Verification runs in the person's tree: what they have not committed is there in their version.
        let is_judged = |path: &&RepoPath| {
            let is_code = path.is_beneath(b"src") || path.is_beneath(b"web");
            is_code && self.disk.files.get(path) == tree.get(path)
        };
        let nothing = Tree::new();
        let verified = self.oracle.verified.as_ref().unwrap_or(&nothing);
        // A file that appeared outside of the room and was put back is no reason to begin again.
        let was_there = verified.keys().filter(|path| path.is_beneath(room.as_bytes()));
        let mut paths = tree.keys().chain(was_there).filter(is_judged);
        match paths.find(|path| verified.get(*path) != tree.get(*path)) {
            Some(path) => Err(format!("{work} was committed with {path} not verified")),
            None => Ok(()),
        }
    }

    /// Nothing is published that no approved gate listed, but for the close on top.
    pub(super) fn judge_push(&self, tip: &CommitId) -> Result<(), String> {
        let known: BTreeSet<CommitId> =
            self.disk.remote.values().flat_map(|tip| self.disk.below(tip)).collect();
        let published: Vec<CommitId> =
            self.disk.below(tip).into_iter().filter(|id| !known.contains(id)).collect();
        let is_close = |id: &CommitId| matches!(&self.disk.commits[id].of, Some((_, WorkId::Close(_))));
        let listed = self.oracle.approved.iter().filter(|(name, _)| name == "push").any(|(_, of)| {
            // What a policy approved was never shown; it is what the gate would have listed.
            let Some(shown) = self.oracle.shown.get(of) else { return self.schedule.pushes_unseen() };
            published.iter().all(|id| shown.contains(id) || is_close(id))
        });
        if listed { Ok(()) } else { Err(format!("published without a gate that lists it: {published:?}")) }
    }

    /// What is said to be published is.
    pub(super) fn judge_published(&self, commit: &CommitId) -> Result<(), String> {
        let is_there = self.disk.remote.values().any(|tip| self.disk.below(tip).contains(commit));
        if is_there { Ok(()) } else { Err(format!("said to be published and is not: {commit}")) }
    }

    /// Of a work that is set aside or skipped nothing stays in the tree, unless another branch was
    /// checked out and nothing was looked at.
    pub(super) fn judge_given_up(&self) -> Result<(), String> {
        let is_unseen = |record: &Record| match record {
            Record::Parked { work, unseen, .. } => *unseen || work.is_none(),
            _ => false,
        };
        if self.journal.iter().any(is_unseen) {
            return Ok(());
        }
        let is_left = |content: &Option<Content>| matches!(content, Some(Content::Text(number)) if self.authors.get(number) == Some(&Author::Agent));
        match self.disk.dirty().iter().find(|(path, content)| !is_document(path) && is_left(content)) {
            Some((path, _)) => Err(format!("given up with its work left in the tree: {path}")),
            None => Ok(()),
        }
    }
}
