//! What a person expects of any program on a terminal: copying, keys of their own, their editor and pager.

use std::fs;
use std::path::Path;

use orchestra_testkit::until;

use super::*;

/// An OSC 52 that copies to the clipboard.
const COPY: &str = "\x1b]52;c;";

fn raw(screen: &Emulator) -> String {
    String::from_utf8_lossy(screen.raw()).into_owned()
}

/// Writes a program of the person's, and returns its path.
fn program(project: &TestProject, name: &str, script: &str) -> String {
    let path = project.top().join(name);
    crate::project::script(&path, &format!("#!/bin/sh\n{script}"));
    path.to_str().unwrap().to_owned()
}

pub(super) fn own_config(project: &TestProject, text: &str) {
    let file = project.home().join("config/orchestra/config.yaml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn start(project: &TestProject, variables: &[(&'static str, &str)]) -> Emulator {
    Emulator::start_with(project, &ONCE, (24, 80), variables)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// `base64`'s own word for it.
fn decoded(project: &TestProject, text: &str) -> String {
    project.write("../encoded", text);
    let output = Command::new("base64").arg("-d").arg(project.top().join("encoded")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_copied_reaches_the_terminal_once_and_as_it_is() {
    let project = with_design();
    let clipboard = project.top().join("clipboard");
    let bin = project.top().join("bin");
    let xclip = format!("#!/bin/sh\ncat > '{}'\n", clipboard.display());
    crate::project::script(&bin.join("xclip"), &xclip);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut screen = start(&project, &[("DISPLAY", ":0"), ("PATH", &path)]);
    screen.wait_armed("a approve");
    screen.keys("y");
    screen.wait_for("by xclip, and sent to the terminal (OSC 52)");
    let said = raw(&screen);
    assert_eq!(said.matches("\x1b]52").count(), 1, "{said}");
    let (_, rest) = said.split_once(COPY).unwrap();
    let (text, _) = rest.split_once("\x1b\\").unwrap();
    let text = decoded(&project, text);
    assert!(text.contains("Approve RFC to start implementation?") && text.contains("Design"), "{text}");
    assert_eq!(read(&clipboard), text);
    // The word goes with the next key, and the question is still one.
    screen.keys("\x1b[B");
    screen.wait_without("by xclip");
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn in_tmux_a_copy_is_wrapped_and_what_an_agent_wrote_never_reaches_the_terminal_raw() {
    let (project, barrier) = held_up(&Milestone::new("M1-one").phase("backend"), "");
    project.write("../design", "# Mine\n\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[31mred\n");
    let mut screen = start(&project, &[("TMUX", "/tmp/none,1,0")]);
    screen.wait_armed("a approve");
    screen.keys("y");
    screen.wait_for("sent to the terminal (OSC 52)");
    let said = raw(&screen);
    assert_eq!((said.matches("\x1b]52;").count(), said.matches("\x1b[31mred").count()), (1, 0), "{said}");
    let (_, rest) = said.split_once("\x1bPtmux;\x1b\x1b]52;c;").unwrap();
    let text = decoded(&project, rest.split_once("\x1b\x1b\\\x1b\\").unwrap().0);
    assert!(text.contains("Mine") && !text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    screen.keys("s");
    drop(barrier);
    assert_eq!(screen.end(), 3, "{}", screen.screen());
}

#[test]
fn keys_of_the_persons_own_work_and_the_palette_does_what_it_finds() {
    let (project, barrier) = held_up(&one_phase(), "");
    own_config(&project, "keys: { journal: [J], palette: ctrl-k }\n");
    let mut screen = Emulator::start_with(&project, &ONCE, (24, 120), &[]);
    let open = barrier.reach();
    screen.wait_for("ctrl-k actions");
    screen.keys("\x0b");
    screen.wait_for("Actions");
    screen.keys("jour");
    screen.wait_for("J │");
    screen.keys("\r");
    screen.wait_for("a worker began");
    screen.keys("\x1b");
    screen.wait_for("ctrl-c interrupt");
    drop(open);
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn keys_that_cannot_be_are_refused_before_there_is_a_screen() {
    let project = with_design();
    own_config(&project, "version: 1\nkeys:\n  document: l\n  stop: [ctrl-q]\n  documnt: x\n");
    let mut screen = start(&project, &[]);
    assert_eq!(screen.end(), 2, "{}", screen.screen());
    let said = raw(&screen);
    assert!(!said.contains("\x1b[?1049h"), "{said}");
    for part in [
        "config.yaml:3:3: `l` would mean both `journal` and `document`",
        "config.yaml:4:3: `ctrl-c` cannot be taken away from `stop`",
        "config.yaml:5:3: there is no action `documnt`",
        "did you mean `document`?",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // A project has no say in it.
    own_config(&project, "");
    project.write(
        ".orchestra/config.yaml",
        &format!("{}keys: {{ help: h }}\n", project.read(".orchestra/config.yaml")),
    );
    let mut screen = start(&project, &[]);
    assert_eq!(screen.end(), 2, "{}", screen.screen());
    assert!(raw(&screen).contains("`keys` is the person's to set, not the project's"), "{}", raw(&screen));
}

#[test]
fn a_design_is_edited_at_its_gate_and_asked_about_anew() {
    let project = with_design();
    let (seen, go) = (project.top().join("seen"), project.top().join("go"));
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    // It looks at the terminal, takes a key, and changes the document.
    let editor = program(
        &project,
        "an editor",
        &format!(
            "trap '' INT QUIT\nstty -a > '{seen}.stty'\nprintf 'in the editor\\n' > /dev/tty\nhead -c 1 > /dev/null < '{go}'\nhead -n 1 > '{seen}'\n\
             printf '%s %s\\n' \"$1\" \"$2\" >> '{seen}'\nprintf '\\n## Edited\\nby hand\\n' >> \"$2\"\n",
            seen = seen.display(),
            go = go.display()
        ),
    );
    let mut screen = start(&project, &[("EDITOR", &format!("'{editor}' -w"))]);
    screen.wait_armed("a approve");
    screen.keys("e");
    until("the editor runs", || Path::new(&format!("{}.stty", seen.display())).exists());
    while !raw(&screen).contains("in the editor") {
        screen.wait_for_bytes();
    }
    screen.is_as_it_was_found();
    // Its keys are its own: what would approve approves nothing, and `ctrl-c` and `ctrl-\` are not heard.
    screen.keys("\x03\x1c");
    // Typed before the editor reads: nobody else takes it.
    screen.keys("a line with a\n");
    fs::write(&go, "x").unwrap();
    until("the editor has read", || read(&seen).contains("a line with a"));
    screen.wait_for("by hand");
    screen.wait_armed("a approve");
    let rfc = project.path(".orchestra/milestones/M1-one/rfc.md");
    assert_eq!(read(&seen), format!("a line with a\n-w {}\n", rfc.display()));
    let stty = read(Path::new(&format!("{}.stty", seen.display())));
    let modes: Vec<&str> = stty.split_whitespace().collect();
    assert!(["icanon", "echo", "isig", "opost", "icrnl"].iter().all(|mode| modes.contains(mode)), "{stty}");
    assert_eq!(answers(&project), 0, "{}", journal(&project));
    screen.keys("a");
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    screen.is_as_it_was_found();
    // What was approved is what was edited.
    let committed = project.git(&["show", "HEAD~2:.orchestra/milestones/M1-one/rfc.md"]);
    assert!(committed.contains("by hand"), "{committed}");
    project.check();
}

#[test]
fn an_editor_that_is_missing_and_one_that_fails_are_told() {
    let project = with_design();
    let mut screen = start(&project, &[("VISUAL", "no-such-editor")]);
    screen.wait_armed("a approve");
    screen.keys("e");
    screen.wait_for("`no-such-editor` was not found; set VISUAL to what you have");
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn a_signal_to_leave_ends_the_editor_too_and_the_terminal_is_as_it_was_found() {
    let project = with_design();
    let (runs, ended) = (project.top().join("runs"), project.top().join("ended"));
    let script = format!(
        "trap 'echo yes > \"{}\"; exit 1' TERM\necho yes > '{}'\nwhile :; do sleep 0.05; done\n",
        ended.display(),
        runs.display()
    );
    let editor = program(&project, "editor", &script);
    let mut screen = start(&project, &[("EDITOR", &editor)]);
    screen.wait_armed("a approve");
    screen.keys("e");
    until("the editor runs", || runs.exists());
    screen.signal(rustix::process::Signal::TERM);
    assert_eq!(screen.end(), 143, "{}", screen.screen());
    assert!(ended.exists());
    screen.is_as_it_was_found();
    assert_eq!(answers(&project), 0, "{}", journal(&project));
}

#[test]
fn an_editor_that_stops_stops_us_too_and_both_go_on_together() {
    let project = with_design();
    let (went_on, go) = (project.top().join("went on"), project.top().join("go"));
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    // As vim does it. In a session without a shell this stops nobody by itself, so that the editor helps.
    let script = format!(
        "kill -TSTP 0\nkill -STOP $$\necho yes > '{}'\nhead -c 1 > /dev/null < '{}'\n",
        went_on.display(),
        go.display()
    );
    let editor = program(&project, "editor", &script);
    let mut screen = start(&project, &[("EDITOR", &editor)]);
    screen.wait_armed("a approve");
    screen.keys("e");
    screen.wait_stopped();
    screen.wait_left();
    screen.is_as_it_was_found();
    assert!(!went_on.exists());
    screen.signal(rustix::process::Signal::CONT);
    until("the editor goes on", || went_on.exists());
    screen.is_as_it_was_found();
    fs::write(&go, "x").unwrap();
    // What stopped it is over: the screen is there, and stays.
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn a_secret_of_the_environment_that_was_written_is_not_kept_for_later() {
    let project = with_design();
    let mut screen = start(&project, &[("DEPLOY_TOKEN", "open-sesame-17")]);
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("What should change?");
    screen.send_text("use open-sesame-17 there");
    screen.wait_armed("a approve");
    let kept = project.path(".orchestra/.state/written.jsonl");
    until("it is kept", || read(&kept).contains(" there"));
    assert!(!read(&kept).contains("sesame"), "{}", read(&kept));
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
}

#[test]
fn a_transcript_that_is_a_pipe_holds_nothing_up() {
    let project = with_design();
    let mut screen = Emulator::start_with(&project, &ONCE, (24, 240), &[("PAGER", "cat")]);
    screen.wait_armed("a approve");
    let folder = project.path(".orchestra/.state/transcripts/M1-one");
    let transcript = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&transcript).unwrap();
    assert!(Command::new("mkfifo").arg(&transcript).status().unwrap().success());
    screen.keys("\tT");
    screen.wait_for("is not a plain file");
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    screen.is_as_it_was_found();
}

#[test]
fn while_a_pager_has_the_terminal_the_worker_goes_on_and_what_came_is_shown_after_it() {
    let (project, barrier) = held_up(&one_phase(), "      - say: \"hel\\e[2Jlo\"\n");
    let (read_file, go) = (project.top().join("read"), project.top().join("go"));
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    let pager = program(
        &project,
        "pager",
        &format!("cat > '{}'\nhead -c 1 > /dev/null < '{}'\n", read_file.display(), go.display()),
    );
    let mut screen = start(&project, &[("PAGER", &pager)]);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    screen.keys("\tT");
    until("the pager runs", || read_file.exists());
    drop(open);
    until("the worker has gone on to the gate", || !project.gates().is_empty());
    fs::write(&go, "x").unwrap();
    screen.wait_armed("f finish without a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    let pages = read(&read_file);
    assert!(pages.contains("hello") && pages.contains("\u{1b}[1m● run\u{1b}[0m"), "{pages:?}");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    screen.is_as_it_was_found();
}

#[test]
fn a_long_paste_is_folded_never_sent_and_goes_whole_and_is_found_again_later() {
    let project = with_design();
    let mut screen = start(&project, &[]);
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("What should change?");
    let lines: Vec<String> = (0..200).map(|number| format!("line {number} {}\r", "x".repeat(42))).collect();
    let lines = lines.concat();
    assert!(lines.len() >= 10_000);
    screen.keys("say ");
    screen.keys(&format!("\x1b[200~{lines}\x1b[201~"));
    screen.wait_for("say [pasted 200 lines]");
    screen.linger();
    assert_eq!(answers(&project), 0, "{}", journal(&project));
    screen.keys("\r");
    screen.wait_armed("a approve");
    let feedback = format!("say {}", lines.trim_end().replace('\r', "\\n"));
    assert!(journal(&project).contains(&format!("\"feedback\":\"{feedback}\"")), "{}", journal(&project));
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());

    let kept = project.path(".orchestra/.state/written.jsonl");
    until("it is kept", || read(&kept).contains("line 199"));
    let mut screen = start(&project, &[]);
    screen.wait_armed("r revise");
    screen.keys("r");
    screen.wait_for("What should change?");
    screen.keys("new");
    screen.wait_for("new");
    screen.keys("\x12");
    screen.wait_for("Search in what you wrote before:");
    for key in "LINE 7".chars() {
        screen.keys(&key.to_string());
    }
    screen.wait_for("Search: LINE 7 (ctrl-r older");
    screen.wait_for("line 199");
    // It is taken, not sent; and `ctrl-z` while something is written is the shell's.
    screen.linger();
    screen.keys("\r");
    screen.wait_without("Search:");
    screen.keys("\x1a");
    screen.wait_stopped();
    screen.signal(rustix::process::Signal::CONT);
    screen.wait_for("line 199");
    screen.keys("\x1b");
    screen.wait_armed("s leave it waiting");
    assert_eq!(answers(&project), 2, "{}", journal(&project));
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
}

#[test]
fn progress_is_shown_where_the_terminal_is_known_for_it_and_taken_away_however_it_ends() {
    let signs = |screen: &Emulator| {
        let said = raw(screen);
        said.match_indices("\x1b]9;4;").map(|(at, _)| said[at + 6..at + 7].to_owned()).collect::<String>()
    };
    let (project, barrier) = held_up(&one_phase(), "");
    let ghostty = [("TERM_PROGRAM", "ghostty"), ("TERM_PROGRAM_VERSION", "1.2.0")];
    let mut screen = start(&project, &ghostty);
    let open = barrier.reach();
    screen.wait_for("ctrl-c interrupt");
    assert_eq!(signs(&screen), "3");
    screen.signal(rustix::process::Signal::KILL);
    screen.wait_left();
    assert_eq!(signs(&screen), "30");
    drop(open);
    let mut screen = start(&project, &ghostty);
    screen.wait_for("ctrl-c interrupt");
    drop(barrier.reach());
    screen.wait_armed("f finish without a push");
    assert!(signs(&screen).ends_with("34"), "{}", signs(&screen));
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert!(signs(&screen).ends_with('0'), "{}", signs(&screen));

    let project = with_design();
    let mut screen = start(&project, &[("TERM_PROGRAM", "iTerm.app"), ("TERM_PROGRAM_VERSION", "3.5.0")]);
    screen.wait_armed("s leave it waiting");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    assert_eq!(signs(&screen), "");
}

#[test]
fn a_program_of_the_persons_own_tells_that_a_question_waits() {
    let project = with_design();
    let told = project.top().join("told");
    let teller = program(&project, "teller", &format!("printf '%s|' \"$@\" >> '{}'\n", told.display()));
    own_config(&project, &format!("notify_command: [\"{teller}\", Orchestra]\n"));
    let mut screen = start(&project, &[]);
    screen.wait_armed("s leave it waiting");
    until("it is told", || read(&told).contains("waits for you"));
    assert_eq!(read(&told), "Orchestra|project: rfc waits for you|");
    screen.keys("s");
    assert_eq!(screen.end(), 3, "{}", screen.screen());
    // One that ends a title is none.
    let said = raw(&screen);
    let bells =
        said.split('\u{7}').filter(|before| !before.rsplit('\u{1b}').next().unwrap().starts_with("]0;"));
    assert_eq!(bells.count(), 1, "no bell beside it: {said}");
}
