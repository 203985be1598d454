//! Lays out the events of a Markdown reader: what each does, and the text within a block.

mod blocks;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use ratatui::{
    style::{Modifier, Style},
    text::Span,
};

use super::Sourced;
use super::table::Table;
use crate::{text::harmless, theme::Theme};

/// Quotes and lists that are nested deeper than this are not indented further. Each line carries what stands before
/// it, so that a few bytes of Markdown would otherwise become very much.
const DEEPEST: usize = 16;

/// A rule's length, in columns: it need not know how wide the screen is.
const RULE: usize = 12;

/// Stands for a hard break in the text of a block until its lines are made.
const BREAK: &str = "\n";

/// A page that is being laid out.
pub(super) struct Page {
    theme: Theme,
    lines: Vec<Sourced>,
    /// With which line of the source the event begins that is being read.
    now: usize,
    /// Where the next line that is shown comes from.
    from: usize,
    /// Where the text of the block comes from that is being read: its begin, and what comes after each hard break.
    sources: Vec<usize>,
    containers: Vec<Container>,
    /// Numbers of the lists around; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Whether something has been shown.
    begun: bool,
    /// What stands before the blank line that comes before the next line.
    gap: Option<Vec<Span<'static>>>,
    /// The text of the block that is being read.
    text: Vec<Span<'static>>,
    /// Whether that block has begun.
    open: bool,
    styles: Vec<Style>,
    /// Links and images that are being read: where in the text they began, and their target.
    links: Vec<(usize, String)>,
    verbatim: Option<Verbatim>,
    table: Option<Table>,
}

/// What stands around blocks.
struct Container {
    kind: Kind,
    /// Whether something in it has been shown.
    begun: bool,
}

enum Kind {
    Quote,
    /// An item of a list, with its sign until that is shown, and as many columns as its sign takes.
    Item {
        sign: Option<String>,
        width: usize,
    },
}

/// Text that is shown line by line.
enum Verbatim {
    Code { language: String, is_fenced: bool, text: String },
    Html(String),
}

impl Page {
    pub(super) fn new(theme: Theme) -> Self {
        Self {
            theme,
            lines: Vec::new(),
            now: 1,
            from: 1,
            sources: Vec::new(),
            containers: Vec::new(),
            lists: Vec::new(),
            begun: false,
            gap: None,
            text: Vec::new(),
            open: false,
            styles: Vec::new(),
            links: Vec::new(),
            verbatim: None,
            table: None,
        }
    }

    /// Reads an event that begins with this line of the source.
    pub(super) fn read(&mut self, event: Event<'_>, line: usize) {
        self.now = line;
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.push(&text),
            Event::Code(code) => self.push_code(&code),
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => {
                self.push_span(Span::raw(BREAK));
                self.sources.push(self.now + 1);
            }
            Event::Rule => {
                self.begin_block();
                self.from = self.now;
                let rule = self.theme.sign("─", "-").repeat(RULE);
                self.emit(vec![Span::styled(rule, self.theme.dim())], false);
            }
            Event::TaskListMarker(done) => self.mark_task(done),
        }
    }

    pub(super) fn finish(mut self) -> Vec<Sourced> {
        self.end_text();
        self.lines
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } => {
                self.end_text();
                self.styles.push(self.theme.strong());
            }
            Tag::BlockQuote(_) => {
                self.begin_block();
                self.containers.push(Container { kind: Kind::Quote, begun: false });
            }
            Tag::CodeBlock(kind) => {
                self.begin_block();
                let is_fenced = matches!(kind, CodeBlockKind::Fenced(_));
                let language = one_line(&language_of(&kind), self.theme);
                self.verbatim = Some(Verbatim::Code { language, is_fenced, text: String::new() });
            }
            Tag::HtmlBlock => {
                self.begin_block();
                self.verbatim = Some(Verbatim::Html(String::new()));
            }
            Tag::List(number) => {
                self.end_text();
                if !matches!(self.containers.last(), Some(Container { kind: Kind::Item { .. }, .. })) {
                    self.begin_block();
                }
                self.lists.push(number);
            }
            Tag::Item => self.start_item(),
            Tag::Table(alignments) => {
                self.begin_block();
                self.table = Some(Table::new(self.theme, alignments));
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.begin_row();
                }
            }
            Tag::Emphasis => self.push_style(Style::new().add_modifier(Modifier::ITALIC)),
            Tag::Strong => self.push_style(Style::new().add_modifier(Modifier::BOLD)),
            Tag::Strikethrough => self.push_style(Style::new().add_modifier(Modifier::CROSSED_OUT)),
            Tag::Link { dest_url, .. } => {
                self.links.push((self.text.len(), one_line(&dest_url, self.theme)));
                self.push_style(Style::new().add_modifier(Modifier::UNDERLINED));
            }
            Tag::Image { dest_url, .. } => {
                self.push_span(Span::styled("[image: ", self.style()));
                self.links.push((self.text.len(), one_line(&dest_url, self.theme)));
            }
            Tag::Paragraph => self.end_text(),
            // Not asked for from the reader.
            Tag::TableCell
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Superscript
            | Tag::Subscript
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.end_text(),
            TagEnd::Heading(_) => {
                self.end_text();
                self.styles.pop();
            }
            TagEnd::BlockQuote(_) => {
                self.end_text();
                self.containers.pop();
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.end_verbatim(),
            TagEnd::List(_) => {
                self.end_text();
                self.lists.pop();
            }
            TagEnd::Item => self.end_item(),
            TagEnd::Table => {
                let lines = self.table.take().map_or_else(Vec::new, Table::lines);
                // Each row is a line, and so is the rule below the head.
                for (line, from) in lines.into_iter().zip(self.now..) {
                    self.from = from;
                    self.emit(line, true);
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                if let Some(table) = &mut self.table {
                    table.push(cell);
                }
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link => {
                self.styles.pop();
                self.end_link();
            }
            TagEnd::Image => self.end_image(),
            TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::MetadataBlock(_) => {}
        }
    }
}

/// Text within a block.
impl Page {
    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn push_style(&mut self, style: Style) {
        self.styles.push(self.style().patch(style));
    }

    fn push(&mut self, text: &str) {
        match &mut self.verbatim {
            Some(Verbatim::Code { text: whole, .. } | Verbatim::Html(whole)) => whole.push_str(text),
            None => self.push_span(Span::styled(one_line(text, self.theme), self.style())),
        }
    }

    /// Pushes code. Where there are no colours to tell it from its surroundings, its ticks are shown.
    fn push_code(&mut self, code: &str) {
        let code = one_line(code, self.theme);
        let code = if self.theme.colours { code } else { format!("`{code}`") };
        self.push_span(Span::styled(code, self.style().patch(self.theme.code())));
    }

    fn push_span(&mut self, span: Span<'static>) {
        if self.table.is_none() && !self.open {
            self.begin_block();
            self.open = true;
            self.sources = vec![self.now];
        }
        self.text.push(span);
    }

    /// Shows the target of a link, except where it is the text already.
    fn end_link(&mut self) {
        let Some((start, target)) = self.links.pop() else { return };
        let text: String = self.text.iter().skip(start).map(|span| span.content.as_ref()).collect();
        if text != target {
            self.push_target(&target, !text.is_empty());
        }
    }

    /// Ends what stands for an image: its description, of which nothing is copied again, as images can be nested.
    fn end_image(&mut self) {
        let Some((start, target)) = self.links.pop() else { return };
        if self.text.len() == start {
            self.text.pop();
            self.push_span(Span::styled("[image]", self.style()));
        } else {
            self.push_span(Span::styled("]", self.style()));
        }
        self.push_target(&target, true);
    }

    fn push_target(&mut self, target: &str, after_text: bool) {
        let space = if after_text { " " } else { "" };
        self.push_span(Span::styled(format!("{space}({target})"), self.theme.dim()));
    }
}

/// Harmless text on one line.
fn one_line(text: &str, theme: Theme) -> String {
    harmless(text, theme.unicode).replace('\n', " ")
}

/// What a block of code says it is written in.
fn language_of(kind: &CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default().to_owned(),
        CodeBlockKind::Indented => String::new(),
    }
}
