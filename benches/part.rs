//! What this program plays beside measuring: the smallest screen that there can be, an agent that talks, a model's server.

use std::io::{self, BufWriter, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use orchestra_testkit::{Emulator, TestProject};
use ratatui::crossterm::event;

/// The argument that makes a screen of this program.
pub(crate) const SCREEN: &str = "--play-screen";
/// The argument that makes an agent of it; what it prints at once follows, as `1000` lines or `5MB`.
pub(crate) const AGENT: &str = "--play-agent";
/// The argument that makes a model's server of it.
pub(crate) const MODEL: &str = "--play-model";
/// All that the smallest screen shows.
pub(crate) const WORD: &str = "nothing";
/// What the agent says again and again when it has printed that much.
pub(crate) const TALKS: &str = "It goes on word by word";

/// One word that goes by.
const PAUSE: Duration = Duration::from_millis(1);
/// How many lines a paragraph has of what is printed at once.
const PARAGRAPH: usize = 8;
const LINE: &str = "A line of what an agent says while it works, with `code` and **more**.";
const WORDS: &[&str] = &[
    "It ",
    "goes ",
    "on ",
    "word ",
    "by ",
    "word, ",
    "as ",
    "models ",
    "do,",
    "\n",
    "with ",
    "`code` ",
    "and ",
    "a ",
    "**list**:",
    "\n\n",
    "- ",
    "one ",
    "item ",
    "of ",
    "it",
    "\n",
    "- ",
    "another ",
    "one",
    "\n\n",
];

/// Plays what the arguments name; false where they name nothing.
pub(crate) fn play(args: &[String]) -> bool {
    match args {
        [only] if only == SCREEN => draw(),
        [only] if only == MODEL => crate::model::serve(),
        [first, how_much] if first == AGENT => talk(how_much),
        _ => return false,
    }
    true
}

/// Starts the smallest screen, in the same environment as the program.
pub(crate) fn empty(project: &TestProject, size: (u16, u16)) -> Emulator {
    let own = std::env::current_exe().unwrap();
    let mut environment = project.environment();
    environment.retain(|(name, _)| *name != "TERM");
    Emulator::of(&own, &[SCREEN], &project.root(), size, environment)
}

fn draw() {
    let mut terminal = ratatui::init();
    terminal.draw(|frame| frame.render_widget(WORD, frame.area())).unwrap();
    // Until somebody ends it.
    while event::read().is_ok() {}
}

/// Prints a lot, and then a word a millisecond, until somebody ends it.
fn talk(how_much: &str) {
    // The prompt is not needed; nobody shall wait for it to be read.
    io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
    let line = |text: &str| format!("{{\"event\":\"text\",\"text\":\"{}\"}}\n", text.replace('\n', "\\n"));
    let mut out = BufWriter::new(io::stdout().lock());
    let whole = line(&format!("{LINE}\n"));
    let count: usize = match how_much.strip_suffix("MB") {
        Some(megabytes) => megabytes.parse::<usize>().unwrap() * 1_000_000 / whole.len(),
        None => how_much.parse().unwrap(),
    };
    for number in 1..=count {
        out.write_all(whole.as_bytes()).unwrap();
        if number % PARAGRAPH == 0 {
            out.write_all(line("\n").as_bytes()).unwrap();
        }
    }
    out.write_all(line("\n").as_bytes()).unwrap();
    out.flush().unwrap();
    let begun = Instant::now();
    for (number, word) in (1..).zip(WORDS.iter().cycle()) {
        thread::sleep((begun + PAUSE * number).saturating_duration_since(Instant::now()));
        out.write_all(line(word).as_bytes()).unwrap();
        // A pipe that nobody reads any more ends it.
        out.flush().unwrap();
    }
}
