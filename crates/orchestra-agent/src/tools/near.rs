//! What a piece of text that is not in a file may have meant.

use std::cmp::Reverse;

use super::shown;

/// How much of a file is looked at, in bytes and in lines.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_LINES: usize = 50_000;
/// How many lines are looked for but for their white space.
const MAX_WANTED: usize = 1_000;
/// How many places are shown.
const MAX_PLACES: usize = 3;
/// How many lines of each.
const MAX_SHOWN: usize = 12;
/// How much of a line is compared and shown, in bytes.
const MAX_LINE: usize = 200;
/// From which likeness on a line is worth showing, of 1,000.
const ALIKE: usize = 500;

/// Shows the places of a file that come closest to `old`, with line numbers. Bounded in time and length.
pub(super) fn misses(bytes: &[u8], old: &str) -> String {
    let text = shown::text(&bytes[..bytes.len().min(MAX_BYTES)]);
    let lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
    let wanted: Vec<&str> = old.lines().collect();
    let spaced = places_but_for_space(&lines, &wanted);
    if !spaced.is_empty() {
        return format!(" It is there but for white space:\n{}", shown_places(&lines, &spaced, wanted.len()));
    }
    let alike = places_alike(&lines, &wanted);
    if alike.is_empty() {
        " Nothing in it comes close: read the file again.".to_owned()
    } else {
        format!(" What comes closest:\n{}", shown_places(&lines, &alike, wanted.len()))
    }
}

fn shown_places(lines: &[&str], starts: &[usize], count: usize) -> String {
    let mut shown = Vec::new();
    for start in starts {
        let end = (start + count.clamp(1, MAX_SHOWN)).min(lines.len());
        let place = (*start..end).map(|at| shown::numbered(at as u64 + 1, shown::cut(lines[at], MAX_LINE)));
        shown.push(place.collect::<String>());
    }
    shown.join("  ...\n")
}

/// Where the lines stand, whatever white space is in and around them.
fn places_but_for_space(lines: &[&str], wanted: &[&str]) -> Vec<usize> {
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted: Vec<String> = wanted.iter().map(|line| squeezed(line)).collect();
    if wanted.len() > MAX_WANTED || wanted.iter().all(String::is_empty) {
        return Vec::new();
    }
    let lines: Vec<String> = lines.iter().map(|line| squeezed(line)).collect();
    let is_there = |(at, window): (usize, &[String])| (window == wanted.as_slice()).then_some(at);
    lines.windows(wanted.len()).enumerate().filter_map(is_there).take(MAX_PLACES).collect()
}

/// Where the line with most in it has lines that are like it, best first; then in the order of the file.
fn places_alike(lines: &[&str], wanted: &[&str]) -> Vec<usize> {
    let longest = wanted.iter().enumerate().max_by_key(|(at, line)| (line.trim().len(), Reverse(*at)));
    let Some((offset, anchor)) = longest else { return Vec::new() };
    let anchor = Pairs::of(anchor);
    let mut found: Vec<(usize, usize)> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| (anchor.likeness(line), at))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    found.sort_by_key(|(likeness, at)| (Reverse(*likeness), *at));
    let mut starts: Vec<usize> =
        found.iter().take(MAX_PLACES).map(|(_, at)| at.saturating_sub(offset)).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// How often each pair of neighbouring bytes is in a line. Pairs that share a place are not told apart.
struct Pairs {
    counts: [u8; 1024],
    count: usize,
}

impl Pairs {
    fn of(line: &str) -> Self {
        let mut pairs = Self { counts: [0; 1024], count: 0 };
        for at in places(line) {
            pairs.counts[at] = pairs.counts[at].saturating_add(1);
            pairs.count += 1;
        }
        pairs
    }

    /// How many pairs a line shares with this one, of 1,000 (the Dice coefficient).
    fn likeness(&self, line: &str) -> usize {
        let mut left = self.counts;
        let (mut count, mut shared) = (0, 0);
        for at in places(line) {
            count += 1;
            if left[at] > 0 {
                left[at] -= 1;
                shared += 1;
            }
        }
        2_000 * shared / (self.count + count).max(1)
    }
}

fn places(line: &str) -> impl Iterator<Item = usize> {
    let line = shown::cut(line.trim(), MAX_LINE).as_bytes();
    line.windows(2).map(|pair| (usize::from(pair[0]) * 31 + usize::from(pair[1]) * 7) % 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"fn one() {\n    let total = 1;\n}\n\nfn two() {\n\tlet total = 2;\n}\n";

    #[test]
    fn a_difference_in_white_space_is_told_as_such() {
        assert_eq!(
            misses(FILE, "fn two() {\n    let  total = 2;\n}"),
            " It is there but for white space:\n     5\tfn two() {\n     6\t\tlet total = 2;\n     7\t}\n"
        );
    }

    #[test]
    fn lines_that_come_close_are_shown_with_their_numbers() {
        assert_eq!(
            misses(FILE, "{\n    let totals = 3;\n"),
            " What comes closest:\n     1\tfn one() {\n     2\t    let total = 1;\n  ...\n     5\tfn two() {\n     6\t\tlet total = 2;\n"
        );
        assert_eq!(misses(FILE, "struct Xyz"), " Nothing in it comes close: read the file again.");
        assert_eq!(misses(b"", "\n"), " Nothing in it comes close: read the file again.");
    }

    #[test]
    fn however_large_file_and_text_are_little_is_shown() {
        let file = format!("{}\n", "abc ".repeat(500)).repeat(60_000);
        let shown = misses(file.as_bytes(), &"abc d".repeat(400));
        assert!(shown.contains("What comes closest") && shown.len() < 1_000, "{shown}");
        let shown = misses(file.as_bytes(), &"abc\n".repeat(100_000));
        assert!(shown.len() < 12_000, "{}", shown.len());
    }
}
