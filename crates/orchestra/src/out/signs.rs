//! The signs beyond ASCII, and what stands for each where the terminal takes no UTF-8.
//!
//! The one place that knows: everything else writes the signs of the design, and [`super::Out`] brings them here. What
//! others wrote is changed with it, where it has one of these signs: such a terminal could show neither. What a program
//! reads (JSON, a patch, a script) never comes here.

/// Replaces every sign by its ASCII form.
pub(super) fn in_ascii(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match ascii_of(c) {
            Some(ascii) => out.push_str(ascii),
            None => out.push(c),
        }
        out
    })
}

/// The ASCII form of a sign. Those that begin columns are one wide, as the signs are.
fn ascii_of(sign: char) -> Option<&'static str> {
    Some(match sign {
        '✅' => "ok",
        '✔' => "+",
        '✘' => "x",
        '⚠' | '🚧' | '≠' => "!",
        '🚦' | '❓' => "?",
        '▶' => ">",
        '●' | '📋' | '📐' | '🧪' | '🪝' | '🚀' | '💬' | '🎯' | '🔍' | '✎' => "*",
        '↻' | '♻' | '⏳' | '◐' => "~",
        '○' => "o",
        '▪' => "=",
        '·' | '−' | '–' | '—' | '─' => "-",
        '│' => "|",
        '→' => "->",
        '←' => "<-",
        '…' => "...",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.file_name().is_some_and(|name| name != "tests.rs" && name != "signs.rs") {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_sign_that_this_program_writes_has_an_ascii_form() {
        let mut files = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let mut checked = 0;
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for sign in line.chars().filter(|c| !c.is_ascii()) {
                    assert!(ascii_of(sign).is_some(), "{}: {sign} has no ASCII form", file.display());
                    checked += 1;
                }
            }
        }
        assert!(checked > 20, "{checked}");
    }

    #[test]
    fn signs_are_replaced_and_words_are_not() {
        assert_eq!(
            in_ascii("🚦 Übung … → \u{1b}[32m✔\u{1b}[0m │ +1 −2 · ⚠"),
            "? Übung ... -> \u{1b}[32m+\u{1b}[0m | +1 -2 - !"
        );
    }
}
