//! An agent that is a model behind an HTTP endpoint: what of it is set, and what it costs.

mod prices;
mod read;
mod url;
mod windows;

use std::collections::BTreeMap;
use std::fmt;

pub use self::prices::{Price, Prices};
pub use self::read::is_secret_header;
pub(super) use self::read::{read_http, read_prices};
use self::url::Place;

/// A model behind an endpoint, with Orchestra's own loop of tools.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpAgent {
    /// How the endpoint is spoken to.
    pub wire: Wire,
    /// Where it is, without a `/` at its end: https, or http on this machine alone.
    pub base_url: String,
    /// The model, where none was chosen for a phase.
    pub model: String,
    /// Where the key comes from.
    pub key: KeySource,
    /// Headers that are sent besides the usual ones.
    pub headers: BTreeMap<String, Secret>,
    /// A proxy in place of the environment's.
    pub proxy: Option<Secret>,
    /// The most tokens that one answer may have.
    pub max_output: Option<u32>,
    /// How many tokens the model can take in at once, whichever it is.
    pub window: Option<u64>,
    /// How full the window may become before older turns are condensed.
    pub condense_at: Share,
    /// How much a model that can think is asked to.
    pub effort: Option<Effort>,
    /// What tokens cost.
    pub prices: Prices,
}

/// A format that models are spoken to in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    /// Anthropic's Messages.
    AnthropicMessages,
    /// Chat Completions, which most servers speak.
    OpenAiChat,
    /// Responses, which came after it.
    OpenAiResponses,
}

/// Where a key comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeySource {
    /// A variable of the person's environment.
    Variable(String),
    /// The person's own configuration.
    Written(Secret),
    /// None is sent: the endpoint is on this machine.
    NotNeeded,
}

/// How much a model that can think is asked to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effort {
    /// It cannot, or shall not: nothing that has to do with thinking is asked for.
    None,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// A share of something, in hundredths: from 20 to 100.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share(u8);

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self(100);
    /// The least that can be set: below, more would be condensed than said.
    const LEAST: u8 = 20;

    /// Reads `0.75`, with at most two digits behind the point, or `1`.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || part.len() > 2 {
            return None;
        }
        let part: u8 = format!("{part:0<2}").parse().ok()?;
        let share = whole.parse::<u8>().ok()?.checked_mul(100)?.checked_add(part)?;
        (Self::LEAST..=100).contains(&share).then_some(Self(share))
    }

    /// This share of a count.
    pub fn of(self, count: u64) -> u64 {
        count / 100 * u64::from(self.0) + count % 100 * u64::from(self.0) / 100
    }
}

/// Three quarters: what is left has room for an answer and for the results of its calls.
impl Default for Share {
    fn default() -> Self {
        Self(75)
    }
}

/// As configuration writes it.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{}", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02}"),
        }
    }
}

/// A text that is never shown. Whoever needs it says so by [`Self::expose`].
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
pub struct Secret(String);

impl Secret {
    /// Takes a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Wire {
    /// Every word with what it means.
    pub(super) const WORDS: &'static [(&'static str, Self)] = &[
        ("anthropic-messages", Self::AnthropicMessages),
        ("openai-chat", Self::OpenAiChat),
        ("openai-responses", Self::OpenAiResponses),
    ];

    /// The word as configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "anthropic-messages",
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
        }
    }

    /// The endpoint of those who made the format.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "https://api.anthropic.com",
            Self::OpenAiChat | Self::OpenAiResponses => "https://api.openai.com/v1",
        }
    }

    /// The variable in which their key is usually kept.
    pub fn key_env(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "ANTHROPIC_API_KEY",
            Self::OpenAiChat | Self::OpenAiResponses => "OPENAI_API_KEY",
        }
    }
}

impl Effort {
    /// Every word with what it means.
    pub(super) const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("low", Self::Low), ("medium", Self::Medium), ("high", Self::High)];

    /// The word as configuration and all three formats write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl HttpAgent {
    /// An agent with what a configuration has to say at least.
    pub fn new(wire: Wire, base_url: impl Into<String>, model: impl Into<String>) -> Self {
        let base_url = base_url.into();
        let base_url = base_url.trim_end_matches('/').to_owned();
        let key = if is_on_this_machine(&base_url) {
            KeySource::NotNeeded
        } else {
            KeySource::Variable(wire.key_env().to_owned())
        };
        Self {
            wire,
            base_url,
            model: model.into(),
            key,
            headers: BTreeMap::new(),
            proxy: None,
            max_output: None,
            window: None,
            condense_at: Share::default(),
            effort: None,
            prices: Prices::default(),
        }
    }

    /// What tokens of a model cost here, where that is known.
    pub fn price_of(&self, model: &str) -> Option<Price> {
        self.prices.of(model, self.is_at_the_makers())
    }

    /// How many tokens a model takes in at once: what the person says, else, at the makers' own endpoints, what is known.
    pub fn window_of(&self, model: &str) -> Option<u64> {
        self.window.or_else(|| self.is_at_the_makers().then(|| windows::known(model)).flatten())
    }

    fn is_at_the_makers(&self) -> bool {
        Wire::WORDS.iter().any(|(_, wire)| url::host_of(wire.base_url()) == url::host_of(&self.base_url))
    }

    /// The host, with its port where one is named.
    pub fn host(&self) -> &str {
        url::host_of(&self.base_url)
    }
}

/// Tells whether an endpoint is on this machine, as far as its name says so.
pub fn is_on_this_machine(base_url: &str) -> bool {
    matches!(url::parse(base_url), Ok(Place::Here))
}
