//! Everything that an endpoint can do wrong, and what comes of it.

use std::time::Duration;

use orchestra_core::config::http::Wire;
use orchestra_core::report::{AgentEvent, Fault, Outcome};
use orchestra_testkit::model_server::{Fault as Wrong, ModelServer, Reply, Stop, Usage};
use serde_json::json;

use super::desk::{Desk, WIRES, fault, run_and_at, runner};
use crate::support::{notices, run, said};

/// What one misbehaviour comes to over each wire. Nothing is tried twice, and nothing of the answer is kept.
async fn comes_to(wrong: Wrong, check: impl Fn(Fault)) {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.fault(wrong.clone());
        let (outcome, _) = desk.run().await;
        check(fault(outcome));
        assert_eq!(desk.server.requests().len(), 1, "{wire:?} {wrong:?}");
        assert_eq!(desk.roles(), ["user"], "{wire:?} {wrong:?}");
    }
}

fn transient(fault: Fault) -> (String, Option<Duration>) {
    match fault {
        Fault::Transient { message, retry_after } => (message, retry_after),
        other => panic!("{other:?}"),
    }
}

fn unusable(fault: Fault) -> (String, String) {
    match fault {
        Fault::Unusable { message, hint } => (message, hint),
        other => panic!("{other:?}"),
    }
}

fn failed(fault: Fault) -> String {
    match fault {
        Fault::Failed { message } => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_that_is_not_accepted_and_an_account_without_credit_are_the_person_s_to_mend() {
    comes_to(Wrong::Unauthorized, |fault| {
        let (message, hint) = unusable(fault);
        assert!(message.contains("answered 401: invalid x-api-key"), "{message}");
        assert!(hint.contains("the variable MY_MODEL_LOGIN"), "{hint}");
    })
    .await;
    comes_to(Wrong::NoCredit, |fault| assert!(unusable(fault).1.contains("credit"))).await;
    let missing = r#"{"error":{"message":"model 'model-1' not found, try pulling it first"}}"#;
    comes_to(Wrong::Status(404, missing.to_owned()), |fault| {
        let (message, hint) = unusable(fault);
        assert!(message.contains("try pulling it") && hint.contains("`model-1`"), "{message} {hint}");
    })
    .await;
}

#[tokio::test]
async fn what_passes_by_itself_is_transient_with_the_pause_that_was_asked_for() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    comes_to(Wrong::RateLimited(Some("7".to_owned())), |fault| {
        assert_eq!(transient(fault).1, seconds(7));
    })
    .await;
    comes_to(Wrong::RateLimited(None), |fault| assert_eq!(transient(fault).1, None)).await;
    comes_to(Wrong::RateLimited(Some("7200".to_owned())), |fault| {
        assert!(matches!(fault, Fault::UsageLimit { until: Some(_), .. }), "{fault:?}");
    })
    .await;
    comes_to(Wrong::Overloaded, |fault| assert!(transient(fault).0.contains("529"))).await;
    comes_to(Wrong::Internal, |fault| assert!(transient(fault).0.contains("500"))).await;
    comes_to(Wrong::ErrorInStream, |fault| assert!(transient(fault).0.contains("overloaded just now"))).await;
}

#[tokio::test]
async fn a52_a_redirect_is_not_followed_and_the_other_host_hears_nothing() {
    for wire in WIRES {
        let other = ModelServer::start();
        let desk = Desk::new(wire);
        // The same machine by another name: another host.
        let place = format!("{}/v1/messages", other.url().replace("127.0.0.1", "localhost"));
        desk.server.fault(Wrong::RedirectTo(place));
        let (outcome, _) = desk.run().await;
        let (message, hint) = unusable(fault(outcome));
        assert!(message.contains("redirects to localhost; nothing was sent there"), "{message}");
        assert!(hint.contains("base_url"), "{hint}");
        assert_eq!(other.requests().len(), 0);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_is_transient_and_no_half_call_is_carried_out() {
    for wire in WIRES {
        for wrong in [Wrong::CutInCall, Wrong::CutInText] {
            let desk = Desk::new(wire);
            let begun = Reply::new()
                .call("read", &json!({ "path": "a" }))
                .usage(Usage { input: 70, ..Usage::default() });
            desk.server.answer(begun.fault(wrong.clone()));
            let (outcome, events) = desk.run().await;
            assert!(transient(fault(outcome)).0.contains("connection"), "{wire:?}");
            assert_eq!((desk.tools.asked().len(), desk.roles()), (0, vec!["user".to_owned()]), "{wire:?}");
            let used = |event: &AgentEvent| match event {
                AgentEvent::Usage { usage } => Some(usage.input),
                _ => None,
            };
            // Only one of the wires says at the beginning what it read; that was paid for.
            let told = if wire == Wire::AnthropicMessages { vec![70] } else { Vec::new() };
            assert_eq!(events.iter().filter_map(used).collect::<Vec<_>>(), told, "{wire:?}");
        }
    }
}

#[tokio::test]
async fn f57_a_turn_after_a_cut_stream_goes_on_with_the_same_conversation() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.call("read", json!({ "path": "a" })).fault(Wrong::CutInText);
        let (outcome, events) = desk.run().await;
        transient(fault(outcome));
        let session = events.iter().find_map(|event| match event {
            AgentEvent::Session { session } => Some(session.clone()),
            _ => None,
        });
        assert_eq!(desk.roles(), ["user", "agent", "results"]);
        desk.server.say("Here I am again.");
        let mut request = desk.request();
        request.session = session;
        let (outcome, _) = run(&desk.agent(), request).await;
        assert_eq!(Desk::reported(outcome).summary, "Here I am again.");
        assert_eq!(desk.roles(), ["user", "agent", "results", "user", "agent"]);
        assert!(desk.told(2).contains("hello"), "what was read is known");
    }
}

#[tokio::test]
async fn a53_an_answer_that_comes_a_byte_at_a_time_is_whole_in_the_end() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        let slow = Reply::new().think("ä").say("Grüße 😀").call("read", &json!({ "path": "ü" }));
        desk.server.answer(slow.fault(Wrong::Drip)).say("Done.");
        let (outcome, events) = desk.run().await;
        Desk::reported(outcome);
        assert_eq!(said(&events), "Grüße 😀Done.");
        assert_eq!(desk.tools.asked(), [r#"read {"path":"ü"}"#]);
    }
}

#[tokio::test]
async fn a53_silence_is_told_and_then_transient() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.fault(Wrong::SilenceInText);
        // Nothing moves any more but the clock, from the first word on.
        let at = |event: &AgentEvent| {
            if matches!(event, AgentEvent::Text { .. }) {
                tokio::time::pause();
            }
        };
        let (outcome, events) = run_and_at(&desk.agent(), desk.request(), at).await;
        tokio::time::resume();
        assert!(transient(fault(outcome)).0.contains("says nothing any more"));
        assert_eq!(notices(&events), ["has said nothing for 600 s"]);
        assert_eq!(desk.roles(), ["user"]);
    }
}

#[tokio::test]
async fn a53_an_endpoint_that_does_not_even_begin_is_transient() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.fault(Wrong::Silence);
        let stop_the_clock = async {
            while desk.server.requests().is_empty() {
                tokio::task::yield_now().await;
            }
            tokio::time::pause();
        };
        let ((outcome, events), ()) = tokio::join!(desk.run(), stop_the_clock);
        tokio::time::resume();
        assert!(transient(fault(outcome)).0.contains("says nothing any more"));
        assert_eq!(notices(&events), ["has said nothing for 600 s"]);
    }
}

#[tokio::test]
async fn a_turn_that_is_not_done_in_time_is_ended_whatever_it_waits_for() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.call("hang", json!({}));
        let mut request = desk.request();
        request.timeout = Duration::from_mins(3);
        let at = |event: &AgentEvent| {
            if matches!(event, AgentEvent::ToolStarted { .. }) {
                tokio::time::pause();
            }
        };
        let (outcome, events) = run_and_at(&desk.agent(), request, at).await;
        tokio::time::resume();
        assert_eq!(fault(outcome), Fault::TimedOut { after: Duration::from_mins(3) });
        assert!(
            events.iter().any(|event| matches!(event, AgentEvent::ToolFinished { ok: false, .. })),
            "{events:?}"
        );
        assert_eq!(desk.roles(), ["user", "agent", "results"]);
    }
}

#[tokio::test]
async fn a53_what_is_packed_is_not_unpacked() {
    comes_to(Wrong::GzipBomb, |fault| {
        let (message, _) = unusable(fault);
        assert!(message.contains("the encoding `gzip`"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a53_an_answer_without_end_is_ended() {
    for (wrong, words) in
        [(Wrong::Endless, "the answer has more than 1048576 bytes"), (Wrong::EndlessCalls, "more than")]
    {
        for wire in WIRES {
            let desk = Desk::new(wire);
            desk.server.fault(wrong.clone());
            let mut request = desk.request();
            request.output_limit = 1024 * 1024;
            let (outcome, _) = run(&desk.agent(), request).await;
            assert!(failed(fault(outcome)).contains(words), "{wire:?} {wrong:?}");
            assert_eq!((desk.tools.asked().len(), desk.roles().len()), (0, 1));
        }
    }
}

#[tokio::test]
async fn a53_what_is_no_json_is_transient_and_what_is_no_utf_8_is_shown_as_such() {
    comes_to(Wrong::BadJson, |fault| assert!(transient(fault).0.contains("not JSON"))).await;
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.fault(Wrong::BadUtf8);
        let (outcome, events) = desk.run().await;
        let text = "I say caf\u{fffd} \u{fffd}";
        assert_eq!(
            (Desk::reported(outcome).summary.as_str(), said(&events).as_str()),
            (text, text),
            "{wire:?}"
        );
    }
}

#[tokio::test]
async fn another_service_in_the_endpoint_s_place_is_named() {
    comes_to(Wrong::Page, |fault| {
        let (message, hint) = unusable(fault);
        assert!(message.contains("answered with text/html") && hint.contains("base_url"), "{message}");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_a_filter_and_a_conversation_that_is_too_long_are_told_in_words() {
    comes_to(Wrong::Overflow, |fault| {
        let message = failed(fault);
        assert!(message.starts_with("the conversation does not fit into the model's window"), "{message}");
    })
    .await;
    for (stop, words) in [(Stop::Refusing, "the model refused"), (Stop::Filtered, "filter")] {
        for wire in WIRES {
            let desk = Desk::new(wire);
            desk.server.answer(Reply::new().say("I").stop(stop));
            let (outcome, _) = desk.run().await;
            let message = failed(fault(outcome));
            let is_told =
                message.contains(words) || wire == Wire::AnthropicMessages && message.contains("refused");
            assert!(is_told, "{wire:?}: {message}");
            assert_eq!(desk.roles(), ["user"], "what was refused is no part of the conversation");
        }
    }
}

#[tokio::test]
async fn nobody_there_is_transient() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        // Bound and not listened at: nobody else gets the port meanwhile.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let mut config = desk.config.clone();
        config.base_url = format!("http://{}", socket.local_addr().unwrap());
        let (outcome, _) = run(&runner(config), desk.request()).await;
        assert!(transient(fault(outcome)).0.contains("cannot be reached"), "{wire:?}");
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_at_all_is_a_failure() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        desk.server.answer(Reply::new());
        let (outcome, _) = desk.run().await;
        assert_eq!(
            outcome,
            Outcome::Faulted(Fault::Failed { message: "it said nothing".to_owned() }),
            "{wire:?}"
        );
    }
}
