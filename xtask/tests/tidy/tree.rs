//! The files that a rule looks at: those that git tracks here, or a few that a test makes up.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use super::source::Source;

/// The text files of a repository by their path from its top. Files that are no UTF-8 are left out.
#[derive(Debug)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
    rust: BTreeMap<String, Source>,
    /// Everything that is tracked, text or not.
    pub(crate) paths: Vec<String>,
}

/// Something to mend.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) path: String,
    /// From 1; none where the whole file is meant.
    pub(crate) line: Option<usize>,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

impl Fault {
    pub(crate) fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line), what: what.into() }
    }

    pub(crate) fn of(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.what),
            None => write!(f, "{}: {}", self.path, self.what),
        }
    }
}

static REPOSITORY: LazyLock<Tree> = LazyLock::new(|| Tree::read(&top()));

/// The top of this repository.
pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

impl Tree {
    /// This repository: what is tracked, and what would be after `git add`.
    pub(crate) fn of_repository() -> &'static Self {
        &REPOSITORY
    }

    /// A tree that a test makes up.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<String, String> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let paths = files.keys().cloned().collect();
        Self { rust: take_apart(&files), files, paths }
    }

    fn read(top: &Path) -> Self {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
            .current_dir(top)
            // Set where the tests are run by a hook, and then of another repository.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .output()
            .expect("git lists files");
        assert!(listed.status.success(), "git: {}", String::from_utf8_lossy(&listed.stderr));
        let (mut files, mut paths) = (BTreeMap::new(), Vec::new());
        for path in listed.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty()) {
            let path = String::from_utf8(path.to_vec()).expect("paths of this repository are UTF-8");
            // What is deleted and not yet staged is still listed.
            let Ok(bytes) = fs::read(top.join(&path)) else { continue };
            if let Ok(text) = String::from_utf8(bytes) {
                files.insert(path.clone(), text);
            }
            paths.push(path);
        }
        assert!(files.contains_key("Cargo.toml"), "the top of the repository was not found");
        Self { rust: take_apart(&files), files, paths }
    }

    /// Every text file.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|other| other == path)
    }

    /// Tells whether a folder holds something.
    pub(crate) fn has_folder(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.paths.iter().any(|path| path.starts_with(&prefix))
    }

    /// Our Rust files: what is an example or a template belongs to whoever gets it.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.rust.iter().map(|(path, source)| (path.as_str(), source))
    }

    pub(crate) fn rust_file(&self, path: &str) -> Option<&Source> {
        self.rust.get(path)
    }
}

fn take_apart(files: &BTreeMap<String, String>) -> BTreeMap<String, Source> {
    let mut sources: BTreeMap<String, Source> = files
        .iter()
        .filter(|(path, _)| path.rsplit('.').next() == Some("rs") && is_ours(path))
        .map(|(path, text)| (path.clone(), Source::new(text)))
        .collect();
    let declared: Vec<String> = sources
        .iter()
        .flat_map(|(path, source)| {
            let folder = module_folder(path);
            source.test_modules().into_iter().map(move |name| format!("{folder}/{name}")).collect::<Vec<_>>()
        })
        .collect();
    let is_declared_for_tests = |path: &str| {
        declared.iter().any(|module| {
            path.strip_prefix(module.as_str()).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    };
    for (path, source) in &mut sources {
        if is_in_tests(path) || is_declared_for_tests(path) {
            source.make_test_only();
        }
    }
    sources
}

/// The folder in which the modules of a file lie.
pub(crate) fn module_folder(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" | "build.rs" => folder,
        _ => path.trim_end_matches(".rs"),
    }
}

/// Integration tests, and the crate that serves tests alone.
fn is_in_tests(path: &str) -> bool {
    path.contains("/tests/") || path.starts_with("tests/") || path.starts_with("crates/orchestra-testkit/")
}

fn is_ours(path: &str) -> bool {
    !path.starts_with("examples/") && !path.starts_with("template/")
}

#[test]
fn a_module_that_is_declared_for_tests_is_test_code_with_all_below() {
    let tree = Tree::of(&[
        ("crates/a/src/lib.rs", "mod b;"),
        ("crates/a/src/b.rs", "#[cfg(test)]\nmod c;\nmod d;"),
        ("crates/a/src/b/c.rs", "mod e;"),
        ("crates/a/src/b/c/e.rs", "fn f() {}"),
        ("crates/a/src/b/d.rs", "fn f() {}"),
        ("crates/a/tests/main.rs", "fn f() {}"),
        ("examples/a/src/lib.rs", "fn f() {}"),
    ]);
    let tests: Vec<&str> = tree
        .rust()
        .filter(|(_, source)| source.is_test(source.code.len() - 1))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(tests, ["crates/a/src/b/c.rs", "crates/a/src/b/c/e.rs", "crates/a/tests/main.rs"]);
    assert_eq!(tree.rust().count(), 6);
}
