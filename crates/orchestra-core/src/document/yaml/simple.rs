//! The YAML that nearly every document has, read without the YAML reader.
//!
//! Scalars on the line of their key, and lists of scalars in brackets: at least ten times as fast as the reader, which
//! matters where a thousand milestones are looked at. What is read here reads the same there (a property test holds
//! both against each other); of whatever is not sure to, nothing is read at all.

use super::super::Place;
use super::super::source::to_u32;
use super::{Entry, Node, Value};

/// Longer texts are no front matter that anybody wrote by hand, and have bounds that the reader knows.
const MAX_BYTES: usize = 16 * 1024;

/// Words that mean something in YAML as a key or as a value.
const WORDS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// Reads a mapping in the simple form. `None` where it is not sure that this is one; the reader then says what it is.
pub(super) fn parse(text: &str, above: u32) -> Option<Node> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in text.split_terminator('\n').enumerate() {
        if line.is_empty() || is_comment(line) {
            continue;
        }
        let line_number = to_u32(number + 1).saturating_add(above);
        let (key, rest) = line.split_once(": ")?;
        let value = without_comment(rest.trim_start_matches(' '));
        if !is_key(key) || entries.iter().any(|entry| entry.key == key) {
            return None;
        }
        let at = |part: &str| Place { line: line_number, column: column_of(line, part) };
        let node = Node { at: at(value), value: value_of(value, &at)? };
        entries.push(Entry { key: key.to_owned(), at: at(key), node });
    }
    let at = entries.first()?.at;
    Some(Node { at, value: Value::Map(entries) })
}

/// The column, from 1, of a part that was cut from a line.
fn column_of(line: &str, part: &str) -> u32 {
    let before = part.as_ptr().addr() - line.as_ptr().addr();
    to_u32(line[..before].chars().count() + 1)
}

/// Cuts a comment off a value that has no quotes, in which it might be text.
fn without_comment(value: &str) -> &str {
    match value.find(" #").filter(|_| !value.contains('"')) {
        Some(at) if is_comment(&value[at + 1..]) => value[..at].trim_end_matches(' '),
        Some(_) | None => value,
    }
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') && line.chars().all(is_plain_text)
}

/// What can stand in a line and be nothing but text: no control sign, no sign that ends a line somewhere.
fn is_plain_text(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric())
}

fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && !WORDS.contains(&text)
}

fn value_of(text: &str, at: &impl Fn(&str) -> Place) -> Option<Value> {
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        if inner.is_empty() {
            return Some(Value::List(Vec::new()));
        }
        let item = |item: &str| {
            let text = scalar(item, |c| !",[]{}:#".contains(c))?;
            Some(Node { at: at(item), value: Value::Text(text.to_owned()) })
        };
        return inner.split(", ").map(item).collect::<Option<Vec<Node>>>().map(Value::List);
    }
    // A colon or a number sign inside of a word is a part of it; the two where it is not are `: ` and ` #`.
    let is_one_text = !text.contains(": ") && !text.contains(" #") && !text.ends_with(':');
    let read = (text.starts_with('"') || is_one_text).then(|| scalar(text, |_| true));
    read.flatten().map(|text| Value::Text(text.to_owned()))
}

/// A scalar without anything special in it: quoted, or bare and beginning with a letter or a digit.
fn scalar(text: &str, may_stand: impl Fn(char) -> bool) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('"') {
        let inner = quoted.strip_suffix('"')?;
        let is_plain = |c: char| is_plain_text(c) && !matches!(c, '"' | '\\');
        return (!inner.is_empty() && inner.chars().all(is_plain)).then_some(inner);
    }
    let is_bare = text.starts_with(|c: char| c.is_alphanumeric())
        && text.chars().all(|c| is_plain_text(c) && may_stand(c))
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    is_bare.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::read_fully;
    use super::*;

    fn check(text: &str) -> bool {
        let Some(simple) = parse(text, 1) else { return false };
        let full = read_fully(text, 1);
        assert_eq!(
            format!("{simple:?}"),
            full.map_or_else(|fault| format!("{fault:?}"), |node| format!("{node:?}")),
            "{text}"
        );
        true
    }

    #[test]
    fn what_documents_have_is_read_and_reads_the_same() {
        for text in [
            "id: M1-user-auth\ntitle: User authentication\nstatus: planning\npriority: P1\ndepends_on: []\n",
            "rfc: skip\nhold: [rfc, push]\ncreated: 2026-11-21\n",
            "status: planning   # as yet\nhold: [rfc] # \"the design\"\n".replace('"', "'").as_str(),
            "# who\nrole: backend\n\ntitle: \"Login: the endpoint\"\norder: 2.5\n",
            "files: [\"src/auth/**\", \"tests/auth.rs\", web/page.txt]\nverify: [\"cargo test -q\"]\n",
            "title: Überblick über alles\nhold: [\"ä\", rfc]\n",
            "at: 2026-11-21T10:02:11Z\nnumber: 0x1F\ncount: 1_000\nfloat: 1e3\ntext: a#b c:d\n",
        ] {
            assert!(check(text), "{text}");
        }
    }

    #[test]
    fn what_means_something_else_is_left_to_the_reader() {
        for text in [
            "",
            "# only a comment\n",
            "status:\n",
            "status:  # nothing\n",
            "title: \"a #b\" # c\n",
            "status: null\n",
            "reason: ~\n",
            "title: 'quoted'\n",
            "title: \"a \\n b\"\n",
            "title: a: b\n",
            "title: a\n  goes on\n",
            "title: &a b\n",
            "title: *a\n",
            "title: !x b\n",
            "title: |\n  text\n",
            "depends_on:\n  - M1-a\n",
            "gates: { rfc: x }\n",
            "hold: [rfc, [push]]\n",
            "hold: [rfc,\n  push]\n",
            "hold: [rfc, ]\n",
            "hold: [\"a, b\"]\n",
            "a: b\na: c\n",
            "a: b\n---\nc: d\n",
            "a: b\r\n",
            "a:\tb\n",
            "\u{feff}a: b\n",
            "on: b\n",
        ] {
            assert!(parse(text, 1).is_none(), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn whatever_is_read_reads_the_same(lines in prop::collection::vec(line(), 0..6)) {
            check(&lines.concat());
        }
    }

    fn line() -> impl Strategy<Value = String> {
        let key = prop_oneof!["[a-c]", "[a-z_]{1,6}", Just("null".to_owned()), "[A-Z1-9#-]{1,3}"];
        let value = prop_oneof![
            4 => "[a-zA-Z0-9ä .,:#'\"_/*+@%!?&|>{}\\[\\]\\\\-]{0,14}",
            2 => "\\[([a-z0-9.*/\"-]{1,4}(, |,| ,)?){0,4}\\]",
            2 => "\"[a-z :#,\\[\\]'ä-]{0,8}\"",
            1 => "[0-9.eExXob_+-]{1,6}",
            1 => prop::sample::select(vec!["~", "null", "Null", "TRUE", "no", ".inf", ".nan", "nan", "inf", "0o7", "---", "..."])
                .prop_map(str::to_owned),
        ];
        let between = prop_oneof![8 => Just(": "), 1 => Just(":"), 1 => Just(":  "), 1 => Just(" : ")];
        let end = prop_oneof![8 => Just("\n"), 1 => Just("\n\n"), 1 => Just(""), 1 => Just(" \n"), 1 => Just("\n# c\n")];
        (key, between, value, end)
            .prop_map(|(key, between, value, end)| format!("{key}{between}{value}{end}"))
    }
}
