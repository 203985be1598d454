//! A question of the worker's.

use orchestra_core::record::Answer;
use orchestra_core::worker::{Asked, Question};

use super::{Comments, Kind, Page, Subject, Way};
use crate::sheet::Piece;
use crate::theme::Theme;

/// A question of the worker's, with what belongs to it.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) asked: Asked,
    pub(super) page: Page,
}

impl Gate {
    pub(crate) fn new(asked: Asked, page: Page) -> Self {
        Self { asked, page }
    }
}

impl Subject for Gate {
    type Answer = Answer;

    fn title(&self) -> String {
        let question = &self.asked.question;
        let about = question.milestone().map(|id| format!(" · {id}")).unwrap_or_default();
        format!("{}{about}", question.name())
    }

    fn ways(&self) -> Vec<Way> {
        ways(&self.asked.question)
    }

    fn takes_comments(&self) -> bool {
        self.asked.question.answers().contains(&"revise") && self.page.has_lines(&self.asked.question)
    }

    fn is_edited(&self) -> bool {
        false
    }

    fn is_proposal(&self) -> bool {
        false
    }

    fn pieces(&self, comments: &Comments, theme: Theme) -> Vec<Piece> {
        self.page.pieces(&self.asked.question, comments, theme)
    }

    fn answer(&self, kind: Kind, text: String) -> Option<Answer> {
        let answer = match kind {
            Kind::Approve => Answer::Approve,
            Kind::Retry => Answer::Retry { note: None },
            Kind::RetryWithNote => Answer::Retry { note: Some(text).filter(|text| !text.trim().is_empty()) },
            Kind::Skip => Answer::Skip,
            Kind::Keep => Answer::Keep,
            Kind::Restore => Answer::Restore,
            Kind::Finish => Answer::Finish,
            Kind::Stop => Answer::Stop,
            Kind::Revise => Answer::Revise { feedback: text.trim_end().to_owned() },
            Kind::PushTo => Answer::PushTo { branch: text.trim().to_owned() },
            Kind::Verify => Answer::Verify { command: text.trim().to_owned() },
            Kind::Discard | Kind::Comment | Kind::Edit => return None,
        };
        self.asked.question.admits(&answer).then_some(answer)
    }
}

/// The ways to answer a question. Keys mean the same in all of them.
fn ways(question: &Question) -> Vec<Way> {
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
