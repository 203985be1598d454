use std::collections::BTreeSet;

use orchestra_core::config::layer::{Layer, parse_layer};
use orchestra_core::config::resolve::resolve;
use orchestra_core::id::RoleId;
use orchestra_core::report::{CommitProposal, Decision, Finding, Report, Severity, Usage, Verdict};
use serde_json::{Value, json};

use super::{CONFIG, REPORT};

/// A report with every key that there is.
fn whole_report() -> Report {
    Report {
        summary: "s".to_owned(),
        commit: Some(CommitProposal::default()),
        decisions: vec![Decision::default()],
        concerns: vec!["c".to_owned()],
        verdict: Some(Verdict::Approved),
        findings: vec![Finding {
            severity: Severity::Blocking,
            role: Some(RoleId::parse("owner").unwrap()),
            line: Some(1),
            ..Finding::default()
        }],
        usage: Some(Usage { cost_usd: Some(0.5), ..Usage::default() }),
    }
}

/// Holds a value against its schema: the same keys at every level, and a fitting type for each.
fn check(schema: &Value, value: &Value, at: &str) {
    match value {
        Value::Object(map) => {
            let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(&schema["properties"]), keys(value), "{at}");
            for (key, value) in map {
                check(&schema["properties"][key], value, &format!("{at}.{key}"));
            }
        }
        Value::Array(values) => {
            assert_eq!(schema["type"], "array", "{at}");
            for value in values {
                check(&schema["items"], value, &format!("{at}[]"));
            }
        }
        Value::String(_) if schema.get("enum").is_some() => {
            assert!(schema["enum"].as_array().unwrap().contains(value), "{at}: {value}");
        }
        Value::String(_) => assert_eq!(schema["type"], "string", "{at}"),
        Value::Number(number) if number.is_f64() => assert_eq!(schema["type"], "number", "{at}"),
        Value::Number(_) => assert_eq!(schema["type"], "integer", "{at}"),
        Value::Null | Value::Bool(_) => panic!("{at}: no report has one"),
    }
}

#[test]
fn the_schema_of_a_report_has_the_keys_that_are_read_and_no_others() {
    let schema: Value = serde_json::from_str(REPORT).unwrap();
    check(&schema, &serde_json::to_value(whole_report()).unwrap(), "report");
}

#[test]
fn each_word_of_the_report_s_schema_is_read_and_each_word_that_is_read_is_there() {
    let schema: Value = serde_json::from_str(REPORT).unwrap();
    let words = |of: &Value| of["enum"].as_array().unwrap().clone();
    let verdicts = [Verdict::Approved, Verdict::ApprovedWithComments, Verdict::ChangesRequested];
    assert_eq!(words(&schema["properties"]["verdict"]), verdicts.map(|verdict| json!(verdict)));
    let severities = [Severity::Blocking, Severity::Important, Severity::Suggestion, Severity::Praise];
    let finding = &schema["properties"]["findings"]["items"]["properties"];
    assert_eq!(words(&finding["severity"]), severities.map(|severity| json!(severity)));
    assert_eq!(finding["severity"]["default"], json!(Severity::default()));
}

/// Every setting of the schema, with its schema.
fn settings(schema: &Value) -> Vec<(String, Value)> {
    let mut settings = Vec::new();
    for (name, part) in schema["properties"].as_object().unwrap() {
        match part["properties"].as_object() {
            None => settings.push((name.clone(), part.clone())),
            Some(keys) => {
                settings.extend(keys.iter().map(|(key, part)| (format!("{name}.{key}"), part.clone())));
            }
        }
    }
    settings
}

/// A file with one setting, and whether it is read without a complaint.
fn is_read(key: &str, value: &Value) -> bool {
    let mut file = json!({});
    match key.split_once('.') {
        Some((section, key)) => file[section][key] = value.clone(),
        None => file[key] = value.clone(),
    }
    // In the person's own file everything may stand.
    let parsed = parse_layer(Layer::User, "config.yaml", file.to_string().as_bytes());
    parsed.result.is_ok() && parsed.warnings.is_empty()
}

#[test]
fn the_schema_of_the_configuration_has_every_setting_with_its_default() {
    let schema: Value = serde_json::from_str(CONFIG).unwrap();
    let in_schema: Vec<(String, Value)> = settings(&schema);
    let defaults = resolve(Vec::new()).result.unwrap();
    let names = |names: Vec<String>| names.into_iter().collect::<BTreeSet<_>>();
    let known = defaults.origins.iter().map(|origin| origin.key.clone());
    let more = ["version", "models", "prices", "keys"].map(str::to_owned);
    assert_eq!(
        names(in_schema.iter().map(|(key, _)| key.clone()).collect()),
        names(known.chain(more).collect())
    );
    for origin in &defaults.origins {
        let (_, part) = in_schema.iter().find(|(key, _)| *key == origin.key).unwrap();
        let default = match part.get("default") {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        assert_eq!(default, origin.value, "{}", origin.key);
    }
}

#[test]
fn each_value_that_the_schema_allows_is_read_and_what_lies_beyond_is_not() {
    let schema: Value = serde_json::from_str(CONFIG).unwrap();
    for (key, part) in settings(&schema) {
        for word in part["enum"].as_array().into_iter().flatten() {
            assert!(is_read(&key, word), "{key}: {word}");
        }
        if part.get("enum").is_some() {
            assert!(!is_read(&key, &json!("no such word")), "{key}");
        }
        for (bound, beyond) in [("minimum", -1), ("maximum", 1)] {
            if let Some(bound) = part[bound].as_i64() {
                assert!(is_read(&key, &json!(bound)), "{key}: {bound}");
                assert!(!is_read(&key, &json!(bound + beyond)), "{key}: {bound} and {beyond}");
            }
        }
        if let Some(default) = part.get("default") {
            assert!(is_read(&key, default), "{key}: {default}");
        }
    }
    let sections = schema["properties"].as_object().unwrap().iter();
    let closed: Vec<&String> = sections
        .filter(|(_, part)| part["additionalProperties"] == json!(false))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(closed, ["gates", "keys", "limits", "push", "review"]);
    // Which actions there are the screen knows.
    for section in closed.into_iter().filter(|section| *section != "keys") {
        assert!(!is_read(&format!("{section}.nonsense"), &json!(1)), "{section}");
    }
    assert!(!is_read("nonsense", &json!(1)));
}

#[test]
fn each_action_of_the_screen_is_in_the_schema_of_the_configuration() {
    let schema: Value = serde_json::from_str(CONFIG).unwrap();
    let patterns = schema["properties"]["keys"]["patternProperties"].as_object().unwrap();
    let names: Vec<&str> = orchestra_tui::ROWS.iter().map(|row| row.name).collect();
    assert_eq!(patterns.keys().collect::<Vec<_>>(), [&format!("^({})$", names.join("|"))]);
    assert!(is_read("keys.document", &json!("D")) && is_read("keys.document", &json!(["D", "f2"])));
    assert!(is_read("notify_progress", &json!("off")) && !is_read("notify_progress", &json!("never")));
    assert!(is_read("notify_command", &json!(["notify-send"])) && !is_read("notify_command", &json!([])));
}

#[test]
fn each_kind_of_agent_in_the_schema_is_read_with_every_key() {
    let schema: Value = serde_json::from_str(CONFIG).unwrap();
    let price = json!({ "input": 3, "output": 15.5 });
    let sample = |key: &str, part: &Value| match (key, part) {
        (_, part) if part["$ref"] == "#/$defs/price" => price.clone(),
        (_, part) if part["type"] == "object" => json!({ "x": "y" }),
        (_, part) if part["type"] == "integer" => part["minimum"].clone(),
        (_, part) if part.get("examples").is_some() => part["examples"][0].clone(),
        (_, part) if part.get("const").is_some() => part["const"].clone(),
        (_, part) if part.get("enum").is_some() => part["enum"][0].clone(),
        (_, part) if part["type"] == "array" => json!(["x"]),
        _ => json!("x"),
    };
    for kind in ["acp", "command", "http", "scripted"] {
        let keys = schema["$defs"][kind]["properties"].as_object().unwrap();
        // Beside a preset `output` says nothing, and that is told; a key stands in one place.
        let whole: serde_json::Map<String, Value> = keys
            .iter()
            .filter(|(key, _)| !["preset", "api_key"].contains(&key.as_str()))
            .map(|(key, part)| (key.clone(), sample(key, part)))
            .collect();
        assert!(is_read("agents.mine", &json!(whole)), "{kind}: {whole:?}");
        let mut strange = whole.clone();
        strange.insert("nonsense".to_owned(), json!("x"));
        assert!(!is_read("agents.mine", &json!(strange)), "{kind}");
    }
    let price = |price: &Value| is_read("prices.m", price);
    assert!(price(&json!({ "input": 3, "cached": 0.3, "output": 15 })) && !price(&json!({ "input": 3 })));
    assert!(is_read(
        "agents.mine",
        &json!({ "kind": "http", "wire": "openai-chat", "model": "x", "api_key": "y" })
    ));
    for preset in schema["$defs"]["command"]["properties"]["preset"]["enum"].as_array().unwrap() {
        assert!(is_read("agents.mine", &json!({ "kind": "command", "preset": preset })), "{preset}");
    }
    for complexity in
        schema["properties"]["models"]["additionalProperties"]["properties"].as_object().unwrap()
    {
        assert!(is_read("models.mine", &json!({ complexity.0: "x" })), "{complexity:?}");
    }
}
