//! Calls of tools: carried out, answered, refused, and bounded.

use std::sync::Arc;

use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::{AgentEvent, Fault, Verdict};
use orchestra_testkit::model_server::{Reply, Stop};
use serde_json::json;
use tokio::sync::Barrier;

use super::desk::{Desk, WIRES, fault, own};
use crate::support::{notices, run, said};

#[tokio::test]
async fn a_turn_goes_on_until_the_model_calls_nothing_more() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let first = Reply::new()
            .think("two files")
            .say("I look first.")
            .call("read", &json!({ "path": "a" }))
            .call("read", &json!({ "path": "b" }))
            .call("write", &json!({ "path": "c" }));
        desk.server.answer(first).say("All done.");
        let (outcome, events) = desk.run().await;
        let report = Desk::reported(outcome);
        assert_eq!(report.summary, "All done.", "{wire:?}");
        let usage = report.usage.unwrap();
        assert_eq!((usage.input, usage.output, usage.cost_usd), (200, 20, None), "{wire:?}");
        assert_eq!(said(&events), "I look first.All done.");
        assert!(events.contains(&AgentEvent::Thinking { text: "two files".into() }), "{events:?}");
        assert!(events.contains(&AgentEvent::FileChanged { path: "a.txt".into() }), "{events:?}");
        let finished = |event: &&AgentEvent| matches!(event, AgentEvent::ToolFinished { ok: true, .. });
        assert_eq!(events.iter().filter(finished).count(), 3);
        let sent = &desk.server.requests()[1].body.to_string();
        for told in ["I look first.", "hello", "written"] {
            assert!(sent.contains(told), "{wire:?} {told}: {sent}");
        }
        assert_eq!(desk.roles(), ["user", "agent", "results", "agent"], "{wire:?}");
    }
}

#[tokio::test]
async fn what_only_reads_runs_side_by_side_and_what_changes_something_in_order() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        // Each waits for the other: one after the other they would wait for ever.
        *desk.tools.barrier.lock().unwrap() = Some(Arc::new(Barrier::new(2)));
        let calls = Reply::new()
            .call("together", &json!({ "path": "1" }))
            .call("together", &json!({ "path": "2" }))
            .call("write", &json!({ "path": "3" }))
            .call("run", &json!({ "path": "4" }))
            .call("read", &json!({ "path": "5" }));
        desk.server.answer(calls).say("Done.");
        let (outcome, events) = desk.run().await;
        Desk::reported(outcome);
        let asked = desk.tools.asked();
        let names: Vec<&str> = asked.iter().map(|asked| asked.split(' ').next().unwrap()).collect();
        assert_eq!(names, ["together", "together", "write", "run", "read"], "{wire:?}");
        let output = |event: &AgentEvent| match event {
            AgentEvent::ToolOutput { id, text } => Some(format!("{id}: {text}")),
            _ => None,
        };
        assert_eq!(events.iter().filter_map(output).collect::<Vec<_>>(), ["4: line 1\n", "4: line 2\n"]);
        // The results stand in the order of the calls.
        let kept = desk.kept();
        let texts: Vec<_> =
            kept[2]["results"].as_array().unwrap().iter().map(|result| &result["text"]).collect();
        assert_eq!(texts, ["together", "together", "written", "exit code 1", "hello"]);
    }
}

#[tokio::test]
async fn a_tool_that_is_not_there_and_arguments_that_cannot_be_read_are_told_to_the_model() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let calls = Reply::new()
            .call("teleport", &json!({ "to": "production" }))
            .call_with("read", "{\"path\": \"a")
            .call_with("read", "[1]");
        desk.server.answer(calls).say("I see.");
        let (outcome, _) = desk.run().await;
        Desk::reported(outcome);
        assert_eq!(desk.tools.asked(), [""; 0]);
        let kept = desk.kept();
        let results = kept[2]["results"].as_array().unwrap();
        let starts = [
            "there is no tool `teleport`; there are: read, together, telephone",
            "the arguments could not be read: they are not JSON",
            "the arguments could not be read: they are no JSON object",
        ];
        for (result, start) in results.iter().zip(starts) {
            assert!(
                result["is_error"] == true && result["text"].as_str().unwrap().starts_with(start),
                "{result}"
            );
        }
        // What goes back is an object, whatever came.
        assert!(!desk.told(1).contains("\\\"path\\\": \\\"a"), "{}", desk.told(1));
    }
}

#[tokio::test]
async fn a_report_ends_the_turn_and_a_second_one_or_a_wrong_one_does_not_count() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let (offered, seen) = own(OwnTool::WORKING);
        let wrong = Reply::new().call("report_result", &json!({ "verdict": "splendid" }));
        let right = Reply::new()
            .call(
                "report_result",
                &json!({ "summary": "first", "verdict": "approved", "usage": { "input": 5 } }),
            )
            .call("report_result", &json!({ "summary": "second" }))
            .call("raise_concern", &json!({ "text": "the lock file is old" }));
        desk.server.answer(wrong).answer(right).say("never asked for");
        let mut request = desk.request();
        request.own = Some(offered);
        let (outcome, events) = run(&desk.agent(), request).await;
        let report = Desk::reported(outcome);
        assert_eq!((report.summary.as_str(), report.verdict), ("first", Some(Verdict::Approved)));
        assert_eq!(report.usage.unwrap().input, 200, "counted here");
        assert_eq!(desk.server.left(), 1);
        assert_eq!(*seen.lock().unwrap(), [OwnTool::RaiseConcern], "a report is the loop's own");
        let kept = desk.kept();
        assert!(
            kept[2]["results"][0]["text"].as_str().unwrap().starts_with("the arguments do not fit"),
            "{}",
            kept[2]
        );
        let second = &kept[4]["results"][1];
        assert!(
            second["is_error"] == true && second["text"].as_str().unwrap().contains("already"),
            "{second}"
        );
        assert_eq!(notices(&events), [""; 0]);
    }
}

#[tokio::test]
async fn a_report_that_is_missing_is_asked_for_once() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.say("I am done.").answer(Reply::new().call("report_result", &json!({ "summary": "x" })));
        let mut request = desk.request();
        request.own = Some(own(OwnTool::WORKING).0);
        let (outcome, events) = run(&desk.agent(), request).await;
        assert_eq!(Desk::reported(outcome).summary, "x");
        assert_eq!(notices(&events), [""; 0]);
        assert!(desk.told(1).contains("You have not handed in your report"));

        let desk = Desk::new(wire);
        desk.server.say("I am done.").say("Really.");
        let mut request = desk.request();
        request.own = Some(own(OwnTool::WORKING).0);
        let (outcome, events) = run(&desk.agent(), request).await;
        assert_eq!(Desk::reported(outcome).summary, "Really.");
        assert_eq!(notices(&events), ["no report was handed in: its last words are the summary"]);
    }
}

#[tokio::test]
async fn a_report_at_the_end_of_the_answer_counts_where_a_model_cannot_call() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.say("Done.\n```json\n{\"summary\": \"x\", \"concerns\": [\"y\"]}\n```\n");
        let (outcome, events) = desk.run().await;
        let report = Desk::reported(outcome);
        assert_eq!((report.summary.as_str(), report.concerns.as_slice()), ("x", ["y".to_owned()].as_slice()));
        assert_eq!(notices(&events), [""; 0]);
    }
}

#[tokio::test]
async fn an_own_tool_is_answered_by_whoever_answers_it() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let (offered, seen) = own(OwnTool::PLANNING);
        let form = json!({ "questions": [{ "question": "Which?", "options": [{ "label": "a" }] }] });
        let strange = json!({ "questions": [] });
        desk.server.answer(Reply::new().call("ask_user", &form).call("ask_user", &strange)).say("Good.");
        let mut request = desk.request();
        request.own = Some(offered);
        let (outcome, events) = run(&desk.agent(), request).await;
        assert_eq!(Desk::reported(outcome).summary, "Good.");
        // Nobody expects a report of a conversation.
        assert_eq!((notices(&events), desk.server.requests().len()), (Vec::new(), 2));
        assert_eq!(*seen.lock().unwrap(), [OwnTool::AskUser]);
        let kept = desk.kept();
        let texts: Vec<_> =
            kept[2]["results"].as_array().unwrap().iter().map(|result| &result["text"]).collect();
        assert_eq!(texts, ["noted", "the arguments do not fit: ask one to 4 questions at once"]);
    }
}

#[tokio::test]
async fn a34_a_model_that_repeats_what_fails_is_ended_and_the_call_is_named() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        for _ in 0..6 {
            desk.server.call("run", json!({ "path": "same" }));
        }
        let (outcome, _) = desk.run().await;
        let words = "it called `run` 5 times with the same arguments, and it failed each time: exit code 1";
        assert_eq!(fault(outcome), Fault::Failed { message: words.to_owned() });
        assert_eq!(desk.server.left(), 1);
        assert_eq!(desk.roles().last().unwrap(), "results");
    }
}

#[tokio::test]
async fn a_command_may_fail_again_after_every_change() {
    let desk = Desk::new(WIRES[0]);
    for _ in 0..6 {
        desk.server.call("run", json!({ "path": "same" })).call("write", json!({ "path": "a" }));
    }
    desk.server.say("Done.");
    Desk::reported(desk.run().await.0);
}

#[tokio::test]
async fn a34_a_turn_has_a_last_request() {
    let desk = Desk::new(WIRES[1]);
    for number in 0..201 {
        desk.server.call("read", json!({ "path": number.to_string() }));
    }
    let (outcome, _) = desk.run().await;
    let message = "it made 200 requests and came to no end".to_owned();
    assert_eq!(fault(outcome), Fault::Failed { message });
    assert_eq!(desk.server.requests().len(), 200);
}

#[tokio::test]
async fn an_answer_that_comes_to_its_limit_goes_on_and_not_for_ever() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let cut = || Reply::new().say("One, two,").stop(Stop::AtTheLimit);
        desk.server.answer(cut()).say("three.");
        let (outcome, _) = desk.run().await;
        assert_eq!(Desk::reported(outcome).summary, "three.");
        assert!(desk.told(1).contains("cut off at its limit"));

        let desk = Desk::new(wire);
        for _ in 0..5 {
            desk.server.answer(cut());
        }
        let (outcome, _) = desk.run().await;
        assert!(matches!(fault(outcome), Fault::Failed { message } if message.contains("too long")));
        assert_eq!(desk.server.left(), 1);

        // A call that was cut off is no call.
        let desk = Desk::new(wire);
        let cut =
            Reply::new().call_with("write", "{\"path\": \"a\", \"content\": \"half").stop(Stop::AtTheLimit);
        desk.server.answer(cut).say("In smaller steps, then.");
        Desk::reported(desk.run().await.0);
        assert_eq!(desk.tools.asked(), [""; 0]);
        assert!(desk.told(1).contains("make smaller steps"));
    }
}

#[tokio::test]
async fn a33_a_report_that_is_too_large_is_not_taken() {
    let desk = Desk::new(WIRES[0]);
    let large = json!({ "summary": "x".repeat(2 * 1024 * 1024) });
    desk.server
        .answer(Reply::new().call("report_result", &large))
        .call("report_result", json!({ "summary": "short" }));
    let mut request = desk.request();
    request.own = Some(own(OwnTool::WORKING).0);
    let (outcome, _) = run(&desk.agent(), request).await;
    assert_eq!(Desk::reported(outcome).summary, "short");
}
