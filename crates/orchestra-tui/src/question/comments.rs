//! What a person says of lines of a diff or a design, until it goes to the agent.
//!
//! A comment belongs to its line: file, number and text. When what is shown changes, one whose line is not there any more
//! stays all the same, and is listed at the end.

use std::collections::BTreeMap;

use ratatui::text::Span;

use crate::sheet::{Mark, Piece};
use crate::spot::Spot;
use crate::text::{Long, harmless};
use crate::theme::Theme;

/// A comment.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Comment {
    about: Spot,
    text: String,
}

/// All comments of a question.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Comments {
    all: Vec<Comment>,
}

/// Which comments stand below which line.
struct Placed {
    /// By the line's number, the comments in the order in which they were written.
    lines: BTreeMap<usize, Vec<usize>>,
    /// Those whose line is not there.
    lost: Vec<usize>,
}

impl Comments {
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// How many there are on a file.
    pub(crate) fn count_of(&self, file: &str) -> usize {
        self.all.iter().filter(|comment| *comment.about.file == *file).count()
    }

    /// What a comment is about, and what it says.
    pub(crate) fn get(&self, number: usize) -> Option<(&Spot, &str)> {
        self.all.get(number).map(|comment| (&comment.about, comment.text.as_str()))
    }

    /// The first comment that stands below a line, by its number. The lines are those that [`Self::among`] made: each frame
    /// asks this, and looks for no place anew.
    pub(crate) fn below(&self, pieces: &[Piece], line: usize) -> Option<usize> {
        match (&pieces.get(line)?.mark, &pieces.get(line + 1)?.mark) {
            (Mark::Line(spot), Mark::Comment(number)) if self.get(*number)?.0.is_as(spot) => Some(*number),
            _ => None,
        }
    }

    /// Adds a comment, where it says anything.
    pub(crate) fn add(&mut self, about: Spot, text: &str) {
        if !text.trim().is_empty() {
            self.all.push(Comment { about, text: text.trim().to_owned() });
        }
    }

    /// Gives a comment another text; one that is emptied is gone.
    pub(crate) fn edit(&mut self, number: usize, text: &str) {
        match self.all.get_mut(number) {
            Some(_) if text.trim().is_empty() => drop(self.all.remove(number)),
            Some(comment) => text.trim().clone_into(&mut comment.text),
            None => {}
        }
    }

    fn place(&self, pieces: &[Piece]) -> Placed {
        let spots = || {
            pieces.iter().enumerate().filter_map(|(line, piece)| match &piece.mark {
                Mark::Line(spot) => Some((line, spot)),
                _ => None,
            })
        };
        let mut placed = Placed { lines: BTreeMap::new(), lost: Vec::new() };
        for (number, comment) in self.all.iter().enumerate() {
            let about = &comment.about;
            let same = spots().find(|(_, spot)| *spot == about);
            // The same change may be in another commit by now.
            match same.or_else(|| spots().find(|(_, spot)| spot.is_as(about))) {
                Some((line, _)) => placed.lines.entry(line).or_default().push(number),
                None => placed.lost.push(number),
            }
        }
        placed
    }

    /// Puts each comment below its line, and those without one to the end.
    pub(crate) fn among(&self, pieces: Vec<Piece>, theme: Theme) -> Vec<Piece> {
        if self.all.is_empty() {
            return pieces;
        }
        let mut placed = self.place(&pieces);
        let mut all = Vec::new();
        for (line, piece) in pieces.into_iter().enumerate() {
            all.push(piece);
            for number in placed.lines.remove(&line).into_iter().flatten() {
                all.extend(self.shown(number, theme));
            }
        }
        if !placed.lost.is_empty() {
            let strong = |text: &str| {
                let text = vec![Span::styled(text.to_owned(), theme.strong())];
                Piece::of(Long { text, ..Long::default() })
            };
            all.push(Piece::of(Long::default()));
            all.push(strong("Comments on lines that are not there any more"));
            for number in placed.lost {
                let Some((about, _)) = self.get(number) else { continue };
                for line in [about.place(), format!("> {}", about.quote())] {
                    let text = vec![Span::styled(harmless(&line, theme.unicode), theme.dim())];
                    all.push(Piece {
                        mark: Mark::Comment(number),
                        ..Piece::of(Long { text, ..Long::default() })
                    });
                }
                all.extend(self.shown(number, theme));
            }
        }
        all
    }

    /// A comment as it is shown.
    fn shown(&self, number: usize, theme: Theme) -> Vec<Piece> {
        let text = self.get(number).map(|(_, text)| harmless(text, theme.unicode)).unwrap_or_default();
        let piece = |(index, line): (usize, &str)| {
            let sign = if index == 0 { theme.sign("  ╰ ", "  ` ") } else { "    " };
            let long = Long {
                first: vec![Span::styled(sign, theme.waiting())],
                rest: vec![Span::raw("    ")],
                text: vec![Span::styled(line.to_owned(), theme.waiting())],
                keep: false,
            };
            Piece { mark: Mark::Comment(number), ..Piece::of(long) }
        };
        text.lines().enumerate().map(piece).collect()
    }

    /// All of them as the agent will read them, in the order of what is shown; empty where there are none.
    pub(crate) fn written(&self, pieces: &[Piece]) -> String {
        let placed = self.place(pieces);
        let order = placed.lines.into_values().flatten().chain(placed.lost);
        let written = |number| {
            let (about, text) = self.get(number)?;
            Some(format!("{}: {text}\n> {}\n\n", about.place(), about.quote()))
        };
        order.filter_map(written).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch;
    use crate::testing::PLAIN;

    const PATCH: &str = "diff --git a/a.rs b/a.rs\n@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n";

    /// A comment on each line that says one of these.
    fn comments(texts: &[(&str, &str)]) -> Comments {
        let mut comments = Comments::default();
        for (line, text) in texts {
            let spots = patch::pieces(PATCH, PLAIN).into_iter().filter_map(|piece| match piece.mark {
                Mark::Line(spot) => Some(spot),
                _ => None,
            });
            comments.add(spots.into_iter().find(|spot| spot.text == *line).unwrap(), text);
        }
        comments
    }

    /// A line each, comments with `*` before them.
    fn shown(comments: &Comments, patch: &str) -> Vec<String> {
        let text = |piece: Piece| {
            let text: String = piece.long.text.iter().map(|span| span.content.as_ref()).collect();
            if matches!(piece.mark, Mark::Comment(_)) { format!("*{text}") } else { text }
        };
        comments.among(patch::pieces(patch, PLAIN), PLAIN).into_iter().map(text).collect()
    }

    #[test]
    fn a_comment_stands_below_its_line_and_goes_when_it_is_emptied() {
        let mut comments = comments(&[("zwei", "why?\nand how"), ("one", "ok")]);
        let wanted = [
            "diff --git a/a.rs b/a.rs",
            "@@ -1,2 +1,2 @@",
            " one",
            "*ok",
            "-two",
            "+zwei",
            "*why?",
            "*and how",
        ];
        assert_eq!(shown(&comments, PATCH), wanted);
        comments.edit(1, " \n");
        assert_eq!((comments.count(), comments.count_of("a.rs"), comments.count_of("b.rs")), (1, 1, 0));
    }

    #[test]
    fn what_stands_below_a_line_is_told_by_what_was_laid_out() {
        let comments = comments(&[("zwei", "why?"), ("one", "ok")]);
        let pieces = comments.among(patch::pieces(PATCH, PLAIN), PLAIN);
        let below: Vec<_> = (0..=pieces.len()).map(|line| comments.below(&pieces, line)).collect();
        assert_eq!(below, [None, None, Some(1), None, None, Some(0), None, None]);
        assert_eq!(comments.below(&patch::pieces(PATCH, PLAIN), 2), None, "nothing is looked for");
    }

    #[test]
    fn what_the_agent_reads_has_the_place_and_the_line_in_the_order_of_the_diff() {
        let comments = comments(&[("zwei", "why?"), ("two", "keep it")]);
        let written = comments.written(&patch::pieces(PATCH, PLAIN));
        assert_eq!(written, "a.rs:2: keep it\n> -two\n\na.rs:2: why?\n> +zwei\n\n");
    }

    #[test]
    fn a_comment_whose_line_has_gone_is_listed_at_the_end_and_still_sent() {
        let comments = comments(&[("zwei", "why?"), ("one", "ok")]);
        let other = "diff --git a/a.rs b/a.rs\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n";
        let wanted = [
            "diff --git a/a.rs b/a.rs",
            "@@ -1,2 +1,2 @@",
            " one",
            "*ok",
            "-two",
            "+2",
            "",
            "Comments on lines that are not there any more",
            "*a.rs:2",
            "*> +zwei",
            "*why?",
        ];
        assert_eq!(shown(&comments, other), wanted);
        let written = comments.written(&patch::pieces(other, PLAIN));
        assert_eq!(written, "a.rs:1: ok\n> one\n\na.rs:2: why?\n> +zwei\n\n");
    }
}
