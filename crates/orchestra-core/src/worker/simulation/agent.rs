//! The simulated agent: what it writes, one file a tick, and how it ends.

use std::collections::VecDeque;
use std::time::Duration;

use super::disk::{Author, Commit, Content, Hashed, Tree};
use super::schedule::Misdeed;
use super::world::{Cut, Done, World, folder, path};
use crate::id::{TurnId, WorkId};
use crate::own_tool::on_record::OnRecord;
use crate::path::RepoPath;
use crate::plan::{Milestone, MilestoneStatus, Phase, PhaseStatus};
use crate::report::{Fault, Finding, Outcome, Report, Severity, Verdict};
use crate::worker::{Fact, TurnOrder};

pub(super) struct Running {
    pub(super) order: TurnOrder,
    deeds: VecDeque<Deed>,
    outcome: Outcome,
    /// How much of what was said to it it has heard.
    pub(super) heard: u32,
}

enum Deed {
    Write(RepoPath, bool),
    Delete(RepoPath),
    Forge,
    Commit,
}

impl World {
    pub(super) fn start_turn(&mut self, order: TurnOrder) -> Done {
        if self.running.is_some() {
            return Err(Cut::Broken("a second agent was started in the same tree".to_owned()));
        }
        self.oracle.verifications = 0;
        self.oracle.turn_begins(&self.disk, &self.authors);
        self.oracle.words.told(&order).map_err(Cut::Broken)?;
        let (mut deeds, mut report) = self.honest_work(&order);
        let misdeed = if self.schedule.hopeless && order.work.to_string() == "phase-1" {
            Some(Misdeed::Red)
        } else {
            self.misdeeds.pop_front()
        };
        let outcome = misdeed.and_then(|misdeed| self.spoil(misdeed, &mut deeds, &mut report));
        let outcome = outcome.unwrap_or_else(|| Outcome::Reported(Box::new(report)));
        self.running = Some(Running { order, deeds, outcome, heard: 0 });
        Ok(())
    }

    fn honest_work(&mut self, order: &TurnOrder) -> (VecDeque<Deed>, Report) {
        let mut report = Report { summary: "done".to_owned(), ..Report::default() };
        let mut deeds = VecDeque::new();
        let mine = if order.role.as_str() == "frontend-engineer" { "web" } else { "src" };
        match &order.work {
            WorkId::Rfc => {
                deeds.push_back(Deed::Write(path(&format!("{}/rfc.md", folder(&order.milestone))), true));
            }
            WorkId::Phase(phase) => {
                deeds.push_back(Deed::Write(path(&format!("{mine}/{}-{phase}.rs", order.milestone)), true));
                if self.dice.chance(50) {
                    deeds.push_back(Deed::Write(path(&format!("{mine}/shared.rs")), true));
                }
            }
            WorkId::Fix { .. } => {
                deeds.push_back(Deed::Write(path(&format!("{mine}/{}-phase-1.rs", order.milestone)), true));
            }
            WorkId::Review(round) => {
                let finds = self.schedule.finds_fault && *round == 1;
                report.verdict = Some(if finds { Verdict::ChangesRequested } else { Verdict::Approved });
                if finds {
                    // Nobody owns the guide: what is wrong there is shown at the gate.
                    let (owned, guide) =
                        (format!("src/{}-phase-1.rs", order.milestone), "docs/guide.md".to_owned());
                    let files = if self.dice.chance(80) {
                        vec![owned]
                    } else if self.dice.chance(50) {
                        vec![guide]
                    } else {
                        vec![owned, guide]
                    };
                    for file in files {
                        let (severity, message) = (Severity::Blocking, "wrong".to_owned());
                        report.findings.push(Finding { severity, file, message, ..Finding::default() });
                    }
                }
            }
            WorkId::Base | WorkId::Diagnosis(_) | WorkId::Close(_) => {}
        }
        (deeds, report)
    }

    fn spoil(
        &mut self,
        misdeed: Misdeed,
        deeds: &mut VecDeque<Deed>,
        report: &mut Report,
    ) -> Option<Outcome> {
        match misdeed {
            Misdeed::StopsHalfway => deeds.truncate(deeds.len() / 2),
            Misdeed::Nothing => deeds.clear(),
            Misdeed::ElsewhereInRoom => {
                *deeds = VecDeque::from([Deed::Write(path("src/else.rs"), true)]);
            }
            Misdeed::Red => {
                for deed in deeds.iter_mut() {
                    if let Deed::Write(_, good) = deed {
                        *good = false;
                    }
                }
            }
            Misdeed::OutOfRoom => {
                deeds.extend(["Makefile", "docs/guide.md"].map(|name| Deed::Write(path(name), true)));
            }
            Misdeed::ForgesDocuments => deeds.push_back(Deed::Forge),
            Misdeed::OwnCommit => deeds.push_back(Deed::Commit),
            Misdeed::TouchesDirty => deeds.push_back(Deed::Write(path("src/mine.rs"), true)),
            Misdeed::TouchesDirtyAndFails => deeds.push_front(Deed::Write(path("src/mine.rs"), true)),
            Misdeed::OverwritesPerson => deeds.push_front(Deed::Write(path("src/person.rs"), true)),
            Misdeed::Deletes => {
                deeds.extend(["docs/guide.md", "src/shared.rs"].map(|name| Deed::Delete(path(name))));
            }
            Misdeed::NoVerdict => report.verdict = None,
            Misdeed::Transient
            | Misdeed::Failed
            | Misdeed::TimedOut
            | Misdeed::UsageLimit
            | Misdeed::Unusable => {}
        }
        let fault = self.fault_of(misdeed)?;
        deeds.truncate(1);
        Some(Outcome::Faulted(fault))
    }

    /// How the turn ends, where it ends badly.
    fn fault_of(&self, misdeed: Misdeed) -> Option<Fault> {
        let message = "as simulated".to_owned();
        match misdeed {
            Misdeed::Transient => Some(Fault::Transient { message, retry_after: None }),
            Misdeed::Failed | Misdeed::TouchesDirtyAndFails => Some(Fault::Failed { message }),
            Misdeed::TimedOut => Some(Fault::TimedOut { after: Duration::from_secs(1) }),
            Misdeed::UsageLimit => {
                let until = self.clock.checked_add(jiff::SignedDuration::from_mins(90)).ok();
                Some(Fault::UsageLimit { message, until })
            }
            Misdeed::Unusable => Some(Fault::Unusable { message, hint: String::new() }),
            _ => None,
        }
    }

    /// The agent does the next thing; when nothing is left, it ends.
    pub(super) fn agent_acts(&mut self) -> Done {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        let Some(deed) = running.deeds.pop_front() else {
            let turn = running.order.turn;
            let (outcome, heard) = (running.outcome, running.heard);
            self.queue.push_back(Fact::TurnEnded {
                turn,
                outcome,
                session: None,
                usage: None,
                heard,
                said: OnRecord::default(),
            });
            return Ok(());
        };
        let result = self.tick();
        match deed {
            Deed::Write(path, good) => {
                let text = self.text(Author::Agent);
                if let (false, Content::Text(number)) = (good, &text) {
                    self.bad.insert(*number);
                }
                self.disk.write(&path, Some(text), false);
            }
            Deed::Delete(path) => self.disk.write(&path, None, false),
            Deed::Forge => self.forge(&running.order),
            Deed::Commit => {
                let (parent, mut tree) = (Some(self.disk.head()), self.disk.head_tree().clone());
                // What a person staged and then edited is not swept along.
                let is_staged = |path: &RepoPath| {
                    let staged = self.disk.index.get(path);
                    staged != tree.get(path) && staged != self.disk.files.get(path)
                };
                let swept: Tree = self
                    .disk
                    .files
                    .iter()
                    .filter(|(path, _)| !is_staged(path))
                    .map(|(path, content)| (path.clone(), content.clone()))
                    .collect();
                self.disk.index.extend(swept.clone());
                tree.extend(swept);
                let of = Some((running.order.milestone.clone(), running.order.work.clone()));
                let id = self.disk.commit(Commit { parent, tree, of, author: Author::Agent });
                let branch = self.disk.branch.clone();
                self.disk.branches.insert(branch, id);
            }
        }
        self.running = Some(running);
        result
    }

    /// It writes `done` everywhere, and an answer into `context.md`.
    fn forge(&mut self, order: &TurnOrder) {
        let own = folder(&order.milestone);
        let documents: Vec<(RepoPath, Content)> = self
            .disk
            .files
            .iter()
            .filter(|(path, _)| path.is_beneath(own.as_bytes()))
            .map(|(path, content)| (path.clone(), content.clone()))
            .collect();
        for (path, content) in documents {
            let forged = match content {
                Content::Milestone(milestone) => {
                    let status = MilestoneStatus::Done;
                    Content::Milestone(Hashed::new(Milestone { status, ..Milestone::clone(&milestone) }))
                }
                Content::Phase(phase) => {
                    let status = PhaseStatus::Done;
                    Content::Phase(Hashed::new(Phase { status, ..Phase::clone(&phase) }))
                }
                Content::Context(_) | Content::Text(_) => continue,
            };
            self.disk.write(&path, Some(forged), false);
        }
    }

    pub(super) fn cancel_turn(&mut self, turn: TurnId) {
        if let Some(running) = self.running.take_if(|running| running.order.turn == turn) {
            let heard = running.heard;
            let outcome = Outcome::Faulted(Fault::Cancelled);
            self.queue.push_back(Fact::TurnEnded {
                turn,
                outcome,
                session: None,
                usage: None,
                heard,
                said: OnRecord::default(),
            });
        }
    }
}
