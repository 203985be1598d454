//! Long pastes, folded: in the field stands how much it was, and the text goes with what is sent.

/// From this many lines on a paste is folded.
const LINES: usize = 10;
/// From this many bytes on a paste is folded.
const BYTES: usize = 2 * 1024;

/// Whether a paste is too long to be shown.
pub(super) fn is_long(text: &str) -> bool {
    text.lines().count() > LINES || text.len() > BYTES
}

/// What was folded in one text. A label that was deleted stands for nothing; `undo` brings it back.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds {
    folds: Vec<Fold>,
}

#[derive(Clone, Debug)]
struct Fold {
    label: String,
    text: String,
}

/// A label in the field: its line, its first column and the one after its last, in characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Span {
    pub(super) fold: usize,
    pub(super) row: usize,
    pub(super) begin: usize,
    pub(super) end: usize,
}

impl Folds {
    /// Folds a text, and returns the label that stands for it. `shown` is what the field has already.
    pub(super) fn fold(&mut self, text: String, shown: &[String]) -> String {
        let lines = text.lines().count();
        let what = if lines > LINES {
            format!("{lines} lines")
        } else {
            format!("{} kB", text.len().div_ceil(1000))
        };
        let is_free = |label: &String| {
            !self.folds.iter().any(|fold| fold.label == *label)
                && !shown.iter().any(|line| line.contains(label))
        };
        let first = format!("[pasted {what}]");
        let mut labels =
            std::iter::once(first).chain((2_u64..).map(|number| format!("[pasted {what}, {number}]")));
        let label = labels.find(is_free).expect("there is no end of numbers");
        self.folds.push(Fold { label: label.clone(), text });
        label
    }

    /// The text of a fold.
    pub(super) fn text(&self, fold: usize) -> &str {
        self.folds.get(fold).map_or("", |fold| &fold.text)
    }

    /// Where labels stand in the field, in the order of the text. One that was brought back twice stands there twice.
    pub(super) fn spans(&self, lines: &[String]) -> Vec<Span> {
        let mut spans = Vec::new();
        for (fold, Fold { label, .. }) in self.folds.iter().enumerate() {
            for (row, line) in lines.iter().enumerate() {
                for (at, _) in line.match_indices(label.as_str()) {
                    let begin = line[..at].chars().count();
                    spans.push(Span { fold, row, begin, end: begin + label.chars().count() });
                }
            }
        }
        spans.sort_by_key(|span| (span.row, span.begin));
        spans
    }

    /// The whole text, with every label that stands there opened.
    pub(super) fn opened(&self, lines: &[String]) -> String {
        let spans = self.spans(lines);
        let mut whole = String::new();
        for (row, line) in lines.iter().enumerate() {
            if row > 0 {
                whole.push('\n');
            }
            let mut signs = line.chars();
            let mut at = 0;
            for span in spans.iter().filter(|span| span.row == row) {
                whole.extend(signs.by_ref().take(span.begin - at));
                whole.push_str(self.text(span.fold));
                signs.by_ref().take(span.end - span.begin).for_each(drop);
                at = span.end;
            }
            whole.extend(signs);
        }
        whole
    }

    /// How many bytes more than the field shows will be sent.
    pub(super) fn hidden(&self, lines: &[String]) -> usize {
        self.spans(lines).iter().map(|span| self.text(span.fold).len()).sum()
    }
}
