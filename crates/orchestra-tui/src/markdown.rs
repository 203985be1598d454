//! Markdown of models and people as lines of the screen.
//!
//! It is shown while it streams: whatever has come so far is laid out, and a block that is finished looks the same
//! whatever comes after it. Therefore blank lines stand before blocks and never after them, and the items of a list
//! stand close together whether or not Markdown calls the list loose, which a later item may decide. What Markdown
//! itself leaves open until the end stays so: a reference that is defined later, and the columns of a growing table.
//!
//! Invariants: no span holds a control character, and the target of a link is always seen.
//!
//! Absent on purpose: images, HTML that does anything, and links that are followed.

mod page;
mod syntax;
mod table;

#[cfg(test)]
mod tests;

use pulldown_cmark::{Options, Parser, TextMergeWithOffset};
use ratatui::text::Span;

use self::page::Page;
use crate::{
    text::{Long, harmless},
    theme::Theme,
};

/// A page with a line that begins more quotes and items than this is not read as Markdown: the reader takes a step for
/// each of them on each later line, also on empty ones.
const MAX_NESTING: usize = 100;

/// A logical line, and with which line of the Markdown it begins, from 1; none for a line that only stands between others.
pub(crate) type Sourced = (Long, Option<usize>);

/// Lays out Markdown as logical lines. What is nested absurdly deep is shown as it is written.
pub(crate) fn lines(markdown: &str, theme: Theme) -> Vec<Long> {
    sourced(markdown, theme).into_iter().map(|(line, _)| line).collect()
}

/// Lays out Markdown as [`lines`] does, and says where each line comes from.
pub(crate) fn sourced(markdown: &str, theme: Theme) -> Vec<Sourced> {
    // Once for the whole, so that nothing that should be shown counts as white space; once more for each text, because
    // Markdown can write any character as an entity.
    let markdown = harmless(markdown, theme.unicode);
    if markdown.lines().any(|line| nesting(line) > MAX_NESTING) {
        let plain = |line: &str| Long { text: vec![Span::raw(line.to_owned())], ..Long::default() };
        return markdown.lines().map(plain).zip((1..).map(Some)).collect();
    }
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let ends: Vec<usize> = markdown.match_indices('\n').map(|(at, _)| at).collect();
    let mut page = Page::new(theme);
    for (event, range) in TextMergeWithOffset::new(Parser::new_ext(&markdown, options).into_offset_iter()) {
        page.read(event, ends.partition_point(|end| *end < range.start) + 1);
    }
    page.finish()
}

/// How many quotes and items the line begins at most.
fn nesting(line: &str) -> usize {
    let is_rule = |sign: u8| line.bytes().all(|byte| byte == sign || byte == b' ');
    if is_rule(b'-') || is_rule(b'*') {
        return 0;
    }
    let signs = line
        .bytes()
        .take_while(|byte| matches!(byte, b' ' | b'>' | b'-' | b'+' | b'*' | b'.' | b')' | b'0'..=b'9'));
    let next = line.bytes().skip(1);
    let begins = |(sign, next): &(u8, u8)| match sign {
        b'>' => true,
        b'-' | b'+' | b'*' | b'.' | b')' => *next == b' ',
        _ => false,
    };
    signs.zip(next).filter(begins).count()
}
