//! Writing a milestone's documents.

use orchestra_core::edit::DocEdit;
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::Milestone;
use orchestra_core::record::Record;
use orchestra_core::worker::Failure;
use orchestra_project::documents::{self, Target, WriteError};
use orchestra_project::lock::DocumentsLock;

use super::failure;
use super::place::Place;

impl Place {
    /// Applies edits, each file in one atomic write.
    pub(super) fn write(&self, milestone: &Milestone, edits: &[DocEdit]) -> Result<(), Failure> {
        let written = {
            let mut journal = self.journal();
            documents::apply_edits(&self.layout, &Target::from(milestone), edits, &mut journal)
        };
        for written in written.map_err(|error| write_failure(&error))? {
            self.memory().take(&Record::Wrote { path: written.path, hash: written.hash });
        }
        Ok(())
    }

    /// The bytes that edits would give.
    pub(super) fn preview(
        &self,
        milestone: &Milestone,
        edits: &[DocEdit],
    ) -> Result<Vec<(RepoPath, Vec<u8>)>, Failure> {
        documents::preview(&self.layout, &Target::from(milestone), edits)
            .map_err(|error| write_failure(&error))
    }

    /// Gives a document the text that a commit has of it, if it still is as Orchestra left it.
    pub(super) fn bring_document(&self, path: &RepoPath, text: &str) -> Result<(), Failure> {
        let memory = self.memory().clone();
        let held =
            DocumentsLock::acquire(&self.layout).map_err(|error| failure::run("write documents", &error))?;
        let take = |current: Option<&str>| -> Result<String, std::convert::Infallible> {
            let is_ours = current.is_some_and(|now| memory.is_ours(path, ContentHash::of(now.as_bytes())));
            Ok(if is_ours { text.to_owned() } else { current.unwrap_or(text).to_owned() })
        };
        let written = {
            let mut journal = self.journal();
            documents::edit_file(&self.layout, &held, path, &mut journal, take)
        };
        let written = written.map_err(|error| failure::run(format!("write {path}"), &error))?;
        if let Some(written) = written {
            self.memory().take(&Record::Wrote { path: written.path, hash: written.hash });
        }
        Ok(())
    }
}

/// A document that a change does not fit is its milestone's trouble; a disk that refuses is everybody's.
fn write_failure(error: &WriteError<orchestra_core::document::EditError>) -> Failure {
    match error {
        WriteError::Edit { path, .. } | WriteError::NotText { path } | WriteError::TooLong { path } => {
            let hint = "Mend the document (`orchestra status` shows where it is wrong), then start again.";
            failure::milestone(format!("write {path}"), error, hint)
        }
        WriteError::Contended { .. }
        | WriteError::Folder(_)
        | WriteError::Journal(_)
        | WriteError::Lock(_)
        | WriteError::File(_) => failure::run("write documents", error),
    }
}
