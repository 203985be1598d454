//! The keys that answer a question, and what each of them does.

/// A key of a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Way {
    /// The key.
    pub(crate) key: char,
    /// What it does, in this question.
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
}

impl Way {
    /// Says something of a line. Its key is that of [`crate::key::Action::Comment`], which a person can change.
    pub(crate) const COMMENT: Self = Self { key: 'c', label: "comment", kind: Kind::Comment };
    /// Opens what is shown in the person's editor. Its key is that of [`crate::key::Action::Edit`].
    pub(crate) const EDIT: Self = Self { key: 'e', label: "edit", kind: Kind::Edit };
}

/// What becomes of a way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Approve,
    Revise,
    Retry,
    RetryWithNote,
    Skip,
    Keep,
    Restore,
    Finish,
    PushTo,
    Verify,
    Stop,
    Discard,
    /// No answer, but as easily pressed by mistake as one.
    Comment,
    Edit,
}

impl Kind {
    /// Whether a text belongs to it.
    pub(super) fn takes_text(self) -> bool {
        match self {
            Self::Revise | Self::RetryWithNote | Self::PushTo | Self::Verify => true,
            Self::Approve
            | Self::Retry
            | Self::Skip
            | Self::Keep
            | Self::Restore
            | Self::Finish
            | Self::Stop
            | Self::Discard
            | Self::Comment
            | Self::Edit => false,
        }
    }

    /// What the person is asked to write.
    pub(super) fn asks_for(self) -> &'static str {
        match self {
            Self::Revise => "What should change?",
            Self::PushTo => "Which branch on the remote?",
            Self::Verify => "Which command tells red from green?",
            _ => "A note for the agent:",
        }
    }
}
