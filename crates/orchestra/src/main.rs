//! The program: commands, wiring, exit codes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use orchestra_agent::guard::GuardLauncher;
use orchestra_core::worker::{Auto, Presence, Run};
use orchestra_engine::guarded::GuardedGit;
use orchestra_engine::worker::Setup;
use orchestra_git::repo::{Filters, Repo, RepoOptions};
use orchestra_project::layout::Layout;
use orchestra_project::lock::WorkerLock;
use orchestra_project::trust::TrustStore;

mod commands;
mod out;
mod view;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let first = args.next();
    if first.as_deref() == Some("__guard") {
        return orchestra_agent::guard::serve();
    }
    match thin(first.as_deref(), args.collect()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            out::Out::new(PathBuf::new()).line(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn thin(command: Option<&str>, args: Vec<String>) -> anyhow::Result<u8> {
    let git = PathBuf::from(std::env::var("ORCHESTRA_GIT").unwrap_or("/usr/bin/git".into()));
    let auto = args.iter().any(|arg| arg == "--auto");
    let presence = if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        Presence::Terminal
    } else {
        Presence::Headless { wait: false }
    };
    let (root, data) = match command {
        Some("demo") => {
            let folder = tempfile::Builder::new().prefix("orchestra-demo-").tempdir()?.keep();
            let project = commands::demo::make(&folder, &git)?;
            (project.root, project.data)
        }
        _ => (
            PathBuf::from(".").canonicalize()?,
            PathBuf::from(std::env::var("XDG_DATA_HOME").unwrap_or_default()).join("orchestra"),
        ),
    };
    if command == Some("trust") {
        let layout = Layout::open(&root)?;
        let loaded = orchestra_project::load::load(
            &layout,
            &orchestra_project::config_files::Sources { user: None, environment: &[], flags: &[] },
        )?;
        TrustStore::open(&data, &root)?.remember(&loaded.trust, jiff::Timestamp::now())?;
        return Ok(0);
    }
    let layout = Layout::open(&root)?;
    layout.make_state()?;
    let lock = WorkerLock::acquire_waiting(&layout, "0.1.0", Duration::from_secs(10), |_| {})?;
    let file = Arc::new(lock.file().try_clone()?);
    let exe = std::env::current_exe()?;
    let launcher = GuardLauncher::new(exe, vec!["__guard".into()], Some(file));
    let environment: Vec<_> = std::env::vars_os().collect();
    let repo = Repo::open(
        &root,
        RepoOptions {
            program: git.clone(),
            environment: orchestra_agent::environment::command_environment(&environment).kept,
            guard: Arc::new(GuardedGit::new(launcher.clone())),
            filters: Filters::Off,
            identity: None,
            scratch: layout.scratch(),
            watched: orchestra_engine::worker::watched(),
            timeout: Duration::from_secs(120),
            lock_wait: Duration::from_secs(10),
        },
    )?;
    std::fs::create_dir_all(layout.scratch())?;
    let trust = TrustStore::open(&data, &root)?;
    let loaded = orchestra_project::load::load(
        &layout,
        &orchestra_project::config_files::Sources { user: None, environment: &[], flags: &[] },
    )?;
    if command == Some("demo") {
        trust.remember(&loaded.trust, jiff::Timestamp::now())?;
    }
    let setup = Setup {
        layout,
        repo,
        launcher,
        lock,
        environment,
        user_config: None,
        variables: vec![],
        flags: vec![],
        trust,
        run: Run { auto: auto.then_some(Auto { rfc: true, push: true }), presence, once: true, only: None },
        version: "0.1.0".into(),
    };
    let out = out::Out::new(root.clone());
    let code = commands::start::run(setup, commands::start::Shown::Text { unicode: true }, &out)
        .map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    if command == Some("demo") {
        let project = commands::demo::Project { root: root.clone(), data };
        out.line(&commands::demo::log(&project, &git).context("log")?);
        out.line(&root.display().to_string());
    }
    Ok(code)
}
