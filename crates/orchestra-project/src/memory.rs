//! What a start must know of all that was journalled: a fold over entries, whose size does not grow with time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use orchestra_core::id::{AgentName, GateId, MilestoneId, TurnId, WorkId};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::By;
use orchestra_core::record::{Answer, Entry, Record};
use orchestra_core::repo::{CommitId, TreeId};
use orchestra_core::report::{Finding, Usage, Verdict};

/// How many of the versions of a document that were written are known.
const VERSIONS: usize = 8;

/// What is remembered. Where something happens again, the last time counts.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Memory {
    /// The highest number of an entry.
    pub last_seq: u64,
    /// How many lines could not be understood.
    pub skipped: u64,
    /// The last worker that began, and how it left; `None` where it was cut short.
    pub worker: Option<(Worker, Option<u8>)>,
    /// Where each milestone was picked.
    pub picked: BTreeMap<MilestoneId, Picked>,
    /// Which commands were green and red on a tree that no agent had touched.
    pub bases: BTreeMap<TreeId, BaseResult>,
    /// Designs that are complete.
    pub designs: BTreeMap<MilestoneId, Design>,
    /// Reviews by their round.
    pub reviews: BTreeMap<MilestoneId, BTreeMap<u32, Review>>,
    /// Questions that wait for their answer.
    pub open: BTreeMap<GateId, Question>,
    /// Answers, by what was asked.
    pub answers: BTreeMap<Asked, Given>,
    /// The last attempt at each work.
    pub attempts: BTreeMap<(MilestoneId, WorkId), u32>,
    /// Turns of the last worker that began and did not end.
    pub turns: BTreeMap<TurnId, Turn>,
    /// What each milestone's turns consumed.
    pub usage: BTreeMap<MilestoneId, Usage>,
    /// Commits that were complete before their branch moved, and may or may not be on it.
    pub intended: BTreeMap<(MilestoneId, WorkId), CommitId>,
    /// Commits that their branch was seen to name.
    pub committed: BTreeMap<(MilestoneId, WorkId), CommitId>,
    /// Pushes that the remote took.
    pub pushed: BTreeMap<MilestoneId, Push>,
    /// Milestones that were closed without a commit.
    pub closed: BTreeSet<MilestoneId>,
    /// The last versions of each document that Orchestra wrote, oldest first.
    pub wrote: BTreeMap<RepoPath, VecDeque<ContentHash>>,
}

/// A worker that began.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Worker {
    /// Its process.
    pub pid: u32,
    /// Which boot of the machine.
    pub boot: String,
    /// The program's version.
    pub version: String,
    /// When.
    pub at: Timestamp,
}

/// Where a milestone was picked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Picked {
    /// The head at that moment.
    pub base: CommitId,
    /// The branch it is built on.
    pub branch: String,
}

/// What verification of an untouched tree came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BaseResult {
    /// Commands that were green.
    pub green: Vec<String>,
    /// Commands that were red.
    pub red: Vec<String>,
}

/// A design that is complete.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Design {
    /// The hash of `rfc.md`.
    pub of: ContentHash,
    /// What was found wanting in the grooming.
    pub concerns: Vec<String>,
}

/// A review that came to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Review {
    /// The last of the milestone's commits that it read.
    pub head: CommitId,
    /// The conclusion.
    pub verdict: Verdict,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// A question that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// Which kind of question.
    pub question: String,
    /// The milestone, where it concerns one.
    pub milestone: Option<MilestoneId>,
    /// The hash of what was shown.
    pub of: ContentHash,
    /// The question in a sentence.
    pub text: String,
    /// The words that answer it.
    pub answers: Vec<String>,
    /// When it was asked.
    pub at: Timestamp,
}

/// What an answer is bound to: the same question about the same thing needs no second answer.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Asked {
    /// The milestone, where it concerns one.
    pub milestone: Option<MilestoneId>,
    /// Which kind of question.
    pub question: String,
    /// The hash of what was shown.
    pub of: ContentHash,
}

/// An answer that was given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given {
    /// The number of its entry: of two answers the one with the higher number is the later one.
    pub seq: u64,
    /// Which question it answered.
    pub gate: GateId,
    /// The answer.
    pub answer: Answer,
    /// Who gave it.
    pub by: By,
    /// When.
    pub at: Timestamp,
}

/// A turn that began.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// The milestone.
    pub milestone: MilestoneId,
    /// The work.
    pub work: WorkId,
    /// Which attempt at it.
    pub attempt: u32,
    /// The agent.
    pub agent: AgentName,
}

/// A push that the remote took.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Push {
    /// The commit.
    pub commit: CommitId,
    /// The remote.
    pub remote: String,
    /// The branch on its side.
    pub branch: String,
}

impl Memory {
    /// Folds entries, in their order.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut memory = Self::default();
        entries.into_iter().for_each(|entry| memory.take(entry));
        memory
    }

    /// Whether a document's content is a version that Orchestra wrote there.
    pub fn is_ours(&self, path: &RepoPath, hash: ContentHash) -> bool {
        self.wrote.get(path).is_some_and(|versions| versions.contains(&hash))
    }

    /// The last answer to a kind of question about exactly this.
    pub fn find_answer(
        &self,
        milestone: Option<&MilestoneId>,
        question: &str,
        of: ContentHash,
    ) -> Option<&Given> {
        let asked = Asked { milestone: milestone.cloned(), question: question.to_owned(), of };
        self.answers.get(&asked)
    }

    /// Counts a line that could not be understood; its number, where it has one, is used up.
    pub fn skip(&mut self, seq: Option<u64>) {
        self.skipped += 1;
        self.last_seq = self.last_seq.max(seq.unwrap_or(0));
    }

    /// Adds an entry.
    #[expect(clippy::too_many_lines, reason = "one flat arm a record")]
    pub fn take(&mut self, entry: Entry) {
        let Entry { seq, at, record } = entry;
        self.last_seq = self.last_seq.max(seq);
        match record {
            Record::Started { pid, boot, version } => {
                self.worker = Some((Worker { pid, boot, version, at }, None));
                self.turns.clear();
            }
            Record::Left { code } => {
                if let Some((_, left)) = &mut self.worker {
                    *left = Some(code);
                }
            }
            Record::Picked { milestone, base, branch } => {
                self.picked.insert(milestone, Picked { base, branch });
            }
            Record::BaseVerified { tree, green, red } => {
                let result = self.bases.entry(tree).or_default();
                result.green.retain(|command| !red.contains(command) && !green.contains(command));
                result.red.retain(|command| !red.contains(command) && !green.contains(command));
                result.green.extend(green);
                result.red.extend(red);
            }
            Record::TurnStarted { turn, milestone, work, attempt, agent } => {
                self.attempts.insert((milestone.clone(), work.clone()), attempt);
                self.turns.insert(turn, Turn { milestone, work, attempt, agent });
            }
            Record::TurnEnded { turn, outcome: _, usage } => {
                if let (Some(turn), Some(usage)) = (self.turns.remove(&turn), usage) {
                    let sum = self.usage.entry(turn.milestone).or_default();
                    *sum = sum.plus(usage);
                }
            }
            Record::RfcReady { milestone, of, concerns } => {
                self.designs.insert(milestone, Design { of, concerns });
            }
            Record::Reviewed { milestone, round, head, verdict, findings } => {
                let review = Review { head, verdict, findings };
                self.reviews.entry(milestone).or_default().insert(round, review);
            }
            Record::Asked { gate, question, milestone, of, text, answers } => {
                // The same question about the same thing, asked anew, takes the place of the earlier one.
                self.open.retain(|_, open| {
                    (&open.question, &open.milestone, open.of) != (&question, &milestone, of)
                });
                self.open.insert(gate, Question { question, milestone, of, text, answers, at });
            }
            Record::Answered { gate, question, milestone, of, answer, by } => {
                self.open.remove(&gate);
                self.answers.insert(Asked { milestone, question, of }, Given { seq, gate, answer, by, at });
            }
            Record::Withdrawn { gate } => {
                self.open.remove(&gate);
            }
            Record::Intended { milestone, work, commit } => {
                self.intended.insert((milestone, work), commit);
            }
            Record::Committed { milestone, work, commit } => {
                let of = (milestone, work);
                self.intended.remove(&of);
                self.committed.insert(of, commit);
            }
            Record::Pushed { milestone, commit, remote, branch } => {
                self.pushed.insert(milestone, Push { commit, remote, branch });
            }
            Record::Closed { milestone } => {
                self.closed.insert(milestone);
            }
            Record::Wrote { path, hash } => {
                let versions = self.wrote.entry(path).or_default();
                versions.retain(|version| *version != hash);
                versions.push_back(hash);
                if versions.len() > VERSIONS {
                    versions.pop_front();
                }
            }
            Record::Rescued { .. } | Record::Note { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
