//! SIGKILL at random moments, until everything is done: what comes out is what an undisturbed run gives.
//!
//! `ORCHESTRA_KILLS=500 cargo test -p orchestra --test main -- kills::wherever` kills more often, `ORCHESTRA_FIRST=n`
//! begins at another seed.

use std::time::{Duration, Instant};

use orchestra_testkit::{Milestone, TestProject, until};

/// Two phases, a red one on the way, a review with a blocking finding, one fix.
const SCRIPT: &str = r##"
version: 1
turns:
  - when: { work: rfc }
    steps:
      - say: designing
      - pause: 40ms
      - write: { path: ".orchestra/milestones/${milestone}/rfc.md", content: "# Design\nOne way.\n" }
    report: { summary: designed }
  - when: { work: phase-1, attempt: 1 }
    steps:
      - write: { path: src/one.txt, content: "a BUG\n" }
      - pause: 60ms
      - write: { path: src/two.txt, content: "fine\n" }
    report: { summary: first try, commit: { type: feat, scope: one, subject: add the first part } }
  - when: { work: phase-1, attempt: 2 }
    steps:
      - run: sleep 0.05; echo running
      - write: { path: src/one.txt, content: "good\n" }
      - write: { path: src/two.txt, content: "fine\n" }
    report: { summary: repaired, commit: { type: feat, scope: one, subject: add the first part } }
  - when: { work: phase-2 }
    steps:
      - write: { path: web/page.txt, content: "new page\n" }
      - pause: 60ms
    report: { summary: page, commit: { type: feat, scope: page, subject: add the page } }
  - when: { work: review-1 }
    steps:
      - pause: 40ms
    report:
      verdict: changes-requested
      findings: [ { severity: blocking, file: src/one.txt, line: 1, message: say better } ]
  - when: { work: "fix-1-*" }
    steps:
      - write: { path: src/one.txt, content: "better\n" }
      - pause: 40ms
    report: { summary: better, commit: { type: fix, scope: one, subject: say it better } }
  - when: { work: "review-*" }
    report: { verdict: approved }
"##;

const SUBJECTS: [&str; 7] = [
    "chore: begin",
    "chore: script",
    "docs(rfc): Work of M1-kill",
    "feat(one): add the first part",
    "feat(page): add the page",
    "fix(one): say it better",
    "chore(orchestra): close M1-kill",
];

fn project() -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    project.script(SCRIPT);
    project.commit_all("chore: script");
    project.git(&["push", "--quiet", "origin", "main"]);
    // What the person has: changed, staged, and staged and changed again.
    project.write("README.md", "# A project\nmy notes\n");
    project.write("staged.txt", "staged\n");
    project.git(&["add", "staged.txt"]);
    project.write("both.txt", "as staged\n");
    project.git(&["add", "both.txt"]);
    project.write("both.txt", "as changed\n");
    project.add(&Milestone::new("M1-kill").phase("backend").phase_with("frontend", "files: [\"web/**\"]\n"));
    project.trust();
    project
}

/// Everything that must be the same: files of the commits' trees, what the person had, what was published.
fn outcome(project: &TestProject) -> Vec<String> {
    project.check();
    let mut outcome = project.subjects();
    assert_eq!(outcome, SUBJECTS);
    assert_eq!(project.remote_subjects(), SUBJECTS);
    for commit in project.git(&["log", "--reverse", "--format=%H"]).lines() {
        let tree = project.git(&["ls-tree", "-r", commit]);
        outcome.extend(tree.lines().map(|line| match line.split_once('\t') {
            Some((_, path)) if path.starts_with(".orchestra/milestones") => {
                format!("{path}\n{}", masked(&project.git(&["show", &format!("{commit}:{path}")])))
            }
            _ => line.to_owned(),
        }));
    }
    outcome.extend(project.status());
    outcome.push(project.git(&["diff", "--cached"]));
    outcome.push(project.read("README.md") + &project.read("both.txt"));
    outcome
}

/// A document without what differs from run to run: times, attempts, ids, hashes of commits.
fn masked(document: &str) -> String {
    let is_hash = |word: &str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mask = |word: String| {
        let varies = word.starts_with(|c: char| c.is_ascii_digit()) || is_hash(&word);
        if varies { "…".to_owned() } else { word }
    };
    let mut text = String::new();
    let mut word = String::new();
    for c in document.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
        } else {
            text.push_str(&mask(std::mem::take(&mut word)));
            text.push(c);
        }
    }
    // A hash that looks like a number is quoted.
    text.replace("'…'", "…")
}

/// No process of the project is alive: each has its folder in its environment.
pub(crate) fn nothing_runs(project: &TestProject) -> bool {
    let mark = project.top().to_string_lossy().into_owned();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    !processes
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .any(|entry| {
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(&mark)
        })
}

/// Numbers that look random and are printed with a failure.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// How many kills say something.
const KILLS: u32 = 60;

/// What a person chooses: how many kills, and which.
fn asked(name: &str) -> Option<u32> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn wherever_the_worker_is_killed_the_outcome_is_that_of_an_undisturbed_run() {
    let (undisturbed, took) = {
        let project = project();
        let since = Instant::now();
        let ran = project.build();
        let took = since.elapsed();
        assert_eq!(ran.code, Some(0), "{}", ran.said());
        (outcome(&project), took)
    };
    // A machine that is fast gets its kills sooner: every run is killed a few times before it comes to its end.
    let longest = took.as_millis().try_into().unwrap_or(u64::MAX) / 4;
    let wanted = asked("ORCHESTRA_KILLS").unwrap_or(KILLS);
    let first = u64::from(asked("ORCHESTRA_FIRST").unwrap_or(1));
    let most = 40 * u64::from(wanted.div_ceil(KILLS));
    let mut kills = 0;
    for seed in first.. {
        println!("seed {seed}, after up to {longest} ms");
        let killed = kill_until_done(seed, longest, &undisturbed);
        kills += killed;
        if seed >= first + 3 && kills >= wanted {
            break;
        }
        assert!(seed < first + most, "too few kills to say anything: {kills}");
    }
    println!("{kills} kills");
}

/// Kills the worker again and again, now alone and now with its whole group. Returns how often it was.
fn kill_until_done(seed: u64, longest: u64, undisturbed: &[String]) -> u32 {
    let project = project();
    let mut dice = Dice(seed);
    let mut kills = 0;
    loop {
        let mut running = project.start(&["start", "--auto", "--once"]);
        let until = Instant::now() + Duration::from_millis(10 + dice.below(longest));
        while Instant::now() < until && !running.has_ended() {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        if running.has_ended() {
            let ran = running.wait();
            assert_eq!(ran.code, Some(0), "seed {seed}: {}", ran.said());
            break;
        }
        let _ran = if dice.below(2) == 0 { running.kill() } else { running.kill_group() };
        kills += 1;
        assert!(kills < 400, "seed {seed} does not come to an end");
    }
    until("nothing of the run is alive", || nothing_runs(&project));
    let outcome = outcome(&project);
    for (here, there) in outcome.iter().zip(undisturbed) {
        assert_eq!(here, there, "seed {seed}");
    }
    assert_eq!(outcome.len(), undisturbed.len(), "seed {seed}");
    kills
}
