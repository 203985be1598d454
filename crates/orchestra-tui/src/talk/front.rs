//! What the conversation and the project do to the screen, and what waits in front of it.

use super::{
    AgentEvent, Arc, Ask, Conversation, Dialog, Note, Open, Outcome, Project, Proposal, Questions, Talk,
    TalkCommand, TurnId, Usage, Verdict, What, past,
};

impl Talk {
    pub(super) fn heard(&mut self, turn: TurnId, event: &AgentEvent) {
        if let AgentEvent::Usage { usage } = event {
            self.usage = *usage;
        }
        self.desk.feed.take(self.desk.now, turn, event);
    }

    /// The conversation after an event.
    pub(super) fn seen(&mut self, state: Arc<Conversation>) {
        let turn = |state: &Conversation| state.running.as_ref().map(|running| running.turn);
        let (before, now) = (turn(&self.state), turn(&state));
        for text in &state.queue {
            if !self.queued.contains(text) {
                self.queued.push(text.clone());
            }
        }
        if before != now {
            self.since = self.desk.now;
            self.usage = Usage::default();
            self.desk.feed.turn_is_over(self.desk.now.since);
        }
        if let Some(running) = state.running.as_ref().filter(|_| before != now) {
            // What waited is said now.
            for text in &running.told {
                if let Some(at) = self.queued.iter().position(|queued| queued == text) {
                    self.desk.feed.said(&self.queued.remove(at));
                }
            }
        }
        self.sync(&state);
        self.state = state;
    }

    /// What waits in the conversation is what waits on the screen, but for what the person has just answered.
    fn sync(&mut self, state: &Conversation) {
        let first = self.asks.first().map(Ask::id);
        let shown = |open: &&Open| matches!(open.what, What::Proposal(_)) || open.what.form().is_some();
        let of = |open: &Open| match &open.what {
            What::Proposal(proposed) => Some(proposed.of),
            What::Drawing { .. } | What::Writing(_) | What::Form(_) | What::Outside(_) => None,
        };
        self.answered
            .retain(|known| state.open.iter().filter(shown).any(|open| *known == (open.id, of(open))));
        let is_new = |open: &&Open| shown(open) && !self.answered.contains(&(open.id, of(open)));
        let open: Vec<&Open> = state.open.iter().filter(is_new).collect();
        for ask in std::mem::take(&mut self.asks) {
            match ask {
                ask if open.iter().any(|open| open.id == ask.id()) => self.asks.push(ask),
                // It may come again, with what the person changed about it.
                Ask::Proposal(dialog) => {
                    let ask = dialog.about.ask;
                    self.unsent.retain(|(known, _)| *known != ask);
                    self.unsent.push((ask, dialog.into_comments()));
                }
                Ask::Form(_) => {}
            }
        }
        self.unsent.retain(|(ask, _)| state.open.iter().any(|open| open.id == *ask));
        for open in open {
            let known = self.asks.iter_mut().find(|ask| ask.id() == open.id);
            match (&open.what, known) {
                // Something new in it has to be seen before it is answered.
                (What::Proposal(proposed), Some(Ask::Proposal(dialog))) => {
                    if dialog.about.proposed.of != proposed.of {
                        dialog.renew(Proposal { ask: open.id, proposed: Arc::clone(proposed) });
                    }
                }
                (What::Proposal(proposed), None) => {
                    let mut dialog = Dialog::new(Proposal { ask: open.id, proposed: Arc::clone(proposed) });
                    if let Some(at) = self.unsent.iter().position(|(ask, _)| *ask == open.id) {
                        dialog.take_up(self.unsent.remove(at).1);
                    }
                    self.asks.push(Ask::Proposal(Box::new(dialog)));
                }
                (what, None) => {
                    if let Some(form) = what.form() {
                        self.asks.push(Ask::Form(Box::new(Questions::new(open.id, form.clone()))));
                    }
                }
                (_, Some(_)) => {}
            }
        }
        if self.asks.first().map(Ask::id) != first {
            self.is_aside = false;
            self.appears();
        }
    }

    pub(super) fn looked(&mut self, project: Project) {
        // What was made just now is what one wants to see.
        if !self.beside.plan.milestones.is_empty() {
            let is_new = |id: &&orchestra_core::id::MilestoneId| self.beside.plan.find(id).is_none();
            let new = project.plan.milestones.iter().map(|milestone| &milestone.id).filter(is_new);
            self.walk.toggled.extend(new.cloned());
        }
        self.beside = project;
    }

    /// Something worth a line; the person is told of what waits for them, though they look elsewhere.
    pub(super) fn noted(&mut self, note: &Note, line: Option<String>) -> Vec<TalkCommand> {
        if let Some(line) = line {
            self.desk.feed.notice(line);
        }
        let was_edited =
            self.edited.take_if(|_| matches!(note, Note::Proposed { .. } | Note::Refused { .. }));
        if let (Some(_), Note::Refused { wrong }) = (was_edited, note) {
            // The transcript is behind the proposal.
            self.desk.word = Some(format!("your edit does not hold: {}", wrong.join("; ")));
        }
        let what = match note {
            Note::Proposed { is_commit: true, .. } => "a commit waits for you",
            Note::Proposed { .. } => "a proposal waits for you",
            Note::Asked { ask } => {
                let asked = self.asks.iter().find(|waiting| waiting.id() == *ask);
                asked.map_or("questions wait for you", Ask::waits)
            }
            Note::NotWritten { .. } => "a proposal could not be written",
            Note::Trouble { .. } => "nobody answers",
            Note::Refused { .. }
            | Note::Written { .. }
            | Note::Changed { .. }
            | Note::Found { .. }
            | Note::Interrupted
            | Note::Remark { .. } => {
                return Vec::new();
            }
        };
        vec![TalkCommand::Notify(format!("{}: {what}", self.desk.project))]
    }

    /// What is in front was not in sight before.
    pub(super) fn appears(&mut self) {
        match self.ask_mut() {
            Some(Ask::Proposal(dialog)) => dialog.appears(),
            Some(Ask::Form(form)) => form.appears(),
            None => {}
        }
    }

    /// A key like any other that answers nothing: what was about to be answered is not.
    pub(super) fn touched(&mut self) {
        let now = self.desk.now.since;
        match self.ask_mut() {
            Some(Ask::Proposal(dialog)) => dialog.touched(now),
            Some(Ask::Form(form)) => form.touched(now),
            None => {}
        }
    }

    pub(super) fn came_of(&mut self, outcome: Outcome<Verdict>) -> Vec<TalkCommand> {
        match outcome {
            Outcome::Nothing => Vec::new(),
            Outcome::Aside => {
                self.is_aside = true;
                Vec::new()
            }
            Outcome::Answered(verdict) => {
                // It goes at once, so that no key answers it twice.
                if self.asks.is_empty() {
                    return Vec::new();
                }
                let (ask, of) = match self.asks.remove(0) {
                    Ask::Proposal(dialog) => (dialog.about.ask, Some(dialog.about.proposed.of)),
                    Ask::Form(form) => (form.ask, None),
                };
                self.answered.push((ask, of));
                self.appears();
                self.desk.feed.said(&past::in_words(&verdict));
                self.desk.feed.follow();
                let kept = match &verdict {
                    Verdict::Revise { feedback } => self.desk.remember(feedback),
                    Verdict::Create | Verdict::Edited { .. } | Verdict::Discard | Verdict::Answers(_) => None,
                };
                let answer = TalkCommand::Answer { ask, of, verdict };
                std::iter::once(answer).chain(kept.map(TalkCommand::Remember)).collect()
            }
        }
    }
}

impl Ask {
    pub(crate) fn id(&self) -> orchestra_core::conversation::AskId {
        match self {
            Self::Proposal(dialog) => dialog.about.ask,
            Self::Form(form) => form.ask,
        }
    }

    /// What it is, in a word.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Proposal(_) => "the proposal",
            Self::Form(form) if form.is_one() => "the question",
            Self::Form(_) => "the questions",
        }
    }

    /// That it waits.
    pub(crate) fn waits(&self) -> &'static str {
        match self {
            Self::Proposal(dialog) if dialog.about.proposed.is_commit() => "a commit waits for you",
            Self::Proposal(_) => "a proposal waits for you",
            Self::Form(form) if form.is_one() => "a question waits for you",
            Self::Form(_) => "questions wait for you",
        }
    }
}
