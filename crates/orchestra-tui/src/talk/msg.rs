//! What reaches a conversation's screen, and what it wants done.

use std::sync::Arc;

use orchestra_core::conversation::{AskId, Conversation, Kept, Note, Project, Typed, Verdict};
use orchestra_core::id::TurnId;
use orchestra_core::path::ContentHash;
use orchestra_core::report::AgentEvent;
use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use crate::viewer::{Reading, Want};

/// What reaches a conversation's screen.
#[derive(Clone, Debug)]
pub enum TalkMsg {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// A button or the wheel of the mouse was used.
    Mouse(MouseEvent),
    /// The terminal has another size.
    Resized,
    /// What was kept of the conversation, oldest first: once, before anything else.
    Past(Vec<Kept>),
    /// The conversation after an event. Each of them, in order.
    State(Arc<Conversation>),
    /// The project beside it.
    Project(Project),
    /// Something worth a line, and how it is worded; none where it has none.
    Note {
        /// What it is.
        note: Box<Note>,
        /// The line, or a few.
        line: Option<String>,
    },
    /// Something for the transcript: what a command found.
    Line(String),
    /// What is said in the person's name at the begin.
    Said(String),
    /// The agent did or said something.
    Agent(TurnId, AgentEvent),
    /// What [`TalkCommand::WantFiles`] asked for: paths below the top of the project.
    Files(Arc<Vec<String>>),
    /// What a [`TalkCommand::Read`] asked for.
    Read(Want, Reading),
    /// What became of something that the person wanted, in a few words.
    Told(String),
    /// The terminal is the screen's again, after the shell or a program of the person's had it.
    Returned,
    /// Time has passed.
    Tick,
}

/// What a conversation's screen wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum TalkCommand {
    /// The person says something. Empty: what nobody heard is to be said again.
    Say {
        /// Their words.
        text: String,
    },
    /// They have something to say after the turn that runs.
    Queue {
        /// Their words.
        text: String,
    },
    /// They take it back.
    Unqueue {
        /// Their words.
        text: String,
    },
    /// They typed a command, or another role; never [`Typed::Say`] or [`Typed::Unknown`].
    Typed(Typed),
    /// The running turn is to be interrupted.
    Interrupt,
    /// The person leaves.
    Leave,
    /// They have answered what waits.
    Answer {
        /// What.
        ask: AskId,
        /// The hash of what they were shown; nothing for questions.
        of: Option<ContentHash>,
        /// How.
        verdict: Verdict,
    },
    /// The files of what is proposed are to be opened in the person's editor, for [`Verdict::Edited`].
    EditProposal {
        /// Of which.
        ask: AskId,
    },
    /// The paths of the project's files are wanted, for a [`TalkMsg::Files`].
    WantFiles,
    /// Something is to be read, for a [`TalkMsg::Read`].
    Read(Want),
    /// A text is to be copied to the clipboard, for a [`TalkMsg::Told`]. Nothing in it does anything to a terminal.
    Copy(String),
    /// A document is to be opened in the person's editor.
    Edit(Want),
    /// A transcript is to be opened in the person's pager: that of this conversation where none is named.
    Page(Option<Want>),
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
