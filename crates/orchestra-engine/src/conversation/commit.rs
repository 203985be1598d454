//! A commit of what the role owns, drawn up for the person to see, and made as they saw it.

use orchestra_core::conversation::{FileDraft, Proposed, ProposedKind};
use orchestra_core::message::{self, Fallback};
use orchestra_core::ownership::{self, Room};
use orchestra_core::path::{ContentHash, RepoPath};
use orchestra_core::report::CommitProposal;
use orchestra_core::words::{self, counted};
use orchestra_core::worker::Failure;
use orchestra_git::commit_paths::{CommitPathsError, commit_paths};
use orchestra_git::repo::Repo;
use orchestra_git::{changes, facts, standing, status};

use super::Place;
use crate::failure;

/// How much of a file is shown, in bytes.
const SHOWN: usize = 256 * 1024;
/// How many files that are not the role's are named.
const NAMED: usize = 5;

/// A commit as it is shown.
#[derive(Clone, Debug)]
pub(super) struct CommitDraft {
    role: String,
    message: String,
    /// Every file, with what it held when it was shown; nothing where it is gone.
    paths: Vec<(RepoPath, Option<ContentHash>)>,
    pub(super) of: ContentHash,
    files: Vec<FileDraft>,
    remarks: Vec<String>,
}

impl CommitDraft {
    /// As the person sees it.
    pub(super) fn shown(&self, kind: ProposedKind) -> Proposed {
        Proposed {
            kind,
            milestone: self.role.clone(),
            title: self.message.lines().next().unwrap_or_default().to_owned(),
            files: self.files.clone(),
            commands: Vec::new(),
            remarks: self.remarks.clone(),
            of: self.of,
        }
    }
}

impl Place {
    /// Draws up a commit of everything that is changed and that the role owns; or says why there is none.
    pub(super) fn draw_commit(
        &self,
        wording: &CommitProposal,
    ) -> Result<Result<CommitDraft, String>, Failure> {
        let fail = |error: &(dyn std::error::Error + 'static)| failure::run("see what is changed", error);
        let Some(repo) = &self.repo else { return Ok(Err("there is no git repository here".to_owned())) };
        let (plan, _) = self.load()?;
        let Some(role) = plan.find_role(&self.role) else {
            return Ok(Err(format!("there is no role `{}`, so that nothing is its own", self.role)));
        };
        if let Err(obstacle) = standing::standing(repo).map_err(|error| fail(&error))? {
            return Ok(Err(format!("{} First: {}", obstacle.what, obstacle.hint)));
        }
        let head = standing::head(repo).map_err(|error| fail(&error))?;
        let room = Room::of(role, None).map_err(|error| fail(&error))?;
        let dirty = status::status(repo).map_err(|error| fail(&error))?;
        let all: Vec<&RepoPath> = dirty.iter().map(|dirty| &dirty.path).collect();
        let is_inside = |path: &RepoPath| room.place(path, &all) != ownership::Place::Outside;
        let (inside, outside): (Vec<_>, Vec<_>) =
            dirty.iter().partition(|dirty| dirty.unfit.is_none() && is_inside(&dirty.path));
        let mut remarks = Vec::new();
        if !outside.is_empty() {
            let names: Vec<String> = outside.iter().take(NAMED).map(|dirty| dirty.path.to_string()).collect();
            let more = if outside.len() > NAMED { ", …" } else { "" };
            remarks.push(format!(
                "not this role's, and left as they are: {} ({}{more})",
                counted(outside.len(), "file"),
                names.join(", ")
            ));
        }
        if inside.is_empty() {
            let why = remarks.pop().unwrap_or_else(|| "everything is committed".to_owned());
            return Ok(Err(format!("there is nothing to commit: {why}")));
        }
        let fallback =
            Fallback { kind: "chore", scope: role.alias.as_deref().unwrap_or_default(), subject: "" };
        let message = message::compose(Some(wording), fallback);
        let (mut paths, mut files) = (Vec::new(), Vec::new());
        let mut whole = message.clone();
        for dirty in inside {
            let path = &dirty.path;
            let content = changes::fingerprint(repo, path).map_err(|error| fail(&error))?;
            let held = content.map_or_else(String::new, |hash| hash.to_string());
            whole.extend(["\0", &format!("{path:?}"), "\0", &held]);
            let before = facts::blob_at(repo, &head.commit, path, SHOWN).map_err(|error| fail(&error))?;
            let after = self.layout.read(path, SHOWN as u64).ok().flatten().map(|plain| plain.bytes);
            files.push(FileDraft {
                path: path.to_string(),
                before: before.map(|bytes| readable(&bytes)),
                after: match (&after, content) {
                    (Some(bytes), _) => readable(bytes),
                    (None, Some(_)) => "(not shown: too large, or no plain file)".to_owned(),
                    (None, None) => String::new(),
                },
            });
            paths.push((path.clone(), content));
        }
        let role = self.role.to_string();
        Ok(Ok(CommitDraft { role, message, paths, of: ContentHash::of(whole.as_bytes()), files, remarks }))
    }

    /// Commits what was shown, if it still is that.
    pub(super) fn write_commit(&self, draft: &CommitDraft) -> Result<String, Failure> {
        const WHAT: &str = "commit";
        let refused = |why: String, hint: &str| Failure {
            what: WHAT.to_owned(),
            why,
            hint: hint.to_owned(),
            kind: orchestra_core::worker::FailureKind::Run,
        };
        let Some(repo) = &self.repo else {
            return Err(refused("there is no git repository here".to_owned(), ""));
        };
        let (_, config) = self.load()?;
        let _lock = self.take_tree().map_err(|why| refused(why, "Try again between two phases."))?;
        for (path, content) in &draft.paths {
            let now = changes::fingerprint(repo, path).map_err(|error| failure::run(WHAT, &error))?;
            if now != *content {
                return Err(refused(format!("{path} has changed since you were shown it"), "Look again."));
            }
        }
        let paths: Vec<RepoPath> = draft.paths.iter().map(|(path, _)| path.clone()).collect();
        commit_paths(repo, &paths, &draft.message, config.limits.hook_timeout).map_err(
            |error| match &error {
                CommitPathsError::Refused { words } => refused(words.trim().to_owned(), ""),
                _ => failure::run(WHAT, &error),
            },
        )?;
        Ok(committed(repo, draft))
    }
}

/// What was made, in a line.
fn committed(repo: &Repo, draft: &CommitDraft) -> String {
    let subject = draft.message.lines().next().unwrap_or_default();
    let id = standing::head(repo).map(|head| head.commit.short().to_owned()).unwrap_or_default();
    format!("Committed {id}: {subject} ({})", counted(draft.paths.len(), "file"))
}

/// A file's text; of another kind, how large it is.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => text.to_owned(),
        Ok(_) | Err(_) => format!("(binary, {})", words::size(bytes.len() as u64)),
    }
}
