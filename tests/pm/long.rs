//! A conversation over days, with a model whose window it outgrows.

use orchestra_testkit::model_server::{Fault, Reply};

use super::desk::{Desk, WIRES};
use super::*;

#[test]
fn a_conversation_that_outgrows_the_window_is_condensed_and_goes_on() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        for day in 1..=3 {
            let answer = format!("thought {day} ").repeat(300);
            desk.plans(Reply::new().say(&answer));
            let asked = format!("what about day {day}?");
            let ran = match day {
                1 => desk.run(&["pm", "--print", &asked]),
                _ => desk.run(&["pm", "--resume", "1", "--print", &asked]),
            };
            assert_eq!(ran.expect(0).stdout.trim(), answer.trim());
        }
        desk.plans(Reply::new().fault(Fault::Overflow));
        desk.server.when("The record:", Reply::new().say("Three days went by."));
        desk.plans(Reply::new().say("I am still here."));
        let ran = desk.run(&["pm", "--resume", "1", "--print", "and now?", "--output", "json"]).expect(0);
        assert_eq!(
            ran.stdout.matches("condensed 6 messages: 200k -> ").count(),
            1,
            "{}{}",
            ran.stdout,
            ran.stderr
        );

        // Another process goes on with what was condensed.
        desk.plans(Reply::new().say("As I said."));
        let ran = desk.run(&["pm", "--resume", "1", "--print", "still there?"]).expect(0);
        assert_eq!(ran.stdout, "As I said.\n", "{}", ran.stderr);
        let sent = desk.server.requests().pop().unwrap().text();
        for told in
            ["> Three days went by.", "what about day 1?", "and now?", "I am still here.", "still there?"]
        {
            assert!(sent.contains(told), "{told}: {sent}");
        }
        assert!(!sent.contains("thought 1 thought 1"), "{sent}");

        // What was said is there to be read, word for word.
        let sessions = desk.project.path(".orchestra/.state/sessions");
        let kept: String = fs::read_dir(sessions)
            .unwrap()
            .map(|file| fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        assert!((1..=3).all(|day| kept.contains(&format!("thought {day} thought {day}"))));
        nothing_is_planned(&desk.project);
    }
}
