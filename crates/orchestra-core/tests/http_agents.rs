//! Agents of kind `http`: what is read, refused and shown of them.

use orchestra_core::config::AgentConfig;
use orchestra_core::config::http::{Effort, HttpAgent, KeySource, Price, Secret, Share, Wire};
use orchestra_core::config::layer::{Layer, parse_layer};
use orchestra_core::config::resolve::{Resolved, resolve};
use orchestra_core::config::trust::{commands_of, hash_of};
use orchestra_core::plan::Plan;

const KEY: &str = "sk-planted-0123456789abcdef";

fn read(layer: Layer, fields: &str) -> Result<Resolved, String> {
    let text = format!("agents:\n  m: {{ kind: http, {fields} }}\n");
    let told = |faults: Vec<orchestra_core::diagnostic::Diagnostic>| {
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let layer = parse_layer(layer, "config.yaml", text.as_bytes()).result.map_err(told)?;
    resolve(vec![layer]).result.map_err(told)
}

fn agent(fields: &str) -> HttpAgent {
    let resolved = read(Layer::User, fields).unwrap();
    match resolved.config.agents.into_values().next() {
        Some(AgentConfig::Http(agent)) => *agent,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(layer: Layer, fields: &str, words: &str) {
    let told = read(layer, fields).map(|resolved| resolved.config.agents).unwrap_err();
    assert!(told.starts_with("config.yaml:2:") && told.contains(words), "{told}");
    assert!(!told.contains("planted"), "{told}");
}

#[test]
fn what_is_left_out_is_as_the_makers_of_the_wire_have_it() {
    let least = agent("wire: anthropic-messages, model: x");
    assert_eq!(least, HttpAgent::new(Wire::AnthropicMessages, "https://api.anthropic.com", "x"));
    assert_eq!(least.key, KeySource::Variable("ANTHROPIC_API_KEY".to_owned()));
    let openai = agent("wire: openai-responses, model: x, effort: none");
    assert_eq!((openai.base_url.as_str(), openai.effort), ("https://api.openai.com/v1", Some(Effort::None)));
    assert_eq!(openai.key, KeySource::Variable("OPENAI_API_KEY".to_owned()));
    let local = agent("wire: openai-chat, model: x, base_url: \"http://127.0.0.1:11434/v1/\"");
    assert_eq!((local.key, local.base_url.as_str()), (KeySource::NotNeeded, "http://127.0.0.1:11434/v1"));
    let named = agent("wire: openai-chat, model: x, base_url: \"http://localhost/v1\", key_env: MY_KEY");
    assert_eq!(named.key, KeySource::Variable("MY_KEY".to_owned()));
    assert!(AgentConfig::Http(Box::new(least)).hears());
    let early = agent("wire: openai-chat, model: x, window: 8192, condense_at: 0.5");
    assert_eq!((early.window, early.condense_at), (Some(8_192), Share::parse("0.5").unwrap()));
}

#[test]
fn what_is_wrong_is_told_without_repeating_what_may_be_a_key() {
    let both = "wire: openai-chat, model: x";
    refused(Layer::User, "model: x", "expected the key `wire`");
    refused(Layer::User, "wire: openai-chat", "expected the key `model`");
    refused(Layer::User, "wire: openai, model: x", "expected one of anthropic-messages, openai-chat");
    refused(Layer::User, &format!("{both}, base_ur: x"), "the key `base_ur` is not known");
    refused(Layer::User, &format!("{both}, key_env: {KEY}"), "no name of a variable");
    refused(Layer::User, &format!("{both}, key_env: A, api_key: {KEY}"), "both `key_env` and `api_key`");
    refused(Layer::User, &format!("{both}, max_output: 0"), "expected a number of tokens");
    refused(Layer::User, &format!("{both}, condense_at: 75"), "expected a share from 0.2 to 1");
    refused(Layer::User, &format!("{both}, prices: {{ input: 3 }}"), "a price needs `input` and `output`");
    refused(Layer::User, &format!("{both}, prices: {{ input: x, output: 3 }}"), "`x` is no price");
    refused(Layer::User, &format!("{both}, prices: {{ in: 1, input: 1, output: 3 }}"), "`in` is not known");
    refused(Layer::User, &format!("{both}, headers: {{ \"a b\": c }}"), "`a b` is no name of a header");
    refused(Layer::User, &format!("{both}, headers: {{ a: \"b\\r\\nplanted: c\" }}"), "no header may have");
    refused(Layer::User, &format!("{both}, headers: {{ Host: b }}"), "Orchestra sets the header `host`");
    refused(Layer::User, &format!("{both}, proxy: planted"), "no URL of a proxy");
}

#[test]
fn a52_an_endpoint_is_reached_by_tls_or_on_this_machine() {
    let with = |url: &str| format!("wire: openai-chat, model: x, base_url: \"{url}\"");
    refused(Layer::User, &with("http://api.example/v1"), "an endpoint without TLS");
    refused(Layer::User, &with("https://me:planted@api.example"), "a user name or a password in a URL");
    refused(Layer::User, &with("https://api.example?key=planted"), "more than a host and a path");
    refused(Layer::User, &with("planted"), "no URL");
}

#[test]
fn a05_no_key_no_proxy_and_no_secret_header_stands_in_a_project_s_file() {
    for (field, what) in [
        (format!("api_key: {KEY}"), "`api_key`"),
        (format!("headers: {{ Authorization: {KEY} }}"), "the header `authorization`"),
        (format!("headers: {{ X-Api-Key: {KEY} }}"), "the header `x-api-key`"),
        (format!("headers: {{ cookie: {KEY} }}"), "the header `cookie`"),
        ("proxy: \"http://me:planted@proxy.example\"".to_owned(), "`proxy`"),
    ] {
        let fields = format!("wire: openai-chat, model: x, {field}");
        refused(Layer::Project, &fields, &format!("{what} is the person's to set, not the project's"));
        assert!(read(Layer::User, &fields).is_ok(), "{field}");
    }
}

#[test]
fn a31_nothing_that_is_printed_of_a_configuration_holds_a_key() {
    let fields = format!(
        "wire: openai-chat, model: x, api_key: {KEY}, headers: {{ x-auth: {KEY}, x-team: shop }}, proxy: \"http://p:{KEY}@p\""
    );
    let resolved = read(Layer::User, &fields).unwrap();
    let shown = &resolved.find_origin("agents.m").unwrap().value;
    assert!(shown.contains("api_key: (hidden)") && shown.contains("x-team: \"shop\""), "{shown}");
    assert!(!shown.contains("planted"), "{shown}");
    assert!(!format!("{resolved:?}").contains("planted"));
    let Some(AgentConfig::Http(agent)) = resolved.config.agents.values().next() else { panic!("one agent") };
    assert_eq!(agent.key, KeySource::Written(Secret::new(KEY)));
}

#[test]
fn a05_where_a_project_has_a_model_asked_is_asked_about() {
    let trusted = |fields: &str| {
        let items = commands_of(&read(Layer::Project, fields).unwrap(), &Plan::default());
        let texts: Vec<String> =
            items.iter().map(|item| format!("{}: {}", item.kind.as_str(), item.text)).collect();
        (texts, hash_of(&items))
    };
    let (texts, hash) = trusted("wire: openai-chat, model: x, base_url: \"https://a.example/v1\"");
    assert_eq!(texts, ["endpoint: m: openai-chat https://a.example/v1", "variable: m: OPENAI_API_KEY"]);
    for other in [
        "wire: openai-chat, model: x, base_url: \"https://b.example/v1\"",
        "wire: openai-responses, model: x, base_url: \"https://a.example/v1\"",
        "wire: openai-chat, model: x, base_url: \"https://a.example/v1\", key_env: AWS_SECRET",
        "wire: openai-chat, model: x, base_url: \"https://a.example/v1\", headers: { x-a: b }",
    ] {
        assert_ne!(trusted(other).1, hash, "{other}");
    }
    assert_eq!(trusted("wire: openai-chat, model: y, base_url: \"https://a.example/v1\"").1, hash);
}

#[test]
fn a_price_is_the_person_s_then_the_agent_s_then_what_is_known() {
    let text = "agents:\n  m: { kind: http, wire: openai-chat, model: x, prices: { input: 1, output: 2 } }\n  \
                n: { kind: http, wire: openai-chat, model: gpt-5.5 }\n  \
                o: { kind: http, wire: openai-chat, model: gpt-5.5, base_url: \"https://api.example\" }\nprices: { z: { input: 3, output: 4 } }\n";
    let layer = parse_layer(Layer::User, "config.yaml", text.as_bytes()).result.unwrap();
    let config = resolve(vec![layer]).result.unwrap().config;
    let price = |index: usize, model: &str| match config.agents.values().nth(index) {
        Some(AgentConfig::Http(agent)) => agent.price_of(model).map(|price| price.output),
        other => panic!("{other:?}"),
    };
    assert_eq!((price(0, "x"), price(0, "z")), (Some(2_000_000), Some(4_000_000)));
    assert_eq!((price(1, "gpt-5.5"), price(1, "other")), (Some(30_000_000), None));
    // Somebody else's endpoint has prices of its own.
    assert_eq!(price(2, "gpt-5.5"), None);
    let cached = Price { input: 3_000_000, cached: 3_000_000, output: 4_000_000 };
    assert_eq!(config.prices["z"], cached);
}
