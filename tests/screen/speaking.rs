//! Speaking to those who work: at once, and queued for whoever comes after them.

use orchestra_testkit::until;

use super::*;

/// The only phase listens, and writes down what it hears; what the reviewer must have been told follows.
fn listening(expects: &str) -> TestProject {
    let project = project(&format!(
        "version: 1\nturns:\n  - when: {{ work: phase-1 }}\n    steps:\n      - say: I listen\n      - listen: 10m\n      \
         - write: {{ path: src/said.txt, content: \"${{said}}\\n\" }}\n  \
         - when: {{ work: \"review-*\" }}\n    steps: [{expects}]\n    report: {{ verdict: approved }}\n"
    ));
    project.add(&one_phase());
    project
}

/// Writes something and sends it, once the line says when it will be heard.
fn say(screen: &mut Emulator, text: &str, when: &str) {
    screen.keys(text);
    screen.wait_for(when);
    screen.linger();
    screen.keys("\r");
}

#[test]
fn what_is_said_to_an_agent_that_listens_is_heard_at_once() {
    let project = listening("");
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("I listen");
    screen.wait_for("tell #backend");
    say(&mut screen, "use bcrypt", "enter tell it now");
    screen.wait_for("it has heard you");
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert_eq!(project.read("src/said.txt"), "use bcrypt\n");
    // Once, and on record before it was said.
    let said = r#""record":"said","milestone":"M1-one","work":"phase-1","texts":["use bcrypt"]"#;
    assert_eq!(journal(&project).matches(said).count(), 1, "{}", journal(&project));
    assert_eq!(journal(&project).matches(r#""record":"turn-started""#).count(), 2);
    screen.is_as_it_was_found();
}

#[test]
fn what_is_queued_is_in_sight_can_be_taken_back_and_is_told_to_whoever_comes_next() {
    let project = listening("{ expect: \"look at the dates\" }");
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("I listen");
    screen.keys("look at the names");
    screen.wait_for("tab tell whoever comes after phase-1");
    screen.keys("\t");
    screen.wait_for("⏵ after phase-1: look at the names");
    // Taken back, written anew, and queued again.
    screen.wait_for("up take back");
    screen.keys("\x1b[A");
    screen.wait_without("⏵ after phase-1");
    screen.keys("\x7f\x7f\x7f\x7f\x7fdates");
    screen.wait_for("look at the dates");
    screen.linger();
    screen.keys("\t");
    screen.wait_for("⏵ after phase-1: look at the dates");
    say(&mut screen, "go", "enter tell it now");
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    let journal = journal(&project);
    let to_review = r#""record":"said","milestone":"M1-one","work":"review-1","texts":["look at the dates"],"queued":true"#;
    assert!(journal.contains(to_review), "{journal}");
    assert!(!journal.contains(r#""texts":["look at the names"]"#), "{journal}");
}

#[test]
fn what_waits_to_be_said_survives_a_kill() {
    let project = listening("{ expect: \"look at the dates\" }");
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("I listen");
    screen.keys("look at the dates\t");
    screen.wait_for("⏵ after phase-1: look at the dates");
    screen.signal(rustix::process::Signal::KILL);
    screen.wait_left();
    drop(screen);

    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("I listen");
    screen.wait_for("⏵ after phase-1: look at the dates");
    say(&mut screen, "go", "enter tell it now");
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
}

/// A project whose agent is a shell script that reads what this says.
fn program(input: &str, script: &str) -> TestProject {
    let project = project(PLAIN);
    project.write("../agent.sh", script);
    let agent = project.top().join("agent.sh");
    project.write(
        ".orchestra/config.yaml",
        &format!(
            "version: 1\nagents:\n  default: mine\n  mine: {{ kind: command, run: [\"/bin/sh\", \"{}\"], output: json-lines{input} }}\n",
            agent.display()
        ),
    );
    project.commit_all("chore: another agent");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    project.add(&one_phase());
    project
}

/// Approves what it reviews.
const REVIEWS: &str = "case $ORCHESTRA_PHASE in review) echo '{\"verdict\":\"approved\"}' >\"$ORCHESTRA_REPORT\"; exit;; esac\n";

#[test]
fn a_program_that_reads_json_lines_hears_what_is_said() {
    let script = format!(
        "read -r prompt\n{REVIEWS}echo '{{\"event\":\"text\",\"text\":\"I listen\\n\"}}'\nread -r words\n\
         echo '{{\"event\":\"heard\"}}'\nmkdir -p src\nprintf '%s\\n' \"$words\" >src/said.txt\n"
    );
    let project = program(", input: json-lines", &script);
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("I listen");
    say(&mut screen, "use bcrypt", "enter tell it now");
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert_eq!(project.read("src/said.txt"), "{\"text\":\"use bcrypt\",\"type\":\"message\"}\n");
}

#[test]
fn what_a_program_cannot_hear_is_told_in_one_more_turn_before_its_work_is_committed() {
    let script = format!(
        "prompt=$(cat)\n{REVIEWS}mkdir -p src\necho \"$ORCHESTRA_ATTEMPT\" >>src/turns.txt\n\
         case $prompt in *'use bcrypt'*) echo told >>src/turns.txt; exit;; esac\n\
         echo '{{\"event\":\"text\",\"text\":\"I work\\n\"}}'\ncat ../barrier\n"
    );
    let project = program("", &script);
    let barrier = Barrier(project.top().join("barrier"));
    assert!(Command::new("mkfifo").arg(&barrier.0).status().unwrap().success());
    let mut screen = Emulator::start(&project, &ONCE);
    screen.wait_for("I work");
    screen.wait_for("tell #backend, when its turn ends");
    say(&mut screen, "use bcrypt", "enter tell it when its turn ends");
    until("it is on record", || journal(&project).contains("use bcrypt"));
    drop(barrier.reach());
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    // The same attempt, a turn more, one commit.
    assert_eq!(project.read("src/turns.txt"), "1\n1\ntold\n");
    assert_eq!(project.git(&["log", "--format=%s", "-n", "3"]).matches("phase-1").count(), 0);
}

#[test]
fn esc_twice_interrupts_the_agent_and_asks_what_next() {
    let (project, barrier) = held_up(&one_phase(), "      - say: I work\n");
    let mut screen = Emulator::start(&project, &ONCE);
    let open = barrier.reach();
    screen.wait_for("I work");
    screen.wait_for("esc esc interrupt");
    screen.keys("\x1b");
    screen.wait_for("esc again: interrupt");
    screen.keys("\x1b");
    screen.wait_armed("t try again");
    drop(open);
    screen.keys("n");
    screen.wait_for("A note for the agent");
    screen.send_text("more slowly");
    drop(barrier.reach());
    screen.wait_armed("a push");
    screen.keys("f");
    assert_eq!(screen.end(), 0, "{}", screen.screen());
    assert!(journal(&project).contains("more slowly"), "{}", journal(&project));
}
