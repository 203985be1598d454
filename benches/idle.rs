//! The worker while it waits: how soon it notices something, and what waiting costs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use orchestra_testkit::{Milestone, TestProject};

use crate::measure::{ROUNDS, cpu, median, memory, ms, say};
use crate::plan;

/// How long nothing must happen before the worker looks, and what is given on top of it.
const DEBOUNCE: Duration = Duration::from_millis(50);
const AIM: Duration = Duration::from_millis(60);
const AIM_MEMORY: f64 = 15.0;
const AIM_CPU: f64 = 0.1;
/// How long it is watched at rest: two of its slow looks belong to it.
const REST: Duration = Duration::from_mins(1);
/// Silence after which it waits.
const SILENCE: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_mins(2);

/// From the rename that makes a milestone appear to the first line about it.
pub(crate) fn event() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    project.script(plan::SCRIPT);
    project.commit_all("chore: script");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    measure_event(&project, "first event after a milestone appears", 1);
    let project = plan::large("parked");
    measure_event(&project, "first event, 1,000 milestones there", plan::MILESTONES + 1);
}

fn measure_event(project: &TestProject, what: &str, first: usize) {
    let worker = Waiting::start(project);
    let milestones = project.path(".orchestra/milestones");
    fs::create_dir_all(&milestones).unwrap();
    let mut took = Vec::new();
    for number in first..first + ROUNDS {
        worker.wait();
        let made = project.top().join("made");
        let id = format!("M{number}-new");
        for (path, text) in Milestone::new(&id).with("rfc: skip").phase("backend").files() {
            let path = made.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let begun = Instant::now();
        fs::rename(&made, milestones.join(&id)).unwrap();
        let (at, _line) = worker.lines.recv_timeout(PATIENCE).unwrap();
        took.push((at - begun).as_secs_f64());
    }
    let took = Duration::from_secs_f64(median(took));
    let numbers = format!("{} of it are the debounce (median of {ROUNDS})", ms(DEBOUNCE));
    say(what, &ms(took), &format!("<= {}", ms(AIM)), took <= AIM, &numbers);
}

/// What an idle worker with a thousand milestones costs.
pub(crate) fn rest() {
    let project = plan::large("parked");
    let worker = Waiting::start(&project);
    worker.wait();
    let before = cpu(worker.child.id());
    thread::sleep(REST);
    let used = cpu(worker.child.id()).saturating_sub(before).as_secs_f64() / REST.as_secs_f64() * 100.0;
    let kept = memory(worker.child.id());
    let what = "memory of an idle worker, 1,000 milestones";
    say(what, &format!("{kept:.1} MB"), &format!("<= {AIM_MEMORY} MB"), kept <= AIM_MEMORY, "resident set");
    let numbers = format!("user and system time in {} s", REST.as_secs());
    say("CPU of it", &format!("{used:.3} %"), &format!("<= {AIM_CPU} %"), used <= AIM_CPU, &numbers);
}

/// A worker that waits for work.
struct Waiting {
    child: Child,
    lines: Receiver<(Instant, String)>,
}

impl Waiting {
    fn start(project: &TestProject) -> Self {
        let mut command: Command = project.orchestra(&["start", "--auto"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if said.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits until it says nothing any more.
    fn wait(&self) {
        loop {
            match self.lines.recv_timeout(SILENCE) {
                Ok(_line) => {}
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => panic!("the worker has left"),
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It has no child that would outlive it: nothing runs while it waits.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
