//! Reads and writes single files of a project, never through a symbolic link and never over somebody's work.

use std::ffi::OsStr;
use std::path::Path;

use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::record::Record;

use super::{FileToWrite, Place, ScaffoldError};
use crate::atomic::{self, Replacement};
use crate::file::FileError;
use crate::folder::{Access, Folder};
use crate::journal::{Durability, Journal};
use crate::layout::Layout;
use crate::lock::DocumentsLock;

/// How large a file may be that is read to be kept or changed.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads a file below `root`; `None` where there is none.
pub(crate) fn look(root: &Path, path: &str) -> Result<Option<Vec<u8>>, FileError> {
    look_at(&root.join(path), || {
        let (above, _) = split(path);
        Folder::open(root)?.open_beneath(above)
    })
}

/// Reads a file by a path whose folders the caller trusts; `None` where there is none.
pub(super) fn look_outside(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    look_at(path, || Folder::open(path.parent().unwrap_or(Path::new("."))))
}

/// Opens a folder below `root`; `None` where there is none.
pub(crate) fn find_folder(root: &Path, path: &str) -> Result<Option<Folder>, FileError> {
    match Folder::open(root)?.open_beneath(Path::new(path)) {
        Err(error) if error.is_missing() => Ok(None),
        opened => opened.map(Some),
    }
}

fn look_at(
    path: &Path,
    open: impl FnOnce() -> Result<Folder, FileError>,
) -> Result<Option<Vec<u8>>, FileError> {
    let Some(name) = path.file_name() else { return Err(FileError::NotAFile { path: path.to_owned() }) };
    match open() {
        Err(error) if error.is_missing() => Ok(None),
        opened => Ok(opened?.read(name, LARGEST)?.map(|plain| plain.bytes)),
    }
}

/// Writes the files of a project as every document is written: one at a time under the documents' lock, each with its
/// hash in the journal before it appears.
pub(crate) struct Writer<'a> {
    root: &'a Path,
    /// Opened with the first file that needs them: before, there may be no folder for them.
    books: Option<(Layout, Journal)>,
}

impl<'a> Writer<'a> {
    /// Writes below the top of a work tree.
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, books: None }
    }

    /// Writes one planned file whole or not at all, if what is there now is what was planned with.
    pub(crate) fn put(&mut self, file: &FileToWrite) -> Result<(), ScaffoldError> {
        match &file.place {
            Place::Project(path) => {
                let (above, name) = split(path);
                let folder = Folder::open(self.root)?.make_beneath(above, Access::Shared)?;
                let (layout, journal) = self.books()?;
                let _held = DocumentsLock::acquire(layout)?;
                replace(&folder, name, file, || {
                    let wrote = Record::Wrote {
                        path: RepoPath::parse(path.as_str())?,
                        hash: ContentHash::of(&file.new),
                    };
                    journal.append(wrote, Durability::Synced)?;
                    Ok(())
                })
            }
            Place::Git(path) => {
                let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
                    return Err(FileError::NotAFile { path: path.clone() }.into());
                };
                // A repository may have been made without its folder `info`.
                let there = above.ancestors().find(|folder| folder.is_dir()).unwrap_or(above);
                let missing = above.strip_prefix(there).unwrap_or(Path::new(""));
                let folder = Folder::open(there)?.make_beneath(missing, Access::Shared)?;
                replace(&folder, name, file, || Ok(()))
            }
        }
    }

    fn books(&mut self) -> Result<(&Layout, &mut Journal), ScaffoldError> {
        if self.books.is_none() {
            let layout = Layout::open(self.root)?;
            let (journal, _) = Journal::open(&layout)?;
            self.books = Some((layout, journal));
        }
        let (layout, journal) = self.books.as_mut().expect("they were opened above");
        Ok((layout, journal))
    }
}

fn replace(
    folder: &Folder,
    name: &OsStr,
    file: &FileToWrite,
    note: impl FnOnce() -> Result<(), ScaffoldError>,
) -> Result<(), ScaffoldError> {
    let changed = || ScaffoldError::Changed { path: folder.path().join(name) };
    let now = folder.read(name, LARGEST)?;
    let bytes = now.as_ref().map(|plain| &plain.bytes);
    if bytes == Some(&file.new) {
        return Ok(());
    }
    if bytes != file.old.as_ref() {
        return Err(changed());
    }
    note()?;
    match atomic::replace_if(folder, name, now.as_ref(), &file.new, LARGEST)? {
        Replacement::Replaced => Ok(()),
        Replacement::Raced => Err(changed()),
    }
}

/// The folder and the last name of a path with `/` between names.
fn split(path: &str) -> (&Path, &OsStr) {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    (Path::new(above), OsStr::new(name))
}
