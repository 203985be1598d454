//! What the branch's history says about a milestone: git decides what is done.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ErrorCode, ObjectType, Oid, Repository, Sort};
use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{CommitId, History, LedgerEntry};

use crate::config::Config;
use crate::fault::{Doing as _, Fault};
use crate::own_commits::is_agents;
use crate::repo::Repo;
use crate::standing::{commit_id, head_of, oid};
use crate::target;
use crate::trailers::{self, MILESTONE};
use crate::tree::os_path;

/// How to tell that a milestone is published.
#[derive(Clone, Copy)]
pub struct Publication<'a> {
    /// The remote to push to, where the configuration names one.
    pub remote: Option<&'a str>,
    /// The branch on its side, where the configuration names one.
    pub branch: Option<&'a str>,
    /// The milestone's document.
    pub document: &'a RepoPath,
    /// Reads the document's bytes and tells whether they say `done`.
    pub says_done: &'a dyn Fn(&[u8]) -> bool,
}

/// The largest document that is looked into, in bytes.
const DOCUMENT: usize = 1024 * 1024;

/// Reads what the commits since `base` (all, where there is none) say about a milestone.
///
/// Works are found by trailer, never by id, so that a rebase, an amend or a squash is survived. Commits whose committer
/// is an agent do not count. Where history is cut short, `complete` is false, and not finding means nothing.
pub fn history(
    repo: &Repo,
    base: Option<&CommitId>,
    milestone: &MilestoneId,
    publication: Publication<'_>,
) -> Result<History, Fault> {
    let library = repo.library()?;
    let head = oid(&head_of(&library)?.commit)?;
    let base = base.map(oid).transpose()?;
    let shallow = shallow_ids(repo)?;
    let known_base = match base {
        Some(id) if has_commit(&library, id)? => Some(id),
        Some(_) | None => None,
    };
    let descends = match (base, known_base) {
        (_, Some(id)) => id == head || library.graph_descendant_of(head, id).doing("compare commits")?,
        // Cut off: it may lie beyond.
        (Some(_), None) => !shallow.is_empty(),
        (None, _) => true,
    };
    let mut ledger = Ledger::default();
    let mut complete = true;
    let mut walk = library.revwalk().doing("walk the history")?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)
        .and_then(|()| walk.push(head))
        .doing("walk the history")?;
    if let Some(id) = known_base {
        walk.hide(id).doing("walk the history")?;
    }
    for id in walk {
        let id = id.doing("walk the history")?;
        complete &= !shallow.contains(&id);
        ledger.read(&library, id, milestone)?;
    }
    let (commits, reverted) = ledger.into_parts();
    let published = is_published(repo, &library, publication)?;
    Ok(History { commits, reverted, descends, complete, published })
}

/// Lists the works of a milestone whose commits `since` has below it and the head has not, under any id: somebody took
/// them off the branch, or an agent made them over.
pub fn lost_works(repo: &Repo, since: &CommitId, milestone: &MilestoneId) -> Result<Vec<WorkId>, Fault> {
    let library = repo.library()?;
    let (since, head) = (oid(since)?, oid(&head_of(&library)?.commit)?);
    let works = |of: Oid, without: Oid| -> Result<Vec<WorkId>, Fault> {
        let mut ledger = Ledger::default();
        let mut walk = library.revwalk().doing("walk the history")?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)
            .and_then(|()| walk.push(of))
            .and_then(|()| walk.hide(without))
            .doing("walk the history")?;
        for id in walk {
            ledger.read(&library, id.doing("walk the history")?, milestone)?;
        }
        Ok(ledger.entries.into_iter().map(|entry| entry.work).collect())
    };
    let gone = works(since, head)?;
    if gone.is_empty() {
        return Ok(gone);
    }
    let there = works(head, since)?;
    Ok(gone.into_iter().filter(|work| !there.contains(work)).collect())
}

/// Commits of one milestone and what became of them, in the order of history.
#[derive(Default)]
struct Ledger {
    entries: Vec<LedgerEntry>,
    /// The works that each commit carries or, for a revert, takes away.
    of_commit: BTreeMap<Oid, Effect>,
    reverted: BTreeSet<WorkId>,
}

#[derive(Clone)]
enum Effect {
    Does(Vec<WorkId>),
    Undoes(Vec<WorkId>),
}

impl Ledger {
    fn read(&mut self, library: &Repository, id: Oid, milestone: &MilestoneId) -> Result<(), Fault> {
        let commit = library.find_commit(id).doing("read a commit")?;
        if is_agents(&commit) {
            return Ok(());
        }
        let message = commit.message_bytes();
        let subject = String::from_utf8_lossy(commit.summary_bytes().unwrap_or_default()).into_owned();
        let pairs =
            if contains(message, MILESTONE.as_bytes()) { trailers::pairs(message) } else { Vec::new() };
        // What carries our trailers is a work, whatever a model wrote above them.
        if pairs.is_empty() {
            let revert = reverted_id(message);
            if subject.starts_with("Revert \"") || subject.starts_with("Reapply \"") || revert.is_some() {
                let of = revert.filter(|of| self.of_commit.contains_key(of));
                let is_others = match (of, revert) {
                    (None, Some(named)) => has_below(library, id, named)?,
                    (Some(_), _) | (None, None) => false,
                };
                if !is_others {
                    self.undo(id, of, &subject);
                }
            }
            return Ok(());
        }
        let works: Vec<WorkId> =
            pairs.into_iter().filter(|(of, _)| of == milestone).map(|(_, work)| work).collect();
        for work in &works {
            self.reverted.remove(work);
            let (commit, subject) = (commit_id(id), subject.clone());
            self.entries.push(LedgerEntry { work: work.clone(), commit, subject });
        }
        if !works.is_empty() {
            self.of_commit.insert(id, Effect::Does(works));
        }
        Ok(())
    }

    /// A revert takes works away, a revert of a revert brings them back.
    fn undo(&mut self, id: Oid, of: Option<Oid>, subject: &str) {
        let undone = match of.and_then(|of| self.of_commit.get(&of).cloned()) {
            Some(Effect::Does(works)) => Effect::Undoes(works),
            Some(Effect::Undoes(works)) => Effect::Does(works),
            None => match self.by_subject(subject) {
                Some(effect) => effect,
                None => return,
            },
        };
        match &undone {
            Effect::Undoes(works) => self.reverted.extend(works.iter().cloned()),
            Effect::Does(works) => self.reverted.retain(|work| !works.contains(work)),
        }
        self.of_commit.insert(id, undone);
    }

    /// What a revert does whose message names no commit that is here: after a rebase, or made by a forge, which names a
    /// pull request. Of several works with that subject the latest is meant.
    fn by_subject(&self, subject: &str) -> Option<Effect> {
        let (quoted, is_undone) = reverted_subject(subject)?;
        let entry = self.entries.iter().rev().find(|entry| entry.subject == quoted)?;
        let works = self.entries.iter().filter(|other| other.commit == entry.commit);
        let works = works.map(|entry| entry.work.clone()).collect();
        Some(if is_undone { Effect::Undoes(works) } else { Effect::Does(works) })
    }

    fn into_parts(self) -> (Vec<LedgerEntry>, Vec<WorkId>) {
        (self.entries, self.reverted.into_iter().collect())
    }
}

/// The subject that a revert quotes, and whether it is undone by it: `Revert "x"`, with what a forge adds behind it,
/// `Reapply "x"` for a revert of that (git 2.43), and both of them in each other.
fn reverted_subject(subject: &str) -> Option<(&str, bool)> {
    let (inner, undoes) = match (subject.strip_prefix("Revert \""), subject.strip_prefix("Reapply \"")) {
        (Some(inner), _) => (inner, true),
        (None, Some(inner)) => (inner, false),
        (None, None) => return None,
    };
    let (inner, _number) = inner.rsplit_once('"')?;
    Some(match reverted_subject(inner) {
        Some((quoted, is_undone)) => (quoted, is_undone != undoes),
        None => (inner, undoes),
    })
}

/// The commit that a message says it reverts.
fn reverted_id(message: &[u8]) -> Option<Oid> {
    const WORDS: &[u8] = b"This reverts commit ";
    let at = message.windows(WORDS.len()).position(|window| window == WORDS)? + WORDS.len();
    let digits = message.get(at..at + 40)?;
    Oid::from_str(std::str::from_utf8(digits).ok()?).ok()
}

fn contains(message: &[u8], words: &[u8]) -> bool {
    message.windows(words.len()).any(|window| window.eq_ignore_ascii_case(words))
}

/// Tells whether a commit is in the history of another.
fn has_below(library: &Repository, commit: Oid, below: Oid) -> Result<bool, Fault> {
    Ok(has_commit(library, below)? && library.graph_descendant_of(commit, below).doing("compare commits")?)
}

fn has_commit(library: &Repository, id: Oid) -> Result<bool, Fault> {
    match library.find_commit(id) {
        Ok(_) => Ok(true),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(false),
        Err(source) => Err(Fault::Library { action: "read a commit", source }),
    }
}

/// The commits whose parents were not fetched.
fn shallow_ids(repo: &Repo) -> Result<BTreeSet<Oid>, Fault> {
    use crate::fault::At as _;
    let file = repo.common_dir().join("shallow");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error).at("read", file)?,
    };
    Ok(text.lines().filter_map(|line| Oid::from_str(line).ok()).collect())
}

/// Tells whether what was last fetched from where a push would go, or from the upstream, says `done` in its tree.
fn is_published(repo: &Repo, library: &Repository, publication: Publication<'_>) -> Result<bool, Fault> {
    let config = Config::read(repo)?;
    let branch = head_of(library)?.branch;
    let tips = target::published_refs(&config, &branch, publication.remote, publication.branch);
    for name in tips {
        let commit = match library.find_reference(&name).and_then(|reference| reference.peel_to_commit()) {
            Ok(commit) => commit,
            Err(error) if error.code() == ErrorCode::NotFound => continue,
            Err(source) => return Err(Fault::Library { action: "read a remote-tracking ref", source }),
        };
        let tree = commit.tree().doing("read a tree")?;
        let Ok(entry) = tree.get_path(os_path(publication.document)) else { continue };
        if entry.kind() != Some(ObjectType::Blob) {
            continue;
        }
        let blob = library.find_blob(entry.id()).doing("read an object")?;
        if blob.size() <= DOCUMENT && (publication.says_done)(blob.content()) {
            return Ok(true);
        }
    }
    Ok(false)
}
