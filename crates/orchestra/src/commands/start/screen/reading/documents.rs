//! The documents of a milestone, one after the other.

use std::path::PathBuf;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::plan::Milestone;
use orchestra_core::worker::State;
use orchestra_project::layout::{Layout, MAX_DOCUMENT};
use orchestra_tui::{Reading, Want};

use super::{Place, gone};

/// The documents of a milestone before its phases, in the order in which they come about.
const NAMES: [&str; 5] = ["milestone.md", "prd.md", "grooming.md", "rfc.md", CONTEXT];

/// The log of a milestone, which is the worker's.
const CONTEXT: &str = "context.md";

/// The document of a work, below its milestone's folder.
fn name_of(work: Option<&WorkId>) -> String {
    match work {
        None => "milestone.md".to_owned(),
        Some(WorkId::Phase(phase)) => format!("phases/{phase}.md"),
        Some(WorkId::Rfc) => "rfc.md".to_owned(),
        // What is not planned is told in the log of the milestone's place.
        Some(_) => CONTEXT.to_owned(),
    }
}

impl Place {
    /// The document of a milestone or a work.
    pub(in crate::commands) fn document(
        &self,
        state: &State,
        milestone: &MilestoneId,
        work: Option<&WorkId>,
    ) -> Reading {
        self.named(state, milestone, &name_of(work))
    }

    /// The file of a document, for an editor.
    pub(in crate::commands) fn file(&self, want: &Want, state: &State) -> Result<PathBuf, String> {
        let (milestone, name) = match want {
            Want::Document { milestone, work } => (milestone, name_of(work.as_ref())),
            Want::Named { milestone, name } => (milestone, name.clone()),
            _ => return Err("no document belongs to this".to_owned()),
        };
        let known = state.seen.plan.find(milestone);
        let folder = &known.ok_or_else(|| format!("{milestone} is not there any more"))?.folder;
        if name == CONTEXT {
            return Err(format!("{name} is written by the worker alone"));
        }
        let path = Layout::beneath_milestone(folder, &name).map_err(|error| error.to_string())?;
        // What is no plain file is not opened, wherever a link would lead.
        match self.layout.read(&path, MAX_DOCUMENT) {
            Ok(Some(_)) => Ok(self.layout.locate(&path)),
            Ok(None) => Err(format!("there is no {name} yet")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// One of a milestone's documents, among those that are there.
    pub(in crate::commands) fn named(&self, state: &State, milestone: &MilestoneId, name: &str) -> Reading {
        let Some(known) = state.seen.plan.find(milestone) else { return gone(milestone) };
        let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        names.extend(known.phases.iter().map(|phase| format!("phases/{}.md", phase.id)));
        names.retain(|one| one == name || self.is_there(known, one));
        if !names.iter().any(|one| one == name) {
            names.push(name.to_owned());
        }
        let at = names.iter().position(|one| one == name).unwrap_or(0);
        let want = |name: &String| Want::Named { milestone: milestone.clone(), name: name.clone() };
        Reading::OneOf {
            title: format!("{name} ({} of {})", at + 1, names.len()),
            before: at.checked_sub(1).map(|before| want(&names[before])),
            after: names.get(at + 1).map(want),
            reading: Box::new(self.page(known, name)),
        }
    }

    fn is_there(&self, milestone: &Milestone, name: &str) -> bool {
        let path = Layout::beneath_milestone(&milestone.folder, name);
        // Only whether there is anything to be read: what stands in its way is said by whoever reads it.
        path.is_ok_and(|path| self.layout.locate(&path).symlink_metadata().is_ok())
    }

    fn page(&self, milestone: &Milestone, name: &str) -> Reading {
        let read = Layout::beneath_milestone(&milestone.folder, name)
            .map_err(|error| error.to_string())
            .and_then(|path| self.layout.read(&path, MAX_DOCUMENT).map_err(|error| error.to_string()));
        match read {
            Ok(Some(plain)) => Reading::Markdown(String::from_utf8_lossy(&plain.bytes).into_owned()),
            Ok(None) => Reading::Nothing(format!("there is no {name} yet")),
            Err(error) => Reading::Nothing(error),
        }
    }
}
