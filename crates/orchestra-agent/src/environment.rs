//! What of the person's environment is passed on, and to whom.
//!
//! Two lists. Agents get an allow-list: what a build needs, and what their own program needs. Verify commands and
//! hooks get everything but the secrets of model providers. Both say what they held back.

mod names;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use orchestra_core::config::Preset;

pub(crate) use self::names::is_secret_name;

/// Variables, as names and values.
pub type Environment = Vec<(OsString, OsString)>;

/// An environment after filtering.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Filtered {
    /// What is passed on.
    pub kept: Environment,
    /// The names of what is not, sorted.
    pub held_back: Vec<String>,
}

/// What an agent needs besides the usual.
#[derive(Clone, Copy, Debug)]
pub struct AgentNeeds<'a> {
    /// The program, where Orchestra knows it.
    pub preset: Option<Preset>,
    /// Variables that the configuration names.
    pub named: &'a [String],
    /// The repository: no folder below it stays in `PATH`.
    pub repository: &'a Path,
}

/// The environment of an agent's program, from the person's.
pub fn agent_environment(all: &Environment, needs: AgentNeeds<'_>) -> Filtered {
    let value_of =
        |name: &str| all.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_os_str());
    let is_set = |name: &str| value_of(name).is_some_and(|value| !value.is_empty());
    let is_needed = |name: &str| {
        names::is_usual(name)
            || needs.named.iter().any(|named| named == name)
            || match needs.preset {
                Some(Preset::ClaudeCode) => {
                    names::is_for_claude(name)
                        || (is_set("CLAUDE_CODE_USE_BEDROCK") && names::is_for_aws(name))
                        || (is_set("CLAUDE_CODE_USE_VERTEX") && names::is_for_google(name))
                }
                Some(Preset::Codex) => names::is_for_codex(name),
                None => false,
            }
    };
    let mut filtered = filter(all, is_needed);
    for (name, value) in &mut filtered.kept {
        if name == "PATH" {
            *value = clean_path(value, needs.repository);
        }
    }
    let own: &[(&str, &str)] = &[
        ("TERM", "dumb"),
        ("PAGER", "cat"),
        ("GIT_PAGER", "cat"),
        ("GIT_EDITOR", "true"),
        // No credential may be asked for, and none handed out.
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", "true"),
        ("SSH_ASKPASS_REQUIRE", "never"),
        ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        // What an agent commits all the same can be told from the person's.
        ("GIT_AUTHOR_NAME", AGENT_NAME),
        ("GIT_AUTHOR_EMAIL", AGENT_EMAIL),
        ("GIT_COMMITTER_NAME", AGENT_NAME),
        ("GIT_COMMITTER_EMAIL", AGENT_EMAIL),
    ];
    for (name, value) in own {
        set(&mut filtered.kept, name, value);
    }
    filtered
}

/// The name an agent commits under, where it commits although it is told not to.
pub const AGENT_NAME: &str = "Orchestra agent";
/// The address to it; `.invalid` never exists (RFC 2606).
pub const AGENT_EMAIL: &str = "agent@orchestra.invalid";

/// The environment of verify commands and hooks: the person's, less the secrets of model providers.
pub fn command_environment(all: &Environment) -> Filtered {
    filter(all, |name| !names::is_provider_secret(name) && !name.starts_with("ORCHESTRA_"))
}

/// Sets a variable, in place of one of the same name.
pub(crate) fn set(environment: &mut Environment, name: &str, value: impl AsRef<OsStr>) {
    environment.retain(|(found, _)| found != name);
    environment.push((name.into(), value.as_ref().to_owned()));
}

/// The value of a variable.
pub fn get<'a>(environment: &'a Environment, name: &str) -> Option<&'a OsStr> {
    environment.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_os_str())
}

fn filter(all: &Environment, is_needed: impl Fn(&str) -> bool) -> Filtered {
    let mut kept = Environment::new();
    let mut held_back = BTreeSet::new();
    for (name, value) in all {
        // A name that is not UTF-8 is on no list.
        if name.to_str().is_some_and(&is_needed) {
            kept.push((name.clone(), value.clone()));
        } else {
            held_back.insert(name.to_string_lossy().into_owned());
        }
    }
    Filtered { kept, held_back: held_back.into_iter().collect() }
}

/// Leaves out of a `PATH` what is relative, empty, or below the repository: there an agent could put a program
/// of a well-known name.
pub fn clean_path(path: &OsStr, repository: &Path) -> OsString {
    let canonical = repository.canonicalize();
    let is_clean = |folder: &&[u8]| {
        let folder = Path::new(OsStr::from_bytes(folder));
        let real = folder.canonicalize();
        folder.is_absolute()
            && !folder.starts_with(repository)
            && !real.is_ok_and(|real| {
                real.starts_with(repository) || canonical.as_ref().is_ok_and(|top| real.starts_with(top))
            })
    };
    let folders: Vec<&[u8]> = path.as_bytes().split(|byte| *byte == b':').filter(is_clean).collect();
    OsString::from_vec(folders.join(&b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn agent(preset: Option<Preset>, named: &[&str], pairs: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        let repository = Path::new("/nowhere");
        let needs = AgentNeeds { preset, named: &named, repository };
        let filtered = agent_environment(&environment(pairs), needs);
        let own = agent_environment(&Vec::new(), needs).kept;
        let kept = filtered
            .kept
            .into_iter()
            .filter(|variable| !own.contains(variable))
            .map(|(name, _)| name.into_string().unwrap())
            .collect();
        (kept, filtered.held_back)
    }

    #[test]
    fn an_agent_gets_tools_and_locale_but_nobodys_secrets() {
        let all = [
            ("PATH", "/usr/bin"),
            ("HOME", "/home/user"),
            ("LC_ALL", "C.UTF-8"),
            ("CARGO_HOME", "/c"),
            ("https_proxy", "http://p"),
            ("GITHUB_TOKEN", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("ANTHROPIC_API_KEY", "x"),
            ("OPENAI_API_KEY", "x"),
            ("SSH_AUTH_SOCK", "/s"),
            ("LD_PRELOAD", "/x.so"),
            ("MY_TOKEN", "x"),
        ];
        let (kept, held_back) = agent(None, &["MY_TOKEN"], &all);
        assert_eq!(kept, ["PATH", "HOME", "LC_ALL", "CARGO_HOME", "https_proxy", "MY_TOKEN"]);
        assert_eq!(
            held_back,
            [
                "ANTHROPIC_API_KEY",
                "AWS_SECRET_ACCESS_KEY",
                "GITHUB_TOKEN",
                "LD_PRELOAD",
                "OPENAI_API_KEY",
                "SSH_AUTH_SOCK"
            ]
        );
    }

    #[test]
    fn a31_a_providers_key_goes_to_its_own_program_alone() {
        let keys = [("ANTHROPIC_API_KEY", "x"), ("CODEX_API_KEY", "x"), ("CLAUDE_CONFIG_DIR", "/c")];
        assert_eq!(agent(Some(Preset::ClaudeCode), &[], &keys).0, ["ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR"]);
        assert_eq!(agent(Some(Preset::Codex), &[], &keys).0, ["CODEX_API_KEY"]);
        assert_eq!(agent(None, &[], &keys).0, [""; 0]);
    }

    #[test]
    fn a_cloud_login_is_passed_on_where_the_program_uses_that_cloud() {
        let aws = ("AWS_PROFILE", "work");
        assert_eq!(agent(Some(Preset::ClaudeCode), &[], &[aws]).0, [""; 0]);
        let both = [aws, ("CLAUDE_CODE_USE_BEDROCK", "1")];
        assert_eq!(agent(Some(Preset::ClaudeCode), &[], &both).0, ["AWS_PROFILE", "CLAUDE_CODE_USE_BEDROCK"]);
    }

    #[test]
    fn an_agent_commits_under_its_own_name_and_is_asked_for_no_password() {
        let all = environment(&[("GIT_AUTHOR_NAME", "Me"), ("TERM", "xterm")]);
        let needs = AgentNeeds { preset: None, named: &[], repository: Path::new("/nowhere") };
        let kept = agent_environment(&all, needs).kept;
        for (name, value) in [
            ("GIT_AUTHOR_NAME", AGENT_NAME),
            ("GIT_COMMITTER_EMAIL", "agent@orchestra.invalid"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("TERM", "dumb"),
        ] {
            let found: Vec<_> = kept.iter().filter(|(found, _)| found == name).collect();
            assert_eq!(found, [&(OsString::from(name), OsString::from(value))]);
        }
    }

    #[test]
    fn verify_commands_get_everything_but_the_keys_of_models() {
        let all = environment(&[
            ("DATABASE_URL", "postgres://x"),
            ("GITHUB_TOKEN", "x"),
            ("OPENAI_API_KEY", "x"),
            ("ANTHROPIC_API_KEY", "x"),
            ("ORCHESTRA_GUARD", "1"),
        ]);
        let filtered = command_environment(&all);
        let kept: Vec<_> = filtered.kept.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(kept, ["DATABASE_URL", "GITHUB_TOKEN"]);
        assert_eq!(filtered.held_back, ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "ORCHESTRA_GUARD"]);
    }

    #[test]
    fn a42_no_folder_of_the_repository_stays_in_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repo");
        let bin = repository.join("node_modules/.bin");
        std::fs::create_dir_all(&bin).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&bin, &link).unwrap();
        let path = format!("/usr/bin:{}:.::bin:{}:/bin", bin.display(), link.display());
        assert_eq!(clean_path(OsStr::new(&path), &repository), "/usr/bin:/bin");
    }
}
