//! Puts Markdown that somebody else wrote, a model above all, below a heading of ours.
//!
//! It stays Markdown, with headings of its own, but it ends where ours end it: its headings are moved below ours, and what
//! it leaves open (a fence, a comment) is closed. What cannot be held that way becomes a block quote, in which every
//! structure ends. No line of it can be front matter or a conflict marker.

use super::section;
use super::source::find_conflict;

/// Headings of ours, below which others' text stands, are of the second level.
const OWN: usize = 2;

/// What ends a block that was left open.
const CLOSERS: &[&str] = &["", "\n```", "\n~~~", "\n-->", "\n``````", "\n~~~~~~"];

/// The text as it stands below a heading of the second level; without blank lines around it.
pub(crate) fn embedded(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = without_blank_lines(&text);
    if text.is_empty() {
        return String::new();
    }
    let text = without_conflicts(&lowered(text));
    let closed = CLOSERS.iter().map(|closer| format!("{text}{closer}")).find(|text| ends_by_itself(text));
    closed.unwrap_or_else(|| {
        let line = |line: &str| format!("> {line}").trim_end().to_owned();
        text.split('\n').map(line).collect::<Vec<_>>().join("\n")
    })
}

/// A text from its first line that is not blank; the indentation of that one belongs to it.
fn without_blank_lines(text: &str) -> &str {
    let lead = text.len() - text.trim_start().len();
    let lead = text[..lead].rfind('\n').map_or(0, |at| at + 1);
    text[lead..].trim_end()
}

/// Tells whether a text has no heading as high as ours, and ends before the next one of ours.
fn ends_by_itself(text: &str) -> bool {
    let probe = format!("## Above\n\n{text}\n\n## Below\n");
    let ours: Vec<String> = section::sections(&probe)
        .into_iter()
        .filter(|section| section.level <= OWN)
        .map(|section| section.name)
        .collect();
    ours == ["Above", "Below"]
        && section::find_section(&probe, "Above")
            .is_some_and(|section| without_blank_lines(&probe[section.content]) == text)
}

/// Moves all headings down by as many levels as the highest of them needs.
fn lowered(text: &str) -> String {
    let sections = section::sections(text);
    let highest = sections.iter().map(|section| section.level).min().unwrap_or(usize::MAX);
    let down = (OWN + 1).saturating_sub(highest);
    let mut lowered = text.to_owned();
    if down == 0 {
        return lowered;
    }
    for section in sections.iter().rev() {
        let source = &text[section.heading.clone()];
        let marks = "#".repeat((section.level + down).min(6));
        let heading = if let Some(rest) = source.trim_start().strip_prefix('#') {
            format!("{marks}{}", rest.trim_start_matches('#'))
        } else {
            // Underlined: its last line is the rule below it.
            let lines: Vec<&str> = source.trim_end().lines().map(str::trim).collect();
            let words = lines.split_last().map(|(_, words)| words.join(" ")).unwrap_or_default();
            format!("{marks} {words}{}", if source.ends_with('\n') { "\n" } else { "" })
        };
        lowered.replace_range(section.heading.clone(), &heading);
    }
    lowered
}

/// Indents what git would take for a conflict by one blank.
fn without_conflicts(text: &str) -> String {
    let line = |line: &str| if find_conflict(line).is_some() { format!(" {line}") } else { line.to_owned() };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_markdown_stays_as_it_is() {
        let text = "Some *words*.\n\n- one\n- two\n\n```sh\n# no heading\n---\n```\n\n### Lower\n\nmore";
        assert_eq!(embedded(&format!("\n{}\r\n\n", text.replace('\n', "\r\n"))), text);
        assert_eq!(embedded(" \n\n"), "");
    }

    #[test]
    fn headings_are_moved_below_ours() {
        assert_eq!(
            embedded("# A\n\n## Result\n\n##### deep #\nx"),
            "### A\n\n#### Result\n\n###### deep #\nx"
        );
        assert_eq!(embedded("Result\n---\nx\n\ntwo\nlines\n==="), "#### Result\nx\n\n### two lines");
    }

    #[test]
    fn what_is_left_open_is_closed_or_quoted() {
        assert_eq!(embedded("```\n## Result"), "```\n## Result\n```");
        assert_eq!(embedded("<!-- x"), "<!-- x\n-->");
        assert_eq!(embedded("<script>\n\nx"), "> <script>\n>\n> x");
        assert_eq!(embedded("````\nx\n```"), "````\nx\n```\n``````");
    }

    #[test]
    fn nothing_looks_like_a_conflict() {
        let text = "```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n```";
        assert_eq!(embedded(text), "```\n <<<<<<< HEAD\na\n=======\nb\n >>>>>>> x\n```");
    }
}
