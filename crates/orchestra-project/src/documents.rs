//! Changes of documents that a person may be saving at the same moment.
//!
//! Each write reads the newest bytes, changes them, notes the hash of the result in the journal, and replaces the
//! file only if it still is what was read; otherwise it begins again with what the person saved. So no save is lost
//! and no edit is made on old bytes. Processes of ours wait for each other at [`DocumentsLock`].

use std::error::Error;
use std::ffi::OsStr;
use std::path::PathBuf;

use orchestra_core::document::{self, EditError};
use orchestra_core::edit::{DocEdit, DocFile};
use orchestra_core::id::MilestoneId;
use orchestra_core::path::{ContentHash, RepoPath, RepoPathError};
use orchestra_core::plan::{Format, Milestone};
use orchestra_core::record::Record;
use thiserror::Error;

use crate::atomic::{self, Creation, MAX_WAITS, Replacement, SETTLING};
use crate::file::FileError;
use crate::folder::Plain;
use crate::journal::{Durability, Journal, JournalError};
use crate::layout::{Layout, MAX_DOCUMENT};
use crate::lock::{DocumentsLock, DocumentsLockError};

/// How often a write begins again because somebody else saved the file.
const MAX_ROUNDS: u32 = 100;

/// How often a document that a change does not fit is looked at again.
const MAX_LOOKS: u32 = 5;

/// A document that was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// Its path.
    pub path: RepoPath,
    /// The hash of what was written.
    pub hash: ContentHash,
}

/// Why a document was not written. It is as it was.
#[derive(Debug, Error)]
pub enum WriteError<E: Error + 'static> {
    /// The change does not fit the document.
    #[error("could not change `{path}`")]
    Edit {
        /// The document.
        path: RepoPath,
        /// Why.
        #[source]
        source: Box<E>,
    },
    /// The document is not UTF-8.
    #[error("`{path}` is not UTF-8 text")]
    NotText {
        /// The document.
        path: RepoPath,
    },
    /// The document would become larger than what is read again.
    #[error("`{path}` would become larger than {MAX_DOCUMENT} bytes")]
    TooLong {
        /// The document.
        path: RepoPath,
    },
    /// Somebody else saves the document without a pause.
    #[error("`{path}` is being saved by somebody else over and over")]
    Contended {
        /// The document.
        path: RepoPath,
    },
    /// The milestone's folder has a name that none can have.
    #[error(transparent)]
    Folder(#[from] RepoPathError),
    /// The hash could not be journalled, so nothing was written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process of ours does not let go of the documents.
    #[error(transparent)]
    Lock(#[from] DocumentsLockError),
    /// A file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a milestone was not created.
#[derive(Debug, Error)]
pub enum CreateError {
    /// There is one of that name.
    #[error("the milestone `{folder}` exists already")]
    Exists {
        /// Its folder.
        folder: String,
    },
    /// There is one of that number.
    #[error("the number of `{id}` is taken by `{folder}`")]
    NumberTaken {
        /// The new milestone.
        id: MilestoneId,
        /// The other one's folder.
        folder: String,
    },
    /// A path is none inside a milestone's folder.
    #[error(transparent)]
    Path(#[from] RepoPathError),
    /// A hash could not be journalled, so nothing was written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Another process of ours does not let go of the documents.
    #[error(transparent)]
    Lock(#[from] DocumentsLockError),
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Which milestone's documents are edited, and in which grammar.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target<'a> {
    /// The milestone.
    pub milestone: &'a MilestoneId,
    /// Its folder's name below `milestones/`.
    pub folder: &'a str,
    /// Which format its documents have.
    pub format: Format,
}

impl<'a> From<&'a Milestone> for Target<'a> {
    fn from(milestone: &'a Milestone) -> Self {
        Self { milestone: &milestone.id, folder: &milestone.folder, format: milestone.format }
    }
}

/// Applies edits to a milestone's documents, file by file, and returns what was written.
///
/// Where one fails, the files before it are written: applied again, they change nothing more.
pub fn apply_edits(
    layout: &Layout,
    target: &Target<'_>,
    edits: &[DocEdit],
    journal: &mut Journal,
) -> Result<Vec<Written>, WriteError<EditError>> {
    let mut written = Vec::new();
    let held = DocumentsLock::acquire(layout)?;
    for file in files_of(target.format, edits) {
        let path = Layout::document(target.folder, &file)?;
        if let DocFile::Phase(_) = file {
            layout.make_phases(target.folder)?;
        }
        let edit = |text: Option<&str>| apply_all(target, &file, text, edits);
        written.extend(edit_file(layout, &held, &path, journal, edit)?);
    }
    Ok(written)
}

/// A document as edits would have it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Preview {
    /// Where it lies.
    pub path: RepoPath,
    /// What it holds so far, if there is one.
    pub held: Option<ContentHash>,
    /// What it would hold.
    pub bytes: Vec<u8>,
}

/// Returns what [`apply_edits`] would make of every document that the edits concern, also of those that they leave
/// as they are. Writes nothing.
pub fn preview(
    layout: &Layout,
    target: &Target<'_>,
    edits: &[DocEdit],
    journal: &Journal,
) -> Result<Vec<Preview>, WriteError<EditError>> {
    let mut documents = Vec::new();
    for file in files_of(target.format, edits) {
        let path = Layout::document(target.folder, &file)?;
        let mut edit = |text: Option<&str>| apply_all(target, &file, text, edits);
        let mut looks = 0;
        let (held, text) = loop {
            let current = read_settled(layout, &path, journal)?;
            let held = bytes_of(current.as_ref()).map(ContentHash::of);
            match changed(&path, bytes_of(current.as_ref()), &mut edit) {
                Err(_) if looks < MAX_LOOKS => {
                    looks += 1;
                    std::thread::sleep(SETTLING);
                }
                ended => break (held, ended?),
            }
        };
        documents.push(Preview { path, held, bytes: text.into_bytes() });
    }
    Ok(documents)
}

/// Lists the documents that edits concern, each once, in the order in which they are first named.
fn files_of(format: Format, edits: &[DocEdit]) -> Vec<DocFile> {
    let mut files = Vec::new();
    for file in edits.iter().flat_map(|edit| document::targets(format, edit)) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// Applies, in their order, those of the edits that concern one document.
fn apply_all(
    target: &Target<'_>,
    file: &DocFile,
    text: Option<&str>,
    edits: &[DocEdit],
) -> Result<String, EditError> {
    let mut text = text.map(str::to_owned);
    for edit in edits.iter().filter(|edit| document::targets(target.format, edit).contains(file)) {
        text = Some(document::apply(target.milestone, target.format, file, text.as_deref(), edit)?);
    }
    text.ok_or_else(|| EditError::Missing { file: file.path() })
}

/// Changes one document, from its newest text (`None`: it is not there) to what `edit` makes of it.
///
/// `edit` may be called several times, each time with a newer text. Returns `None` where it changes nothing: then
/// nothing is written. A folder that is missing is not made: a milestone that somebody moved away stays away.
pub fn edit_file<E: Error + 'static>(
    layout: &Layout,
    _held: &DocumentsLock,
    path: &RepoPath,
    journal: &mut Journal,
    mut edit: impl FnMut(Option<&str>) -> Result<String, E>,
) -> Result<Option<Written>, WriteError<E>> {
    let mut looks = 0;
    for _ in 0..MAX_ROUNDS {
        let current = read_settled(layout, path, journal)?;
        let new = match changed(path, bytes_of(current.as_ref()), &mut edit) {
            Ok(new) => new,
            // Half a save may be what does not fit: look again, a few times.
            Err(_) if looks < MAX_LOOKS => {
                looks += 1;
                std::thread::sleep(SETTLING);
                continue;
            }
            Err(error) => return Err(error),
        };
        if bytes_of(current.as_ref()) == Some(new.as_bytes()) {
            return Ok(None);
        }
        if new.len() as u64 > MAX_DOCUMENT {
            return Err(WriteError::TooLong { path: path.clone() });
        }
        let hash = ContentHash::of(new.as_bytes());
        journal.append(Record::Wrote { path: path.clone(), hash }, Durability::Synced)?;
        let (folder, name) = layout.open_parent(path)?;
        match atomic::replace_if(&folder, &name, current.as_ref(), new.as_bytes(), MAX_DOCUMENT)? {
            Replacement::Replaced => return Ok(Some(Written { path: path.clone(), hash })),
            Replacement::Raced => {}
        }
    }
    Err(WriteError::Contended { path: path.clone() })
}

/// Creates a milestone: all of its files appear at once. Paths are relative to its folder.
pub fn create_milestone(
    layout: &Layout,
    folder: &str,
    files: &[(String, String)],
    journal: &mut Journal,
) -> Result<Vec<Written>, CreateError> {
    let held = DocumentsLock::acquire(layout)?;
    create_recorded(layout, &held, folder, files, journal, None)
}

/// The same under a lock that is held; `approval` is on record before anything is written.
pub(crate) fn create_recorded(
    layout: &Layout,
    _held: &DocumentsLock,
    folder: &str,
    files: &[(String, String)],
    journal: &mut Journal,
    approval: Option<Record>,
) -> Result<Vec<Written>, CreateError> {
    let mut written = Vec::new();
    let mut whole = Vec::new();
    for (relative, text) in files {
        let path = Layout::beneath_milestone(folder, relative)?;
        written.push(Written { path, hash: ContentHash::of(text.as_bytes()) });
        whole.push((PathBuf::from(relative), text.clone().into_bytes()));
    }
    let milestones = layout.make_milestones()?;
    if milestones.kind(OsStr::new(folder))?.is_some() {
        return Err(CreateError::Exists { folder: folder.to_owned() });
    }
    let wrote =
        written.iter().map(|Written { path, hash }| Record::Wrote { path: path.clone(), hash: *hash });
    for record in approval.into_iter().chain(wrote) {
        journal.append(record, Durability::Written)?;
    }
    journal.sync()?;
    match atomic::create_dir_whole(&milestones, OsStr::new(folder), &whole)? {
        Creation::Created => Ok(written),
        Creation::Exists => Err(CreateError::Exists { folder: folder.to_owned() }),
    }
}

fn changed<E: Error + 'static>(
    path: &RepoPath,
    current: Option<&[u8]>,
    edit: &mut impl FnMut(Option<&str>) -> Result<String, E>,
) -> Result<String, WriteError<E>> {
    let text = match current.map(std::str::from_utf8) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(_)) => return Err(WriteError::NotText { path: path.clone() }),
    };
    edit(text).map_err(|source| WriteError::Edit { path: path.clone(), source: Box::new(source) })
}

fn bytes_of(plain: Option<&Plain>) -> Option<&[u8]> {
    plain.map(|plain| plain.bytes.as_slice())
}

/// Reads a document that is not being saved in place at this moment.
pub(crate) fn read_settled(
    layout: &Layout,
    path: &RepoPath,
    journal: &Journal,
) -> Result<Option<Plain>, FileError> {
    let mut waits = 0;
    loop {
        let (read, stamp) = match layout.open_parent(path) {
            Err(error) if error.is_missing() => return Ok(None),
            opened => {
                let (folder, name) = opened?;
                match folder.read(&name, MAX_DOCUMENT)? {
                    Some(plain) => {
                        let stamp = plain.stamp;
                        (Some(plain), stamp)
                    }
                    // An editor may have moved it away a moment ago, to write it anew.
                    None => (None, folder.own_stamp()?),
                }
            }
        };
        let is_ours = || bytes_of(read.as_ref()).is_some_and(|bytes| journal.has_written(path, bytes));
        if waits == MAX_WAITS || !atomic::is_settling(&stamp) || is_ours() {
            return Ok(read);
        }
        waits += 1;
        std::thread::sleep(SETTLING);
    }
}

#[cfg(test)]
mod tests;
