//! The template itself: its grammar, its bounds, and that its comments tell the truth.

use orchestra_core::config::{Config, Limits};
use orchestra_project::scaffold::{self, Options};
use serde_json::{Value, json};

use crate::scaffold_projects::{CRATE, claude, detection, project, text};

fn delivered(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = project(files);
    let plan =
        scaffold::plan(folder.path(), &detection(folder.path()), &claude(), &Options::default()).unwrap();
    let written = scaffold::write(folder.path(), &plan).unwrap();
    written
        .files
        .into_iter()
        .map(|path| {
            let text = text(folder.path(), &path);
            (path, text)
        })
        .collect()
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn front_matter(text: &str) -> Value {
    yaml(text.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap().0)
}

fn config(files: &[(&str, &str)]) -> String {
    delivered(files).into_iter().find(|(path, _)| path == ".orchestra/config.yaml").unwrap().1
}

#[test]
fn every_role_is_short_and_says_who_it_is() {
    let roles: Vec<_> =
        delivered(&CRATE).into_iter().filter(|(path, _)| path.starts_with(".orchestra/roles/")).collect();
    assert_eq!(roles.len(), 6);
    for (path, text) in roles {
        let front = front_matter(&text);
        assert_eq!(format!(".orchestra/roles/{}.md", front["id"].as_str().unwrap()), path);
        assert!(
            front["alias"].is_string() && front["icon"].is_string() && front["writes"].is_array(),
            "{path}"
        );
        assert!(front["keywords"].as_array().unwrap().len() >= 4, "{path}");
        assert!(text.lines().count() < 100, "{path} is sent with every phase and has to be short");
        for word in ["# What you own", "# Done means"] {
            assert!(text.contains(word), "{path} lacks `{word}`");
        }
    }
}

#[test]
fn an_architect_who_is_asked_why_is_told_to_change_nothing() {
    let files = delivered(&CRATE);
    let (_, role) = files.iter().find(|(path, _)| path.ends_with("/architect.md")).unwrap();
    let (_, rest) = role.split_once("# When you are asked why something failed\n").unwrap();
    let asked = rest.split("\n# ").next().unwrap();
    assert!(asked.contains("nothing is yours to write"), "{asked}");
    for order in ["change `rfc.md`", "say what changed"] {
        assert!(!asked.contains(order), "its room is closed then: {asked}");
    }
}

#[test]
fn no_file_holds_a_place_that_was_not_filled_in() {
    for (path, text) in delivered(&CRATE).into_iter().chain(delivered(&[])) {
        assert!(!text.contains("{{") && !text.contains("}}"), "{path}");
        assert!(text.ends_with('\n') && !text.ends_with("\n\n") && !text.contains('\r'), "{path}");
    }
}

#[test]
fn the_configuration_names_what_was_found() {
    let found = yaml(&config(&CRATE));
    assert_eq!(
        found,
        json!({
            "version": 1,
            "verify": ["cargo test -q"],
            "agents": { "default": "claude", "claude": { "kind": "command", "preset": "claude-code" } },
        })
    );
    let monorepo = [
        ("package.json", r#"{"workspaces":["packages/*"]}"#),
        ("packages/api/package.json", r#"{"name":"api","dependencies":{"koa":"3"},"scripts":{"test":"x"}}"#),
    ];
    assert_eq!(
        yaml(&config(&monorepo))["verify"],
        json!({
            "packages/api/**": ["npm run test --workspace packages/api"],
            "{package.json,package-lock.json}": ["npm test --workspaces --if-present"],
        })
    );
}

/// Takes the marks away from the lines that hold a default: `# key: …` and the lines indented below it.
fn with_defaults(text: &str) -> String {
    let mut shown = String::new();
    let mut inside = false;
    for line in text.lines() {
        let bare = line.strip_prefix("# ").unwrap_or_default();
        let begins = bare.split_once(':').is_some_and(|(key, rest)| {
            ["gates", "review", "verify", "agents", "models", "limits", "push"].contains(&key)
                && (rest.is_empty() || rest.starts_with(" {") || rest.starts_with(" ["))
        });
        inside = begins || (inside && bare.starts_with("  "));
        shown.push_str(if inside { bare } else { line });
        shown.push('\n');
    }
    shown
}

#[test]
fn what_stands_in_a_comment_is_the_default() {
    let all = yaml(&with_defaults(&config(&[])));
    let keys: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["agents", "gates", "limits", "models", "push", "review", "verify", "version"]);

    let default = Config::default();
    assert_eq!(all["gates"], json!({ "rfc": "ask", "push": "ask" }));
    assert_eq!(
        all["review"],
        json!({
            "when": if default.review.always { "always" } else { "never" },
            "fix_rounds": default.review.fix_rounds,
            "again": default.review.again,
        })
    );
    assert_eq!((&all["verify"], &all["models"]), (&json!([]), &json!({})));
    assert_eq!(all["push"], json!({ "remote": "origin", "branch": "current" }));
    let Limits {
        jobs,
        retries,
        backoff,
        outage,
        repair_attempts,
        circuit_failures,
        phase_timeout,
        verify_timeout,
        hook_timeout,
        silence,
        output,
        snapshot,
    } = default.limits;
    let (minutes, hours) = (
        |time: std::time::Duration| format!("{}m", time.as_secs() / 60),
        |time: std::time::Duration| format!("{}h", time.as_secs() / 3600),
    );
    let mebibytes = |bytes: u64| format!("{}MiB", bytes / 1024 / 1024);
    assert_eq!(
        all["limits"],
        json!({
            "jobs": jobs,
            "retries": retries,
            "backoff": format!("{}s", backoff.as_secs()),
            "outage": hours(outage),
            "repair_attempts": repair_attempts,
            "circuit_failures": circuit_failures,
            "phase_timeout": hours(phase_timeout),
            "verify_timeout": minutes(verify_timeout),
            "hook_timeout": minutes(hook_timeout),
            "silence": minutes(silence),
            "output": mebibytes(output),
            "snapshot": mebibytes(snapshot),
        })
    );
}

#[test]
fn the_examples_of_a_report_are_reports() {
    for (path, text) in delivered(&CRATE) {
        for example in text.split("```json\n").skip(1) {
            let json = example.split("```").next().unwrap();
            let report: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{path}: {error}"));
            let known = serde_json::from_value::<orchestra_core::report::Report>(report.clone()).unwrap();
            assert_eq!(serde_json::to_value(known).unwrap(), report, "{path}");
        }
    }
}
