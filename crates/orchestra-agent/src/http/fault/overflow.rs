//! A conversation that does not fit into the model's window: how endpoints say so, and how large they say that it is.

use orchestra_core::report::Fault;

/// What is said of a conversation that has become too long.
pub(super) const OVERFLOW: &str = "the conversation does not fit into the model's window any more: begin a new one, or make the steps smaller";

/// How endpoints say that a conversation is too long.
pub(super) const OVERFLOWS: &[&str] = &[
    "prompt is too long",
    "maximum context length",
    "context length exceeded",
    "exceeds the context window",
    "exceed context limit",
    "exceeds the maximum number of tokens",
    "context window",
    "exceeds the available context size",
    "input is too long",
    "too many tokens",
];

/// What stands before the number of the window. The number that is too large stands elsewhere.
const BEFORE_THE_WINDOW: &[&str] = &[
    "> ",
    "maximum context length is ",
    "maximum context length of ",
    "maximum context length (",
    "context window of ",
    "available context size (",
    "maximum number of tokens allowed (",
    "exceeds limit of ",
];

/// Windows that a message is believed.
pub(super) const PLAUSIBLE: std::ops::RangeInclusive<u64> = 256..=1_000_000_000;

/// What came of a request that was not answered.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// Whatever else.
    Fault(Fault),
    /// What was sent does not fit.
    Overflow {
        /// What it is where nothing can be made shorter.
        fault: Fault,
        /// How many tokens the model takes in, where the endpoint says so.
        window: Option<u64>,
    },
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Fault(fault) | Wrong::Overflow { fault, .. } => fault,
        }
    }
}

/// What is said where a conversation came to its end by the window.
pub(crate) fn overflow() -> Fault {
    Fault::Failed { message: OVERFLOW.to_owned() }
}

/// The window that a message names.
pub(super) fn window_in(message: &str) -> Option<u64> {
    let message = message.to_lowercase();
    let number = |words: &&str| {
        let (_, rest) = message.split_once(*words)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
        rest[..end].replace(',', "").parse().ok().filter(|window| PLAUSIBLE.contains(window))
    };
    BEFORE_THE_WINDOW.iter().find_map(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_read_from_the_words_of_many_endpoints() {
        for (message, window) in [
            ("prompt is too long: 300000 tokens > 200000 maximum", Some(200_000)),
            (
                "input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000, decrease one of them",
                Some(200_000),
            ),
            (
                "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens",
                Some(16_384),
            ),
            ("the request exceeds the available context size (4096 tokens), try increasing it", Some(4_096)),
            (
                "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
                Some(1_048_576),
            ),
            ("Requested tokens (516) exceed context window of 1,024", Some(1_024)),
            ("Your input exceeds the context window of this model.", None),
            ("maximum context length is 8 tokens", None),
            ("prompt is too long: 9 tokens > 99999999999999999999999 maximum", None),
            ("> ", None),
        ] {
            assert_eq!(window_in(message), window, "{message}");
        }
    }
}
