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
/// that the repository was opened with. The agent's address counts as none.
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
                .filter(|value| !value.trim().is_empty())
        };
        let name = part("name", &format!("GIT_{upper}_NAME"));
        let email = part("email", &format!("GIT_{upper}_EMAIL")).or_else(|| variable("EMAIL"));
        let found = match (name, email) {
            (Some(name), Some(email)) => Some(Identity { name, email }),
            (_, None) | (None, _) => None,
        };
        found.or_else(|| options.identity.clone()).filter(|identity| identity.email != AGENT_EMAIL)
    };
    Some(Identities { author: of("author", "AUTHOR")?, committer: of("committer", "COMMITTER")? })
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
