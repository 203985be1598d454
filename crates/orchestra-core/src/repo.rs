//! Facts about a repository, as git reports them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{MilestoneId, WorkId};
use crate::path::{ContentHash, RepoPath};

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a full object id: 40 or 64 lowercase hexadecimal digits.
            pub fn parse(text: &str) -> Option<Self> {
                let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                (is_hex && matches!(text.len(), 40 | 64)).then(|| Self(text.to_owned()))
            }

            /// The id in full.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first seven digits, for people.
            pub fn short(&self) -> &str {
                &self.0[..7]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).ok_or("expected a full object id")
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

object_id!(
    /// A commit.
    CommitId
);
object_id!(
    /// A tree.
    TreeId
);

/// Where the work tree stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// Its tip.
    pub commit: CommitId,
    /// The tip's tree.
    pub tree: TreeId,
}

/// A state of the repository in which nothing may be started.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Obstacle {
    /// What is in the way, as a sentence.
    pub what: String,
    /// The command that ends it.
    pub hint: String,
}

/// What the branch's history says about one milestone, since its base.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct History {
    /// Commits with the milestone's trailers, oldest first.
    pub commits: Vec<LedgerEntry>,
    /// Works whose commit was reverted later.
    pub reverted: Vec<WorkId>,
    /// Whether the head descends from the base.
    pub descends: bool,
    /// Whether all of the history since the base could be read (a shallow clone cuts it short).
    pub complete: bool,
    /// Whether the upstream's tip, as last fetched, says `done` in its tree.
    pub published: bool,
}

/// One commit of a milestone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LedgerEntry {
    /// Which work it is.
    pub work: WorkId,
    /// The commit.
    pub commit: CommitId,
    /// Its subject line.
    pub subject: String,
}

/// How a path differs from what it was before a turn.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It was not there.
    Added,
    /// Its content, mode or type changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One changed path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The path.
    pub path: RepoPath,
    /// How it differs.
    pub kind: ChangeKind,
    /// Whether the person had changed it before the baseline was taken.
    pub dirty_before: bool,
    /// Why it can never be committed, where it is no plain file: a FIFO, a nested repository, a submodule.
    pub unfit: Option<&'static str>,
    /// What it is now; `None` where it is gone or unfit. Tells whether it changed again later.
    pub content: Option<ContentHash>,
}

/// Everything that a push would publish: what the push gate shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Survey {
    /// The commit to publish.
    pub head: Option<CommitId>,
    /// Where to.
    pub target: PushTarget,
    /// Commits that the target does not have, oldest first, as far as is known without asking it.
    pub commits: Vec<PushCommit>,
    /// Files that these commits change, with lines added and removed.
    pub files: Vec<FileStat>,
}

impl Survey {
    /// The hash that an answer is bound to: target and every commit.
    pub fn hash(&self) -> ContentHash {
        let (remote, url, branch) = match &self.target {
            PushTarget::Remote { name, url, branch } => (name.as_str(), url.as_str(), branch.as_str()),
            PushTarget::Missing => ("", "", ""),
            PushTarget::Ambiguous { .. } => ("?", "", ""),
        };
        let head = self.head.as_ref().map_or("", CommitId::as_str);
        let mut parts: Vec<&[u8]> =
            vec![remote.as_bytes(), url.as_bytes(), branch.as_bytes(), head.as_bytes()];
        parts.extend(self.commits.iter().map(|commit| commit.id.as_str().as_bytes()));
        ContentHash::of_parts(parts)
    }
}

/// Where a push would go.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum PushTarget {
    /// There is no remote.
    #[default]
    Missing,
    /// There are several and nothing says which.
    Ambiguous {
        /// Their names.
        remotes: Vec<String>,
    },
    /// One is known.
    Remote {
        /// Its name.
        name: String,
        /// Its address after rewriting, without a password.
        url: String,
        /// The branch on its side.
        branch: String,
    },
}

/// One commit that a push would publish.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushCommit {
    /// The commit.
    pub id: CommitId,
    /// Its subject line.
    pub subject: String,
    /// The milestone and work it belongs to, where its trailers say so.
    pub of: Option<(MilestoneId, WorkId)>,
}

/// How much a file changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileStat {
    /// The file.
    pub path: RepoPath,
    /// Lines added; `None` for a binary file.
    pub added: Option<u32>,
    /// Lines removed; `None` for a binary file.
    pub removed: Option<u32>,
}
