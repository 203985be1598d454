//! The keys that answer a question, and what each of them does.

use orchestra_core::record::Answer;
use orchestra_core::worker::Question;

/// A key of a question.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Way {
    /// The key.
    pub(crate) key: char,
    /// What it does, in this question.
    pub(crate) label: &'static str,
    pub(super) kind: Kind,
}

impl Way {
    /// Says something of a line. Its key is that of [`crate::key::Action::Comment`], which a person can change.
    pub(crate) const COMMENT: Self = Self { key: 'c', label: "comment", kind: Kind::Comment };
}

/// What becomes of a way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
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
    /// No answer, but as easily pressed by mistake as one.
    Comment,
}

impl Kind {
    /// The answer, where it takes no text.
    pub(super) fn alone(self) -> Option<Answer> {
        match self {
            Self::Approve => Some(Answer::Approve),
            Self::Retry => Some(Answer::Retry { note: None }),
            Self::Skip => Some(Answer::Skip),
            Self::Keep => Some(Answer::Keep),
            Self::Restore => Some(Answer::Restore),
            Self::Finish => Some(Answer::Finish),
            Self::Stop => Some(Answer::Stop),
            Self::Revise | Self::RetryWithNote | Self::PushTo | Self::Verify | Self::Comment => None,
        }
    }

    /// The answer with its text.
    pub(super) fn with(self, text: String) -> Answer {
        match self {
            Self::Revise => Answer::Revise { feedback: text.trim_end().to_owned() },
            Self::PushTo => Answer::PushTo { branch: text.trim().to_owned() },
            Self::Verify => Answer::Verify { command: text.trim().to_owned() },
            _ => Answer::Retry { note: Some(text).filter(|text| !text.trim().is_empty()) },
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

/// The ways to answer a question. Keys mean the same in all of them.
pub(super) fn ways(question: &Question) -> Vec<Way> {
    let takes_note = matches!(question, Question::Failed { .. } | Question::Interrupted { .. });
    let mut ways = Vec::new();
    for word in question.answers() {
        let (key, label, kind) = match (word, question) {
            ("approve", Question::Rfc { .. }) => ('a', "approve", Kind::Approve),
            ("approve", Question::Trust { .. }) => ('a', "run them", Kind::Approve),
            ("approve", Question::TooLarge { .. }) => ('a', "save them", Kind::Approve),
            ("approve", _) => ('a', "push", Kind::Approve),
            ("revise", _) => ('r', "revise", Kind::Revise),
            ("finish", _) => ('f', "finish without a push", Kind::Finish),
            ("push-to", _) => ('b', "another branch", Kind::PushTo),
            ("retry", _) => ('t', "try again", Kind::Retry),
            ("skip", _) => ('x', "go on without it", Kind::Skip),
            ("keep", Question::MayBeYours { .. }) => ('k', "mine, keep", Kind::Keep),
            ("keep", Question::RedBase { .. }) => ('k', "do not count", Kind::Keep),
            ("keep", _) => ('k', "keep", Kind::Keep),
            ("restore", _) => ('p', "put back", Kind::Restore),
            ("verify", _) => ('v', "verify by another command", Kind::Verify),
            (_, Question::Trust { .. }) => ('s', "run nothing", Kind::Stop),
            _ => ('s', "leave it waiting", Kind::Stop),
        };
        ways.push(Way { key, label, kind });
        if word == "retry" && takes_note {
            ways.push(Way { key: 'n', label: "with a note", kind: Kind::RetryWithNote });
        }
    }
    ways
}
