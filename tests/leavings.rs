//! What a turn leaves behind that is no ordinary change.

use orchestra_testkit::Milestone;

use crate::terminal::Terminal;
use crate::trouble::{PLAIN, one_phase, project, with_turn};

#[test]
fn what_is_no_file_among_the_documents_is_named_and_nobody_waits_for_it() {
    let project = with_turn(
        "  - when: { work: phase-1, attempt: 1 }\n    steps:\n      - run: \"mkfifo .orchestra/pipe; ln -s /dev/zero .orchestra/zero\"\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: phase-1 }\n    steps:\n      - run: \"rm -f .orchestra/pipe\"\n    report: { summary: x }\n",
    );
    let _ran = project.build().expect(0).says(".orchestra/zero").says(".orchestra/pipe");
    assert!(!project.has(".orchestra/zero"));
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn a_document_replaced_by_a_pipe_is_not_waited_for() {
    let project = with_turn(
        "  - when: { work: phase-1, attempt: 1 }\n    steps:\n      - run: \"cd .orchestra/milestones/M1-one && rm context.md && mkfifo context.md\"\n      \
         - write: { path: src/a.txt, content: \"in\\n\" }\n    report: { summary: x }\n  \
         - when: { work: phase-1 }\n    steps: []\n    report: { summary: x }\n",
    );
    let _ran = project.build().expect(0).says("put back .orchestra/milestones/M1-one/context.md");
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one close"]);
    project.check();
}

#[test]
fn what_git_ignores_among_the_documents_is_not_committed() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.write(".gitignore", "*.local\n*.swp\n");
    project.commit_all("chore: ignore");
    project.git(&["push", "--quiet"]);
    let own = ".orchestra/milestones/M1-one";
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    project.write(".orchestra/milestones/M2-two/env.local", "TOKEN=secret\n");
    project.write(".orchestra/milestones/M2-two/.milestone.md.swp", "half\n");
    project.write(".orchestra/milestones/M2-two/sketch.txt", "a box\n");
    project.write(&format!("{own}/env.local"), "TOKEN=secret\n");
    let _ran = project.build().expect(0);
    let committed = project.git(&["ls-files", ".orchestra/milestones"]);
    assert!(committed.contains("M2-two/sketch.txt"), "{committed}");
    assert!(!committed.contains("local") && !committed.contains("swp"), "{committed}");
    assert_eq!(project.read(".orchestra/milestones/M2-two/env.local"), "TOKEN=secret\n");
    project.check();
}

/// Kills what is above it, and approves whatever is asked.
const CUCKOO: &str = "kill -9 $1
echo $$ >../cuckoo.part && mv ../cuckoo.part ../cuckoo
while :; do for gate in $($2 status | grep -o 'rfc-[0-9a-f]*'); do $2 answer $gate approve; done; done
";

#[test]
#[cfg(target_os = "linux")]
fn what_kills_its_guard_to_approve_its_own_design_is_ended_and_approves_nothing() {
    let program = env!("CARGO_BIN_EXE_orchestra");
    let project = with_turn(&format!(
        "  - when: {{ work: rfc }}\n    steps:\n      - run: \"[ -e ../cuckoo ] || {{ setsid env -i PATH=$PATH HOME=$HOME sh ../cuckoo.sh $PPID {program} & sleep 1000; }}\"\n      \
         - write: {{ path: \".orchestra/milestones/${{milestone}}/rfc.md\", content: \"# Design\\n\" }}\n    report: {{ summary: x }}\n",
    ));
    project.add(&Milestone::new("M1-one").with("rfc: required").phase("backend"));
    std::fs::write(project.top().join("cuckoo.sh"), CUCKOO).unwrap();
    let ran = project.attend().expect(3);
    let pid = std::fs::read_to_string(project.top().join("cuckoo")).unwrap();
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "it lives on: {}", ran.said());
    assert!(!project.read(".orchestra/.state/journal.jsonl").contains("\"by\":\"user\""));
    project.check();
}

#[test]
fn what_a_person_wrote_below_result_is_kept_when_ours_takes_its_place() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n      \
         - run: \"echo 'my own words' >> .orchestra/milestones/M1-one/phases/phase-1.md\"\n    report: { summary: x }\n",
    );
    let mut terminal = Terminal::run(project.orchestra(&["start", "--once"]));
    terminal.wait_for("phases/phase-1.md. Yours?");
    terminal.wait_for("restore\r\n");
    terminal.line("keep");
    terminal.wait_for("said is kept: `orchestra rescue show");
    terminal.wait_for("Push to origin?");
    terminal.wait_for("stop\r\n");
    terminal.line("finish");
    let (code, said) = terminal.end();
    assert_eq!(code, 0, "{said}");
    let kept = "refs/orchestra/rescue/M1-one/phase-1/1/result:.orchestra/milestones/M1-one/phases/phase-1.md";
    assert!(project.git(&["show", kept]).contains("my own words"), "{said}");
    project.check();
}
