//! Colours of code: what is a comment, a text, a number or a word of the language, and nothing more.
//!
//! It is looked at sign by sign, once, and what one line leaves open is all that the next one knows, so that code that streams
//! costs what it is long. Grammars of each language would tell more, but the first line of one takes a tenth
//! of a second and a few lines take a millisecond, which is more than a frame has.

use ratatui::style::Style;
use ratatui::text::Span;

use self::languages::{LANGUAGES, Language};
use crate::theme::Theme;

mod languages;

/// What a piece of code is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Plain,
    Comment,
    Text,
    Number,
    Word,
    Added,
    Removed,
}

impl Kind {
    fn style(self, theme: Theme) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Comment => theme.dim(),
            Self::Text | Self::Added => theme.good(),
            Self::Number => theme.code(),
            Self::Word => theme.word(),
            Self::Removed => theme.bad(),
        }
    }
}

/// Code that is read line by line.
pub(super) struct Reader {
    of: Of,
    theme: Theme,
    /// What ends the comment or text that the lines before have left open.
    open: Option<(Kind, &'static str)>,
}

enum Of {
    /// No language that is known, or colours are not wanted.
    Nothing,
    Patch,
    Language(&'static Language),
}

impl Reader {
    pub(super) fn new(language: &str, theme: Theme) -> Self {
        let name = language.trim_start_matches(['{', '.']).trim_end_matches('}').to_lowercase();
        let known = LANGUAGES.iter().find(|language| language.names.contains(&name.as_str()));
        let of = match known {
            _ if !theme.colours => Of::Nothing,
            Some(language) => Of::Language(language),
            None if matches!(name.as_str(), "diff" | "patch") => Of::Patch,
            None => Of::Nothing,
        };
        Self { of, theme, open: None }
    }

    /// A line with its colours. Nothing of it is left out.
    pub(super) fn line(&mut self, line: &str) -> Vec<Span<'static>> {
        let language = match self.of {
            Of::Nothing => return vec![Span::raw(line.to_owned())],
            Of::Patch => {
                let kind = match line.as_bytes().first() {
                    Some(b'+') => Kind::Added,
                    Some(b'-') => Kind::Removed,
                    Some(b'@') => Kind::Word,
                    _ => Kind::Plain,
                };
                return vec![Span::styled(line.to_owned(), kind.style(self.theme))];
            }
            Of::Language(language) => language,
        };
        let mut spans: Vec<Span<'static>> = Vec::new();
        let mut rest = line;
        // Plain signs come together.
        let mut plain = String::new();
        let mut before = None;
        while !rest.is_empty() {
            let (kind, length) = self.next(language, rest, before);
            let (piece, more) = rest.split_at(length);
            (rest, before) = (more, piece.chars().next_back());
            if kind == Kind::Plain {
                plain.push_str(piece);
                continue;
            }
            if !plain.is_empty() {
                spans.push(Span::raw(std::mem::take(&mut plain)));
            }
            spans.push(Span::styled(piece.to_owned(), kind.style(self.theme)));
        }
        if !plain.is_empty() || spans.is_empty() {
            spans.push(Span::raw(plain));
        }
        spans
    }

    /// What comes next, and how many bytes it is: at least one sign. `before` is the sign before it.
    fn next(&mut self, language: &'static Language, rest: &str, before: Option<char>) -> (Kind, usize) {
        if let Some((kind, end)) = self.open {
            return match rest.find(end) {
                Some(at) => {
                    self.open = None;
                    (kind, at + end.len())
                }
                None => (kind, rest.len()),
            };
        }
        let Some(first) = rest.chars().next() else { return (Kind::Plain, 0) };
        // A `#` within a word of the shell or a path begins no comment, nor does the `//` of an address.
        let is_apart = before.is_none_or(|sign| !sign.is_alphanumeric() && !matches!(sign, '$' | ':' | '&'));
        if is_apart && language.line.iter().any(|begin| rest.starts_with(begin)) {
            return (Kind::Comment, rest.len());
        }
        let long = language.long.iter().map(|quote| (Kind::Text, *quote, *quote));
        let block = language.block.map(|(begin, end)| (Kind::Comment, begin, end));
        for (kind, begin, end) in long.chain(block) {
            if rest.starts_with(begin) {
                self.open = Some((kind, end));
                return (kind, begin.len());
            }
        }
        if language.quotes.contains(first) {
            return (Kind::Text, quoted(rest, first));
        }
        let is_in_word = before.is_some_and(|sign| sign.is_alphanumeric() || sign == '_');
        if first.is_alphanumeric() || first == '_' {
            let is_part = |sign: char| sign.is_alphanumeric() || sign == '_';
            let length = rest.find(|sign| !is_part(sign)).unwrap_or(rest.len());
            let kind = match &rest[..length] {
                _ if is_in_word => Kind::Plain,
                _ if first.is_ascii_digit() => Kind::Number,
                word if is_word(language, word) => Kind::Word,
                _ => Kind::Plain,
            };
            return (kind, length);
        }
        (Kind::Plain, first.len_utf8())
    }
}

/// SQL is written in either case.
fn is_word(language: &Language, word: &str) -> bool {
    language.words.contains(&word)
        || (language.names.contains(&"sql") && language.words.contains(&word.to_lowercase().as_str()))
}

/// How long the text is that begins with this quote: to its end, or to that of the line.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, sign) in rest.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            sign if sign == quote => return at + sign.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{COLOURED, PLAIN};

    /// Each line with what it is made of: comments as `«…»`, texts `‹…›`, words `*…*`, numbers `#…#`.
    fn marked(language: &str, code: &str) -> Vec<String> {
        let mut reader = Reader::new(language, COLOURED);
        let mark = |span: Span<'static>| {
            let theme = COLOURED;
            let text = span.content;
            match span.style {
                style if style == theme.dim() => format!("«{text}»"),
                style if style == theme.good() => format!("‹{text}›"),
                style if style == theme.word() => format!("*{text}*"),
                style if style == theme.code() => format!("#{text}#"),
                _ => text.into_owned(),
            }
        };
        code.lines().map(|line| reader.line(line).into_iter().map(mark).collect()).collect()
    }

    #[test]
    fn comments_texts_numbers_and_words_are_told_apart() {
        let code = "let ttl = 30; // days\n/* not\nlet */ fn f_let(x: &'a str) { \"a\\\"b\" }";
        let wanted =
            ["*let* ttl = #30#; «// days»", "«/*»« not»", "«let */» *fn* f_let(x: &'a str) { ‹\"a\\\"b\"› }"];
        assert_eq!(marked("rust", code), wanted);
        let wanted = ["*def* f():", "    ‹\"\"\"›‹one›", "‹two\"\"\"›", "    x = ‹'#'›  «# note»"];
        assert_eq!(marked("py", "def f():\n    \"\"\"one\ntwo\"\"\"\n    x = '#'  # note"), wanted);
        assert_eq!(marked("sh", "echo $# https://example.com #1"), ["echo $# https://example.com «#1»"]);
        assert_eq!(marked("SQL", "SELECT 'x' -- y"), ["*SELECT* ‹'x'› «-- y»"]);
        assert_eq!(marked("toml", "a = \"b\" # c"), ["a = ‹\"b\"› «# c»"]);
        assert_eq!(marked("tsx", "const a = `x"), ["*const* a = ‹`›‹x›"]);
        assert_eq!(marked("diff", "+a\n b"), ["‹+a›", " b"]);
        assert_eq!(marked("unheard", "let a"), ["let a"]);
    }

    #[test]
    fn without_colours_there_is_nothing_to_tell() {
        assert_eq!(Reader::new("rust", PLAIN).line("let a = 1;"), [Span::raw("let a = 1;")]);
    }

    proptest! {
        #[test]
        fn nothing_is_left_out_whatever_is_written(
            language in prop::sample::select(vec!["rust", "js", "py", "go", "c", "rb", "sh", "json", "sql", "diff"]),
            lines in prop::collection::vec("[ a-c#/*\\-\"'`\\\\0-9é漢_$:@+]{0,40}", 0..8),
        ) {
            let mut reader = Reader::new(language, COLOURED);
            for line in lines {
                let whole: String = reader.line(&line).into_iter().map(|span| span.content).collect();
                prop_assert_eq!(whole, line);
            }
        }
    }
}
