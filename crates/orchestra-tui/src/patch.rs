//! A patch: its lines with their colours, and which line of which file each of them is.
//!
//! What a line is, is told by where it stands and not by how it begins: a removed line that says `-- x` looks like a file's
//! head. So the lines of a hunk are counted, as its head says how many there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::style::Style;
use ratatui::text::Span;

use crate::sheet::{Mark, Piece};
use crate::spot::{Fate, Spot};
use crate::text::{Long, harmless};
use crate::theme::Theme;

/// How many digits of a commit's id are shown.
const SHORT: usize = 7;

/// The lines of a patch.
pub(crate) fn pieces(patch: &str, theme: Theme) -> Vec<Piece> {
    let mut reader =
        Reader { theme, commit: None, file: None, last: BTreeMap::new(), old: (0, 0), new: (0, 0) };
    let mut lines: Vec<&str> = patch.split('\n').collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    let mut pieces: Vec<Piece> = lines.into_iter().map(|line| reader.read(line)).collect();
    // Only where two commits change the same file, a line's number says too little.
    for piece in &mut pieces {
        if let Mark::Line(spot) = &mut piece.mark
            && reader.last.get(&spot.file) == Some(&spot.commit)
        {
            spot.commit = None;
        }
    }
    pieces
}

struct Reader {
    theme: Theme,
    commit: Option<Arc<str>>,
    file: Option<Arc<str>>,
    /// The commit that changes a file last.
    last: BTreeMap<Arc<str>, Option<Arc<str>>>,
    /// The next line's number in the old file, and how many are left in the hunk.
    old: (usize, usize),
    new: (usize, usize),
}

impl Reader {
    fn read(&mut self, line: &str) -> Piece {
        let theme = self.theme;
        if self.old.1 + self.new.1 > 0
            && let Some((fate, text)) = fate_of(line)
        {
            return self.in_hunk(line, fate, text);
        }
        (self.old.1, self.new.1) = (0, 0);
        let mut is_file = false;
        let style = if let Some(names) = line.strip_prefix("diff --git ") {
            is_file = true;
            let file: Arc<str> = name_of(names).into();
            self.last.insert(Arc::clone(&file), self.commit.clone());
            self.file = Some(file);
            theme.strong()
        } else if let Some((old, new)) = line.strip_prefix("@@ ").and_then(ranges) {
            (self.old, self.new) = (old, new);
            theme.accent()
        } else if let Some(id) = line.strip_prefix("commit ") {
            self.commit = Some(id.chars().take(SHORT).collect::<String>().into());
            self.file = None;
            theme.waiting()
        } else if line.starts_with("+++ ") || line.starts_with("--- ") {
            theme.strong()
        } else {
            Style::new()
        };
        Piece { is_file, ..Piece::of(self.long(line, style)) }
    }

    fn in_hunk(&mut self, line: &str, fate: Fate, text: &str) -> Piece {
        let (number, style) = match fate {
            Fate::Removed => (self.old.0, self.theme.bad()),
            Fate::Added => (self.new.0, self.theme.good()),
            Fate::Kept => (self.new.0, Style::new()),
        };
        if fate != Fate::Added {
            self.old = (self.old.0 + 1, self.old.1.saturating_sub(1));
        }
        if fate != Fate::Removed {
            self.new = (self.new.0 + 1, self.new.1.saturating_sub(1));
        }
        let mark = self.file.as_ref().map_or(Mark::None, |file| {
            Mark::Line(Spot {
                file: Arc::clone(file),
                line: number,
                fate,
                text: clean(text, true),
                commit: self.commit.clone(),
            })
        });
        Piece { mark, ..Piece::of(self.long(line, style)) }
    }

    fn long(&self, line: &str, style: Style) -> Long {
        let text = vec![Span::styled(clean(line, self.theme.unicode), style)];
        Long { text, keep: true, ..Long::default() }
    }
}

/// A line without what would do something, a return in its middle included.
fn clean(line: &str, unicode: bool) -> String {
    harmless(line.strip_suffix('\r').unwrap_or(line), unicode).replace('\n', if unicode { "␍" } else { "^M" })
}

/// What a line of a hunk says of the file; none where it says something else, or the patch was cut.
fn fate_of(line: &str) -> Option<(Fate, &str)> {
    let fate = match line.as_bytes().first() {
        Some(b'+') => Fate::Added,
        Some(b'-') => Fate::Removed,
        Some(b' ') => Fate::Kept,
        // Some tools take the only space of an empty line away.
        None => return Some((Fate::Kept, "")),
        Some(_) => return None,
    };
    Some((fate, &line[1..]))
}

/// `-1,2 +3,4 @@ …`: where a hunk begins in both files, and how many lines it has of each.
fn ranges(head: &str) -> Option<((usize, usize), (usize, usize))> {
    let mut words = head.split(' ');
    let mut range = |sign| {
        let word = words.next()?.strip_prefix(sign)?;
        let (begin, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((begin.parse().ok()?, count.parse().ok()?))
    };
    Some((range('-')?, range('+')?))
}

/// `a/x b/x`, or both in quotes: the name of the file. A rename never comes here: nobody looks for one.
fn name_of(names: &str) -> String {
    let half = names.get(names.len() / 2 + 1..).unwrap_or(names);
    let whole = half.strip_prefix('"').and_then(|half| half.strip_suffix('"'));
    let name = whole.map_or_else(|| half.to_owned(), unquoted);
    clean(name.strip_prefix("b/").unwrap_or(&name), true)
}

/// A name without git's escapes (git-config(1), `core.quotePath`).
fn unquoted(name: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), name.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let octal = rest.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(value) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(value);
            rest = &rest[3..];
        } else if let Some((sign, after)) = rest.split_first() {
            bytes.push(match sign {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                other => *other,
            });
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::PLAIN;

    /// Where each line is that is one of a file.
    fn spots(patch: &str) -> Vec<String> {
        let spot = |piece: Piece| match piece.mark {
            Mark::Line(spot) => Some(format!("{} {}", spot.place(), spot.quote())),
            _ => None,
        };
        pieces(patch, PLAIN).into_iter().filter_map(spot).collect()
    }

    #[test]
    fn each_line_knows_its_number_in_the_new_file_and_a_removed_one_that_in_the_old() {
        let patch = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n\
                     @@ -7,3 +9,3 @@ fn x() {\n one\n-two\n+zwei\n three\n\\ No newline at end of file\n\
                     diff --git a/b b/b\n@@ -0,0 +1 @@\n+only\n";
        let wanted =
            ["src/a.rs:9 one", "src/a.rs:8 -two", "src/a.rs:10 +zwei", "src/a.rs:11 three", "b:1 +only"];
        assert_eq!(spots(patch), wanted);
        let files: Vec<bool> = pieces(patch, PLAIN).iter().map(|piece| piece.is_file).collect();
        assert_eq!(files.iter().filter(|is_file| **is_file).count(), 2);
        assert!(files[0] && files[10]);
    }

    #[test]
    fn a_line_that_looks_like_a_head_is_what_the_hunk_says_it_is() {
        let patch = "diff --git a/a.sql b/a.sql\n--- a/a.sql\n+++ b/a.sql\n@@ -1,2 +1,2 @@\n--- a comment\n\
                     +++ x\n+diff --git a/b b/b\n-@@ -1 +1 @@\n";
        let wanted =
            ["a.sql:1 --- a comment", "a.sql:1 +++ x", "a.sql:2 +diff --git a/b b/b", "a.sql:2 -@@ -1 +1 @@"];
        assert_eq!(spots(patch), wanted);
        assert_eq!(pieces(patch, PLAIN).iter().filter(|piece| piece.is_file).count(), 1);
    }

    #[test]
    fn where_two_commits_change_a_file_the_earlier_one_is_named() {
        let change = |id: char, text: &str| {
            let id = id.to_string().repeat(40);
            format!("commit {id}\n    feat: x\n\ndiff --git a/a b/a\n@@ -0,0 +1 @@\n+{text}\n\n")
        };
        let patch = format!("{}{}", change('1', "one"), change('2', "two"));
        assert_eq!(spots(&patch), ["a:1 (as of commit 1111111) +one", "a:1 +two"]);
    }

    #[test]
    fn odd_names_and_returns_are_harmless() {
        let patch = "diff --git \"a/\\303\\244 \\\"b\\\"\\n\" \"b/\\303\\244 \\\"b\\\"\\n\"\n@@ -1 +1 @@\n\
                     +x\ry\r\n… cut here: 7 more bytes\n";
        assert_eq!(spots(patch), ["ä \"b\"␍:1 +x␍y"]);
        assert_eq!(spots("@@ -1 +1 @@\n+of no file\n"), [] as [&str; 0]);
        assert_eq!(spots("diff --git é\n@@ -99999999999999999999 +1 @@\n+x\n"), [] as [&str; 0]);
    }
}
