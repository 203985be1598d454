//! `list`: what lies in a folder.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Answer;
use super::beneath::{Kind, LastLink, PathError, Spot};
use super::files::{Files, refusal};
use super::shown::{Heading, counted};
use super::stop::Stop;
use super::walk::{self, Entry, Next};

/// How deep a list is where nobody says.
const USUAL_DEPTH: usize = 2;
/// How many lines it has at the most.
const MAX_LINES: usize = 1_000;
/// How many lines of one folder.
const MAX_OF_FOLDER: usize = 200;
/// How many entries are looked at before the deepest are left out.
const MAX_FOUND: usize = 50_000;
/// The longest list, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Lists a folder.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListArgs {
    /// The folder, from the top of the repository; its top where there is none.
    #[serde(default)]
    path: Option<String>,
    /// How many folders deep: 1 for the folder alone; 2 where nothing is said.
    #[serde(default)]
    depth: Option<u32>,
}

struct Line {
    depth: usize,
    text: String,
}

pub(super) fn list(files: &Files, args: &ListArgs, stop: &Stop) -> Answer {
    let asked = args.path.as_deref().unwrap_or_default();
    let folder = match files.top.resolve(asked, LastLink::Follow) {
        Ok(Spot::Folder(folder)) => folder,
        Ok(Spot::Name(name)) => {
            let error = match name.kind {
                None => PathError::Missing,
                Some(_) => PathError::NotAFolder { folder: name.path.to_string() },
            };
            return Answer::wrong(refusal(asked, &error));
        }
        Err(error) => return Answer::wrong(refusal(asked, &error)),
    };
    let depth = args.depth.map_or(USUAL_DEPTH, |depth| depth as usize).max(1);
    let mut found = Found::default();
    let left_out = match walk::walk(&files.top, &folder, depth, stop, |entry| found.add(entry)) {
        Ok(left_out) => left_out,
        Err(error) => return Answer::wrong(refusal(asked, &error)),
    };
    let subject = folder.path.as_ref().map_or_else(|| ".".to_owned(), ToString::to_string);
    let mut heading = Heading::new("list", subject);
    let shown = found.shown(depth, &mut heading);
    if left_out.was_stopped {
        heading.say(format!("not all of it: {}", stop.words()));
    }
    if left_out.folders > 0 {
        heading.say(format!("{} could not be opened", counted(left_out.folders, "folder")));
    }
    if left_out.names > 0 {
        heading.say(format!("{} left out", counted(left_out.names, "name")));
    }
    heading.say("without what git ignores");
    Answer::text(heading.over(&shown))
}

#[derive(Default)]
struct Found {
    lines: Vec<Line>,
    /// The folders that the walk is in, with how many entries of each were seen.
    counts: Vec<(String, usize)>,
    is_cut: bool,
}

impl Found {
    fn add(&mut self, entry: &Entry<'_>) -> Next {
        while self.counts.len() > entry.depth {
            self.end_folder();
        }
        if self.counts.len() < entry.depth {
            let folder = entry.folder.path.as_ref().map(|path| format!("{path}/")).unwrap_or_default();
            self.counts.push((folder, 0));
        }
        if self.lines.len() == MAX_FOUND {
            self.is_cut = true;
            return Next::End;
        }
        if let Some((_, count)) = self.counts.last_mut() {
            *count += 1;
            if *count > MAX_OF_FOLDER {
                return Next::Beside;
            }
        }
        let text = match entry.kind {
            Kind::File => entry.path.to_string(),
            Kind::Folder => format!("{}/", entry.path),
            Kind::Link => format!("{} (a symbolic link)", entry.path),
            Kind::Special(what) => format!("{} ({what})", entry.path),
        };
        self.lines.push(Line { depth: entry.depth, text });
        Next::On
    }

    fn end_folder(&mut self) {
        let depth = self.counts.len();
        if let Some((folder, count)) = self.counts.pop()
            && count > MAX_OF_FOLDER
        {
            let more = (count - MAX_OF_FOLDER) as u64;
            self.lines.push(Line { depth, text: format!("{folder}… {} more", super::shown::number(more)) });
        }
    }

    /// As deep as fits.
    fn shown(mut self, depth: usize, heading: &mut Heading) -> String {
        while !self.counts.is_empty() {
            self.end_folder();
        }
        let fits = |depth: usize| {
            let lines = self.lines.iter().filter(|line| line.depth <= depth);
            let (count, bytes) =
                lines.fold((0, 0), |(count, bytes), line| (count + 1, bytes + line.text.len() + 1));
            count <= MAX_LINES && bytes <= MAX_BYTES
        };
        let deepest = self.lines.iter().map(|line| line.depth).max().unwrap_or(1).min(depth);
        let shown_depth = (1..=deepest).rev().find(|depth| fits(*depth)).unwrap_or(1);
        let mut shown = String::new();
        let mut count = 0;
        for line in self.lines.iter().filter(|line| line.depth <= shown_depth) {
            if shown.len() + line.text.len() > MAX_BYTES {
                self.is_cut = true;
                break;
            }
            shown.push_str(&line.text);
            shown.push('\n');
            count += 1;
        }
        heading.say(counted(count, "line"));
        if shown_depth < deepest {
            heading.say(format!("only {shown_depth} deep, for there is too much: list a folder of it"));
        }
        if self.is_cut {
            heading.say("not all of it: list a folder of it");
        }
        shown
    }
}
