//! The person: what they want, how they answer, and what they do meanwhile.

use std::sync::Arc;

use super::disk::{Author, Commit, Content, Hashed, set};
use super::oracle::Precious;
use super::schedule::{Deed, Dice, Mode, Schedule};
use super::world::{World, folder, path};
use crate::config::{Config, VerifyPlan};
use crate::id::{AgentName, PhaseId};
use crate::path::RepoPath;
use crate::plan::{By, Milestone, MilestoneStatus, Order, Phase, PhaseStatus};
use crate::record::{Answer, Record};
use crate::worker::{Asked, Auto, Fact, Policy, Presence, Question, Run};

/// The title of a phase that a person adds.
pub(super) const MORE: &str = "one more";

/// The verify command that is red where an agent did bad work.
pub(super) const CHECK: &str = "check";
/// Begins a verify command that is red until there is the file that it names.
pub(super) const MADE: &str = "made ";

pub(super) fn policy(schedule: &Schedule) -> Policy {
    let mut commands = Vec::new();
    if schedule.verifies {
        commands.push(CHECK.to_owned());
    }
    if schedule.red_base {
        commands.push("always-red".to_owned());
    }
    let config = Config {
        verify: VerifyPlan::Always(commands),
        gates: schedule.config.gates,
        review: schedule.config.review,
        default_agent: AgentName::parse("simulated").ok(),
        progress: None,
        ..Config::default()
    };
    let auto = match schedule.mode {
        Mode::Auto => Some(Auto { rfc: true, push: true }),
        Mode::AutoRfcOnly => Some(Auto { rfc: true, push: false }),
        Mode::Terminal | Mode::Headless | Mode::HeadlessWaiting => None,
    };
    let presence = match schedule.mode {
        Mode::Terminal => Presence::Terminal,
        Mode::HeadlessWaiting => Presence::Headless { wait: true },
        Mode::Auto | Mode::AutoRfcOnly | Mode::Headless => Presence::Headless { wait: false },
    };
    Policy { config, run: Run { auto, presence, once: true, only: None } }
}

impl World {
    /// How the person answers a question; they get tired of sending things back.
    pub(super) fn answer_to(&mut self, asked: &Asked, answers_so_far: u32) -> Answer {
        let tired = answers_so_far > 12;
        if let Question::Failed { work, .. } = &asked.question {
            self.mends(work.phase(), answers_so_far);
        }
        let dice = self.dice.below(100);
        match &asked.question {
            Question::Rfc { may_revise: true, .. } if dice < 20 && !tired => {
                Answer::Revise { feedback: "more".to_owned() }
            }
            Question::Push(_) | Question::Rejected(_) => match dice {
                0..10 if !tired => Answer::Revise { feedback: "src/shared.rs: nicer\nand faster".to_owned() },
                10..20 => Answer::Finish,
                20..27 if !tired => Answer::PushTo { branch: "elsewhere".to_owned() },
                _ => Answer::Approve,
            },
            Question::Rfc { .. } | Question::Trust { .. } | Question::TooLarge { .. } => Answer::Approve,
            Question::RedBase { .. } if dice < 30 => Answer::Verify { command: CHECK.to_owned() },
            Question::Dirty { phase: Some(_), paths, .. } if dice < 60 => {
                // They do as the question says, mostly.
                if dice < 50 {
                    for path in paths {
                        self.commit_path(path);
                    }
                }
                Answer::Retry { note: None }
            }
            Question::RedBase { .. } | Question::Dirty { .. } => Answer::Keep,
            Question::Failed { .. } if dice < if self.schedule.skips_often { 10 } else { 50 } && !tired => {
                Answer::Retry { note: (dice < 25).then(|| "try this".to_owned()) }
            }
            Question::Failed { .. } if asked.question.answers().contains(&"skip") => Answer::Skip,
            Question::MayBeYours { paths, .. } => {
                let is_mine = |path: &RepoPath| match self.disk.files.get(path) {
                    Some(Content::Text(number)) => self.authors.get(number) == Some(&Author::Person),
                    Some(Content::Phase(phase)) => phase.title.starts_with("edited"),
                    _ => false,
                };
                if paths.iter().all(is_mine) { Answer::Keep } else { Answer::Restore }
            }
            Question::History { claimed: Some(_), .. } if dice < 50 => Answer::Keep,
            Question::History { .. } => {
                self.switch_back();
                self.merge_what_both_changed(asked);
                Answer::Retry { note: None }
            }
            Question::Failed { .. } | Question::Interrupted { .. } | Question::Locked { .. } => {
                Answer::Retry { note: None }
            }
        }
    }

    /// Asked about a failure, the person sees to what it came from before they answer: the role, the phase, a note.
    ///
    /// Dice of its own: whether they do it shifts nothing else.
    pub(super) fn mends(&mut self, phase: Option<&PhaseId>, answers_so_far: u32) {
        let mut dice = Dice::new(self.schedule.seed ^ u64::from(answers_so_far).rotate_left(32));
        let mended = match dice.below(6) {
            0 => path(".orchestra/roles/backend-engineer.md"),
            1 => path("notes/today.txt"),
            2 => return self.rewords(phase),
            _ => return,
        };
        self.say(|| format!("  ! the person writes {mended}"));
        self.writes(&mended, true);
        self.at_leisure.insert(self.texts);
    }

    fn rewords(&mut self, phase: Option<&PhaseId>) {
        let is_it = |content: &Content| matches!(content, Content::Phase(found) if Some(&found.id) == phase);
        let found = self.disk.files.iter().find(|(_, content)| is_it(content));
        if let Some((path, _)) = found {
            self.retitles(&path.clone());
        }
    }

    /// Goes back to the branch on which the milestone in hand was begun.
    pub(super) fn switch_back(&mut self) {
        let begun = self.journal.iter().rev().find_map(|record| match record {
            Record::Picked { branch, .. } => Some(branch.clone()),
            _ => None,
        });
        let begun = begun.unwrap_or_else(|| "main".to_owned());
        for path in self.disk.switch(&begun) {
            // What is in the way is thrown away: it is the person's to decide.
            self.oracle.let_go(self.disk.files.get(&path).cloned().as_ref());
            self.oracle.let_go(self.disk.index.get(&path).cloned().as_ref());
            let committed = self.disk.head_tree().get(&path).cloned();
            self.disk.write(&path, committed.clone(), true);
            super::disk::set(&mut self.disk.index, &path, committed);
        }
        self.disk.switch(&begun);
    }

    /// Asked about files that both changed, the person commits what is in the tree.
    fn merge_what_both_changed(&mut self, asked: &Asked) {
        let Question::History { trouble, .. } = &asked.question else { return };
        let named = self.disk.files.keys().find(|path| trouble.starts_with(&path.to_string())).cloned();
        if let Some(path) = named {
            self.commit_path(&path);
        }
    }

    fn commit_path(&mut self, path: &RepoPath) {
        let mut tree = self.disk.head_tree().clone();
        let content = self.disk.files.get(path).cloned();
        let staged = self.disk.index.get(path).cloned();
        if staged != content {
            self.oracle.let_go(staged.as_ref());
        }
        for tree in [&mut tree, &mut self.disk.index] {
            set(tree, path, content.clone());
        }
        self.disk.unsynced.remove(path);
        let parent = Some(self.disk.head());
        let id = self.disk.commit(Commit { parent, tree, of: None, author: Author::Person });
        let branch = self.disk.branch.clone();
        self.disk.branches.insert(branch, id);
    }

    fn writes(&mut self, path: &RepoPath, keep: bool) {
        let before = self.disk.files.get(path).cloned();
        let is_own = |content: &Content| matches!(content, Content::Text(number) if self.authors.get(number) == Some(&Author::Person));
        if before.as_ref().is_some_and(is_own) {
            self.oracle.let_go(before.as_ref());
        }
        let text = self.text(Author::Person);
        if let (Content::Text(number), true) = (&text, keep) {
            self.oracle.keep(Precious::Text(*number));
        }
        self.disk.write(path, Some(text), true);
    }

    fn head_is_agents(&self) -> bool {
        self.disk.commits[&self.disk.head()].author == Author::Agent
    }

    pub(super) fn person_does(&mut self, deed: Deed) {
        let notes = path("notes/today.txt");
        let inside = path("src/shared.rs");
        match deed {
            Deed::EditsElsewhere => self.writes(&notes, true),
            Deed::EditsInside => self.writes(&path("src/person.rs"), false),
            Deed::Stages => {
                self.writes(&notes, true);
                let staged = self.disk.files[&notes].clone();
                self.oracle.let_go(self.disk.index.get(&notes).cloned().as_ref());
                self.disk.index.insert(notes, staged);
            }
            Deed::StagesThenEdits => {
                self.person_does(Deed::Stages);
                let text = self.text(Author::Person);
                self.disk.write(&notes, Some(text), true);
            }
            Deed::CommitsElsewhere if !self.head_is_agents() => {
                self.writes(&notes, true);
                self.commit_path(&notes);
            }
            Deed::CommitsInside if !self.head_is_agents() => {
                self.writes(&inside, false);
                self.commit_path(&inside);
            }
            Deed::EditsDocument => self.edits_document(),
            Deed::ClaimsDone => self.claims_done(),
            Deed::SwitchesBranch => {
                let tip = self.disk.head();
                self.disk.branches.entry("other".to_owned()).or_insert(tip);
                // Where git refuses, nothing has happened.
                self.disk.switch("other");
            }
            Deed::Amends => self.amends(),
            Deed::EditsRfc => self.edits_rfc(),
            Deed::AddsPhase => self.adds_phase(),
            Deed::CommitsElsewhere | Deed::CommitsInside => {}
        }
        let plan = Box::new(self.plan());
        let policy = Box::new(policy(&self.schedule));
        self.queue.push_back(Fact::Scanned { plan, policy, untrusted: None });
    }

    fn edits_document(&mut self) {
        let phases: Vec<RepoPath> = self
            .disk
            .files
            .iter()
            .filter(|(_, content)| matches!(content, Content::Phase(_)))
            .map(|(path, _)| path.clone())
            .collect();
        let chosen = phases[usize::try_from(self.dice.below(phases.len() as u64)).unwrap()].clone();
        self.retitles(&chosen);
    }

    fn retitles(&mut self, chosen: &RepoPath) {
        let Some(Content::Phase(before)) = self.disk.files.get(chosen).cloned() else { return };
        self.texts += 1;
        let title = format!("edited {}", self.texts);
        self.oracle.keep(Precious::Title(title.clone()));
        let phase = Phase { title, ..Phase::clone(&before) };
        self.oracle.let_go(Some(&Content::Phase(before)));
        self.disk.write(chosen, Some(Content::Phase(Hashed::new(phase))), true);
    }

    /// Sets a phase that has not begun to `done`.
    /// Says of a phase that it is done. A milestone that is closed is nobody's business any more.
    fn claims_done(&mut self) {
        let plan = self.plan();
        let open = plan.milestones.iter().filter(|milestone| milestone.status != MilestoneStatus::Done);
        let open: Vec<String> = open.map(|milestone| folder(&milestone.id)).collect();
        let is_open = |path: &RepoPath| open.iter().any(|folder| path.is_beneath(folder.as_bytes()));
        let pending = self.disk.files.iter().find_map(|(path, content)| match content {
            Content::Phase(phase) if phase.status == PhaseStatus::Pending && is_open(path) => {
                Some((path.clone(), Phase { status: PhaseStatus::Done, ..Phase::clone(phase) }))
            }
            _ => None,
        });
        if let Some((path, phase)) = pending {
            self.disk.write(&path, Some(Content::Phase(Hashed::new(phase))), true);
        }
    }

    /// Plans one more phase in the first milestone that is not closed, nor about to be.
    fn adds_phase(&mut self) {
        let plan = self.plan();
        let is_answered = |milestone: &Milestone| {
            let answer = self.memory.recall(&milestone.id).answer("push", None).cloned();
            answer.is_some_and(|answered| matches!(answered.answer, Answer::Approve | Answer::Finish))
        };
        let is_open = |milestone: &&Arc<Milestone>| {
            milestone.status != MilestoneStatus::Done && !is_answered(milestone)
        };
        let Some(open) = plan.milestones.iter().find(is_open) else { return };
        let path = path(&format!("{}/phases/phase-9.md", folder(&open.id)));
        if let Some(first) = open.phases.first()
            && !self.disk.files.contains_key(&path)
        {
            let (id, title) = (PhaseId::parse("phase-9").unwrap(), MORE.to_owned());
            let (status, order) = (PhaseStatus::Pending, Order(9_000_000));
            let phase = Phase { id, title, status, order, depends_on: Vec::new(), ..first.clone() };
            let content = Content::Phase(Hashed::new(phase));
            // With an editor, or by approving a change of the plan.
            if Dice::new(self.schedule.seed.rotate_left(16)).below(2) == 0 {
                let (milestone, of) = (open.id.clone(), content.hash());
                let (reason, changes) = ("why not".to_owned(), vec!["phase-9 added".to_owned()]);
                let record = Record::Replanned { milestone, reason, changes, of, by: By::User };
                self.remember(Record::Wrote { path: path.clone(), hash: of });
                self.remember(record.clone());
                self.queue.push_back(Fact::Recorded(record));
            }
            self.disk.write(&path, Some(content), true);
        }
    }

    /// `git commit --amend` of one of the worker's commits: another id, the same trailers.
    fn amends(&mut self) {
        let head = self.disk.head();
        let commit = self.disk.commits[&head].clone();
        let is_published = self.disk.tracking.values().any(|tip| self.disk.below(tip).contains(&head));
        // An amended commit is made of the index; a person looks before they do that.
        let is_index_clean = self.disk.index == commit.tree;
        if commit.author == Author::Us && !is_published && is_index_clean {
            let id = self.disk.commit(commit);
            let branch = self.disk.branch.clone();
            self.disk.branches.insert(branch, id);
        }
    }

    fn edits_rfc(&mut self) {
        let rfcs: Vec<RepoPath> =
            self.disk.files.keys().filter(|path| path.as_bytes().ends_with(b"/rfc.md")).cloned().collect();
        if let (Some(rfc), None) = (rfcs.first(), &self.running) {
            self.writes(&rfc.clone(), false);
        }
    }
}
