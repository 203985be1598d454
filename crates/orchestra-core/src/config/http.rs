//! An agent that is a model behind an HTTP endpoint: what of it is set, and what it costs.

mod prices;
mod read;
mod url;

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
    /// How many tokens the model can take in at once.
    pub window: Option<u64>,
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
            effort: None,
            prices: Prices::default(),
        }
    }

    /// What tokens of a model cost here, where that is known.
    pub fn price_of(&self, model: &str) -> Option<Price> {
        let is_the_makers =
            Wire::WORDS.iter().any(|(_, wire)| url::host_of(wire.base_url()) == url::host_of(&self.base_url));
        self.prices.of(model, is_the_makers)
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
