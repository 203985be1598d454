//! Performs effects on the simulated disk, in steps that can be cut, and observes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::super::edits;
use super::agent::Running;
use super::disk::{Author, Commit, Content, Disk, Hashed, Saved, Tree, set};
use super::oracle::Oracle;
use super::schedule::{Dice, Disturbance, Misdeed, Mode, Schedule};
use crate::edit::DocEdit;
use crate::id::{GateId, MilestoneId, PhaseId, RoleId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::{Cursor, Format, Milestone, Phase, PhaseStatus, Plan, Role};
use crate::record::Record;
use crate::repo::{
    Change, ChangeKind, CommitId, Head, History, LedgerEntry, PushCommit, PushTarget, Survey, TreeId,
};
use crate::worker::{
    Asked, Checked, CommitOrder, Effect, Fact, Failure, FailureKind, Inspection, Memory, Observed, Unprepared,
};

/// Why an effect did not come to its end.
pub(super) enum Cut {
    Killed,
    Left(u8),
    Failed(Failure),
    Broken(String),
}

pub(super) type Done = Result<(), Cut>;

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
    pub(super) too_large: bool,
    pub(super) refusals: u32,
    pub(super) stop: Option<crate::worker::Stop>,
    pub(super) disk_full: bool,
    pub(super) killed: Option<bool>,
    pub(super) narrow: bool,
    pub(super) deferred: Vec<super::schedule::Deed>,
    pub(super) texts: u32,
    pub(super) authors: BTreeMap<u32, Author>,
    pub(super) bad: BTreeSet<u32>,
    pub(super) oracle: Oracle,
    pub(super) log: Option<Vec<String>>,
    /// Every effect with the moment at which it was decided, for traces.
    pub(super) decided: Option<Vec<(Timestamp, Effect)>>,
}

pub(super) fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).unwrap()
}

fn tree_of(commit: &CommitId) -> TreeId {
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
        if self.disk_full {
            self.disk_full = false;
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
            Disturbance::DiskFull => self.disk_full = true,
            Disturbance::Agent(misdeed) => self.misdeeds.push_back(misdeed),
            Disturbance::HookRefuses | Disturbance::HookWanders => self.hook = Some(disturbance),
            Disturbance::TooLarge => self.too_large = true,
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
        match effect {
            Effect::Record(record) => {
                self.tick()?;
                self.oracle.records(&record, &self.schedule).map_err(Cut::Broken)?;
                self.judge_answer(&record).map_err(Cut::Broken)?;
                if let Record::Pushed { commit, .. } = &record {
                    self.judge_published(commit).map_err(Cut::Broken)?;
                }
                if let Record::RfcReady { milestone, .. } = &record {
                    self.disk.unsynced.remove(&path(&format!("{}/rfc.md", folder(milestone))));
                }
                self.remember(record);
                Ok(())
            }
            Effect::Write { milestone, edits } => self.write(&milestone, &edits),
            Effect::Look => self.later(|world| Fact::Looked(Box::new(world.observe()))),
            Effect::Snapshot { work, limit: Some(limit), .. } if std::mem::take(&mut self.too_large) => {
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
            Effect::CancelTurn { turn } => {
                self.tick()?;
                self.cancel_turn(turn);
                Ok(())
            }
            Effect::Inspect { milestone, work, baseline, .. } => {
                self.tick()?;
                self.fold(&milestone, &work)?;
                if !self.disk.rescue.contains_key(&before(&milestone, &work, baseline)) {
                    return Err(Cut::Broken(format!(
                        "{work} was looked at without a snapshot to compare with"
                    )));
                }
                let found = self.inspection(&milestone, &work, baseline);
                self.queue.push_back(Fact::Inspected { work, found });
                Ok(())
            }
            Effect::PutBack { milestone, work, attempt, baseline, label, paths } => {
                self.put_back(&milestone, work, attempt, baseline, label, &paths)
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

    /// The agent's own commits go back into the tree; the originals stay under a ref.
    fn fold(&mut self, milestone: &MilestoneId, work: &WorkId) -> Done {
        let own: Vec<CommitId> = {
            let ids = self.disk.below(&self.disk.head());
            ids.into_iter().take_while(|id| self.disk.commits[id].author == Author::Agent).collect()
        };
        let Some(oldest) = own.last() else { return Ok(()) };
        let parent = self.disk.commits[oldest].parent.clone().unwrap();
        let head = Some(own[0].clone());
        self.disk.rescue.insert(format!("{milestone}/{work}/own"), Saved { head, ..Saved::default() });
        self.tick()?;
        let branch = self.disk.branch.clone();
        // The index lets go of what the agent put there; what a person staged stays.
        let (theirs, before) = (self.disk.head_tree().clone(), self.disk.commits[&parent].tree.clone());
        for path in theirs.keys().chain(before.keys()).filter(|path| theirs.get(*path) != before.get(*path)) {
            if self.disk.index.get(path) == theirs.get(path) {
                set(&mut self.disk.index, path, before.get(path).cloned());
            }
        }
        self.disk.branches.insert(branch, parent);
        Ok(())
    }

    /// What a path was before the work: as it was saved where it was dirty, else as the head has it.
    fn earlier(&self, saved: &Saved, path: &RepoPath) -> Option<Content> {
        let head = saved.head.as_ref().map(|head| &self.disk.commits[head].tree);
        saved.files.get(path).cloned().unwrap_or_else(|| head.and_then(|tree| tree.get(path)).cloned())
    }

    pub(super) fn inspection(&self, milestone: &MilestoneId, work: &WorkId, baseline: u32) -> Inspection {
        let empty = Saved { head: Some(self.disk.head()), ..Saved::default() };
        let saved = self.disk.rescue.get(&before(milestone, work, baseline)).unwrap_or(&empty);
        let tree = self.disk.head_tree();
        let then = saved.head.as_ref().map_or(tree, |head| &self.disk.commits[head].tree);
        let all: BTreeSet<&RepoPath> =
            then.keys().chain(tree.keys()).chain(self.disk.files.keys()).chain(saved.files.keys()).collect();
        let overtaken: Vec<RepoPath> = all
            .iter()
            .filter(|path| then.get(**path) != tree.get(**path))
            .map(|path| (*path).clone())
            .collect();
        let own = folder(milestone);
        let memory = &self.memory;
        let is_ours =
            |path: &RepoPath, now: Option<&Content>| now.is_some_and(|now| memory.is_ours(path, now.hash()));
        let is_elsewhere =
            |path: &RepoPath| path.is_beneath(b".orchestra/milestones") && !path.is_beneath(own.as_bytes());
        let changes = all
            .into_iter()
            .filter(|path| !is_elsewhere(path))
            .filter_map(|path| {
                let (earlier, now) = (self.earlier(saved, path), self.disk.files.get(path));
                // Somebody has committed it, and it is as the head has it now. What was dirty may also just be back at
                // what the head always had: that is a change.
                let is_clean = now == tree.get(path) && self.disk.index.get(path) == tree.get(path);
                let is_heads = if saved.files.contains_key(path) {
                    is_clean && tree.get(path) != then.get(path)
                } else {
                    now == tree.get(path)
                };
                let changed = earlier.as_ref() != now && !is_heads && !is_ours(path, now);
                let kind = match (earlier.is_some(), now.is_some()) {
                    (false, _) => ChangeKind::Added,
                    (true, true) => ChangeKind::Modified,
                    (true, false) => ChangeKind::Deleted,
                };
                let dirty_before = saved.files.contains_key(path);
                let content = now.map(Content::hash);
                changed.then(|| Change { path: path.clone(), kind, dirty_before, unfit: None, content })
            })
            .collect();
        let base = self.context(milestone).map(|cursor| cursor.base);
        let below = self.disk.below(&self.disk.head());
        Inspection {
            head: self.head(),
            descends: base.is_none_or(|base| below.contains(&base)),
            changes,
            overtaken,
            rfc_document: self.rfc(milestone),
            folded: None,
            tangled: false,
        }
    }

    fn put_back(
        &mut self,
        milestone: &MilestoneId,
        work: WorkId,
        attempt: u32,
        baseline: u32,
        label: &str,
        paths: &[RepoPath],
    ) -> Done {
        self.tick()?;
        let present: BTreeMap<RepoPath, Option<Content>> =
            paths.iter().map(|path| (path.clone(), self.disk.files.get(path).cloned())).collect();
        let name = format!("{milestone}/{work}/{attempt}/{label}");
        let reference = self.disk.save_beside(&name, present.clone());
        let empty = Saved { head: Some(self.disk.head()), ..Saved::default() };
        let saved = self.disk.rescue.get(&before(milestone, &work, baseline)).cloned().unwrap_or(empty);
        let documents =
            self.disk.rescue.get(&before(milestone, &work, attempt)).cloned().unwrap_or(saved.clone());
        for path in paths {
            self.tick()?;
            if self.disk.files.get(path) != present[path].as_ref() {
                // Somebody changed it since it was saved: it is left.
                continue;
            }
            let saved = if path.is_beneath(b".orchestra") { &documents } else { &saved };
            let now = self.disk.head_tree().get(path).cloned();
            let content = saved.files.get(path).cloned().unwrap_or(now);
            self.disk.write(path, content, true);
        }
        self.queue.push_back(Fact::PutBack { work, reference });
        Ok(())
    }

    fn verify(&mut self, work: &WorkId, commands: &[String]) -> Vec<Checked> {
        let is_code = |path: &&RepoPath| path.is_beneath(b"src") || path.is_beneath(b"web");
        let code: Tree = self
            .disk
            .files
            .iter()
            .filter(|(path, _)| is_code(path))
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect();
        let is_bad =
            code.values().any(|text| matches!(text, Content::Text(number) if self.bad.contains(number)));
        let is_red = |command: &str| if command == "always-red" { self.schedule.red_base } else { is_bad };
        let results: Vec<Checked> = commands
            .iter()
            .map(|command| Checked {
                command: command.clone(),
                green: !is_red(command),
                output: String::new(),
            })
            .collect();
        if *work == WorkId::Base {
            self.oracle.base.clone_from(&results);
        } else if results.iter().all(|result| result.green) {
            self.oracle.verified = Some(self.disk.files.clone());
        }
        results
    }

    /// Makes a commit object and syncs it, and the files it was made of; nothing shared is touched.
    fn prepare(&mut self, order: CommitOrder) -> Done {
        self.tick()?;
        let hook = self.hook.take();
        if hook == Some(Disturbance::HookRefuses) {
            let why = Unprepared::Hook { hook: "pre-commit".to_owned(), output: "no".to_owned() };
            self.queue.push_back(Fact::Unprepared { work: order.work, why });
            return Ok(());
        }
        let own = folder(&order.milestone);
        if order.approved_rfc.is_some() && self.rfc(&order.milestone) != order.approved_rfc {
            let why = Unprepared::Changed { path: path(&format!("{own}/rfc.md")) };
            self.queue.push_back(Fact::Unprepared { work: order.work, why });
            return Ok(());
        }
        let mut tree = self.disk.commits[&order.parent].tree.clone();
        let mut put = |path: &RepoPath, content: Option<Content>| drop(set(&mut tree, path, content));
        let is_changed = |(path, content): &&(RepoPath, Option<ContentHash>)| {
            self.disk.files.get(path).map(Content::hash) != *content
        };
        if let Some((path, _)) = order.paths.iter().find(is_changed) {
            let why = Unprepared::Changed { path: path.clone() };
            self.queue.push_back(Fact::Unprepared { work: order.work, why });
            return Ok(());
        }
        for (path, _) in &order.paths {
            put(path, self.disk.files.get(path).cloned());
            self.disk.unsynced.remove(path);
        }
        if !self.schedule.private {
            let mut documents: Tree = self.disk.files.clone();
            documents.retain(|path, _| path.is_beneath(own.as_bytes()));
            let touched: BTreeSet<RepoPath> =
                order.edits.iter().map(|edit| doc_path(&order.milestone, edit)).collect();
            for edit in &order.edits {
                let path = doc_path(&order.milestone, edit);
                let after = edited(documents.get(&path).cloned(), edit);
                after.map(|after| documents.insert(path, after));
            }
            for (path, content) in documents {
                if order.plan_too || touched.contains(&path) || path.as_bytes().ends_with(b"milestone.md") {
                    put(&path, Some(content));
                }
            }
        }
        let mut changed_by_hooks = Vec::new();
        if hook == Some(Disturbance::HookWanders) {
            let wandered = path("vendor/generated.txt");
            if !order.leave_out.contains(&wandered) {
                put(&wandered, Some(Content::Text(u32::MAX)));
                changed_by_hooks.push(wandered);
            }
        }
        let of = Some((order.milestone.clone(), order.work.clone()));
        let commit =
            self.disk.commit(Commit { parent: Some(order.parent.clone()), tree, of, author: Author::Us });
        let subject = order.message.lines().next().unwrap_or_default().to_owned();
        self.queue.push_back(Fact::Prepared { work: order.work, commit, subject, changed_by_hooks });
        Ok(())
    }

    fn swap(&mut self, work: WorkId, branch: &str, commit: CommitId, parent: &CommitId) -> Done {
        self.tick()?;
        if self.disk.branch != branch {
            let branch = Some(self.disk.branch.clone());
            self.queue.push_back(Fact::NotSwapped { work, branch });
            return Ok(());
        }
        if self.disk.head() != *parent {
            self.queue.push_back(Fact::NotSwapped { work, branch: Some(branch.to_owned()) });
            return Ok(());
        }
        self.judge_commit(&commit).map_err(Cut::Broken)?;
        self.disk.branches.insert(branch.to_owned(), commit.clone());
        self.tick()?;
        self.queue.push_back(Fact::Swapped { work, commit });
        Ok(())
    }

    /// The index agrees with a commit.
    fn settle(&mut self, commit: &CommitId) -> Done {
        let Commit { parent, tree, .. } = self.disk.commits[commit].clone();
        let below = parent.map(|parent| self.disk.commits[&parent].tree.clone()).unwrap_or_default();
        let paths: BTreeSet<RepoPath> = tree.keys().chain(below.keys()).cloned().collect();
        for path in paths.into_iter().filter(|path| tree.get(path) != below.get(path)) {
            self.tick()?;
            let (staged, content) = (self.disk.index.get(&path).cloned(), tree.get(&path).cloned());
            if staged.is_some() && staged != content && staged.as_ref() != below.get(&path) {
                self.disk.save_beside("staged", [(path.clone(), staged)].into());
            }
            set(&mut self.disk.index, &path, content);
        }
        Ok(())
    }

    fn recover(&mut self, milestone: &MilestoneId, commit: &CommitId) -> Done {
        self.settle(commit)?;
        let own = folder(milestone);
        let Commit { parent, tree, .. } = self.disk.commits[commit].clone();
        let below = parent.map(|parent| self.disk.commits[&parent].tree.clone()).unwrap_or_default();
        let memory = self.memory.clone();
        let is_of_commit = |path: &RepoPath, content: &Content| {
            path.is_beneath(own.as_bytes()) && below.get(path) != Some(content)
        };
        for (path, content) in tree.into_iter().filter(|(path, content)| is_of_commit(path, content)) {
            self.tick()?;
            let now = self.disk.files.get(&path).map(Content::hash);
            if now.is_some_and(|now| memory.is_before_commit(&path, now) && now != content.hash()) {
                self.remember(Record::Wrote { path: path.clone(), hash: content.hash() });
                self.disk.write(&path, Some(content), true);
            }
        }
        Ok(())
    }

    fn survey(&mut self, branch: Option<String>) -> Survey {
        let branch = branch.unwrap_or_else(|| self.disk.branch.clone());
        let head = self.disk.head();
        let known: BTreeSet<CommitId> =
            self.disk.tracking.values().flat_map(|tip| self.disk.below(tip)).collect();
        let mut commits: Vec<CommitId> =
            self.disk.below(&head).into_iter().filter(|id| !known.contains(id)).collect();
        commits.reverse();
        let commits: Vec<PushCommit> = commits
            .into_iter()
            .map(|id| {
                let of = self.disk.commits[&id].of.clone();
                PushCommit { id, subject: String::new(), of }
            })
            .collect();
        let target =
            PushTarget::Remote { name: "origin".to_owned(), url: "file:///remote".to_owned(), branch };
        Survey { head: Some(head), target, commits, files: Vec::new() }
    }

    fn push(&mut self, commit: CommitId, branch: String) -> Done {
        self.tick()?;
        if self.refusals > 0 {
            self.refusals -= 1;
            self.queue.push_back(Fact::NotPushed { words: "rejected".to_owned() });
            return Ok(());
        }
        self.judge_push(&commit).map_err(Cut::Broken)?;
        self.disk.remote.insert(branch.clone(), commit.clone());
        self.tick()?;
        self.disk.tracking.insert(branch, commit.clone());
        self.queue.push_back(Fact::Pushed { commit });
        Ok(())
    }

    pub(super) fn head(&self) -> Head {
        let commit = self.disk.head();
        Head { branch: self.disk.branch.clone(), tree: tree_of(&commit), commit }
    }

    pub(super) fn rfc(&self, milestone: &MilestoneId) -> Option<ContentHash> {
        self.disk.files.get(&path(&format!("{}/rfc.md", folder(milestone)))).map(Content::hash)
    }

    pub(super) fn context(&self, milestone: &MilestoneId) -> Option<Cursor> {
        match self.disk.files.get(&path(&format!("{}/context.md", folder(milestone)))) {
            Some(Content::Context(cursor)) => Some(Cursor::clone(cursor)),
            _ => None,
        }
    }

    pub(super) fn plan(&self) -> Plan {
        let mut milestones = Vec::new();
        for content in self.disk.files.values() {
            let Content::Milestone(milestone) = content else { continue };
            let mut milestone = Milestone::clone(milestone);
            let phases = path(&format!("{}/phases", folder(&milestone.id)));
            milestone.phases = self
                .disk
                .files
                .iter()
                .filter(|(path, _)| path.is_beneath(phases.as_bytes()))
                .filter_map(|(_, content)| match content {
                    Content::Phase(phase) => Some(Phase::clone(phase)),
                    Content::Text(_) | Content::Milestone(_) | Content::Context(_) => None,
                })
                .collect();
            milestone.phases.sort_by_key(|phase| (phase.order, phase.id.clone()));
            milestone.cursor = self.context(&milestone.id);
            milestone.rfc_document = self.rfc(&milestone.id);
            milestones.push(milestone);
        }
        Plan { milestones, roles: roles(), set_aside: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn observe(&mut self) -> Observed {
        let plan = self.plan();
        let memory = self.memory.clone();
        let histories = plan
            .milestones
            .iter()
            .filter_map(|milestone| {
                let base = milestone.cursor.as_ref().map(|cursor| cursor.base.clone());
                let base = base.or_else(|| memory.recall(&milestone.id).picked.map(|picked| picked.base))?;
                Some((milestone.id.clone(), self.history(milestone, &base)))
            })
            .collect();
        let dirty = self.disk.dirty().into_keys().filter(|path| !path.is_beneath(b".orchestra")).collect();
        Observed {
            policy: super::person::policy(&self.schedule),
            head: Ok(self.head()),
            dirty,
            histories,
            memory,
            untrusted: None,
            private: self.schedule.private,
            plan,
        }
    }

    fn history(&self, milestone: &Milestone, base: &CommitId) -> History {
        let descends = self.disk.below(&self.disk.head()).contains(base);
        let commits = self.disk.since(base).into_iter().filter_map(|id| {
            let commit = &self.disk.commits[&id];
            let (of, work) = commit.of.clone()?;
            (of == milestone.id && commit.author != Author::Agent).then(|| LedgerEntry {
                work,
                commit: id,
                subject: String::new(),
            })
        });
        let status = path(&format!("{}/milestone.md", folder(&milestone.id)));
        let is_done = |tip: &CommitId| {
            matches!(self.disk.commits[tip].tree.get(&status),
                Some(Content::Milestone(found)) if found.status == crate::plan::MilestoneStatus::Done)
        };
        History {
            commits: commits.collect(),
            reverted: Vec::new(),
            descends,
            complete: true,
            published: self.disk.tracking.get(&self.disk.branch).is_some_and(is_done),
        }
    }
}

pub(super) fn before(milestone: &MilestoneId, work: &WorkId, attempt: u32) -> String {
    format!("{milestone}/{work}/{attempt}/before")
}

pub(super) fn doc_path(milestone: &MilestoneId, edit: &DocEdit) -> RepoPath {
    path(&format!("{}/{}", folder(milestone), edit.file().path()))
}

/// A document after an edit; what only readers see is not simulated.
fn edited(content: Option<Content>, edit: &DocEdit) -> Option<Content> {
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

pub(super) fn milestone(id: &MilestoneId, after: &[MilestoneId], rfc: bool, hold: bool) -> Milestone {
    use crate::plan::{GateKind, MilestoneStatus, Priority, RfcNeed};
    Milestone {
        id: id.clone(),
        folder: id.to_string(),
        title: "a title".to_owned(),
        status: MilestoneStatus::Planning,
        reason: None,
        priority: Priority::P1,
        depends_on: after.to_vec(),
        rfc: if rfc { RfcNeed::Required } else { RfcNeed::Skip },
        hold: if hold { vec![GateKind::Push] } else { Vec::new() },
        created: None,
        phases: Vec::new(),
        cursor: None,
        rfc_document: None,
        format: Format::Current,
    }
}

pub(super) fn phase(number: u64, role: &str) -> Phase {
    let id = |number: u64| PhaseId::parse(&format!("phase-{number}")).unwrap();
    Phase {
        id: id(number),
        role: RoleId::parse(role).unwrap(),
        title: format!("phase {number}"),
        status: PhaseStatus::Pending,
        order: crate::plan::Order(i64::try_from(number).unwrap() * 1_000_000),
        depends_on: if number > 1 { vec![id(number - 1)] } else { Vec::new() },
        files: Vec::new(),
        files_strict: false,
        verify: None,
        complexity: crate::plan::Complexity::Standard,
        may_be_empty: false,
        feedback: None,
    }
}

fn roles() -> Vec<Role> {
    let role = |id: &str, writes: &[&str]| Role {
        id: RoleId::parse(id).unwrap(),
        alias: None,
        icon: None,
        writes: writes.iter().map(|glob| (*glob).to_owned()).collect(),
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    };
    vec![
        role("architect", &[".orchestra/milestones/*/rfc.md"]),
        role("backend-engineer", &["src/**"]),
        role("frontend-engineer", &["web/**"]),
        role("code-reviewer", &[]),
    ]
}
