//! Who may use whom: HOUSE-STYLE section 2, held against `cargo metadata`.

use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::tree::top;
use super::{Fault, check, check_finds};

/// Each crate with the crates of ours that it may use. A new line here is a change of the design.
const ARROWS: &[(&str, Allowed)] = &[
    ("orchestra-core", Allowed::Only(&[])),
    ("orchestra-project", Allowed::Only(&["orchestra-core"])),
    ("orchestra-git", Allowed::Only(&["orchestra-core"])),
    ("orchestra-agent", Allowed::Only(&["orchestra-core"])),
    ("orchestra-tui", Allowed::Only(&["orchestra-core"])),
    (
        "orchestra-engine",
        Allowed::Only(&["orchestra-agent", "orchestra-core", "orchestra-git", "orchestra-project"]),
    ),
    ("orchestra-testkit", Allowed::AllBut(&["orchestra", "xtask"])),
    ("orchestra", Allowed::AllBut(&["xtask", TESTKIT])),
    ("xtask", Allowed::AllBut(&[])),
];

/// Serves tests, and is used as a development dependency alone.
const TESTKIT: &str = "orchestra-testkit";

/// Where a crate from outside may be used, for those that fence something.
const FENCES: &[(&str, &[&str], &str)] = &[
    ("anyhow", &["orchestra", "xtask"], "a library says what the caller can do: give it a `thiserror` enum"),
    ("clap", &["orchestra", "xtask"], "only the binary reads arguments"),
    ("git2", &["orchestra-git"], "everything that is done with git is an operation of `orchestra-git`"),
    ("notify", &["orchestra-project"], "watching files is `orchestra-project::watch`"),
    ("ratatui", &["orchestra", "orchestra-tui"], "only screens draw"),
];

/// What core may not use at all: it decides, and does nothing.
const NOT_IN_CORE: &[&str] = &["notify", "rustix", "tempfile", "tokio", "tokio-util"];

enum Allowed {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

impl Allowed {
    fn admits(&self, name: &str) -> bool {
        match self {
            Self::Only(names) => names.contains(&name),
            Self::AllBut(names) => !names.contains(&name),
        }
    }
}

/// One line of a `Cargo.toml`.
struct Arrow {
    from: String,
    to: String,
    is_dev: bool,
}

fn faults(arrows: &[Arrow], members: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for member in members {
        if !ARROWS.iter().any(|(name, _)| name == member) {
            let what = "is not in the table of crates: a new crate is a change of the design; write down in \
                        ARROWS (xtask/tests/tidy/arrows.rs) and ARCHITECTURE.md what it may use";
            faults.push(Fault::of(member, what));
        }
    }
    for Arrow { from, to, is_dev } in arrows {
        let mut object = |what: String| faults.push(Fault::of(from, what));
        if members.contains(to) {
            let allowed = ARROWS.iter().find(|(name, _)| name == from).map(|(_, allowed)| allowed);
            let is_allowed = allowed.is_none_or(|allowed| allowed.admits(to));
            let is_for_its_tests = *is_dev && to == TESTKIT && from != "orchestra-core";
            if !is_allowed && !is_for_its_tests {
                object(format!(
                    "may not use `{to}`: move what it needs to a crate that both may use, or hand it in from \
                     above (HOUSE-STYLE section 2)"
                ));
            } else if to == TESTKIT && !is_dev && from != "xtask" {
                object(format!("uses `{to}` in its product: put it below `[dev-dependencies]`"));
            }
            continue;
        }
        if *is_dev {
            continue;
        }
        if let Some((_, homes, why)) = FENCES.iter().find(|(name, _, _)| name == to)
            && !homes.contains(&from.as_str())
        {
            object(format!("may not use `{to}`: {why}"));
        }
        if from == "orchestra-core" && NOT_IN_CORE.contains(&to.as_str()) {
            object(format!(
                "may not use `{to}`: what comes from outside is an event, what is done outside is an effect"
            ));
        }
    }
    faults
}

/// What the workspace's own crates say of themselves. Nothing is resolved or loaded for it.
fn metadata() -> anyhow::Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(top())
        .output()
        .context("run cargo metadata")?;
    anyhow::ensure!(told.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&told.stderr));
    serde_json::from_slice(&told.stdout).context("parse what cargo metadata says")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().expect("cargo metadata lists packages")
}

fn members(metadata: &Value) -> Vec<String> {
    packages(metadata).iter().map(|package| text(package, "name").to_owned()).collect()
}

fn arrows(metadata: &Value) -> Vec<Arrow> {
    let of = |package: &Value| -> Vec<Arrow> {
        let from = text(package, "name").to_owned();
        let dependencies = package["dependencies"].as_array().expect("a package has a list of dependencies");
        dependencies
            .iter()
            .map(|dependency| Arrow {
                from: from.clone(),
                to: text(dependency, "name").to_owned(),
                is_dev: text(dependency, "kind") == "dev",
            })
            .collect()
    };
    packages(metadata).iter().flat_map(of).collect()
}

#[test]
fn arrows_between_crates_point_downwards() {
    let metadata = metadata().unwrap();
    let (arrows, members) = (arrows(&metadata), members(&metadata));
    assert!(members.len() >= 8 && arrows.len() > members.len(), "{members:?} have {} arrows", arrows.len());
    check(&faults(&arrows, &members));
}

#[test]
fn a_crate_has_one_test_binary() {
    let metadata = metadata().unwrap();
    let is_test = |target: &&Value| target["kind"][0] == "test";
    let faults: Vec<Fault> = packages(&metadata)
        .iter()
        .filter(|package| {
            package["targets"].as_array().is_some_and(|all| all.iter().filter(is_test).count() > 1)
        })
        .map(|package| {
            let what = "has several test binaries: set `autotests = false`, name `tests/main.rs` in a \
                        `[[test]]`, and list the other files there with `mod`";
            Fault::of(text(package, "name"), what)
        })
        .collect();
    check(&faults);
}

#[test]
fn an_arrow_that_points_upwards_is_found() {
    let arrow = |from: &str, to: &str, is_dev| Arrow { from: from.into(), to: to.into(), is_dev };
    let members = ["orchestra-core", "orchestra-git", "orchestra-project", TESTKIT, "orchestra-new"];
    let members = members.map(str::to_owned);
    let arrows = [
        arrow("orchestra-core", "orchestra-git", false),
        arrow("orchestra-core", TESTKIT, true),
        arrow("orchestra-core", "tokio", false),
        arrow("orchestra-git", "orchestra-project", true),
        arrow("orchestra-git", TESTKIT, false),
        arrow("orchestra-project", "anyhow", false),
        // These are right.
        arrow("orchestra-git", TESTKIT, true),
        arrow("orchestra-git", "git2", false),
        arrow("orchestra-project", "anyhow", true),
    ];
    check_finds(
        &faults(&arrows, &members),
        &[
            "orchestra-new: not in the table",
            "orchestra-core: `orchestra-git`",
            "orchestra-core: `orchestra-testkit`",
            "orchestra-core: `tokio`",
            "orchestra-git: `orchestra-project`",
            "orchestra-git: `orchestra-testkit`",
            "orchestra-project: `anyhow`",
        ],
    );
}
