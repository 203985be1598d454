//! Proposals: drawn up on the plan as it is now, and written as they were shown.

use std::sync::Arc;

use jiff::{Timestamp, Zoned};
use orchestra_core::config::trust::TrustItem;
use orchestra_core::conversation::{AskId, Fact, FileDraft, Proposed, ProposedKind};
use orchestra_core::path::ContentHash;
use orchestra_core::plan::By;
use orchestra_core::proposal::{ChangeDraft, Draft, Ground, Objection, draft, draft_change};
use orchestra_core::record::Record;
use orchestra_core::worker::Failure;
use orchestra_git::programs::named_programs;
use orchestra_project::config_files::Sources;
use orchestra_project::journal::{self, Journal};
use orchestra_project::load::Loaded;
use orchestra_project::plans::{self, Agreement};
use orchestra_project::trust::TrustStore;

use super::commit::CommitDraft;
use super::{Place, held};
use crate::failure;

/// What was drawn up, to be written as it is.
#[derive(Clone, Debug)]
pub(super) enum Drawn {
    Milestone(Draft),
    Change(ChangeDraft),
    Commit(CommitDraft),
}

impl Place {
    /// Checks a proposal against the plan as it is now.
    pub(super) fn draw(
        &self,
        ask: AskId,
        what: ProposedKind,
        edited: &[(String, String)],
        approved: Option<ContentHash>,
    ) -> Result<Fact, Failure> {
        if let Some(of) = approved
            && let Some(what) = self.was_created(of)?
        {
            return Ok(Fact::Written { ask, what });
        }
        if let ProposedKind::Commit(wording) = &what {
            let draft = match self.draw_commit(wording)? {
                Ok(draft) => draft,
                Err(why) => return Ok(Fact::Drawn { ask, drawn: Err(vec![why]) }),
            };
            let proposed = draft.shown(what);
            held(&self.drawn).insert(ask, Drawn::Commit(draft));
            return Ok(Fact::Drawn { ask, drawn: Ok(Arc::new(proposed)) });
        }
        let loaded = self.loaded()?;
        let ground = plans::ground(&self.layout, &loaded.plan);
        let drawn = match self.drawn(ask, &what, edited, &ground) {
            Ok(drawn) => drawn,
            Err(objections) => {
                let wrong = objections.iter().map(ToString::to_string).collect();
                return Ok(Fact::Drawn { ask, drawn: Err(wrong) });
            }
        };
        let proposed = shown(what, &drawn);
        held(&self.drawn).insert(ask, drawn);
        Ok(Fact::Drawn { ask, drawn: Ok(Arc::new(proposed)) })
    }

    fn drawn(
        &self,
        ask: AskId,
        what: &ProposedKind,
        edited: &[(String, String)],
        ground: &Ground,
    ) -> Result<Drawn, Vec<Objection>> {
        match what {
            ProposedKind::Change(_) if !edited.is_empty() => Err(vec![Objection {
                at: "edited".to_owned(),
                what: "a change of a milestone is not edited as files".to_owned(),
                hint: "revise it with words, or edit the documents when it is made".to_owned(),
            }]),
            ProposedKind::Change(change) => draft_change(change, ground).map(Drawn::Change),
            ProposedKind::Commit(_) => Err(Vec::new()),
            ProposedKind::Milestone(proposal) => {
                let before = held(&self.drawn).get(&ask).cloned();
                let drafted = match before {
                    // It could not be written: somebody may have taken its number. The person's own edits stay.
                    Some(Drawn::Milestone(before)) if edited.is_empty() => {
                        match ground.plan.find(&before.id) {
                            Some(_) => before.renumbered(ground),
                            None => before.with_files(before.files.clone(), ground),
                        }
                    }
                    Some(Drawn::Milestone(before)) => {
                        let prefix = folder_of(&before);
                        let relative = |path: &str| path.strip_prefix(&prefix).unwrap_or(path).to_owned();
                        let files = edited.iter().map(|(path, text)| (relative(path), text.clone()));
                        before.with_files(files.collect(), ground)
                    }
                    _ => draft(proposal, ground, Zoned::now().date()),
                };
                drafted.map(Drawn::Milestone)
            }
        }
    }

    /// Writes what was drawn up, where it still is what the person approved.
    pub(super) fn write(&self, ask: AskId, of: ContentHash) -> Fact {
        let drawn = held(&self.drawn).get(&ask).cloned();
        let Some(drawn) = drawn.filter(|drawn| hash_of(drawn) == of) else {
            let why = "what you approved is not what would be written; look at it again".to_owned();
            return Fact::NotWritten { ask, why };
        };
        let written = match &drawn {
            Drawn::Milestone(draft) => self.write_milestone(draft),
            Drawn::Change(change) => self.write_change(change),
            Drawn::Commit(draft) => self.write_commit(draft),
        };
        match written {
            Ok(what) => Fact::Written { ask, what },
            Err(failure) => Fact::NotWritten { ask, why: format!("{}: {}", failure.what, failure.why) },
        }
    }

    fn write_milestone(&self, draft: &Draft) -> Result<String, Failure> {
        let agreement = self.trust_commands(&draft.commands)?;
        let (mut journal, _) =
            Journal::open(&self.layout).map_err(|error| failure::run("open the journal", &error))?;
        plans::create(&self.layout, draft, &mut journal, By::User)
            .map_err(|error| failure::run(format!("create {}", draft.id), &error))?;
        settle(agreement, &self.trust)?;
        Ok(ready(draft.id.as_str()))
    }

    fn write_change(&self, change: &ChangeDraft) -> Result<String, Failure> {
        let agreement = self.trust_commands(&change.commands)?;
        let (mut journal, _) =
            Journal::open(&self.layout).map_err(|error| failure::run("open the journal", &error))?;
        plans::change(&self.layout, change, &mut journal, By::User)
            .map_err(|error| failure::run(format!("change {}", change.milestone), &error))?;
        settle(agreement, &self.trust)?;
        Ok(format!("{} is changed: {}.", change.milestone, change.changes.join("; ")))
    }

    /// What a person approves they trust by that act.
    fn trust_commands(&self, commands: &[String]) -> Result<Agreement, Failure> {
        let mut trusted = self.loaded()?.trust;
        trusted.extend(self.programs()?);
        plans::trust(&self.trust, &trusted, commands, Timestamp::now())
            .map_err(|error| failure::run("remember what you trust", &error))
    }

    /// The programs of git's configuration as it is now: a turn may have written to it.
    pub(super) fn programs(&self) -> Result<Vec<TrustItem>, Failure> {
        let Some(repo) = &self.repo else { return Ok(self.programs.clone()) };
        let named = named_programs(repo).map_err(|error| failure::run("read git's configuration", &error))?;
        Ok(named.iter().map(|one| TrustItem::of_git(&one.key, &one.value)).collect())
    }

    pub(super) fn loaded(&self) -> Result<Loaded, Failure> {
        let sources =
            Sources { user: self.user_config.as_deref(), environment: &self.variables, flags: &self.flags };
        let loaded = held(&self.scanner).load(&self.layout, &sources);
        loaded.map_err(|error| failure::run("read the project", &error))
    }

    /// What was made of an approval that is on record, where its folder is there.
    fn was_created(&self, approved: ContentHash) -> Result<Option<String>, Failure> {
        let read = journal::read_all(&self.layout);
        let read = read.map_err(|error| failure::run("read the journal", &error))?;
        let created = read.entries.iter().find_map(|entry| match &entry.record {
            Record::Created { milestone, of, .. } if *of == approved => Some(milestone),
            _ => None,
        });
        let is_there = |id: &&orchestra_core::id::MilestoneId| self.layout.milestone(id.as_str()).is_dir();
        Ok(created.filter(is_there).map(|id| ready(id.as_str())))
    }
}

/// What was agreed to for the time of the writing is what holds from now on.
fn settle(agreement: Agreement, trust: &TrustStore) -> Result<(), Failure> {
    let settled = agreement.settle(trust, Timestamp::now());
    settled.map_err(|error| failure::run("remember what you trust", &error))
}

fn ready(id: &str) -> String {
    format!("{id} ready.")
}

fn hash_of(drawn: &Drawn) -> ContentHash {
    match drawn {
        Drawn::Milestone(draft) => draft.of,
        Drawn::Change(change) => change.of,
        Drawn::Commit(draft) => draft.of,
    }
}

fn folder_of(draft: &Draft) -> String {
    format!(".orchestra/milestones/{}/", draft.folder)
}

/// A proposal as the person sees it.
fn shown(kind: ProposedKind, drawn: &Drawn) -> Proposed {
    match drawn {
        Drawn::Commit(draft) => draft.shown(kind),
        Drawn::Milestone(draft) => Proposed {
            kind,
            milestone: draft.id.to_string(),
            title: draft.title.clone(),
            files: draft
                .files
                .iter()
                .map(|(path, text)| FileDraft {
                    path: format!("{}{path}", folder_of(draft)),
                    before: None,
                    after: text.clone(),
                })
                .collect(),
            commands: draft.commands.clone(),
            remarks: draft.remarks.clone(),
            of: draft.of,
        },
        Drawn::Change(change) => Proposed {
            kind,
            milestone: change.milestone.to_string(),
            title: change.reason.clone(),
            files: change
                .files
                .iter()
                .map(|file| FileDraft {
                    path: format!(".orchestra/milestones/{}/{}", change.folder, file.path),
                    before: file.before.clone(),
                    after: file.after.clone(),
                })
                .collect(),
            commands: change.commands.clone(),
            remarks: change.changes.iter().chain(&change.remarks).cloned().collect(),
            of: change.of,
        },
    }
}
