//! Printing, in one place: a reader that went away is no reason to fail.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where lines go.
#[derive(Clone, Debug)]
pub(crate) struct Out {
    project: PathBuf,
}

impl Out {
    /// Prints for a project.
    pub(crate) fn new(project: PathBuf) -> Self {
        Self { project }
    }

    /// The project that is spoken of.
    pub(crate) fn project(&self) -> &Path {
        &self.project
    }

    /// Prints a line.
    pub(crate) fn line(&self, line: &str) {
        // The reader may have gone (`| head -1`); the work goes on.
        drop(writeln!(anstream::stdout(), "{line}"));
    }
}
