//! The files that the tools of one turn share, and the rules for writing them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use orchestra_core::ownership::{Place, Room};
use orchestra_core::path::RepoPath;

use super::Answer;
use super::atomic::{self, Plain, WriteError};
use super::beneath::{LastLink, Name, PathError, Spot, Top};
use super::shown::{self, Heading};

/// How many globs are named in a refusal.
const MAX_GLOBS: usize = 40;

/// A work tree, and where in it the role may write.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) top: Top,
    room: Option<Room>,
    /// What was written in this turn: a lock file goes with its manifest.
    changed: Mutex<BTreeSet<RepoPath>>,
}

impl Files {
    pub(super) fn open(top: &Path, room: Option<Room>) -> io::Result<Self> {
        Ok(Self { top: Top::open(top)?, room, changed: Mutex::default() })
    }

    /// Tells whether anything may be written at all.
    pub(super) fn has_room(&self) -> bool {
        self.room.as_ref().is_some_and(|room| !room.is_closed())
    }

    /// Resolves a path for writing. The error is for the model.
    pub(super) fn to_write(&self, asked: &str) -> Result<Target, String> {
        let why = |error: &PathError| refusal(asked, error);
        if asked.is_empty() || asked.ends_with('/') {
            return Err(format!("`{}`: the path names no file", shown::one_line(asked)));
        }
        let name = match self.top.resolve(asked, LastLink::Keep).map_err(|error| why(&error))? {
            Spot::Folder(_) => return Err(why(&PathError::NotAFile { what: "a folder" })),
            Spot::Name(name) => name,
        };
        let place = self.place(&name.path)?;
        match name.kind {
            None | Some(super::beneath::Kind::File) => Ok(Target { name, place }),
            Some(super::beneath::Kind::Link) => Err(format!(
                "`{}` is a symbolic link to `{}`, which is not written through: write to the file itself",
                name.path,
                shown::one_line(&name.target())
            )),
            Some(other) => Err(why(&PathError::NotAFile { what: other.words() })),
        }
    }

    /// Tells whether a path may be written. The error is for the model.
    fn place(&self, path: &RepoPath) -> Result<Place, String> {
        let Some(room) = &self.room else { return Err(format!("`{path}`: nothing may be written")) };
        let changed = self.changed();
        let beside: Vec<&RepoPath> = changed.iter().filter(|other| *other != path).collect();
        match room.place(path, &beside) {
            Place::Outside => Err(outside(path, room)),
            inside @ (Place::Planned | Place::Beyond) => Ok(inside),
        }
    }

    /// Writes a file and says so beneath what `heading` has to say.
    pub(super) fn write(
        &self,
        target: &Target,
        bytes: &[u8],
        before: Option<&Plain>,
        heading: &mut Heading,
    ) -> Answer {
        let path = &target.name.path;
        match atomic::write(&target.name, bytes, before) {
            Ok(()) => {}
            Err(WriteError::Changed) => {
                return Answer::wrong(format!(
                    "`{path}` was changed by somebody else at this moment, nothing was written: read it again"
                ));
            }
            Err(WriteError::Path(error)) => return Answer::wrong(refusal(&path.to_string(), &error)),
        }
        self.changed().insert(path.clone());
        if target.place == Place::Beyond {
            heading.say("beyond the files of this phase, so it will be listed as also changed");
        }
        let changed = path.as_str().map(str::to_owned);
        Answer { changed, ..Answer::text(heading.over("")) }
    }

    /// A thread that panicked while it held the set has not left it half changed.
    fn changed(&self) -> MutexGuard<'_, BTreeSet<RepoPath>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that may be written.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: Name,
    place: Place,
}

/// Why a path cannot be used, for the model.
pub(super) fn refusal(asked: &str, error: &PathError) -> String {
    format!("`{}`: {}", shown::one_line(asked), error.words())
}

fn outside(path: &RepoPath, room: &Room) -> String {
    let mut text = format!("`{path}` lies outside of what this role may write: {}", listed(room.globs()));
    if let Some(strict) = room.strict_globs() {
        text.push_str(", and of that only the files of this phase: ");
        text.push_str(&listed(strict));
    }
    text
}

fn listed<'a>(globs: impl Iterator<Item = &'a str>) -> String {
    let mut globs: Vec<String> =
        globs.take(MAX_GLOBS + 1).map(|glob| format!("`{}`", shown::one_line(glob))).collect();
    if globs.len() > MAX_GLOBS {
        globs.truncate(MAX_GLOBS);
        globs.push("…".to_owned());
    }
    globs.join(", ")
}
