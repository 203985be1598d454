//! Markdown of models and people as lines of the screen.
//!
//! It is shown while it streams: whatever has come so far is laid out, and a block that is finished looks the same
//! whatever comes after it. Therefore blank lines stand before blocks and never after them, and the items of a list
//! stand close together whether or not Markdown calls the list loose, which a later item may decide. What Markdown
//! itself leaves open until the end stays so: a reference that is defined later, and the columns of a growing table.
//!
//! Invariants: no span holds a control character, and the target of a link is always seen.
//!
//! Absent on purpose: colours of programming languages, images, HTML that does anything, and links that are followed.

mod page;
mod table;

#[cfg(test)]
mod tests;

use pulldown_cmark::{Options, Parser, TextMergeStream};

use self::page::Page;
use crate::{
    text::{Long, harmless},
    theme::Theme,
};

/// Lays out Markdown as logical lines.
pub(crate) fn lines(markdown: &str, theme: Theme) -> Vec<Long> {
    // Once for the whole, so that nothing that should be shown counts as white space; once more for each text, because
    // Markdown can write any character as an entity.
    let markdown = harmless(markdown, theme.unicode);
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let mut page = Page::new(theme);
    for event in TextMergeStream::new(Parser::new_ext(&markdown, options)) {
        page.read(event);
    }
    page.finish()
}
