//! A conversation with one role: what was said, what runs, what waits for the person.
//!
//! ```text
//!  person · agent · disk · clock ─▶ Event ─▶ step(&Conversation, Event) ─▶ (Conversation, Vec<Effect>) ─▶ runner
//! ```
//!
//! Invariants, each held by a test:
//! - What the person said is kept before anybody is told, and is told until an agent heard it.
//! - A file is written only after the person answered *create* to exactly what they were shown; text from an agent is
//!   never an answer.
//! - After a turn that could write it is found out what it changed before another begins, also where the program was killed
//!   meanwhile; what lies outside of the role's room stays a question until the person has answered it.
//! - An agent's call is answered once, also when the turn ends or the person never decides.
//!
//! Absent on purpose: files, clock, how a proposal is drawn up ([`crate::proposal`]) and the worker's machine: the two
//! never speak to each other.

mod effect;
mod event;
mod kept;
mod pending;
mod state;
mod step;
mod typed;

pub use self::effect::{Effect, Note, Reply};
pub use self::event::{Event, Fact, Left, TurnEnd, Verdict};
pub use self::kept::{Kept, Line, Recalled};
pub use self::pending::pending;
pub use self::state::{
    AskId, CallId, Conversation, ConversationId, Elsewhere, FileDraft, Open, Outside, Project, Proposed,
    ProposedKind, Running, Then, Trouble, What,
};
pub use self::step::step;
pub use self::typed::{BOOTSTRAP, COMMANDS, Typed, parse};

#[cfg(test)]
mod tests;
