use std::fs;

use crate::project::Project;

fn line<'a>(said: &'a str, key: &str) -> &'a str {
    said.lines().find(|line| line.starts_with(&format!("{key} "))).unwrap_or_default()
}

#[test]
fn every_value_is_shown_with_the_layer_that_set_it() {
    let mut project = Project::set_up();
    let own = project.base().join("home/config/orchestra/config.yaml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "limits: { retries: 7 }\n").unwrap();
    project.set("ORCHESTRA_LIMITS_BACKOFF", "9s");
    let said = project.run(["config"]).well();
    assert!(line(&said, "gates.push").ends_with(" ask  (default)"), "{said}");
    assert!(
        line(&said, "verify").contains("[\"cargo test -q\"]  (project, .orchestra/config.yaml:18)"),
        "{said}"
    );
    assert!(line(&said, "limits.retries").ends_with(&format!(" 7  (user, {}:1)", own.display())), "{said}");
    assert!(
        line(&said, "limits.backoff").ends_with(" 9s  (environment, ORCHESTRA_LIMITS_BACKOFF)"),
        "{said}"
    );

    let json: serde_json::Value = serde_json::from_str(&project.run(["config", "--json"]).well()).unwrap();
    let retries = json.as_array().unwrap().iter().find(|one| one["key"] == "limits.retries").unwrap();
    assert_eq!(
        *retries,
        serde_json::json!({
            "key": "limits.retries", "value": "7", "layer": "user", "path": own.to_str().unwrap(), "line": 1
        })
    );
}

#[test]
fn faults_are_told_with_their_places_and_nothing_is_made_up() {
    let mut project = Project::set_up();
    project.write(".orchestra/config.yaml", "version: 1\nlimits: { retries: many }\nreveiw: {}\n");
    project.set("ORCHESTRA_GATES_RFC", "perhaps");
    let run = project.run(["config", "--json"]);
    assert_eq!(run.stdout, "");
    let said = run.badly(2);
    for part in [".orchestra/config.yaml:2:", ".orchestra/config.yaml:3:1", "`review`", "ORCHESTRA_GATES_RFC"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The rest of the program says so, too.
    let said = project.run(["status"]).well();
    assert!(said.contains("✘ the configuration cannot be used"), "{said}");
    assert!(said.ends_with("next: mend .orchestra/config.yaml:2\n"), "{said}");
}

#[test]
fn outside_of_a_project_there_is_no_configuration() {
    let said = Project::new().run(["config"]).badly(2);
    assert!(said.contains("hint: orchestra init"), "{said}");
}

#[test]
fn a_flag_wins_over_everything_and_is_named() {
    let mut project = Project::set_up();
    project.set("ORCHESTRA_LIMITS_BACKOFF", "9s");
    let said = project.run(["config", "-c", "limits.backoff=7s", "--config=push.branch=x=y"]).well();
    assert!(line(&said, "limits.backoff").ends_with(" 7s  (flags, -c limits.backoff)"), "{said}");
    assert!(line(&said, "push.branch").ends_with(" x=y  (flags, -c push.branch)"), "{said}");
    let said = project.run(["config"]).well();
    assert!(
        line(&said, "limits.backoff").ends_with(" 9s  (environment, ORCHESTRA_LIMITS_BACKOFF)"),
        "{said}"
    );
    for command in ["config", "start", "doctor"] {
        let run = project.run([command, "-c", "limits.retires=7", "-c", "verify=true"]);
        assert_eq!(run.code, 2, "{run:?}");
        let said = run.stdout + &run.stderr;
        assert!(said.contains("-c limits.retires:1:1: there is no setting `limits.retires`"), "{said}");
        assert!(said.contains("-c verify:1:1: only a file can set `verify`"), "{said}");
    }
    assert!(project.run(["status", "-c", "verify=true"]).well().contains("only a file can set `verify`"));
    assert!(project.run(["config", "-c", "limits.retries"]).badly(2).contains("expected KEY=VALUE"));
    // Where it would set nothing it is refused.
    assert!(project.run(["stop", "-c", "limits.retries=1"]).badly(2).contains("unexpected argument"));
}

#[test]
fn a_variable_that_sets_nothing_is_not_passed_over_in_silence() {
    let mut project = Project::set_up();
    project.set("ORCHESTRA_FOO", "1");
    project.set("ORCHESTRA_PHASE", "phase-1");
    let run = project.run(["config"]);
    assert_eq!((run.code, run.stderr.matches("sets nothing").count()), (0, 1), "{run:?}");
    assert!(run.stderr.contains("ORCHESTRA_FOO:1:1: this variable sets nothing"), "{run:?}");
    project.set("ORCHESTRA_MODELS_MINE_QUICK", "zz");
    project.set("ORCHESTRA_VERIFY", "true");
    for command in ["config", "start"] {
        let said = project.run([command]).badly(2);
        assert!(said.contains("ORCHESTRA_MODELS_MINE_QUICK:1:1: only a file can set `models`"), "{said}");
        assert!(said.contains("ORCHESTRA_VERIFY:1:1: only a file can set `verify`"), "{said}");
    }
}

#[test]
fn a_flag_for_one_run_asks_nobody_to_trust_again() {
    let project = Project::set_up();
    let config = project.read(".orchestra/config.yaml");
    project.write(".orchestra/config.yaml", config + "gates: { rfc: auto }\n");
    project.run(["trust", "--yes"]).well();
    let said = project.run(["status", "--json", "-c", "gates.rfc=ask"]).well();
    assert!(said.contains("\"trust\": \"given\""), "{said}");
}

#[test]
fn more_phases_at_once_than_run_are_told() {
    let mut project = Project::with_remote();
    project.set("ORCHESTRA_LIMITS_JOBS", "2");
    let warning = "ORCHESTRA_LIMITS_JOBS:1:1: this version runs one phase at a time, not 2";
    assert!(project.run(["doctor"]).well().contains(warning));
    let run = project.run(["start", "--once"]);
    assert!(run.stdout.contains(warning), "{run:?}");
    assert!(project.run(["config"]).stderr.contains(warning));
}
