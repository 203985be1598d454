//! Packages: how many there are, where they come from, and that each that is asked for is used.

use super::{Fault, Tree, check, check_finds};

/// How many packages `Cargo.lock` may have, ours included. Raising it is a commit of its own, with the reason.
///
/// 430: ratatui's other back ends, and other systems' parts of rustls and rmcp, stand in the lock file and are never built here.
/// An HTTP client with TLS is 70, the MCP server 20, ripgrep's crates and syntect a dozen each.
const CEILING: usize = 430;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn lock_faults(tree: &Tree, ceiling: usize) -> Vec<Fault> {
    let path = "Cargo.lock";
    let lock = tree.text(path).expect("Cargo.lock is tracked");
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    let mut faults = Vec::new();
    if count > ceiling {
        let what = format!(
            "has {count} packages, {ceiling} is the end: do without one, or raise CEILING and say why"
        );
        faults.push(Fault::of(path, what));
    }
    for (number, line) in lock.lines().enumerate() {
        if let Some(source) = line.strip_prefix("source = ").map(|source| source.trim_matches('"'))
            && source != CRATES_IO
        {
            faults.push(Fault::at(
                path,
                number + 1,
                format!("a package comes from {source}: use crates.io's"),
            ));
        }
    }
    faults
}

/// The keys of one table of a `Cargo.toml`, with their lines and what stands behind them.
fn table<'a>(manifest: &'a str, name: &'a str) -> impl Iterator<Item = (usize, &'a str, &'a str)> {
    manifest
        .lines()
        .enumerate()
        .scan("", |header, (number, line)| {
            if line.starts_with('[') {
                *header = line.trim().trim_matches(['[', ']']);
            }
            Some((*header, number + 1, line))
        })
        .filter(move |(header, _, line)| *header == name && !line.starts_with(['[', '#', ' ', ']']))
        .filter_map(|(_, number, line)| {
            let (key, _) = line.split_once('=')?;
            // `serde.workspace = true` is short for `serde = { workspace = true }`.
            let key = key.trim();
            Some((number, key.strip_suffix(".workspace").unwrap_or(key), line))
        })
}

fn members(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.texts()
        .filter(|(path, _)| path.ends_with("/Cargo.toml"))
        .filter(|(path, _)| path.starts_with("crates/") || path.starts_with("xtask/"))
}

fn dependencies(manifest: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let tables = manifest.lines().filter(|line| line.starts_with('[') && line.contains("dependencies"));
    tables.map(|line| line.trim().trim_matches(['[', ']'])).flat_map(|name| table(manifest, name))
}

fn manifest_faults(tree: &Tree) -> Vec<Fault> {
    let root = tree.text("Cargo.toml").expect("the workspace has a Cargo.toml");
    let mut faults = Vec::new();
    // Our own crates are listed before somebody uses them.
    let from_outside = table(root, "workspace.dependencies").filter(|(_, _, text)| !text.contains("path ="));
    for (line, name, _) in from_outside {
        let is_used =
            members(tree).any(|(_, manifest)| dependencies(manifest).any(|(_, used, _)| used == name));
        if !is_used {
            faults.push(Fault::at("Cargo.toml", line, format!("no crate uses `{name}`: take it out")));
        }
    }
    for (path, manifest) in members(tree) {
        for (line, name, text) in dependencies(manifest) {
            if !text.contains("workspace = true") {
                let what = format!(
                    "`{name}` has a version of its own: put it into the workspace's list and write `{name}.workspace = true`"
                );
                faults.push(Fault::at(path, line, what));
            }
        }
        if !table(manifest, "lints").any(|(_, _, text)| text == "workspace = true") {
            faults.push(Fault::of(
                path,
                "is not held to the workspace's lints: add `[lints]` with `workspace = true`",
            ));
        }
    }
    faults
}

#[test]
fn packages_are_few_and_come_from_one_place() {
    check(&lock_faults(Tree::of_repository(), CEILING));
}

#[test]
fn every_package_that_is_asked_for_is_used() {
    let tree = Tree::of_repository();
    assert!(members(tree).count() >= 8, "the crates were not found");
    check(&manifest_faults(tree));
}

#[test]
fn a_package_too_many_or_from_elsewhere_is_found() {
    let package = |source: &str| format!("[[package]]\nname = \"a\"\nsource = \"{source}\"\n");
    let lock =
        [package(CRATES_IO), package("git+https://github.com/a/b"), "[[package]]\n".to_owned()].concat();
    let tree = Tree::of(&[("Cargo.lock", &lock)]);
    check_finds(
        &lock_faults(&tree, 2),
        &["Cargo.lock: has 3 packages", "Cargo.lock:6: git+https://github.com/a/b"],
    );
    check_finds(&lock_faults(&tree, 3), &["Cargo.lock:6: git+https://github.com/a/b"]);
}

#[test]
fn a_package_that_nobody_uses_is_found() {
    let root = "[workspace.dependencies]\n# data\na = \"1\"\nb = { version = \"1\" }\nc = \"1\"\n[profile.dev]\nd = 1\n";
    let good = "[dependencies]\na.workspace = true\n[dev-dependencies]\nb = { workspace = true, features = [\"x\"] }\n\
                [lints]\nworkspace = true\n";
    let bad = "[target.'cfg(unix)'.dependencies]\ne = \"1\"\n";
    let tree = Tree::of(&[("Cargo.toml", root), ("crates/a/Cargo.toml", good), ("crates/b/Cargo.toml", bad)]);
    check_finds(
        &manifest_faults(&tree),
        &["Cargo.toml:5: `c`", "crates/b/Cargo.toml:2: `e`", "crates/b/Cargo.toml: lints"],
    );
}
