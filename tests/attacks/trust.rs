//! A repository has no vote on its own trust.

use std::fs;
use std::os::unix::fs::symlink;

use orchestra_testkit::{Milestone, TestProject, until};

use crate::terminal::Terminal;

use super::{canary, sprung, unknown};

/// Has the project verify with a canary, too.
fn with_verify(project: &TestProject, command: &str) {
    let config = project.read(".orchestra/config.yaml");
    let config = config.replace("\"sh check.sh\"", &format!("\"sh check.sh\", \"{command}\""));
    project.write(".orchestra/config.yaml", &config);
    project.git(&["commit", "--quiet", "--message", "chore: verify", ".orchestra/config.yaml"]);
    project.git(&["push", "--quiet", "origin", "main"]);
}

fn is_refused(project: &TestProject, why: &str) {
    for start in [&["start", "--once"][..], &["start", "--auto", "--once"]] {
        let _ran = project.run(start).expect(2).says("orchestra trust");
        assert_eq!(sprung(project), [] as [&str; 0], "{why}");
    }
}

/// What a record of trust says, but for when it was made.
fn agreed(record: &str) -> serde_json::Value {
    let mut record: serde_json::Value = serde_json::from_str(record).unwrap();
    let _when = record.as_object_mut().unwrap().remove("at").unwrap();
    record
}

#[test]
fn a01_a_command_that_nobody_agreed_to_is_shown_and_not_run() {
    let project = unknown();
    let canary = canary(&project, "verify");
    with_verify(&project, &canary);
    is_refused(&project, "unknown");
    let _ran = project.run(&["trust", "--show"]).expect(0).says(&format!("verify: {canary}"));
    project.trust();
    let _ran = project.build().expect(0);
    assert_eq!(sprung(&project), ["verify"]);
}

#[test]
fn a02_one_byte_that_a_pull_changes_is_asked_about_and_shown() {
    let project = unknown();
    let (first, _second) = (canary(&project, "verify"), canary(&project, "verify2"));
    with_verify(&project, &first);
    project.trust();
    let other = project.top().join("other");
    let (remote, there) = (project.remote(), other.to_str().unwrap());
    project.git_at(&project.top(), &["clone", "--quiet", remote.to_str().unwrap(), there]);
    let config = fs::read_to_string(other.join(".orchestra/config.yaml")).unwrap();
    fs::write(other.join(".orchestra/config.yaml"), config.replace(&first, &format!("{first}2"))).unwrap();
    let who = ["-c", "user.name=x", "-c", "user.email=x@y.z"];
    project.git_at(&other, &[&who[..], &["commit", "--quiet", "-a", "-m", "chore: one byte"]].concat());
    project.git_at(&other, &["push", "--quiet"]);
    project.git(&["pull", "--quiet", "--ff-only"]);
    is_refused(&project, "one byte more");
    let shown = project.run(&["trust", "--show"]).expect(0);
    let shown = shown.says(&format!("+ verify: {first}2  (")).says(&format!("- verify: {first}  ("));
    assert!(!shown.said().contains("+ verify: sh check.sh"), "{}", shown.said());
}

#[test]
fn a02_what_changes_while_it_is_asked_about_is_not_agreed_to() {
    let project = unknown();
    let (shown, swapped) = (canary(&project, "shown"), canary(&project, "swapped"));
    project.trust();
    let mut terminal = Terminal::run(project.orchestra(&["start"]));
    terminal.wait_for("Push to origin?");
    terminal.wait_for("stop\r\n");
    let path = ".orchestra/config.yaml";
    let config = project.read(path);
    project.write(path, &config.replace("sh check.sh", &shown));
    terminal.line("finish");
    terminal.wait_for(&shown);
    terminal.wait_for("stop\r\n");
    let gate = project.gates().remove(0);
    project.write(path, &config.replace("sh check.sh", &swapped));
    project.add(&Milestone::new("M2-two").with("rfc: skip").phase("backend"));
    let _looked = project.run(&["trust", "--show"]).expect(0).says(&format!("+ verify: {swapped}"));
    terminal.line("approve");
    until("the answer is taken", || !project.gates().contains(&gate));
    terminal.hang_up();
    assert!(!sprung(&project).contains(&"swapped".to_owned()));
    let _ran = project.run(&["trust"]).expect(2).says(&format!("+ verify: {swapped}"));
}

#[test]
fn a03_a_proof_of_trust_that_the_repository_brings_is_none() {
    let project = unknown();
    let canary = canary(&project, "verify");
    with_verify(&project, &canary);
    // A true record of just these commands, for just this folder.
    project.trust();
    let _ran = project.run(&["trust"]).expect(0);
    let data = project.home().join("data/orchestra");
    let records = fs::read_dir(data.join("trust")).unwrap().map(|entry| entry.unwrap().path());
    let record = records.into_iter().next().unwrap();
    let name = record.file_name().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(&record).unwrap();
    fs::remove_file(&record).unwrap();
    for folder in [
        ".orchestra/.state/trust",
        ".orchestra/trust",
        ".git/orchestra/trust",
        ".local/share/orchestra/trust",
    ] {
        project.write(&format!("{folder}/{name}"), &text);
        is_refused(&project, folder);
    }
    // A data folder, or a record, that is a link into the repository.
    symlink(project.path(".orchestra/.state/trust").join(&name), &record).unwrap();
    let ran = project.run(&["start", "--auto", "--once"]);
    assert_ne!(ran.code, Some(0), "{}", ran.said());
    assert_eq!(sprung(&project), [] as [&str; 0]);
    fs::remove_dir_all(&data).unwrap();
    symlink(project.path(".local/share/orchestra"), &data).unwrap();
    let _ran = project.run(&["start", "--auto", "--once"]).expect(2).says("lies inside the project");
    assert_eq!(sprung(&project), [] as [&str; 0]);

    // The same record where the person's are kept.
    fs::remove_file(&data).unwrap();
    project.trust();
    assert_eq!(agreed(&fs::read_to_string(&record).unwrap()), agreed(&text));
    let _ran = project.build().expect(0);
    assert_eq!(sprung(&project), ["verify"]);
}

#[test]
fn a04_files_of_variables_in_the_tree_are_never_read() {
    let project = unknown();
    let evil = project.top().join("evil");
    let lines = format!(
        "ORCHESTRA_LIMITS_RETRIES=99\nORCHESTRA_GATES_PUSH=never\nXDG_DATA_HOME={0}\nGIT_DIR={0}\nPATH={0}\nANTHROPIC_BASE_URL=http://127.0.0.1:1\n",
        evil.display()
    );
    for name in [".env", ".envrc", ".env.local", ".orchestra/.env"] {
        project.write(name, &lines);
    }
    let shown = project.run(&["config"]).expect(0);
    assert!(!shown.said().contains("99"), "{}", shown.said());
    project.trust();
    let _ran = project.attend().expect(3).says("Push to origin?");
    assert!(!evil.exists());
    // From the person's own environment it counts.
    let mut command = project.orchestra(&["config"]);
    command.env("ORCHESTRA_LIMITS_RETRIES", "99");
    let _ran = TestProject::start_as(command).wait().expect(0).says("99");
}

#[test]
fn a05_a_project_that_loosens_a_gate_names_a_variable_or_an_endpoint_is_asked_about_or_refused() {
    let config = |lines: &str| {
        let project = unknown();
        let text = project.read(".orchestra/config.yaml") + lines;
        project.write(".orchestra/config.yaml", &text);
        project
    };
    for (lines, shown) in [
        ("gates: { rfc: auto, push: auto }\n", "gate: push: auto"),
        ("  mine: { kind: command, run: [\"x\"], env: [MY_TOKEN] }\n", "variable: mine: MY_TOKEN"),
        (
            "  local: { kind: http, wire: openai-chat, base_url: \"http://127.0.0.1:1\", model: x }\n",
            "endpoint: local: openai-chat http://127.0.0.1:1",
        ),
    ] {
        let project = config(lines);
        is_refused(&project, lines);
        let _ran = project.run(&["trust", "--show"]).expect(0).says(shown);
    }
    for (lines, key) in [
        ("sandbox: off\n", "sandbox"),
        ("auto: true\n", "auto"),
        ("  local: { kind: http, wire: openai-chat, model: x, api_key: secret-of-mine }\n", "api_key"),
        ("  mine: { kind: command, run: [\"x\"], api_key: secret }\n", "api_key"),
    ] {
        let project = config(lines);
        let ran = project.run(&["start", "--auto", "--once"]).expect(2).says(".orchestra/config.yaml:");
        assert!(ran.said().contains(key), "{key}: {}", ran.said());
    }
}
