use proptest::{prelude::*, test_runner::TestCaseError};
use ratatui::{
    style::{Color, Modifier, Style},
    text::Span,
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Long, ansi, columns, harmless, wrap};
use crate::testing::{COLOURED, PLAIN};
use crate::theme::Theme;

fn long(text: &str) -> Long {
    Long { text: vec![Span::raw(text.to_owned())], ..Long::default() }
}

fn code(text: &str) -> Long {
    Long { keep: true, ..long(text) }
}

fn rows(line: &Long, width: u16) -> Vec<String> {
    wrap(line, width).iter().map(ToString::to_string).collect()
}

#[test]
fn words_move_to_the_next_row_and_the_space_between_is_left_out() {
    assert_eq!(rows(&long("one two three"), 8), ["one two", "three"]);
    assert_eq!(rows(&long("one   two"), 4), ["one", "two"]);
    assert_eq!(rows(&long("one   "), 3), ["one"]);
    assert_eq!(rows(&long("  in two"), 5), ["  in", "two"]);
    assert_eq!(rows(&long("  indented"), 6), ["  inde", "nted"]);
}

#[test]
fn a_line_without_text_is_one_row() {
    assert_eq!(rows(&long(""), 10), [""]);
    let quote = Long { first: vec![Span::raw("> ")], ..Long::default() };
    assert_eq!(rows(&quote, 10), ["> "]);
    assert_eq!(rows(&quote, 2), ["> "]);
    assert_eq!(rows(&quote, 1), [""]);
}

#[test]
fn a_word_that_is_too_long_is_broken_between_graphemes() {
    assert_eq!(rows(&long("ab abcdefgh"), 4), ["ab", "abcd", "efgh"]);
    assert_eq!(rows(&long("宽宽宽"), 5), ["宽宽", "宽"]);
    assert_eq!(rows(&long("e\u{301}e\u{301}e\u{301}"), 2), ["e\u{301}e\u{301}", "e\u{301}"]);
}

#[test]
fn code_is_broken_at_the_edge_and_keeps_its_spaces() {
    assert_eq!(rows(&code("  ab   cd"), 4), ["  ab", "   c", "d"]);
}

#[test]
fn what_stands_before_a_line_stands_before_its_rows() {
    let line = Long { first: vec![Span::raw("• ")], rest: vec![Span::raw("  ")], ..long("one two") };
    assert_eq!(rows(&line, 6), ["• one", "  two"]);
}

#[test]
fn a_word_is_broken_after_all_where_more_stands_before_the_next_row() {
    let line = Long { rest: vec![Span::raw("    ")], ..long("a bcdef") };
    assert_eq!(rows(&line, 6), ["a", "    bc", "    de", "    f"]);
}

#[test]
fn what_leaves_no_room_is_left_out() {
    let line = Long { first: vec![Span::raw("--")], rest: vec![Span::raw("| ")], ..long("宽宽") };
    assert_eq!(rows(&line, 4), ["--宽", "| 宽"]);
    assert_eq!(rows(&line, 3), ["宽", "宽"]);
    assert_eq!(rows(&line, 2), ["宽", "宽"]);
    assert_eq!(rows(&line, 1), ["?", "?"]);
    assert_eq!(rows(&line, 0), ["?", "?"]);
}

#[test]
fn a_word_of_several_styles_stays_together() {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let line =
        Long { text: vec![Span::raw("ab c"), Span::styled("d", bold), Span::raw("e f")], ..Long::default() };
    let spans: Vec<_> = wrap(&line, 5).into_iter().map(|row| row.spans).collect();
    assert_eq!(
        spans,
        [vec![Span::raw("ab")], vec![Span::raw("c"), Span::styled("d", bold), Span::raw("e f")]]
    );
}

#[test]
fn a_megabyte_without_a_newline_is_wrapped_in_one_go() {
    let size = 1_000_000;
    assert_eq!(wrap(&long(&"x".repeat(size)), 80).len(), size / 80);
    assert_eq!(wrap(&code(&" ".repeat(size)), 80).len(), size / 80);
    assert_eq!(wrap(&long(&" ".repeat(size)), 80).len(), 1);
    assert_eq!(wrap(&long(&"seven  ".repeat(size / 7)), 80).len(), (size / 7).div_ceil(11));
    assert_eq!(wrap(&long(&"\u{301}".repeat(size / 2)), 80).len(), 1);
}

#[test]
fn controls_are_shown() {
    check_harmless("a\x1b[0m\x07\x7f\0", "a␛[0m␇␡␀", "a^[[0m^G^?^@");
    check_harmless(
        "\u{9b}1m\u{202e}\u{2028}\u{feff}\u{61c}",
        r"\u{9b}1m\u{202e}\u{2028}\u{feff}\u{61c}",
        r"\u{9b}1m\u{202e}\u{2028}\u{feff}\u{61c}",
    );
    check_harmless("👩‍🚀 e\u{301} 宽", "👩‍🚀 e\u{301} 宽", "👩‍🚀 e\u{301} 宽");
}

#[test]
fn every_kind_of_newline_is_one() {
    check_harmless("a\r\nb\rc\nd\r\r\n\n", "a\nb\nc\nd\n\n\n", "a\nb\nc\nd\n\n\n");
}

#[test]
fn a_tab_goes_to_the_next_multiple_of_four() {
    for (text, shown) in [
        ("\ta\t宽\tabcd\te", "    a   宽  abcd    e"),
        ("ab\tc\n\td\r\te", "ab  c\n    d\n    e"),
        ("e\u{301}\t\x1b\t", "e\u{301}   ␛   "),
    ] {
        assert_eq!(harmless(text, true), shown);
    }
}

fn check_harmless(text: &str, unicode: &str, ascii: &str) {
    assert_eq!(harmless(text, true), unicode);
    assert_eq!(harmless(text, false), ascii);
}

/// What is seen of a tool's output, a string a line.
fn seen(text: &str) -> Vec<String> {
    ansi(text, PLAIN)
        .iter()
        .map(|line| line.text.iter().map(|span| span.content.as_ref()).collect())
        .collect()
}

#[test]
fn sequences_are_left_out_of_output() {
    for (text, shown) in [
        ("a\x1b[2Kb\x1b[1;1Hc\x1b[?25ld\x1b[>4;1me", "abcde"),
        ("a\x1b]0;title\x07b\x1b]8;;http://example.com\x1b\\c\x1b]2;x\u{9c}d", "abcd"),
        ("a\x1bP1$r0m\x1b\\b\x1b_words\x1b\\c\x1b^words\x1b\\d\x1bXwords\x1b\\e", "abcde"),
        ("a\x1b(Bb\x1b7c\x1b=d\x1bMe", "abcde"),
        ("a\x1b[3\x1b[1mb\x1b]0;\x1b[1mc\x1b\x1b[1md", "abcd"),
        ("a\x1b[3\x18b\x1b]0;\x1ac", "abc"),
        ("a\x1b[", "a"),
        ("a\x1b", "a"),
        ("a\x1b]0;title", "a"),
        ("a\x1b]0;title\x1b", "a"),
        ("a\x1b[3宽\x1b宽", "a宽宽"),
        ("a\x08\x07\u{9b}1m", r"a␈␇\u{9b}1m"),
    ] {
        assert_eq!(seen(text), [shown], "{text:?}");
    }
}

#[test]
fn a_sequence_without_end_hides_no_later_line() {
    assert_eq!(seen("a\x1b]0;title\nb\x1b[3\nc\x1bPq\r\nd\x1b\ne"), ["a", "b", "c", "d", "e"]);
}

#[test]
fn output_ends_with_its_last_line() {
    assert_eq!(seen(""), Vec::<String>::new());
    assert_eq!(seen("a\n\nb\r\n"), ["a", "", "b"]);
    assert_eq!(seen("a\r\x1b[0m\nb\x1b[1m\tc"), ["a", "b   c"]);
}

#[test]
fn the_sixteen_colours_are_kept() {
    let plain = Style::new();
    let bold = plain.add_modifier(Modifier::BOLD);
    for (codes, style) in [
        ("31", plain.fg(Color::Red)),
        ("1;97;104", bold.fg(Color::White).bg(Color::LightBlue)),
        ("31;0", plain),
        ("31;", plain),
        ("1;3;22", plain.add_modifier(Modifier::ITALIC)),
        ("4:3", plain.add_modifier(Modifier::UNDERLINED)),
        ("4;4:0", plain),
        ("31;38;5;9;1", bold),
        ("31;38;2;1;3;4;1", bold),
        ("41;48:2::1:2:3;1", bold),
        ("58;5;1;1", bold),
        ("5;8;1", bold),
        ("31;99999999;1", bold.fg(Color::Red)),
        ("?1", plain),
        (">4", plain),
        ("30;40", plain.fg(Color::Black)),
    ] {
        let lines = ansi(&format!("\x1b[{codes}mx"), COLOURED);
        let text = vec![Span::styled("x", style)];
        assert_eq!(lines, [Long { text, keep: true, ..Long::default() }], "{codes}");
    }
}

#[test]
fn colours_go_on_over_lines_and_are_left_out_without_colours() {
    let text = "\x1b[1;31ma\nb\x1b[mc";
    let red = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
    let styles = |theme| ansi(text, theme).into_iter().map(|line| line.text).collect::<Vec<_>>();
    let lines = |style| [vec![Span::styled("a", style)], vec![Span::styled("b", style), Span::raw("c")]];
    assert_eq!(styles(COLOURED), lines(red));
    assert_eq!(styles(PLAIN), lines(Style::new().add_modifier(Modifier::BOLD)));
}

/// Whether the character does something instead of being seen.
fn acts(character: char) -> bool {
    character.is_control()
        || "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}"
            .contains(character)
}

/// Checks that the lines, broken into rows of this width, are harmless and no wider.
pub(crate) fn assert_rows_are_harmless_and_fit(lines: &[Long], width: u16) -> Result<(), TestCaseError> {
    for line in lines {
        let wrapped = wrap(line, width);
        prop_assert!(!wrapped.is_empty());
        for row in wrapped {
            prop_assert!(row.width() <= usize::from(width), "{row:?}");
            let drawn: usize = row.spans.iter().map(|span| columns(&span.content)).sum();
            prop_assert!(drawn <= usize::from(width), "{row:?}");
            prop_assert!(!row.spans.iter().any(|span| span.content.contains(acts)), "{row:?}");
        }
    }
    Ok(())
}

/// Text of others: all kinds of characters, and many of those that act.
pub(crate) fn untrusted() -> impl Strategy<Value = String> {
    const PIECES: [&str; 34] = [
        "\x1b",
        "\x1b[",
        "\x1b]",
        "\x1bP",
        "\x1b\\",
        "\x07",
        "\u{9b}",
        "\u{9c}",
        "31",
        ";",
        ":",
        "38;5;",
        "m",
        "\r",
        "\n",
        "\r\n",
        "\t",
        " ",
        "   ",
        "word",
        "\u{202e}",
        "\u{2066}",
        "\u{feff}",
        "\u{2028}",
        "\u{200d}",
        "\u{301}",
        "\u{fe0f}",
        "宽",
        "👩‍🚀",
        "🏗",
        "ᄀᄀᄀ",
        "क्ष",
        "لا",
        "\x7f",
    ];
    let piece = prop_oneof![
        2 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_output_is_harmless_and_fits(text in untrusted(), width in 1..=200_u16, unicode: bool, colours: bool) {
        assert_rows_are_harmless_and_fit(&ansi(&text, Theme { colours, unicode, ..PLAIN }), width)?;
    }

    #[test]
    fn harmless_text_stays_as_it_is(text in untrusted(), unicode: bool) {
        let once = harmless(&text, unicode);
        prop_assert!(!once.contains(|character| character != '\n' && acts(character)));
        prop_assert_eq!(harmless(&once, unicode), once);
    }

    #[test]
    fn wrapping_loses_nothing_but_spaces(
        text in untrusted(), width in 1..=60_u16, keep: bool, first in 0..20_usize, rest in 0..20_usize,
    ) {
        let text = harmless(&text, true).replace('\n', " ");
        let fits = |grapheme: &&str| grapheme.width() <= usize::from(width);
        let text: String = text.graphemes(true).filter(fits).collect();
        // Its look tells it from the text.
        let before = |sign: &str, count| vec![Span::styled(sign.repeat(count), Modifier::REVERSED)];
        let (first, rest) = (before(">", first), before("|", rest));
        let line = Long { first: first.clone(), rest: rest.clone(), keep, ..long(&text) };
        assert_rows_are_harmless_and_fit(std::slice::from_ref(&line), width)?;
        let mut wrapped = String::new();
        for (index, row) in wrap(&line, width).into_iter().enumerate() {
            let before = if index == 0 { &first } else { &rest };
            let spans = row.spans.strip_prefix(&before[..]).unwrap_or(&row.spans);
            wrapped.extend(spans.iter().map(|span| span.content.as_ref()));
        }
        if keep {
            prop_assert_eq!(wrapped, text);
        } else {
            prop_assert_eq!(wrapped.replace(' ', ""), text.replace(' ', ""));
        }
    }
}
