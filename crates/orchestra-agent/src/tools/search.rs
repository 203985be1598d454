//! `search`: lines that a regular expression matches, by ripgrep's own crates.

mod found;

use std::fs::File;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::overrides::{Override, OverrideBuilder};
use orchestra_core::path::RepoPath;
use schemars::JsonSchema;
use serde::Deserialize;

use self::found::{Bounded, Found};
use super::Answer;
use super::beneath::{Kind, LastLink, MAX_DEPTH, Spot};
use super::files::{Files, refusal};
use super::shown::{Heading, counted, number};
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
