//! Performs effects on the simulated disk, in steps that can be cut, and observes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::super::edits;
use super::agent::Running;
use super::disk::{Author, Content, Disk, Hashed};
use super::oracle::Oracle;
use super::schedule::{Dice, Disturbance, Misdeed, Mode, Schedule};
use super::view::milestone;
use crate::edit::DocEdit;
use crate::id::{GateId, MilestoneId, WorkId};
use crate::path::RepoPath;
use crate::plan::{Milestone, Phase};
use crate::record::Record;
use crate::repo::{CommitId, PushCommit, TreeId};
use crate::worker::{Asked, Effect, Fact, Failure, FailureKind, Memory};

/// Why an effect did not come to its end.
pub(super) enum Cut {
    Killed,
    Left(u8),
    Failed(Failure),
    Broken(String),
}

pub(super) type Done = Result<(), Cut>;

/// What goes wrong at the next occasion.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each goes wrong by itself")]
pub(super) struct Coming {
    disk_full: bool,
    locked: bool,
    too_large: bool,
    pub(super) taken_back: bool,
}

pub(super) struct World {
    pub(super) schedule: Schedule,
    pub(super) dice: Dice,
    pub(super) disk: Disk,
    pub(super) journal: Vec<Record>,
    /// The journal, folded.
    pub(super) memory: Memory,
    pub(super) clock: Timestamp,
    pub(super) ticks: u64,
    /// The tick of the last disturbance.
    pub(super) disturbed_at: u64,
    pub(super) queue: VecDeque<Fact>,
    pub(super) running: Option<Running>,
    pub(super) wake: Option<Timestamp>,
    pub(super) asked: BTreeMap<GateId, Asked>,
    pub(super) misdeeds: VecDeque<Misdeed>,
    pub(super) hook: Option<Disturbance>,
    pub(super) coming: Coming,
    pub(super) refusals: u32,
    pub(super) stop: Option<crate::worker::Stop>,
    pub(super) killed: Option<bool>,
    pub(super) narrow: bool,
    pub(super) deferred: Vec<super::schedule::Deed>,
    pub(super) texts: u32,
    pub(super) authors: BTreeMap<u32, Author>,
    pub(super) bad: BTreeSet<u32>,
    /// What a person wrote outside every room while a failure was asked about and no agent ran.
    pub(super) at_leisure: BTreeSet<u32>,
    pub(super) oracle: Oracle,
    pub(super) log: Option<Vec<String>>,
    /// Every effect with the moment at which it was decided, for traces.
    pub(super) decided: Option<Vec<(Timestamp, Effect)>>,
}

pub(super) fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).unwrap()
}

pub(super) fn tree_of(commit: &CommitId) -> TreeId {
    TreeId::parse(commit.as_str()).unwrap()
}

pub(super) fn folder(milestone: &MilestoneId) -> String {
    format!(".orchestra/milestones/{milestone}")
}

impl World {
    /// One step of the world passes: disturbances happen, and it may end here.
    pub(super) fn tick(&mut self) -> Done {
        self.ticks += 1;
        self.clock += SignedDuration::from_secs(1);
        while let Some(at) = self.schedule.disturbances.iter().position(|(at, _)| *at <= self.ticks) {
            let (_, disturbance) = self.schedule.disturbances.remove(at);
            self.disturbed_at = self.ticks;
            self.disturb(disturbance);
        }
        if !self.narrow {
            for deed in std::mem::take(&mut self.deferred) {
                self.person_does(deed);
            }
        }
        if self.coming.disk_full {
            self.coming.disk_full = false;
            let (what, why) = ("write".to_owned(), "no space left on device".to_owned());
            return Err(Cut::Failed(Failure { what, why, hint: String::new(), kind: FailureKind::Run }));
        }
        if self.killed.is_some() { Err(Cut::Killed) } else { Ok(()) }
    }

    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            let line = line();
            log.push(line);
        }
    }

    fn disturb(&mut self, disturbance: Disturbance) {
        self.say(|| format!("  ! {disturbance:?}"));
        match disturbance {
            Disturbance::Kill => self.killed = Some(false),
            Disturbance::PowerCut => self.killed = Some(true),
            Disturbance::Terminate => self.stop = Some(crate::worker::Stop::Now { code: 143 }),
            Disturbance::Pause if self.schedule.mode == Mode::Terminal => {
                self.stop = Some(crate::worker::Stop::Pause);
            }
            Disturbance::Pause => self.stop = Some(crate::worker::Stop::Now { code: 130 }),
            Disturbance::DiskFull => self.coming.disk_full = true,
            Disturbance::Agent(misdeed) => self.misdeeds.push_back(misdeed),
            Disturbance::HookRefuses | Disturbance::HookWanders => self.hook = Some(disturbance),
            Disturbance::VerifyTakesBack => self.coming.taken_back = true,
            Disturbance::Locked => self.coming.locked = true,
            Disturbance::TooLarge => self.coming.too_large = true,
            Disturbance::PushRefused | Disturbance::Overtaken => self.refusals += 1,
            // Between a snapshot and the turn that follows at once there is no time for a person.
            Disturbance::Person(deed) if self.narrow => self.deferred.push(deed),
            Disturbance::Person(deed) => self.person_does(deed),
        }
    }

    pub(super) fn text(&mut self, author: Author) -> Content {
        self.texts += 1;
        self.authors.insert(self.texts, author);
        Content::Text(self.texts)
    }

    pub(super) fn remember(&mut self, record: Record) {
        self.memory.take(&record);
        self.journal.push(record);
    }

    #[expect(clippy::too_many_lines, reason = "one flat arm an effect")]
    pub(super) fn perform(&mut self, effect: Effect) -> Done {
        self.say(|| format!("  > {effect:?}"));
        match effect {
            Effect::Snapshot { .. } | Effect::SaveFound { .. } => self.narrow = true,
            Effect::Ask(_) | Effect::WakeAt(_) | Effect::Leave { .. } => self.narrow = false,
            _ => {}
        }
        let takes_locks = matches!(
            effect,
            Effect::PutBack { .. } | Effect::Swap { .. } | Effect::Settle { .. } | Effect::Recover { .. }
        );
        if takes_locks && std::mem::take(&mut self.coming.locked) {
            self.narrow = false;
            let (what, why) = ("move the branch".to_owned(), "somebody holds its lock".to_owned());
            return Err(Cut::Failed(Failure { what, why, hint: String::new(), kind: FailureKind::Locked }));
        }
        match effect {
            Effect::Record(record) => {
                self.tick()?;
                self.oracle.records(&record, &self.schedule).map_err(Cut::Broken)?;
                self.judge_answer(&record).map_err(Cut::Broken)?;
                self.oracle.words.records(&record).map_err(Cut::Broken)?;
                match &record {
                    Record::Pushed { commit, .. } => self.judge_published(commit).map_err(Cut::Broken)?,
                    Record::Parked { work: Some(_), unseen: false, .. } | Record::Skipped { .. } => {
                        self.judge_given_up().map_err(Cut::Broken)?;
                    }
                    _ => {}
                }
                if let Record::RfcReady { milestone, .. } = &record {
                    self.disk.unsynced.remove(&path(&format!("{}/rfc.md", folder(milestone))));
                }
                self.remember(record);
                Ok(())
            }
            Effect::Write { milestone, edits } => self.write(&milestone, &edits),
            Effect::Look => self.later(|world| Fact::Looked(Ok(Box::new(world.observe())))),
            Effect::Snapshot { work, limit: Some(limit), .. }
                if std::mem::take(&mut self.coming.too_large) =>
            {
                self.tick()?;
                self.queue.push_back(Fact::TooLarge { work, bytes: limit + 1 });
                Ok(())
            }
            Effect::Snapshot { milestone, work, attempt, limit: _ } => {
                self.tick()?;
                let name = before(&milestone, &work, attempt);
                let dirty = self.disk.dirty();
                self.disk.save(&name, dirty);
                let dirty = self.disk.rescue[&name].files.keys();
                let dirty = dirty.filter(|path| !path.is_beneath(b".orchestra")).cloned().collect();
                self.queue.push_back(Fact::Snapshotted { work, dirty });
                Ok(())
            }
            Effect::SaveFound { milestone, work, attempt, .. } => {
                self.tick()?;
                let dirty = self.disk.dirty();
                self.disk.save_beside(&format!("{milestone}/{work}/{attempt}/found"), dirty);
                Ok(())
            }
            Effect::StartTurn(order) => {
                self.tick()?;
                self.narrow = false;
                self.start_turn(order)
            }
            Effect::Say { turn, text } => {
                self.tick()?;
                self.hears(turn, &text);
                Ok(())
            }
            Effect::CancelTurn { turn } => {
                self.tick()?;
                self.cancel_turn(turn);
                Ok(())
            }
            Effect::Inspect { milestone, work, baseline, since, .. } => {
                self.tick()?;
                self.fold(&milestone, &work)?;
                if !self.disk.rescue.contains_key(&before(&milestone, &work, baseline)) {
                    return Err(Cut::Broken(format!(
                        "{work} was looked at without a snapshot to compare with"
                    )));
                }
                let found = self.inspection(&milestone, &work, baseline, since);
                self.queue.push_back(Fact::Inspected { work, found });
                Ok(())
            }
            Effect::PutBack { milestone, work, attempt, baseline, label, paths, mine } => {
                let reference = format!("{milestone}/{work}/{attempt}/{label}");
                let from = [baseline, attempt].map(|number| before(&milestone, &work, number));
                self.put_back(work, &reference, &from, &paths, &mine)
            }
            Effect::Verify { work, commands, .. } => {
                self.tick()?;
                let results = self.verify(&work, &commands);
                self.queue.push_back(Fact::Verified { work, results });
                Ok(())
            }
            Effect::Prepare(order) => self.prepare(*order),
            Effect::Swap { work, branch, commit, parent } => self.swap(work, &branch, commit, &parent),
            Effect::Settle { work, commit, .. } => {
                self.settle(&commit)?;
                self.queue.push_back(Fact::Settled { work, notes: Vec::new() });
                Ok(())
            }
            Effect::Recover { milestone, commit, .. } => self.recover(&milestone, &commit),
            Effect::Survey { milestone, branch } => {
                self.tick()?;
                let survey = self.survey(branch);
                let is_foreign =
                    |commit: &PushCommit| commit.of.as_ref().is_none_or(|(of, _)| *of != milestone);
                if survey.commits.iter().any(is_foreign) {
                    self.oracle.foreign.insert((milestone.clone(), survey.hash()));
                }
                self.queue.push_back(Fact::Surveyed { survey });
                Ok(())
            }
            Effect::Push { commit, branch, .. } => self.push(commit, branch),
            Effect::Trust { .. } | Effect::Note(_) => Ok(()),
            Effect::Ask(asked) => {
                self.oracle.asks(&asked);
                self.asked.insert(asked.gate.clone(), *asked);
                Ok(())
            }
            Effect::Unask { gate } => {
                self.asked.remove(&gate);
                Ok(())
            }
            Effect::WakeAt(at) => {
                self.wake = Some(at);
                Ok(())
            }
            Effect::Leave { code } => Err(Cut::Left(code)),
        }
    }

    fn later(&mut self, fact: impl FnOnce(&mut Self) -> Fact) -> Done {
        self.tick()?;
        let fact = fact(self);
        self.queue.push_back(fact);
        Ok(())
    }

    /// Each file is written whole or not at all; between two files it may end.
    fn write(&mut self, milestone: &MilestoneId, edits: &[DocEdit]) -> Done {
        let mut files: Vec<(RepoPath, Vec<&DocEdit>)> = Vec::new();
        for edit in edits {
            let path = doc_path(milestone, edit);
            match files.iter_mut().find(|(known, _)| *known == path) {
                Some((_, edits)) => edits.push(edit),
                None => files.push((path, vec![edit])),
            }
        }
        for (path, edits) in files {
            self.tick()?;
            let before = self.disk.files.get(&path).cloned();
            for edit in &edits {
                self.oracle.writes(milestone, edit, before.as_ref()).map_err(Cut::Broken)?;
            }
            let after = edits.into_iter().fold(before.clone(), edited);
            if let Some(after) = after
                && before.as_ref() != Some(&after)
            {
                self.remember(Record::Wrote { path: path.clone(), hash: after.hash() });
                self.disk.write(&path, Some(after), true);
            }
        }
        Ok(())
    }
}

pub(super) fn before(milestone: &MilestoneId, work: &WorkId, attempt: u32) -> String {
    format!("{milestone}/{work}/{attempt}/before")
}

pub(super) fn doc_path(milestone: &MilestoneId, edit: &DocEdit) -> RepoPath {
    path(&format!("{}/{}", folder(milestone), edit.file().path()))
}

/// A document after an edit; what only readers see is not simulated.
pub(super) fn edited(content: Option<Content>, edit: &DocEdit) -> Option<Content> {
    match (content, edit) {
        (Some(Content::Milestone(milestone)), DocEdit::MilestoneStatus { .. }) => {
            let mut milestone = Milestone::clone(&milestone);
            edits::apply(&mut milestone, edit);
            Some(Content::Milestone(Hashed::new(milestone)))
        }
        (Some(Content::Phase(phase)), DocEdit::PhaseStatus { status, .. }) => {
            Some(Content::Phase(Hashed::new(Phase { status: *status, ..Phase::clone(&phase) })))
        }
        (None | Some(Content::Context(_)), DocEdit::Cursor(cursor)) => {
            Some(Content::Context(Hashed::new(cursor.clone())))
        }
        (None, DocEdit::NewPhase(new)) => {
            let id = MilestoneId::parse("M1").unwrap();
            let mut milestone = milestone(&id, &[], false, false);
            edits::apply(&mut milestone, &DocEdit::NewPhase(new.clone()));
            milestone.phases.pop().map(|phase| Content::Phase(Hashed::new(phase)))
        }
        (content, _) => content,
    }
}
