//! What a turn that could write has left in the tree, and commits of it.

use jiff::Timestamp;

use super::Machine;
use crate::conversation::effect::{Effect, Note};
use crate::conversation::event::Left;
use crate::conversation::kept::Line;
use crate::conversation::state::{AskId, Open, Outside, ProposedKind, Then, Trouble, What};
use crate::id::TurnId;
use crate::own_tool::{Form, FormAnswer, FormOption, FormQuestion};
use crate::path::RepoPath;
use crate::report::{CommitProposal, Finding, Verdict};

/// The answer that leaves changes as they are.
const MINE: &str = "mine";
/// The answer that puts them back.
const PUT_BACK: &str = "put back";
/// How many paths are named in a question.
const NAMED: usize = 12;

impl Machine {
    pub(super) fn looked_at(&mut self, turn: TurnId, left: Result<Left, String>) {
        if self.state.looking != Some(turn) {
            return;
        }
        let left = match left {
            Ok(left) => left,
            Err(message) => {
                // Nobody writes before that is known: what is said next looks again.
                let hint = "Press enter to look again.".to_owned();
                self.trouble(Trouble { message, hint, again: None });
                if self.state.leaving {
                    self.leave();
                }
                return;
            }
        };
        self.state.looking = None;
        self.state.trouble = None;
        self.keep(Line::Changed { turn, paths: left.inside.clone() });
        for remark in &left.remarks {
            self.remark(remark);
        }
        if !left.inside.is_empty() {
            self.note(Note::Changed { paths: left.inside });
        }
        if !left.outside.is_empty() {
            let ask = self.next_ask();
            self.keep(Line::Outside { ask, turn, paths: left.outside.clone() });
            self.state.open.push(outside(ask, self.state.at, turn, left.outside));
            self.note(Note::Asked { ask });
        }
        match std::mem::take(&mut self.state.then) {
            _ if self.state.leaving => self.leave(),
            Then::BeginAnew if self.state.open.is_empty() => self.begin(),
            Then::BeginAnew | Then::Wait => {}
            Then::GoOn => self.go_on(),
        }
    }

    /// Looks again where it could not be found out what a turn has changed.
    pub(super) fn look_again(&mut self) {
        if let (Some(turn), Some(_)) = (self.state.looking, self.state.trouble.take()) {
            self.effects.push(Effect::LookAt { turn });
        }
    }

    /// Takes the answer to whose changes outside of the room are. Only the person's own choice leaves them.
    pub(super) fn outside_answered(&mut self, at: usize, answers: &[FormAnswer]) {
        let open = &mut self.state.open[at];
        let ask = open.id;
        let What::Outside(outside) = &mut open.what else { return };
        let chosen = answers.first().map(|answer| answer.chosen.as_slice()).unwrap_or_default();
        let is = |label: &str| chosen.iter().any(|chosen| chosen == label);
        if is(PUT_BACK) {
            outside.is_answered = true;
            let (turn, paths) = (outside.turn, outside.paths.clone());
            self.effects.push(Effect::PutBack { ask, turn, paths });
        } else if is(MINE) {
            self.settle_outside(at, MINE, answers);
        } else {
            self.remark("choose one of the two: nothing was done");
        }
    }

    pub(super) fn put_back(&mut self, ask: AskId, done: Result<String, String>) {
        let Some(at) = self.state.open.iter().position(|open| open.id == ask) else { return };
        let What::Outside(outside) = &mut self.state.open[at].what else { return };
        match done {
            Ok(what) => {
                let names = listed(&outside.paths);
                self.settle_outside(at, PUT_BACK, &[]);
                self.remark(&what);
                self.state.news.push(format!(
                    "You may not write these, and what you wrote there was put back: {names}. Say what you need instead."
                ));
            }
            Err(why) => {
                outside.is_answered = false;
                self.note(Note::NotWritten { why });
            }
        }
    }

    fn settle_outside(&mut self, at: usize, answer: &str, answers: &[FormAnswer]) {
        let ask = self.state.open.remove(at).id;
        self.keep(Line::Answered {
            ask,
            answer: answer.to_owned(),
            of: None,
            words: String::new(),
            answers: answers.to_vec(),
        });
    }

    /// The person asks for a commit; they see all of it before it is made.
    pub(super) fn commit_wanted(&mut self, message: &str) {
        if !self.state.is_free() {
            return self.remark("wait for the end of the turn: what it changes may belong to the commit");
        }
        let typed = CommitProposal { subject: message.trim().to_owned(), ..CommitProposal::default() };
        let wording = if typed.subject.is_empty() { self.state.wording.clone() } else { Some(typed) };
        let Some(wording) = wording else {
            return self.remark("say what it does: /commit feat(auth): add the login form");
        };
        let what = ProposedKind::Commit(wording);
        // Asked for once more while one waits, it takes the other's place.
        let waits = self.state.open.iter().position(
            |open| matches!(&open.what, What::Proposal(proposed) if matches!(proposed.kind, ProposedKind::Commit(_))),
        );
        let id = match waits {
            Some(at) => self.state.open.remove(at).id,
            None => self.next_ask(),
        };
        self.effects.push(Effect::Draw { ask: id, what: what.clone(), edited: Vec::new(), approved: None });
        let what = What::Drawing { what, before: None, approved: None };
        self.state.open.push(Open { id, since: self.state.at, call: None, what });
    }

    /// What a reviewer reported is kept and shown.
    pub(super) fn found(&mut self, verdict: Option<Verdict>, findings: Vec<Finding>) {
        if verdict.is_some() || !findings.is_empty() {
            self.keep(Line::Found { verdict, findings: findings.clone() });
            self.note(Note::Found { verdict, findings });
        }
    }
}

/// The question whose changes are.
pub(super) fn outside(id: AskId, since: Timestamp, turn: TurnId, paths: Vec<RepoPath>) -> Open {
    let option =
        |label: &str, meaning: &str| FormOption { label: label.to_owned(), meaning: meaning.to_owned() };
    let question = FormQuestion {
        question: format!(
            "Changed outside of what this role may write, while it worked: {}. Whose is it?",
            listed(&paths)
        ),
        options: vec![
            option(PUT_BACK, "the agent's: saved under a rescue ref, then as it was before the turn"),
            option(MINE, "yours: left as it is, and never committed for the role"),
        ],
        several: false,
    };
    let form = Form { questions: vec![question] };
    Open { id, since, call: None, what: What::Outside(Outside { turn, paths, form, is_answered: false }) }
}

fn listed(paths: &[RepoPath]) -> String {
    let mut names: Vec<String> = paths.iter().take(NAMED).map(ToString::to_string).collect();
    if paths.len() > NAMED {
        names.push(format!("and {} more", paths.len() - NAMED));
    }
    names.join(", ")
}
