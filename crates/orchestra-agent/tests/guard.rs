//! The guard, tried with real trees of processes.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use orchestra_agent::guard::{
    Exit, LaunchError, Order, OutputLimits, StopPlan, StopSignal, StopStep, Why, end_marked, run_to_end,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{is_alive, launcher, part, pid_in, probe, shell, until};

fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
}

fn term_then_kill(grace: Duration) -> StopPlan {
    StopPlan { steps: vec![StopStep { signal: StopSignal::Terminate, grace }] }
}

#[test]
fn f02_nothing_outlives_a_killed_worker_and_the_lock_is_free_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("lock");
    let mut worker = Command::new(probe()).arg("worker").args([&lock, folder.path()]).spawn().unwrap();
    let tree = ["main", "near", "far"].map(|name| pid_in(folder.path(), name));
    let lock = File::open(lock).unwrap();
    assert!(lock.try_lock().is_err(), "the worker holds its lock");
    assert!(tree.iter().all(|pid| is_alive(*pid)));

    worker.kill().unwrap();
    let killed = Instant::now();
    until("the lock", || lock.try_lock().is_ok());
    let took = killed.elapsed();
    let left: Vec<_> = tree.iter().filter(|pid| is_alive(**pid)).collect();
    assert!(left.is_empty(), "the lock was free while {left:?} lived");
    assert!(took < Duration::from_millis(200), "{took:?}");
    worker.wait().unwrap();
}

#[tokio::test]
async fn f03_a_worker_notices_that_its_guard_was_killed_and_ends_what_carries_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = launcher().launch(part(&["tree".as_ref(), folder.path()])).await.unwrap();
    let tree = ["main", "near", "far"].map(|name| pid_in(folder.path(), name));
    let guard = parent_of(tree[0]);
    kill(guard);
    let ended = child.wait().await;
    assert_eq!((ended.exit, ended.why), (Exit::Unseen, Why::GuardLost));
    until("the end of the tree", || tree.iter().all(|pid| !is_alive(*pid)));
}

fn parent_of(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn f04_the_next_start_finds_by_its_mark_what_outlived_worker_and_guard() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("lock");
    let mut worker = Command::new(probe()).arg("worker").args([&lock, folder.path()]).spawn().unwrap();
    let tree = ["main", "near", "far"].map(|name| pid_in(folder.path(), name));
    until("the mark", || folder.path().join("guard-mark").exists());
    let mark = std::fs::read_to_string(folder.path().join("guard-mark")).unwrap();
    // The worker is stopped first, so that it cannot do what f03 shows.
    kill_process(Pid::from_child(&worker), Signal::STOP).unwrap();
    until("the worker's threads to stand still", || is_stopped(worker.id()));
    let guard = parent_of(tree[0]);
    kill(guard);
    until("the guard's end", || !is_alive(guard));
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(tree.iter().all(|pid| is_alive(*pid)), "killing both leaves the tree");
    assert_eq!(end_marked(&mark), 3);
    until("the end of the tree", || tree.iter().all(|pid| !is_alive(*pid)));
}

fn is_stopped(pid: u32) -> bool {
    std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().all(|task| {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        stat.rsplit(')').next().unwrap().trim_start().starts_with('T')
    })
}

#[test]
fn f31_a_child_gets_three_descriptors_even_where_the_worker_inherited_more() {
    let lock = tempfile::tempfile().unwrap();
    let launcher = orchestra_agent::guard::GuardLauncher::new(
        "/bin/sh",
        // What a careless parent leaves open.
        vec!["-c".into(), "exec 7</dev/null 8</dev/null; exec \"$0\" guard".into(), probe().into()],
        Some(std::sync::Arc::new(lock)),
    );
    let output = run_to_end(&launcher, &part(&["descriptors".as_ref()]), Vec::new(), OutputLimits::default());
    assert_eq!(output.unwrap().stdout.text(), "0 1 2\n");
}

#[test]
fn f50_what_a_program_leaves_behind_is_ended_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_to_end(
        &launcher(),
        &part(&["leave-behind".as_ref(), folder.path()]),
        Vec::new(),
        OutputLimits::default(),
    )
    .unwrap();
    assert_eq!((output.status.exit, output.status.why), (Exit::Code(0), Why::Itself));
    assert_eq!(output.status.left_behind, 1);
    assert!(!is_alive(pid_in(folder.path(), "left")), "it is gone when its end is told");
}

#[tokio::test]
async fn f51_a_program_that_is_deaf_to_a_stop_is_killed_after_its_grace() {
    let mut child = launcher().launch(shell("trap '' TERM; echo ready; while :; do :; done")).await.unwrap();
    wait_for_line(&mut child).await;
    let asked = Instant::now();
    child.stop(term_then_kill(Duration::from_millis(150)));
    let ended = child.wait().await;
    assert_eq!((ended.exit, ended.why), (Exit::Signal(9), Why::Stopped));
    assert!(asked.elapsed() >= Duration::from_millis(150), "its grace is not cut short");
}

#[tokio::test]
async fn f51_a_program_that_stopped_itself_is_ended_all_the_same() {
    let mut child = launcher().launch(shell("kill -STOP $$")).await.unwrap();
    until("it to stand still", || is_stopped(child.pid()));
    child.stop(term_then_kill(Duration::from_millis(20)));
    assert_eq!(child.wait().await.exit, Exit::Signal(9));
}

#[tokio::test]
async fn a_program_that_listens_ends_in_its_own_way_before_the_grace_is_over() {
    // As the worker does. Where a signal is ignored, a shell that is started there cannot listen to it.
    let _listening = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).unwrap();
    let line = "trap 'exit 3' INT; echo ready; while :; do :; done";
    let mut child = launcher().launch(shell(line)).await.unwrap();
    wait_for_line(&mut child).await;
    child.stop(StopPlan::interrupt());
    let ended = child.wait().await;
    assert_eq!((ended.exit, ended.why), (Exit::Code(3), Why::Stopped));
}

async fn wait_for_line(child: &mut orchestra_agent::guard::GuardedChild) {
    use tokio::io::AsyncReadExt;
    let mut line = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"ready\n");
}

#[tokio::test]
async fn dropping_a_child_ends_its_tree_and_the_launcher_knows_when() {
    let folder = tempfile::tempdir().unwrap();
    let launcher = launcher();
    let child = launcher.launch(part(&["tree".as_ref(), folder.path()])).await.unwrap();
    let tree = ["main", "near", "far"].map(|name| pid_in(folder.path(), name));
    drop(child);
    launcher.all_ended().await;
    assert!(tree.iter().all(|pid| !is_alive(*pid)));
}

#[test]
fn a_program_past_its_time_is_stopped_and_says_so() {
    let mut order = shell("echo begun; while :; do :; done");
    order.timeout = Some(Duration::from_millis(100));
    order.stop = StopPlan::now();
    let output = run_to_end(&launcher(), &order, Vec::new(), OutputLimits::default()).unwrap();
    assert!(output.timed_out && !output.is_success());
    assert_eq!((output.status.exit, output.stdout.text().as_str()), (Exit::Signal(9), "begun\n"));
}

#[test]
fn a_program_reads_its_input_to_the_end_and_its_output_streams_stay_apart() {
    let order = shell("cat; echo complaint >&2; exit 7");
    let input = vec![b'y'; 300_000];
    let output = run_to_end(&launcher(), &order, input.clone(), OutputLimits::default()).unwrap();
    assert_eq!(output.status.exit, Exit::Code(7));
    assert_eq!(output.stdout.complete(), Some(input));
    assert_eq!(output.stderr.text(), "complaint\n");
}

#[test]
fn f52_what_a_flood_leaves_in_memory_is_bounded() {
    let limits = OutputLimits { head: 1000, tail: 1000 };
    let order = part(&["flood".as_ref(), "64".as_ref()]);
    let output = run_to_end(&launcher(), &order, Vec::new(), limits).unwrap();
    assert_eq!(output.stdout.dropped, 64 * 1024 * 1024 - 2000);
    assert_eq!(output.stdout.head.len() + output.stdout.tail.len(), 2000);
}

#[test]
fn an_order_carries_its_environment_and_folder_and_nothing_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let mut order = Order::new("/usr/bin/env", folder.path());
    order.env = vec![("ONLY".into(), "this".into())];
    let output = run_to_end(&launcher(), &order, Vec::new(), OutputLimits::default()).unwrap().stdout.text();
    let (ours, mark): (Vec<_>, Vec<_>) =
        output.lines().partition(|line| !line.starts_with("ORCHESTRA_GUARD="));
    assert_eq!((ours, mark.len()), (vec!["ONLY=this"], 1));
}

#[test]
fn a_missing_program_is_told_from_a_broken_guard() {
    let limits = OutputLimits::default();
    let error = run_to_end(&launcher(), &Order::new("/no/such", "/"), Vec::new(), limits).unwrap_err();
    assert!(matches!(&error, LaunchError::Program { program, source }
        if program == Path::new("/no/such") && source.kind() == std::io::ErrorKind::NotFound));

    let no_guard = orchestra_agent::guard::GuardLauncher::new("/bin/true", Vec::new(), None);
    let error = run_to_end(&no_guard, &Order::new("/bin/true", "/"), Vec::new(), limits).unwrap_err();
    assert!(matches!(error, LaunchError::GuardLost { .. } | LaunchError::Connection { .. }), "{error:?}");
}

#[test]
fn whoever_is_below_a_guard_knows_it_even_with_an_empty_environment() {
    let mut order = Order::new("/usr/bin/env", "/");
    order.args = vec!["-i".into(), probe().into(), "below".into()];
    let output = run_to_end(&launcher(), &order, Vec::new(), OutputLimits::default()).unwrap();
    assert_eq!(output.stdout.text(), "true\n");
}
