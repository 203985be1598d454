//! Who commits.

use git2::Signature;

use crate::config::Config;
use crate::fault::{Doing as _, Fault};
use crate::repo::{Identity, Repo};

/// The address that agents commit with, so that what they commit all the same can be told from a person's.
pub const AGENT_EMAIL: &str = "agent@orchestra.invalid";

/// The name and address of what Orchestra keeps for itself.
const OWN: (&str, &str) = ("Orchestra", "orchestra@orchestra.invalid");

/// Author and committer.
#[derive(Clone, Debug)]
pub(crate) struct Identities {
    pub(crate) author: Identity,
    pub(crate) committer: Identity,
}

/// Finds who commits here, in git's own order: environment, `author.*` and `committer.*`, `user.*`, then the fallback
/// that the repository was opened with. The agent's address counts as none, and so does what nothing is left of once it is
/// written as git writes it.
pub(crate) fn find(repo: &Repo, config: &Config) -> Option<Identities> {
    let options = repo.options();
    let variable = |name: &str| {
        let found = options.environment.iter().find(|(key, _)| key == name)?;
        found.1.to_str().map(str::to_owned)
    };
    let of = |kind: &str, upper: &str| {
        let part = |key: &str, name: &str| {
            variable(name)
                .or_else(|| config.get(&format!("{kind}.{key}")).map(str::to_owned))
                .or_else(|| config.get(&format!("user.{key}")).map(str::to_owned))
                .and_then(|value| without_crud(&value))
        };
        let name = part("name", &format!("GIT_{upper}_NAME"));
        let email = part("email", &format!("GIT_{upper}_EMAIL"))
            .or_else(|| variable("EMAIL").and_then(|value| without_crud(&value)));
        let found = match (name, email) {
            (Some(name), Some(email)) => Some(Identity { name, email }),
            (_, None) | (None, _) => None,
        };
        found.or_else(|| options.identity.clone()).filter(|identity| identity.email != AGENT_EMAIL)
    };
    Some(Identities { author: of("author", "AUTHOR")?, committer: of("committer", "COMMITTER")? })
}

/// A name or an address as git writes it into a commit, `None` where nothing is left: no brackets and line breaks, and none
/// of what git calls crud at either end (`strbuf_addstr_without_crud` in its ident.c).
fn without_crud(text: &str) -> Option<String> {
    let is_crud = |c: char| c <= ' ' || matches!(c, ',' | ':' | ';' | '<' | '>' | '"' | '\\' | '\'');
    let text: String = text.trim_matches(is_crud).chars().filter(|c| !"<>\n".contains(*c)).collect();
    (!text.is_empty()).then_some(text)
}

/// The signature of what Orchestra keeps for itself under `refs/orchestra/`.
pub(crate) fn own() -> Result<Signature<'static>, Fault> {
    Signature::now(OWN.0, OWN.1).doing("make a signature")
}

impl Identity {
    /// This identity, now.
    pub(crate) fn signature(&self) -> Result<Signature<'static>, Fault> {
        Signature::now(&self.name, &self.email).doing("make a signature")
    }
}
