//! Asking: who answers is looked up in the question's row, and nowhere else.

use super::effect::Asked;
use super::question::{Question, Resolution};
use super::state::Stage;
use super::{Effect, Machine, Note};
use crate::id::GateId;
use crate::path::ContentHash;
use crate::record::{Answer, Record};

impl Machine {
    /// Asks, or does at once what the policy in force answers.
    pub(super) fn ask(&mut self, question: Question) {
        let milestone = question.milestone().and_then(|id| self.state.seen.plan.find(id));
        let resolution = question.resolve(&self.state.seen.policy, milestone);
        let asked = Asked { gate: self.new_gate(&question), of: question.hash(), question };
        match resolution {
            Resolution::Answer(answer, by) => {
                self.state.open = Some(asked.clone());
                self.answer_open(&asked, answer, by);
            }
            Resolution::Ask => {
                self.put(&asked);
                self.state.open = Some(asked);
            }
            Resolution::PassOver => {
                self.put(&asked);
                self.pass_over(asked);
            }
            Resolution::Park => {
                self.put(&asked);
                self.park(asked);
            }
            Resolution::Leave(code) => {
                self.put(&asked);
                match &asked.question {
                    Question::Failed { milestone, reason, .. } => {
                        self.state.tally.parked.push((milestone.clone(), reason.clone()));
                    }
                    question => self.state.tally.waiting.extend(question.milestone().cloned()),
                }
                self.state.open = Some(asked);
                // 1 and 3 are what the whole run comes to: something else may have failed.
                self.leave((code == 2).then_some(code));
            }
        }
    }

    /// Records a question and shows it.
    fn put(&mut self, asked: &Asked) {
        let Asked { gate, question, of } = asked;
        self.record(Record::Asked {
            gate: gate.clone(),
            question: question.name().to_owned(),
            milestone: question.milestone().cloned(),
            work: question.work(),
            of: *of,
            text: question.text(),
            about: question.about(),
            answers: question.answers().into_iter().map(str::to_owned).collect(),
        });
        let (text, answers) = (question.text(), question.answers());
        self.note(Note::Waiting { gate: gate.clone(), text, answers });
        self.act(Effect::Ask(Box::new(asked.clone())));
    }

    /// Makes an id that no open question has, from what is shown and how many questions there were.
    fn new_gate(&self, question: &Question) -> GateId {
        let hash = question.hash().to_string();
        (0..u64::from(u16::MAX))
            .map(|salt| {
                let count = (self.state.seen.memory.asked + salt).to_le_bytes();
                let short = ContentHash::of_parts([hash.as_bytes(), &count]).short();
                GateId::parse(&format!("{}-{short}", question.name()))
                    .expect("a row's name and hex digits are a slug")
            })
            .find(|gate| !self.state.seen.memory.open.contains_key(gate))
            .expect("fewer than 65,536 questions are open at once")
    }

    /// The question is no longer asked, if one is.
    pub(super) fn close_question(&mut self) {
        if let Some(asked) = self.state.open.take()
            && self.state.seen.memory.open.contains_key(&asked.gate)
        {
            self.record(Record::Withdrawn { gate: asked.gate.clone() });
            self.act(Effect::Unask { gate: asked.gate });
        }
    }

    /// The milestone waits for a person, and the next one runs.
    fn pass_over(&mut self, asked: Asked) {
        if let Some(milestone) = asked.question.milestone().cloned() {
            let reason = asked.question.text();
            self.note(Note::PassedOver { milestone: milestone.clone(), reason });
            self.state.passed.insert(milestone.clone());
            self.state.tally.waiting.insert(milestone);
        }
        self.state.put_off.insert(asked.gate.clone(), asked);
        self.look();
    }

    /// Records an answer before anything is done about it, and takes the question away.
    pub(super) fn record_answer(&mut self, asked: &Asked, answer: &Answer, by: crate::plan::By) {
        let was_shown = self.state.seen.memory.open.contains_key(&asked.gate);
        self.record(Record::Answered {
            gate: asked.gate.clone(),
            question: asked.question.name().to_owned(),
            milestone: asked.question.milestone().cloned(),
            work: asked.question.work(),
            of: asked.of,
            answer: answer.clone(),
            by,
        });
        if was_shown {
            self.act(Effect::Unask { gate: asked.gate.clone() });
        }
        self.note(Note::Answered { text: asked.question.text(), answer: answer.clone(), by });
    }

    /// Tells whether anything is waited for but an answer.
    pub(super) fn is_waiting_for_person(&self) -> bool {
        self.state.open.is_some() && !matches!(self.state.stage, Stage::Left { .. })
    }
}

impl Question {
    /// The hash of what is shown: an answer counts for exactly this.
    pub fn hash(&self) -> ContentHash {
        match self {
            Self::Rfc { document, .. } => *document,
            Self::Push(push) | Self::Rejected(push) => push.survey.hash(),
            Self::Trust { of, .. } => *of,
            Self::Dirty { paths, .. } | Self::MayBeYours { paths, .. } => {
                ContentHash::of_parts(paths.iter().map(crate::path::RepoPath::as_bytes))
            }
            Self::RedBase { commands, .. } => ContentHash::of_parts(commands.iter().map(String::as_bytes)),
            Self::Failed { .. }
            | Self::History { .. }
            | Self::Interrupted { .. }
            | Self::Locked { .. }
            | Self::TooLarge { .. } => ContentHash::of(self.text().as_bytes()),
        }
    }
}
