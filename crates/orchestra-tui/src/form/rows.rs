//! Questions as rows.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Item, Questions};
use crate::text::{Long, harmless, wrap};
use crate::theme::Theme;

/// How many rows of a text that is being written are in sight.
const ENTRY: u16 = 4;
/// How far a text stands from the left.
pub(crate) const SET_IN: u16 = 5;

impl Questions {
    /// Makes rows for a width. To be called before a frame is drawn.
    pub(crate) fn lay_out(&mut self, width: u16, theme: Theme) {
        if self.laid_out == Some((width, theme)) {
            return;
        }
        self.rows = Vec::new();
        for question in 0..self.form.questions.len() {
            if question > 0 {
                self.rows.push((Line::default(), None));
            }
            self.question_rows(question, width, theme);
        }
        self.rows.push((Line::default(), None));
        for (words, item) in [("send the answers", Item::Send), ("answer none of it", Item::Discard)] {
            let text = vec![Span::raw(words.to_owned())];
            self.push(Some(item), vec![Span::raw("   ")], text, width);
        }
        self.laid_out = Some((width, theme));
    }

    fn question_rows(&mut self, number: usize, width: u16, theme: Theme) {
        let question = &self.form.questions[number];
        let clean = |text: &str| harmless(text, theme.unicode).replace('\n', " ");
        let (is_several, has_one) = (question.several, self.form.questions.len() == 1);
        let several = if is_several { "  (as many as you like)" } else { "" };
        let head = if has_one { String::new() } else { format!("{}. ", number + 1) };
        let text = vec![
            Span::styled(format!("{head}{}", clean(&question.question)), theme.strong()),
            Span::styled(several, theme.dim()),
        ];
        let options: Vec<(String, String)> =
            question.options.iter().map(|option| (clean(&option.label), clean(&option.meaning))).collect();
        self.push(None, Vec::new(), text, width);
        for (option, (label, meaning)) in options.into_iter().enumerate() {
            let is_chosen = self.given[number].chosen.contains(&option);
            let sign = match (is_several, is_chosen) {
                (false, false) => theme.sign("○", "( )"),
                (false, true) => theme.sign("●", "(*)"),
                (true, false) => theme.sign("☐", "[ ]"),
                (true, true) => theme.sign("☑", "[x]"),
            };
            let style = if is_chosen { theme.accent() } else { Style::new() };
            let key = if option < 9 { (option + 1).to_string() } else { " ".to_owned() };
            let first = vec![
                Span::raw("   "),
                Span::styled(format!("{sign} "), style),
                Span::styled(format!("{key} "), theme.dim()),
            ];
            let mut text = vec![Span::styled(label, style)];
            if !meaning.is_empty() {
                text.push(Span::styled(format!("  {meaning}"), theme.dim()));
            }
            self.push(Some(Item::Option(number, option)), first, text, width);
        }
        self.words_rows(number, width, theme);
    }

    /// Where one writes: what is written, or what can be.
    fn words_rows(&mut self, number: usize, width: u16, theme: Theme) {
        let item = Item::Words(number);
        let first = vec![Span::styled(theme.sign("   › ", "   > "), theme.accent())];
        let text = self.given[number].words.text();
        if self.item() == item {
            // The field itself is drawn over them.
            let room = width.saturating_sub(SET_IN).max(1);
            let rows = self.given[number].words.rows(room, ENTRY).max(1);
            for row in 0..rows {
                let first = if row == 0 { first.clone() } else { vec![Span::raw("     ")] };
                self.push(Some(item), first, Vec::new(), width);
            }
            return;
        }
        let (text, style) = match text.trim() {
            "" => ("in your own words".to_owned(), theme.dim()),
            text => (harmless(text, theme.unicode).replace('\n', " "), theme.accent()),
        };
        self.push(Some(item), first, vec![Span::styled(text, style)], width);
    }

    fn push(&mut self, item: Option<Item>, first: Vec<Span<'static>>, text: Vec<Span<'static>>, width: u16) {
        let item = item.and_then(|item| self.items.iter().position(|known| *known == item));
        let rest = if item.is_some() { vec![Span::raw("     ")] } else { Vec::new() };
        let long = Long { first, rest, text, keep: false };
        self.rows.extend(wrap(&long, width).into_iter().map(|row| (row, item)));
    }

    /// How many rows there are.
    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// The rows in sight where there is room for so many, and which of these show what is chosen: its first and how many.
    pub(crate) fn seen(&self, height: u16) -> (Vec<&Line<'static>>, Option<(usize, usize)>) {
        let height = usize::from(height);
        let is_chosen = |(_, item): &&(Line<'static>, Option<usize>)| *item == Some(self.at);
        let begin = self.rows.iter().position(|row| is_chosen(&row)).unwrap_or(0);
        let count = self.rows.iter().filter(is_chosen).count();
        // What is asked stands above what is chosen, as far as there is room.
        let asked = self.rows[..begin].iter().rposition(|(row, item)| item.is_none() && row.width() == 0);
        let asked = asked.map_or(0, |blank| blank + 1);
        let last = self.rows.len().saturating_sub(height);
        let lowest = (begin + count.min(height)).saturating_sub(height);
        let top = if begin + count <= height { 0 } else { asked.max(lowest) }.min(last).min(begin);
        let rows = self.rows.iter().skip(top).take(height).map(|(row, _)| row).collect();
        (rows, (begin < top + height).then(|| (begin - top, count.min(top + height - begin))))
    }

    /// All of it as text.
    pub(crate) fn text(&self) -> String {
        let question = |question: &orchestra_core::own_tool::FormQuestion| {
            let options = question.options.iter().enumerate();
            let options =
                options.map(|(at, option)| format!("{}. {} {}\n", at + 1, option.label, option.meaning));
            format!("{}\n{}", question.question, options.collect::<String>())
        };
        self.form.questions.iter().map(question).collect::<Vec<_>>().join("\n")
    }
}
