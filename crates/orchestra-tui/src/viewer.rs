//! Something to read in front of the panes: a document, changes, what an agent said.

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::words::counted;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use ratatui::text::{Line, Span};

use crate::key::Action;
use crate::markdown;
use crate::patch;
use crate::search::For;
use crate::sheet::{Mark, Piece, Sheet, plain};
use crate::text::{self, Long};
use crate::theme::Theme;

/// How many lines are laid out at most: more of them would keep a frame waiting.
const MOST: usize = 20_000;

/// Something that a person wants to read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Want {
    /// A milestone's document, or that of one of its works.
    Document {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
    },
    /// One of a milestone's documents, by its name.
    Named {
        /// The milestone.
        milestone: MilestoneId,
        /// The name below the milestone's folder: `phases/phase-1.md`.
        name: String,
    },
    /// What a work has changed, or all works of a milestone.
    Changes {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
    },
    /// What the agent said in a work's last turn, or in the milestone's.
    Transcript {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
    },
    /// What the agent said in one of the turns of a work, or of a milestone.
    Turn {
        /// The milestone.
        milestone: MilestoneId,
        /// The work.
        work: Option<WorkId>,
        /// The turn's number.
        turn: u64,
    },
    /// What happened since the person last pressed a key; the screen knows it by itself.
    Since,
    /// What was recorded, of a milestone or of all.
    Journal {
        /// The milestone.
        milestone: Option<MilestoneId>,
    },
    /// What was saved before it was taken out of the tree.
    Rescue,
    /// One of the things that were saved.
    Saved {
        /// Its name.
        name: String,
    },
}

/// What was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reading {
    /// A document.
    Markdown(String),
    /// Changes.
    Patch(String),
    /// What a program printed, with its colours.
    Printed(String),
    /// Things of which one can be opened.
    List {
        /// What stands above them.
        head: String,
        /// What each is called, and what is read when it is opened.
        rows: Vec<(String, Want)>,
    },
    /// One of several.
    OneOf {
        /// What it is called: `rfc.md (3 of 7)`.
        title: String,
        /// The one before it.
        before: Option<Want>,
        /// The one after it.
        after: Option<Want>,
        /// What it says.
        reading: Box<Reading>,
    },
    /// Nothing, and why.
    Nothing(String),
}

/// What a key in the viewer came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Came {
    /// Nothing that anybody else has to know.
    Nothing,
    /// It closes.
    Closed,
    /// Something else is to be read in its place.
    Turned(Want),
    /// Something is to be read, and this afterwards again.
    Opened(Want),
}

/// The viewer.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) want: Want,
    title: String,
    reading: Option<Reading>,
    before: Option<Want>,
    after: Option<Want>,
    sheet: Sheet,
    laid_out: Option<(u16, Theme)>,
    /// What is shown again when this is left.
    under: Option<Box<Viewer>>,
}

impl Viewer {
    pub(crate) fn new(want: Want) -> Self {
        Self {
            title: title_of(&want),
            want,
            reading: None,
            before: None,
            after: None,
            sheet: Sheet::default(),
            laid_out: None,
            under: None,
        }
    }

    /// Something that is known already, under a name of its own.
    pub(crate) fn known(title: &str, reading: Reading) -> Self {
        let mut viewer = Self { title: title.to_owned(), ..Self::new(Want::Since) };
        viewer.read(reading);
        viewer
    }

    /// Shows the end first.
    pub(crate) fn go_to_end(&mut self) {
        self.sheet.go_to(true);
    }

    /// Asks what is searched for.
    pub(crate) fn search(&mut self) {
        self.sheet.ask(For::Search);
    }

    /// What is read from here, and left by going back here.
    pub(crate) fn open(self, want: Want) -> Self {
        Self { under: Some(Box::new(self)), ..Self::new(want) }
    }

    /// What is under it.
    pub(crate) fn close(self) -> Option<Self> {
        self.under.map(|under| *under)
    }

    /// Goes on to something of the same kind. What is read now is shown until that comes.
    pub(crate) fn turn(&mut self, want: Want) {
        self.want = want;
        (self.before, self.after) = (None, None);
    }

    /// What was read has come.
    pub(crate) fn read(&mut self, reading: Reading) {
        let reading = match reading {
            Reading::OneOf { title, before, after, reading } => {
                self.title = format!("{} · {title}", title_of(&self.want));
                (self.before, self.after) = (before, after);
                *reading
            }
            reading => reading,
        };
        // The end of what was printed is what one wants to see first.
        self.sheet.go_to(matches!(reading, Reading::Printed(_)));
        self.sheet.search.show_all();
        self.reading = Some(reading);
        self.laid_out = None;
    }

    /// Makes rows for a width. To be called before a frame is drawn.
    pub(crate) fn lay_out(&mut self, width: u16, theme: Theme) {
        if self.laid_out == Some((width, theme)) {
            return;
        }
        let said = |text: &str| {
            let text = vec![Span::styled(text.to_owned(), theme.dim())];
            vec![Piece::of(Long { text, ..Long::default() })]
        };
        let pieces = match &self.reading {
            None => said("reading…"),
            Some(Reading::Markdown(text)) => {
                let (text, left) = begin_of(text);
                with_rest(plain(document(text, theme)), left, "more line", theme)
            }
            Some(Reading::Patch(text)) => {
                let (text, left) = begin_of(text);
                with_rest(patch::pieces(text, theme), left, "more line", theme)
            }
            Some(Reading::Printed(text)) => {
                let (text, left) = end_of(text);
                with_rest(plain(text::ansi(text, theme)), left, "earlier line", theme)
            }
            Some(Reading::List { head, rows }) => list(head, rows, theme),
            Some(Reading::Nothing(why)) => said(&text::harmless(why, theme.unicode)),
            // It was opened up when it came.
            Some(Reading::OneOf { title, .. }) => said(&text::harmless(title, theme.unicode)),
        };
        let is_list = matches!(self.reading, Some(Reading::List { .. }));
        self.sheet.lay_out(pieces, is_list, width);
        if is_list && self.laid_out.is_none() {
            self.sheet.choose_first();
        }
        self.laid_out = Some((width, theme));
    }

    pub(crate) fn rows(&self) -> &[Line<'static>] {
        self.sheet.rows()
    }

    /// What it is called, with what is filtered.
    pub(crate) fn title(&self) -> String {
        match self.sheet.search.filter() {
            "" => self.title.clone(),
            filter => format!("{} · only lines with “{filter}”", self.title),
        }
    }

    /// The first row that is shown where there are so many.
    pub(crate) fn top(&self, height: u16) -> usize {
        self.sheet.top(height)
    }

    /// The row that is chosen, where one can be.
    pub(crate) fn cursor(&self) -> Option<usize> {
        self.sheet.cursor()
    }

    /// Whether a row is one that was searched for.
    pub(crate) fn is_found(&self, row: usize) -> bool {
        self.sheet.is_found(row)
    }

    /// What was read, as it is.
    pub(crate) fn text(&self) -> Option<String> {
        match self.reading.as_ref()? {
            Reading::Markdown(text)
            | Reading::Patch(text)
            | Reading::Printed(text)
            | Reading::Nothing(text) => Some(text.clone()),
            Reading::List { rows, .. } => {
                Some(rows.iter().map(|(row, _)| row.as_str()).collect::<Vec<_>>().join("\n"))
            }
            // It was opened up when it came.
            Reading::OneOf { title, .. } => Some(title.clone()),
        }
    }

    /// What is typed, or what was searched for.
    pub(crate) fn foot(&self) -> Option<String> {
        self.sheet.search.foot()
    }

    /// Whether a text is typed.
    pub(crate) fn is_typing(&self) -> bool {
        self.sheet.search.is_typing()
    }

    /// What `]` and `[` go to, where they go anywhere.
    pub(crate) fn parts(&self) -> Option<&'static str> {
        match self.want {
            _ if self.before.is_none() && self.after.is_none() => self.sheet.has_files().then_some("file"),
            Want::Transcript { .. } | Want::Turn { .. } => Some("turn"),
            _ => Some("document"),
        }
    }

    /// Whether it is a list of what can be opened.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.reading, Some(Reading::List { .. }))
    }

    /// Whether something is under it.
    pub(crate) fn has_under(&self) -> bool {
        self.under.is_some()
    }

    /// A key with what it does here, and the height that is in sight.
    pub(crate) fn key(&mut self, key: &KeyEvent, action: Option<Action>, height: u16) -> Came {
        if self.sheet.search.is_typing() {
            if self.sheet.typed(key, height) {
                self.sheet.go_to(false);
                self.laid_out = None;
            }
            return Came::Nothing;
        }
        let action = match (key.code, action) {
            (KeyCode::Char('n'), _) => return self.jump(false, height),
            (KeyCode::Char('N'), _) => return self.jump(true, height),
            (_, Some(Action::Search)) => return self.ask(For::Search),
            (_, Some(Action::Filter)) => return self.ask(For::Filter),
            (_, Some(Action::NextPart)) => return self.part(false, height),
            (_, Some(Action::PreviousPart)) => return self.part(true, height),
            (_, Some(Action::Back)) => return Came::Closed,
            (KeyCode::Enter, _) if self.is_list() => {
                return self.choice().map_or(Came::Nothing, Came::Opened);
            }
            (KeyCode::Char(' ') | KeyCode::Enter, None) => Some(Action::PageDown),
            (_, action) => action,
        };
        self.sheet.scroll(action, height);
        Came::Nothing
    }

    /// The wheel was turned over it.
    pub(crate) fn roll(&mut self, rows: isize, height: u16) {
        self.sheet.roll(rows, height);
    }

    /// Pasted text belongs to what is searched for.
    pub(crate) fn paste(&mut self, text: &str) {
        self.sheet.search.paste(text);
    }

    fn jump(&mut self, back: bool, height: u16) -> Came {
        self.sheet.jump(back, height);
        Came::Nothing
    }

    fn ask(&mut self, what: For) -> Came {
        self.sheet.ask(what);
        Came::Nothing
    }

    /// To the next document or turn, or where there is none, to the next file.
    fn part(&mut self, back: bool, height: u16) -> Came {
        if self.before.is_none() && self.after.is_none() {
            self.sheet.go_to_file(back, height);
            return Came::Nothing;
        }
        let other = if back { &self.before } else { &self.after };
        other.clone().map_or(Came::Nothing, Came::Turned)
    }

    /// What the chosen row opens.
    fn choice(&self) -> Option<Want> {
        let (Some(Reading::List { rows, .. }), Some((_, Mark::Choice(number)))) =
            (&self.reading, self.sheet.here())
        else {
            return None;
        };
        rows.get(*number).map(|(_, want)| want.clone())
    }
}

fn title_of(want: &Want) -> String {
    let of = |what: &str, milestone: &MilestoneId, work: &Option<WorkId>| match work {
        Some(work) => format!("{what} · {milestone} · {work}"),
        None => format!("{what} · {milestone}"),
    };
    match want {
        // The name of the document says more than the work's.
        Want::Document { milestone, .. } | Want::Named { milestone, .. } => of("document", milestone, &None),
        Want::Changes { milestone, work } => of("changes", milestone, work),
        Want::Transcript { milestone, work } | Want::Turn { milestone, work, .. } => {
            of("transcript", milestone, work)
        }
        Want::Since => "since you last pressed a key".to_owned(),
        Want::Journal { milestone: Some(milestone) } => of("journal", milestone, &None),
        Want::Journal { milestone: None } => "journal".to_owned(),
        Want::Rescue => "rescued".to_owned(),
        Want::Saved { name } => format!("rescued · {name}"),
    }
}

/// As many lines of a text as are laid out, from its begin, and how many are left.
fn begin_of(text: &str) -> (&str, usize) {
    let end = text.match_indices('\n').nth(MOST - 1).map_or(text.len(), |(at, _)| at + 1);
    (&text[..end], text[end..].lines().count())
}

/// The same, from its end: of what was printed the last comes first.
fn end_of(text: &str) -> (&str, usize) {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let begin = body.rmatch_indices('\n').nth(MOST - 1).map_or(0, |(at, _)| at + 1);
    (&text[begin..], text[..begin].lines().count())
}

/// Lines, and at their end how many others there are.
fn with_rest(mut pieces: Vec<Piece>, left: usize, what: &str, theme: Theme) -> Vec<Piece> {
    if left > 0 {
        let text = format!("{} not shown: {}", theme.sign("…", "..."), counted(left, what));
        let text = vec![Span::styled(text, theme.dim())];
        pieces.push(Piece::of(Long { text, ..Long::default() }));
    }
    pieces
}

/// Things of which one can be opened, a line each.
fn list(head: &str, rows: &[(String, Want)], theme: Theme) -> Vec<Piece> {
    let line = |text: &str| {
        let text = text::harmless(text, theme.unicode).replace('\n', " ");
        Long { text: vec![Span::raw(text)], rest: vec![Span::raw("    ")], ..Long::default() }
    };
    let mut pieces: Vec<Piece> = head.lines().map(|text| Piece::of(line(text))).collect();
    for (number, (text, _)) in rows.iter().enumerate() {
        pieces.push(Piece { mark: Mark::Choice(number), ..Piece::of(line(text)) });
    }
    pieces
}

/// A document: its front matter as it stands, and its text as what it means.
fn document(text: &str, theme: Theme) -> Vec<Long> {
    let front = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let Some((front, body)) = front else { return markdown::lines(text, theme) };
    let front = text::harmless(front, theme.unicode);
    let dim = |line: &str| Long {
        text: vec![Span::styled(line.to_owned(), theme.dim())],
        keep: true,
        ..Long::default()
    };
    let mut lines: Vec<Long> = front.lines().map(dim).collect();
    lines.extend(markdown::lines(body, theme));
    lines
}
