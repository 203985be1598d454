//! What the worker adds to a phase, against git committing the same and writing the same documents, all of it synced.
//!
//! Counted is everything between the moments at which two phases of one milestone had their commits: what follows a
//! commit, the documents, the snapshot, the turn, whose change it was, the commit object and the branch. The scripted
//! agent writes one small file without a pause; there is nothing to verify and there are no hooks. The moments are the
//! journal's, so that starting the program is not counted, and nothing is subtracted from anything.
//!
//! The other side writes one small file, each document of a phase as often as the worker does and as durably, and runs
//! `git add --all` and `git commit`, with `core.fsync=all`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use orchestra_core::id::WorkId;
use orchestra_core::record::Record;
use orchestra_project::journal;
use orchestra_project::layout::Layout;
use orchestra_testkit::{Milestone, TestProject};

use crate::measure::{Pairs, ROUNDS, in_turn, time};

/// Phases in a run. The first one's beginning is not measured.
const PHASES: usize = 6;
const FILES_IN_A_FOLDER: usize = 100;

const CONFIG: &str = "version: 1\nreview: { when: never }\ngates: { push: never }\nagents:\n  default: scripted\n  \
                      scripted: { kind: scripted, script: .orchestra/script.yaml }\n";

const SCRIPT: &str = r#"version: 1
turns:
  - when: { work: "phase-*" }
    steps:
      - write: { path: "src/${milestone}-${phase}.txt", content: "done\n" }
    report: { summary: did it, commit: { type: feat, scope: part, subject: "add ${phase}" } }
"#;

/// One phase in a repository of so many files.
pub(crate) fn run(files: usize, aim: f64) {
    let (ours, theirs) = (Ours::new(files, 0), Theirs::new(files));
    let (mut one, mut two) = (0, 0);
    let pairs = in_turn(
        ROUNDS,
        || mean(&ours.phases(next(&mut one), PHASES)),
        || (0..PHASES - 1).map(|_| theirs.phase(next(&mut two))).sum::<Duration>() / to_u32(PHASES - 1),
    );
    pairs.report(&format!("phase, {files} files"), "add + commit", aim);
}

/// One phase with a long history, against one with a short one.
pub(crate) fn history() {
    let (long, short) = (Ours::new(100, 10_000), Ours::new(100, 100));
    let (mut one, mut two) = (0, 0);
    let pairs = in_turn(
        ROUNDS,
        || mean(&long.phases(next(&mut one), PHASES)),
        || mean(&short.phases(next(&mut two), PHASES)),
    );
    pairs.report("phase, history of 10,000 commits", "of 100 commits", 1.1);
}

/// The last phases of a long milestone, against the first ones of the same.
pub(crate) fn count() {
    const MANY: usize = 48;
    let ours = Ours::new(100, 0);
    let pair = |number| {
        let took = ours.phases(number, MANY);
        (mean(&took[took.len() - MANY / 4..]), mean(&took[..MANY / 4]))
    };
    let pairs = Pairs::of((1..=5).map(pair).collect());
    pairs.report("phase, the last 12 of 48", "the first 12", 1.1);
}

struct Ours {
    project: TestProject,
}

impl Ours {
    fn new(files: usize, commits: usize) -> Self {
        let project = repository(files);
        project.script(SCRIPT);
        project.write(".orchestra/config.yaml", CONFIG);
        project.commit_all("chore: set up");
        add_history(&project, commits);
        project.git(&["push", "--quiet", "origin", "main"]);
        project.trust();
        Self { project }
    }

    /// Lets the worker build a milestone, and tells how long each of its phases took but for the first.
    fn phases(&self, number: usize, count: usize) -> Vec<Duration> {
        let id = format!("M{number}-work");
        let milestone = Milestone::new(&id).with("rfc: skip");
        self.project.add(&(0..count).fold(milestone, |milestone, _| milestone.phase("backend")));
        let _ran = self.project.build().expect(0);
        let journal = journal::read_all(&Layout::open(&self.project.root()).unwrap()).unwrap();
        let committed = journal.entries.iter().filter(|entry| match &entry.record {
            Record::Committed { milestone, work: WorkId::Phase(_), .. } => milestone.as_str() == id,
            _ => false,
        });
        let at: Vec<_> = committed.map(|entry| entry.at).collect();
        assert_eq!(at.len(), count, "each phase has its commit");
        at.windows(2).map(|two| two[1].duration_since(two[0]).try_into().unwrap()).collect()
    }
}

struct Theirs {
    project: TestProject,
}

impl Theirs {
    fn new(files: usize) -> Self {
        let project = repository(files);
        let milestone =
            (0..PHASES).fold(Milestone::new("M1-work"), |milestone, _| milestone.phase("backend"));
        project.add(&milestone);
        project.commit_all("chore: set up");
        Self { project }
    }

    fn phase(&self, number: usize) -> Duration {
        let folder = self.project.path(".orchestra/milestones/M1-work");
        let document = folder.join("phases/phase-1.md");
        let text = fs::read_to_string(&document).unwrap();
        let context = folder.join("context.md");
        time(|| {
            write(&document, &format!("{text}\nin progress {number}\n"));
            write(&context, &format!("{text}\nin progress {number}\n"));
            self.project.write(&format!("src/phase-{number}.txt"), "done\n");
            write(&document, &format!("{text}\ndone {number}\n"));
            write(&context, &format!("{text}\ndone {number}\n"));
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "--message", "feat(part): add a phase"]);
        })
    }

    fn git(&self, args: &[&str]) {
        let mut git = self.project.git_command(&self.project.root());
        let ran = git.args(["-c", "core.fsync=all"]).args(args).stdin(Stdio::null()).status().unwrap();
        assert!(ran.success());
    }
}

/// As the worker writes a document: no crash leaves half of it, or takes it back.
fn write(path: &Path, text: &str) {
    let folder = path.parent().unwrap();
    let temp = folder.join(".new");
    let mut file = File::create(&temp).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.sync_all().unwrap();
    fs::rename(&temp, path).unwrap();
    File::open(folder).unwrap().sync_all().unwrap();
}

fn repository(files: usize) -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    // Nothing is packed in the middle of a measurement, on either side.
    project.git(&["config", "gc.auto", "0"]);
    for number in 0..files {
        let path = format!("src/part-{}/file-{number}.txt", number / FILES_IN_A_FOLDER);
        project.write(&path, &format!("file {number}\n"));
    }
    project.commit_all("feat: files");
    // As in a clone: what was there before lies in a pack, on both sides.
    project.git(&["repack", "-a", "-d", "-q"]);
    project
}

/// Commits that change nothing: only how many there are counts.
fn add_history(project: &TestProject, commits: usize) {
    let mut import = String::new();
    for number in 0..commits {
        let message = format!("chore: commit {number}");
        let from = if number == 0 { "from refs/heads/main^0\n" } else { "" };
        let at = 1_700_000_000 + number;
        import += "commit refs/heads/main\n";
        import += format!("committer A Person <person@example.com> {at} +0000\n").as_str();
        import += format!("data {}\n{message}\n{from}\n", message.len()).as_str();
    }
    let mut git = project.git_command(&project.root());
    let mut child = git.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(import.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn next(count: &mut usize) -> usize {
    *count += 1;
    *count
}

fn mean(all: &[Duration]) -> Duration {
    all.iter().sum::<Duration>() / to_u32(all.len())
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap()
}
