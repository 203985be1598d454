//! What of a conversation goes to programs of the person's: all of it to a pager, a proposal's files to an editor.

use std::path::Path;

use orchestra_core::conversation::{Kept, Line};

/// A path as one name, so that an editor shows where a file belongs.
pub(super) fn flat(path: &str) -> String {
    let relative = Path::new(path).strip_prefix(".orchestra/milestones").unwrap_or(Path::new(path));
    relative.to_string_lossy().replace('/', "--")
}

/// A conversation as a text to read from begin to end.
pub(super) fn in_pages(lines: &[Kept]) -> String {
    let mut text = String::new();
    for kept in lines {
        let line = match &kept.line {
            Line::Said { text } | Line::Queued { text } => format!("> {}", text.replace('\n', "\n> ")),
            Line::Text { text } => text.trim_end().to_owned(),
            Line::Tool { name, input, ok } => format!("{} {name} {input}", if *ok { "●" } else { "✘" }),
            Line::Proposed { what, .. } => format!("[a {} was proposed]", what.name()),
            Line::Asked { form, .. } => {
                form.questions.iter().map(|one| format!("? {}", one.question)).collect::<Vec<_>>().join("\n")
            }
            Line::Answered { answer, words, .. } => format!("[you answered: {answer}] {words}"),
            Line::Wrote { what, .. } => format!("[{what}]"),
            _ => continue,
        };
        text.push_str(&line);
        text.push_str("\n\n");
    }
    text
}
