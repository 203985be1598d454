//! What reaches the screen, and what it wants done.

use std::sync::Arc;

use jiff::Timestamp;
use orchestra_core::conversation::Typed;
use orchestra_core::id::{GateId, TurnId};
use orchestra_core::record::Answer;
use orchestra_core::report::AgentEvent;
use orchestra_core::worker::{Asked, Note, State};
use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use crate::question::Page;
use crate::viewer::{Reading, Want};

/// What reaches the screen.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// A button or the wheel of the mouse was used.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resized,
    /// The worker's state after an event.
    State(Arc<State>),
    /// Something worth a line, and how it is worded.
    Note {
        /// What it is.
        note: Box<Note>,
        /// When it was.
        at: Timestamp,
        /// A line for the log, or a few; none where it has none.
        line: Option<String>,
    },
    /// Something for what is said: what a command found.
    Line(String),
    /// An agent did or said something.
    Agent(TurnId, AgentEvent),
    /// A question waits for the person.
    Asked(Box<Asked>, Page),
    /// It waits no more.
    Unasked(GateId),
    /// What a [`Command::Read`] asked for.
    Read(Want, Reading),
    /// What became of something that the person wanted, in a few words.
    Told(String),
    /// The terminal is the screen's again, after the shell or a program of the person's had it.
    Returned,
    /// Time has passed.
    Tick,
}

/// What the screen wants done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// The person has answered.
    Answer {
        /// Which question.
        gate: GateId,
        /// How.
        answer: Answer,
    },
    /// The person says something to the agent that runs.
    Say {
        /// Their words.
        text: String,
    },
    /// They have something to say to whoever works next.
    Queue {
        /// Their words.
        text: String,
    },
    /// They take it back.
    Unqueue {
        /// Their words.
        text: String,
    },
    /// They typed a command, or a role to talk to; never [`Typed::Say`] or [`Typed::Unknown`].
    Typed(Typed),
    /// The person wants the turn interrupted, and to be asked what next.
    Interrupt,
    /// The person wants the turn interrupted, or to leave.
    Stop,
    /// Something is to be read, for a [`Msg::Read`].
    Read(Want),
    /// A text is to be copied to the clipboard, for a [`Msg::Told`]. Nothing in it does anything to a terminal.
    Copy(String),
    /// A document is to be opened in the person's editor.
    Edit(Want),
    /// A transcript is to be opened in the person's pager.
    Page(Want),
    /// What the person wrote is to be kept for later runs.
    Remember(String),
    /// Back to the shell for a while.
    Suspend,
    /// The person is to be told though they look elsewhere: in our own words, a line.
    Notify(String),
    /// The mouse is to be taken, or left to the terminal.
    Mouse(bool),
    /// The terminal is to be cleared and drawn anew.
    Redraw,
}
