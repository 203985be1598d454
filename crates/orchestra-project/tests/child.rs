//! Other processes: this test program, started again to play a part.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use orchestra_core::document::EditError;
use orchestra_core::edit::DocEdit;
use orchestra_core::id::{GateId, MilestoneId};
use orchestra_core::path::ContentHash;
use orchestra_core::plan::{Format, MilestoneStatus};
use orchestra_core::record::Record;
use orchestra_project::documents::{Target, WriteError, Written, apply_edits};
use orchestra_project::journal::Journal;
use orchestra_project::layout::Layout;
use orchestra_project::lock::WorkerLock;

const PART: &str = "ORCHESTRA_TEST_PART";
const ROOT: &str = "ORCHESTRA_TEST_ROOT";

/// The line that a part prints when the parent may go on.
pub(crate) const READY: &str = "part: ready";

/// A process that plays a part. Killed when dropped.
pub(crate) struct Player {
    child: Child,
    /// Dropped to end what reads from it.
    pub(crate) input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Player {
    /// Starts a part below `wrapper`, a command that runs its last arguments.
    pub(crate) fn start(wrapper: &[&str], part: &str, root: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut arguments: Vec<PathBuf> = wrapper.iter().map(PathBuf::from).collect();
        arguments.push(program);
        let mut child = Command::new(&arguments[0])
            .args(&arguments[1..])
            .args(["--exact", "child::plays_its_part_where_it_is_asked_to", "--nocapture"])
            .env(PART, part)
            .env(ROOT, root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, output }
    }

    /// Waits for so many lines of [`READY`].
    pub(crate) fn wait_ready(&mut self, mut count: usize) {
        while count > 0 {
            let line = self.output.next().expect("the part ended before it was ready").unwrap();
            count -= usize::from(line == READY);
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself; panics where it failed.
    pub(crate) fn finish(&mut self) {
        assert!(self.ends_well(), "the part failed");
    }

    /// Waits until it ends, and tells whether it came to its end by itself.
    pub(crate) fn ends_well(&mut self) -> bool {
        self.input = None;
        for line in self.output.by_ref() {
            println!("{}", line.unwrap());
        }
        self.child.wait().unwrap().success()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test of its own, but what [`Player::start`] runs.
#[test]
fn plays_its_part_where_it_is_asked_to() {
    let Ok(part) = std::env::var(PART) else { return };
    let root = PathBuf::from(std::env::var_os(ROOT).unwrap());
    match part.as_str() {
        "hold the lock" => hold_the_lock(&root),
        "write without end" => write_without_end(&root),
        "set up" => crate::faults::set_up(&root),
        "write once" => crate::faults::write_once(&root),
        "find no sync" => crate::faults::find_no_sync(&root),
        "find no locks" => crate::faults::find_no_locks(&root),
        "leave private files" => crate::limits::leave_private_files(&root),
        "find everything read-only" => crate::limits::find_everything_read_only(&root),
        "find the disk full" => crate::limits::find_the_disk_full(&root),
        "have few descriptors" => crate::limits::have_few_descriptors(&root),
        "have no descriptors" => crate::limits::have_no_descriptors(&root),
        "find no watches" => crate::limits::find_no_watches(&root),
        other => panic!("no part {other}"),
    }
}

/// Takes the lock and hands a copy to a process that lives until standard input ends, as a guard would.
fn hold_the_lock(root: &Path) {
    let lock = WorkerLock::try_acquire(&Layout::open(root).unwrap(), "1.2.3").unwrap();
    let copy = lock.file().try_clone().unwrap();
    let mut guard = Command::new("cat").stdout(Stdio::from(copy)).spawn().unwrap();
    println!("\n{READY}");
    guard.wait().unwrap();
}

fn write_without_end(root: &Path) {
    let layout = Layout::open(root).unwrap();
    let (mut journal, _) = Journal::open(&layout).unwrap();
    for round in 0.. {
        set_status(&layout, &mut journal, round).unwrap();
        println!("\n{READY}");
    }
}

/// Writes `milestone.md` and `context.md` of milestone `M1-x`.
pub(crate) fn set_status(
    layout: &Layout,
    journal: &mut Journal,
    round: usize,
) -> Result<Vec<Written>, WriteError<EditError>> {
    let id = MilestoneId::parse("M1-x").unwrap();
    let target = Target { milestone: &id, folder: "M1-x", format: Format::Current };
    let status = [MilestoneStatus::Review, MilestoneStatus::Done][round % 2];
    let edits =
        [DocEdit::MilestoneStatus { status, reason: None }, DocEdit::Current(Some(format!("round {round}")))];
    apply_edits(layout, &target, &edits, journal)
}

/// Makes a project with one milestone that needs no phase.
pub(crate) fn project(root: &Path) -> Layout {
    let folder = root.join(".orchestra/milestones/M1-x/phases");
    fs::create_dir_all(&folder).unwrap();
    let text = "---\nid: M1-x\ntitle: Something\nstatus: dropped\n---\n## Summary\nx\n\n## Acceptance criteria\n- [ ] x\n";
    fs::write(folder.join("../milestone.md"), text).unwrap();
    Layout::open(root).unwrap()
}

pub(crate) fn question() -> (GateId, Record) {
    let gate = GateId::parse("push-1").unwrap();
    let asked = Record::Asked {
        gate: gate.clone(),
        question: "push".to_owned(),
        milestone: None,
        work: None,
        of: ContentHash::of(b"x"),
        about: Vec::new(),
        text: "?".to_owned(),
        answers: vec!["approve".to_owned()],
    };
    (gate, asked)
}
