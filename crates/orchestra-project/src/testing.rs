//! A throw-away project, for the tests of this crate.

use std::fs;

use tempfile::TempDir;

use crate::layout::Layout;

/// A folder with an empty `.orchestra`. The folder goes when the first part is dropped.
pub(crate) fn project() -> (TempDir, Layout) {
    let temp = tempfile::tempdir().unwrap();
    fs::create_dir_all(temp.path().join(".orchestra/milestones")).unwrap();
    let layout = Layout::open(temp.path()).unwrap();
    (temp, layout)
}
