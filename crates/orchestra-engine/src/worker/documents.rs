//! Writing a milestone's documents.

use orchestra_core::document::body;
use orchestra_core::edit::DocEdit;
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::plan::Milestone;
use orchestra_core::record::Record;
use orchestra_core::worker::{CommitOrder, Failure};
use orchestra_git::save;
use orchestra_project::documents::{self, Preview, Target, WriteError};
use orchestra_project::layout::{Layout, MAX_DOCUMENT};
use orchestra_project::lock::DocumentsLock;

use super::place::Place;
use crate::failure;

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
    pub(super) fn preview(&self, milestone: &Milestone, edits: &[DocEdit]) -> Result<Vec<Preview>, Failure> {
        documents::preview(&self.layout, &Target::from(milestone), edits, &self.journal())
            .map_err(|error| write_failure(&error))
    }

    /// Saves documents of whose Result somebody else wrote something, before ours takes its place. Returns what there is to
    /// say of it.
    pub(super) fn keep_results(
        &self,
        milestone: &Milestone,
        order: &CommitOrder,
    ) -> Result<Option<String>, Failure> {
        let mut kept = Vec::new();
        for edit in order.edits.iter().filter(|edit| matches!(edit, DocEdit::PhaseResult { .. })) {
            let Ok(path) = Layout::document(&milestone.folder, &edit.file()) else { continue };
            let read = self.layout.read(&path, MAX_DOCUMENT);
            let plain = read.map_err(|error| failure::run(format!("read {path}"), &error))?;
            let Some(plain) = plain else { continue };
            let text = String::from_utf8_lossy(&plain.bytes);
            let says_something = body::section(&text, "Result").is_some_and(|text| !text.trim().is_empty());
            if says_something && !self.memory().is_ours(&path, ContentHash::of(&plain.bytes)) {
                kept.push(path);
            }
        }
        if kept.is_empty() {
            return Ok(None);
        }
        let reference = self.rescue(&order.milestone, &order.work, order.attempt, "result");
        let reference = save::save(&self.repo, &reference, &kept)
            .map_err(|error| failure::run("save what a Result said", &error))?;
        let names: Vec<String> = kept.iter().map(ToString::to_string).collect();
        self.record(Record::Rescued { reference: reference.clone(), paths: kept })?;
        let names = names.join(", ");
        Ok(Some(format!("what the Result of {names} said is kept: `orchestra rescue show {reference}`")))
    }

    /// Gives a document the text that a commit has of it, if it still is as Orchestra left it before that commit.
    pub(super) fn bring_document(&self, path: &RepoPath, text: &str) -> Result<(), Failure> {
        let memory = self.memory().clone();
        let held =
            DocumentsLock::acquire(&self.layout).map_err(|error| failure::run("write documents", &error))?;
        let take = |current: Option<&str>| -> Result<String, std::convert::Infallible> {
            let is_before = |now: &str| memory.is_before_commit(path, ContentHash::of(now.as_bytes()));
            Ok(match current {
                Some(now) if !is_before(now) => now.to_owned(),
                _ => text.to_owned(),
            })
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
