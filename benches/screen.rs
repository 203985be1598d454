//! The screen as a person meets it: the real program on a pseudo-terminal, and an emulator at its other end.
//!
//! What is timed ends when the bytes were read from the terminal that complete the frame: the emulator takes them in later,
//! and its own time does not count. Both sides of a ratio are started in the same way, below `setsid --ctty`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use orchestra_testkit::{Emulator, Milestone, TestProject};

use crate::measure::{ROUNDS, cpu, in_turn, median, ms, peak_memory, say};
use crate::{part, plan};

const SIZE: (u16, u16) = (36, 120);
/// How many keys are pressed: the hundredth part of them is ten.
const KEYS: u64 = 1_000;
/// How many lines an agent has printed before it goes on a word at a time.
const LINES: u64 = 100_000;
/// The least time between two frames, as in `commands/start/screen.rs`.
const FRAME: Duration = Duration::from_millis(16);
const AIM_KEY: Duration = Duration::from_millis(16);
const AIM_MEMORY: f64 = 60.0;
const AIM_CPU: f64 = 0.1;
const REST: Duration = Duration::from_mins(1);
const MEGABYTES: u64 = 100;

/// From the start of the process to the first frame, against a program that draws a word and waits; and to the first one
/// that names a milestone.
pub(crate) fn first_frame() {
    let small = resting();
    measure_first_frame(&small, "one milestone", Duration::from_millis(71));
    measure_first_frame(&plan::large("parked"), "1,000 milestones", Duration::from_millis(110));
}

fn measure_first_frame(project: &TestProject, of: &str, aim: Duration) {
    let mut named = Vec::new();
    let mut ours = || {
        let begun = Instant::now();
        let mut screen = Emulator::start_with(project, &["start"], SIZE, &[]);
        screen.wait_for_screen("orchestra start");
        let first = screen.heard_at() - begun;
        screen.wait_for("-work");
        named.push((screen.heard_at() - begun).as_secs_f64());
        screen.wait_for("waiting for new work");
        leave(screen);
        first
    };
    let theirs = || {
        let begun = Instant::now();
        let mut screen = part::empty(project, SIZE);
        screen.wait_for_screen(part::WORD);
        screen.heard_at() - begun
    };
    let pairs = in_turn(ROUNDS, &mut ours, theirs);
    pairs.report(&format!("first frame, {of}"), "an empty ratatui program", 3.0);
    let took = Duration::from_secs_f64(median(named));
    say(
        &format!("first milestone named, {of}"),
        &ms(took),
        &format!("<= {}", ms(aim)),
        took <= aim,
        "from the start of the process",
    );
}

/// From the press of a key to the frame that shows what it did, while an agent says a thousand words a second and has
/// printed a hundred thousand lines before.
pub(crate) fn keys() {
    let project = talking(&format!("{LINES}"));
    let mut screen = Emulator::start_with(&project, &["start"], SIZE, &[]);
    screen.wait_for(part::TALKS);
    let mut took = Vec::new();
    let (begun, before) = (Instant::now(), said(&project));
    for number in 0..KEYS {
        // Not in step with frames or words.
        thread::sleep(Duration::from_millis(20 + number * 7 % 31));
        let pressed = Instant::now();
        screen.keys("?");
        if number % 2 == 0 {
            screen.wait_for("Keys");
        } else {
            screen.wait_without("Keys");
        }
        took.push((screen.heard_at() - pressed).as_secs_f64());
    }
    let rate = f64::from(said(&project) - before) / begun.elapsed().as_secs_f64();
    drop(screen);
    took.sort_by(f64::total_cmp);
    let at = |part: usize| Duration::from_secs_f64(took[(took.len() * part).div_ceil(100).max(1) - 1]);
    let (value, aim) = (at(99), AIM_KEY + FRAME);
    let numbers = format!(
        "half of {KEYS} within {}, all within {}; {rate:.0} words a second over {LINES} lines",
        ms(at(50)),
        ms(at(100)),
    );
    say("key to paint, 99 of 100", &ms(value), &format!("<= {}", ms(aim)), value <= aim, &numbers);
}

/// What a screen costs on which nothing happens.
pub(crate) fn rest() {
    let project = resting();
    let mut screen = Emulator::start_with(&project, &["start"], SIZE, &[]);
    screen.wait_for("waiting for new work");
    screen.listen(Duration::from_secs(3));
    let before = cpu(screen.pid());
    let heard = screen.listen(REST);
    let used = cpu(screen.pid()).saturating_sub(before).as_secs_f64() / REST.as_secs_f64() * 100.0;
    leave(screen);
    let numbers = format!("written to the terminal in {} s", REST.as_secs());
    say("an idle screen", &format!("{heard} bytes"), "0 bytes", heard == 0, &numbers);
    say("CPU of it", &format!("{used:.3} %"), &format!("<= {AIM_CPU} %"), used <= AIM_CPU, "user and system");
}

/// The most memory that was ever used: with a long transcript in the viewer, and with one that streams by.
pub(crate) fn memory() {
    let project = resting();
    let folder = project.path(".orchestra/.state/transcripts/M1-work");
    fs::create_dir_all(&folder).unwrap();
    let line = "{\"event\":\"text\",\"text\":\"Some words that an agent said, and that are kept on the disk.\\n\"}\n";
    let count = (MEGABYTES * 1_000_000).div_ceil(line.len() as u64);
    fs::write(folder.join("phase-1-turn-1.log"), line.repeat(usize::try_from(count).unwrap())).unwrap();
    let mut screen = Emulator::start_with(&project, &["start"], SIZE, &[]);
    screen.wait_for("waiting for new work");
    let before = peak_memory(screen.pid());
    while !screen.screen().contains("▸Milestones") {
        screen.keys("\t");
        screen.wait_for_frame();
    }
    screen.keys("\x1b[B");
    screen.wait_for_frame();
    screen.keys("t");
    screen.wait_for("Some words that an agent said");
    say_memory("memory, a 100 MB transcript being read", &screen, before);
    leave(screen);

    let project = talking(&format!("{MEGABYTES}MB"));
    let mut screen = Emulator::start_with(&project, &["start"], SIZE, &[]);
    screen.wait_for("orchestra start");
    screen.wait_for(part::TALKS);
    say_memory("memory, 100 MB streamed", &screen, before);
}

/// A project in which there is nothing to do.
fn resting() -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let milestone = Milestone::new("M1-work").with("rfc: skip").phase("backend");
    for (path, text) in milestone.files() {
        let text = text.replace("status: planning", "status: parked");
        project.write(&format!(".orchestra/milestones/M1-work/{path}"), &text);
    }
    project.commit_all("docs: plan");
    project.trust();
    project
}

/// A project in which an agent talks, for as long as it is let.
fn talking(first: &str) -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let agent = std::env::current_exe().unwrap();
    let config = format!(
        "version: 1\nlimits: {{ output: 1GiB }}\nagents:\n  default: talker\n  \
         talker: {{ kind: command, run: [\"{}\", \"{}\", \"{first}\"], output: json-lines }}\n",
        agent.display(),
        part::AGENT,
    );
    project.write(".orchestra/config.yaml", &config);
    project.commit_all("chore: an agent");
    project.trust();
    project.add(&Milestone::new("M1-work").with("rfc: skip").phase("backend"));
    project
}

/// How many lines the agent has printed, as its transcript has them.
fn said(project: &TestProject) -> u32 {
    let folder = project.path(".orchestra/.state/transcripts/M1-work");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let lines = files.map(|bytes| bytes.split(|byte| *byte == b'\n').count()).sum::<usize>();
    u32::try_from(lines).unwrap()
}

/// Leaves as a person does.
fn leave(mut screen: Emulator) {
    screen.keys("\x03");
    assert_eq!(screen.end(), 130, "{}", screen.screen());
}

fn say_memory(what: &str, screen: &Emulator, before: f64) {
    let peak = peak_memory(screen.pid());
    let numbers = format!("peak of the resident set; an idle screen {before:.1} MB");
    say(what, &format!("{peak:.1} MB"), &format!("<= {AIM_MEMORY} MB"), peak <= AIM_MEMORY, &numbers);
}
