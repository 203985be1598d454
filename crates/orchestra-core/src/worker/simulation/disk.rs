//! The simulated disk and repository: files with unsynced writes, commits, index, refs, a remote.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use crate::id::{MilestoneId, WorkId};
use crate::path::{ContentHash, RepoPath};
use crate::plan::{Cursor, Milestone, Phase};
use crate::repo::CommitId;

/// What a file holds. Texts are numbered, so that every byte that was ever written can be told apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Content {
    Text(u32),
    Milestone(Hashed<Milestone>),
    Phase(Hashed<Phase>),
    Context(Hashed<Cursor>),
}

impl Content {
    pub(super) fn hash(&self) -> ContentHash {
        match self {
            Self::Text(number) => ContentHash::of(&number.to_le_bytes()),
            Self::Milestone(document) => document.hash(),
            Self::Phase(document) => document.hash(),
            Self::Context(document) => document.hash(),
        }
    }
}

/// A document with its hash: it is copied, compared and asked for its hash far more often than it changes.
#[derive(Clone, Debug)]
pub(super) struct Hashed<T>(Rc<(T, ContentHash)>);

impl<T: fmt::Debug> Hashed<T> {
    pub(super) fn new(document: T) -> Self {
        let hash = ContentHash::of(format!("{document:?}").as_bytes());
        Self(Rc::new((document, hash)))
    }
}

impl<T> Hashed<T> {
    fn hash(&self) -> ContentHash {
        self.0.1
    }
}

impl<T> Deref for Hashed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.0
    }
}

impl<T> PartialEq for Hashed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.1 == other.0.1
    }
}

impl<T> Eq for Hashed<T> {}

pub(super) type Tree = BTreeMap<RepoPath, Content>;

/// Makes a path hold something, or nothing.
pub(super) fn set(tree: &mut Tree, path: &RepoPath, content: Option<Content>) -> Option<Content> {
    match content {
        Some(content) => tree.insert(path.clone(), content),
        None => tree.remove(path),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Author {
    Person,
    Agent,
    Us,
}

#[derive(Clone, Debug)]
pub(super) struct Commit {
    pub(super) parent: Option<CommitId>,
    pub(super) tree: Tree,
    pub(super) of: Option<(MilestoneId, WorkId)>,
    pub(super) author: Author,
}

/// A commit under a rescue ref: what was dirty, and what was staged besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Saved {
    pub(super) head: Option<CommitId>,
    pub(super) files: BTreeMap<RepoPath, Option<Content>>,
    pub(super) staged: Vec<Content>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    pub(super) files: Tree,
    /// What a power cut may bring back.
    pub(super) unsynced: BTreeMap<RepoPath, Option<Content>>,
    pub(super) commits: BTreeMap<CommitId, Commit>,
    pub(super) branches: BTreeMap<String, CommitId>,
    pub(super) branch: String,
    pub(super) index: Tree,
    pub(super) rescue: BTreeMap<String, Saved>,
    pub(super) remote: BTreeMap<String, CommitId>,
    pub(super) tracking: BTreeMap<String, CommitId>,
    pub(super) count: u32,
}

impl Disk {
    pub(super) fn head(&self) -> CommitId {
        self.branches[&self.branch].clone()
    }

    pub(super) fn head_tree(&self) -> &Tree {
        &self.commits[&self.head()].tree
    }

    /// Makes a commit object; nothing points at it yet.
    pub(super) fn commit(&mut self, commit: Commit) -> CommitId {
        self.count += 1;
        let id = CommitId::parse(&format!("{:040x}", self.count)).unwrap();
        self.commits.insert(id.clone(), commit);
        id
    }

    /// `git switch`: what is clean follows the branch, what is dirty stays.
    ///
    /// Where a changed path differs between the two branches it refuses, as git does, and says which these are.
    pub(super) fn switch(&mut self, branch: &str) -> Vec<RepoPath> {
        let (old, tip) = (self.head_tree().clone(), self.branches[branch].clone());
        let new = self.commits[&tip].tree.clone();
        let paths: BTreeSet<&RepoPath> = old.keys().chain(new.keys()).collect();
        let differ: Vec<RepoPath> =
            paths.into_iter().filter(|path| old.get(*path) != new.get(*path)).cloned().collect();
        let is_clean =
            |path: &RepoPath| self.files.get(path) == old.get(path) && self.index.get(path) == old.get(path);
        let in_the_way: Vec<RepoPath> = differ.iter().filter(|path| !is_clean(path)).cloned().collect();
        if in_the_way.is_empty() {
            branch.clone_into(&mut self.branch);
            for path in differ {
                for tree in [&mut self.files, &mut self.index] {
                    set(tree, &path, new.get(&path).cloned());
                }
            }
        }
        in_the_way
    }

    /// Ids from a commit down to the root, newest first.
    pub(super) fn below(&self, tip: &CommitId) -> Vec<CommitId> {
        let mut ids = Vec::new();
        let mut next = Some(tip.clone());
        while let Some(id) = next {
            next = self.commits[&id].parent.clone();
            ids.push(id);
        }
        ids
    }

    /// Commits of the branch above `base`, oldest first.
    pub(super) fn since(&self, base: &CommitId) -> Vec<CommitId> {
        let mut ids: Vec<CommitId> =
            self.below(&self.head()).into_iter().take_while(|id| id != base).collect();
        ids.reverse();
        ids
    }

    /// Changed or untracked paths, with what they hold.
    pub(super) fn dirty(&self) -> BTreeMap<RepoPath, Option<Content>> {
        let tree = self.head_tree();
        let paths: BTreeSet<&RepoPath> =
            tree.keys().chain(self.files.keys()).chain(self.index.keys()).collect();
        let differs = |path: &&&RepoPath| {
            self.files.get(**path) != tree.get(**path) || self.index.get(**path) != tree.get(**path)
        };
        paths.iter().filter(differs).map(|path| ((*path).clone(), self.files.get(*path).cloned())).collect()
    }

    /// Saves dirty paths and what is staged; a ref that is there is kept.
    pub(super) fn save(&mut self, name: &str, files: BTreeMap<RepoPath, Option<Content>>) {
        let tree = self.head_tree();
        let staged = self.index.iter().filter(|(path, content)| tree.get(*path) != Some(*content));
        let staged = staged.map(|(_, content)| content.clone()).collect();
        let head = Some(self.head());
        self.rescue.entry(name.to_owned()).or_insert(Saved { head, files, staged });
    }

    /// Saves under a name that is free, or that holds the same already.
    pub(super) fn save_beside(&mut self, name: &str, files: BTreeMap<RepoPath, Option<Content>>) -> String {
        for n in 1.. {
            let name = if n == 1 { name.to_owned() } else { format!("{name}-{n}") };
            match self.rescue.get(&name) {
                None => {
                    self.save(&name, files);
                    return name;
                }
                Some(saved) if saved.files == files => return name,
                Some(_) => {}
            }
        }
        unreachable!("some number is free")
    }

    pub(super) fn write(&mut self, path: &RepoPath, content: Option<Content>, synced: bool) {
        let before = set(&mut self.files, path, content);
        if synced {
            self.unsynced.remove(path);
        } else {
            self.unsynced.entry(path.clone()).or_insert(before);
        }
    }

    /// Everything that can still be read: tree, index, every commit that a ref leads to.
    pub(super) fn holds(&self, content: &Content) -> bool {
        let tips = self.branches.values().chain(self.remote.values());
        self.files.values().any(|held| held == content)
            || self.index.values().any(|held| held == content)
            || self.rescue.values().any(|saved| {
                saved.files.values().flatten().any(|held| held == content) || saved.staged.contains(content)
            })
            || tips
                .flat_map(|tip| self.below(tip))
                .any(|id| self.commits[&id].tree.values().any(|held| held == content))
            || self.rescue.values().filter_map(|saved| saved.head.as_ref()).any(|head| {
                self.below(head).iter().any(|id| self.commits[id].tree.values().any(|held| held == content))
            })
    }
}
