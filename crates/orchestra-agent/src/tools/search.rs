//! `search`: lines that a regular expression matches, by ripgrep's own crates.

use std::fs::File;
use std::io::{self, Read};

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkContextKind, SinkMatch,
};
use ignore::overrides::{Override, OverrideBuilder};
use orchestra_core::path::RepoPath;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Answer;
use super::beneath::{Kind, LastLink, MAX_DEPTH, Spot};
use super::files::{Files, refusal};
use super::shown::{self, Heading, counted, number};
use super::stop::Stop;
use super::walk::{self, Entry, LeftOut, Next};

/// The longest expression, in bytes.
const MAX_PATTERN: usize = 4 * 1024;
/// The largest program that one may become, in bytes.
const MAX_PROGRAM: usize = 8 * 1024 * 1024;
/// How many matching lines are shown.
const MAX_MATCHES: u64 = 200;
/// How many of one file.
const MAX_OF_FILE: u64 = 50;
/// The longest answer, in bytes.
const MAX_BYTES: usize = 48 * 1024;
/// How many lines around a match are shown.
const MAX_CONTEXT: u32 = 10;
/// How much of one line, in bytes.
const MAX_LINE: usize = 400;
/// How much of a file is searched, in bytes.
const MAX_OF_ONE: u64 = 64 * 1024 * 1024;
/// How much memory a line may take, in bytes.
const MAX_MEMORY: usize = 16 * 1024 * 1024;

/// Searches files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchArgs {
    /// A regular expression in Rust's syntax; it is matched within lines.
    pattern: String,
    /// The file or folder to search, from the top of the repository; all of it where there is none.
    #[serde(default)]
    path: Option<String>,
    /// Which files: `*.rs`, `src/**/*.ts`; with a `!` in front, which not.
    #[serde(default)]
    glob: Option<String>,
    /// Whether upper and lower case differ; they do where nothing is said.
    #[serde(default)]
    case: Option<Case>,
    /// How many lines around each match are shown, up to 10.
    #[serde(default)]
    context: Option<u32>,
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Case {
    /// They do.
    Sensitive,
    /// They do not.
    Insensitive,
    /// They do where the expression has an upper-case letter.
    Smart,
}

pub(super) fn search(files: &Files, args: &SearchArgs, stop: &Stop) -> Answer {
    let matcher = match matcher(args) {
        Ok(matcher) => matcher,
        Err(why) => return Answer::wrong(why),
    };
    let glob = match globs(args.glob.as_deref()) {
        Ok(glob) => glob,
        Err(why) => return Answer::wrong(why),
    };
    let asked = args.path.as_deref().unwrap_or_default();
    let mut search = Search::new(matcher, args.context.unwrap_or(0).min(MAX_CONTEXT) as usize, stop);
    let searched = files.top.resolve(asked, LastLink::Follow).and_then(|spot| match spot {
        Spot::Folder(folder) => {
            walk::walk(&files.top, &folder, MAX_DEPTH, stop, |entry| search.entry(entry, &glob))
        }
        Spot::Name(name) => {
            search.file(name.open()?, &name.path);
            Ok(LeftOut::default())
        }
    });
    match searched {
        Ok(left_out) => search.answer(&args.pattern, asked, left_out),
        Err(error) => Answer::wrong(refusal(asked, &error)),
    }
}

fn matcher(args: &SearchArgs) -> Result<RegexMatcher, String> {
    if args.pattern.is_empty() || args.pattern.len() > MAX_PATTERN {
        return Err(format!("`pattern` is empty, or longer than {}", counted(MAX_PATTERN as u64, "byte")));
    }
    let mut builder = RegexMatcherBuilder::new();
    builder.line_terminator(Some(b'\n')).size_limit(MAX_PROGRAM).dfa_size_limit(MAX_PROGRAM);
    match args.case {
        None | Some(Case::Sensitive) => &mut builder,
        Some(Case::Insensitive) => builder.case_insensitive(true),
        Some(Case::Smart) => builder.case_smart(true),
    };
    builder.build(&args.pattern).map_err(|error| format!("`pattern` cannot be used: {error}"))
}

fn globs(glob: Option<&str>) -> Result<Override, String> {
    let Some(glob) = glob else { return Ok(Override::empty()) };
    let mut builder = OverrideBuilder::new("");
    let built = if glob.len() > MAX_PATTERN {
        return Err(format!("`glob` is longer than {}", counted(MAX_PATTERN as u64, "byte")));
    } else {
        builder.add(glob).and_then(|builder| builder.build())
    };
    built.map_err(|error| format!("`glob` cannot be used: {error}"))
}

/// One search over many files.
struct Search<'a> {
    matcher: RegexMatcher,
    searcher: Searcher,
    stop: &'a Stop,
    shown: String,
    matches: u64,
    files: u64,
    /// Files of which not all was searched, or of which more matches are not shown.
    partly: u64,
    unreadable: u64,
    is_full: bool,
}

impl<'a> Search<'a> {
    fn new(matcher: RegexMatcher, context: usize, stop: &'a Stop) -> Self {
        let searcher = SearcherBuilder::new()
            .line_number(true)
            .before_context(context)
            .after_context(context)
            .heap_limit(Some(MAX_MEMORY))
            .binary_detection(BinaryDetection::quit(0))
            .build();
        let shown = String::new();
        Self {
            matcher,
            searcher,
            stop,
            shown,
            matches: 0,
            files: 0,
            partly: 0,
            unreadable: 0,
            is_full: false,
        }
    }

    fn entry(&mut self, entry: &Entry<'_>, glob: &Override) -> Next {
        use std::os::unix::ffi::OsStrExt as _;

        let path = std::ffi::OsStr::from_bytes(entry.path.as_bytes());
        let is_folder = entry.kind == Kind::Folder;
        if glob.matched(path, is_folder).is_ignore() {
            return Next::Beside;
        }
        match entry.kind {
            Kind::File => match entry.folder.file(entry.name) {
                Ok(file) => self.file(file, entry.path),
                Err(_) => self.unreadable += 1,
            },
            Kind::Folder | Kind::Link | Kind::Special(_) => {}
        }
        if self.is_full { Next::End } else { Next::On }
    }

    fn file(&mut self, file: File, path: &RepoPath) {
        let mut reader = Bounded { file, left: MAX_OF_ONE, is_cut: false, stop: self.stop };
        let mut found = Found {
            matcher: &self.matcher,
            path: path.to_string(),
            shown: &mut self.shown,
            left: MAX_MATCHES - self.matches,
            matches: 0,
            is_cut: false,
        };
        let searched = self.searcher.search_reader(&self.matcher, &mut reader, &mut found);
        let (matches, is_cut) = (found.matches, found.is_cut);
        self.matches += matches;
        self.files += u64::from(matches > 0);
        self.partly += u64::from(is_cut || reader.is_cut);
        // A line that is too long for the memory it may take.
        self.unreadable += u64::from(searched.is_err() && !self.stop.is_due());
        self.is_full = self.matches >= MAX_MATCHES || self.shown.len() >= MAX_BYTES;
    }

    fn answer(self, pattern: &str, asked: &str, left_out: LeftOut) -> Answer {
        let place = if asked.is_empty() { String::new() } else { format!(" in {asked}") };
        let mut heading = Heading::new("search", format!("{pattern}{place}"));
        if self.matches == 0 {
            heading.say("no line matches");
        } else {
            heading.say(format!("{} in {}", counted(self.matches, "line"), counted(self.files, "file")));
        }
        if self.is_full {
            heading.say("there may be more: search a part of it, or with a narrower expression");
        }
        if left_out.was_stopped || self.stop.is_due() {
            heading.say(format!("not all was searched: {}", self.stop.words()));
        }
        if self.partly > 0 {
            heading.say(format!("{} shown or searched in part", counted(self.partly, "file")));
        }
        let unopened = self.unreadable + left_out.folders + left_out.names;
        if unopened > 0 {
            heading.say(format!("{} could not be searched", number(unopened)));
        }
        Answer::text(heading.over(&self.shown))
    }
}

/// Takes what a searcher finds in one file.
struct Found<'a> {
    matcher: &'a RegexMatcher,
    path: String,
    shown: &'a mut String,
    left: u64,
    matches: u64,
    is_cut: bool,
}

impl Found<'_> {
    fn line(&mut self, number: Option<u64>, sign: char, bytes: &[u8], around: usize) {
        let line = window(bytes, around);
        let number = number.unwrap_or_default();
        let shown = [&self.path, &sign.to_string(), &number.to_string(), &sign.to_string(), " ", &line, "\n"];
        self.shown.extend(shown);
    }

    fn has_room(&mut self) -> bool {
        let has_room = self.matches < self.left.min(MAX_OF_FILE) && self.shown.len() < MAX_BYTES;
        self.is_cut |= !has_room;
        has_room
    }
}

impl Sink for Found<'_> {
    type Error = io::Error;

    fn matched(&mut self, _searcher: &Searcher, matched: &SinkMatch<'_>) -> io::Result<bool> {
        use grep_matcher::Matcher as _;

        if !self.has_room() {
            return Ok(false);
        }
        let bytes = matched.bytes();
        let at = self.matcher.find(bytes).ok().flatten().map_or(0, |found| found.start());
        self.line(matched.line_number(), ':', bytes, at);
        self.matches += 1;
        Ok(true)
    }

    fn context(&mut self, _searcher: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        let wanted = match context.kind() {
            SinkContextKind::Before | SinkContextKind::Other => self.has_room(),
            // What follows the last match that is shown.
            SinkContextKind::After => true,
        };
        if wanted {
            self.line(context.line_number(), '-', context.bytes(), 0);
        }
        Ok(wanted)
    }

    fn context_break(&mut self, _searcher: &Searcher) -> io::Result<bool> {
        self.shown.push_str("--\n");
        Ok(true)
    }
}

/// The part of a line around a place.
fn window(bytes: &[u8], around: usize) -> String {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= MAX_LINE {
        return shown::text(line);
    }
    let is_border = |at: usize| line.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let near = |at: usize| (at..=at + 3).find(|at| is_border(*at)).unwrap_or(at);
    let begin = near(around.saturating_sub(MAX_LINE / 4).min(line.len() - MAX_LINE));
    let end = near(begin + MAX_LINE).min(line.len());
    let (before, after) = (if begin > 0 { "… " } else { "" }, if end < line.len() { " …" } else { "" });
    format!("{before}{}{after}", shown::text(&line[begin..end]))
}

/// A file of which only so much is read, and that ends when nobody waits any more.
struct Bounded<'a> {
    file: File,
    left: u64,
    is_cut: bool,
    stop: &'a Stop,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_due() {
            return Ok(0);
        }
        if self.left == 0 {
            self.is_cut = true;
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_line_the_part_around_the_match_is_shown() {
        let line = format!("{}needle{}\r\n", "é".repeat(5_000), "x".repeat(5_000));
        let shown = window(line.as_bytes(), 10_000);
        assert!(shown.contains("éneedlex") && shown.starts_with("… é") && shown.ends_with("x …"), "{shown}");
        assert!(shown.len() < MAX_LINE + 20 && !shown.contains('\u{fffd}'));
        assert_eq!(window(b"short\r\n", 3), "short");
        assert_eq!(window(&[0x80; 1_000], 990).chars().filter(|c| *c == '\u{fffd}').count(), MAX_LINE);
    }
}
