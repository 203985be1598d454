use std::fmt::Write;

use insta::assert_snapshot;
use proptest::prelude::*;
use ratatui::style::{Color, Modifier};

use super::lines;
use crate::{
    testing::{ASCII, COLOURED, PLAIN},
    text::{
        tests::{assert_rows_are_harmless_and_fit, untrusted},
        wrap,
    },
    theme::Theme,
};

/// Blocks of which none goes on when the next one comes.
const BLOCKS: [&str; 12] = [
    "# How *it* works",
    "A paragraph with **strong**, ~~old~~ and `inline code` that is longer than a row,\nwith a soft and a hard  \nbreak.",
    "- first item that is long enough to be wrapped\n  - nested\n    1. deep\n- [x] done\n- [ ] to do, also longer than one row is wide\n-",
    "9. nine\n10. ten\n\n    A second paragraph in ten.",
    "> A quote that is long enough to be wrapped at forty.\n>\n> > nested\n>\n> - item",
    "```rust ignore\nfn main() {\n\n\tprintln!(\"a line that is longer than forty columns\");\n}\n```",
    "After code:\n\n    indented code\n      deeper",
    "***",
    "| Name | Count | Note |\n|:-----|------:|:----:|\n| one | 1 | `a` |\n| two | 22 | |\n| three | 333 | centre |",
    "See [the docs](https://example.com/docs), <https://example.com>,\n![a picture](p.png) and [![](i.png)](t).",
    "<details>\n<b>bold</b>\n</details>",
    "Last words with <i>inline</i> &amp; &#27;[31m entities.",
];

fn page(markdown: &str, theme: Theme, width: u16) -> String {
    let mut page = String::new();
    for row in lines(markdown, theme).iter().flat_map(|line| wrap(line, width)) {
        writeln!(page, "{}", row.to_string().trim_end()).unwrap();
    }
    page
}

#[test]
fn a_page_is_laid_out_with_signs() {
    assert_snapshot!(page(&BLOCKS.join("\n\n"), PLAIN, 40), @r#"
    How it works

    A paragraph with strong, old and `inline
    code` that is longer than a row, with a
    soft and a hard
    break.

    • first item that is long enough to be
      wrapped
      • nested
        1. deep
    ☑ done
    ☐ to do, also longer than one row is
      wide
    •

    9. nine
    10. ten

        A second paragraph in ten.

    │ A quote that is long enough to be
    │ wrapped at forty.
    │
    │ │ nested
    │
    │ • item

      rust
      fn main() {

          println!("a line that is longer th
      an forty columns");
      }

    After code:

      indented code
        deeper

    ────────────

    Name  │ Count │  Note
    ──────┼───────┼───────
    one   │     1 │  `a`
    two   │    22
    three │   333 │ centre

    See the docs (https://example.com/docs),
    https://example.com, [image: a picture]
    (p.png) and [image] (i.png) (t).

    <details>
    <b>bold</b>
    </details>

    Last words with <i>inline</i> & ␛[31m
    entities.
    "#);
}

#[test]
fn a_page_is_laid_out_in_ascii() {
    let page = page(&BLOCKS.join("\n\n"), ASCII, 40);
    assert!(page.is_ascii());
    assert_snapshot!(page, @r#"
    How it works

    A paragraph with strong, old and `inline
    code` that is longer than a row, with a
    soft and a hard
    break.

    - first item that is long enough to be
      wrapped
      - nested
        1. deep
    [x] done
    [ ] to do, also longer than one row is
        wide
    -

    9. nine
    10. ten

        A second paragraph in ten.

    | A quote that is long enough to be
    | wrapped at forty.
    |
    | | nested
    |
    | - item

      rust
      fn main() {

          println!("a line that is longer th
      an forty columns");
      }

    After code:

      indented code
        deeper

    ------------

    Name  | Count |  Note
    ------+-------+-------
    one   |     1 |  `a`
    two   |    22
    three |   333 | centre

    See the docs (https://example.com/docs),
    https://example.com, [image: a picture]
    (p.png) and [image] (i.png) (t).

    <details>
    <b>bold</b>
    </details>

    Last words with <i>inline</i> & ^[[31m
    entities.
    "#);
}

#[test]
fn finished_blocks_stay_as_they_are_while_later_ones_come() {
    let whole = BLOCKS.join("\n\n");
    let mut finished = String::new();
    for block in BLOCKS {
        let before = lines(&finished, PLAIN);
        for (end, _) in block.char_indices() {
            let now = lines(&format!("{finished}{}", &block[..end]), PLAIN);
            assert!(now.starts_with(&before), "{before:#?}\n{now:#?}");
        }
        finished.push_str(block);
        let now = lines(&finished, PLAIN);
        assert!(lines(&whole, PLAIN).starts_with(&now), "{now:#?}");
        finished.push_str("\n\n");
    }
}

#[test]
fn items_stand_together_also_where_a_later_one_makes_the_list_loose() {
    let tight = lines("- one\n- two", PLAIN);
    assert!(lines("- one\n- two\n\n- three", PLAIN).starts_with(&tight));
    assert_eq!(page("- one\n\n  more\n\n- two", PLAIN, 40), "• one\n\n  more\n• two\n");
}

#[test]
fn an_empty_block_leaves_no_blank_line_and_no_bar_behind() {
    assert_eq!(page("> a\n>\n> ```\n> ```\n\nb", PLAIN, 40), "│ a\n\nb\n");
    assert_eq!(page(">\n\nb", PLAIN, 40), "b\n");
    assert_eq!(page("", PLAIN, 40), "");
}

#[test]
fn blocks_stand_apart_also_where_the_first_was_within_another() {
    assert_eq!(page("- > a\n\n  b", PLAIN, 40), "• │ a\n\n  b\n");
    assert_eq!(page("- - a\n\n  b", PLAIN, 40), "• • a\n\n  b\n");
}

#[test]
fn an_item_without_text_shows_its_sign() {
    assert_eq!(page("-\n- >\n- - +\n- a", PLAIN, 40), "•\n•\n• • •\n• a\n");
    assert_eq!(
        page(&format!("{}+\n- a", "- ".repeat(20)), PLAIN, 40),
        format!("{}\n• a\n", "• ".repeat(16).trim_end())
    );
}

#[test]
fn a_list_in_a_numbered_item_keeps_its_tasks() {
    assert_eq!(page("1. [x] done and\n   so on", PLAIN, 12), "1. ☑ done\n     and so\n     on\n");
}

#[test]
fn the_target_of_a_link_is_shown_where_it_is_not_the_text() {
    assert_eq!(
        page("[https://good.example](https://bad.example)", PLAIN, 80),
        "https://good.example (https://bad.example)\n"
    );
    assert_eq!(page("[https://good.example](https://good.example)", PLAIN, 80), "https://good.example\n");
    assert_eq!(
        page("[](https://bad.example) [a][r]\n\n[r]: <b c>", PLAIN, 80),
        "(https://bad.example) a (b c)\n"
    );
    assert_eq!(page("[a](b&#27;&#10;c)", PLAIN, 80), "a (b␛ c)\n");
}

#[test]
fn a_cell_that_is_too_wide_is_cut() {
    let cell = "x".repeat(41);
    let table = format!("|a|b|\n|-|-|\n|{cell}|y|");
    assert_eq!(page(&table, PLAIN, 80).lines().last(), Some(&*format!("{}… │ y", "x".repeat(39))));
    assert_eq!(page(&table, ASCII, 80).lines().last(), Some(&*format!("{}... | y", "x".repeat(37))));
}

#[test]
fn a_wide_cell_is_padded_by_its_columns() {
    assert_eq!(page("|a|b|\n|-|-|\n|宽的|y|", PLAIN, 80), "a    │ b\n─────┼──\n宽的 │ y\n");
}

#[test]
fn styles_add_up_and_end() {
    let line = &lines("# a *b `c`*\n\nd", COLOURED);
    let look: Vec<_> = line[0]
        .text
        .iter()
        .map(|span| (span.content.as_ref(), span.style.add_modifier, span.style.fg))
        .collect();
    let bold = Modifier::BOLD;
    let both = bold | Modifier::ITALIC;
    assert_eq!(look, [("a ", bold, None), ("b ", both, None), ("c", both, Some(Color::Cyan))]);
    assert_eq!(line[2].text[0].style.add_modifier, Modifier::empty());
}

#[test]
fn deep_nesting_is_not_indented_without_end() {
    assert_eq!(page(&format!("{}x", ">".repeat(90)), PLAIN, 80), format!("{}x\n", "│ ".repeat(16)));
    assert_eq!(page(&format!("{}x", "- ".repeat(90)), PLAIN, 80), format!("{}x\n", "• ".repeat(16)));
}

#[test]
fn absurd_nesting_is_shown_as_it_is_written() {
    for signs in [">", "> ", "- ", "1. ", "2) + * "] {
        let markdown = format!("*a*\n\n{}`x\u{1b}`\n\n", signs.repeat(101));
        let shown = markdown.replace('\u{1b}', "␛");
        assert_eq!(page(&markdown, PLAIN, 1_000), shown.trim_end().to_owned() + "\n\n");
    }
    let rules = ["- ".repeat(200), "-".repeat(200), "* ".repeat(200)].join("\n\n");
    assert_eq!(page(&rules, PLAIN, 80), [&*"─".repeat(12); 3].join("\n\n") + "\n");
}

#[test]
fn controls_in_markdown_are_shown() {
    assert_eq!(
        page("a\u{202e}b \u{1b}[1m\u{c}\r\n\r`\u{9b}`\0", PLAIN, 80),
        "a\\u{202e}b ␛[1m␌\n\n`\\u{9b}`␀\n"
    );
}

/// Pieces of which Markdown is made, and what would do harm.
fn markdown() -> impl Strategy<Value = String> {
    const PIECES: [&str; 44] = [
        "# ",
        "- ",
        "* ",
        "1. ",
        "> ",
        "    ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\r",
        "```",
        "~~~",
        "`",
        "**",
        "*",
        "_",
        "~~",
        "[",
        "]",
        "](",
        ")",
        "![",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "|",
        "|-|:-:|\n",
        "---",
        "===",
        "[x] ",
        "\\",
        "&#27;",
        "&#10;",
        "&#x202e;",
        "  \n",
        "\u{1b}[31m",
        "\u{202e}",
        "宽",
        "👩‍🚀",
        "e\u{301}",
        "word",
        "[r]: x",
    ];
    let piece = prop_oneof![
        8 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => untrusted(),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn every_page_is_harmless_and_fits(markdown in markdown(), width in 1..=200_u16, unicode: bool, colours: bool) {
        let theme = Theme { colours, unicode, ..PLAIN };
        assert_rows_are_harmless_and_fit(&lines(&markdown, theme), width)?;
    }
}

/// A line that is shown, with the line of the source that it begins with.
fn sources(markdown: &str) -> Vec<(String, usize)> {
    let text = |spans: &[ratatui::text::Span<'_>]| -> String {
        spans.iter().map(|span| span.content.as_ref()).collect()
    };
    let lines = super::sourced(markdown, PLAIN).into_iter();
    lines.filter_map(|(line, source)| Some((text(&line.text), source?))).collect()
}

#[test]
fn each_line_says_with_which_line_of_the_source_it_begins() {
    let markdown = "# Head\n\nOne\nand one.  \nBroken\n\n- a\n- b\n  - c\n\n```rust\nlet x;\n\nlet y;\n```\n\n\
                    | h |\n|---|\n| r |\n| s |\n\n> quoted\n\n---\n\n    indented\n\n1.\n";
    let wanted = [
        ("Head", 1),
        ("One and one.", 3),
        ("Broken", 5),
        ("a", 7),
        ("b", 8),
        ("c", 9),
        ("  rust", 11),
        ("let x;", 12),
        ("", 13),
        ("let y;", 14),
        ("h", 17),
        ("─", 18),
        ("r", 19),
        ("s", 20),
        ("quoted", 22),
        ("────────────", 24),
        ("indented", 26),
        ("", 28),
    ];
    assert_eq!(sources(markdown), wanted.map(|(text, line)| (text.to_owned(), line)));
}
