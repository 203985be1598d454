//! The names in a project, read once and bounded.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::DetectError;

/// How many folders deep names are read.
const DEPTH: usize = 5;
/// How many names are read at most; the deepest are left out first.
const ENTRIES: usize = 20_000;
/// How many bytes a manifest may have.
const MANIFEST_BYTES: u64 = 1024 * 1024;
/// How many bytes all manifests may have together.
const ALL_BYTES: u64 = 32 * 1024 * 1024;

/// Folders that hold what was built, installed or cached.
const SKIPPED: [&str; 11] = [
    "node_modules",
    "target",
    "vendor",
    "dist",
    "build",
    "out",
    "tmp",
    "coverage",
    "venv",
    "__pycache__",
    "bower_components",
];

/// The files and folders of a project, by their paths from the top with `/` between names.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
    notes: Vec<String>,
    bytes_left: Cell<u64>,
}

impl Tree {
    /// Lists `root` breadth first. Only the top itself must be readable.
    pub(super) fn read(root: &Path) -> Result<Self, DetectError> {
        Self::read_bounded(root, ENTRIES)
    }

    fn read_bounded(root: &Path, entries: usize) -> Result<Self, DetectError> {
        let mut tree = Self {
            root: root.to_owned(),
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            notes: Vec::new(),
            bytes_left: Cell::new(ALL_BYTES),
        };
        let mut level = vec![String::new()];
        for _ in 0..DEPTH {
            let mut below = Vec::new();
            for folder in level {
                match tree.list(&folder, entries) {
                    Ok(folders) => below.extend(folders),
                    Err(source) if folder.is_empty() => {
                        return Err(DetectError::List { path: root.to_owned(), source });
                    }
                    Err(source) => tree.notes.push(format!("`{folder}` was left out: {source}.")),
                }
                if tree.files.len() + tree.folders.len() >= entries {
                    tree.notes.push(format!("Only the first {entries} names of the project were looked at."));
                    return Ok(tree);
                }
            }
            below.sort();
            level = below;
        }
        Ok(tree)
    }

    /// Adds what lies in one folder, at most so many names of it; returns the folders to go on with.
    fn list(&mut self, folder: &str, entries: usize) -> std::io::Result<Vec<String>> {
        let mut below = Vec::new();
        for entry in fs::read_dir(self.root.join(folder))?.take(entries) {
            let entry = entry?;
            let name = entry.file_name();
            // What is not plain text cannot be a manifest, and is never put into a glob.
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let path = join(folder, name);
            let kind = entry.file_type()?;
            if kind.is_file() {
                self.files.insert(path);
            } else if kind.is_dir() && !SKIPPED.contains(&name) {
                self.folders.insert(path.clone());
                below.push(path);
            }
        }
        Ok(below)
    }

    /// What could not be read.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Tells whether there is nothing but hidden, skipped and Markdown files.
    pub(super) fn is_empty(&self) -> bool {
        self.files.iter().all(|file| has_extension(file, &["md", "txt"]) || !file.contains('.'))
    }

    /// Tells whether `folder` (empty: the top) holds a file of this name.
    pub(super) fn has(&self, folder: &str, name: &str) -> bool {
        self.files.contains(&join(folder, name))
    }

    /// Tells whether `folder` holds a folder of this name.
    pub(super) fn has_folder(&self, folder: &str, name: &str) -> bool {
        self.folders.contains(&join(folder, name))
    }

    /// The top and every folder, parents first.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        std::iter::once("").chain(self.folders.iter().map(String::as_str))
    }

    /// The names of the folders right below the top.
    pub(super) fn top_folders(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(String::as_str).filter(|folder| !folder.contains('/'))
    }

    /// Every file whose last name fits, by its path.
    pub(super) fn files_named(&self, fits: fn(&str) -> bool) -> Vec<String> {
        self.files.iter().filter(|path| fits(path.rsplit('/').next().unwrap_or(path))).cloned().collect()
    }

    /// Every file right in `folder`, by its name.
    pub(super) fn files_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files
            .iter()
            .filter_map(move |path| path.strip_prefix(&prefix))
            .filter(|rest| !rest.contains('/'))
    }

    /// Tells whether a file with one of these extensions lies anywhere below `folder`.
    pub(super) fn holds(&self, folder: &str, extensions: &[&str]) -> bool {
        let prefix = join(folder, "");
        self.files.iter().any(|path| path.starts_with(&prefix) && has_extension(path, extensions))
    }

    /// The text of a file in `folder`; `None` where it is missing, too large or not UTF-8.
    pub(super) fn text(&self, folder: &str, name: &str) -> Option<String> {
        if !self.has(folder, name) {
            return None;
        }
        let file = File::open(self.root.join(join(folder, name))).ok()?;
        let mut bytes = Vec::new();
        let most = MANIFEST_BYTES.min(self.bytes_left.get());
        let read = file.take(most + 1).read_to_end(&mut bytes).ok()? as u64;
        self.bytes_left.set(self.bytes_left.get().saturating_sub(read));
        if read > most { None } else { String::from_utf8(bytes).ok() }
    }
}

/// Puts a name below a folder; the top is the empty text.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| extensions.contains(&extension))
}

/// Tells whether a name means nothing to a shell or a glob, so that it may stand in a command as it is.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/@+".contains(&byte))
        && !name.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_up_to_a_bound_and_the_deepest_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for name in ["one.rs", "two.rs", "a/three.rs", "a/b/four.rs"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let whole = Tree::read_bounded(folder.path(), 100).unwrap();
        assert_eq!((whole.files.len(), whole.notes().len()), (4, 0));
        let cut = Tree::read_bounded(folder.path(), 3).unwrap();
        assert!(cut.has("", "one.rs") && !cut.has("a", "three.rs"));
        assert_eq!(cut.notes(), ["Only the first 3 names of the project were looked at."]);
    }

    #[test]
    fn a_name_with_a_meaning_to_a_shell_is_not_plain() {
        for name in ["", "-x", "a b", "a;b", "$(a)", "a*", "../a", "a/../b", "a\nb", "ä"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("@shop/api") && is_plain("apps/web-2"));
    }
}
