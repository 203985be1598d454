//! A model's endpoint that misbehaves: what the person is told, and that nothing is written and the conversation goes on.

use orchestra_testkit::model_server::{Fault, ModelServer, Reply, Stop};

use super::desk::{Desk, KEY, KEY_ENV, WIRES};
use super::*;

/// What is wrong with an answer, and what has to be told of it.
struct Wrong {
    reply: Reply,
    told: &'static [&'static str],
}

fn wrong(fault: Fault, told: &'static [&'static str]) -> Wrong {
    Wrong { reply: Reply::new().fault(fault), told }
}

/// What ends a turn for good.
fn all() -> [Wrong; 5] {
    [
        wrong(Fault::Unauthorized, &["answered 401: invalid x-api-key", "the variable ORCH_TEST_LOGIN"]),
        wrong(Fault::NoCredit, &["answered 402", "credit"]),
        wrong(Fault::RateLimited(Some("7200".to_owned())), &["answered 429", "It can be used again at"]),
        wrong(Fault::Overflow, &["the conversation does not fit into the model's window"]),
        Wrong { reply: Reply::new().say("I will not.").stop(Stop::Refusing), told: &["the model refused"] },
    ]
}

/// The conversation can be read, and the next turn of it is answered.
fn goes_on(desk: &Desk) {
    nothing_is_planned(&desk.project);
    assert_eq!(kept(&desk.project)[0]["line"], "began");
    desk.plans(Reply::new().say("Here I am again."));
    let ran = desk.run(&["pm", "--resume", "1", "--print", "still there?"]).expect(0);
    assert_eq!(ran.stdout, "Here I am again.\n", "{}", ran.stderr);
    let last = desk.server.requests().pop().unwrap().text();
    assert!(last.contains("still there?"), "{last}");
    nothing_is_planned(&desk.project);
}

#[test]
fn what_is_wrong_is_printed_with_what_to_do_and_the_conversation_goes_on() {
    for Wrong { reply, told } in all() {
        let desk = Desk::new(WIRES[0]);
        desk.plans(reply);
        let ran = desk.run(&["pm", "--print", "hello"]).expect(1);
        for words in told {
            assert!(ran.said().contains(words), "{words}: {}", ran.said());
        }
        assert_eq!(desk.server.requests().len(), 1, "{told:?}");
        goes_on(&desk);
    }
}

#[test]
fn what_is_wrong_is_shown_with_what_to_do_and_enter_tries_it_again() {
    for Wrong { reply, told } in all() {
        let desk = Desk::new(WIRES[0]);
        desk.plans(reply);
        let mut screen = desk.pm();
        screen.send_text("hello there");
        // What was refused was heard; everything else can be tried again as it is.
        screen.wait_for("nobody answers");
        for words in told {
            screen.wait_until(words, |shown| flat(&shown.text()).contains(words));
        }
        nothing_is_planned(&desk.project);
        desk.plans(Reply::new().say("Here I am again."));
        screen.send_text("and now?");
        screen.wait_for("Here I am again.");
        screen.wait_for("waiting for you");
        assert_eq!(kept_of(&desk.project, "turn-ended").len(), 2);
        nothing_is_planned(&desk.project);
    }
}

/// What a screen shows, without what its lines and panes are made of.
fn flat(text: &str) -> String {
    let rows = text.lines().map(|row| row.split('│').nth(1).unwrap_or(row).trim());
    rows.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_passes_by_itself_is_waited_for_and_nobody_has_to_ask_again() {
    for fault in
        [Fault::RateLimited(Some("1".to_owned())), Fault::Overloaded, Fault::CutInText, Fault::CutInCall]
    {
        let desk = Desk::new(WIRES[0]);
        desk.plans(Reply::new().fault(fault.clone())).plans(Reply::new().say("Here I am."));
        let ran = desk.run(&["pm", "--print", "where are you?"]).expect(0);
        assert!(ran.stderr.contains("tried again at"), "{fault:?}: {}", ran.said());
        assert_eq!(ran.stdout, "Here I am.\n", "{fault:?}: {}", ran.said());
        let requests = desk.server.requests();
        assert_eq!(requests.len(), 2, "{fault:?}");
        assert!(requests[1].text().contains("where are you?"), "{fault:?}");
        assert!(!desk.project.has("a.txt"), "half a call was carried out");
        goes_on(&desk);
    }
}

#[test]
fn a52_another_host_hears_nothing_and_does_not_get_the_key() {
    let (desk, other) = (Desk::new(WIRES[0]), ModelServer::start());
    // The same machine by another name: another host.
    let place = format!("{}/v1/messages", other.url().replace("127.0.0.1", "localhost"));
    desk.plans(Reply::new().fault(Fault::RedirectTo(place)));
    let _ran = desk
        .run(&["pm", "--print", "hello"])
        .expect(1)
        .says("redirects to localhost; nothing was sent there")
        .says("base_url");
    assert_eq!(other.requests().len(), 0);
    goes_on(&desk);
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn a_tool_that_is_not_there_and_arguments_that_do_not_fit_are_the_models_to_mend() {
    for (tool, arguments) in [
        ("approve_milestone", json!({ "milestone": "M1" })),
        ("write", json!({ "path": "src/a.txt", "content": "x" })),
        ("ask_user", json!({ "questions": [] })),
        ("propose_milestone", json!({ "title": "User login", "approved": true })),
        ("propose_change", json!({ "milestone": "M9", "reason": "x", "changes": [] })),
    ] {
        let desk = Desk::new(WIRES[0]);
        desk.plans(Reply::new().call(tool, &arguments)).plans(Reply::new().say("I am sorry."));
        let ran = desk.run(&["pm", "--print", "hello"]).expect(0);
        assert_eq!(ran.stdout, "I am sorry.\n", "{tool}: {}", ran.stderr);
        let result = desk.server.requests()[1].body["messages"].to_string();
        assert!(result.contains("\"is_error\":true"), "{tool}: {result}");
        assert!(!desk.project.has("src/a.txt"), "{tool}");
        goes_on(&desk);
    }
}

#[test]
fn without_the_key_nothing_is_sent_and_the_variable_is_named() {
    let desk = Desk::new(WIRES[0]);
    let mut command = desk.command(&["pm", "--print", "hello"]);
    command.env_remove(KEY_ENV);
    let ran = TestProject::start_as(command).wait().expect(1).says(KEY_ENV);
    assert!(!ran.said().contains(KEY));
    assert_eq!(desk.server.requests().len(), 0);
    goes_on(&desk);
}
