//! What the work tree holds now, beside what was there when a turn began: as a patch, for a person who looks on meanwhile.
//!
//! Nothing is written, no lock is taken, and no program runs but `git` itself, which lists the configuration and the status:
//! filters are off, a partial clone fetches nothing, and the patches are made here from bytes. What somebody changes in between is seen or not; nothing is decided by it.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::{Duration, Instant};

use git2::{Commit, Patch, Repository};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::CommitId;

use crate::beneath::{Present, Top};
use crate::changes::{Baseline, BaselineError};
use crate::config::Config;
use crate::fault::{At as _, Doing as _, Fault};
use crate::kept::{self, Kept, Record};
use crate::quote::quoted;
use crate::repo::Repo;
use crate::review_diff::Bounded;
use crate::scan;
use crate::standing::{commit_id, head_of, oid};
use crate::store::mode_of;
use crate::tree::{self, Entry, GITLINK, LINK, Mode};

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of the patch, in bytes.
    pub patch: usize,
    /// Of a file: a larger one, in bytes, is named only.
    pub file: u64,
    /// How long files are compared. Those that come later are named only.
    pub time: Duration,
}

/// The work tree beside what it is compared with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TreeDiff {
    /// The commit that was the head then; the head of now where there is no snapshot.
    pub head: CommitId,
    /// Whether a snapshot says what was not committed then.
    pub has_snapshot: bool,
    /// How many files differ.
    pub file_count: usize,
    /// The patch, `.orchestra` at its end.
    pub patch: String,
}

/// Compares the work tree, untracked files included and ignored ones not, with the snapshot under a rescue ref, or with the
/// head where there is no such snapshot.
pub fn tree_diff(repo: &Repo, snapshot: Option<&str>, bounds: Bounds) -> Result<TreeDiff, Fault> {
    let repo = repo.without_filters();
    let library = repo.library()?;
    let head = library.find_commit(oid(&head_of(&library)?.commit)?).doing("read a commit")?;
    let baseline = match snapshot.map(|reference| Baseline::open(&library, reference)) {
        Some(Ok(baseline)) => Some(baseline),
        None | Some(Err(BaselineError::Missing { .. })) => None,
        Some(Err(BaselineError::Fault(fault))) => return Err(fault),
    };
    let no_record = Record::new();
    let then = Then {
        head: baseline.as_ref().map_or(&head, |baseline| &baseline.head),
        kept: baseline.as_ref().map(|baseline| &baseline.commit),
        record: baseline.as_ref().map_or(&no_record, |baseline| &baseline.record),
    };
    let scan = scan::read(&repo, &Config::read(&repo)?)?;
    // What was committed meanwhile is as the head has it, and not as it was.
    let committed = tree::differences(&library, Some(then.head.tree_id()), Some(head.tree_id()))?;
    let paths: BTreeSet<&RepoPath> = scan
        .paths
        .keys()
        .chain(then.record.keys())
        .chain(committed.iter().map(|difference| &difference.path))
        .collect();
    let mut paths: Vec<&RepoPath> = paths.into_iter().collect();
    paths.sort_by_key(|path| path.is_beneath(b".orchestra"));
    let top = Top::open(repo.root())?;
    let until = Instant::now() + bounds.time;
    let (mut text, mut file_count) = (Bounded::new(bounds.patch), 0);
    for path in paths {
        let unfit = scan.paths.get(path).and_then(|scanned| scanned.unfit);
        let look = Look { library: &library, top: &top, then: &then, path, bounds };
        let shown = match unfit {
            Some(why) => Some(look.named(why)),
            None if Instant::now() >= until => Some(look.named("there was no time to compare it")),
            None => look.compare()?,
        };
        if let Some(shown) = shown {
            file_count += 1;
            text.push(&shown);
        }
    }
    let has_snapshot = baseline.is_some();
    Ok(TreeDiff { head: commit_id(then.head.id()), has_snapshot, file_count, patch: text.finish() })
}

/// What was there then.
struct Then<'a> {
    head: &'a Commit<'a>,
    kept: Option<&'a Commit<'a>>,
    record: &'a Record,
}

impl Then<'_> {
    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, Fault> {
        match (self.record.get(path), self.kept) {
            (Some(Kept::File { .. } | Kept::Link), Some(commit)) => kept::entry_of(commit, path),
            (Some(Kept::Gone | Kept::Unfit), _) => Ok(None),
            (Some(Kept::File { .. } | Kept::Link | Kept::Staged) | None, _) => {
                tree::find_entry(&self.head.tree().doing("read a tree")?, path)
            }
        }
    }
}

/// What a file holds, or why that is not shown.
enum Held {
    Bytes { mode: Mode, bytes: Vec<u8> },
    Nothing,
    Unshown(String),
}

struct Look<'a> {
    library: &'a Repository,
    top: &'a Top,
    then: &'a Then<'a>,
    path: &'a RepoPath,
    bounds: Bounds,
}

impl Look<'_> {
    /// The patch of the file; none where it is as it was.
    fn compare(&self) -> Result<Option<Vec<u8>>, Fault> {
        let old = match self.then.entry(self.path)? {
            None => Held::Nothing,
            Some(entry) => self.held_then(entry)?,
        };
        Ok(match (old, self.held_now()?) {
            (Held::Nothing, Held::Nothing) => None,
            (Held::Unshown(why), _) | (_, Held::Unshown(why)) => Some(self.named(&why)),
            (Held::Nothing, Held::Bytes { mode, bytes }) => {
                Some(self.patch(&format!("new file mode {mode:o}\n"), &[], &bytes)?)
            }
            (Held::Bytes { mode, bytes }, Held::Nothing) => {
                Some(self.patch(&format!("deleted file mode {mode:o}\n"), &bytes, &[])?)
            }
            (Held::Bytes { mode: was, bytes: old }, Held::Bytes { mode, bytes: new }) => {
                let head = if was == mode {
                    String::new()
                } else {
                    format!("old mode {was:o}\nnew mode {mode:o}\n")
                };
                // Where git converts line endings, the work tree has other bytes than the commit.
                let plain = without_returns(&old, &new);
                let new = plain.as_deref().unwrap_or(&new);
                if head.is_empty() && old == new { None } else { Some(self.patch(&head, &old, new)?) }
            }
        })
    }

    fn held_then(&self, entry: Entry) -> Result<Held, Fault> {
        if entry.mode == GITLINK {
            return Ok(Held::Unshown("a submodule".to_owned()));
        }
        let store = self.library.odb().doing("open the object store")?;
        let (size, _) = store.read_header(entry.id).doing("read an object")?;
        if size as u64 > self.bounds.file {
            return Ok(Held::Unshown(format!("it was too large: {size} bytes")));
        }
        let bytes = self.library.find_blob(entry.id).doing("read an object")?.content().to_vec();
        Ok(Held::Bytes { mode: entry.mode, bytes })
    }

    fn held_now(&self) -> Result<Held, Fault> {
        Ok(match self.top.look(self.path)? {
            Present::Absent | Present::Folder => Held::Nothing,
            Present::Special(what) => Held::Unshown(what.to_owned()),
            Present::Link => match self.top.read_link(self.path)? {
                Some(bytes) => Held::Bytes { mode: LINK, bytes },
                None => Held::Nothing,
            },
            Present::File { size, .. } if size > self.bounds.file => {
                Held::Unshown(format!("too large: {size} bytes"))
            }
            Present::File { permissions, .. } => match self.top.read(self.path)? {
                None => Held::Nothing,
                Some(file) => {
                    // It may grow while it is read.
                    let mut bytes = Vec::new();
                    file.take(self.bounds.file)
                        .read_to_end(&mut bytes)
                        .at("read", self.top.full(self.path))?;
                    Held::Bytes { mode: mode_of(permissions), bytes }
                }
            },
        })
    }

    /// The file's head, and what is said instead of its lines.
    fn named(&self, why: &str) -> Vec<u8> {
        format!("{}(not shown: {why})\n", self.head()).into_bytes()
    }

    fn head(&self) -> String {
        let bytes = self.path.as_bytes();
        let is_plain = |byte: &u8| !byte.is_ascii_control() && !matches!(byte, b'"' | b'\\');
        match std::str::from_utf8(bytes) {
            Ok(name) if bytes.iter().all(is_plain) => format!("diff --git a/{name} b/{name}\n"),
            _ => format!(
                "diff --git {} {}\n",
                quoted(&[b"a/", bytes].concat()),
                quoted(&[b"b/", bytes].concat())
            ),
        }
    }

    fn patch(&self, more: &str, old: &[u8], new: &[u8]) -> Result<Vec<u8>, Fault> {
        let patch = Patch::from_buffers(old, None, new, None, None);
        let mut patch = patch.doing("compare files")?;
        let mut text = format!("{}{more}", self.head()).into_bytes();
        let printed = patch.print(&mut |_, _, line| {
            match line.origin() {
                // The head is ours already.
                'F' => return true,
                'B' => text.extend_from_slice(b"(not shown: it is no text)\n"),
                origin @ ('+' | '-' | ' ') => {
                    text.push(u8::try_from(origin).unwrap_or(b' '));
                    text.extend_from_slice(line.content());
                }
                _ => text.extend_from_slice(line.content()),
            }
            true
        });
        printed.doing("write a patch")?;
        Ok(text)
    }
}

/// What is there now without the returns at the ends of its lines, where all of them have one and none had one.
fn without_returns(old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let ends = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count() - 1;
    let returns = new.windows(2).filter(|two| *two == b"\r\n").count();
    if returns == 0 || returns != ends(new) || old.contains(&b'\r') || ends(old) == 0 {
        return None;
    }
    let mut plain = Vec::with_capacity(new.len());
    for (index, byte) in new.iter().enumerate() {
        if *byte != b'\r' || new.get(index + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    Some(plain)
}
