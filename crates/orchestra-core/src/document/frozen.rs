//! Text that a person has frozen: from `<!-- frozen -->` to `<!-- /frozen -->`, or to the end of the document.
//!
//! No agent changes it, and nothing of ours does for an agent. A mark counts wherever it stands, also in a code block and
//! in the middle of a line: better too much is kept than too little.

use std::ops::Range;

/// The mark that begins frozen text.
pub const BEGIN: &str = "<!-- frozen -->";
/// The mark that ends it.
pub const END: &str = "<!-- /frozen -->";

/// Why a change of a document can never be committed in which frozen text is no longer what it was.
pub const CHANGED: &str = "text that is frozen was changed in it";

/// Lists the frozen parts of a text, marks included.
pub fn spans(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut marks = marks(text).into_iter().peekable();
    while let Some(begin) = marks.next() {
        if begin.ends {
            continue;
        }
        // A second beginning inside of it changes nothing.
        while marks.next_if(|mark| !mark.ends).is_some() {}
        let end = marks.next().map_or(text.len(), |mark| mark.at.end);
        found.push(&text[begin.at.start..end]);
    }
    found
}

/// Tells whether a text has a mark in it.
pub fn has_marks(text: &str) -> bool {
    !marks(text).is_empty()
}

/// Tells whether everything that is frozen in one version of a document stands in the next one, in its order. Text around
/// it may have changed, and more may be frozen.
pub fn is_kept(before: &str, after: &str) -> bool {
    let mut there = spans(after).into_iter();
    spans(before).into_iter().all(|span| there.any(|found| found == span))
}

struct Mark {
    at: Range<usize>,
    ends: bool,
}

/// The marks in their order. Blanks and letter case inside of one do not matter.
fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("<!--").map(|at| from + at) {
        from = start + "<!--".len();
        let rest = &text[from..];
        let Some(length) = rest.find("-->") else { break };
        let word = rest[..length].trim();
        let ends = word.starts_with('/');
        if word.strip_prefix('/').unwrap_or(word).trim_start().eq_ignore_ascii_case("frozen") {
            from += length + "-->".len();
            found.push(Mark { at: start..from, ends });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_text_goes_from_mark_to_mark_or_to_the_end() {
        assert_eq!(spans("a\n<!-- frozen -->b<!-- /frozen -->c"), ["<!-- frozen -->b<!-- /frozen -->"]);
        assert_eq!(spans("a <!--FROZEN--> b <!-- other --> c"), ["<!--FROZEN--> b <!-- other --> c"]);
        assert_eq!(spans("<!-- /frozen --> a <!-- not frozen --> <!-- frozen"), [""; 0]);
        assert_eq!(spans("<!-- x <!-- frozen --> y"), ["<!-- frozen --> y"]);
        let twice = "<!-- frozen -->a<!-- frozen -->b<!-- /frozen -->c<!-- frozen -->d";
        assert_eq!(spans(twice), ["<!-- frozen -->a<!-- frozen -->b<!-- /frozen -->", "<!-- frozen -->d"]);
    }

    #[test]
    fn what_is_frozen_must_stand_there_unchanged_and_in_its_order() {
        let before = "x\n<!-- frozen -->\na\n<!-- /frozen -->\ny\n<!-- frozen -->b<!-- /frozen -->\n";
        assert!(is_kept(before, before));
        assert!(is_kept(
            before,
            &before.replace('x', "new").replace('y', "<!-- frozen -->n<!-- /frozen -->")
        ));
        for after in [
            String::new(),
            before.replace("\na\n", "\na \n"),
            before.replace("<!-- /frozen -->\ny", "y"),
            before.replace("<!-- frozen -->b<!-- /frozen -->", "b"),
            "<!-- frozen -->b<!-- /frozen --><!-- frozen -->\na\n<!-- /frozen -->".to_owned(),
        ] {
            assert!(!is_kept(before, &after), "{after}");
        }
        assert!(is_kept("nothing is frozen", ""));
    }
}
