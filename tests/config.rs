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
