//! Reads agents of kind `http` and the table of prices.

use std::collections::BTreeMap;

use super::prices::{Price, Prices, parse as parse_price};
use super::{Effort, HttpAgent, KeySource, Secret, Share, Wire, url};
use crate::config::AgentConfig;
use crate::config::agents::{is_variable, read_word, refuse_others};
use crate::config::layer::{Layer, Reader};
use crate::config::setting::Change;
use crate::document::Place;
use crate::document::fields::Fields;
use crate::document::findings::{Findings, shown};
use crate::document::yaml::Entry;

const KEYS: &[&str] = &[
    "kind",
    "wire",
    "base_url",
    "model",
    "key_env",
    "api_key",
    "headers",
    "proxy",
    "max_output",
    "window",
    "condense_at",
    "effort",
    "prices",
];
const PRICE_KEYS: &[&str] = &["input", "cached", "output"];

/// Parts of a header's name that say that its value is a secret.
const SECRET_WORDS: &[&str] = &["auth", "key", "token", "secret", "cookie", "password", "credential"];

/// Headers that say how a request is sent, which is not for anybody to set.
const OURS: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "accept-encoding",
    "transfer-encoding",
];

const MAX_OUTPUT: u64 = 10_000_000;
const MAX_WINDOW: u64 = 1_000_000_000;

/// Reads an agent that is a model behind an endpoint.
pub(in crate::config) fn read_http(reader: &mut Reader, fields: &Fields<'_>) -> Option<AgentConfig> {
    refuse_others(reader, fields, KEYS);
    let wire = read_word(reader, fields, "wire", Wire::WORDS);
    if wire.is_none() && fields.is_missing("wire") {
        let words: Vec<&str> = Wire::WORDS.iter().map(|(word, _)| *word).collect();
        let hint = format!("add it: one of {}", words.join(", "));
        reader.findings.error(fields.start, "expected the key `wire`", hint);
    }
    let model = fields.text("model", &mut reader.findings).map(|(model, _)| model.to_owned());
    if model.is_none() && fields.is_missing("model") {
        reader.findings.error(
            fields.start,
            "expected the key `model`",
            "write the name that the endpoint gives it",
        );
    }
    let base_url = read_base_url(&mut reader.findings, fields);
    let key = read_key(reader, fields);
    let headers = read_headers(reader, fields);
    let proxy = read_proxy(reader, fields);
    let max_output =
        read_count(reader, fields, "max_output", MAX_OUTPUT).and_then(|count| u32::try_from(count).ok());
    let window = read_count(reader, fields, "window", MAX_WINDOW);
    let condense_at = read_share(reader, fields, "condense_at").unwrap_or_default();
    let effort = read_word(reader, fields, "effort", Effort::WORDS);
    let own = fields.find("prices").and_then(|entry| read_price(&mut reader.findings, entry));
    let wire = wire?;
    let agent = HttpAgent::new(wire, base_url.unwrap_or_else(|| wire.base_url().to_owned()), model?);
    let key = key.unwrap_or_else(|| agent.key.clone());
    let prices = Prices { own, ..Prices::default() };
    Some(AgentConfig::Http(Box::new(HttpAgent {
        key,
        headers,
        proxy,
        max_output,
        window,
        condense_at,
        effort,
        prices,
        ..agent
    })))
}

fn read_base_url(findings: &mut Findings, fields: &Fields<'_>) -> Option<String> {
    let (url, at) = fields.text("base_url", findings)?;
    match url::parse(url) {
        Ok(_) => Some(url.to_owned()),
        Err((what, hint)) => {
            // The URL itself is not repeated: it may hold a password.
            findings.error(at, what, hint);
            None
        }
    }
}

fn read_key(reader: &mut Reader, fields: &Fields<'_>) -> Option<KeySource> {
    let variable = fields.text("key_env", &mut reader.findings);
    if let Some((name, at)) = variable
        && !is_variable(name)
    {
        // What stands here may well be the key itself.
        let what = "no name of a variable";
        reader.findings.error(at, what, "write the name of a variable of the environment, never its value");
    }
    if let Some(entry) = fields.find("api_key")
        && reader.layer == Layer::Project
    {
        persons(reader, entry, "`api_key`");
        return None;
    }
    let written = fields.text("api_key", &mut reader.findings);
    if let (Some(_), Some((_, at))) = (variable, written) {
        reader.findings.error(at, "both `key_env` and `api_key` stand here", "remove one of the two");
    }
    match (written, variable) {
        (Some((key, _)), _) => Some(KeySource::Written(Secret::new(key))),
        (None, Some((name, _))) => Some(KeySource::Variable(name.to_owned())),
        (None, None) => None,
    }
}

/// Refuses in a project's file what only the person sets. The value is not repeated.
fn persons(reader: &mut Reader, entry: &Entry, what: &str) {
    let hint =
        "a project's file is committed: move it to your own configuration, which `orchestra config` names";
    reader.findings.error(entry.at, format!("{what} is the person's to set, not the project's"), hint);
}

fn read_headers(reader: &mut Reader, fields: &Fields<'_>) -> BTreeMap<String, Secret> {
    let mut headers = BTreeMap::new();
    let Some(section) = fields.find("headers") else { return headers };
    let Some(entries) = Fields::of(&section.node, &mut reader.findings) else { return headers };
    for entry in entries.entries() {
        let name = entry.key.to_ascii_lowercase();
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            let what = format!("{} is no name of a header", shown(&entry.key));
            reader.findings.error(entry.at, what, "write letters, digits and `-`");
            continue;
        }
        if OURS.contains(&name.as_str()) {
            reader.findings.error(entry.at, format!("Orchestra sets the header `{name}`"), "remove it");
            continue;
        }
        if reader.layer == Layer::Project && is_secret_header(&name) {
            persons(reader, entry, &format!("the header `{name}`"));
            continue;
        }
        let Some((value, at)) = entries.text(&entry.key, &mut reader.findings) else { continue };
        if value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            headers.insert(name, Secret::new(value));
        } else {
            reader.findings.error(at, "a character that no header may have", "write plain ASCII in one line");
        }
    }
    headers
}

/// Tells by a header's name whether its value is a secret.
pub fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

fn read_proxy(reader: &mut Reader, fields: &Fields<'_>) -> Option<Secret> {
    let entry = fields.find("proxy")?;
    if reader.layer == Layer::Project {
        persons(reader, entry, "`proxy`");
        return None;
    }
    let (proxy, at) = fields.text("proxy", &mut reader.findings)?;
    let is_url =
        ["http://", "https://"].iter().any(|scheme| proxy.len() > scheme.len() && proxy.starts_with(scheme));
    if !is_url || proxy.contains(|c: char| c.is_whitespace() || c.is_control()) {
        reader.findings.error(at, "no URL of a proxy", "write `http://proxy.example:3128`");
        return None;
    }
    Some(Secret::new(proxy))
}

fn read_count(reader: &mut Reader, fields: &Fields<'_>, key: &str, most: u64) -> Option<u64> {
    let (text, at) = fields.text(key, &mut reader.findings)?;
    let count = text.parse().ok().filter(|count| (1..=most).contains(count));
    if count.is_none() {
        let what = format!("{} stands here, expected a number of tokens from 1 to {most}", shown(text));
        reader.findings.error(at, what, "");
    }
    count
}

fn read_share(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<Share> {
    let (text, at) = fields.text(key, &mut reader.findings)?;
    let share = Share::parse(text);
    if share.is_none() {
        let what = format!("{} stands here, expected a share from 0.2 to 1", shown(text));
        reader.findings.error(at, what, "write it as in `0.75`");
    }
    share
}

fn read_price(findings: &mut Findings, entry: &Entry) -> Option<Price> {
    let fields = Fields::of(&entry.node, findings)?;
    for unknown in fields.entries().iter().filter(|entry| !PRICE_KEYS.contains(&entry.key.as_str())) {
        let hint = format!("there are: {}", PRICE_KEYS.join(", "));
        findings.error(unknown.at, format!("the key {} is not known", shown(&unknown.key)), hint);
    }
    let mut read = |key: &str| {
        let (text, at): (&str, Place) = fields.text(key, findings)?;
        let price = parse_price(text);
        if price.is_none() {
            let what = format!("{} is no price", shown(text));
            findings.error(at, what, "write dollars for a million tokens, as in `3` or `0.25`");
        }
        price
    };
    let (input, cached, output) = (read("input"), read("cached"), read("output"));
    if fields.is_missing("input") || fields.is_missing("output") {
        let hint = "write `{ input: 3, cached: 0.3, output: 15 }`: dollars for a million tokens";
        findings.error(entry.at, "a price needs `input` and `output`", hint);
    }
    let input = input?;
    Some(Price { input, cached: cached.unwrap_or(input), output: output? })
}

/// Reads `prices`: for each model what its tokens cost.
pub(in crate::config) fn read_prices(reader: &mut Reader, section: &Entry) {
    let Some(fields) = Fields::of(&section.node, &mut reader.findings) else { return };
    for entry in fields.entries() {
        if let Some(price) = read_price(&mut reader.findings, entry) {
            let key = format!("prices.{}", entry.key);
            reader.set(&key, Change::Price(entry.key.clone(), price), entry.at);
        }
    }
}
