//! Files of another version, and a program or a configuration that changes while it runs.

use std::process::Command;

use orchestra_testkit::{Milestone, TestProject, until};

use super::{DONE, meanwhile, pipe};
use crate::trouble::{PLAIN, one_phase, project};

#[test]
fn f84_documents_of_a_newer_version_are_set_aside_untouched_and_the_others_go_on() {
    let project = project(PLAIN);
    project.add(&one_phase());
    for (id, file, from, to) in [
        ("M2-status", "milestone.md", "status: planning", "status: simmering"),
        ("M3-phase", "phases/phase-1.md", "status: pending", "status: half-baked"),
    ] {
        project.add(&Milestone::new(id).with("rfc: skip").phase("backend"));
        let path = format!(".orchestra/milestones/{id}/{file}");
        project.write(&path, &project.read(&path).replace(from, to));
    }
    project.add(&Milestone::new("M4-stage").with("rfc: skip").phase("backend"));
    let context = format!(
        "---\nmilestone: M4-stage\nstage: simmer\nphase: phase-1\nattempt: 1\nbase: {}---\n# Context\n",
        project.git(&["rev-parse", "HEAD"])
    );
    project.write(".orchestra/milestones/M4-stage/context.md", &context);
    let files =
        [".orchestra/milestones/M2-status/milestone.md", ".orchestra/milestones/M3-phase/phases/phase-1.md"];
    let before: Vec<String> = files.iter().map(|path| project.read(path)).collect();
    let ran = project.build().expect(1).says("simmering").says("half-baked");
    assert!(ran.said().contains("cannot be read and is set aside"), "{}", ran.said());
    assert_eq!(files.iter().map(|path| project.read(path)).collect::<Vec<_>>(), before);
    assert_eq!(project.ledger()[..2], DONE);
    // What the worker keeps for itself is written anew, from what git says.
    assert!(ran.said().contains("`simmer` is no stage"), "{}", ran.said());
    assert_eq!(project.ledger()[2..], ["M4-stage phase-1", "M4-stage close"]);
    project.check();
}

#[test]
fn f84_a_configuration_of_a_newer_version_is_named_and_read_as_far_as_it_is_known() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let config =
        project.read(".orchestra/config.yaml").replace("version: 1", "version: 9") + "simmer: true\n";
    project.write(".orchestra/config.yaml", &config);
    let _ran = project.build().expect(0).says("version 9 is newer than this program").says("simmer");
    assert_eq!(project.ledger(), DONE);
    assert_eq!(project.read(".orchestra/config.yaml"), config);
    project.check();
}

#[test]
fn f84_records_of_a_newer_version_in_the_journal_are_passed_over() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let _ran = project.attend().expect(3);
    let journal = ".orchestra/.state/journal.jsonl";
    let text = project.read(journal);
    let last = text.lines().last().unwrap().to_owned();
    let mut record: serde_json::Value = serde_json::from_str(&last).unwrap();
    let fields = record.as_object_mut().unwrap();
    for (_, value) in fields.iter_mut() {
        if value.is_object() {
            *value = serde_json::json!({ "simmered": { "milestone": "M1-one" } });
        }
    }
    fields.insert("event".to_owned(), "simmered".into());
    project.write(journal, &format!("{text}{record}\n{last}\n"));
    let ran = project.build();
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f85_a_program_that_is_replaced_while_it_runs_ends_its_work() {
    let project = meanwhile("rm ../orchestra; printf 'not a program' > ../orchestra; chmod +x ../orchestra");
    let copy = project.top().join("orchestra");
    let copied = Command::new("cp").args([project.program(), &copy]).status().unwrap();
    assert!(copied.success());
    let mut command = Command::new(&copy);
    command
        .args(["start", "--auto", "--once"])
        .current_dir(project.root())
        .env_clear()
        .envs(project.environment());
    let ran = TestProject::start_as(command).wait();
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f86_a_command_that_is_changed_during_a_turn_asks_for_trust_and_is_not_run() {
    let project = meanwhile("sed -i 's/sh check.sh/touch ..\\/ran/' .orchestra/config.yaml; cat ../barrier");
    let barrier = pipe(&project, "barrier");
    let running = project.start(&["start", "--auto", "--once"]);
    drop(std::fs::File::options().write(true).open(barrier).unwrap());
    let ran = running.wait();
    assert!(!project.top().join("ran").exists(), "{}", ran.said());
    project.check();
    let _ran = project.build();
    assert!(!project.top().join("ran").exists());
    assert_eq!(
        project.read(".orchestra/config.yaml").matches("touch ../ran").count()
            + usize::from(project.has_rescued("x")),
        0,
        "{}",
        ran.said()
    );
    project.check();
}

#[test]
fn f86_a_person_who_changes_the_commands_while_a_gate_is_open_is_asked_to_trust_them() {
    let project = project(PLAIN);
    project.add(&one_phase());
    let running = project.start(&["start", "--once", "--wait"]);
    let asked = |question: &str| project.gates().iter().any(|gate| gate.starts_with(question));
    until("the push is asked about", || asked("push"));
    let config = project.read(".orchestra/config.yaml").replace("sh check.sh", "sh check.sh --all");
    project.write(".orchestra/config.yaml", &config);
    let first = project.read(".orchestra/milestones/M1-one/phases/phase-1.md");
    let second = first
        .split("## Result")
        .next()
        .unwrap()
        .replace("status: done", "status: pending")
        .replace("order: 1\n", "order: 2\n");
    project.write(".orchestra/milestones/M1-one/phases/phase-2.md", &second);
    // Nobody is there who could say so: the run ends before the command is run.
    let _ran = running.wait().expect(2).says("that this repository names?");
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    project.check();
    project.trust();
    let _ran = project.attend().expect(3).says("Push to origin?");
    project.answer(&["finish"]);
    let _ran = project.attend().expect(0);
    assert_eq!(project.ledger(), ["M1-one phase-1", "M1-one phase-2", "M1-one close"]);
    project.check();
}
