//! What the journal says, folded to what a start must know.
//!
//! A pure function of the journal's entries, so that a lost, torn or older journal means a question asked again and
//! nothing worse.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{GateId, MilestoneId, TurnId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::By;
use crate::record::{Answer, Record};
use crate::repo::{CommitId, LedgerEntry, TreeId};
use crate::report::{Finding, Usage, Verdict};

/// What the journal says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Memory {
    /// What it says of each milestone.
    pub milestones: BTreeMap<MilestoneId, Recalled>,
    /// The milestone that was worked on last.
    pub last: Option<MilestoneId>,
    /// Results of verification on untouched trees.
    pub bases: BTreeMap<TreeId, Base>,
    /// Questions that were asked and neither answered nor withdrawn.
    pub open: BTreeMap<GateId, Open>,
    /// The last turn that was started.
    pub last_turn: TurnId,
    /// How many questions were ever asked.
    pub asked: u64,
    /// The last two versions of each document that Orchestra wrote, or was about to.
    pub wrote: BTreeMap<RepoPath, [Option<ContentHash>; 2]>,
    /// The work of the last turn that was started.
    pub last_work: Option<(MilestoneId, WorkId)>,
    /// Documents that the last commit that was about to be made rewrites: what they held before.
    pub before_commit: BTreeMap<RepoPath, ContentHash>,
}

/// What it says of one milestone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Recalled {
    /// Head and branch when it was first picked.
    pub picked: Option<Picked>,
    /// Whether the architect's design is complete, and what it found wanting.
    pub rfc_ready: Option<Vec<String>>,
    /// How often the design was sent back.
    pub rfc_revisions: u32,
    /// Answers since the question was last asked, by the question's name and the work it concerned.
    pub answers: BTreeMap<(String, Option<WorkId>), Answered>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Works that a person decided to go on without.
    pub skipped: BTreeSet<WorkId>,
    /// Works that had their commit when a person went on without a review: no later one reads them.
    pub unread: BTreeSet<WorkId>,
    /// Phases that were done before Orchestra came, or by a person.
    pub adopted: BTreeSet<WorkId>,
    /// Commits that were about to be made, or were.
    pub intended: BTreeMap<WorkId, CommitId>,
    /// The trees that hooks were given, of these commits where hooks made others of them.
    pub before_hooks: BTreeMap<CommitId, TreeId>,
    /// Works of which it is known that everything after the commit was finished.
    pub committed: BTreeSet<WorkId>,
    /// The branch on the remote's side that a person named.
    pub push_branch: Option<String>,
    /// The commit that the remote took.
    pub pushed: Option<CommitId>,
    /// Whether it was closed without a commit.
    pub closed: bool,
    /// The last of its closes that a person took back by sending it back at the push gate.
    pub reopened: u32,
    /// At which work it was parked, and why; taken away by an answer.
    pub parked: Option<(Option<WorkId>, String)>,
    /// Whether a person answered what it was parked for, and nothing of it has run since.
    pub taken_up: bool,
    /// The last attempt at each work.
    pub attempts: BTreeMap<WorkId, u32>,
    /// The attempt whose snapshot each work's changes in the tree are told by, until they are put back.
    pub baselines: BTreeMap<WorkId, u32>,
    /// The attempt with which each work's last series of tries began.
    pub series: BTreeMap<WorkId, u32>,
    /// Works that failed and had no turn since, and why.
    pub failed: BTreeMap<WorkId, String>,
    /// Push gates at which it was sent back and of which every phase is written.
    pub planned: BTreeSet<GateId>,
    /// Changes of the plan that a person approved and the worker has not taken up yet, oldest first.
    pub replanned: Vec<Replan>,
    /// Those that it has taken up.
    pub taken_up_plans: BTreeSet<ContentHash>,
    /// What a person wants to say to whoever works next, oldest first.
    pub queue: Vec<Queued>,
    /// What they said to each work.
    pub said: BTreeMap<WorkId, Vec<String>>,
    /// What of it no turn was told, or took up while it ran.
    pub untold: BTreeMap<WorkId, Vec<String>>,
    /// A turn whose changes nobody has looked at yet: until then no document is believed.
    pub unchecked: Option<Unchecked>,
    /// What its turns consumed.
    pub usage: Usage,
}

/// A change of the plan that a person approved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replan {
    /// Why.
    pub reason: String,
    /// What changes, a line each.
    pub changes: Vec<String>,
    /// The hash of what was shown.
    pub of: ContentHash,
}

/// Words of a person that wait for the next work.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queued {
    /// The work that ran when they were written: they are for one after it.
    pub behind: Option<WorkId>,
    /// The words.
    pub text: String,
}

/// A turn after which the tree was not looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unchecked {
    /// The work.
    pub work: WorkId,
    /// The attempt.
    pub attempt: u32,
    /// The attempt whose snapshot is compared with.
    pub baseline: u32,
}

/// Where the work tree stood when a milestone was first picked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Picked {
    /// The head.
    pub base: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// The branch.
    pub branch: String,
}

/// A question that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Open {
    /// The question's name.
    pub question: String,
    /// The milestone it concerns.
    pub milestone: Option<MilestoneId>,
    /// The work it concerns.
    pub work: Option<WorkId>,
    /// The hash of what was shown.
    pub of: ContentHash,
    /// The question in a sentence.
    pub text: String,
    /// What speaks for and against, a line each.
    pub about: Vec<String>,
    /// The words that answer it.
    pub answers: Vec<String>,
}

/// An answer on record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// Which question it answered.
    pub gate: GateId,
    /// The hash of what was shown.
    pub of: ContentHash,
    /// The answer.
    pub answer: Answer,
    /// Who gave it.
    pub by: By,
}

/// A review on record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Review {
    /// Which one, from 1.
    pub round: u32,
    /// The works that it read.
    pub works: Vec<WorkId>,
    /// The conclusion.
    pub verdict: Verdict,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// The result of verification on an untouched tree.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Base {
    /// Commands that were green.
    pub green: BTreeSet<String>,
    /// Commands that were red.
    pub red: BTreeSet<String>,
}

impl Memory {
    /// Folds records, oldest first.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut memory = Self::default();
        for record in records {
            memory.take(record);
        }
        memory
    }

    /// Tells whether a document is as Orchestra wrote it, the last time or the one before.
    pub fn is_ours(&self, path: &RepoPath, hash: ContentHash) -> bool {
        self.wrote.get(path).is_some_and(|versions| versions.contains(&Some(hash)))
    }

    /// Tells whether a document is as it was when Orchestra was last about to make a commit: a recovery brings it to
    /// what the commit holds. One that was written since has what goes with the commit already, on top of whatever
    /// somebody else wrote meanwhile.
    pub fn is_before_commit(&self, path: &RepoPath, hash: ContentHash) -> bool {
        match self.before_commit.get(path) {
            Some(before) => *before == hash,
            None => self.is_ours(path, hash),
        }
    }

    /// What is known of a milestone.
    pub fn recall(&self, milestone: &MilestoneId) -> Recalled {
        self.milestones.get(milestone).cloned().unwrap_or_default()
    }

    fn about(&mut self, milestone: &MilestoneId) -> &mut Recalled {
        self.milestones.entry(milestone.clone()).or_default()
    }

    /// Takes one more record.
    #[expect(clippy::too_many_lines, reason = "one flat arm a record")]
    pub fn take(&mut self, record: &Record) {
        match record {
            Record::Picked { milestone, base, tree, branch } => {
                self.last = Some(milestone.clone());
                let picked = Picked { base: base.clone(), tree: tree.clone(), branch: branch.clone() };
                self.about(milestone).picked = Some(picked);
            }
            Record::BaseVerified { tree, green, red } => {
                let base = self.bases.entry(tree.clone()).or_default();
                base.green.extend(green.iter().cloned());
                base.red.extend(red.iter().cloned());
            }
            Record::TurnStarted { turn, milestone, work, attempt, baseline, since, .. } => {
                self.last_turn = self.last_turn.max(*turn);
                self.last = Some(milestone.clone());
                self.last_work = Some((milestone.clone(), work.clone()));
                let known = self.about(milestone);
                known.parked = None;
                known.taken_up = false;
                // What was said about its missing commit has been heard.
                known.answers.remove(&("history".to_owned(), Some(work.clone())));
                let last = known.attempts.entry(work.clone()).or_default();
                *last = (*last).max(*attempt);
                known.baselines.insert(work.clone(), *baseline);
                known.series.insert(work.clone(), (*since).max(*baseline));
                known.failed.remove(work);
                known.untold.remove(work);
                known.unchecked =
                    Some(Unchecked { work: work.clone(), attempt: *attempt, baseline: *baseline });
                if *work == WorkId::Rfc {
                    known.rfc_ready = None;
                }
            }
            Record::Failed { milestone, work, reason } => {
                self.about(milestone).failed.insert(work.clone(), reason.clone());
            }
            Record::Inspected { milestone, .. } => self.about(milestone).unchecked = None,
            Record::TurnEnded { usage, heard, .. } => {
                if let (Some((milestone, work)), 1..) = (self.last_work.clone(), *heard) {
                    // What is said to a diagnosis is kept for what it is about.
                    let work = if let WorkId::Diagnosis(of) = work { *of } else { work };
                    let untold = self.about(&milestone).untold.entry(work).or_default();
                    untold.drain(..untold.len().min(*heard as usize));
                }
                if let (Some(usage), Some(last)) = (usage, self.last.clone()) {
                    let known = self.about(&last);
                    known.usage = known.usage.plus(*usage);
                }
            }
            Record::RfcReady { milestone, concerns, .. } => {
                let known = self.about(milestone);
                known.rfc_ready = Some(concerns.clone());
                // Words with which the design was sent back have been heard.
                known.answers.remove(&("rfc".to_owned(), None));
            }
            Record::Reviewed { milestone, round, works, verdict, findings } => {
                let (works, findings) = (works.clone(), findings.clone());
                self.about(milestone).reviews.push(Review {
                    round: *round,
                    works,
                    verdict: *verdict,
                    findings,
                });
            }
            Record::Asked { gate, question, milestone, work, of, text, about, answers } => {
                self.asked += 1;
                if let Some(milestone) = milestone {
                    self.about(milestone).answers.remove(&(question.clone(), work.clone()));
                }
                let open = Open {
                    question: question.clone(),
                    milestone: milestone.clone(),
                    work: work.clone(),
                    of: *of,
                    text: text.clone(),
                    about: about.clone(),
                    answers: answers.clone(),
                };
                self.open.insert(gate.clone(), open);
            }
            Record::Answered { gate, question, milestone, work, of, answer, by } => {
                self.open.remove(gate);
                if let Some(milestone) = milestone {
                    let known = self.about(milestone);
                    if let Answer::PushTo { branch } = answer {
                        known.push_branch = Some(branch.clone());
                    }
                    if question == "push" && matches!(answer, Answer::Revise { .. }) {
                        known.closed = false;
                        let closes = known.committed.iter().filter_map(|work| match work {
                            WorkId::Close(number) => Some(*number),
                            _ => None,
                        });
                        known.reopened = closes.max().unwrap_or(0);
                    }
                    if let ("history", Some(work), Answer::Keep) = (question.as_str(), work, answer) {
                        known.adopted.insert(work.clone());
                    }
                    if question == "rfc" && matches!(answer, Answer::Revise { .. }) {
                        known.rfc_revisions += 1;
                    }
                    if !matches!(answer, Answer::Stop) {
                        known.taken_up |= known.parked.is_some() && *by == By::User;
                        known.parked = None;
                        let answered =
                            Answered { gate: gate.clone(), of: *of, answer: answer.clone(), by: *by };
                        known.answers.insert((question.clone(), work.clone()), answered);
                    }
                }
            }
            Record::Queued { milestone, behind, text } => {
                self.about(milestone).queue.push(Queued { behind: behind.clone(), text: text.clone() });
            }
            Record::Unqueued { milestone, text } => {
                let queue = &mut self.about(milestone).queue;
                if let Some(place) = queue.iter().rposition(|queued| queued.text == *text) {
                    queue.remove(place);
                }
            }
            Record::Said { milestone, work, texts, queued } => {
                let known = self.about(milestone);
                for text in texts.iter().filter(|_| *queued) {
                    let is_it =
                        |queued: &Queued| queued.text == *text && queued.behind.as_ref() != Some(work);
                    if let Some(place) = known.queue.iter().position(is_it) {
                        known.queue.remove(place);
                    }
                }
                for told in [&mut known.said, &mut known.untold] {
                    told.entry(work.clone()).or_default().extend(texts.iter().cloned());
                }
            }
            Record::Planned { milestone, gate } => {
                self.about(milestone).planned.insert(gate.clone());
            }
            Record::Replanned { milestone, reason, changes, of, by: _ } => {
                let known = self.about(milestone);
                // What was cut short is on record once more.
                let is_known = known.replanned.iter().any(|replan| replan.of == *of);
                if !is_known && !known.taken_up_plans.contains(of) {
                    known.replanned.push(Replan {
                        reason: reason.clone(),
                        changes: changes.clone(),
                        of: *of,
                    });
                }
            }
            Record::TakenUp { milestone, of } => {
                let known = self.about(milestone);
                known.replanned.retain(|replan| replan.of != *of);
                known.taken_up_plans.insert(*of);
            }
            Record::Withdrawn { gate } => {
                self.open.remove(gate);
            }
            Record::Intended { milestone, work, commit, before_hooks, documents, .. } => {
                self.before_commit = documents.iter().cloned().collect();
                let known = self.about(milestone);
                known.intended.insert(work.clone(), commit.clone());
                known.before_hooks.extend(before_hooks.clone().map(|tree| (commit.clone(), tree)));
            }
            Record::Committed { milestone, work, .. } => {
                self.about(milestone).committed.insert(work.clone());
            }
            Record::Pushed { milestone, commit, .. } => self.about(milestone).pushed = Some(commit.clone()),
            Record::Adopted { milestone, works } => {
                self.about(milestone).adopted.extend(works.iter().cloned());
            }
            Record::Skipped { milestone, work } => {
                let known = self.about(milestone);
                known.skipped.insert(work.clone());
                known.baselines.remove(work);
                if let WorkId::Review(_) = work {
                    known.unread.extend(known.committed.iter().cloned());
                }
            }
            Record::Parked { milestone, work, reason, unseen } => {
                let known = self.about(milestone);
                known.parked = Some((work.clone(), reason.clone()));
                if let Some(work) = work.as_ref().filter(|_| !unseen) {
                    known.baselines.remove(work);
                }
            }
            Record::Closed { milestone } => self.about(milestone).closed = true,
            Record::Wrote { path, hash } => {
                let versions = self.wrote.entry(path.clone()).or_default();
                if versions[1] != Some(*hash) {
                    *versions = [versions[1], Some(*hash)];
                }
            }
            Record::Started { .. }
            | Record::Left { .. }
            | Record::Created { .. }
            | Record::Verified { .. }
            | Record::Rescued { .. }
            | Record::Touching { .. }
            | Record::Touched
            | Record::Note { .. } => {}
        }
    }
}

impl Recalled {
    /// Tells whether a turn was started in this attempt at a work or a later one.
    pub fn had_turn_since(&self, work: &WorkId, attempt: u32) -> bool {
        self.attempts.get(work).is_some_and(|last| *last >= attempt)
    }

    /// The number of the last review, also of one that a person went on without; 0 before the first.
    pub(super) fn last_round(&self) -> u32 {
        let skipped = self.skipped.iter().filter_map(|work| match work {
            WorkId::Review(round) => Some(*round),
            _ => None,
        });
        self.reviews.iter().map(|review| review.round).chain(skipped).max().unwrap_or(0)
    }

    /// Tells whether a review has read a work, or a person went on without the one that would have.
    pub(super) fn is_past_review(&self, work: &WorkId) -> bool {
        self.unread.contains(work) || self.reviews.iter().any(|review| review.works.contains(work))
    }

    /// Tells whether a work is a close that was not taken back.
    pub(super) fn is_standing_close(&self, work: Option<&WorkId>) -> bool {
        matches!(work, Some(WorkId::Close(number)) if *number > self.reopened)
    }

    /// Tells whether a commit was made and a crash came before everything after it was done.
    pub(super) fn is_cut_short(&self, entry: &LedgerEntry) -> bool {
        self.intended.get(&entry.work) == Some(&entry.commit) && !self.committed.contains(&entry.work)
    }

    /// The answer on record to a question, since it was last asked.
    pub fn answer(&self, question: &str, work: Option<&WorkId>) -> Option<&Answered> {
        self.answers.get(&(question.to_owned(), work.cloned()))
    }
}
