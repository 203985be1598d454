//! Throw-away projects made of a few files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use orchestra_core::config::{AgentConfig, CommandAgent, Preset};
use orchestra_core::id::AgentName;
use orchestra_project::detect::{Detection, detect};
use orchestra_project::scaffold::FoundAgent;
use tempfile::TempDir;

/// A crate with a folder of pages.
pub(crate) const CRATE: [(&str, &str); 3] = [
    ("Cargo.toml", "[package]\nname = \"shop\"\n"),
    ("src/lib.rs", ""),
    ("frontend/index.html", "<!doctype html>"),
];

pub(crate) fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        put(folder.path(), path, text);
    }
    folder
}

pub(crate) fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn text(root: &Path, path: &str) -> String {
    fs::read_to_string(root.join(path)).unwrap()
}

/// Every file below a folder with its bytes, but the worker's own state; links by where they lead.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let kind = entry.file_type().unwrap();
            if name == ".orchestra/.state" {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_symlink() {
                found
                    .insert(name, fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes());
            } else {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

pub(crate) fn detection(root: &Path) -> Detection {
    detect(root).unwrap()
}

pub(crate) fn claude() -> Vec<FoundAgent> {
    let config = CommandAgent { preset: Some(Preset::ClaudeCode), ..CommandAgent::default() };
    vec![FoundAgent { name: AgentName::parse("claude").unwrap(), config: AgentConfig::Command(config) }]
}
