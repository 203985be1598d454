//! Where a push would go.

use orchestra_core::repo::PushTarget;

use crate::config::Config;
use crate::fault::Fault;
use crate::program::Call;
use crate::repo::Repo;

/// The remote that a branch is pushed to, as far as it can be known.
pub(crate) enum Remote {
    None,
    Several(Vec<String>),
    One(String),
}

/// The remotes' names, in the order of the configuration.
pub(crate) fn names(config: &Config) -> Vec<String> {
    let is_real = |name: &&str| {
        ["url", "pushurl", "fetch"].iter().any(|key| config.get(&format!("remote.{name}.{key}")).is_some())
    };
    config.names_in("remote").into_iter().filter(is_real).map(str::to_owned).collect()
}

/// Finds the remote: the configured one, else the branch's push remote, its upstream's, else the only one.
pub(crate) fn remote(config: &Config, branch: &str, configured: Option<&str>) -> Remote {
    let names = names(config);
    let by_branch = |key: &str| config.get(&format!("branch.{branch}.{key}"));
    let wanted = configured
        .or_else(|| by_branch("pushremote"))
        .or_else(|| config.get("remote.pushdefault"))
        .or_else(|| by_branch("remote"));
    match wanted {
        Some(name) if names.iter().any(|known| known == name) => Remote::One(name.to_owned()),
        // A name that was asked for and does not exist is not replaced by another.
        Some(_) if configured.is_some() => Remote::None,
        // `branch.<name>.remote = .` is another local branch; a URL there is no remote that could be shown by name.
        Some(_) | None => match <[String; 1]>::try_from(names) {
            Ok([only]) => Remote::One(only),
            Err(names) if names.is_empty() => Remote::None,
            Err(names) => Remote::Several(names),
        },
    }
}

/// The branch on the remote's side: the configured one, else the upstream's where it is of the same remote and the
/// remote was found by it, else the one of the same name.
pub(crate) fn remote_branch(config: &Config, branch: &str, remote: &str, configured: Option<&str>) -> String {
    if let Some(name) = configured {
        return name.to_owned();
    }
    let is_upstreams = config.get(&format!("branch.{branch}.remote")) == Some(remote)
        && config.get("push.default").is_some_and(|way| matches!(way, "upstream" | "tracking"));
    let upstream =
        config.get(&format!("branch.{branch}.merge")).and_then(|name| name.strip_prefix("refs/heads/"));
    upstream.filter(|_| is_upstreams).unwrap_or(branch).to_owned()
}

/// Finds where a push of `branch` goes, with the address after all rewriting and without a password.
pub(crate) fn find(
    repo: &Repo,
    config: &Config,
    branch: &str,
    remote_name: Option<&str>,
    branch_name: Option<&str>,
) -> Result<PushTarget, Fault> {
    Ok(match remote(config, branch, remote_name) {
        Remote::None => PushTarget::Missing,
        Remote::Several(remotes) => PushTarget::Ambiguous { remotes },
        Remote::One(name) => {
            let url = url(repo, &name)?;
            let branch = remote_branch(config, branch, &name, branch_name);
            PushTarget::Remote { name, url, branch }
        }
    })
}

/// The address that a push to a remote uses, without a password; several are joined by a space.
pub(crate) fn url(repo: &Repo, remote: &str) -> Result<String, Fault> {
    let output = Call::new(repo, ["remote", "get-url", "--push", "--all", "--", remote]).read()?;
    let text = String::from_utf8_lossy(&output);
    let shown: Vec<String> = text.lines().map(without_secrets).collect();
    Ok(shown.join(" "))
}

/// Takes out of an address what may be a password or a token.
fn without_secrets(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    // A token may stand in the place of the user's name, except where ssh needs one.
    let is_ssh = scheme.contains("ssh");
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) if is_ssh => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        Some((_, host)) => host.to_owned(),
        None => authority.to_owned(),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{authority}{path}")
}

/// The remote-tracking ref of a branch on a remote's side, by the remote's fetch rules.
pub(crate) fn tracking_ref(config: &Config, remote: &str, branch: &str) -> Option<String> {
    let full = format!("refs/heads/{branch}");
    let key = format!("remote.{remote}.fetch");
    let rules: Vec<&str> = config.all(&key).collect();
    rules.into_iter().find_map(|rule| {
        let (from, to) = rule.trim_start_matches('+').split_once(':')?;
        match (from.split_once('*'), to.split_once('*')) {
            (Some((before, after)), Some((to_before, to_after))) => {
                let middle = full.strip_prefix(before)?.strip_suffix(after)?;
                Some(format!("{to_before}{middle}{to_after}"))
            }
            (None, None) => (from == full).then(|| to.to_owned()),
            (Some(_), None) | (None, Some(_)) => None,
        }
    })
}

/// The remote-tracking refs whose tree tells whether work is published: of the push target and of the upstream.
pub(crate) fn published_refs(
    config: &Config,
    branch: &str,
    remote_name: Option<&str>,
    branch_name: Option<&str>,
) -> Vec<String> {
    let mut refs = Vec::new();
    if let Remote::One(name) = remote(config, branch, remote_name) {
        let on_its_side = remote_branch(config, branch, &name, branch_name);
        refs.extend(tracking_ref(config, &name, &on_its_side));
    }
    let upstream_remote = config.get(&format!("branch.{branch}.remote"));
    let merge =
        config.get(&format!("branch.{branch}.merge")).and_then(|name| name.strip_prefix("refs/heads/"));
    if let (Some(name), Some(merge)) = (upstream_remote, merge) {
        refs.extend(tracking_ref(config, name, merge));
    }
    refs.dedup();
    refs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_an_address_is_shown() {
        for (url, shown) in [
            ("https://ghp_token@example.com/a.git", "https://example.com/a.git"),
            ("https://user:pass@example.com/a.git?token=x", "https://example.com/a.git"),
            ("ssh://git:pass@example.com:22/a.git", "ssh://git@example.com:22/a.git"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("/srv/a.git", "/srv/a.git"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }
}
