//! What is sent: where, with which headers, in which form, and what stays the same to the byte.

use orchestra_core::config::http::{Effort, KeySource, Secret, Wire};
use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::{Fault, Outcome};
use orchestra_testkit::model_server::{ModelServer, Reply};
use serde_json::{Value, json};

use super::desk::{Desk, KEY, KEY_ENV, WIRES, fault, own};
use crate::support::run;

/// The body without what marks parts for a cache: marks are no part of what is cached.
fn unmarked(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            map.remove("cache_control");
            map.values_mut().for_each(|value| *value = unmarked(value.take()));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| *value = unmarked(value.take())),
        _ => {}
    }
    value
}

fn marks(value: &Value) -> usize {
    match value {
        Value::Object(map) => {
            usize::from(map.contains_key("cache_control")) + map.values().map(marks).sum::<usize>()
        }
        Value::Array(list) => list.iter().map(marks).sum(),
        _ => 0,
    }
}

/// The messages of a request.
pub(super) fn messages(wire: Wire, body: &Value) -> Vec<Value> {
    let key = if wire == Wire::OpenAiResponses { "input" } else { "messages" };
    unmarked(body[key].clone()).as_array().unwrap().clone()
}

#[tokio::test]
async fn what_stays_is_the_same_to_the_byte_and_every_request_begins_with_the_one_before() {
    for wire in WIRES {
        let desk = Desk::new(wire);
        for path in ["a", "b", "c"] {
            desk.server
                .answer(Reply::new().think("hm").say("I look.").call("read", &json!({ "path": path })));
        }
        desk.server.call("report_result", json!({ "summary": "x" }));
        let mut request = desk.request();
        request.own = Some(own(OwnTool::WORKING).0);
        Desk::reported(run(&desk.agent(), request).await.0);
        let requests = desk.server.requests();
        assert_eq!(requests.len(), 4);
        for pair in requests.windows(2) {
            for part in ["system", "instructions", "tools", "model", "prompt_cache_key"] {
                assert_eq!(pair[0].body[part].to_string(), pair[1].body[part].to_string(), "{wire:?} {part}");
            }
            let (before, after) = (messages(wire, &pair[0].body), messages(wire, &pair[1].body));
            assert!(after.len() > before.len() && after[..before.len()] == before, "{wire:?}");
        }
        for request in &requests {
            let most = if wire == Wire::AnthropicMessages { 4 } else { 0 };
            assert!(marks(&request.body) <= most, "{wire:?}: {}", request.body);
        }
    }
}

#[tokio::test]
async fn the_cache_is_marked_behind_what_stays_and_behind_what_was_said_last() {
    let desk = Desk::new(Wire::AnthropicMessages);
    desk.server.call("read", json!({ "path": "a" })).call("read", json!({ "path": "b" })).say("Done.");
    Desk::reported(desk.run().await.0);
    let body = &desk.server.requests()[2].body;
    let mark = json!({ "type": "ephemeral" });
    assert_eq!(
        body["system"],
        json!([{ "type": "text", "text": "You are the backend engineer.", "cache_control": mark }])
    );
    let tools = body["tools"].as_array().unwrap();
    assert!(tools.iter().rev().skip(1).all(|tool| marks(tool) == 0) && marks(tools.last().unwrap()) == 1);
    let marked: Vec<usize> = body["messages"].as_array().unwrap().iter().map(marks).collect();
    assert_eq!(marked, [0, 0, 1, 0, 1]);
}

#[tokio::test]
async fn each_wire_is_spoken_as_its_makers_have_it() {
    for wire in WIRES {
        let mut desk = Desk::new(wire);
        desk.config.max_output = Some(5_000);
        desk.config.effort = Some(Effort::High);
        desk.config.headers.insert("x-team".to_owned(), Secret::new("shop"));
        desk.server.say("Hello.");
        Desk::reported(desk.run().await.0);
        let asked = desk.server.requests().remove(0);
        let (body, bearer) = (&asked.body, format!("Bearer {KEY}"));
        assert_eq!(asked.header("accept-encoding"), Some("identity"));
        assert_eq!(asked.header("x-team"), Some("shop"));
        assert_eq!(body["stream"], true);
        match wire {
            Wire::AnthropicMessages => {
                assert_eq!(asked.path, "/v1/messages");
                assert_eq!((asked.header("x-api-key"), asked.header("authorization")), (Some(KEY), None));
                assert_eq!(asked.header("anthropic-version"), Some("2023-06-01"));
                assert_eq!(
                    (&body["max_tokens"], &body["thinking"]["type"]),
                    (&json!(5_000), &json!("adaptive"))
                );
                assert_eq!(body["output_config"]["effort"], "high");
                assert_eq!(
                    messages(wire, body),
                    [json!({ "role": "user", "content": [{ "type": "text", "text": "Do it." }] })]
                );
            }
            Wire::OpenAiChat => {
                assert_eq!(asked.path, "/v1/chat/completions");
                assert_eq!(asked.header("authorization"), Some(bearer.as_str()));
                assert_eq!((&body["max_tokens"], &body["reasoning_effort"]), (&json!(5_000), &json!("high")));
                assert_eq!(body["stream_options"]["include_usage"], true);
                assert_eq!(body["tools"][0]["function"]["name"], "read");
                let system = json!({ "role": "system", "content": "You are the backend engineer." });
                assert_eq!(messages(wire, body), [system, json!({ "role": "user", "content": "Do it." })]);
            }
            Wire::OpenAiResponses => {
                assert_eq!(asked.path, "/v1/responses");
                assert_eq!(asked.header("authorization"), Some(bearer.as_str()));
                assert_eq!(
                    (&body["store"], &body["instructions"]),
                    (&json!(false), &json!("You are the backend engineer."))
                );
                assert_eq!(body["include"], json!(["reasoning.encrypted_content"]));
                assert_eq!(
                    (&body["max_output_tokens"], &body["reasoning"]["effort"]),
                    (&json!(5_000), &json!("high"))
                );
                assert_eq!(body["tools"][0]["name"], "read");
            }
        }
    }
}

#[tokio::test]
async fn no_key_is_sent_where_none_is_wanted_and_without_one_that_is_nothing_is_sent() {
    for wire in WIRES {
        let mut desk = Desk::new(wire);
        desk.server.say("Hello.");
        desk.config.key = KeySource::NotNeeded;
        Desk::reported(desk.run().await.0);
        let asked = desk.server.requests().remove(0);
        assert_eq!((asked.header("authorization"), asked.header("x-api-key")), (None, None));

        desk.config.key = KeySource::Variable("NOBODY_SET_THIS".to_owned());
        let (outcome, _) = desk.run().await;
        let Fault::Unusable { message, hint } = fault(outcome) else { panic!("no key") };
        assert!(
            message.contains("NOBODY_SET_THIS") && hint.starts_with("set NOBODY_SET_THIS"),
            "{message} {hint}"
        );
        assert_eq!(desk.server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_proxy_is_used_where_the_person_names_one_and_never_for_this_machine_by_itself() {
    for wire in WIRES {
        let (mut desk, proxy) = (Desk::new(wire), ModelServer::start());
        desk.server.say("Direct.");
        let mut request = desk.request();
        for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
            request.environment.push((name.into(), proxy.url().into()));
        }
        Desk::reported(run(&desk.agent(), request).await.0);
        assert_eq!(proxy.requests().len(), 0);

        proxy.say("By the proxy.");
        desk.config.proxy = Some(Secret::new(proxy.url()));
        let (outcome, _) = desk.run().await;
        assert_eq!(Desk::reported(outcome).summary, "By the proxy.");
        assert!(proxy.requests()[0].path.starts_with(&desk.server.url()), "{}", proxy.requests()[0].path);
    }
}

#[tokio::test]
async fn a52_what_is_neither_tls_nor_this_machine_is_not_asked() {
    for (wire, url) in
        WIRES.into_iter().zip(["http://api.example", "http://127.0.0.1.example", "ftp://127.0.0.1"])
    {
        let mut desk = Desk::new(wire);
        url.clone_into(&mut desk.config.base_url);
        desk.config.key = KeySource::Variable(KEY_ENV.to_owned());
        let (outcome, _) = desk.run().await;
        assert!(matches!(outcome, Outcome::Faulted(Fault::Unusable { .. })), "{outcome:?}");
    }
}
