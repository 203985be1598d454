//! What tokens cost. Whole numbers throughout: millionths of a dollar for a million tokens.

use std::collections::BTreeMap;

use crate::report::Usage;

/// Millionths of a dollar in a dollar; tokens in what a price is for.
const MILLION: u64 = 1_000_000;
/// A price beyond this is a slip: a thousand dollars for a million tokens.
const MOST: u64 = 1_000 * MILLION;

/// What a million tokens of a model cost, in millionths of a US dollar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Price {
    /// Read by the model, and not from its cache.
    pub input: u64,
    /// Read from its cache.
    pub cached: u64,
    /// Written by the model.
    pub output: u64,
}

/// What a person says of prices: for an agent, and for models by their names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Prices {
    /// Of whatever model the agent is.
    pub own: Option<Price>,
    /// Of models by their names; these go before.
    pub by_model: BTreeMap<String, Price>,
}

/// Prices of the makers' own endpoints in dollars: input, from the cache, output. As published in June 2026, for requests
/// of usual length and without the discounts of batches.
const KNOWN: &[(&str, &str, &str, &str)] = &[
    ("claude-opus-4-8", "5", "0.5", "25"),
    ("claude-opus-4-7", "5", "0.5", "25"),
    ("claude-opus-4-6", "5", "0.5", "25"),
    ("claude-opus-4-5", "5", "0.5", "25"),
    ("claude-sonnet-4-6", "3", "0.3", "15"),
    ("claude-sonnet-4-5", "3", "0.3", "15"),
    ("claude-haiku-4-5", "1", "0.1", "5"),
    ("gpt-5.5", "5", "0.5", "30"),
    ("gpt-5.4", "2.5", "0.25", "15"),
    ("gpt-5.4-mini", "0.75", "0.075", "4.5"),
    ("gpt-5.4-nano", "0.2", "0.02", "1.25"),
    ("gpt-5.2", "1.75", "0.175", "14"),
    ("gpt-5.1", "1.25", "0.125", "10"),
];

impl Prices {
    /// What a model costs: what the person says of it, then of the agent, then, at the makers' own endpoints, what is known.
    pub(super) fn of(&self, model: &str, is_the_makers: bool) -> Option<Price> {
        let known = || if is_the_makers { known(model) } else { None };
        self.by_model.get(model).copied().or(self.own).or_else(known)
    }
}

impl Price {
    /// The cost of what was consumed, in dollars. `written` are tokens of the input that were put into a cache; where a
    /// maker takes more for these, it is a quarter.
    pub fn cost_of(&self, usage: &Usage, written: u64) -> f64 {
        let written = written.min(usage.input);
        let plain = usage.input.saturating_sub(usage.cached).saturating_sub(written);
        let parts = [
            (plain, self.input),
            (written, self.input + self.input / 4),
            (usage.cached, self.cached),
            (usage.output, self.output),
        ];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        // A bill that does not fit into these bits is nobody's.
        let micros = u32::try_from(sum / u128::from(MILLION)).unwrap_or(u32::MAX);
        f64::from(micros) / 1e6
    }
}

fn known(model: &str) -> Option<Price> {
    let (_, input, cached, output) = KNOWN.iter().find(|(name, ..)| is_named(model, name))?;
    Some(Price { input: parse(input)?, cached: parse(cached)?, output: parse(output)? })
}

/// Tells whether a model has this name, with or without a date behind it.
pub(super) fn is_named(model: &str, name: &str) -> bool {
    let dated = model.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    let is_date =
        |rest: &str| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    model == name || dated.is_some_and(is_date)
}

/// Reads dollars: `3`, `0.25`; at most six digits behind the point.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 6 || !is_number(whole) || !is_number(part) || text.ends_with('.') {
        return None;
    }
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(MILLION)?.checked_add(part).filter(|price| *price <= MOST)
}

/// Writes what [`parse`] reads.
pub(super) fn shown(price: u64) -> String {
    let (whole, part) = (price / MILLION, price % MILLION);
    let part = format!("{part:06}");
    match part.trim_end_matches('0') {
        "" => whole.to_string(),
        part => format!("{whole}.{part}"),
    }
}

impl Price {
    /// As configuration writes it.
    pub fn to_yaml(&self) -> String {
        let [input, cached, output] = [self.input, self.cached, self.output].map(shown);
        format!("{{ input: {input}, cached: {cached}, output: {output} }}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_back_as_they_were_written() {
        for (text, price) in
            [("3", 3_000_000), ("0.3", 300_000), ("0.000001", 1), ("0", 0), ("15.25", 15_250_000)]
        {
            assert_eq!(parse(text), Some(price), "{text}");
            assert_eq!(shown(price), text);
        }
        for text in ["", ".5", "1.", "-1", "1e3", "0.0000001", "1001", "$3", "99999999999999999999", "1,5"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_from_a_cache_are_cheaper_and_those_put_into_it_dearer() {
        let price = Price { input: 3_000_000, cached: 300_000, output: 15_000_000 };
        let usage = Usage { input: 1_000_000, cached: 600_000, output: 100_000, cost_usd: None };
        let cost = |written| format!("{:.4}", price.cost_of(&usage, written));
        assert_eq!(cost(0), "2.8800");
        assert_eq!(cost(400_000), "3.1800");
        let endless = Usage { input: u64::MAX, output: u64::MAX, ..usage };
        assert!(price.cost_of(&endless, 0).is_finite());
    }

    #[test]
    fn a_model_is_known_by_its_name_with_or_without_a_date() {
        for model in ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "gpt-5.4-2026-03-05"] {
            assert!(known(model).is_some(), "{model}");
        }
        for model in ["claude-haiku-4", "gpt-5.4-pro", "gpt-5.4-mini-x", "qwen3-coder"] {
            assert_eq!(known(model), None, "{model}");
        }
        assert!(KNOWN.iter().all(|(name, ..)| known(name).is_some()));
        let own = Price { input: 1, cached: 1, output: 1 };
        let prices =
            Prices { own: Some(own), by_model: [("gpt-5.5".to_owned(), Price { input: 2, ..own })].into() };
        assert_eq!(prices.of("gpt-5.5", true).map(|price| price.input), Some(2));
        assert_eq!(prices.of("gpt-5.4", true), Some(own));
        assert_eq!(Prices::default().of("gpt-5.4", false), None);
    }
}
