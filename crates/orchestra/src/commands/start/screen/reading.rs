//! Reading what a person wants to see, on a thread of its own.

mod changes;
mod documents;
mod journal;
mod rescued;
mod transcripts;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use orchestra_core::id::MilestoneId;
use orchestra_core::worker::State;
use orchestra_git::repo::Repo;
use orchestra_project::layout::Layout;
use orchestra_tui::{Reading, Want};

/// How much of a patch is shown, in bytes.
pub(super) const PATCH: usize = 512 * 1024;
/// How much of what only grows is shown, in bytes: the end.
const TAIL: u64 = 512 * 1024;

/// Where to read.
pub(super) struct Place {
    pub(super) layout: Layout,
    pub(super) repo: Repo,
}

impl Place {
    /// Reads what is wanted, as things stand.
    pub(super) fn read(&self, want: &Want, state: &State) -> Reading {
        match want {
            Want::Document { milestone, work } => self.document(state, milestone, work.as_ref()),
            Want::Named { milestone, name } => self.named(state, milestone, name),
            Want::Changes { milestone, work } => self.changes(state, milestone, work.as_ref()),
            Want::Transcript { milestone, work } => self.transcript(milestone, work.as_ref(), None),
            Want::Turn { milestone, work, turn } => self.transcript(milestone, work.as_ref(), Some(*turn)),
            Want::Journal { milestone } => self.journal(state, milestone.as_ref()),
            Want::Rescue => self.rescued(),
            Want::Saved { name } => self.saved(name),
            // The screen knows it by itself, and does not ask.
            Want::Since => Reading::Nothing("nothing happened".to_owned()),
        }
    }
}

fn gone(milestone: &MilestoneId) -> Reading {
    Reading::Nothing(format!("{milestone} is not there any more"))
}

/// The end of a file, from a line's begin on; empty where there is none.
fn tail(path: &Path, most: u64) -> io::Result<String> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        opened => opened?,
    };
    let length = file.metadata()?.len();
    let from = length.saturating_sub(most);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.split_once('\n') {
        Some((_, rest)) if from > 0 => format!("(the end; all of it: {})\n{rest}", path.display()),
        _ => text,
    })
}

fn printed(text: io::Result<String>, nothing: &str) -> Reading {
    match text {
        Ok(text) if text.trim().is_empty() => Reading::Nothing(nothing.to_owned()),
        Ok(text) => Reading::Printed(text),
        Err(error) => Reading::Nothing(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn of_a_long_file_the_end_is_read_from_a_line_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert_eq!(tail(&path, TAIL).unwrap(), "");
        fs::write(&path, "a line\n".repeat(200_000)).unwrap();
        let text = tail(&path, TAIL).unwrap();
        assert!(text.starts_with("(the end; all of it: ") && text.ends_with("a line\n"));
        assert!(text.lines().skip(1).all(|line| line == "a line"));
        assert!(text.len() <= usize::try_from(TAIL).unwrap() + 200);
    }
}
