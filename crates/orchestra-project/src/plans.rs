//! Milestones that a person approved as they were proposed, and changes of them: written, on record, and trusted.
//!
//! Invariants, each held by a test:
//! - The approval is on record before anything is written, bound to the hash of what was shown.
//! - A new milestone appears whole; of a change all documents are looked at before the first is written, under the lock
//!   under which every document is written, so that nothing is written where a phase has begun meanwhile.
//! - Doing it again does no more: what was cut short goes on.

use std::ffi::OsStr;

use jiff::Timestamp;
use orchestra_core::config::trust::{TrustItem, TrustKind};
use orchestra_core::id::MilestoneId;
use orchestra_core::path::RepoPathError;
use orchestra_core::plan::{By, MilestoneStatus, Plan};
use orchestra_core::proposal::{ChangeDraft, Draft, Ground, Overtaken};
use orchestra_core::record::Record;
use thiserror::Error;

use crate::documents::{self, CreateError, WriteError, Written};
use crate::file::FileError;
use crate::journal::{Durability, Journal, JournalError};
use crate::layout::{Layout, MAX_DOCUMENT, MAX_ENTRIES};
use crate::lock::{DocumentsLock, DocumentsLockError};
use crate::trust::{Trust, TrustError, TrustStore};

/// Why a change was not written, or not all of it. Tried again it goes on where it was.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// What was approved no longer fits; nothing was written.
    #[error(transparent)]
    Overtaken(#[from] Overtaken),
    /// A document could not be written.
    #[error(transparent)]
    Write(#[from] WriteError<Overtaken>),
    /// A path is none inside a milestone's folder.
    #[error(transparent)]
    Path(#[from] RepoPathError),
    /// The approval could not be journalled, so nothing was written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process of ours does not let go of the documents.
    #[error(transparent)]
    Lock(#[from] DocumentsLockError),
    /// A file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Reads what proposals are held against: the documents of every milestone that is not over.
///
/// One that cannot be read now is left out: whoever proposes to change it is told that it is not there.
pub fn ground(layout: &Layout, plan: &Plan) -> Ground {
    let mut ground = Ground { plan: plan.clone(), ..Ground::default() };
    let is_over =
        |status: MilestoneStatus| matches!(status, MilestoneStatus::Done | MilestoneStatus::Dropped);
    for milestone in plan.milestones.iter().filter(|milestone| !is_over(milestone.status)) {
        let phases = milestone.phases.iter().map(|phase| format!("phases/{}.md", phase.id));
        for path in std::iter::once("milestone.md".to_owned()).chain(phases) {
            if let Ok(Some(text)) = read(layout, &milestone.folder, &path) {
                ground.texts.insert(format!("{}/{path}", milestone.folder), text);
            }
        }
    }
    ground
}

/// Writes a new milestone that a person approved. An error where its number was taken meanwhile: it was approved under
/// the name that was shown.
pub fn create(
    layout: &Layout,
    draft: &Draft,
    journal: &mut Journal,
    by: By,
) -> Result<Vec<Written>, CreateError> {
    let held = DocumentsLock::acquire(layout)?;
    if let Some(folder) = twin(layout, &draft.id)? {
        return Err(CreateError::NumberTaken { id: draft.id.clone(), folder });
    }
    let approval = Record::Created { milestone: draft.id.clone(), of: draft.of, by };
    documents::create_recorded(layout, &held, &draft.folder, &draft.files, journal, Some(approval))
}

/// Writes a change of a milestone that a person approved, document by document, and returns what was written.
pub fn change(
    layout: &Layout,
    draft: &ChangeDraft,
    journal: &mut Journal,
    by: By,
) -> Result<Vec<Written>, ChangeError> {
    let held = DocumentsLock::acquire(layout)?;
    let folder = &draft.folder;
    let newest = |journal: &Journal, path: &str| -> Result<Option<String>, ChangeError> {
        let plain = documents::read_settled(layout, &Layout::beneath_milestone(folder, path)?, journal)?;
        let text = plain.map(|plain| String::from_utf8(plain.bytes)).transpose();
        Ok(text.map_err(|_not_text| Overtaken::Changed { path: path.to_owned() })?)
    };
    for path in &draft.guards {
        draft.may_still(path, newest(journal, path)?.as_deref())?;
    }
    for file in &draft.files {
        file.on(newest(journal, &file.path)?.as_deref())?;
    }
    let record = Record::Replanned {
        milestone: draft.milestone.clone(),
        reason: draft.reason.clone(),
        changes: draft.changes.clone(),
        of: draft.of,
        by,
    };
    journal.append(record, Durability::Synced)?;
    let mut written = Vec::new();
    for file in &draft.files {
        let path = Layout::beneath_milestone(folder, &file.path)?;
        if file.before.is_none() {
            layout.make_phases(folder)?;
        }
        written.extend(documents::edit_file(layout, &held, &path, journal, |text| file.on(text))?);
    }
    Ok(written)
}

/// What a person trusts once something that they approved is written.
#[derive(Debug, Default)]
#[must_use = "what was agreed to before counts until this is settled"]
pub struct Agreement {
    items: Option<Vec<TrustItem>>,
}

/// Remembers that a person trusts the commands of what they approved, beside what they trust already.
///
/// Call it before the documents are written, so that no worker asks about them, and [`Agreement::settle`] after.
/// Where the project as a whole is not trusted there is nothing to add to: its question names these commands, too.
pub fn trust(
    store: &TrustStore,
    trusted: &[TrustItem],
    commands: &[String],
    at: Timestamp,
) -> Result<Agreement, TrustError> {
    if commands.is_empty() || store.look_up(trusted)? != Trust::Given {
        return Ok(Agreement::default());
    }
    let new = commands.iter().map(|command| TrustItem {
        kind: TrustKind::Verify,
        text: command.clone(),
        path: String::new(),
        line: None,
    });
    let items: Vec<TrustItem> = trusted.iter().cloned().chain(new).collect();
    store.remember_while(trusted, &items, at)?;
    Ok(Agreement { items: Some(items) })
}

impl Agreement {
    /// What was approved is written: what was agreed to before counts no more.
    pub fn settle(self, store: &TrustStore, at: Timestamp) -> Result<(), TrustError> {
        self.items.map_or(Ok(()), |items| store.remember(&items, at))
    }
}

/// The folder of another milestone that has the number.
fn twin(layout: &Layout, id: &MilestoneId) -> Result<Option<String>, FileError> {
    let milestones = layout.make_milestones()?;
    let names = milestones.list(MAX_ENTRIES)?.into_iter().filter_map(|(name, _)| name.into_string().ok());
    let is_twin = |name: &String| {
        name != id.as_str() && MilestoneId::parse(name).is_ok_and(|other| other.number() == id.number())
    };
    if milestones.kind(OsStr::new(id.as_str()))?.is_some() {
        // That it exists is said where it would be made.
        return Ok(None);
    }
    Ok(names.into_iter().find(is_twin))
}

fn read(layout: &Layout, folder: &str, path: &str) -> Result<Option<String>, FileError> {
    let Ok(path) = Layout::beneath_milestone(folder, path) else { return Ok(None) };
    let plain = layout.read(&path, MAX_DOCUMENT)?;
    Ok(plain.and_then(|plain| String::from_utf8(plain.bytes).ok()))
}

#[cfg(test)]
mod tests;
