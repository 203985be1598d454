//! Blocks: what stands before their lines, and the blank lines between them.

use ratatui::text::Span;

use super::{BREAK, Container, DEEPEST, Kind, Page, Verbatim};
use crate::markdown::syntax::Reader;
use crate::text::{Long, columns, harmless};

impl Page {
    /// Begins a block: a blank line comes before it unless it is the first of what is around it.
    pub(super) fn begin_block(&mut self) {
        self.end_text();
        if self.containers.last().map_or(self.begun, |around| around.begun) {
            self.gap = Some(self.before(false));
        }
    }

    pub(super) fn end_text(&mut self) {
        self.open = false;
        let text = std::mem::take(&mut self.text);
        if text.is_empty() {
            return;
        }
        let sources = std::mem::take(&mut self.sources);
        for (index, line) in text.split(|span| span.content == BREAK).enumerate() {
            self.from = sources.get(index).copied().unwrap_or(self.now);
            self.emit(line.to_vec(), false);
        }
    }

    pub(super) fn start_item(&mut self) {
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
    pub(super) fn mark_task(&mut self, done: bool) {
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

    /// Ends an item. If nothing in it was shown, its sign is.
    pub(super) fn end_item(&mut self) {
        self.end_text();
        if self.containers.last().is_some_and(|item| !item.begun) {
            self.from = self.now;
            self.emit(Vec::new(), false);
        }
        self.containers.pop();
    }

    pub(super) fn end_verbatim(&mut self) {
        let indent = Span::raw("  ");
        match self.verbatim.take() {
            Some(Verbatim::Code { language, is_fenced, text }) => {
                let begin = self.now + usize::from(is_fenced);
                self.from = self.now;
                let mut code = Reader::new(&language, self.theme);
                if !language.is_empty() {
                    self.emit(vec![indent.clone(), Span::styled(language, self.theme.dim())], true);
                }
                for (line, from) in harmless(&text, self.theme.unicode).lines().zip(begin..) {
                    self.from = from;
                    self.emit_after(Some(&indent), code.line(line), true);
                }
            }
            Some(Verbatim::Html(text)) => {
                for (line, from) in harmless(&text, self.theme.unicode).lines().zip(self.now..) {
                    self.from = from;
                    self.emit(vec![Span::raw(line.to_owned())], false);
                }
            }
            None => {}
        }
    }

    pub(super) fn emit(&mut self, text: Vec<Span<'static>>, keep: bool) {
        self.emit_after(None, text, keep);
    }

    fn emit_after(&mut self, indent: Option<&Span<'static>>, text: Vec<Span<'static>>, keep: bool) {
        if let Some(before) = self.gap.take() {
            self.lines.push((Long { rest: before.clone(), first: before, ..Long::default() }, None));
        }
        self.begun = true;
        // What is around something that has begun, has begun.
        for around in self.containers.iter_mut().rev().take_while(|around| !around.begun) {
            around.begun = true;
        }
        let mut first = self.before(true);
        let mut rest = self.before(false);
        first.extend(indent.cloned());
        rest.extend(indent.cloned());
        self.lines.push((Long { first, rest, text, keep }, Some(self.from)));
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
