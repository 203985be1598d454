//! What waits for the person: proposals and questions, and their answers.

use std::sync::Arc;

use jiff::Timestamp;

use super::Machine;
use crate::conversation::effect::{Effect, Note, Reply};
use crate::conversation::event::Verdict;
use crate::conversation::kept::Line;
use crate::conversation::state::{AskId, CallId, Open, Proposed, ProposedKind, What};
use crate::own_tool::{Form, FormAnswer};
use crate::path::ContentHash;

/// The most that waits for the person at once.
const MAX_OPEN: usize = 8;

impl Machine {
    /// Takes up what was kept of something that waits.
    pub(super) fn recall_ask(&mut self, line: Line, at: Timestamp) {
        let state = &mut self.state;
        match line {
            Line::Outside { ask, turn, paths } => {
                state.last_ask = state.last_ask.max(ask);
                state.open.push(super::left::outside(ask, at, turn, paths));
            }
            Line::Proposed { ask, what, .. } => {
                state.last_ask = state.last_ask.max(ask);
                let what = What::Drawing { what, before: None, approved: None };
                state.open.retain(|open| open.id != ask);
                state.open.push(Open { id: ask, since: at, call: None, what });
            }
            Line::Asked { ask, form } => {
                state.last_ask = state.last_ask.max(ask);
                state.open.push(Open { id: ask, since: at, call: None, what: What::Form(form) });
            }
            Line::Answered { ask, answer, of, .. } if answer == "create" => {
                let open = state.open.iter_mut().find(|open| open.id == ask);
                if let Some(What::Drawing { approved, .. }) = open.map(|open| &mut open.what) {
                    *approved = of;
                }
            }
            Line::Answered { ask, .. } => state.open.retain(|open| open.id != ask),
            Line::Wrote { ask, what } => {
                state.open.retain(|open| open.id != ask);
                let news = format!("To your earlier proposal: The person approved it. {what}");
                // A turn that came to its end has heard of it.
                match &mut state.running {
                    Some(running) => running.wrote.push(news),
                    None => state.news.push(news),
                }
            }
            _ => {}
        }
    }

    pub(super) fn proposes(&mut self, call: CallId, what: ProposedKind) {
        if self.is_full(call) {
            return;
        }
        let id = self.next_ask();
        self.effects.push(Effect::Draw { ask: id, what: what.clone(), edited: Vec::new(), approved: None });
        let what = What::Drawing { what, before: None, approved: None };
        self.state.open.push(Open { id, since: self.state.at, call: Some(call), what });
    }

    pub(super) fn asks(&mut self, call: CallId, form: Form) {
        if self.is_full(call) {
            return;
        }
        let id = self.next_ask();
        self.keep(Line::Asked { ask: id, form: form.clone() });
        self.state.open.push(Open { id, since: self.state.at, call: Some(call), what: What::Form(form) });
        self.note(Note::Asked { ask: id });
    }

    fn is_full(&mut self, call: CallId) -> bool {
        let is_full = self.state.open.len() >= MAX_OPEN;
        if is_full {
            self.answer(Some(call), "Too much waits for the person already. Wait for their answers.", true);
        }
        is_full
    }

    pub(super) fn next_ask(&mut self) -> AskId {
        self.state.last_ask = AskId(self.state.last_ask.0 + 1);
        self.state.last_ask
    }

    pub(super) fn drawn(&mut self, ask: AskId, drawn: Result<Arc<Proposed>, Vec<String>>) {
        let Some(at) = self.state.open.iter().position(|open| open.id == ask) else { return };
        let What::Drawing { before, approved, .. } = &self.state.open[at].what else { return };
        let (before, approved) = (before.clone(), *approved);
        match drawn {
            Ok(proposed) if approved == Some(proposed.of) => {
                self.state.open[at].what = What::Writing(Arc::clone(&proposed));
                self.effects.push(Effect::Write { ask, of: proposed.of });
            }
            Ok(proposed) => {
                let is_commit = proposed.is_commit();
                self.keep(Line::Proposed { ask, what: proposed.kind.clone(), of: proposed.of });
                self.state.open[at].what = What::Proposal(proposed);
                self.note(Note::Proposed { ask, is_commit });
            }
            Err(wrong) => {
                if let What::Drawing { what: ProposedKind::Commit(_), .. } = &self.state.open[at].what {
                    self.state.open.remove(at);
                    return self.remark(&wrong.join("; "));
                }
                if let Some(before) = before {
                    self.state.open[at].what = What::Proposal(before);
                } else {
                    let call = self.state.open.remove(at).call;
                    let text = format!(
                        "The proposal does not hold. Mend all of it and propose again:\n- {}",
                        wrong.join("\n- ")
                    );
                    self.answer(call, &text, true);
                }
                self.note(Note::Refused { wrong });
            }
        }
    }

    pub(super) fn answered(&mut self, ask: AskId, of: Option<ContentHash>, verdict: Verdict) {
        let Some(at) = self.state.open.iter().position(|open| open.id == ask) else {
            self.remark("that is answered already");
            return;
        };
        match (&self.state.open[at].what, verdict) {
            (What::Form(form), Verdict::Answers(answers)) => {
                let text = in_words(form, &answers);
                self.keep_answer(ask, None, "answers", String::new(), answers);
                self.close(at, &text, true);
            }
            (What::Form(_), Verdict::Discard) => {
                self.keep_answer(ask, None, "discard", String::new(), Vec::new());
                self.close(at, "The person did not answer. Go on without it, or ask for less.", false);
            }
            (What::Outside(outside), Verdict::Answers(answers)) if !outside.is_answered => {
                self.outside_answered(at, &answers);
            }
            // Put aside: what is not answered is asked again at the next start, and nothing of it is committed.
            (What::Outside(_), Verdict::Discard) => self.remark("left as it is for now"),
            (What::Proposal(proposed), verdict) => {
                if of != Some(proposed.of) {
                    self.remark("the proposal is not what you were shown any more: look again");
                    return;
                }
                let proposed = Arc::clone(proposed);
                self.proposal_answered(at, proposed, verdict);
            }
            (What::Form(_) | What::Outside(_) | What::Drawing { .. } | What::Writing(_), _) => {
                self.remark("that cannot be answered so, or not yet");
            }
        }
    }

    fn proposal_answered(&mut self, at: usize, proposed: Arc<Proposed>, verdict: Verdict) {
        let (ask, of) = (self.state.open[at].id, Some(proposed.of));
        match verdict {
            Verdict::Create => {
                self.keep_answer(ask, of, "create", String::new(), Vec::new());
                self.effects.push(Effect::Write { ask, of: proposed.of });
                self.state.open[at].what = What::Writing(proposed);
            }
            Verdict::Revise { feedback } => {
                self.keep_answer(ask, of, "revise", feedback.clone(), Vec::new());
                if proposed.is_commit() {
                    // Nobody proposed it: it is work for the role.
                    self.state.open.remove(at);
                    return self.said(feedback);
                }
                let text = format!("The person wants it changed before they approve it:\n\n{feedback}");
                self.close(at, &text, true);
            }
            Verdict::Edited { files } => {
                let what = proposed.kind.clone();
                self.effects.push(Effect::Draw { ask, what: what.clone(), edited: files, approved: None });
                self.state.open[at].what = What::Drawing { what, before: Some(proposed), approved: None };
            }
            Verdict::Discard if proposed.is_commit() => {
                self.keep_answer(ask, of, "discard", String::new(), Vec::new());
                self.state.open.remove(at);
            }
            Verdict::Discard => {
                self.keep_answer(ask, of, "discard", String::new(), Vec::new());
                let text = "The person discarded the proposal. Nothing was written. Do not propose it again unless they ask.";
                self.close(at, text, false);
            }
            Verdict::Answers(_) => self.remark("a proposal is no question of that kind"),
        }
    }

    /// Removes what was answered, and tells its agent: by the call, or with the next turn where nobody waits any more.
    fn close(&mut self, at: usize, text: &str, wants_an_answer: bool) {
        let open = self.state.open.remove(at);
        if open.call.is_some() {
            self.answer(open.call, text, false);
        } else {
            let subject = match &open.what {
                What::Form(_) | What::Outside(_) => "your earlier questions",
                What::Drawing { .. } | What::Proposal(_) | What::Writing(_) => "your earlier proposal",
            };
            self.state.news.push(format!("To {subject}: {text}"));
            if wants_an_answer {
                self.begin();
            }
        }
    }

    pub(super) fn written(&mut self, ask: AskId, what: String) {
        let Some(at) = self.state.open.iter().position(|open| open.id == ask) else { return };
        self.keep(Line::Wrote { ask, what: what.clone() });
        if let What::Writing(proposed) = &self.state.open[at].what
            && proposed.is_commit()
        {
            self.state.open.remove(at);
            self.state.wording = None;
            self.state.news.push(what.clone());
            self.remark(&what);
        } else {
            self.close(at, &format!("The person approved it. {what}"), false);
            self.note(Note::Written { what });
        }
    }

    /// What could not be written is drawn anew: what it was drawn on may be another by now.
    pub(super) fn not_written(&mut self, ask: AskId, why: String) {
        let Some(open) = self.state.open.iter_mut().find(|open| open.id == ask) else { return };
        if let What::Writing(proposed) = &open.what {
            let (before, what) = (Arc::clone(proposed), proposed.kind.clone());
            open.what = What::Drawing { what: what.clone(), before: Some(before), approved: None };
            self.effects.push(Effect::Draw { ask, what, edited: Vec::new(), approved: None });
        }
        self.note(Note::NotWritten { why });
    }

    fn answer(&mut self, call: Option<CallId>, text: &str, is_error: bool) {
        if let Some(call) = call {
            self.effects.push(Effect::Answer { call, reply: Reply { text: text.to_owned(), is_error } });
        }
    }

    fn keep_answer(
        &mut self,
        ask: AskId,
        of: Option<ContentHash>,
        answer: &str,
        words: String,
        answers: Vec<FormAnswer>,
    ) {
        self.keep(Line::Answered { ask, answer: answer.to_owned(), of, words, answers });
    }
}

/// Questions and answers as the agent reads them.
fn in_words(form: &Form, answers: &[FormAnswer]) -> String {
    let mut lines = vec!["The person answered:".to_owned()];
    for (index, question) in form.questions.iter().enumerate() {
        let answer = answers.get(index).cloned().unwrap_or_default();
        let mut parts = answer.chosen;
        if !answer.words.trim().is_empty() {
            parts.push(answer.words);
        }
        let answer = if parts.is_empty() { "(no answer)".to_owned() } else { parts.join("; ") };
        lines.push(format!("- {}\n  {answer}", question.question));
    }
    lines.join("\n")
}
