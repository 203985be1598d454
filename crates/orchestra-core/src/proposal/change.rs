//! A change of a milestone as it would be written: every document before and after it.
//!
//! What is approved is a set of edits, shown as the texts they lead to. They are applied to the newest bytes when they
//! are written: what a worker or a person changed meanwhile stays, and where that is the very thing that would be
//! changed, or the phase has begun, nothing is written at all.

mod slots;

use thiserror::Error;

use super::draft::{in_a_line, read};
use super::objection::{Objection, Sheet};
use super::overlap::is_open;
use super::{ChangeProposal, Ground, MAX_BYTES, overlap, text};
use crate::diagnostic::Diagnostic;
use crate::document::findings::{hint_for, shown};
use crate::document::{self, EditError, body, frozen};
use crate::edit::PlanEdit;
use crate::id::MilestoneId;
use crate::path::ContentHash;
use crate::plan::{Format, Milestone, PhaseStatus};

use self::slots::Slots;

/// How many changes are made at once.
const MAX_CHANGES: usize = 20;
/// How long the reason may be, in characters.
const REASON: usize = 500;

/// A change of a milestone as it would be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChangeDraft {
    /// The milestone.
    pub milestone: MilestoneId,
    /// Its folder's name below `milestones/`.
    pub folder: String,
    /// Why, on one line.
    pub reason: String,
    /// What changes, a line each.
    pub changes: Vec<String>,
    /// The documents in the order in which they are written: cut short anywhere, what is there is a plan.
    pub files: Vec<FileChange>,
    /// Commands that new phases would run. Who approves the change trusts them by that.
    pub commands: Vec<String>,
    /// What is odd about it and stops nothing.
    pub remarks: Vec<String>,
    /// The hash of all of it: what an approval is bound to.
    pub of: ContentHash,
    /// Documents that are looked at before anything is written, besides `files`: [`Self::may_still`].
    pub guards: Vec<String>,
}

/// A document before and after the change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileChange {
    /// Its path below the milestone's folder.
    pub path: String,
    /// What it holds; `None` where it is new.
    pub before: Option<String>,
    /// What it would hold.
    pub after: String,
    edits: Vec<PlanEdit>,
}

/// Why a change is no longer what was approved. Nothing was written.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Overtaken {
    /// The milestone is closed.
    #[error("the milestone is `{status}` meanwhile")]
    Closed {
        /// Its status.
        status: String,
    },
    /// The phase has begun.
    #[error("the phase of `{path}` has begun meanwhile")]
    Began {
        /// The document.
        path: String,
    },
    /// Somebody changed the very thing.
    #[error("`{path}` was changed meanwhile")]
    Changed {
        /// The document.
        path: String,
    },
    /// A person froze what would be changed.
    #[error("a person froze text of `{path}` that this would change")]
    Frozen {
        /// The document.
        path: String,
    },
    /// The edit does not fit the document any more.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl ChangeDraft {
    /// Tells of one of [`Self::guards`] whether what it holds now still allows the change: the milestone is open, and a
    /// phase before which another was put has not begun.
    pub fn may_still(&self, path: &str, newest: Option<&str>) -> Result<(), Overtaken> {
        let changed = || Overtaken::Changed { path: path.to_owned() };
        let newest = newest.ok_or_else(changed)?;
        if path.starts_with("phases/") {
            let status = document::phase_status(newest).ok_or_else(changed)?;
            let is_begun = matches!(status, PhaseStatus::InProgress | PhaseStatus::Done);
            return if is_begun { Err(Overtaken::Began { path: path.to_owned() }) } else { Ok(()) };
        }
        let status = document::milestone_status(newest).ok_or_else(changed)?;
        if is_open(status) { Ok(()) } else { Err(Overtaken::Closed { status: status.to_string() }) }
    }
}

impl FileChange {
    /// The new text of the document from what it holds now. Applied again it changes nothing more.
    pub fn on(&self, newest: Option<&str>) -> Result<String, Overtaken> {
        let changed = || Overtaken::Changed { path: self.path.clone() };
        let (before, newest) = match (&self.before, newest) {
            (None, None) => return Ok(self.after.clone()),
            (_, Some(newest)) if newest == self.after => return Ok(self.after.clone()),
            (Some(before), Some(newest)) if before == newest => return Ok(self.after.clone()),
            (Some(before), Some(newest)) => (before, newest),
            (None, Some(_)) | (Some(_), None) => return Err(changed()),
        };
        if self.path.starts_with("phases/") && document::phase_status(newest) != Some(PhaseStatus::Pending) {
            return Err(Overtaken::Began { path: self.path.clone() });
        }
        let mut text = newest.to_owned();
        for edit in &self.edits {
            let is_same = match edit {
                PlanEdit::Order(_) => document::phase_order(newest) == document::phase_order(before),
                PlanEdit::Section { name, .. } => body::section(newest, name) == body::section(before, name),
                PlanEdit::Criterion(_) => true,
            };
            if !is_same {
                return Err(changed());
            }
            text = document::replan(&self.path, &text, edit)?;
        }
        if frozen::is_kept(newest, &text) {
            Ok(text)
        } else {
            Err(Overtaken::Frozen { path: self.path.clone() })
        }
    }
}

/// Checks a proposed change and makes the documents it would lead to, or says everything that is wrong with it.
pub fn draft_change(proposal: &ChangeProposal, ground: &Ground) -> Result<ChangeDraft, Vec<Objection>> {
    let mut sheet = Sheet::default();
    // A value of plain data always becomes JSON.
    let bytes = serde_json::to_vec(proposal).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_BYTES {
        sheet.object("", format!("{bytes} bytes are too many"), format!("at most {MAX_BYTES} in all"));
        return Err(sheet.finish().err().unwrap_or_default());
    }
    let reason = text::line(&mut sheet, "reason", &proposal.reason, REASON);
    match proposal.changes.len() {
        0 => sheet.object("changes", "there are none", "say what changes"),
        1..=MAX_CHANGES => {}
        count => sheet.object("changes", format!("{count} are too many"), format!("at most {MAX_CHANGES}")),
    }
    let Some(milestone) = find(&mut sheet, ground, &proposal.milestone) else {
        return Err(sheet.finish().err().unwrap_or_default());
    };
    let mut slots = Slots::of(milestone, ground);
    for (index, change) in proposal.changes.iter().enumerate() {
        slots.take(&mut sheet, &format!("changes[{index}]"), change);
    }
    slots.check(&mut sheet);
    let files = match slots.files(&mut sheet) {
        files if sheet.is_clean() => files,
        _ => return Err(sheet.finish().err().unwrap_or_default()),
    };
    for warning in read_back(&mut sheet, ground, milestone, &files) {
        sheet.remark(in_a_line(&warning));
    }
    for remark in overlap::remarks(ground, &slots.planned(), &slots.criteria) {
        // What the milestone itself plans is no news.
        if !remark.starts_with(&format!("{} ", milestone.id)) {
            sheet.remark(remark);
        }
    }
    let remarks = sheet.finish()?;
    let parts = files.iter().flat_map(|file| {
        let before = file.before.as_deref().unwrap_or_default();
        [file.path.as_bytes(), before.as_bytes(), file.after.as_bytes()]
    });
    let head = [milestone.id.as_str().as_bytes(), reason.as_bytes()];
    Ok(ChangeDraft {
        milestone: milestone.id.clone(),
        folder: milestone.folder.clone(),
        of: ContentHash::of_parts(head.into_iter().chain(parts)),
        reason,
        guards: slots.guards(),
        changes: slots.said,
        files,
        commands: slots.commands,
        remarks,
    })
}

fn find<'a>(sheet: &mut Sheet, ground: &'a Ground, name: &str) -> Option<&'a Milestone> {
    let open = ground.plan.milestones.iter().filter(|milestone| is_open(milestone.status));
    let known: Vec<&str> = open.map(|milestone| milestone.id.as_str()).collect();
    let found = MilestoneId::parse(name.trim()).ok().and_then(|id| ground.plan.resolve(&id));
    let Some(milestone) = found else {
        let what = format!("there is no milestone {} that can be read", shown(name));
        sheet.object("milestone", what, hint_for(name, &known));
        return None;
    };
    if !is_open(milestone.status) {
        let what = format!("{} is {}", milestone.id, milestone.status);
        sheet.object("milestone", what, "propose a new milestone");
        return None;
    }
    if milestone.format == Format::V17 {
        let what = format!("{} is written in the format of 1.7", milestone.id);
        sheet.object("milestone", what, "a person rewrites it with `orchestra init --upgrade`");
        return None;
    }
    Some(milestone)
}

/// Reads the milestone as the worker will; what is wrong then is an objection. Returns what is newly odd.
fn read_back(
    sheet: &mut Sheet,
    ground: &Ground,
    milestone: &Milestone,
    files: &[FileChange],
) -> Vec<Diagnostic> {
    let folder = &milestone.folder;
    let prefix = format!("{folder}/");
    let held = ground.texts.iter().filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)));
    let is_plan = |path: &str| path == "milestone.md" || path.starts_with("phases/");
    let before: Vec<(String, String)> =
        held.filter(|(path, _)| is_plan(path)).map(|(path, text)| (path.to_owned(), text.clone())).collect();
    let mut after = before.clone();
    after.retain(|(path, _)| !files.iter().any(|file| file.path == *path));
    after.extend(files.iter().map(|file| (file.path.clone(), file.after.clone())));
    let known = read(folder, &before, ground).map(|(_, warnings)| warnings).unwrap_or_default();
    match read(folder, &after, ground) {
        Ok((_, warnings)) => warnings.into_iter().filter(|warning| !known.contains(warning)).collect(),
        Err(faults) => {
            for fault in faults {
                sheet.object(fault.path, fault.expected, fault.hint);
            }
            Vec::new()
        }
    }
}
