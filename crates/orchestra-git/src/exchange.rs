//! A file into its place in the work tree, or out of it, without losing what somebody writes there meanwhile.
//!
//! Only what is known (saved, or in a commit) may be replaced. That is looked at before, and again at what came out:
//! if it is something else, somebody was faster, and the newest stays in its place.

use std::path::Path;

use orchestra_core::path::RepoPath;

use crate::beneath::{Aside, Present, Top, UNREADABLE};
use crate::fault::{DiskError, Fault};
use crate::store::hash_present;
use crate::tree::Entry;

/// What a path holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Held {
    /// Nothing.
    Nothing,
    /// A file or a link.
    Content(Entry),
    /// Something without content: a FIFO, a socket.
    Special,
    /// A file that cannot be read, and so was saved nowhere.
    Unreadable,
    /// A folder.
    Folder,
}

impl Held {
    /// Looks at a path.
    pub(crate) fn at(top: &Top, path: &RepoPath) -> Result<Self, Fault> {
        Ok(match top.look(path)? {
            Present::Absent => Self::Nothing,
            Present::Special(UNREADABLE) => Self::Unreadable,
            Present::Special(_) => Self::Special,
            Present::Folder => Self::Folder,
            Present::File { .. } | Present::Link => match hash_present(top, path)? {
                Some(entry) => Self::Content(entry),
                None => Self::Nothing,
            },
        })
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Exchanged {
    /// The path is as it was to be.
    Done,
    /// Something else is there than what was known. It is left.
    Newer,
    /// What is there cannot be read. It is left.
    Unreadable,
}

/// How often somebody may be faster.
const TRIES: usize = 100;

/// Puts a complete, synced file of our own in place of what is known to be there.
pub(crate) fn put(top: &Top, path: &RepoPath, complete: &Path, known: Held) -> Result<Exchanged, Fault> {
    let now = Held::at(top, path)?;
    if let Some(why) = left(now, known) {
        return Ok(why);
    }
    if now == Held::Folder {
        top.remove_empty_folder(path)?;
    }
    trade(top, path, Aside::at(complete)?, known)
}

/// Takes what is known to be at a path away, and the folders that this empties. `scratch` is a folder of our own.
pub(crate) fn take_away(top: &Top, path: &RepoPath, scratch: &Path, known: Held) -> Result<Exchanged, Fault> {
    if let Some(why) = left(Held::at(top, path)?, known) {
        return Ok(why);
    }
    take(top, path, scratch, known)
}

/// Says why a path is left. Nothing can be lost where nothing is; a folder is taken away only where no file is in it.
fn left(now: Held, known: Held) -> Option<Exchanged> {
    match now {
        Held::Unreadable => Some(Exchanged::Unreadable),
        Held::Nothing | Held::Folder => None,
        Held::Content(_) | Held::Special => (now != known).then_some(Exchanged::Newer),
    }
}

fn trade(top: &Top, path: &RepoPath, mut aside: Aside, known: Held) -> Result<Exchanged, Fault> {
    let (mut goes_in, mut expected) = (Held::at(&aside.top, &aside.name)?, known);
    for round in 0..TRIES {
        let is_out = top.trade(path, &mut aside)?;
        let out = if is_out { Held::at(&aside.top, &aside.name)? } else { Held::Nothing };
        if !is_out || out == expected {
            if is_out {
                aside.discard()?;
            }
            return Ok(if round == 0 { Exchanged::Done } else { Exchanged::Newer });
        }
        // What came out is newer than what went in.
        (goes_in, expected) = (out, goes_in);
    }
    Err(busy(top, path))
}

fn take(top: &Top, path: &RepoPath, scratch: &Path, known: Held) -> Result<Exchanged, Fault> {
    let Some(aside) = top.take_aside(path, &scratch.join("out-of-the-way"))? else {
        top.remove_empty_folders(path)?;
        return Ok(Exchanged::Done);
    };
    if Held::at(&aside.top, &aside.name)? == known {
        aside.discard()?;
        top.remove_empty_folders(path)?;
        return Ok(Exchanged::Done);
    }
    // Where something is there again already, that is newer.
    if !top.bring_back(path, &aside)? {
        aside.discard()?;
    }
    Ok(Exchanged::Newer)
}

fn busy(top: &Top, path: &RepoPath) -> Fault {
    let source = std::io::Error::from(std::io::ErrorKind::ResourceBusy);
    DiskError { action: "put in place", path: top.full(path), source }.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A file `place` that holds what a person wrote after `known` was looked at, and a scratch folder.
    struct Late {
        folder: TempDir,
        top: Top,
        known: Held,
    }

    impl Late {
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            fs::create_dir(folder.path().join("scratch")).unwrap();
            fs::write(folder.path().join("place"), "known").unwrap();
            let top = Top::open(folder.path()).unwrap();
            let known = Held::at(&top, &place()).unwrap();
            fs::write(folder.path().join("place"), "the person").unwrap();
            Self { folder, top, known }
        }

        fn complete(&self) -> std::path::PathBuf {
            let file = self.folder.path().join("scratch/complete");
            fs::write(&file, "ours").unwrap();
            file
        }

        fn check_left(self, done: Exchanged) {
            assert_eq!(done, Exchanged::Newer);
            assert_eq!(fs::read_to_string(self.folder.path().join("place")).unwrap(), "the person");
        }
    }

    fn place() -> RepoPath {
        RepoPath::parse("place").unwrap()
    }

    #[test]
    fn what_was_written_before_the_last_look_is_left() {
        let late = Late::new();
        let done = put(&late.top, &place(), &late.complete(), late.known).unwrap();
        late.check_left(done);
        let late = Late::new();
        let done = take_away(&late.top, &place(), late.folder.path(), late.known).unwrap();
        late.check_left(done);
    }

    #[test]
    fn what_was_written_after_the_last_look_is_found_when_it_comes_out() {
        let late = Late::new();
        let done = trade(&late.top, &place(), Aside::at(&late.complete()).unwrap(), late.known).unwrap();
        late.check_left(done);
        let late = Late::new();
        let done = take(&late.top, &place(), late.folder.path(), late.known).unwrap();
        late.check_left(done);
    }
}
