//! Which folders and files of a project are looked at, and what is said about those that cannot be used.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::rc::Rc;

use orchestra_core::diagnostic::Diagnostic;
use orchestra_core::document::{MilestoneSource, SourceFile};
use orchestra_core::path::RepoPath;

use crate::file::FileError;
use crate::folder::{Folder, Kind, Stamp};
use crate::layout::{Layout, MAX_DOCUMENT, MAX_ENTRIES, ORCHESTRA};

/// A document that is there.
pub(super) struct Doc {
    pub(super) folder: Rc<Folder>,
    pub(super) name: String,
    /// Its path for diagnostics.
    pub(super) path: String,
    pub(super) stamp: Stamp,
    pub(super) is_phase: bool,
}

/// Files that cannot be used, by their path for diagnostics, and why.
#[derive(Default)]
pub(super) struct Faults(Vec<(String, FileError)>);

impl Faults {
    pub(super) fn add(&mut self, path: &str, error: FileError) {
        self.0.push((path.to_owned(), error));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says them; an error where one of them says nothing about its file, but that nothing can be looked at now.
    pub(super) fn say(self) -> Result<Vec<Diagnostic>, FileError> {
        let say = |(path, error): (String, FileError)| match error {
            FileError::Exhausted { .. } => Err(error),
            error => Ok(diagnostic(&path, &error)),
        };
        self.0.into_iter().map(say).collect()
    }
}

impl From<(&str, FileError)> for Faults {
    fn from((path, error): (&str, FileError)) -> Self {
        Self(vec![(path.to_owned(), error)])
    }
}

/// The documents of a folder, and what is wrong with those that cannot be used.
#[derive(Default)]
pub(super) struct Files {
    pub(super) docs: Vec<Doc>,
    pub(super) faults: Faults,
}

/// A milestone's folder.
pub(super) struct Found {
    /// Its name, as far as it can be shown.
    pub(super) name: String,
    /// Its documents, or why they cannot be used.
    pub(super) files: Result<Vec<Doc>, Faults>,
}

impl Files {
    fn look(&mut self, folder: &Rc<Folder>, name: &str, base: &str, is_phase: bool) {
        let path = format!("{base}/{name}");
        match folder.stamp(OsStr::new(name)) {
            Ok(Some(stamp)) => {
                let (folder, name) = (Rc::clone(folder), name.to_owned());
                self.docs.push(Doc { folder, name, path, stamp, is_phase });
            }
            Ok(None) => {}
            Err(error) => self.faults.add(&path, error),
        }
    }

    fn look_at_all(&mut self, opened: Result<Folder, FileError>, base: &str, is_phase: bool) {
        let folder = match opened {
            Ok(folder) => Rc::new(folder),
            Err(error) if error.is_missing() => return,
            Err(error) => return self.faults.add(base, error),
        };
        match documents(&folder) {
            Ok(names) => names.iter().for_each(|name| self.look(&folder, name, base, is_phase)),
            Err(error) => self.faults.add(base, error),
        }
    }
}

/// Lists the files of roles.
pub(super) fn roles(layout: &Layout) -> Files {
    let mut files = Files::default();
    files.look_at_all(layout.open_folder("roles"), &format!("{ORCHESTRA}/roles"), false);
    files
}

/// The folder of milestones.
pub(super) struct Milestones {
    folder: Folder,
    /// What lies in it, sorted by name.
    pub(super) entries: Vec<(OsString, Kind)>,
}

impl Milestones {
    /// Lists what lies in it; `None` where it is missing.
    pub(super) fn list(layout: &Layout) -> Result<Option<Self>, FileError> {
        let folder = match layout.open_folder("milestones") {
            Err(error) if error.is_missing() => return Ok(None),
            opened => opened?,
        };
        let entries = folder.list(MAX_ENTRIES)?;
        Ok(Some(Self { folder, entries }))
    }

    /// Reads `milestone.md` of one entry and nothing else. `None` where that is not there to be read, or the entry is
    /// no folder with a name that is text.
    pub(super) fn read_head(&self, name: &OsStr, kind: Kind) -> Option<MilestoneSource> {
        let text = name.to_str().filter(|name| !name.starts_with('.') && kind == Kind::Folder)?;
        let folder = self.folder.open_beneath(name.as_ref()).ok()?;
        let plain = folder.read(OsStr::new("milestone.md"), MAX_DOCUMENT).ok()??;
        let path = format!("{ORCHESTRA}/milestones/{}/milestone.md", shown(name));
        let milestone = Some(SourceFile { path, bytes: plain.bytes });
        Some(MilestoneSource { folder: text.to_owned(), milestone, ..MilestoneSource::default() })
    }

    /// Looks into one entry, one at a time, since each holds folders open. `None` where it is no milestone's.
    pub(super) fn look(&self, name: &OsStr, kind: Kind) -> Option<Found> {
        // Also what an editor or a half-done write of ours leaves for a moment.
        if name.as_bytes().starts_with(b".") {
            return None;
        }
        let opened = match kind {
            Kind::Folder => self.folder.open_beneath(name.as_ref()),
            // Nothing is reached through it, but it may have been meant as a milestone.
            Kind::Link => Err(FileError::Link { path: self.folder.path().join(name) }),
            Kind::File | Kind::Other => return None,
        };
        let is_text = name.to_str().is_some();
        let name = shown(name);
        let base = format!("{ORCHESTRA}/milestones/{name}");
        let files = match opened {
            // It was moved away since the folder was listed.
            Err(error) if error.is_missing() => return None,
            Err(error) => Err(Faults::from((base.as_str(), error))),
            Ok(folder) if is_text => list_milestone(folder, &base),
            Ok(folder) => {
                let why = std::io::Error::from(std::io::ErrorKind::InvalidFilename);
                Err(Faults::from((base.as_str(), FileError::new("read", folder.path(), why))))
            }
        };
        Some(Found { name, files })
    }
}

fn list_milestone(folder: Folder, base: &str) -> Result<Vec<Doc>, Faults> {
    let mut files = Files::default();
    let phases = folder.open_beneath("phases".as_ref());
    let folder = Rc::new(folder);
    for name in ["milestone.md", "context.md", "rfc.md"] {
        files.look(&folder, name, base, false);
    }
    files.look_at_all(phases, &format!("{base}/phases"), true);
    if files.faults.is_empty() { Ok(files.docs) } else { Err(files.faults) }
}

/// Lists the names of documents in a folder, sorted. What begins with `.` or is no `*.md` belongs to somebody else.
fn documents(folder: &Folder) -> Result<Vec<String>, FileError> {
    let mut names = Vec::new();
    for (name, _) in folder.list(MAX_ENTRIES)? {
        if name.as_bytes().starts_with(b".") || !name.as_bytes().ends_with(b".md") {
            continue;
        }
        match name.into_string() {
            Ok(name) => names.push(name),
            Err(name) => {
                let why = std::io::Error::from(std::io::ErrorKind::InvalidFilename);
                return Err(FileError::new("read", folder.path().join(shown(&name)), why));
            }
        }
    }
    Ok(names)
}

/// Says that a file cannot be used, where the documents' own faults are said.
pub(crate) fn diagnostic(path: &str, error: &FileError) -> Diagnostic {
    let (what, hint) = match error {
        FileError::Link { .. } => ("a symbolic link", "put the file or folder itself here"),
        FileError::NotAFile { .. } => ("no plain file", "remove it, or put a file in its place"),
        FileError::NotAFolder { .. } => ("no folder", "remove it, or put a folder in its place"),
        FileError::TooLarge { .. } => {
            ("larger than 1 MiB", "split it, or move what decides nothing elsewhere")
        }
        FileError::TooMany { .. } => ("a folder with too many entries", "move what is no document elsewhere"),
        FileError::Denied { .. } => ("not readable by you", "give yourself the permission: `chmod u+rX`"),
        FileError::Contended { .. } => ("being saved over and over", "wait until that ends"),
        FileError::Full { source, .. }
        | FileError::Exhausted { source, .. }
        | FileError::Io { source, .. } => {
            return fault(path, format!("this cannot be used: {source}"), "");
        }
    };
    fault(path, format!("this cannot be used: it is {what}"), hint)
}

fn fault(path: &str, expected: String, hint: &str) -> Diagnostic {
    Diagnostic { path: path.to_owned(), line: 1, column: 1, expected, hint: hint.to_owned() }
}

/// A name on one line, with everything escaped that could move a cursor.
fn shown(name: &OsStr) -> String {
    match RepoPath::parse(name.as_bytes()) {
        Ok(path) => path.to_string(),
        Err(error) => error.to_string(),
    }
}
