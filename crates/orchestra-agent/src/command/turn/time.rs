//! What is due although nobody says anything.

use std::time::Duration;

use tokio::time::Instant;

use super::super::event::notice;
use super::{Asked, Overdue, Turn};
use crate::guard::StopPlan;
use crate::mcp::McpHost;

/// How long a program may wait for a network.
const PATIENCE: Duration = Duration::from_mins(2);
/// How far ahead the clock is set when nothing is due.
const FAR: Duration = Duration::from_hours(1);

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Due {
    /// It has not taken up what it was told at its end: its input is closed.
    LetGo,
    /// It does not leave after its last event.
    Leave,
    /// It waits for a network for too long.
    Offline,
    /// It does not end although it was asked to in its own words.
    Stop,
    /// It has not opened its conversation.
    Late,
    /// The turn's time is up.
    TimeUp,
}

impl Turn<'_> {
    /// The next moment at which something is due.
    pub(super) fn next_wake(&self, drained_at: Option<Instant>) -> Instant {
        let silence =
            (!self.is_silence_told).then(|| self.last_sign.checked_add(self.request.silence)).flatten();
        let due = self.due().map(|(at, _)| at);
        silence.into_iter().chain(due).chain(drained_at).fold(self.clock.now() + FAR, Instant::min)
    }

    fn due(&self) -> Option<(Instant, Due)> {
        let over = self.over_since.or(self.mute_since).map(|at| at + self.ending.grace);
        match self.asked {
            Asked::No => {
                let waits = self.stream.has_untold() && !self.is_let_go;
                let over = over.map(|at| (at, if waits { Due::LetGo } else { Due::Leave }));
                let offline = self.offline_since.map(|at| (at + PATIENCE, Due::Offline));
                let late = self.open_until.filter(|_| self.stream.is_opening()).map(|at| (at, Due::Late));
                let time_up = self.time_up_at.filter(|_| !self.stream.is_over()).map(|at| (at, Due::TimeUp));
                over.into_iter().chain(offline).chain(late).chain(time_up).min_by_key(|(at, _)| *at)
            }
            Asked::ToStop { .. } => {
                let asked = self.interrupted_at.map(|at| at + self.ending.patience)?;
                Some((over.unwrap_or(asked), Due::Stop))
            }
            Asked::ToLeave => None,
        }
    }

    /// Does what is due, and returns what the program is told of it.
    pub(super) async fn act_on_time(&mut self, is_spoken_to: bool) -> Vec<u8> {
        let now = self.clock.now();
        let mut lines = Vec::new();
        match self.due().filter(|(at, _)| *at <= now).map(|(_, due)| due) {
            Some(Due::LetGo) => {
                self.is_let_go = true;
                self.over_since = Some(now);
                self.transcript.aside("orchestra", "what it was told at its end was not taken up");
            }
            Some(Due::Leave) => {
                self.asked = Asked::ToLeave;
                self.transcript.aside("orchestra", "still alive after its last event: ended");
                self.child.stop(StopPlan::gentle());
            }
            Some(Due::Offline) => {
                self.asked = Asked::ToLeave;
                self.transcript.aside("orchestra", "waited for a network for too long: ended");
                self.child.stop(self.ending.stop.clone());
            }
            Some(Due::Stop) => {
                self.interrupted_at = None;
                self.child.stop(self.ending.stop.clone());
            }
            Some(Due::Late) => {
                self.asked = Asked::ToLeave;
                self.overdue = Some(Overdue::Beginning);
                self.transcript.aside("orchestra", "no conversation was opened in time: ended");
                self.child.stop(self.ending.stop.clone());
            }
            Some(Due::TimeUp) => {
                self.overdue = Some(Overdue::End);
                self.transcript.aside("orchestra", "its time is up");
                lines = self.cancel(is_spoken_to);
            }
            None => {}
        }
        let is_silent = self.last_sign.checked_add(self.request.silence).is_some_and(|at| at <= now);
        if self.is_silence_told || !is_silent {
            return lines;
        }
        if self.host.as_ref().is_some_and(McpHost::is_asked) {
            // It is not silent, it waits for an answer of ours.
            self.last_sign = now;
            return lines;
        }
        self.is_silence_told = true;
        let seconds = self.request.silence.as_secs();
        self.emit(vec![notice(format!("has said nothing for {seconds} s"))]).await;
        lines
    }
}
