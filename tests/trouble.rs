//! Ordinary trouble: a clear message with what to do, and nothing lost.

use orchestra_testkit::{Milestone, TestProject, until};

use crate::kills::nothing_runs;

/// One phase that writes one file; the review approves.
pub(crate) const PLAIN: &str = r##"
version: 1
turns:
  - when: { work: rfc }
    steps:
      - write: { path: ".orchestra/milestones/${milestone}/rfc.md", content: "# Design\n" }
  - when: { work: "phase-*" }
    steps:
      - write: { path: "src/${milestone}-${phase}.txt", content: "done\n" }
    report: { summary: did it, commit: { type: feat, scope: part, subject: "add ${phase}" } }
  - when: { work: "review-*" }
    report: { verdict: approved }
"##;

pub(crate) fn project(script: &str) -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    project.script(script);
    project.commit_all("chore: script");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    project
}

pub(crate) fn one_phase() -> Milestone {
    Milestone::new("M1-one").with("rfc: skip").phase("backend")
}

/// A project with one planned phase, played by this turn; the review approves.
pub(crate) fn with_turn(turn: &str) -> TestProject {
    let project = project(&format!(
        "version: 1\nturns:\n{turn}\n  - when: {{ work: \"review-*\" }}\n    report: {{ verdict: approved }}\n  - when: {{ work: \"diagnosis-*\" }}\n    report: {{ summary: try harder }}\n"
    ));
    project.add(&one_phase());
    project
}

#[test]
fn f80_a_push_that_somebody_overtook_waits_at_its_gate_with_the_servers_words() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3);
    let other = project.top().join("other");
    let (remote, other_text) = (project.remote(), other.to_str().unwrap());
    project.git_at(&project.top(), &["clone", "--quiet", remote.to_str().unwrap(), other_text]);
    for (key, value) in [("user.name", "Other"), ("user.email", "other@example.com")] {
        project.git_at(&other, &["config", key, value]);
    }
    std::fs::write(other.join("theirs.txt"), "theirs\n").unwrap();
    project.git_at(&other, &["add", "."]);
    project.git_at(&other, &["commit", "--quiet", "-m", "feat: theirs"]);
    project.git_at(&other, &["push", "--quiet"]);

    project.answer(&["approve"]);
    let ran = project.attend().expect(3).says("not pushed").says("fetch first");
    assert!(ran.said().contains("waits for you: M1-one"), "{}", ran.said());
    let _ran = project.build().expect(2).says("git pull --rebase");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    assert!(!project.remote_subjects().contains(&"feat(part): add phase-1".to_owned()));
    project.check();

    // The person brings the two together; what the push would publish now has their merge, so it is asked again.
    project.git(&["pull", "--quiet", "--no-rebase", "--no-edit"]);
    let _ran = project.build().expect(3).says("from outside M1-one");
    project.check();
}

#[test]
fn f75_a_hook_that_refuses_goes_back_to_the_agent_and_the_commit_is_made_when_it_is_content() {
    let project = with_turn(
        "  - when: { work: phase-1, attempt: 1 }\n    steps:\n      - write: { path: src/a.txt, content: \"bad style\\n\" }\n    report: { summary: x }\n\
         \x20 - when: { work: phase-1, attempt: 2 }\n    steps:\n      - expect: no bad style here\n      - write: { path: src/a.txt, content: \"good style\\n\" }\n    report: { summary: x }\n",
    );
    project.hook(
        "pre-commit",
        "if git grep --cached -q 'bad style' -- src; then echo 'no bad style here'; exit 1; fi\n",
    );
    let _ran = project.build().expect(0).says("the pre-commit hook refused the commit");
    assert_eq!(project.git(&["show", "HEAD~1:src/a.txt"]), "good style\n");
    assert_eq!(project.status(), [] as [&str; 0]);
    project.check();
}

#[test]
fn f75_a_formatters_work_reaches_the_tree_also_where_the_worker_was_killed_before_it_did() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"bad style\\n\" }\n    report: { summary: x }\n",
    );
    project.hook(
        "pre-commit",
        "git diff --cached --name-only | grep -q src/a.txt || exit 0\n\
         printf 'good style\\n' > src/a.txt && git add src/a.txt\n",
    );
    // A git that stands still where the index would follow the branch.
    let (bin, reached) = (project.top().join("bin"), project.top().join("reached"));
    std::fs::create_dir(&bin).unwrap();
    let path = std::env::var("PATH").unwrap();
    let slow = format!(
        "#!/bin/sh\nPATH='{path}'\ncase \"$GIT_INDEX_FILE $*\" in \" update-index\"*--index-info*) : > '{}'; exec sleep 1000;; esac\n\
         exec git \"$@\"\n",
        reached.display()
    );
    crate::project::script(&bin.join("git"), &slow);
    // Something that is not in the commit, so that hooks get a checkout of their own.
    project.write("notes.txt", "the person's\n");
    let mut command = project.orchestra(&["start", "--auto", "--once"]);
    command.env("PATH", format!("{}:{path}", bin.display()));
    let running = TestProject::start_as(command);
    until("the branch has moved", || reached.exists());
    let _ran = running.kill();
    until("nothing of the run is alive", || nothing_runs(&project));
    assert_eq!(project.git(&["show", "HEAD:src/a.txt"]), "good style\n");
    assert_eq!(project.read("src/a.txt"), "bad style\n");

    let _ran = project.build().expect(0);
    assert_eq!(project.read("src/a.txt"), "good style\n");
    assert_eq!(project.status(), ["?? notes.txt"]);
    project.check();
}

#[test]
fn everything_that_is_put_back_can_be_found_by_the_refs_that_are_named() {
    let project = with_turn(
        "  - when: { work: phase-1, attempt: 1 }\n    steps:\n      - write: { path: src/a.txt, content: \"BUG\\n\" }\n    report: { summary: x }\n\
         \x20 - when: { work: phase-1, attempt: 2 }\n    steps:\n      - write: { path: src/a.txt, content: \"good\\n\" }\n\
         \x20     - write: { path: README.md, content: \"not its\\n\" }\n\
         \x20     - write: { path: .orchestra/agents/worker.md, content: \"nor this\\n\" }\n    report: { summary: x }\n\
         \x20 - when: { work: phase-1 }\n    report: { summary: x }\n",
    );
    let ran = project.build().expect(0);
    let named: Vec<String> =
        project.rescued().into_iter().filter(|name| ran.said().contains(&format!("{name}`"))).collect();
    for (path, text) in [("README.md", "not its\n"), (".orchestra/agents/worker.md", "nor this\n")] {
        let keeps = |name: &String| {
            let patch = project.run(&["rescue", "show", name]);
            patch.said().contains(path) && patch.said().contains(&format!("+{text}"))
        };
        assert!(named.iter().any(keeps), "{path} is under none of {named:?}\n{}", ran.said());
    }
    project.check();
}

#[test]
fn f75_a_hook_that_always_refuses_sets_the_milestone_aside_with_everything_kept() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"mine\\n\" }\n    report: { summary: x }\n",
    );
    project.hook("pre-commit", "echo 'never'; exit 1\n");
    let _ran = project.build().expect(1).says("M1-one is set aside").says("pre-commit hook refused");
    assert!(!project.has("src/a.txt"), "the tree is as it was");
    assert!(project.has_rescued("mine\n"));
    assert!(project.read(".orchestra/milestones/M1-one/milestone.md").contains("status: parked"));
    project.check();
}

#[test]
fn f62_what_was_staged_and_unstaged_during_a_turn_is_named_with_the_way_back() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"mine\\n\" }\n\
         \x20     - run: git add -A\n\
         \x20     - run: git rm -q -f --cached README.md src/lib.rs\n    report: { summary: x }\n",
    );
    project.write("src/lib.rs", "");
    project.write("README.md", "committed\n");
    project.commit_all("chore: more files");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.write("README.md", "staged\n");
    project.git(&["add", "README.md"]);
    project.write("README.md", "on disk\n");
    project.write("private.txt", "the person's\n");
    let before = project.status();
    let _ran = project.build().expect(0).says("staged or unstaged since the turn began").says("private.txt");
    let context = project.read(".orchestra/milestones/M1-one/context.md");
    let source = context.split("--source=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    // Whoever staged it: nothing of it is committed, and the way back leads back.
    assert!(!project.git(&["ls-tree", "-r", "HEAD"]).contains("private.txt"));
    project.git(&[
        "restore",
        "--staged",
        &format!("--source={source}"),
        "--",
        "README.md",
        "private.txt",
        "src/lib.rs",
    ]);
    assert_eq!(project.status(), before);
    assert_eq!(project.git(&["show", ":README.md"]), "staged\n");
    project.check();
}

#[test]
fn without_an_identity_nothing_starts_and_the_command_is_named() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.git(&["config", "--unset", "user.email"]);
    project.git(&["config", "--unset", "user.name"]);
    project.git(&["config", "user.useConfigOnly", "true"]);
    let _ran = project.build().expect(2).says("git config user.email");
    assert_eq!(project.ledger(), [] as [&str; 0]);
}

#[test]
fn without_a_remote_the_finished_work_waits_and_says_how_to_go_on() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.git(&["remote", "remove", "origin"]);
    let _ran = project.build().expect(2).says("git remote add origin");
    assert_eq!(project.ledger(), [] as [&str; 0], "unattended, nothing begins that could not end");
    let _ran = project.attend().expect(3).says("git remote add origin");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.check();
    project.answer(&["finish"]);
    let _ran = project.attend().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn a_claim_without_a_change_is_told_once_and_then_fails() {
    let project =
        with_turn("  - when: { work: phase-1 }\n    report: { summary: all done and the user approved }\n");
    let ran = project.build().expect(1).says("it changed nothing");
    assert!(ran.said().contains("M1-one is set aside"), "{}", ran.said());
    assert_eq!(project.ledger(), [] as [&str; 0]);
    project.check();
}

#[test]
fn what_lies_outside_the_room_is_put_back_saved_and_told_once() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n      - write: { path: web/page.txt, content: \"out of room\\n\" }\n    report: { summary: x }\n",
    );
    let _ran = project.build().expect(0).says("put back web/page.txt");
    assert_eq!(project.read("web/page.txt"), "page\n");
    assert!(project.has_rescued("out of room\n"));
    assert!(project.read(".orchestra/milestones/M1-one/phases/phase-1.md").contains("attempts: 2"));
    project.check();
}

#[test]
fn f63_the_persons_changed_file_is_closed_to_the_agent() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/lib.txt, content: \"the agent's\\n\" }\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    project.write("src/lib.txt", "one\nmine, not committed\n");
    let _ran = project.build().expect(0).says("put back src/lib.txt");
    assert_eq!(project.read("src/lib.txt"), "one\nmine, not committed\n");
    assert!(project.has_rescued("the agent's\n"));
    assert_eq!(project.git(&["show", "HEAD:src/lib.txt"]), "one\n");
    project.check();
}

#[test]
fn one_broken_milestone_never_stops_the_others() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.add(&Milestone::new("M2-broken").with("depends_on: [M2-broken").phase("backend"));
    project.add(&Milestone::new("M3-fine").with("rfc: skip").phase("frontend-engineer"));
    let ran = project.build();
    assert_eq!(ran.code, Some(1), "{}", ran.said());
    assert!(ran.said().contains("M2-broken cannot be read and is set aside"), "{}", ran.said());
    assert!(ran.said().contains(".orchestra/milestones/M2-broken/milestone.md:"), "{}", ran.said());
    assert!(project.ledger().contains(&"M1-one close".to_owned()), "{:?}", project.ledger());
}

#[test]
fn a_command_that_was_red_before_does_not_count_and_is_named() {
    let project = project(PLAIN);
    project.write("src/old.txt", "an old BUG\n");
    project.commit_all("feat: an old bug");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.add(&one_phase());
    let _ran = project.build().expect(0).says("red before anything was done: sh check.sh");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
}

#[test]
fn a_phases_own_command_counts_also_where_it_was_red_before_anything_was_done() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1, attempt: 1 }\n    steps:\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: phase-1, attempt: 2 }\n    steps:\n      - expect: test -f src/auth.txt\n      \
         - write: { path: src/auth.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    let own = Milestone::new("M1-one").with("rfc: skip");
    project.add(&own.phase_with("backend", "verify: [\"test -f src/auth.txt\"]\n"));
    project.trust();
    let ran = project.build().expect(0).says("`test -f src/auth.txt` is red; back to the agent");
    assert!(!ran.said().contains("red before anything was done"), "{}", ran.said());
    assert_eq!(project.git(&["show", "HEAD~1:src/auth.txt"]), "in\n");
    project.check();
}

#[test]
fn a_phase_whose_work_verification_takes_back_is_not_committed() {
    let project = project(PLAIN);
    let own = Milestone::new("M1-one").with("rfc: skip");
    project.add(&own.phase_with("backend", "verify: [\"rm -f src/M1-one-phase-1.txt\"]\n"));
    project.trust();
    let gone = "phase-1: changes were gone after verification: src/M1-one-phase-1.txt";
    let _ran = project.build().expect(1).says(gone).says("it changed nothing, twice");
    assert_eq!(project.ledger(), [] as [&str; 0]);
    project.check();
}

#[test]
fn f67_a_repository_in_the_middle_of_something_is_refused_with_the_command_that_ends_it() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.git(&["checkout", "--quiet", "--detach"]);
    let _ran = project.build().expect(2).says("git switch");
    project.git(&["switch", "--quiet", "main"]);
    project.git(&["bisect", "start"]);
    let _ran = project.build().expect(2).says("git bisect reset");
    project.git(&["bisect", "reset"]);
    let _ran = project.build().expect(0);
}

#[test]
fn an_agent_that_outlives_its_worker_is_ended_before_another_begins() {
    let daemon =
        "setsid sh -c 'trap \\\"\\\" TERM INT HUP; echo begun >> ../agents; while :; do sleep 0.01; done'";
    let project = with_turn(&format!(
        "  - when: {{ work: phase-1 }}\n    steps:\n      - run: \"[ -e ../agents ] || {{ {daemon} & wait; }}\"\n      - write: {{ path: src/a.txt, content: \"in\\n\" }}\n    report: {{ summary: x }}\n"
    ));
    let running = project.start(&["start", "--auto", "--once"]);
    let agents = project.top().join("agents");
    until("the agent runs", || agents.exists());
    let _ran = running.kill();
    // The second worker begins when nothing of the first is alive: nobody writes to the tree behind its back.
    let _ran = project.build().expect(0);
    assert_eq!(std::fs::read_to_string(agents).unwrap(), "begun\n");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn f04_what_outlives_its_worker_and_its_guard_is_ended_by_the_next_start() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - run: \"[ -e ../begun ] || { touch ../begun; cat ../never; }\"\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
    );
    let made = std::process::Command::new("mkfifo").arg(project.top().join("never")).status().unwrap();
    assert!(made.success());
    let running = project.start(&["start", "--auto", "--once"]);
    until("the agent runs", || project.top().join("begun").exists());
    // The worker stands still, so that it cannot end what its guard leaves.
    running.signal("STOP");
    let guards = children_of(running.pid());
    assert_eq!(guards.len(), 1, "{guards:?}");
    let sent = std::process::Command::new("kill").args(["-KILL", &guards[0]]).status().unwrap();
    assert!(sent.success());
    let _ran = running.kill();
    assert!(!nothing_runs(&project), "the agent lives on");
    let _ran = project.build().expect(0).says("that an earlier run had left");
    until("nothing of the run is alive", || nothing_runs(&project));
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

/// The processes that a process has started and that live.
fn children_of(parent: u32) -> Vec<String> {
    let listed = std::process::Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let pairs = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    pairs.filter(|(_, above)| above.trim() == parent.to_string()).map(|(pid, _)| pid.to_owned()).collect()
}

#[test]
fn f60_a_lock_that_a_killed_worker_left_is_removed_and_somebody_elses_is_not() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let journal = ".orchestra/.state/journal.jsonl";
    let cut_while = |step: &str| {
        let text = project.read(journal);
        let lines: Vec<&str> = text.lines().collect();
        let touching = lines.iter().rposition(|line| line.contains(&format!("\"step\":\"{step}\""))).unwrap();
        project.write(journal, &(lines[..=touching].join("\n") + "\n"));
    };
    // As a worker leaves it that is killed while it brings the index in line.
    let _ran = project.build().expect(0);
    cut_while("bring the index in line with the commit");
    project.write(".git/index.lock", "");
    project.write(".git/refs/orchestra/rescue/M2-two/phase-1/1/before.lock", "");
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _ran = project.build().expect(0);
    project.check();

    // A push takes no lock of the index: this one is somebody else's. It is waited for, asked about, and left.
    project.add(&Milestone::new("M3-three").with("rfc: skip").phase("backend"));
    cut_while("push");
    project.write(".git/refs/remotes/origin/main.lock", "");
    project.write(".git/index.lock", "");
    let _ran = project.build().expect(3).says("index.lock").says("nothing was lost");
    assert!(project.has(".git/index.lock") && !project.has(".git/refs/remotes/origin/main.lock"));
    assert_eq!(project.gates().len(), 1);
    std::fs::remove_file(project.path(".git/index.lock")).unwrap();
    let _ran = project.build().expect(0);
    project.check();
}

#[test]
fn with_documents_kept_out_of_git_only_the_code_is_committed_and_a_forged_document_is_put_back() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    project.git(&["rm", "-r", "--quiet", "--cached", ".orchestra"]);
    project.git(&["commit", "--quiet", "-m", "chore: keep it private"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project.write(".git/info/exclude", "/.orchestra/\n");
    let own = ".orchestra/milestones/M1-one";
    project.script(&format!(
        "version: 1\nturns:\n  - when: {{ work: phase-1 }}\n    steps:\n      - write: {{ path: src/a.txt, content: \"in\\n\" }}\n      \
         - run: \"sed -i 's/^status: .*/status: skipped/' {own}/phases/phase-2.md\"\n    report: {{ summary: x }}\n  \
         - when: {{ work: phase-2 }}\n    steps:\n      - write: {{ path: src/b.txt, content: \"in\\n\" }}\n    report: {{ summary: x }}\n  \
         - when: {{ work: \"review-*\" }}\n    report: {{ verdict: approved }}\n"
    ));
    project.add(&Milestone::new("M1-one").with("rfc: skip").phase("backend").phase("backend"));
    project.trust();
    let _ran = project.build().expect(0).says("put back .orchestra/milestones/M1-one/phases/phase-2.md");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2"]);
    assert_eq!(project.git(&["ls-files", ".orchestra"]), "");
    assert!(project.read(&format!("{own}/milestone.md")).contains("status: done"));
    project.check();
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2"]);
}

#[test]
fn f40_a_signal_ends_everything_at_once_and_the_next_start_goes_on() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let project = with_turn(
            "  - when: { work: phase-1 }\n    steps:\n      - run: \"[ -e ../agents ] || { echo begun >> ../agents; exec sleep 1000; }\"\n      - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n",
        );
        let running = project.start(&["start", "--auto", "--once"]);
        let agents = project.top().join("agents");
        until("the agent runs", || agents.exists());
        running.signal(signal);
        let _ran = running.wait().expect(code);
        assert!(
            project.read(".orchestra/milestones/M1-one/phases/phase-1.md").contains("status: in-progress")
        );
        let _ran = project.build().expect(0).says("Going on with M1-one");
        // The attempt was not the agent's fault and was not counted.
        assert!(project.read(".orchestra/milestones/M1-one/phases/phase-1.md").contains("attempts: 1"));
        project.check();
    }
}

#[test]
fn whoever_is_asked_why_a_phase_fails_is_told_the_phase_and_the_output() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      \
         - write: { path: src/a.txt, content: \"BUG\\n\" }\n    report: { summary: x }\n  \
         - when: { work: phase-1, attempt: 2 }\n    steps:\n      - expect: the word is in a.txt\n      \
         - write: { path: src/a.txt, content: \"good\\n\" }\n    report: { summary: x }\n  \
         - when: { work: \"diagnosis-*\" }\n    steps:\n      - expect: \"## Objective\"\n      \
         - expect: Part 1.\n      - expect: found a BUG\n    report: { summary: the word is in a.txt }\n  \
         - when: { work: \"review-*\" }\n    report: { verdict: approved }\n",
    );
    project.add(&one_phase());
    let _ran = project.run(&["start", "--auto", "--once", "-c", "limits.repair_attempts=0"]).expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}
