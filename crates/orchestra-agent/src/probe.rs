//! Looking at an agent without giving it work: is its program there, which version, is somebody logged in.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orchestra_core::config::http::{HttpAgent, KeySource};
use orchestra_core::config::{AgentConfig, CommandAgent, Preset};

use crate::environment::{self, AgentNeeds, Environment};
use crate::guard::{GuardLauncher, Order, Output, OutputLimits, StopPlan, run_to_end};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(15);

/// What was found out about an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probe {
    /// Whether it can be started.
    pub program: FoundProgram,
    /// What it says of its version, in one line.
    pub version: Option<String>,
    /// Whether somebody is logged in.
    pub login: Login,
}

/// Whether an agent's program is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FoundProgram {
    /// It needs none.
    NotNeeded,
    /// It is at this path.
    At(PathBuf),
    /// It is not in a folder of `PATH` outside the repository.
    Missing {
        /// The name that was looked for.
        name: String,
    },
}

/// Whether somebody is logged in, as far as that is known without asking a service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Login {
    /// It needs none, or nothing is known of the program.
    Unknown,
    /// There is a key or a login, found at this place. It may be out of date.
    Found {
        /// A variable's name or a file.
        place: String,
    },
    /// There is neither.
    Missing {
        /// What to do.
        hint: String,
    },
}

/// Looks at an agent. Blocks while the program says its version, below a guard.
///
/// `environment` is the person's; `repository` the top of the work tree.
pub fn probe(
    config: &AgentConfig,
    environment: &Environment,
    repository: &Path,
    launcher: &GuardLauncher,
) -> Probe {
    let nothing = |login| Probe { program: FoundProgram::NotNeeded, version: None, login };
    let config = match config {
        AgentConfig::Command(config) => config,
        // Its version would be told in the protocol, by an agent that has begun to work.
        AgentConfig::Acp(acp) => {
            &CommandAgent { run: acp.run.clone(), env: acp.env.clone(), ..CommandAgent::default() }
        }
        AgentConfig::Scripted { .. } => return nothing(Login::Unknown),
        AgentConfig::Http(http) => return nothing(probe_http(http, environment)),
    };
    let name = program_name(config);
    let needs = AgentNeeds { preset: config.preset, named: &config.env, repository };
    let kept = environment::agent_environment(environment, needs).kept;
    let login = find_login(config.preset, &kept);
    let Some(path) = find_program(OsStr::new(name), &kept, repository) else {
        return Probe { program: FoundProgram::Missing { name: name.to_owned() }, version: None, login };
    };
    // Only a program that we know is started: `--version` of another might mean anything.
    let version = config.preset.and_then(|_| ask_version(&path, config, kept, launcher));
    Probe { program: FoundProgram::At(path), version, login }
}

/// Looks for the key of a model behind an endpoint. Nothing is sent; that a key is there does not say that it is good.
pub fn probe_http(config: &HttpAgent, environment: &Environment) -> Login {
    let is_set = |name: &str| environment::get(environment, name).is_some_and(|value| !value.is_empty());
    match &config.key {
        KeySource::NotNeeded => Login::Unknown,
        KeySource::Written(_) => Login::Found { place: "your own configuration".to_owned() },
        KeySource::Variable(name) if is_set(name) => Login::Found { place: name.clone() },
        KeySource::Variable(name) => {
            Login::Missing { hint: format!("set {name}, or name another variable in the agent's `key_env`") }
        }
    }
}

fn program_name(config: &CommandAgent) -> &str {
    match (config.run.first(), config.preset) {
        (Some(name), _) => name,
        (None, Some(Preset::ClaudeCode)) => "claude",
        (None, Some(Preset::Codex)) => "codex",
        (None, None) => "",
    }
}

/// Finds a program as a shell would, but never by a bare name inside the repository, where an agent could have
/// put it. A name with a slash is a path, relative to the repository: whoever wrote it meant that file.
pub fn find_program(name: &OsStr, environment: &Environment, repository: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.as_encoded_bytes().contains(&b'/') {
        let path = repository.join(name);
        return is_executable(&path).then_some(path);
    }
    let path = environment::clean_path(environment::get(environment, "PATH")?, repository);
    let top = repository.canonicalize().ok();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| {
        let is_inside =
            candidate.canonicalize().is_ok_and(|real| top.as_ref().is_some_and(|top| real.starts_with(top)));
        is_executable(candidate) && !is_inside
    })
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn ask_version(
    program: &Path,
    config: &CommandAgent,
    environment: Environment,
    launcher: &GuardLauncher,
) -> Option<String> {
    let order = Order {
        program: program.into(),
        args: config.run.iter().skip(1).map(Into::into).chain(["--version".into()]).collect(),
        env: environment,
        // Not the repository: what a program reads there is none of this question's business.
        cwd: "/".into(),
        timeout: Some(PATIENCE),
        stop: StopPlan::now(),
    };
    let limits = OutputLimits { head: 4096, tail: 0 };
    let output = run_to_end(launcher, &order, Vec::new(), limits).ok().filter(Output::is_success)?;
    let text = output.stdout.text();
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().filter(|c| !c.is_control()).take(100).collect())
}

fn find_login(preset: Option<Preset>, environment: &Environment) -> Login {
    let (variables, home, default_home, file, hint): (&[&str], _, _, _, _) = match preset {
        Some(Preset::ClaudeCode) => (
            &[
                "ANTHROPIC_API_KEY",
                "ANTHROPIC_AUTH_TOKEN",
                "CLAUDE_CODE_OAUTH_TOKEN",
                "CLAUDE_CODE_USE_BEDROCK",
                "CLAUDE_CODE_USE_VERTEX",
            ],
            "CLAUDE_CONFIG_DIR",
            ".claude",
            ".credentials.json",
            "run `claude` and log in with `/login`, or set ANTHROPIC_API_KEY",
        ),
        // OPENAI_API_KEY alone is not used by its own provider.
        Some(Preset::Codex) => (
            &["CODEX_API_KEY", "CODEX_ACCESS_TOKEN"],
            "CODEX_HOME",
            ".codex",
            "auth.json",
            "run `codex login`, or set CODEX_API_KEY",
        ),
        None => return Login::Unknown,
    };
    let is_set = |name: &&&str| environment::get(environment, name).is_some_and(|value| !value.is_empty());
    if let Some(name) = variables.iter().find(is_set) {
        return Login::Found { place: (*name).to_owned() };
    }
    let folder = environment::get(environment, home)
        .map(PathBuf::from)
        .or_else(|| environment::get(environment, "HOME").map(|home| Path::new(home).join(default_home)));
    match folder.map(|folder| folder.join(file)) {
        Some(file) if file.is_file() => Login::Found { place: file.display().to_string() },
        // Claude Code keeps its login in the key chain there.
        Some(_) if cfg!(target_os = "macos") && preset == Some(Preset::ClaudeCode) => Login::Unknown,
        Some(_) | None => Login::Missing { hint: hint.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executable(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a42_a_program_of_a_known_name_inside_the_repository_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let repository = folder.path().join("repo");
        let (inside, outside) = (repository.join("bin/claude"), folder.path().join("bin/claude"));
        executable(&inside);
        let link = folder.path().join("links/claude");
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&inside, &link).unwrap();
        let find = |path: String| {
            find_program(OsStr::new("claude"), &vec![("PATH".into(), path.into())], &repository)
        };
        let planted = format!("{}:{}", inside.parent().unwrap().display(), link.parent().unwrap().display());
        assert_eq!(find(planted.clone()), None);
        executable(&outside);
        assert_eq!(find(format!("{planted}:{}", outside.parent().unwrap().display())), Some(outside));
    }

    #[test]
    fn a_path_that_was_written_out_is_taken_from_the_repository() {
        let folder = tempfile::tempdir().unwrap();
        executable(&folder.path().join("tools/agent.sh"));
        let find = |name: &str| find_program(OsStr::new(name), &Vec::new(), folder.path());
        assert_eq!(find("./tools/agent.sh"), Some(folder.path().join("./tools/agent.sh")));
        assert_eq!(find("./tools"), None);
        assert_eq!(find("agent.sh"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn a_login_is_found_where_its_program_keeps_it() {
        let home = tempfile::tempdir().unwrap();
        let environment = vec![("HOME".into(), home.path().into())];
        assert!(matches!(find_login(Some(Preset::Codex), &environment), Login::Missing { .. }));
        std::fs::create_dir(home.path().join(".codex")).unwrap();
        std::fs::write(home.path().join(".codex/auth.json"), "{}").unwrap();
        assert!(matches!(find_login(Some(Preset::Codex), &environment), Login::Found { .. }));
        let key = vec![("ANTHROPIC_API_KEY".into(), "x".into())];
        assert_eq!(
            find_login(Some(Preset::ClaudeCode), &key),
            Login::Found { place: "ANTHROPIC_API_KEY".to_owned() }
        );
        assert_eq!(find_login(None, &key), Login::Unknown);
    }
}
