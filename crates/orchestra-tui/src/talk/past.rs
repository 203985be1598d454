//! What was kept of a conversation, shown again.

use orchestra_core::conversation::{Kept, Line, Verdict};
use orchestra_core::id::TurnId;
use orchestra_core::own_tool::FormAnswer;
use orchestra_core::report::AgentEvent;

use super::Talk;

impl Talk {
    pub(super) fn recall(&mut self, lines: Vec<Kept>) {
        let (mut turn, mut tools) = (TurnId::default(), 0_u64);
        for Kept { line, .. } in lines {
            match line {
                Line::Said { text } => self.desk.feed.said(&text),
                Line::Queued { text } => self.queued.push(text),
                Line::Unqueued { text } => self.unqueued(&text),
                Line::TurnStarted { turn: started } => {
                    turn = started;
                    for text in std::mem::take(&mut self.queued) {
                        self.desk.feed.said(&text);
                    }
                }
                Line::Text { text } => self.heard(turn, &AgentEvent::Text { text }),
                Line::Tool { name, input, ok } => {
                    // No call of the agent's is named so.
                    let id = format!("kept-{tools}");
                    tools += 1;
                    self.heard(turn, &AgentEvent::ToolStarted { id: id.clone(), name, input });
                    self.heard(turn, &AgentEvent::ToolFinished { id, ok, output: String::new() });
                }
                Line::TurnEnded { outcome, .. } if outcome != "reported" => {
                    self.desk.feed.notice(format!("(the turn ended: {outcome})"));
                }
                Line::Proposed { what, .. } => self.desk.feed.notice(format!("(proposed: {})", what.name())),
                Line::Asked { form, .. } => {
                    let asked: Vec<&str> =
                        form.questions.iter().map(|question| question.question.as_str()).collect();
                    self.desk.feed.notice(format!("(asked: {})", asked.join(" ")));
                }
                Line::Answered { answer, words, answers, .. } => {
                    self.desk.feed.said(&answered(&answer, &words, &answers));
                }
                Line::Wrote { what, .. } => self.desk.feed.notice(what),
                Line::Changed { paths, .. } if !paths.is_empty() => {
                    let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
                    self.desk.feed.notice(format!("(changed: {})", names.join(", ")));
                }
                Line::Found { verdict, findings } => {
                    let verdict = verdict.iter().map(ToString::to_string);
                    let lines: Vec<String> =
                        verdict.chain(findings.iter().map(ToString::to_string)).collect();
                    self.desk.feed.notice(lines.join("\n"));
                }
                Line::Began { .. }
                | Line::TurnEnded { .. }
                | Line::Changed { .. }
                | Line::Outside { .. }
                | Line::Leaving
                | Line::Left
                | Line::Unknown => {}
            }
        }
        self.desk.feed.turn_is_over(self.desk.now.since);
    }

    /// What waited to be said is taken back.
    pub(super) fn unqueued(&mut self, text: &str) {
        if let Some(at) = self.queued.iter().rposition(|queued| queued == text) {
            self.queued.remove(at);
        }
    }
}

/// An answer in a few words.
pub(super) fn in_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Create => answered("create", "", &[]),
        Verdict::Revise { feedback } => answered("revise", feedback, &[]),
        Verdict::Edited { .. } => answered("edited", "", &[]),
        Verdict::Discard => answered("discard", "", &[]),
        Verdict::Answers(answers) => answered("answers", "", answers),
    }
}

/// An answer as it is kept, in a few words.
fn answered(answer: &str, words: &str, answers: &[FormAnswer]) -> String {
    if answer != "answers" && answers.is_empty() {
        let words = if words.is_empty() { String::new() } else { format!(": {words}") };
        return format!("({answer}){words}");
    }
    let one = |answer: &FormAnswer| {
        let words = Some(answer.words.clone()).filter(|words| !words.trim().is_empty());
        let all: Vec<String> = answer.chosen.iter().cloned().chain(words).collect();
        if all.is_empty() { "(no answer)".to_owned() } else { all.join("; ") }
    };
    answers.iter().map(one).collect::<Vec<_>>().join("\n")
}
