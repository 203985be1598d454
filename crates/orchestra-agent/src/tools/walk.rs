//! The files of a folder and of those beneath it, without what git ignores.
//!
//! Every folder is opened from the descriptor of the one above, and links are not followed. The patterns are
//! understood by ripgrep's own crate; the walk is not its, because that one goes by names and looks for a person's
//! own list of patterns through the environment.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use orchestra_core::ownership::{is_gits, is_state};
use orchestra_core::path::RepoPath;
use rustix::fs::Dir;

use super::beneath::{self, Folder, Kind, LastLink, MAX_DEPTH, PathError, Spot, Top, could_not};
use super::stop::Stop;

/// How many names of one folder are looked at.
const MAX_NAMES: usize = 100_000;
/// The largest list of patterns, in bytes.
const MAX_PATTERNS: u64 = 256 * 1024;

/// Something that was found.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The folder that it lies in.
    pub(super) folder: &'a Folder,
    pub(super) name: &'a [u8],
    pub(super) path: &'a RepoPath,
    pub(super) kind: Kind,
    /// 1 in the folder where the walk began.
    pub(super) depth: usize,
}

/// What follows on an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// The walk goes on, into a folder as well.
    On,
    /// It goes on beside it.
    Beside,
    /// It ends here.
    End,
}

/// What a walk left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct LeftOut {
    /// Folders that could not be opened, or that lie too deep.
    pub(super) folders: u64,
    /// Names beyond what is looked at in one folder.
    pub(super) names: u64,
    /// Whether it was stopped before its end.
    pub(super) was_stopped: bool,
}

/// Walks a folder, in the order of names, as deep as `max_depth`.
pub(super) fn walk(
    top: &Top,
    folder: &Folder,
    max_depth: usize,
    stop: &Stop,
    mut each: impl FnMut(&Entry<'_>) -> Next,
) -> Result<LeftOut, PathError> {
    let patterns = patterns_above(top, folder)?;
    let max_depth = max_depth.min(MAX_DEPTH);
    let mut walk = Walk { patterns, max_depth, stop, left_out: LeftOut::default() };
    let ended = walk.folder(folder, 1, &mut each)?;
    walk.left_out.was_stopped = ended.is_break() && stop.is_due();
    Ok(walk.left_out)
}

/// The patterns of one folder, and how long its own path is.
struct Patterns {
    matcher: Gitignore,
    prefix: usize,
}

struct Walk<'a> {
    /// Those of the folders on the way, the top's first.
    patterns: Vec<Patterns>,
    max_depth: usize,
    stop: &'a Stop,
    left_out: LeftOut,
}

impl Walk<'_> {
    fn folder(
        &mut self,
        folder: &Folder,
        depth: usize,
        each: &mut impl FnMut(&Entry<'_>) -> Next,
    ) -> Result<ControlFlow<()>, PathError> {
        let names = self.names(folder)?;
        self.patterns.push(patterns_in(folder));
        for (name, kind) in names {
            if self.stop.is_due() {
                return Ok(ControlFlow::Break(()));
            }
            let Some(path) = beneath::beneath(folder.path.as_ref(), &name) else { continue };
            if is_gits(&path) || is_state(&path) || self.is_ignored(&path, kind == Kind::Folder) {
                continue;
            }
            let next = each(&Entry { folder, name: &name, path: &path, kind, depth });
            if next == Next::End {
                return Ok(ControlFlow::Break(()));
            }
            if kind != Kind::Folder || next == Next::Beside || depth == self.max_depth {
                self.left_out.folders += u64::from(kind == Kind::Folder && depth == MAX_DEPTH);
                continue;
            }
            // One that may not be read, or that is gone, keeps nobody from the others.
            let inside =
                folder.folder(&name).ok().and_then(|inside| self.folder(&inside, depth + 1, each).ok());
            match inside {
                Some(ControlFlow::Continue(())) => {}
                Some(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
                None => self.left_out.folders += 1,
            }
        }
        self.patterns.pop();
        Ok(ControlFlow::Continue(()))
    }

    /// The names of a folder with what stands there, sorted.
    fn names(&mut self, folder: &Folder) -> Result<Vec<(Vec<u8>, Kind)>, PathError> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder.fd).map_err(could_not("list"))? {
            let entry = entry.map_err(could_not("list"))?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            if names.len() == MAX_NAMES {
                self.left_out.names += 1;
                continue;
            }
            let kind = match entry.file_type() {
                // Some file systems do not say.
                rustix::fs::FileType::Unknown => match beneath::kind_of(folder, name) {
                    Ok(Some(kind)) => kind,
                    Ok(None) | Err(_) => continue,
                },
                known => Kind::of(known),
            };
            names.push((name.to_vec(), kind));
        }
        names.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(names)
    }

    fn is_ignored(&self, path: &RepoPath, is_folder: bool) -> bool {
        let decision = self.patterns.iter().rev().find_map(|patterns| {
            let beneath = &path.as_bytes()[patterns.prefix..];
            let beneath = Path::new(std::ffi::OsStr::from_bytes(beneath));
            match patterns.matcher.matched(beneath, is_folder) {
                Match::None => None,
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
            }
        });
        decision.unwrap_or(false)
    }
}

/// The patterns of the folders above one, from the top down.
fn patterns_above(top: &Top, folder: &Folder) -> Result<Vec<Patterns>, PathError> {
    let Some(path) = &folder.path else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    let Spot::Folder(mut above) = top.resolve("", LastLink::Keep)? else { return Ok(all) };
    for name in path.as_bytes().split(|byte| *byte == b'/') {
        all.push(patterns_in(&above));
        above = above.folder(name).map_err(could_not("open"))?;
    }
    Ok(all)
}

/// The patterns that a folder has for what lies beneath it: `.ignore` counts more than `.gitignore`, and that more
/// than the repository's own list.
fn patterns_in(folder: &Folder) -> Patterns {
    let mut builder = GitignoreBuilder::new("");
    if folder.path.is_none()
        && let Ok(git) = folder.folder(b".git")
        && let Ok(info) = git.folder(b"info")
    {
        add(&mut builder, info.file(b"exclude"));
    }
    add(&mut builder, folder.file(b".gitignore"));
    add(&mut builder, folder.file(b".ignore"));
    Patterns {
        // Without a matcher that can be built everything is shown, which is the safe side here.
        matcher: builder.build().unwrap_or_else(|_| Gitignore::empty()),
        prefix: folder.path.as_ref().map_or(0, |path| path.as_bytes().len() + 1),
    }
}

/// Adds the patterns of a file. A line that is none, and a file that cannot be read, hide nothing.
fn add(builder: &mut GitignoreBuilder, file: Result<File, PathError>) {
    let Ok(file) = file else { return };
    let mut bytes = Vec::new();
    if file.take(MAX_PATTERNS).read_to_end(&mut bytes).is_err() {
        return;
    }
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
        let _no_pattern = builder.add_line(None, line);
    }
}
