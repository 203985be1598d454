//! A screen as it is in the middle of a run, for tests.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_core::config::AgentConfig;
use orchestra_core::document::{self, MilestoneSource, SourceFile};
use orchestra_core::id::{AgentName, GateId, MilestoneId, PhaseId, TurnId, WorkId};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::{Cursor, Milestone, Role, StageName};
use orchestra_core::repo::{CommitId, FileStat, PushCommit, PushTarget, Survey};
use orchestra_core::report::{AgentEvent, Usage};
use orchestra_core::worker::{Active, Asked, At, Note, Progress, PushQuestion, Question, Stage, State, Work};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

use crate::moment::Moment;
use crate::msg::{Command, Msg};
use crate::question::Page;
use crate::screen::{Focus, Screen};
use crate::theme::{Background, Theme};

mod talk;

pub(crate) use talk::{TalkBench, change, form, open, proposal, talking};

pub(crate) const PLAIN: Theme = Theme { colours: false, unicode: true, background: Background::Dark };
pub(crate) const COLOURED: Theme = Theme { colours: true, ..PLAIN };
pub(crate) const LIGHT: Theme = Theme { background: Background::Light, ..COLOURED };
pub(crate) const ASCII: Theme = Theme { unicode: false, ..PLAIN };

/// A screen with a hand on its clock.
pub(crate) struct Bench {
    pub(crate) screen: Screen,
    pub(crate) now: Duration,
    /// What was to be kept for later runs.
    pub(crate) remembered: Vec<String>,
    size: (u16, u16),
}

impl Bench {
    /// A screen on which nothing has happened.
    pub(crate) fn new(theme: Theme, size: (u16, u16)) -> Self {
        let screen = Screen::new("shop-api".to_owned(), theme, TimeZone::UTC, moment(Duration::ZERO));
        let mut bench = Self { screen, now: Duration::ZERO, remembered: Vec::new(), size };
        bench.frame();
        bench
    }

    /// A screen in the middle of a phase.
    pub(crate) fn running(theme: Theme, size: (u16, u16)) -> Self {
        let mut bench = Self::new(theme, size);
        bench.tell(Msg::State(Arc::new(state())));
        let began = Note::TurnBegan {
            work: phase("phase-2"),
            role: orchestra_core::id::RoleId::parse("backend-engineer").unwrap(),
            title: "Login endpoint".to_owned(),
            attempt: 1,
            agent: orchestra_core::id::AgentName::parse("claude").unwrap(),
        };
        bench.note(began, "🔧 #backend ▶ phase-2: Login endpoint…");
        for event in events() {
            bench.wait(700);
            bench.tell(Msg::Agent(TurnId(2), event));
        }
        bench
    }

    /// As [`Self::running`], with a person who looks around: letters are keys.
    pub(crate) fn looking(theme: Theme, size: (u16, u16)) -> Self {
        let mut bench = Self::running(theme, size);
        bench.screen.focus = Focus::Feed;
        bench
    }

    /// Sends a message, and draws.
    pub(crate) fn tell(&mut self, msg: Msg) -> Vec<Command> {
        let mut commands = self.screen.update(moment(self.now), msg);
        self.remembered.extend(
            commands.extract_if(.., |command| matches!(command, Command::Remember(_))).map(|command| {
                match command {
                    Command::Remember(text) => text,
                    _ => String::new(),
                }
            }),
        );
        self.frame();
        commands
    }

    pub(crate) fn note(&mut self, note: Note, line: &str) {
        let at = moment(self.now).at;
        self.tell(Msg::Note { note: Box::new(note), at, line: Some(line.to_owned()) });
    }

    /// Lets milliseconds pass, and ticks where the screen wants it.
    pub(crate) fn wait(&mut self, ms: u64) -> Vec<Command> {
        let (mut commands, until) = (Vec::new(), self.now + Duration::from_millis(ms));
        while let Some(at) = self.screen.wakes_at(moment(self.now)).filter(|at| *at <= until) {
            self.now = at.max(self.now);
            commands.extend(self.tell(Msg::Tick));
        }
        self.now = until;
        commands
    }

    /// Presses keys one after the other, each alone: `a`, `esc`, `pgup`, `ctrl-c`.
    pub(crate) fn press(&mut self, keys: &str) -> Vec<Command> {
        let mut commands = Vec::new();
        for key in keys.split(' ') {
            commands.extend(self.wait(500));
            commands.extend(self.tell(Msg::Key(key_named(key))));
            commands.extend(self.wait(500));
        }
        commands
    }

    pub(crate) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.tell(Msg::Resized);
    }

    fn frame(&mut self) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        let drawn = terminal.draw(|frame| {
            self.screen.lay_out(frame.area());
            crate::draw(&self.screen, frame);
        });
        drawn.unwrap();
        self.screen.drawn(moment(self.now));
        terminal
    }

    /// What is seen.
    pub(crate) fn seen(&mut self) -> String {
        seen(&self.cells())
    }

    /// What is seen, with each look in brackets before what has it, up to the next: `[bold green]`, and `[]` for none.
    pub(crate) fn looks(&mut self) -> String {
        looks(&self.cells())
    }

    /// The cells that are drawn.
    pub(crate) fn cells(&mut self) -> Buffer {
        self.frame().backend().buffer().clone()
    }
}

/// What is seen.
pub(crate) fn seen(cells: &Buffer) -> String {
    let row = |y| {
        let (mut row, mut x) = (String::new(), 0);
        while x < cells.area.width {
            let symbol = cells[(x, y)].symbol();
            row.push_str(symbol);
            x += u16::try_from(symbol.width()).unwrap().max(1);
        }
        row.trim_end().to_owned()
    };
    (0..cells.area.height).map(row).collect::<Vec<_>>().join("\n")
}

/// What is seen, with each look in brackets before what has it, up to the next: `[bold green]`, and `[]` for none.
pub(crate) fn looks(cells: &Buffer) -> String {
    let row = |y| {
        let (mut row, mut last) = (String::new(), String::new());
        let mut x = 0;
        while x < cells.area.width {
            let cell = &cells[(x, y)];
            let mut words: Vec<String> = [
                (Modifier::BOLD, "bold"),
                (Modifier::DIM, "dim"),
                (Modifier::ITALIC, "italic"),
                (Modifier::UNDERLINED, "underlined"),
                (Modifier::REVERSED, "reversed"),
            ]
            .into_iter()
            .filter(|(modifier, _)| cell.modifier.contains(*modifier))
            .map(|(_, word)| word.to_owned())
            .collect();
            words.extend((cell.fg != Color::Reset).then(|| cell.fg.to_string().to_lowercase()));
            words.extend((cell.bg != Color::Reset).then(|| format!("on {}", cell.bg).to_lowercase()));
            let look = words.join(" ");
            // A blank looks like what is around it.
            if look != last && (cell.symbol() != " " || cell.modifier.contains(Modifier::REVERSED)) {
                row.extend(["[", look.as_str(), "]"]);
                last = look;
            }
            row.push_str(cell.symbol());
            let width = unicode_width::UnicodeWidthStr::width(cell.symbol()).max(1);
            x += u16::try_from(width).unwrap();
        }
        row.trim_end().to_owned()
    };
    (0..cells.area.height).map(row).collect::<Vec<_>>().join("\n")
}

pub(crate) fn moment(since: Duration) -> Moment {
    let begin: Timestamp = "2026-03-01T12:41:00Z".parse().unwrap();
    Moment { since, at: begin + since }
}

pub(crate) fn key_named(name: &str) -> KeyEvent {
    let (modifiers, name) = match name.split_once('-') {
        Some(("ctrl", name)) => (KeyModifiers::CONTROL, name),
        Some(("alt", name)) => (KeyModifiers::ALT, name),
        Some(("shift", "tab")) => (KeyModifiers::SHIFT, "backtab"),
        _ => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "esc" => KeyCode::Esc,
        "enter" => KeyCode::Enter,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "pgup" => KeyCode::PageUp,
        "pgdn" => KeyCode::PageDown,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "backspace" => KeyCode::Backspace,
        "insert" => KeyCode::Insert,
        "delete" => KeyCode::Delete,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "f2" => KeyCode::F(2),
        letter => KeyCode::Char(letter.chars().next().unwrap()),
    };
    KeyEvent::new(code, modifiers)
}

pub(crate) fn milestone(id: &str) -> MilestoneId {
    MilestoneId::parse(id).unwrap()
}

pub(crate) fn phase(id: &str) -> WorkId {
    WorkId::Phase(PhaseId::parse(id).unwrap())
}

fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// Milestones in all stages; one is worked on.
pub(crate) fn state() -> State {
    let mut state = State::default();
    state.seen.plan.roles = [("backend-engineer", "backend", "🔧"), ("frontend-engineer", "frontend", "🎨")]
        .map(|(id, alias, icon)| {
            let text =
                format!("---\nid: {id}\nalias: {alias}\nicon: {icon}\nwrites: [\"src/**\"]\n---\nBe one.\n");
            document::parse_role(&format!("{id}.md"), text.as_bytes()).result.unwrap()
        })
        .to_vec();
    let roles = state.seen.plan.roles.clone();
    let read = |id: &str, title: &str, status: &str, phases: &[(&str, &str, &str)]| {
        let text =
            format!("---\nid: {id}\ntitle: {title}\nstatus: {status}\nrfc: required\n---\n## Summary\nx\n");
        let file = |path: String, text: String| SourceFile { path, bytes: text.into_bytes() };
        let phases = phases.iter().enumerate().map(|(index, (role, title, status))| {
            let number = index + 1;
            let text = format!(
                "---\nrole: {role}\ntitle: {title}\nstatus: {status}\norder: {number}\n---\n## Objective\nx\n"
            );
            file(format!("phases/phase-{number}.md"), text)
        });
        let source = MilestoneSource {
            folder: id.to_owned(),
            milestone: Some(file("milestone.md".to_owned(), text)),
            phases: phases.collect(),
            ..MilestoneSource::default()
        };
        document::parse_milestone(&source, &roles).result.unwrap().milestone
    };
    let login = read(
        "M1-user-auth",
        "Log in",
        "in-progress",
        &[
            ("backend", "Tables", "done"),
            ("backend", "Login endpoint", "in-progress"),
            ("frontend", "Login page", "pending"),
        ],
    );
    let cursor = Cursor {
        stage: StageName::Build,
        work: Some(phase("phase-2")),
        attempt: 1,
        since: 1,
        baseline: 1,
        base: commit('a'),
        turn_base: None,
        fix_rounds: 0,
        gates: Vec::new(),
    };
    let mut login = Milestone::clone(&login);
    login.cursor = Some(cursor.clone());
    state.seen.plan.milestones = vec![
        read("M3-old", "An old one", "done", &[]),
        Arc::new(login),
        read(
            "M2-dashboard",
            "A dashboard with a rather long title",
            "planning",
            &[("backend", "Numbers", "pending")],
        ),
    ];
    state.stage = Stage::Milestone(Box::new(Active {
        id: milestone("M1-user-auth"),
        branch: "main".to_owned(),
        cursor,
        done: vec![(WorkId::Rfc, commit('b')), (phase("phase-1"), commit('c'))],
        at: At::Working(vec![running(&roles[0])]),
    }));
    let agent = AgentName::parse("claude").unwrap();
    let listens = AgentConfig::Scripted { script: "script.yaml".to_owned() };
    state.seen.policy.config.agents.insert(agent.clone(), listens);
    state.seen.policy.config.default_agent = Some(agent);
    state
}

fn running(role: &Role) -> Work {
    let mut work = Work::new(phase("phase-2"), Some(role.id.clone()), commit('c'));
    work.who = Some(role.clone());
    work.progress = Progress::Running { turn: TurnId(2), pausing: false };
    work
}

/// What an agent says and does.
fn events() -> Vec<AgentEvent> {
    let text = |text: &str| AgentEvent::Text { text: text.to_owned() };
    let begun = |id: &str, name: &str, input: &str| AgentEvent::ToolStarted {
        id: id.to_owned(),
        name: name.to_owned(),
        input: input.to_owned(),
    };
    let ended = |id: &str, ok: bool, output: &str| AgentEvent::ToolFinished {
        id: id.to_owned(),
        ok,
        output: output.to_owned(),
    };
    vec![
        AgentEvent::Thinking { text: "Where are sessions kept?".to_owned() },
        text("I'll add the endpoint next to the **session store**, as the design"),
        text(" says:\n\n- `POST /login`\n- a test for it\n"),
        begun("1", "edit", "src/auth.rs"),
        ended("1", true, "+42 -3"),
        begun("2", "run", "cargo test -q"),
        ended(
            "2",
            false,
            "running 12 tests\n\u{1b}[31merror\u{1b}[0m: wrong password accepted\n11 passed, 1 failed\n",
        ),
        AgentEvent::Usage { usage: Usage { input: 84_000, cached: 0, output: 200, cost_usd: None } },
        begun("3", "run", "cargo test -q login"),
    ]
}

fn asked(name: &str, question: Question) -> Box<Asked> {
    Box::new(Asked {
        gate: GateId::parse(&format!("{name}-3f9a")).unwrap(),
        question,
        of: ContentHash::of(name.as_bytes()),
    })
}

/// The question about a design.
pub(crate) fn rfc() -> Msg {
    let question = Question::Rfc {
        milestone: milestone("M1-user-auth"),
        document: ContentHash::of(b"rfc"),
        concerns: vec!["no word about failed logins".to_owned()],
        skipped: Vec::new(),
        may_revise: true,
    };
    let text = "# RFC: log in\n\n## Decision\nSessions are **cookies**.\n\n| what | where |\n|---|---|\n| store | `src/auth.rs` |\n\n## How it is tested\n1. a test\n2. another one\n";
    Msg::Asked(asked("rfc", question), Page { text: Some(text.to_owned()), patch: None })
}

/// The question about a push.
pub(crate) fn push() -> Msg {
    let commits = [('d', "docs(rfc): log in"), ('e', "feat(auth): add login endpoint")];
    let survey = Survey {
        head: Some(commit('e')),
        target: PushTarget::Remote {
            name: "origin".to_owned(),
            url: "git@example.com:shop/api.git".to_owned(),
            branch: "main".to_owned(),
        },
        commits: commits
            .map(|(id, subject)| PushCommit { id: commit(id), subject: subject.to_owned(), of: None })
            .to_vec(),
        files: vec![FileStat {
            path: RepoPath::parse("src/auth.rs").unwrap(),
            added: Some(42),
            removed: Some(3),
        }],
    };
    let push = PushQuestion {
        milestone: milestone("M1-user-auth"),
        foreign: vec![survey.commits[0].clone()],
        survey,
        verdict: None,
        findings: Vec::new(),
        red: Vec::new(),
        skipped: Vec::new(),
        words: None,
    };
    let patch = "diff --git a/src/auth.rs b/src/auth.rs\n--- a/src/auth.rs\n+++ b/src/auth.rs\n@@ -1,2 +1,3 @@\n fn main() {\n-    old();\n+    new();\n+    newer();\n }\n";
    Msg::Asked(
        asked("push", Question::Push(Box::new(push))),
        Page { text: None, patch: Some(patch.to_owned()) },
    )
}

/// The question about a phase that failed.
pub(crate) fn failed() -> Msg {
    let question = Question::Failed {
        milestone: milestone("M1-user-auth"),
        work: phase("phase-2"),
        reason: "`cargo test` is red".to_owned(),
    };
    let text = "running 12 tests\n\u{1b}[31mFAILED\u{1b}[0m login\n".to_owned();
    Msg::Asked(asked("failed", question), Page { text: Some(text), patch: None })
}
