//! How much models take in at once.

use super::prices::is_named;

/// Windows at the makers' own endpoints in tokens, as described in spring 2026. Where a maker takes more for what goes beyond
/// a length, that length stands here; where the answer has a part of the window to itself, the rest.
const KNOWN: &[(&str, u64)] = &[
    ("claude-opus-4-8", 1_000_000),
    ("claude-opus-4-7", 1_000_000),
    ("claude-opus-4-6", 1_000_000),
    ("claude-opus-4-5", 200_000),
    ("claude-sonnet-4-6", 1_000_000),
    ("claude-sonnet-4-5", 200_000),
    ("claude-haiku-4-5", 200_000),
    ("gpt-5.5", 272_000),
    ("gpt-5.4", 272_000),
    ("gpt-5.4-mini", 272_000),
    ("gpt-5.4-nano", 272_000),
    ("gpt-5.2", 272_000),
    ("gpt-5.1", 272_000),
];

pub(super) fn known(model: &str) -> Option<u64> {
    KNOWN.iter().find(|(name, _)| is_named(model, name)).map(|(_, window)| *window)
}

#[cfg(test)]
mod tests {
    use super::super::{HttpAgent, Share, Wire};

    #[test]
    fn a_window_is_the_person_s_word_or_what_the_makers_say_of_their_own_endpoint() {
        let mut agent = HttpAgent::new(Wire::AnthropicMessages, Wire::AnthropicMessages.base_url(), "x");
        assert_eq!(agent.window_of("claude-haiku-4-5-20251001"), Some(200_000));
        assert_eq!(agent.window_of("claude-haiku-9"), None);
        agent.window = Some(8_000);
        assert_eq!(agent.window_of("claude-haiku-4-5"), Some(8_000));
        let other = HttpAgent::new(Wire::OpenAiChat, "https://router.example/v1", "gpt-5.4");
        assert_eq!(other.window_of("gpt-5.4"), None, "it may be a smaller one there");
    }

    #[test]
    fn a_share_reads_back_as_it_was_written() {
        for (text, of) in [("0.75", 750), ("0.2", 200), ("1", 1_000), ("0.9", 900), ("0.99", 990)] {
            let share = Share::parse(text).unwrap();
            assert_eq!((share.of(1_000), share.to_string()), (of, text.to_owned()));
        }
        for text in ["", ".5", "1.", "1.01", "0.755", "75", "75%", "-1", "0,5", "0.1", "999999999999"] {
            assert_eq!(Share::parse(text), None, "{text}");
        }
        assert_eq!(Share::parse("1.0"), Some(Share::WHOLE));
        assert_eq!(Share::default().of(7), 5);
        assert_eq!(Share::WHOLE.of(u64::MAX), u64::MAX);
    }
}
