//! Plays the parts that tests of guards and agents need: the guard itself, a worker to be killed, daemons, programs
//! that look at what they inherited, and the relay to own tools. Not an example of use.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use orchestra_agent::guard::{self, GuardLauncher, Order};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let part = args.next().and_then(|part| part.into_string().ok()).unwrap_or_default();
    let rest: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let played = match (part.as_str(), rest.as_slice()) {
        ("guard", []) => return guard::serve(),
        ("worker", [lock, pids]) => worker(lock, pids, false),
        ("paused-worker", [lock, pids]) => worker(lock, pids, true),
        ("tree", [pids]) => tree(pids),
        ("double-fork", [pids, name]) => spawn(&["daemon".as_ref(), pids, name]),
        ("daemon", [pids, name]) => daemon(pids, name),
        ("leave-behind", [pids]) => leave_behind(pids),
        ("descriptors", []) => descriptors(),
        ("below", []) => below(),
        ("flood", [count]) => flood(count),
        ("mcp", [socket]) => orchestra_agent::mcp::relay(socket, io::stdin(), io::stdout()),
        _ => Err(io::Error::other("unknown part")),
    };
    match played {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Takes the lock, starts a tree below a guard, may pause it when it stands, and waits to be killed.
fn worker(lock: &Path, pids: &Path, pauses: bool) -> io::Result<()> {
    let lock = File::create(lock)?;
    lock.try_lock().map_err(io::Error::other)?;
    let program = std::env::current_exe()?;
    let launcher = GuardLauncher::new(&program, vec!["guard".into()], Some(Arc::new(lock)));
    let mut order = Order::new(program, "/");
    order.args = vec!["tree".into(), pids.into()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut child = launcher.launch(order).await.map_err(io::Error::other)?;
        fs::write(pids.join("guard-mark"), child.mark())?;
        if pauses {
            while !["main", "near", "far"].iter().all(|name| pids.join(name).exists()) {
                std::thread::yield_now();
            }
            launcher.pause().await;
            note(pids, "paused")?;
        }
        child.wait().await;
        Ok(())
    })
}

/// A program with a child and a daemon that got away, none of which minds SIGTERM.
fn tree(pids: &Path) -> io::Result<()> {
    spawn(&["double-fork".as_ref(), pids, "far".as_ref()])?;
    spawn(&["daemon".as_ref(), pids, "near".as_ref()])?;
    note(pids, "main")?;
    wait_for_ever()
}

/// Waits until its daemon stands, and ends.
fn leave_behind(pids: &Path) -> io::Result<()> {
    spawn(&["double-fork".as_ref(), pids, "left".as_ref()])?;
    while !pids.join("left").exists() {
        std::thread::yield_now();
    }
    Ok(())
}

fn daemon(pids: &Path, name: &Path) -> io::Result<()> {
    // A leader of a process group cannot; the tests that matter start it as none.
    let _already_a_leader = rustix::process::setsid();
    note(pids, &name.to_string_lossy())?;
    wait_for_ever()
}

/// Starts another part of this program, deaf to SIGTERM, SIGINT and SIGHUP.
fn spawn(args: &[&Path]) -> io::Result<()> {
    Command::new("/bin/sh")
        .args(["-c", "trap '' TERM INT HUP; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe()?)
        .args(args)
        .spawn()
        .map(drop)
}

/// Writes this process's id, whole or not at all.
fn note(pids: &Path, name: &str) -> io::Result<()> {
    let draft = pids.join(format!(".{name}"));
    fs::write(&draft, std::process::id().to_string())?;
    fs::rename(draft, pids.join(name))
}

fn wait_for_ever() -> io::Result<()> {
    loop {
        std::thread::park();
    }
}

/// Lists the open descriptors, other than the one that the listing itself needs.
fn descriptors() -> io::Result<()> {
    let mut open = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let target = fs::read_link(entry.path())?;
        if !target.starts_with(format!("/proc/{}/fd", std::process::id())) {
            open.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    open.sort();
    writeln!(io::stdout(), "{}", open.join(" "))
}

fn below() -> io::Result<()> {
    writeln!(io::stdout(), "{}", guard::is_below_a_guard(None))
}

/// Prints that many MiB without a newline.
fn flood(count: &Path) -> io::Result<()> {
    let count: usize = count.to_string_lossy().parse().map_err(io::Error::other)?;
    let block = vec![b'x'; 1024 * 1024];
    let mut stdout = io::stdout();
    for _ in 0..count {
        stdout.write_all(&block)?;
    }
    stdout.flush()
}
