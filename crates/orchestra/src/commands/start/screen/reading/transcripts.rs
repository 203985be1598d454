//! What agents said, turn by turn.

use std::path::PathBuf;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_project::file::FileError;
use orchestra_tui::{Reading, Want, coloured};
use serde_json::Value;

use super::{Place, TAIL, folder, printed, tail};

/// How much of a transcript goes to a pager, in bytes: the end.
const PAGES: u64 = 16 * 1024 * 1024;
/// How many files of a milestone are looked at.
const FILES: usize = 100_000;

/// A turn that left a transcript. The number of a turn goes up over all works.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Turn {
    number: u64,
    work: String,
    attempt: u64,
    path: PathBuf,
}

impl Turn {
    /// `phase-1-2-turn-7.log`: the seventh turn, which was the second at phase-1.
    fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (of, number) = name.strip_suffix(".log")?.rsplit_once("-turn-")?;
        let (work, attempt) = of.rsplit_once('-')?;
        let (number, attempt, work) = (number.parse().ok()?, attempt.parse().ok()?, work.to_owned());
        Some(Self { number, work, attempt, path })
    }
}

impl Place {
    /// A turn of a work, or of any of a milestone's: the last one, where none is named.
    pub(in crate::commands) fn transcript(
        &self,
        milestone: &MilestoneId,
        work: Option<&WorkId>,
        turn: Option<u64>,
    ) -> Reading {
        let turns = match self.turns(milestone, work) {
            Ok(turns) => turns,
            Err(error) => return Reading::Nothing(error.to_string()),
        };
        let at = match turn {
            Some(number) => turns.iter().position(|turn| turn.number == number),
            None => turns.len().checked_sub(1),
        };
        let Some(at) = at else { return Reading::Nothing("no agent has run for it yet".to_owned()) };
        let want =
            |turn: &Turn| Want::Turn { milestone: milestone.clone(), work: work.cloned(), turn: turn.number };
        let Turn { work: of, attempt, path, .. } = &turns[at];
        // Where the work was chosen, its name stands there already.
        let of = if work.is_some() { String::new() } else { format!("{of} · ") };
        let said = printed(
            tail(&self.layout, path, TAIL).map(|text| spoken(&text)),
            "the agent has said nothing yet",
        );
        Reading::OneOf {
            title: format!("{of}attempt {attempt} · turn {} of {}", at + 1, turns.len()),
            before: at.checked_sub(1).map(|before| want(&turns[before])),
            after: turns.get(at + 1).map(want),
            reading: Box::new(said),
        }
    }
}

impl Place {
    /// The turns of a work, or all of a milestone's, in their order.
    fn turns(&self, milestone: &MilestoneId, work: Option<&WorkId>) -> Result<Vec<Turn>, FileError> {
        let path = self.layout.transcripts().join(milestone.as_str());
        let Some(folder) = folder(&self.layout, &path)? else { return Ok(Vec::new()) };
        let files = folder.list(FILES)?.into_iter();
        let name = work.map(ToString::to_string);
        let mut turns: Vec<Turn> = files
            .filter_map(|(file, _)| Turn::of(path.join(file)))
            .filter(|turn| name.as_ref().is_none_or(|name| *name == turn.work))
            .collect();
        turns.sort();
        Ok(turns)
    }

    /// A whole transcript, for a pager: as a person reads it, with nothing in it that does anything but colour.
    pub(in crate::commands) fn pages(&self, want: &Want) -> Result<String, String> {
        let (milestone, work, turn) = match want {
            Want::Transcript { milestone, work } => (milestone, work, None),
            Want::Turn { milestone, work, turn } => (milestone, work, Some(*turn)),
            _ => return Err("no transcript belongs to this".to_owned()),
        };
        let mut turns = self.turns(milestone, work.as_ref()).map_err(|error| error.to_string())?;
        turns.retain(|one| turn.is_none_or(|turn| one.number == turn));
        let path = turns.pop().ok_or("no agent has run for it yet")?.path;
        let text = tail(&self.layout, &path, PAGES).map_err(|error| error.to_string())?;
        if text.trim().is_empty() {
            return Err("the agent has said nothing yet".to_owned());
        }
        Ok(coloured(&spoken(&text)))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_by_its_file() {
        let turn =
            |name: &str| Turn::of(PathBuf::from(name)).map(|turn| (turn.work, turn.attempt, turn.number));
        assert_eq!(turn("phase-1-2-turn-7.log"), Some(("phase-1".to_owned(), 2, 7)));
        assert_eq!(
            turn("fix-1-backend-engineer-1-turn-12.log"),
            Some(("fix-1-backend-engineer".to_owned(), 1, 12))
        );
        for other in ["phase-1.log", "phase-1-2-turn-7.txt", "rfc-1-turn-x.log"] {
            assert_eq!(turn(other), None, "{other}");
        }
    }

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
}
