//! Tools that a model may call in the built-in loop.

use serde_json::Value;

/// What a model is told of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// What it does, and when to call it.
    pub description: String,
    /// The JSON schema of its arguments.
    pub schema: Value,
    /// What it does to the world.
    pub access: Access,
}

/// What a tool does to the world, which decides what may run beside it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// It only reads: several run side by side.
    Reads,
    /// It changes something, or waits for somebody: one after the other, in the order of the calls.
    Writes,
}

/// What came back from a tool.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    /// What the model is told.
    pub text: String,
    /// Whether it did not do what was asked.
    pub is_error: bool,
    /// The file that it changed, relative to the top of the repository.
    pub changed: Option<String>,
}

impl Answer {
    /// It did what was asked.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// It did not.
    pub fn wrong(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, ..Self::default() }
    }
}
