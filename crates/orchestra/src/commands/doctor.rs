//! `orchestra doctor`: whether everything is there that a run needs, and what is worth knowing.

use orchestra_agent::environment::{AgentNeeds, agent_environment, command_environment};
use orchestra_core::config::AgentConfig;
use orchestra_core::words::counted;
use orchestra_git::facts;
use orchestra_git::repo::{OLDEST_GIT, Repo};
use orchestra_project::journal;
use orchestra_project::layout::Layout;
use orchestra_project::lock::{self, HeldBy};
use orchestra_project::watch::{self, Watching};

use super::check::{self, Check};
use super::preflight;
use crate::cli::DoctorArgs;
use crate::context::{Context, VERSION};
use crate::failure::{Exit, Failure};
use crate::out::{BAD, GOOD, shown, styled};

/// How many names are listed; more are counted.
const MAX_NAMES: usize = 12;

pub(super) fn run(context: &Context, args: &DoctorArgs) -> Exit {
    let mut checks = vec![Check::note("orchestra", VERSION)];
    match context.open_repo(None) {
        Ok(repo) => checks.extend(of_repository(context, &repo)),
        Err(failure) => checks.push(Check::failed(context, "git", &failure)),
    }
    if let Ok(layout) = context.layout() {
        checks.extend(of_project(context, &layout));
    }
    // Without a repository there is no project to look at, and that was said.
    if context.root().is_ok() {
        checks.extend(if args.auto {
            preflight::preflight(context, true)
        } else {
            preflight::basics(context)
        });
    }
    let is_ready = check::is_ready(&checks);
    if args.json {
        super::print_json(context, &checks);
    } else {
        check::show(context, &checks);
        context.out.line(if is_ready {
            styled(GOOD, "Everything is as it must be.")
        } else {
            styled(BAD, "Something has to be done first: see ✘ above.")
        });
    }
    if is_ready { Exit::DONE } else { Exit::USAGE }
}

fn of_repository(context: &Context, repo: &Repo) -> Vec<Check> {
    let failed = |name: &str, fault| Check::failed(context, name, &Failure::Git(fault));
    let git = match repo.git_version() {
        Ok((major, minor)) => {
            let (oldest, program) = (OLDEST_GIT, shown(repo.options().program.display()));
            let found = format!(
                "{major}.{minor} at {program} (needs {}.{}); called without fsmonitor, pager, editor and \
                 the repository's hooks, and what may run somebody's code runs below a guard",
                oldest.0, oldest.1
            );
            Check::good("git", found)
        }
        Err(fault) => failed("git", fault),
    };
    let hooks = match facts::hook_names_present(repo) {
        Ok(names) if names.is_empty() => Check::note("hooks", "none"),
        Ok(names) => Check::note("hooks", format!("run with every commit or push: {}", names.join(", "))),
        Err(fault) => failed("hooks", fault),
    };
    let identity = match facts::identity(repo) {
        Ok(Some(who)) => Check::good("identity", format!("{} <{}>", who.name, who.email)),
        Ok(None) => Check::bad(
            "identity",
            "git does not know who you are",
            "git config user.name \"Your Name\" && git config user.email you@example.com",
        ),
        Err(fault) => failed("identity", fault),
    };
    vec![git, identity, hooks, held_back(context, repo)]
}

/// Names what of the environment commands and agents do not get; never a value.
fn held_back(context: &Context, repo: &Repo) -> Check {
    let commands = command_environment(&context.environment).held_back;
    let loaded = context.layout().and_then(|layout| context.load(&layout));
    let config = loaded.ok().and_then(|loaded| loaded.config.result.ok()).map(|resolved| resolved.config);
    let agent = config.and_then(|config| {
        let name = config.default_agent.clone()?;
        Some((name.clone(), config.agents.get(&name)?.clone()))
    });
    let mut found = format!("commands and hooks do not get: {}", named(&commands));
    let needs = agent.as_ref().and_then(|(name, agent)| {
        let (preset, named): (_, &[String]) = match agent {
            AgentConfig::Command(command) => (command.preset, &command.env),
            AgentConfig::Acp(acp) => (None, &acp.env),
            // What it runs gets no more than what any agent runs.
            AgentConfig::Http(_) => (None, &[]),
            AgentConfig::Scripted { .. } => return None,
        };
        Some((name, AgentNeeds { preset, named, repository: repo.root() }))
    });
    if let Some((name, needs)) = needs {
        let kept_from = agent_environment(&context.environment, needs).held_back;
        found = format!("{found}\n{name} does not get: {}", named(&kept_from));
    }
    Check::note("environment", found)
}

fn named(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing is held back".to_owned();
    }
    let more = names.len().saturating_sub(MAX_NAMES);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", "))
}

fn of_project(context: &Context, layout: &Layout) -> Vec<Check> {
    let lock = match lock::peek(layout) {
        Ok(None) => Check::good("lock", "free"),
        Ok(Some(held)) => {
            let pid = held.holder.map(|holder| format!("process {}", holder.process.pid));
            let pid = pid.unwrap_or_else(|| "a process that does not say which".to_owned());
            match (held.by, held.way_out) {
                (HeldBy::Worker, _) => Check::note("lock", format!("held by a worker that runs ({pid})")),
                (HeldBy::Guard, _) => Check::note("lock", format!("held by a guard for a moment ({pid})")),
                (HeldBy::Unknown, None) => {
                    Check::bad("lock", format!("held, and it cannot be told by whom ({pid})"), "end it there")
                }
                (HeldBy::Unknown, Some(file)) => Check::bad(
                    "lock",
                    format!("held from somewhere else ({pid})"),
                    format!("if that worker is known to be gone: rm {}", file.display()),
                ),
            }
        }
        Err(error) => Check::failed(context, "lock", &Failure::File(error)),
    };
    let watching = match watch::watch(layout, |_hint| {}).mode() {
        Watching::Events => Check::good("watching", "the system tells when a document changes"),
        Watching::Polling { why } => Check::note("watching", format!("every two seconds instead: {why}")),
    };
    let journal = match journal::fold(layout) {
        Ok(folded) if folded.skipped == 0 => {
            Check::good("journal", format!("{} entries, all of which can be read", folded.last_seq))
        }
        Ok(folded) => {
            Check::note("journal", format!("{} could not be understood", counted(folded.skipped, "line")))
        }
        Err(error) => Check::failed(context, "journal", &Failure::Journal(error)),
    };
    let sandbox = Check::note(
        "sandbox",
        "level C: this version has the diff check only. What an agent writes outside of its role's room is put \
         back after its turn; nothing keeps it from writing there meanwhile, or from reading and the network",
    );
    let own = match &context.data {
        Some(data) => Check::note("your own files", shown(data.display())),
        None => Check::failed(context, "your own files", &Failure::NoHome),
    };
    vec![lock, watching, journal, sandbox, own]
}
