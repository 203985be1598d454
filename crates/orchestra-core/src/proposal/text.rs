//! Checks of the words of a proposal: bounded, harmless, and criteria that somebody can check.

use crate::document::findings::shown;
use crate::document::frozen;
use crate::path::is_bidi_control;

use super::objection::Sheet;

/// How long a title may be, in characters.
pub(super) const TITLE: usize = 72;
/// How long a criterion may be, or a thing that is out of scope, in characters: a sentence or so.
pub(super) const CRITERION: usize = 300;
/// How long the objective of a phase may be, in characters: what takes more is more than one commit.
pub(super) const OBJECTIVE: usize = 2_000;
/// How long scope and context of a phase, a summary or a reason may be, in characters.
pub(super) const PASSAGE: usize = 8_000;
/// How long a whole document may be, in characters. All of a proposal is bounded besides.
pub(super) const DOCUMENT: usize = 200_000;

/// Words that say nothing which could be checked, unless a measure or an example stands beside them.
const VAGUE: &[&str] = &[
    "works well",
    "work well",
    "works as expected",
    "work as expected",
    "works correctly",
    "work correctly",
    "works properly",
    "work properly",
    "is fast",
    "are fast",
    "is quick",
    "performs well",
    "good performance",
    "user-friendly",
    "user friendly",
    "easy to use",
    "intuitive",
    "looks good",
    "looks nice",
    "is robust",
    "is clean",
    "high quality",
    "good quality",
    "best practices",
];

/// Checks a text of one line and returns it with single blanks.
pub(super) fn line(sheet: &mut Sheet, at: &str, text: &str, most: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        sheet.object(at, "this is empty", "write it in a few words");
    }
    check(sheet, at, &words, most);
    words
}

/// Checks a text of any number of lines.
pub(super) fn prose(sheet: &mut Sheet, at: &str, text: &str, most: usize) {
    check(sheet, at, text, most);
}

/// The same where something must be said.
pub(super) fn needed_prose(sheet: &mut Sheet, at: &str, text: &str, most: usize) {
    if text.trim().is_empty() {
        sheet.object(at, "this is empty", "say it in a sentence or more");
    }
    prose(sheet, at, text, most);
}

/// Checks criteria; `known` are those that the milestone has already. Returns them with single blanks.
pub(super) fn criteria(sheet: &mut Sheet, at: &str, texts: &[String], known: &[String]) -> Vec<String> {
    let mut taken: Vec<String> = known.iter().map(|text| normal(text)).collect();
    let mut criteria = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let words = line(sheet, &at, text, CRITERION);
        if let Some(vague) = vague(&words) {
            sheet.object(
                &at,
                format!("`{vague}` cannot be checked"),
                "say what somebody who did not build it does and sees, with a number or an example",
            );
        }
        let normal = normal(&words);
        if !normal.is_empty() && taken.contains(&normal) {
            sheet.object(&at, "this criterion is there twice", "take one of them out");
        }
        taken.push(normal);
        criteria.push(words);
    }
    criteria
}

/// The vague words of a criterion that names no measure: no number, nothing quoted.
fn vague(text: &str) -> Option<&'static str> {
    let has_measure = text.chars().any(|c| c.is_ascii_digit() || matches!(c, '`' | '"' | '“' | '«'));
    let spaced = format!(" {} ", text.to_lowercase());
    let is_in = |words: &&&str| {
        spaced.match_indices(**words).any(|(start, found)| {
            let borders = [&spaced[..start], &spaced[start + found.len()..]];
            !borders[0].ends_with(char::is_alphanumeric) && !borders[1].starts_with(char::is_alphanumeric)
        })
    };
    VAGUE.iter().find(|words| !has_measure && is_in(words)).copied()
}

/// A text without anything but its words, for comparison.
pub(super) fn normal(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

fn check(sheet: &mut Sheet, at: &str, text: &str, most: usize) {
    let count = text.chars().count();
    if count > most {
        sheet.object(at, format!("{count} characters are too many"), format!("at most {most}"));
    }
    let text = text.replace("\r\n", "\n");
    if let Some(c) = text.chars().find(|c| is_hidden(*c)) {
        let what =
            format!("the character U+{:04X} moves the cursor or hides what stands there", u32::from(c));
        sheet.object(at, what, "leave it out");
    }
    if frozen::has_marks(&text) {
        let hint = "whether text may not be changed is for the person to say: leave the mark out";
        sheet.object(at, format!("a mark {} or {}", shown(frozen::BEGIN), shown(frozen::END)), hint);
    }
}

/// Whether a character has no place in a document of ours: it moves a cursor, breaks a line or turns the direction.
fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || is_bidi_control(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(check: impl Fn(&mut Sheet)) -> Vec<String> {
        let mut sheet = Sheet::default();
        check(&mut sheet);
        sheet.finish().err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_criterion_says_what_can_be_seen() {
        let of = |text: &str| {
            objections(|sheet| {
                drop(criteria(sheet, "criteria", &[text.to_owned()], &["It is there.".to_owned()]));
            })
        };
        for good in [
            "POST /login answers 401 when the password is wrong",
            "the list is fast: 1,000 rows within 200 ms",
            "is fastened to the left edge",
            "the page says “works well”",
        ] {
            assert_eq!(of(good), [""; 0], "{good}");
        }
        for bad in ["Login works well.", "The page is fast", "a user-friendly form", "", " \n", "it is there"]
        {
            assert_eq!(of(bad).len(), 1, "{bad}");
        }
        assert_eq!(
            of("The search is fast")[0],
            "criteria[0]: `is fast` cannot be checked (say what somebody who did not build it does and sees, with a \
             number or an example)"
        );
        assert_eq!(of(&"x ".repeat(200))[0], "criteria[0]: 399 characters are too many (at most 300)");
    }

    #[test]
    fn what_hides_or_moves_the_cursor_is_sent_back() {
        for text in
            ["a\u{1b}[2J", "a\u{202e}b", "a\0b", "a\rb", "a\u{2028}b", "\u{feff}a", "x <!-- frozen --> y"]
        {
            assert_eq!(objections(|sheet| prose(sheet, "prd", text, 100)).len(), 1, "{text:?}");
        }
        assert_eq!(objections(|sheet| prose(sheet, "prd", "a\tb\r\nä 👩‍🔧 <!-- x -->", 100)), [""; 0]);
    }
}
