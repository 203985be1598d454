//! Rust source, taken apart as far as the rules need it: code, comments, literals, and what is test code.

use std::ops::Range;

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file with comments and the inside of literals blanked out, so that lines and columns stay.
    pub(crate) code: String,
    /// Every literal of text, with its line from 1.
    pub(crate) literals: Vec<(usize, String)>,
    /// Byte ranges of `code` that only exist in test builds.
    tests: Vec<Range<usize>>,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let (code, literals) = take_apart(text);
        let tests = test_parts(&code);
        let lines = std::iter::once(0).chain(code.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { code, literals, tests, lines }
    }

    /// Counts everything in the file as test code.
    pub(crate) fn make_test_only(&mut self) {
        self.tests = std::iter::once(0..self.code.len()).collect();
    }

    /// The modules that are declared for tests only.
    pub(crate) fn test_modules(&self) -> Vec<&str> {
        let declared = |part: &Range<usize>| {
            let (_, name) = self.code[part.clone()].strip_suffix(';')?.rsplit_once("mod ")?;
            Some(name.trim())
        };
        self.tests.iter().filter_map(declared).collect()
    }

    /// Tells whether a byte of the code is compiled for tests only.
    pub(crate) fn is_test(&self, at: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&at))
    }

    /// The line of a byte of the code, from 1.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// Tells whether a line, from 1, is compiled for tests only.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.lines.get(line - 1).is_some_and(|at| self.is_test(*at))
    }

    /// The number of lines that are in every build.
    pub(crate) fn line_count(&self) -> usize {
        let in_tests: usize = self
            .tests
            .iter()
            .map(|range| {
                1 + self.code[range.clone()].trim_end().bytes().filter(|byte| *byte == b'\n').count()
            })
            .sum();
        self.code.lines().count().saturating_sub(in_tests)
    }

    /// Where a word stands in the code, as a whole word.
    pub(crate) fn find_word<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.code.match_indices(word).map(|(at, _)| at).filter(move |at| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Blanks out comments and literals, and collects the literals of text.
fn take_apart(text: &str) -> (String, Vec<(usize, String)>) {
    let mut code = String::with_capacity(text.len());
    let mut literals = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = piece(rest);
        let (taken, after) = rest.split_at(length.max(first.len_utf8()));
        match kind {
            Kind::Code => code.push_str(taken),
            Kind::Blank => blank(taken, &mut code),
            Kind::Text => {
                literals.push((line, inside(taken).to_owned()));
                blank(taken, &mut code);
            }
        }
        line += taken.bytes().filter(|byte| *byte == b'\n').count();
        rest = after;
    }
    (code, literals)
}

enum Kind {
    Code,
    /// A comment, or a literal of a character.
    Blank,
    Text,
}

/// What begins here, and how many bytes of it there are.
fn piece(rest: &str) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Blank, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Blank, comment_length(rest));
    }
    if rest.starts_with('"') {
        return (Kind::Text, text_length(rest));
    }
    if rest.starts_with("r\"") || rest.starts_with("r#") {
        let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
        if rest[1 + hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = 2 + hashes;
            let length = rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len());
            return (Kind::Text, length);
        }
    }
    if let Some(after) = rest.strip_prefix('\'') {
        return match after.char_indices().nth(1) {
            Some((_, _)) if after.starts_with('\\') => {
                // The escaped character may be a quote itself.
                let escaped = after.chars().nth(1).map_or(1, char::len_utf8);
                let from = 1 + escaped;
                (Kind::Blank, after[from..].find('\'').map_or(1, |at| 1 + from + at + 1))
            }
            Some((at, '\'')) => (Kind::Blank, 1 + at + 1),
            // A lifetime.
            Some(_) | None => (Kind::Code, 1),
        };
    }
    (Kind::Code, 1)
}

fn comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let bytes = rest.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The inside of a literal of text.
fn inside(literal: &str) -> &str {
    literal.trim_start_matches('r').trim_matches('#').trim_matches('"')
}

fn blank(text: &str, code: &mut String) {
    code.extend(text.chars().flat_map(|c| {
        let (sign, count) = if c == '\n' { ('\n', 1) } else { (' ', c.len_utf8()) };
        std::iter::repeat_n(sign, count)
    }));
}

/// The items below `#[cfg(test)]`, from the attribute to their end.
fn test_parts(code: &str) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices("#[cfg(test)]").chain(code.match_indices("#[cfg(all(test,")) {
        if !parts.iter().any(|part| part.contains(&start)) {
            parts.push(start..item_end(code, start));
        }
    }
    parts
}

/// Where the item that begins here ends: at its semicolon, or at the bracket that closes its body.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_i32;
    let mut has_body = false;
    for (at, c) in code[start..].char_indices() {
        match c {
            '{' => {
                has_body |= depth == 0;
                depth += 1;
            }
            '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth -= 1;
                if depth == 0 && c == '}' && has_body {
                    return start + at + 1;
                }
            }
            ';' if depth == 0 => return start + at + 1,
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let source = Source::new(
        "let a = \"one // no comment\"; // \"no literal\"\n/* /* */ \"no\" */ let b = r#\"two \"quoted\"\"#;\n\
         let c = ('\"', '\\'', 'x', b'\"');\nfn f<'a>(x: &'a str) -> &'a str { \"three \\\" more\" }\n",
    );
    let literals: Vec<(usize, &str)> =
        source.literals.iter().map(|(line, text)| (*line, text.as_str())).collect();
    assert_eq!(literals, [(1, "one // no comment"), (2, "two \"quoted"), (4, "three \\\" more")]);
    for word in ["comment", "no", "quoted", "three", "x'"] {
        assert!(!source.code.contains(word), "{word} in {}", source.code);
    }
    assert!(source.code.contains("fn f<'a>(x: &'a str) -> &'a str {"), "{}", source.code);
}

#[test]
fn test_code_is_told_from_the_rest() {
    let source = Source::new(
        "fn a() {}\n#[cfg(test)]\nmod b;\nfn c() {}\n#[cfg(test)]\n#[derive(Debug)]\nstruct D { e: [u8; 2] }\n\
         fn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() { if true {} }\n}\n",
    );
    let is_test = |name: &str| source.is_test(source.find_word(name).next().expect("it is there"));
    assert_eq!(["a", "b", "c", "D", "f", "g"].map(is_test), [false, true, false, true, false, true]);
    assert_eq!(source.line_count(), 3);
    assert_eq!(source.test_modules(), ["b"]);
    assert_eq!([1, 3, 8].map(|line| source.is_test_line(line)), [false, true, false]);
}
