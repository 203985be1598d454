//! Brings a project's `.orchestra` up to this version and keeps what its people changed.
//!
//! A file is *as delivered* when its hash is the one in `.template.json`; then ours replaces it. A changed file stays
//! and ours is put beside it as `.new`. A deleted file stays deleted. What was offered once is not offered again.
//! Ours is filled in with what the project was set up with, so that who upgrades, and where, makes no difference; only
//! what was not found then (an agent, tests) is taken up when it is found.
//!
//! Projects of the original orchestrator (1.7) have no record. Their role files without front matter get ours, with
//! their text kept as the prompt; their section in `CLAUDE.md`, which tells an agent to commit, is replaced after a
//! person has seen the difference (see [`find_legacy_section`]); their milestones work as they are and are rewritten
//! on request only (see [`milestone::rewrite`]).
//!
//! Absent on purpose: asking. The caller shows what is planned and says what was answered.

pub mod milestone;

mod legacy;

use std::path::Path;

use orchestra_core::path::ContentHash;

use crate::detect::Detection;
use crate::scaffold::{
    self, Delivered, FileToWrite, FoundAgent, Options, Place, Plan, ScaffoldError, TemplateFile, Written,
    found_values, kept_values, look, template_files,
};
pub use legacy::{LegacySection, find_legacy_section};

/// What an upgrade will do.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Upgrade {
    /// What happens to each file that is not simply up to date, in the order of paths.
    pub steps: Vec<Step>,
    /// Sections of 1.7 that are replaced if the person says so.
    pub legacy: Vec<LegacySection>,
    /// What a person should know, a sentence each.
    pub notes: Vec<String>,
    files: Vec<FileToWrite>,
    /// As in [`Plan::ours`].
    ours: Vec<TemplateFile>,
    /// Paths of the template that are put.
    put: Vec<String>,
}

/// What happens to one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// Its path below the top of the project.
    pub path: String,
    /// What happens to it.
    pub change: Change,
}

/// What can happen to a file of the template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// It is new in this version.
    Added,
    /// It was as delivered; ours takes its place.
    Replaced,
    /// It was changed by somebody and stays; ours is put beside it.
    Beside {
        /// Where ours is put.
        path: String,
    },
    /// It was changed by somebody and stays; this version has nothing new for it.
    Kept,
    /// It was deleted by somebody and stays deleted.
    StaysDeleted,
    /// A role file of 1.7: ours goes before its text.
    GivenFrontMatter,
    /// This version does not have it any more; it stays and is no longer looked after.
    Released,
    /// The marked section in it is brought up to date.
    SectionRefreshed,
}

/// Finds out what upgrading the project at `root` would do.
pub fn plan(
    root: &Path,
    detection: &Detection,
    agents: &[FoundAgent],
    options: &Options,
) -> Result<Upgrade, ScaffoldError> {
    let mut upgrade = Upgrade::default();
    let delivered = Delivered::read(root)?;
    let mut record = Delivered::default();
    let old_roles = legacy::roles_without_front_matter(root, &mut upgrade.notes)?;
    let Delivered { files: mut known, values, .. } = delivered.unwrap_or_default();
    let found = found_values(detection, agents);
    record.values = kept_values(&values, &found);
    for file in template_files(&record.values) {
        let was = known.remove(&file.path);
        let old_role = old_roles.iter().find(|old| was.is_none() && old.is_of(&file.path));
        match old_role {
            Some(old) => upgrade.give_front_matter(old, &file),
            None => upgrade.decide(root, &file, was)?,
        }
        match was {
            // Deleted and not delivered again: what was delivered last is still what was deleted.
            Some(hash) if look(root, &below(&file.path))?.is_none() => {
                record.files.insert(file.path.clone(), hash);
            }
            _ => record.record(&file),
        }
    }
    upgrade.ours = template_files(&found);
    upgrade.ours.retain(|file| upgrade.put.contains(&file.path));
    for (path, _) in known {
        if look(root, &below(&path))?.is_some() {
            upgrade.steps.push(Step { path: below(&path), change: Change::Released });
        }
    }
    let record = record.to_file(root)?;
    if record.old.as_ref() != Some(&record.new) {
        upgrade.files.push(record);
    }
    upgrade.legacy = legacy::sections(root)?;
    if options.private.is_none() {
        upgrade.refresh_sections(root)?;
    }
    upgrade.steps.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(upgrade)
}

/// Does what was planned, as long as everything is as it was when it was planned.
///
/// `replace_legacy` is the person's answer to [`Upgrade::legacy`].
pub fn write(root: &Path, upgrade: &Upgrade, replace_legacy: bool) -> Result<Written, ScaffoldError> {
    let mut files = upgrade.files.clone();
    if replace_legacy {
        files.extend(upgrade.legacy.iter().map(|section| section.file.clone()));
    }
    scaffold::write(root, &Plan { files, ours: upgrade.ours.clone(), ..Plan::default() })
}

impl Upgrade {
    /// Tells whether there is nothing to write and nothing to ask.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.legacy.is_empty()
    }

    fn decide(
        &mut self,
        root: &Path,
        file: &TemplateFile,
        was: Option<ContentHash>,
    ) -> Result<(), ScaffoldError> {
        let path = below(&file.path);
        let new = file.text.clone().into_bytes();
        let offered = ContentHash::of(&new);
        let change = match (look(root, &path)?, was) {
            (None, Some(_)) => Change::StaysDeleted,
            (None, None) => {
                self.add(&path, None, new);
                self.put.push(file.path.clone());
                Change::Added
            }
            (Some(old), _) if old == new => return Ok(()),
            (Some(old), Some(was)) if ContentHash::of(&old) == was => {
                self.add(&path, Some(old), new);
                self.put.push(file.path.clone());
                Change::Replaced
            }
            (Some(_), Some(was)) if was == offered => Change::Kept,
            (Some(_), _) => {
                let beside = free_name(root, &path, &new)?;
                if look(root, &beside)?.is_none() {
                    self.add(&beside, None, new);
                }
                Change::Beside { path: beside }
            }
        };
        self.steps.push(Step { path, change });
        Ok(())
    }

    fn give_front_matter(&mut self, old: &legacy::OldRole, file: &TemplateFile) {
        self.add(&old.path, Some(old.text.clone()), old.with_front_matter(&file.text));
        self.put.push(file.path.clone());
        self.steps.push(Step { path: old.path.clone(), change: Change::GivenFrontMatter });
    }

    fn refresh_sections(&mut self, root: &Path) -> Result<(), ScaffoldError> {
        let mut plan = Plan::default();
        scaffold::plan_sections(root, &mut plan)?;
        for file in plan.files {
            if let Place::Project(path) = &file.place {
                let change = if file.old.is_some() { Change::SectionRefreshed } else { Change::Added };
                self.steps.push(Step { path: path.clone(), change });
            }
            self.files.push(file);
        }
        // What is said there of sections of 1.7 is asked here.
        let is_asked = |note: &String| self.legacy.iter().any(|section| note.contains(&section.path));
        let notes: Vec<String> = plan.notes.into_iter().filter(|note| !is_asked(note)).collect();
        self.notes.extend(notes);
        Ok(())
    }

    fn add(&mut self, path: &str, old: Option<Vec<u8>>, new: Vec<u8>) {
        self.files.push(FileToWrite { place: Place::Project(path.to_owned()), old, new });
    }
}

/// The path of a template's file below the top of the project.
fn below(path: &str) -> String {
    format!(".orchestra/{path}")
}

/// A name beside `path` that is free, or that holds what would be put there already.
fn free_name(root: &Path, path: &str, new: &[u8]) -> Result<String, ScaffoldError> {
    let mut beside = format!("{path}.new");
    for number in 2.. {
        match look(root, &beside)? {
            Some(taken) if taken != new => beside = format!("{path}.new-{number}"),
            _ => break,
        }
    }
    Ok(beside)
}
