//! Guards that are paused, tried with real trees of processes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use orchestra_agent::agent::AnyAgent;
use orchestra_agent::guard::{Exit, GuardedChild, StopPlan, Why};
use orchestra_core::config::{AgentConfig, CommandAgent};

use crate::support::{Room, is_alive, launcher, notices, part, pid_in, probe, run, shell, until};

/// How every process stands that carries this mark, but for the guard.
fn marked(mark: &str) -> BTreeMap<u32, char> {
    let mark = format!("ORCHESTRA_GUARD={mark}");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc").unwrap() {
        let Ok(pid) = entry.unwrap().file_name().to_string_lossy().parse::<u32>() else { continue };
        let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let is_marked = read("environ").split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
        if is_marked && read("comm") != b"orch-guard\n" {
            // One that is gone by now stands in no list any more.
            found.extend(state_of(pid).map(|state| (pid, state)));
        }
    }
    found
}

fn state_of(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim_start().chars().next()
}

/// Whether all of them stand still. A shell that waits in vfork(2) does so, too: its child stands still before it.
fn all_stand(child: &GuardedChild) -> bool {
    let marked = marked(child.mark());
    !marked.is_empty() && marked.values().all(|state| matches!(state, 'T' | 'D' | 'Z'))
}

fn length(file: &Path) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

/// Lets so much time pass, as another guard measures it.
async fn wait(time: Duration) {
    let mut order = shell("exec sleep 1000");
    (order.timeout, order.stop) = (Some(time), StopPlan::now());
    let ended = launcher().launch(order).await.unwrap().wait().await;
    assert_eq!(ended.why, Why::TimedOut);
}

#[tokio::test]
async fn f42_what_is_paused_makes_no_progress_and_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("progress");
    let launcher = launcher();
    // Each round forks, also while everything is being stopped.
    let line = format!("while :; do sh -c 'echo x >>{}'; done", file.display());
    let child = launcher.launch(shell(&line)).await.unwrap();
    for round in 0..25 {
        let before = length(&file);
        until("some progress", || length(&file) > before);
        launcher.pause().await;
        assert!(all_stand(&child), "round {round}: {:?}", marked(child.mark()));
        let then = length(&file);
        launcher.pause().await;
        assert_eq!(length(&file), then, "round {round}");
        launcher.resume();
    }
    let before = length(&file);
    until("some progress", || length(&file) > before);
}

#[tokio::test]
async fn f42_a_daemon_that_got_away_is_paused_too_and_whoever_had_stopped_itself_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let child = launcher.launch(part(&["tree".as_ref(), folder.path()])).await.unwrap();
    let tree = ["main", "near", "far"].map(|name| pid_in(folder.path(), name));
    let order = shell(&format!("sh -c 'kill -STOP $$' & echo $! >{}/own; wait", folder.path().display()));
    let other = launcher.launch(order).await.unwrap();
    until("the pid", || fs::read_to_string(folder.path().join("own")).is_ok_and(|pid| pid.ends_with('\n')));
    let own = pid_in(folder.path(), "own");
    until("it stops itself", || state_of(own) == Some('T'));
    launcher.pause().await;
    assert_eq!(tree.map(state_of), [Some('T'); 3]);
    assert!(all_stand(&child) && all_stand(&other));
    launcher.resume();
    until("the tree goes on", || tree.iter().all(|pid| state_of(*pid) == Some('S')));
    until("the other goes on", || state_of(other.pid()) == Some('S'));
    assert_eq!(state_of(own), Some('T'), "it did so itself");
}

#[tokio::test]
async fn f42_the_time_limit_stands_still_while_its_program_does() {
    let launcher = launcher();
    let limit = Duration::from_millis(400);
    let mut order = shell("while :; do :; done");
    (order.timeout, order.stop) = (Some(limit), StopPlan::now());
    let begun = Instant::now();
    let mut child = launcher.launch(order).await.unwrap();
    launcher.pause().await;
    let paused = Instant::now();
    wait(limit * 2).await;
    assert!(is_alive(child.pid()), "its time does not run out while it stands still");
    let stood = paused.elapsed();
    launcher.resume();
    let ended = child.wait().await;
    assert_eq!((ended.exit, ended.why), (Exit::Signal(9), Why::TimedOut));
    assert!(begun.elapsed() >= limit + stood, "it got all of its time");
}

#[test]
fn f42_nothing_outlives_a_worker_that_is_killed_while_all_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("lock");
    let mut worker = Command::new(probe()).arg("paused-worker").args([&lock, folder.path()]).spawn().unwrap();
    let tree = ["main", "near", "far"].map(|name| pid_in(folder.path(), name));
    until("the pause", || folder.path().join("paused").exists());
    assert_eq!(tree.map(state_of), [Some('T'); 3]);
    let lock = File::open(lock).unwrap();
    worker.kill().unwrap();
    until("the lock", || lock.try_lock().is_ok());
    let left: Vec<_> = tree.iter().filter(|pid| is_alive(**pid)).collect();
    assert!(left.is_empty(), "the lock was free while {left:?} lived");
    worker.wait().unwrap();
}

#[tokio::test]
async fn f42_what_is_launched_meanwhile_does_nothing_before_the_pause_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("begun");
    let launcher = launcher();
    launcher.pause().await;
    let line = format!("echo x >{}; while :; do :; done", file.display());
    let mut launching = Box::pin(launcher.launch(shell(&line)));
    tokio::select! {
        _early = &mut launching => panic!("it was started"),
        () = wait(Duration::from_millis(100)) => {}
    }
    assert!(!file.exists());
    // Another pause changes nothing, and waits for nobody.
    launcher.pause().await;
    assert!(!file.exists());
    launcher.resume();
    let child = launching.await.unwrap();
    until("it begins", || file.exists());
    launcher.pause().await;
    assert!(all_stand(&child));
    launcher.resume();

    launcher.pause().await;
    let launching = tokio::time::timeout(Duration::from_millis(50), launcher.launch(shell("echo"))).await;
    assert!(launching.is_err());
    drop(child);
    launcher.all_ended().await;
}

#[tokio::test]
async fn f42_a_stop_wakes_what_stands_still_and_a_kill_needs_not_to() {
    let launcher = launcher();
    let line = "trap 'exit 3' TERM; echo ready; while :; do :; done";
    for (plan, exit) in [(StopPlan::gentle(), Exit::Code(3)), (StopPlan::now(), Exit::Signal(9))] {
        let mut child = launcher.launch(shell(line)).await.unwrap();
        ready(&mut child).await;
        launcher.pause().await;
        assert!(all_stand(&child));
        let asked = Instant::now();
        child.stop(plan);
        let ended = child.wait().await;
        assert_eq!((ended.exit, ended.why), (exit, Why::Stopped));
        assert!(asked.elapsed() < Duration::from_secs(4), "not for want of an answer");
        launcher.resume();
    }
}

#[tokio::test]
async fn f42_a_pause_in_the_middle_of_a_stop_gives_the_program_all_of_its_grace() {
    let launcher = launcher();
    let folder = tempfile::tempdir().unwrap();
    let (asked, go) = (folder.path().join("asked"), folder.path().join("go"));
    let line = format!(
        "trap 'echo x >{}; while [ ! -e {} ]; do :; done; exit 3' TERM; echo ready; while :; do :; done",
        asked.display(),
        go.display()
    );
    let mut child = launcher.launch(shell(&line)).await.unwrap();
    ready(&mut child).await;
    let mut plan = StopPlan::gentle();
    plan.steps[0].grace = Duration::from_secs(2);
    child.stop(plan);
    until("it was asked", || asked.exists());
    launcher.pause().await;
    wait(Duration::from_millis(2100)).await;
    fs::write(&go, "").unwrap();
    launcher.resume();
    assert_eq!(child.wait().await.exit, Exit::Code(3));
}

async fn ready(child: &mut GuardedChild) {
    use tokio::io::AsyncReadExt as _;
    let mut line = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"ready\n");
}

#[tokio::test]
async fn f42_a_pause_is_no_silence_of_the_agent() {
    let room = Room::new();
    let (begun, go) = (room.path("begun"), room.path("go"));
    assert!(Command::new("mkfifo").arg(&go).status().unwrap().success());
    room.program("helper", &format!("echo x >'{}'\ncat '{}'", begun.display(), go.display()));
    let config = CommandAgent { run: vec!["helper".into()], ..CommandAgent::default() };
    let launcher = launcher();
    let agent = AnyAgent::new(&AgentConfig::Command(config), launcher.clone());
    let mut request = room.request("phase-1");
    request.silence = Duration::from_secs(2);
    let turn = tokio::spawn(async move { run(&agent, request).await });
    let has_begun = begun.clone();
    tokio::task::spawn_blocking(move || until("it begins", || has_begun.exists())).await.unwrap();
    launcher.pause().await;
    wait(Duration::from_millis(2500)).await;
    launcher.resume();
    tokio::task::spawn_blocking(move || fs::write(go, "done\n").unwrap()).await.unwrap();
    let (_, events) = turn.await.unwrap();
    let silent: Vec<_> = notices(&events).into_iter().filter(|said| said.contains("said nothing")).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
