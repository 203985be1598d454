//! Where an endpoint may be. Stricter than URLs are, so that nobody reads another host out of one than we do.

/// Where an endpoint is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// On this machine.
    Here,
    /// Elsewhere, over TLS.
    Elsewhere,
}

/// Checks the URL of an endpoint. The error says what is wrong and what to do.
pub(super) fn parse(url: &str) -> Result<Place, (&'static str, &'static str)> {
    let (is_tls, rest) =
        split(url).ok_or(("no URL of a kind that is known", "write `https://`, a host and a path"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err((
            "a user name or a password in a URL",
            "a key comes from the variable that `key_env` names",
        ));
    }
    if rest.contains(['?', '#']) {
        return Err(("more than a host and a path in a URL", "leave out what follows `?` or `#`"));
    }
    let host = host_without_port(authority)
        .ok_or(("no host that is known as one", "write `https://`, a host and a path"))?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~%:+".contains(&byte);
    if !path.bytes().all(is_plain) || path.contains("..") {
        return Err((
            "a character in a path that has no business there",
            "write letters, digits, `/`, `.`, `_` and `-`",
        ));
    }
    match (is_tls, is_loopback(host)) {
        (_, true) => Ok(Place::Here),
        (true, false) => Ok(Place::Elsewhere),
        (false, false) => Err((
            "an endpoint without TLS that is not on this machine",
            "write `https://`; `http://` is for 127.0.0.1, localhost and [::1] alone",
        )),
    }
}

/// The host and the port of a URL.
pub(super) fn host_of(url: &str) -> &str {
    let rest = split(url).map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

fn split(url: &str) -> Option<(bool, &str)> {
    match url.strip_prefix("https://") {
        Some(rest) => Some((true, rest)),
        None => url.strip_prefix("http://").map(|rest| (false, rest)),
    }
}

/// The host, where it and the port look like such.
fn host_without_port(authority: &str) -> Option<&str> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let is_address =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
        is_address.then_some((host, port))?
    } else {
        let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        (is_name && !host.is_empty() && !host.starts_with(['.', '-'])).then_some((host, port))?
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    let is_v4 = parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok()) && parts[0] == "127";
    is_v4 || host.eq_ignore_ascii_case("localhost") || host == "::1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a52_only_this_machine_is_spoken_to_without_tls() {
        for here in [
            "http://127.0.0.1:11434/v1",
            "http://localhost",
            "https://localhost:8080/",
            "http://[::1]:8080/v1",
            "https://127.0.0.1:1",
        ] {
            assert_eq!(parse(here), Ok(Place::Here), "{here}");
        }
        for elsewhere in ["https://api.example", "https://api.example:8443/openai/v1", "https://a-b.example"]
        {
            assert_eq!(parse(elsewhere), Ok(Place::Elsewhere), "{elsewhere}");
        }
        for wrong in [
            "http://api.example",
            "http://127.0.0.1.example",
            "http://127.example",
            "http://localhost.example",
            "http://127.0.0.1@api.example/",
            "http://127.0.0.1\\@example/",
            "http://127.0.0.1#@example/",
            "http://127.0.0.1?x=y",
            "http://127.0.0.1:80:80/",
            "http://[::1%25eth0]/",
            "http://[example]/",
            "https://",
            "https:///v1",
            "https://key:secret@api.example",
            "https://api.example/v1/../x",
            "https://api.example/ü",
            "https://api.example\n.evil.com/",
            "https://api.example:0/",
            "ftp://127.0.0.1",
            "127.0.0.1:11434",
            "",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_host_is_told_with_its_port() {
        assert_eq!(host_of("http://127.0.0.1:11434/v1"), "127.0.0.1:11434");
        assert_eq!(host_of("https://api.example"), "api.example");
    }
}
