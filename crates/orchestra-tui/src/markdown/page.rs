//! Lays out the events of a Markdown reader, block by block.

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};
use ratatui::{
    style::{Modifier, Style},
    text::Span,
};

use super::table::Table;
use crate::{
    text::{Long, columns, harmless},
    theme::Theme,
};

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
    lines: Vec<Long>,
    containers: Vec<Container>,
    /// Numbers of the lists around; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// Whether the page has a block already.
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
    /// Whether it has a block already.
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
    Code { language: String, text: String },
    Html(String),
}

impl Page {
    pub(super) fn new(theme: Theme) -> Self {
        Self {
            theme,
            lines: Vec::new(),
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

    pub(super) fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) => self.push(&text),
            Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.push(&text),
            Event::Code(code) => self.push_code(&code),
            Event::SoftBreak => self.push(" "),
            Event::HardBreak => self.push_span(Span::raw(BREAK)),
            Event::Rule => {
                self.begin_block();
                let rule = self.theme.sign("─", "-").repeat(RULE);
                self.emit(vec![Span::styled(rule, self.theme.dim())], false);
            }
            Event::TaskListMarker(done) => self.mark_task(done),
        }
    }

    pub(super) fn finish(mut self) -> Vec<Long> {
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
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                let language = one_line(language, self.theme);
                self.verbatim = Some(Verbatim::Code { language, text: String::new() });
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
                self.links.push((self.text.len(), one_line(&dest_url, self.theme)))
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
                for line in lines {
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
        }
        self.text.push(span);
    }

    /// Shows the target of a link, except where it is the text already.
    fn end_link(&mut self) {
        let Some((start, target)) = self.links.pop() else { return };
        let text: String = self.text[start..].iter().map(|span| span.content.as_ref()).collect();
        if text != target {
            self.push_target(&target, !text.is_empty());
        }
    }

    fn end_image(&mut self) {
        let Some((start, target)) = self.links.pop() else { return };
        let alt: String = self.text.drain(start..).map(|span| span.content.replace(BREAK, " ")).collect();
        let image = if alt.is_empty() { "[image]".to_owned() } else { format!("[image: {alt}]") };
        self.push_span(Span::styled(image, self.style()));
        self.push_target(&target, true);
    }

    fn push_target(&mut self, target: &str, after_text: bool) {
        let space = if after_text { " " } else { "" };
        self.push_span(Span::styled(format!("{space}({target})"), self.theme.dim()));
    }
}

/// Blocks.
impl Page {
    /// Begins a block: a blank line comes before it unless it is the first of what is around it.
    fn begin_block(&mut self) {
        self.end_text();
        let begun = self.containers.last_mut().map_or(&mut self.begun, |around| &mut around.begun);
        if std::mem::replace(begun, true) && self.gap.is_none() {
            self.gap = Some(self.before(false));
        }
    }

    fn end_text(&mut self) {
        self.open = false;
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        for line in text.split(|span| span.content == BREAK) {
            self.emit(line.to_vec(), false);
        }
    }

    fn start_item(&mut self) {
        self.end_text();
        let sign = match self.lists.last_mut() {
            Some(Some(number)) => {
                let sign = format!("{number}. ");
                *number = number.saturating_add(1);
                sign
            }
            Some(None) | None => self.theme.sign("• ", "- ").to_owned(),
        };
        let width = columns(&sign);
        self.containers.push(Container { kind: Kind::Item { sign: Some(sign), width }, begun: false });
    }

    /// Shows whether a task is done: in place of a bullet, or after a number.
    fn mark_task(&mut self, done: bool) {
        let unicode = self.theme.unicode;
        let mark = match (done, unicode) {
            (true, true) => "☑ ",
            (false, true) => "☐ ",
            (true, false) => "[x] ",
            (false, false) => "[ ] ",
        };
        let numbered = matches!(self.lists.last(), Some(Some(_)));
        if let Some(Container { kind: Kind::Item { sign: Some(sign), width }, .. }) =
            self.containers.last_mut()
        {
            if !numbered {
                sign.clear();
            }
            sign.push_str(mark);
            *width = columns(sign);
        }
    }

    fn end_item(&mut self) {
        self.end_text();
        let deep = self.containers.len() > DEEPEST;
        if let Some(Container { kind: Kind::Item { sign: Some(_), .. }, begun: false }) =
            self.containers.last()
            && !deep
        {
            self.emit(Vec::new(), false);
        }
        self.containers.pop();
    }

    fn end_verbatim(&mut self) {
        let indent = Span::raw("  ");
        match self.verbatim.take() {
            Some(Verbatim::Code { language, text }) => {
                if !language.is_empty() {
                    self.emit(vec![indent.clone(), Span::styled(language, self.theme.dim())], true);
                }
                for line in harmless(&text, self.theme.unicode).lines() {
                    self.emit_after(Some(&indent), vec![Span::raw(line.to_owned())], true);
                }
            }
            Some(Verbatim::Html(text)) => {
                for line in harmless(&text, self.theme.unicode).lines() {
                    self.emit(vec![Span::raw(line.to_owned())], false);
                }
            }
            None => {}
        }
    }

    fn emit(&mut self, text: Vec<Span<'static>>, keep: bool) {
        self.emit_after(None, text, keep);
    }

    fn emit_after(&mut self, indent: Option<&Span<'static>>, text: Vec<Span<'static>>, keep: bool) {
        if let Some(before) = self.gap.take() {
            self.lines.push(Long { rest: before.clone(), first: before, ..Long::default() });
        }
        let mut first = self.before(true);
        let mut rest = self.before(false);
        first.extend(indent.cloned());
        rest.extend(indent.cloned());
        self.lines.push(Long { first, rest, text, keep });
    }

    /// What stands before a line; signs of items stand only before the first line after they began.
    fn before(&mut self, with_signs: bool) -> Vec<Span<'static>> {
        let theme = self.theme;
        let shown = self.containers.iter_mut().take(DEEPEST);
        shown
            .map(|container| match &mut container.kind {
                Kind::Quote => Span::styled(theme.sign("│ ", "| "), theme.dim()),
                Kind::Item { sign, width } => match sign.take_if(|_| with_signs) {
                    Some(sign) => Span::raw(sign),
                    None => Span::raw(" ".repeat(*width)),
                },
            })
            .collect()
    }
}

/// Harmless text on one line.
fn one_line(text: &str, theme: Theme) -> String {
    harmless(text, theme.unicode).replace('\n', " ")
}
