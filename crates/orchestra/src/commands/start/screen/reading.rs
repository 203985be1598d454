//! Reading what a person wants to see, on a thread of its own.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::repo::CommitId;
use orchestra_core::worker::State;
use orchestra_git::repo::Repo;
use orchestra_git::rescue::{self, Rescued};
use orchestra_git::review_diff::review_diff;
use orchestra_git::status::status;
use orchestra_project::layout::{Layout, MAX_DOCUMENT};
use orchestra_tui::{Reading, Want, coloured};
use serde_json::Value;

/// How much of a patch is shown, in bytes.
pub(super) const PATCH: usize = 512 * 1024;
/// How much of what only grows is shown, in bytes: the end.
const TAIL: u64 = 512 * 1024;

/// How much of a transcript goes to a pager, in bytes: the end.
const PAGES: u64 = 16 * 1024 * 1024;

/// The log of a milestone, which is the worker's.
const CONTEXT: &str = "context.md";

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
            Want::Changes { milestone, work } => self.changes(state, milestone, work.as_ref()),
            Want::Transcript { milestone, work } => self.transcript(milestone, work.as_ref()),
            Want::Journal => printed(tail(&self.layout.journal()), "nothing was recorded yet"),
            Want::Rescue => self.rescued(),
            // The screen knows it by itself, and does not ask.
            Want::Since => Reading::Nothing("nothing happened".to_owned()),
        }
    }

    /// The file of a document, for an editor.
    pub(super) fn file(&self, want: &Want, state: &State) -> Result<PathBuf, String> {
        let Want::Document { milestone, work } = want else {
            return Err("no document belongs to this".to_owned());
        };
        let known = state.seen.plan.find(milestone);
        let folder = &known.ok_or_else(|| format!("{milestone} is not there any more"))?.folder;
        let file = file_of(work.as_ref());
        if file == CONTEXT {
            return Err(format!("{file} is written by the worker alone"));
        }
        let path = Layout::beneath_milestone(folder, &file).map_err(|error| error.to_string())?;
        // What is no plain file is not opened, wherever a link would lead.
        match self.layout.read(&path, MAX_DOCUMENT) {
            Ok(Some(_)) => Ok(self.layout.locate(&path)),
            Ok(None) => Err(format!("there is no {file} yet")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// A whole transcript, for a pager: as a person reads it, with nothing in it that does anything but colour.
    pub(super) fn pages(&self, want: &Want) -> Result<String, String> {
        let Want::Transcript { milestone, work } = want else {
            return Err("no transcript belongs to this".to_owned());
        };
        let path = self.last_transcript(milestone, work.as_ref()).ok_or("no agent has run for it yet")?;
        let text = end_of(&path, PAGES).map_err(|error| format!("{}: {error}", path.display()))?;
        if text.trim().is_empty() {
            return Err("the agent has said nothing yet".to_owned());
        }
        Ok(coloured(&spoken(&text)))
    }

    fn document(&self, state: &State, milestone: &MilestoneId, work: Option<&WorkId>) -> Reading {
        let Some(known) = state.seen.plan.find(milestone) else { return gone(milestone) };
        let file = file_of(work);
        let read = Layout::beneath_milestone(&known.folder, &file)
            .map_err(|error| error.to_string())
            .and_then(|path| self.layout.read(&path, MAX_DOCUMENT).map_err(|error| error.to_string()));
        match read {
            Ok(Some(plain)) => Reading::Markdown(String::from_utf8_lossy(&plain.bytes).into_owned()),
            Ok(None) => Reading::Nothing(format!("there is no {file} yet")),
            Err(error) => Reading::Nothing(error),
        }
    }

    fn changes(&self, state: &State, milestone: &MilestoneId, work: Option<&WorkId>) -> Reading {
        let active = state.active().filter(|active| active.id == *milestone);
        let of_active = active.into_iter().flat_map(|active| active.done.iter());
        let of_active = of_active.map(|(work, commit)| (work.clone(), commit.clone()));
        let history = state.seen.histories.get(milestone).into_iter().flat_map(|history| &history.commits);
        let before = history.map(|entry| (entry.work.clone(), entry.commit.clone()));
        let mut commits: Vec<CommitId> = Vec::new();
        for (of, commit) in before.chain(of_active) {
            if work.is_none_or(|work| *work == of) && !commits.contains(&commit) {
                commits.push(commit);
            }
        }
        if commits.is_empty() {
            return self.uncommitted();
        }
        match review_diff(&self.repo, &commits, PATCH) {
            Ok(patch) => Reading::Patch(patch),
            Err(error) => Reading::Nothing(error.to_string()),
        }
    }

    /// There is no commit yet: what is changed in the tree, by whomever.
    fn uncommitted(&self) -> Reading {
        match status(&self.repo) {
            Ok(dirty) if dirty.is_empty() => Reading::Nothing("nothing was changed yet".to_owned()),
            Ok(dirty) => {
                let names: Vec<String> = dirty.iter().map(|dirty| format!("- {}", dirty.path)).collect();
                let head = "No commit yet. Changed in the work tree, by whomever:";
                Reading::Printed(format!("{head}\n{}", names.join("\n")))
            }
            Err(error) => Reading::Nothing(error.to_string()),
        }
    }

    /// The last turn of a work, or of any of a milestone's.
    fn transcript(&self, milestone: &MilestoneId, work: Option<&WorkId>) -> Reading {
        match self.last_transcript(milestone, work) {
            Some(path) => printed(tail(&path).map(|text| spoken(&text)), "the agent has said nothing yet"),
            None => Reading::Nothing("no agent has run for it yet".to_owned()),
        }
    }

    fn last_transcript(&self, milestone: &MilestoneId, work: Option<&WorkId>) -> Option<PathBuf> {
        let folder = self.layout.transcripts().join(milestone.as_str());
        let begin = work.map(|work| format!("{work}-")).unwrap_or_default();
        let files = fs::read_dir(&folder).into_iter().flatten().flatten().filter_map(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            // The number of a turn goes up over all works.
            let turn: u64 = name.strip_suffix(".log")?.rsplit_once("-turn-")?.1.parse().ok()?;
            name.starts_with(&begin).then(|| (turn, file.path()))
        });
        files.max().map(|(_, path)| path)
    }

    fn rescued(&self) -> Reading {
        match rescue::list(&self.repo) {
            Ok(saved) if saved.is_empty() => {
                Reading::Nothing("nothing was ever taken out of this tree".to_owned())
            }
            Ok(saved) => {
                let lines: Vec<String> = saved.iter().map(line_of).collect();
                let head =
                    "`orchestra rescue show NAME` shows one, `orchestra rescue restore NAME` brings it back.";
                Reading::Printed(format!("{head}\n\n{}", lines.join("\n")))
            }
            Err(error) => Reading::Nothing(error.to_string()),
        }
    }
}

/// The document of a work, below its milestone's folder.
fn file_of(work: Option<&WorkId>) -> String {
    match work {
        None => "milestone.md".to_owned(),
        Some(WorkId::Phase(phase)) => format!("phases/{phase}.md"),
        Some(WorkId::Rfc) => "rfc.md".to_owned(),
        // What is not planned is told in the log of the milestone's place.
        Some(_) => CONTEXT.to_owned(),
    }
}

fn gone(milestone: &MilestoneId) -> Reading {
    Reading::Nothing(format!("{milestone} is not there any more"))
}

fn line_of(saved: &Rescued) -> String {
    let at = Timestamp::from_second(saved.saved_at).ok();
    let at = at.map(|at| at.to_zoned(TimeZone::system()).strftime("%F %R").to_string()).unwrap_or_default();
    let name = saved.reference.strip_prefix("refs/orchestra/rescue/").unwrap_or(&saved.reference);
    format!("{at}  {name}  {} paths  {}", saved.path_count, saved.subject)
}

/// The end of a file, from a line's begin on; empty where there is none.
fn tail(path: &Path) -> io::Result<String> {
    end_of(path, TAIL)
}

/// So many bytes of its end at most.
fn end_of(path: &Path, most: u64) -> io::Result<String> {
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

/// A transcript as a person reads it: an event of ours a line, and what a program printed as it is.
fn spoken(transcript: &str) -> String {
    let mut text = String::new();
    for line in transcript.lines() {
        let event: Option<Value> = serde_json::from_str(line).ok().filter(Value::is_object);
        let field = |name: &str| event.as_ref().and_then(|event| event[name].as_str()).unwrap_or_default();
        let piece = match field("event") {
            "text" | "tool-output" => field("text").to_owned(),
            // Dim and bold, as a terminal's own sequences have it.
            "thinking" => format!("\u{1b}[2m{}\u{1b}[0m", field("text")),
            "notice" => format!("\n· {}\n", field("text")),
            "tool-started" => format!("\n\u{1b}[1m● {}\u{1b}[0m {}\n", field("name"), field("input")),
            "tool-finished" => {
                let is_well = event.as_ref().is_some_and(|event| event["ok"] == Value::Bool(true));
                format!("\u{1b}[2m({})\u{1b}[0m\n", if is_well { "ended well" } else { "failed" })
            }
            "" => format!("{line}\n"),
            // Counts and names that say nothing to a reader.
            _ => String::new(),
        };
        text.push_str(&piece);
    }
    text
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
    use super::*;

    #[test]
    fn a_transcript_is_read_as_it_was_said_and_a_program_s_own_lines_stay() {
        let transcript = concat!(
            "{\"event\":\"text\",\"text\":\"I do \"}\n",
            "{\"event\":\"text\",\"text\":\"it.\\n\"}\n",
            "{\"event\":\"usage\",\"usage\":{}}\n",
            "{\"event\":\"tool-started\",\"id\":\"1\",\"name\":\"run\",\"input\":\"ls\"}\n",
            "{\"event\":\"tool-output\",\"id\":\"1\",\"text\":\"src\\n\"}\n",
            "{\"event\":\"tool-finished\",\"id\":\"1\",\"ok\":false,\"output\":\"src\"}\n",
            "plain\n{\"type\":\"theirs\"}\n",
        );
        let wanted = "I do it.\n\n\u{1b}[1m● run\u{1b}[0m ls\nsrc\n\u{1b}[2m(failed)\u{1b}[0m\nplain\n{\"type\":\"theirs\"}\n";
        assert_eq!(spoken(transcript), wanted);
    }

    #[test]
    fn of_a_long_file_the_end_is_read_from_a_line_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert_eq!(tail(&path).unwrap(), "");
        fs::write(&path, "a line\n".repeat(200_000)).unwrap();
        let text = tail(&path).unwrap();
        assert!(text.starts_with("(the end; all of it: ") && text.ends_with("a line\n"));
        assert!(text.lines().skip(1).all(|line| line == "a line"));
        assert!(text.len() <= usize::try_from(TAIL).unwrap() + 200);
    }
}
