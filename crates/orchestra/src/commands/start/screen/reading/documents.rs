//! The documents of a milestone, one after the other.

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::plan::Milestone;
use orchestra_core::worker::State;
use orchestra_project::layout::{Layout, MAX_DOCUMENT};
use orchestra_tui::{Reading, Want};

use super::{Place, gone};

/// The documents of a milestone before its phases, in the order in which they come about.
const NAMES: [&str; 5] = ["milestone.md", "prd.md", "grooming.md", "rfc.md", "context.md"];

impl Place {
    /// The document of a milestone or a work.
    pub(super) fn document(&self, state: &State, milestone: &MilestoneId, work: Option<&WorkId>) -> Reading {
        let name = match work {
            None => "milestone.md".to_owned(),
            Some(WorkId::Phase(phase)) => format!("phases/{phase}.md"),
            Some(WorkId::Rfc) => "rfc.md".to_owned(),
            // What is not planned is told in the log of the milestone's place.
            Some(_) => "context.md".to_owned(),
        };
        self.named(state, milestone, &name)
    }

    /// One of a milestone's documents, among those that are there.
    pub(super) fn named(&self, state: &State, milestone: &MilestoneId, name: &str) -> Reading {
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
