//! What a frame costs, in process: the screen and a terminal that is only cells.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_core::id::TurnId;
use orchestra_core::report::AgentEvent;
use orchestra_tui::{Background, Moment, Msg, Screen, Theme, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use crate::measure::{ROUNDS, in_turn, time};

const SIZE: (u16, u16) = (120, 36);
const TURN: TurnId = TurnId(1);
/// How many frames, or words, are one measurement.
const FRAMES: usize = 200;
const WORDS: usize = 1_000;

/// A frame with a word more in it, after so many lines of text and tools.
pub(crate) fn frame() {
    let (mut long, mut short) = (Shown::with_lines(100_000), Shown::with_lines(1_000));
    let frames = |shown: &mut Shown| {
        time(|| {
            for _ in 0..FRAMES {
                shown.say("word ");
                shown.draw();
            }
        })
    };
    let pairs = in_turn(3 * ROUNDS, || frames(&mut long), || frames(&mut short));
    pairs.report(&format!("{FRAMES} frames, 100,000 lines"), "1,000 lines", 1.2);
}

/// A word more of a text that is already long: taken in and laid out, not drawn.
pub(crate) fn word() {
    let paragraph =
        "Some words that are a paragraph, with `code` and **what matters**, and a line that is\nbroken.\n\n";
    let list = "- an item of a list, with a few words\n- and another one, `with code`\n\n";
    let code = "```rust\nfn main() {\n    println!(\"a line of code\");\n}\n```\n\n";
    measure_word("of prose, lists and code", &[paragraph, paragraph, list, paragraph, code].concat());
    measure_word("of one list", "- an item of a list, with a few words and `code` in it\n");
    measure_word("of one block of code", "    let a_line = of_code(); // and some words\n");
}

fn measure_word(of: &str, text: &str) {
    let one = |size: usize| {
        let begin = if text.starts_with(' ') { "```rust\n" } else { "" };
        let mut shown = Shown::new();
        shown.say(begin);
        // As it streams: a line after the other.
        for line in text.repeat(size.div_ceil(text.len())).split_inclusive('\n') {
            shown.say(line);
        }
        shown.lay_out();
        let words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
        time(|| {
            for word in words.iter().cycle().take(WORDS) {
                shown.say(word);
                shown.lay_out();
            }
        })
    };
    let pairs = in_turn(ROUNDS, || one(512 * 1024), || one(4 * 1024));
    pairs.report(&format!("{WORDS} words after 512 kB {of}"), "after 4 kB", 1.5);
}

struct Shown {
    screen: Screen,
    terminal: Terminal<TestBackend>,
    now: Duration,
}

impl Shown {
    fn new() -> Self {
        let theme = Theme { colours: true, unicode: true, background: Background::Dark };
        let screen = Screen::new("shop-api".to_owned(), theme, TimeZone::UTC, moment(Duration::ZERO));
        let terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
        Self { screen, terminal, now: Duration::ZERO }
    }

    /// What an agent says in an hour or two: text, and tools with what they printed.
    fn with_lines(lines: usize) -> Self {
        let mut shown = Self::new();
        for number in 0..lines / 10 {
            for line in 0..6 {
                shown.say(&format!("Line {line} of what is said, with `code` and **more**.\n"));
            }
            shown.say("\n");
            let id = number.to_string();
            for name in ["edit", "run"] {
                let begun = AgentEvent::ToolStarted {
                    id: id.clone(),
                    name: name.to_owned(),
                    input: "src/a.rs".to_owned(),
                };
                shown.tell(begun);
                let output = "one line\nand another\n".to_owned();
                shown.tell(AgentEvent::ToolFinished { id: id.clone(), ok: true, output });
            }
            // As often as a frame is drawn, or nearly.
            if number % 20 == 0 {
                shown.lay_out();
            }
        }
        shown.draw();
        shown
    }

    fn say(&mut self, text: &str) {
        self.tell(AgentEvent::Text { text: text.to_owned() });
    }

    fn tell(&mut self, event: AgentEvent) {
        self.now += Duration::from_millis(1);
        self.screen.update(moment(self.now), Msg::Agent(TURN, event));
    }

    fn lay_out(&mut self) {
        self.screen.lay_out(Rect::new(0, 0, SIZE.0, SIZE.1));
    }

    fn draw(&mut self) {
        let Self { screen, terminal, now } = self;
        let drawn = terminal.draw(|frame| {
            screen.lay_out(frame.area());
            draw(screen, frame);
        });
        drawn.unwrap();
        screen.drawn(moment(*now));
    }
}

fn moment(since: Duration) -> Moment {
    Moment { since, at: Timestamp::UNIX_EPOCH + since }
}
