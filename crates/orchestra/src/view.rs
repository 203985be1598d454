//! What a run looks like without a screen: lines for people, JSON lines for scripts, questions on a terminal.

pub(crate) mod ask;
pub(crate) mod lines;
pub(crate) mod speech;
