use orchestra_core::config::http::Secret;

use super::*;

fn config(base_url: &str) -> HttpAgent {
    let mut config = HttpAgent::new(Wire::AnthropicMessages, base_url, "m");
    config.key = KeySource::NotNeeded;
    config
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// The proxy as a library would show it, which shows no password.
fn found(base_url: &str, pairs: &[(&str, &str)]) -> Option<String> {
    let config = config(base_url);
    let url = Url::parse(&wire::url(&config)).unwrap();
    proxy(&config, &environment(pairs), &url).unwrap().map(|proxy| format!("{proxy:?}"))
}

#[test]
fn the_proxy_of_the_person_s_environment_is_found_by_the_usual_names() {
    let host = "https://api.example";
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let found = found(host, &[(name, "proxy.example:3128")]).unwrap();
        assert!(found.contains("proxy.example"), "{name}: {found}");
    }
    assert_eq!(found(host, &[("HTTP_PROXY", "http://proxy.example")]), None);
    assert_eq!(found(host, &[("HTTPS_PROXY", " ")]), None);
    let not_here = [("HTTPS_PROXY", "http://proxy.example"), ("NO_PROXY", "example")];
    assert!(found(host, &not_here).unwrap().contains("example"));
    assert_eq!(found("http://127.0.0.1:1", &[("ALL_PROXY", "http://proxy.example")]), None);
}

#[test]
fn a_proxy_that_cannot_be_used_is_told_without_its_password() {
    let mut config = config("https://api.example");
    config.proxy = Some(Secret::new("http://me:planted@[nowhere"));
    let fault = Client::new(&config, "m", &Vec::new(), PATIENCE, 1).err().unwrap();
    assert!(matches!(&fault, Fault::Unusable { message, .. } if message.contains("proxy")), "{fault:?}");
    assert!(!format!("{fault:?}").contains("planted"));
}

const PATIENCE: Duration = Duration::from_secs(1);

#[test]
fn a_key_goes_into_the_header_that_its_kind_wants() {
    let header = |wire, variable: &str| {
        let mut config = HttpAgent::new(wire, "https://api.example", "m");
        config.key = KeySource::Variable(variable.to_owned());
        let headers = headers(&config, &environment(&[(variable, " k\n")])).unwrap();
        let find = |name| {
            headers
                .get(name)
                .map(|value: &HeaderValue| (value.to_str().unwrap().to_owned(), value.is_sensitive()))
        };
        find("x-api-key").or_else(|| find("authorization")).unwrap()
    };
    assert_eq!(header(Wire::AnthropicMessages, "ANTHROPIC_API_KEY"), ("k".to_owned(), true));
    assert_eq!(header(Wire::AnthropicMessages, "ANTHROPIC_AUTH_TOKEN"), ("Bearer k".to_owned(), true));
    assert_eq!(header(Wire::OpenAiChat, "ANY"), ("Bearer k".to_owned(), true));
}

#[test]
fn a_key_that_cannot_be_sent_is_told_without_it() {
    let mut config = config("https://api.example");
    config.key = KeySource::Written(Secret::new("planted\u{7f}ä"));
    let fault = headers(&config, &Vec::new()).unwrap_err();
    assert!(
        !format!("{fault:?}").contains("planted") && format!("{fault:?}").contains("`api_key`"),
        "{fault:?}"
    );
}

#[test]
fn a52_the_url_that_is_really_used_is_looked_at_once_more() {
    for (url, allowed) in [
        ("https://api.example/v1", true),
        ("http://127.0.0.1:1/", true),
        ("http://localhost/", true),
        ("http://[::1]:8080/", true),
        ("http://api.example/", false),
        ("http://127.0.0.1.example/", false),
        ("https://me@api.example/", false),
        ("ftp://127.0.0.1/", false),
    ] {
        assert_eq!(is_allowed(&Url::parse(url).unwrap()), allowed, "{url}");
    }
}
