//! One request over the network: TLS or this machine, no redirect, no compression, no second try, and a key that shows nowhere.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Once;
use std::time::Duration;

use futures_util::StreamExt;
use jiff::Timestamp;
use orchestra_core::config::http::{HttpAgent, KeySource, Wire, is_on_this_machine};
use orchestra_core::report::Fault;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, LOCATION,
};
use reqwest::{NoProxy, Proxy, Response, Url, redirect, retry};
use secrecy::{ExposeSecret, SecretString};

use super::fault::{ApiError, Endpoint, Wrong};
use super::sse::{self, Broken, Events};
use super::wire;
use crate::environment::{self, Environment};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(30);
/// How much of an error is read.
const MAX_ERROR: usize = 64 * 1024;
/// After how long without a sign an idle connection is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Speaks to one endpoint.
pub(crate) struct Client {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    endpoint: Endpoint,
    /// The most bytes of one answer.
    limit: u64,
}

impl Client {
    /// Makes ready to speak to an endpoint. Nothing is sent.
    ///
    /// # Errors
    /// [`Fault::Unusable`] where the key is missing, or something in the configuration cannot be used.
    pub(crate) fn new(
        config: &HttpAgent,
        model: &str,
        environment: &Environment,
        patience: Duration,
        limit: u64,
    ) -> Result<Self, Fault> {
        let endpoint =
            Endpoint { host: config.host().to_owned(), key: key_in_words(config), model: model.to_owned() };
        let url = Url::parse(&wire::url(config)).ok().filter(is_allowed).ok_or_else(|| {
            unusable("the agent's `base_url` cannot be used", "write https, or http for this machine alone")
        })?;
        let headers = headers(config, environment)?;
        install_tls();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .read_timeout(patience)
            .tcp_keepalive(KEEP_ALIVE)
            .user_agent(concat!("orchestra/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = proxy(config, environment, &url)? {
            builder = builder.proxy(proxy);
        }
        if url.scheme() == "http" && config.proxy.is_none() {
            // Nobody has to vouch for this machine, and reading the system's certificates takes its time.
            builder = builder.tls_certs_only([]);
        }
        let http = builder.build().map_err(|error| {
            unusable(
                format!("no connection can be made: {}", causes(&error)),
                "look at the system's certificates",
            )
        })?;
        Ok(Self { http, url, headers, endpoint, limit })
    }

    /// Sends a request and gives the events of its answer.
    pub(crate) async fn send(&self, body: Vec<u8>) -> Result<Events, Wrong> {
        let request = self.http.post(self.url.clone()).headers(self.headers.clone()).body(body);
        let response = request.send().await.map_err(|error| self.lost(&error))?;
        let status = response.status();
        let host = &self.endpoint.host;
        if status.is_redirection() {
            return Err(redirected(host, response.headers(), &self.url).into());
        }
        if let Some(encoding) =
            response.headers().get(CONTENT_ENCODING).filter(|encoding| *encoding != "identity")
        {
            let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
            let message = format!(
                "{host} answered in the encoding `{encoding}`, which was not asked for and is not read"
            );
            return Err(unusable(message, "switch compression off there, or at the proxy between").into());
        }
        if !status.is_success() {
            return Err(self.refused(response).await);
        }
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.to_ascii_lowercase().contains("event-stream") {
            return Err(self.no_stream(kind.to_owned(), response).await);
        }
        Ok(sse::events(response.bytes_stream(), self.limit))
    }

    /// A stream that ended before the answer did.
    pub(crate) fn cut(&self) -> Fault {
        let message = format!("{}: the connection ended in the middle of an answer", self.endpoint.host);
        Fault::Transient { message, retry_after: None }
    }

    /// A stream that broke.
    pub(crate) fn broken(&self, error: &sse_stream::Error) -> Fault {
        match sse::cause(error) {
            Some(long @ (Broken::Long(_) | Broken::LongLine)) => {
                Fault::Failed { message: format!("{}: {long}", self.endpoint.host) }
            }
            Some(Broken::Lost(cause)) => {
                cause.downcast_ref::<reqwest::Error>().map_or_else(|| self.cut(), |error| self.lost(error))
            }
            None => self.cut(),
        }
    }

    /// What an endpoint says in the middle of an answer.
    pub(crate) fn told(&self, error: ApiError) -> Wrong {
        error.wrong(&self.endpoint, Timestamp::now())
    }

    /// No answer, or no end of one.
    fn lost(&self, error: &reqwest::Error) -> Fault {
        let host = &self.endpoint.host;
        let what = if error.is_timeout() && !error.is_connect() {
            "says nothing any more".to_owned()
        } else if error.is_connect() {
            format!("cannot be reached: {}", causes(error))
        } else if error.is_body() || error.is_decode() {
            return self.cut();
        } else {
            format!("the connection was lost: {}", causes(error))
        };
        Fault::Transient { message: format!("{host}: {what}"), retry_after: None }
    }

    async fn refused(&self, response: Response) -> Wrong {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = beginning(response).await;
        let now = Timestamp::now();
        ApiError::of_response(status, &headers, &body, now).wrong(&self.endpoint, now)
    }

    /// Success, and yet no stream: an error that says so in its body alone, or another service.
    async fn no_stream(&self, kind: String, response: Response) -> Wrong {
        let body = beginning(response).await;
        let host = &self.endpoint.host;
        match serde_json::from_slice::<serde_json::Value>(&body) {
            Ok(value) if value.get("error").is_some_and(|error| !error.is_null()) => {
                self.told(ApiError::of_event(&value["error"]))
            }
            Ok(_) | Err(_) => {
                let kind = if kind.is_empty() { "something unnamed" } else { &kind };
                let message = format!("{host} answered with {kind}, where a stream of events was asked for");
                unusable(message, "look at `base_url` and `wire` in the agent's configuration").into()
            }
        }
    }
}

fn unusable(message: impl Into<String>, hint: &str) -> Fault {
    Fault::Unusable { message: message.into(), hint: hint.to_owned() }
}

/// One provider of cryptography for the whole process. Whoever comes second finds it there.
fn install_tls() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Once more, on the URL as it is really used.
fn is_allowed(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let has_login = !url.username().is_empty() || url.password().is_some();
    !has_login && (url.scheme() == "https" || (url.scheme() == "http" && is_here))
}

/// Where the key comes from, in words.
fn key_in_words(config: &HttpAgent) -> String {
    match &config.key {
        KeySource::Variable(name) => format!("the variable {name}"),
        KeySource::Written(_) => "`api_key` in your own configuration".to_owned(),
        KeySource::NotNeeded => "the agent's key: none is sent, name a variable in `key_env`".to_owned(),
    }
}

/// The key, where one is sent.
pub(crate) fn find_key(config: &HttpAgent, environment: &Environment) -> Result<Option<SecretString>, Fault> {
    let key = match &config.key {
        KeySource::NotNeeded => return Ok(None),
        KeySource::Written(key) => key.expose().trim().to_owned(),
        KeySource::Variable(name) => {
            let value =
                environment::get(environment, name).and_then(|value| value.to_str()).unwrap_or_default();
            value.trim().to_owned()
        }
    };
    if key.is_empty() {
        let message =
            format!("there is no key for {}: {} is empty or not set", config.host(), key_in_words(config));
        let hint = match &config.key {
            KeySource::Variable(name) => format!("set {name}, or name another variable in `key_env`"),
            KeySource::Written(_) | KeySource::NotNeeded => "write it there".to_owned(),
        };
        return Err(Fault::Unusable { message, hint });
    }
    Ok(Some(SecretString::from(key)))
}

fn headers(config: &HttpAgent, environment: &Environment) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if config.wire == Wire::AnthropicMessages {
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
    }
    if let Some(key) = find_key(config, environment)? {
        let is_token = config.key == KeySource::Variable("ANTHROPIC_AUTH_TOKEN".to_owned());
        let (name, value) = match config.wire {
            Wire::AnthropicMessages if !is_token => {
                (HeaderName::from_static("x-api-key"), key.expose_secret().to_owned())
            }
            Wire::AnthropicMessages | Wire::OpenAiChat | Wire::OpenAiResponses => {
                (AUTHORIZATION, format!("Bearer {}", key.expose_secret()))
            }
        };
        headers.insert(name, hidden(&value, &key_in_words(config))?);
    }
    for (name, value) in &config.headers {
        let what = format!("the header `{name}`");
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|error| unusable(format!("{what} cannot be sent: {error}"), "look at `headers`"))?;
        headers.insert(header, hidden(value.expose(), &what)?);
    }
    Ok(headers)
}

/// A value that no log of a library shows.
fn hidden(value: &str, what: &str) -> Result<HeaderValue, Fault> {
    let mut header = HeaderValue::from_str(value).map_err(|_not_told| {
        unusable(
            format!("{what} has a character that cannot be sent"),
            "look for line ends and accents in it",
        )
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// The proxy for this endpoint: the configuration's, else the environment's, as programs agree on these variables.
fn proxy(config: &HttpAgent, environment: &Environment, url: &Url) -> Result<Option<Proxy>, Fault> {
    let wrong = || unusable("the proxy cannot be used", "write it as `http://proxy.example:3128`");
    if let Some(proxy) = &config.proxy {
        return Proxy::all(proxy.expose()).map(Some).map_err(|_may_hold_a_password| wrong());
    }
    if is_on_this_machine(&config.base_url) {
        return Ok(None);
    }
    let value = |name: &str| {
        let names = [name.to_ascii_lowercase(), name.to_owned()];
        let found = names.iter().find_map(|name| environment::get(environment, name));
        found.and_then(|value| value.to_str()).map(str::trim).filter(|value| !value.is_empty())
    };
    let of_scheme = if url.scheme() == "https" { value("HTTPS_PROXY") } else { value("HTTP_PROXY") };
    let Some(proxy) = of_scheme.or_else(|| value("ALL_PROXY")) else { return Ok(None) };
    let proxy = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let proxy = Proxy::all(proxy).map_err(|_may_hold_a_password| wrong())?;
    Ok(Some(proxy.no_proxy(value("NO_PROXY").and_then(NoProxy::from_string))))
}

/// A redirect is never followed: what was meant for one host is told to no other.
fn redirected(host: &str, headers: &HeaderMap, url: &Url) -> Fault {
    let target = headers.get(LOCATION).and_then(|location| location.to_str().ok());
    let target = target.and_then(|location| url.join(location).ok());
    let target = target.as_ref().and_then(Url::host_str).unwrap_or("nowhere");
    let message = format!("{host} redirects to {target}; nothing was sent there");
    unusable(message, "write the URL where the endpoint really is into `base_url`")
}

/// The beginning of a body. One that does not come is an empty one.
async fn beginning(response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(Ok(chunk)) = stream.next().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ERROR {
            body.truncate(MAX_ERROR);
            break;
        }
    }
    body
}

/// An error with what is behind it, without the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if words.last().is_none_or(|last| !last.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    if words.is_empty() { "no reason is known".to_owned() } else { words.join(": ") }
}

#[cfg(test)]
mod tests;
