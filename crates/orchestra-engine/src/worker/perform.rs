//! Performing effects, in order. The first that fails ends the list.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use orchestra_core::id::MilestoneId;
use orchestra_core::plan::Milestone;
use orchestra_core::worker::{Effect, Fact, Failure, FailureKind, Note, Policy};

use super::place::Place;
use super::tree::{Looked, Restored};
use super::{View, Worker};

/// How far a list of effects came.
pub(super) enum Performed {
    /// To its end.
    All,
    /// To the order to leave.
    Left(u8),
}

/// How long a push may take.
const PUSH: Duration = Duration::from_mins(20);

impl Worker {
    pub(super) async fn perform_all(&mut self, effects: Vec<Effect>) -> Result<Performed, Failure> {
        for effect in effects {
            if let Effect::Leave { code } = effect {
                return Ok(Performed::Left(code));
            }
            self.perform(effect).await?;
        }
        Ok(Performed::All)
    }

    #[expect(clippy::too_many_lines, reason = "one flat arm an effect")]
    async fn perform(&mut self, effect: Effect) -> Result<(), Failure> {
        match effect {
            Effect::Record(record) => self.blocking(move |place| place.record_durably(record)).await,
            Effect::Write { milestone, edits } => {
                let milestone = self.milestone(&milestone)?;
                self.blocking(move |place| place.write(&milestone, &edits)).await
            }
            Effect::Look => {
                let run = self.run.clone();
                self.spawn(move |place| Ok(Fact::Looked(place.observe(&run)?)));
                Ok(())
            }
            Effect::Snapshot { milestone, work, attempt, limit } => {
                self.spawn(move |place| place.snapshot(&milestone, &work, attempt, limit));
                Ok(())
            }
            Effect::SaveFound { milestone, work, attempt, .. } => {
                self.blocking(move |place| place.save_found(&milestone, &work, attempt)).await
            }
            Effect::StartTurn(order) => self.start_turn(order),
            Effect::CancelTurn { turn } => {
                if let Some(turn) = self.turns.get(&turn) {
                    turn.cancel.cancel();
                }
                Ok(())
            }
            Effect::Say { turn, text } => {
                if let Some(turn) = self.turns.get(&turn) {
                    // What finds no place, or nobody any more, is not heard: the end of the turn says so.
                    drop(turn.words.try_send(text));
                }
                Ok(())
            }
            Effect::Inspect { .. } => self.inspect(effect),
            Effect::PutBack { milestone, work, attempt, baseline, label, paths, mine } => {
                let milestone = self.milestone(&milestone)?;
                let views = self.views.clone();
                self.spawn(move |place| {
                    let numbers = (attempt, baseline);
                    let Restored { reference, left, remarks } =
                        place.put_back(&milestone, &work, numbers, label, (paths, &mine))?;
                    for remark in remarks {
                        // Nobody watching is no reason to stop working.
                        drop(
                            views.blocking_send(View::Note(Timestamp::now(), Note::Remark { text: remark })),
                        );
                    }
                    Ok(Fact::PutBack { work, reference, left })
                });
                Ok(())
            }
            Effect::Verify { work, commands, all } => {
                let policy = self.policy();
                self.spawn(move |place| place.verify(work, commands, all, &policy));
                Ok(())
            }
            Effect::Prepare(order) => {
                let (milestone, policy) = (self.milestone(&order.milestone)?, self.policy());
                self.spawn(move |place| {
                    place.still_agreed()?;
                    place.prepare(&milestone, &order, &policy)
                });
                Ok(())
            }
            Effect::Swap { work, branch, commit, parent } => {
                self.still_ours()?;
                let Some(milestone) = self.state.active().map(|active| active.id.clone()) else {
                    return Ok(());
                };
                let swapped = self
                    .blocking(move |place| place.swap(&milestone, &work, &branch, &commit, &parent))
                    .await?;
                self.queue.push_back(swapped);
                Ok(())
            }
            Effect::Settle { milestone, work, commit } => {
                let settled = work.clone();
                let notes = self.blocking(move |place| place.settle(&milestone, &settled, &commit)).await?;
                self.queue.push_back(Fact::Settled { work, notes });
                Ok(())
            }
            Effect::Recover { milestone, work, commit } => {
                let milestone = self.milestone(&milestone)?;
                self.blocking(move |place| place.recover(&milestone, &work, &commit)).await
            }
            Effect::Survey { milestone, branch } => {
                let policy = self.policy();
                self.spawn(move |place| place.survey(&milestone, branch.as_deref(), &policy));
                Ok(())
            }
            Effect::Push { milestone: _, commit, remote, url, branch } => {
                self.spawn(move |place| {
                    place.still_agreed()?;
                    place.push(commit, remote, url, branch, PUSH)
                });
                Ok(())
            }
            Effect::Trust { of } => self.blocking(move |place| place.trust_now(of)).await,
            Effect::Ask(asked) => {
                self.show(View::Asked(asked)).await;
                Ok(())
            }
            Effect::Unask { gate } => {
                self.show(View::Unasked(gate)).await;
                Ok(())
            }
            Effect::WakeAt(at) => {
                self.wake = Some(at);
                Ok(())
            }
            Effect::Note(note) => {
                self.show(View::Note(Timestamp::now(), note)).await;
                Ok(())
            }
            Effect::Leave { .. } => Ok(()),
        }
    }

    /// Begins something long; what comes of it is a fact.
    fn spawn(&mut self, work: impl FnOnce(&Place) -> Result<Fact, Failure> + Send + 'static) {
        let place = Arc::clone(&self.place);
        self.tasks.spawn_blocking(move || work(&place));
    }

    fn inspect(&mut self, effect: Effect) -> Result<(), Failure> {
        let Effect::Inspect { milestone, work, attempt, baseline, since, turn_base } = effect else {
            return Ok(());
        };
        let folder = self.milestone(&milestone)?.folder;
        let Some(base) = self.state.active().map(|active| active.cursor.base.clone()) else { return Ok(()) };
        self.spawn(move |place| {
            let looked = Looked {
                milestone: &milestone,
                folder: &folder,
                work: &work,
                attempt,
                baseline,
                since,
                base: &base,
                turn_base: &turn_base,
            };
            place.still_agreed()?;
            let found = place.inspect(&looked)?;
            Ok(Fact::Inspected { work, found })
        });
        Ok(())
    }

    /// The documents of a milestone as the machine sees them.
    pub(super) fn milestone(&self, id: &MilestoneId) -> Result<Milestone, Failure> {
        self.state.seen.plan.find(id).cloned().ok_or_else(|| Failure {
            what: format!("find {id}"),
            why: "its folder is gone, or can no longer be read".to_owned(),
            hint: "Bring it back (git has it), then start again.".to_owned(),
            kind: FailureKind::Milestone,
        })
    }

    /// The policy that the machine decides by.
    fn policy(&self) -> Policy {
        self.state.seen.policy.clone()
    }

    /// A lock file that somebody deleted or replaced no longer keeps a second worker out.
    fn still_ours(&self) -> Result<(), Failure> {
        let hint = "See whether another worker runs here (`orchestra status`), then start again.";
        match self.lock.still_ours() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure {
                what: "go on".to_owned(),
                why: "the worker's lock file was deleted or replaced".to_owned(),
                hint: hint.to_owned(),
                kind: FailureKind::Run,
            }),
            Err(error) => Err(super::failure::run("look at the worker's lock", &error)),
        }
    }
}
