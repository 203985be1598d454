//! A conversation as it is in the middle of a turn, for tests.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use orchestra_core::conversation::{
    AskId, Conversation, Elsewhere, FileDraft, Open, Project, Proposed, ProposedKind, Running, What,
};
use orchestra_core::id::{AgentName, RoleId, TurnId};
use orchestra_core::own_tool::{Form, FormOption, FormQuestion};
use orchestra_core::path::ContentHash;
use orchestra_core::proposal::{Change, ChangeProposal, MilestoneProposal, PhaseProposal};
use orchestra_core::report::{AgentEvent, Usage};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::{key_named, looks, moment, seen, state};
use crate::talk::{Talk, TalkCommand, TalkMsg};
use crate::theme::Theme;

/// A conversation's screen with a hand on its clock.
pub(crate) struct TalkBench {
    pub(crate) talk: Talk,
    pub(crate) now: Duration,
    /// What was to be kept for later runs.
    pub(crate) remembered: Vec<String>,
    pub(crate) size: (u16, u16),
}

impl TalkBench {
    /// A screen on which nothing has happened.
    pub(crate) fn new(theme: Theme, size: (u16, u16)) -> Self {
        let talk = Talk::new("shop-api".to_owned(), theme, TimeZone::UTC, moment(Duration::ZERO));
        let talk = talk.with_model(Some("opus".to_owned()));
        let mut bench = Self { talk, now: Duration::ZERO, remembered: Vec::new(), size };
        bench.tell(TalkMsg::State(Arc::new(talking(false))));
        bench.tell(TalkMsg::Project(project()));
        bench
    }

    /// A screen in the middle of a turn.
    pub(crate) fn running(theme: Theme, size: (u16, u16)) -> Self {
        let mut bench = Self::new(theme, size);
        bench.write("Can people stay logged in?");
        bench.press("enter");
        bench.remembered.clear();
        bench.tell(TalkMsg::State(Arc::new(talking(true))));
        let text = |text: &str| AgentEvent::Text { text: text.to_owned() };
        for event in [
            AgentEvent::Thinking { text: "What is there already?".to_owned() },
            AgentEvent::ToolStarted {
                id: "1".to_owned(),
                name: "search".to_owned(),
                input: "session".to_owned(),
            },
            AgentEvent::ToolFinished { id: "1".to_owned(), ok: true, output: "src/auth.rs:12".to_owned() },
            text("Sessions live in **memory** today.\n\n1. keep them in"),
            text(
                " the database\n2. sign cookies\n\n```rust\nfn main() {\n    let ttl = 30; // days\n}\n```\n",
            ),
            AgentEvent::Usage {
                usage: Usage { input: 12_000, output: 400, cached: 0, cost_usd: Some(0.031) },
            },
        ] {
            bench.wait(700);
            bench.tell(TalkMsg::Agent(TurnId(1), event));
        }
        bench
    }

    /// Sends a message, and draws.
    pub(crate) fn tell(&mut self, msg: TalkMsg) -> Vec<TalkCommand> {
        let mut commands = self.talk.update(moment(self.now), msg);
        let kept = commands.extract_if(.., |command| matches!(command, TalkCommand::Remember(_)));
        self.remembered.extend(kept.filter_map(|command| match command {
            TalkCommand::Remember(text) => Some(text),
            _ => None,
        }));
        self.frame();
        commands
    }

    /// Lets milliseconds pass, and ticks where the screen wants it.
    pub(crate) fn wait(&mut self, ms: u64) -> Vec<TalkCommand> {
        let (mut commands, until) = (Vec::new(), self.now + Duration::from_millis(ms));
        while let Some(at) = self.talk.wakes_at(moment(self.now)).filter(|at| *at <= until) {
            self.now = at.max(self.now);
            commands.extend(self.tell(TalkMsg::Tick));
        }
        self.now = until;
        commands
    }

    /// Presses keys one after the other, each alone: `a`, `esc`, `pgup`, `ctrl-c`.
    pub(crate) fn press(&mut self, keys: &str) -> Vec<TalkCommand> {
        let mut commands = Vec::new();
        for key in keys.split(' ') {
            commands.extend(self.wait(500));
            commands.extend(self.tell(TalkMsg::Key(key_named(key))));
            commands.extend(self.wait(500));
        }
        commands
    }

    /// Writes a text, a letter at a time.
    pub(crate) fn write(&mut self, text: &str) -> Vec<TalkCommand> {
        let mut commands = Vec::new();
        for letter in text.chars() {
            self.now += Duration::from_millis(60);
            let code = ratatui::crossterm::event::KeyCode::Char(letter);
            commands.extend(self.tell(TalkMsg::Key(code.into())));
        }
        commands
    }

    /// What waits for the person from now on.
    pub(crate) fn waits(&mut self, open: Vec<Open>) {
        let state = Conversation { open, ..talking(true) };
        self.tell(TalkMsg::State(Arc::new(state)));
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.tell(TalkMsg::Resized);
    }

    fn frame(&mut self) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        let drawn = terminal.draw(|frame| {
            self.talk.lay_out(frame.area());
            crate::draw_talk(&self.talk, frame);
        });
        drawn.unwrap();
        self.talk.drawn(moment(self.now));
        terminal
    }

    /// Where the real cursor is.
    pub(crate) fn cursor(&mut self) -> Position {
        self.frame().get_cursor_position().unwrap()
    }

    pub(crate) fn seen(&mut self) -> String {
        seen(&self.cells())
    }

    pub(crate) fn looks(&mut self) -> String {
        looks(&self.cells())
    }

    pub(crate) fn cells(&mut self) -> Buffer {
        self.frame().backend().buffer().clone()
    }
}

/// A conversation with a product manager.
pub(crate) fn talking(runs: bool) -> Conversation {
    let running = Running {
        turn: TurnId(1),
        since: moment(Duration::ZERO).at,
        told: vec!["Can people stay logged in?".to_owned()],
        news: Vec::new(),
        said: Vec::new(),
        wrote: Vec::new(),
        interrupted: false,
    };
    Conversation {
        role: Some(RoleId::parse("product-manager").unwrap()),
        agent: Some(AgentName::parse("claude").unwrap()),
        hears: true,
        running: runs.then_some(running),
        ..Conversation::default()
    }
}

/// Milestones, and a worker that is at one of them.
fn project() -> Project {
    let running = Some("phase-2 backend, running".to_owned());
    Project { plan: Arc::new(state().seen.plan), worker: Some(Elsewhere { running, waits: None }) }
}

pub(crate) fn open(id: u64, what: What) -> Open {
    Open { id: AskId(id), since: moment(Duration::ZERO).at, call: None, what }
}

/// A milestone that is proposed.
pub(crate) fn proposal() -> Arc<Proposed> {
    let phase = |role: &str, title: &str, files: &[&str]| PhaseProposal {
        role: role.to_owned(),
        title: title.to_owned(),
        objective: "It works.".to_owned(),
        files: files.iter().map(|glob| (*glob).to_owned()).collect(),
        complexity: Some("standard".to_owned()),
        ..PhaseProposal::default()
    };
    let proposed = MilestoneProposal {
        title: "Stay logged in".to_owned(),
        priority: Some("P1".to_owned()),
        depends_on: vec!["M1-user-auth".to_owned()],
        summary: "People stay logged in for **30 days**.".to_owned(),
        criteria: vec!["a cookie of 30 days logs in".to_owned(), "one of 31 days does not".to_owned()],
        out_of_scope: vec!["logging in by mail".to_owned()],
        phases: vec![
            phase("backend", "Sessions in the database", &["src/auth/**", "migrations/**"]),
            phase("frontend", "A box to tick", &["web/login.ts"]),
        ],
        ..MilestoneProposal::default()
    };
    let file = |path: &str, before: Option<&str>, after: &str| FileDraft {
        path: format!(".orchestra/milestones/{path}"),
        before: before.map(str::to_owned),
        after: after.to_owned(),
    };
    Arc::new(Proposed {
        kind: ProposedKind::Milestone(Box::new(proposed)),
        milestone: "M4-stay-logged-in".to_owned(),
        title: "Stay logged in".to_owned(),
        files: vec![
            file(
                "M4-stay-logged-in/milestone.md",
                None,
                "---\nid: M4-stay-logged-in\nstatus: planning\n---\n## Summary\nPeople stay logged in.\n",
            ),
            file(
                "M4-stay-logged-in/phases/phase-1.md",
                None,
                "---\nrole: backend\n---\n## Objective\nIt works.\n",
            ),
        ],
        commands: vec!["cargo test -q session".to_owned()],
        remarks: vec!["M1-user-auth touches src/auth/** too, and is not done".to_owned()],
        of: ContentHash::of(b"first"),
    })
}

/// A change of a milestone that is proposed.
pub(crate) fn change() -> Arc<Proposed> {
    let change = ChangeProposal {
        milestone: "M1-user-auth".to_owned(),
        reason: "Nobody thought of logging out.".to_owned(),
        changes: vec![
            Change::AddPhase {
                order: Some("2.5".to_owned()),
                phase: PhaseProposal {
                    role: "backend".to_owned(),
                    title: "Log out".to_owned(),
                    ..PhaseProposal::default()
                },
            },
            Change::MovePhase { phase: "phase-3".to_owned(), order: "4".to_owned() },
        ],
    };
    let before: String =
        (1..=12).flat_map(|line| ["line ".to_owned(), line.to_string(), "\n".to_owned()]).collect();
    let after = before.replace("line 6\n", "line six\nline six and a half\n");
    Arc::new(Proposed {
        kind: ProposedKind::Change(Box::new(change)),
        milestone: "M1-user-auth".to_owned(),
        title: "Log in: log out, too".to_owned(),
        files: vec![FileDraft {
            path: ".orchestra/milestones/M1-user-auth/milestone.md".to_owned(),
            before: Some(before),
            after,
        }],
        commands: Vec::new(),
        remarks: Vec::new(),
        of: ContentHash::of(b"change"),
    })
}

/// Two questions: one answer, or as many as one likes.
pub(crate) fn form() -> Form {
    let option = |(label, meaning): &(&str, &str)| FormOption {
        label: (*label).to_owned(),
        meaning: (*meaning).to_owned(),
    };
    let question = |question: &str, several: bool, options: &[(&str, &str)]| FormQuestion {
        question: question.to_owned(),
        options: options.iter().map(option).collect(),
        several,
    };
    Form {
        questions: vec![
            question("How long?", false, &[("7 days", "safer"), ("30 days", "what others do")]),
            question("Where?", true, &[("web", ""), ("app", "needs a release"), ("mail", "")]),
        ],
    }
}
