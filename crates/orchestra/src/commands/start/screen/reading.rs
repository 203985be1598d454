//! Reading what a person wants to see, on a thread of its own.

mod changes;
mod documents;
mod journal;
mod rescued;
mod transcripts;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use orchestra_core::id::MilestoneId;
use orchestra_core::path::RepoPath;
use orchestra_core::worker::State;
use orchestra_git::repo::Repo;
use orchestra_project::file::FileError;
use orchestra_project::folder::{Folder, Kind};
use orchestra_project::layout::{Layout, MAX_DOCUMENT};
use orchestra_tui::{Reading, Want};
use rustix::fs::{FileType, Mode, OFlags};

/// How much of a patch is shown, in bytes.
pub(in crate::commands) const PATCH: usize = 512 * 1024;
/// How much of what only grows is shown, in bytes: the end.
const TAIL: u64 = 512 * 1024;

/// Where to read.
pub(in crate::commands) struct Place {
    pub(in crate::commands) layout: Layout,
    pub(in crate::commands) repo: Repo,
}

impl Place {
    /// Reads what is wanted, as things stand.
    pub(in crate::commands) fn read(&self, want: &Want, state: &State) -> Reading {
        match want {
            Want::Document { milestone, work } => self.document(state, milestone, work.as_ref()),
            Want::Named { milestone, name } => self.named(state, milestone, name),
            Want::Changes { milestone, work } => self.changes(state, milestone, work.as_ref()),
            Want::Transcript { milestone, work } => self.transcript(milestone, work.as_ref(), None),
            Want::Turn { milestone, work, turn } => self.transcript(milestone, work.as_ref(), Some(*turn)),
            Want::Journal { milestone } => self.journal(state, milestone.as_ref()),
            Want::Rescue => self.rescued(),
            Want::Saved { name } => self.saved(name),
            // The screen knows it by itself, and does not ask.
            Want::Since => Reading::Nothing("nothing happened".to_owned()),
        }
    }
}

/// A milestone's design, where there is one.
pub(in crate::commands) fn design(layout: &Layout, path: &RepoPath) -> Result<Option<String>, String> {
    let plain = layout.read(path, MAX_DOCUMENT).map_err(|error| error.to_string())?;
    Ok(plain.map(|plain| String::from_utf8_lossy(&plain.bytes).into_owned()))
}

fn gone(milestone: &MilestoneId) -> Reading {
    Reading::Nothing(format!("{milestone} is not there any more"))
}

/// Opens a folder below the project's own; none where it is missing. No part of its path may be a link.
fn folder(layout: &Layout, path: &Path) -> Result<Option<Folder>, FileError> {
    let relative = path.strip_prefix(layout.root()).unwrap_or(path);
    match Folder::open(layout.root())?.open_beneath(relative) {
        Err(error) if error.is_missing() => Ok(None),
        opened => opened.map(Some),
    }
}

/// Opens a plain file, without following a link and without waiting for what is none; none where there is nothing.
fn open(layout: &Layout, path: &Path) -> Result<Option<File>, FileError> {
    let no_file = || FileError::NotAFile { path: path.to_owned() };
    let failed = |error| FileError::new("read", path, error);
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else { return Err(no_file()) };
    let Some(above) = folder(layout, above)? else { return Ok(None) };
    let is_file = |kind: Option<Kind>| match kind {
        None => Ok(false),
        Some(Kind::File) => Ok(true),
        Some(Kind::Link) => Err(FileError::Link { path: path.to_owned() }),
        Some(Kind::Folder | Kind::Other) => Err(no_file()),
    };
    // Before it is opened, so that no device is touched.
    if !is_file(above.kind(name)?)? {
        return Ok(None);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(&above, name, flags, Mode::empty()).map_err(failed)?);
    // It may be another by now.
    let stat = rustix::fs::fstat(&file).map_err(failed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(no_file());
    }
    Ok(Some(file))
}

/// The end of a plain file, from a line's begin on; empty where there is none.
fn tail(layout: &Layout, path: &Path, most: u64) -> Result<String, FileError> {
    let Some(file) = open(layout, path)? else { return Ok(String::new()) };
    end_of(file, path, most).map_err(|error| FileError::new("read", path, error))
}

fn end_of(mut file: File, path: &Path, most: u64) -> io::Result<String> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(most);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if from > 0 => format!("(the end; all of it: {})\n{rest}", path.display()),
        _ => text,
    })
}

fn printed(text: Result<String, FileError>, nothing: &str) -> Reading {
    match text {
        Ok(text) if text.trim().is_empty() => Reading::Nothing(nothing.to_owned()),
        Ok(text) => Reading::Printed(text),
        Err(error) => Reading::Nothing(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    fn project() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".orchestra")).unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        (folder, layout)
    }

    #[test]
    fn what_is_no_plain_file_is_not_read_wherever_a_link_leads_and_nothing_is_waited_for() {
        let (folder, layout) = project();
        fs::create_dir_all(layout.state()).unwrap();
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("text"), "elsewhere").unwrap();
        let at = |name: &str| layout.state().join(name);
        symlink(other.join("text"), at("link")).unwrap();
        symlink(&other, layout.transcripts()).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let read = |path: PathBuf| tail(&layout, &path, TAIL);
        assert!(matches!(read(at("pipe")), Err(FileError::NotAFile { .. })));
        assert!(matches!(read(at("link")), Err(FileError::Link { .. })));
        assert!(matches!(read(layout.transcripts().join("text")), Err(FileError::Link { .. })));
        assert!(matches!(read(layout.state()), Err(FileError::NotAFile { .. })));
    }

    #[test]
    fn why_a_design_cannot_be_read_is_told_and_a_missing_one_is_none() {
        let (_folder, layout) = project();
        let path = RepoPath::parse(".orchestra/rfc.md").unwrap();
        let file = layout.locate(&path);
        assert_eq!(design(&layout, &path), Ok(None));
        fs::write(&file, "# Mine").unwrap();
        assert_eq!(design(&layout, &path), Ok(Some("# Mine".to_owned())));
        fs::write(&file, vec![b'x'; usize::try_from(MAX_DOCUMENT).unwrap() + 1]).unwrap();
        assert!(design(&layout, &path).is_err_and(|why| why.contains("rfc.md")));
        fs::remove_file(&file).unwrap();
        symlink("elsewhere", &file).unwrap();
        assert!(design(&layout, &path).is_err_and(|why| why.contains("symbolic link")));
    }

    #[test]
    fn of_a_long_file_the_end_is_read_from_a_line_on() {
        let (_folder, layout) = project();
        let path = layout.journal();
        assert_eq!(tail(&layout, &path, TAIL).unwrap(), "");
        fs::create_dir(layout.state()).unwrap();
        assert_eq!(tail(&layout, &path, TAIL).unwrap(), "");
        fs::write(&path, "a line\n".repeat(200_000)).unwrap();
        let text = tail(&layout, &path, TAIL).unwrap();
        assert!(text.starts_with("(the end; all of it: ") && text.ends_with("a line\n"));
        assert!(text.lines().skip(1).all(|line| line == "a line"));
        assert!(text.len() <= usize::try_from(TAIL).unwrap() + 200);
    }
}
