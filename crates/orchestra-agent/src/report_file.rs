//! Reading what an agent hands in: the report file, or the block at the end of its answer.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use orchestra_core::report::Report;
use rustix::fs::{Mode, OFlags};
use serde_json::Value;

/// The largest report.
const MAX_REPORT: u64 = 1024 * 1024;

/// The keys of a report: a JSON object with none of them is about something else.
const KEYS: &[&str] = &["summary", "commit", "decisions", "concerns", "verdict", "findings", "usage"];

/// What was handed in.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum HandedIn {
    Nothing,
    Report(Box<Report>),
    /// Something that was meant as a report and is none, and why.
    Broken(String),
}

impl HandedIn {
    /// Looks elsewhere where nothing was handed in.
    pub(crate) fn or_else(self, elsewhere: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Nothing => elsewhere(),
            handed_in @ (Self::Report(_) | Self::Broken(_)) => handed_in,
        }
    }
}

/// Reads the file that an agent may have written. It is the agent's: no link is followed, no FIFO waited for.
pub(crate) fn read_report(path: &Path) -> HandedIn {
    let bytes = match read_bounded(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return HandedIn::Nothing,
        Err(error) => return HandedIn::Broken(format!("the report file could not be read: {error}")),
    };
    if bytes.trim_ascii().is_empty() {
        return HandedIn::Broken("the report file is empty".to_owned());
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) if value.is_object() => parse_report(value),
        Ok(_) => HandedIn::Broken("the report file does not hold a JSON object".to_owned()),
        Err(error) => HandedIn::Broken(format!("the report file is not JSON: {error}")),
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_REPORT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_REPORT {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Finds the fenced block that an answer ends with.
pub(crate) fn report_in_text(text: &str) -> HandedIn {
    let Some(block) = last_json_block(text) else { return HandedIn::Nothing };
    if block.len() as u64 > MAX_REPORT {
        return HandedIn::Broken("the report is larger than 1 MiB".to_owned());
    }
    match serde_json::from_str::<Value>(block) {
        Ok(Value::Object(object)) if object.keys().any(|key| KEYS.contains(&key.as_str())) => {
            parse_report(Value::Object(object))
        }
        Err(error) if block.contains("\"summary\"") || block.contains("\"verdict\"") => {
            HandedIn::Broken(format!("the report at the end of the answer is not JSON: {error}"))
        }
        // Something else that the answer happens to end with.
        Ok(_) | Err(_) => HandedIn::Nothing,
    }
}

fn parse_report(value: Value) -> HandedIn {
    match serde_json::from_value(value) {
        Ok(report) => HandedIn::Report(Box::new(report)),
        Err(error) => HandedIn::Broken(format!("the report does not fit its schema: {error}")),
    }
}

/// The content of the last block fenced with three backticks and `json`, if nothing but space comes after it. A
/// block whose end is missing counts: an answer that was cut off must not pass as one without a report.
fn last_json_block(text: &str) -> Option<&str> {
    let fence = text.rfind("```json")?;
    let block = &text[fence + "```json".len()..];
    match block.split_once("\n```") {
        Some((block, rest)) if rest.trim().is_empty() => Some(block.trim()),
        Some(_) => None,
        None => Some(block.trim().trim_end_matches('`')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(summary: &str) -> HandedIn {
        HandedIn::Report(Box::new(Report { summary: summary.to_owned(), ..Report::default() }))
    }

    fn is_broken(handed_in: &HandedIn, why: &str) -> bool {
        matches!(handed_in, HandedIn::Broken(message) if message.contains(why))
    }

    #[test]
    fn f55_a_report_file_is_read_or_said_to_be_broken_but_never_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        assert_eq!(read_report(&path), HandedIn::Nothing);
        let read = |content: &str| {
            std::fs::write(&path, content).unwrap();
            read_report(&path)
        };
        assert_eq!(read(r#"{"summary":"x","new key":1}"#), report("x"));
        assert!(is_broken(&read(r#"{"summary":"x"#), "not JSON"));
        assert!(is_broken(&read(r#"{"summary":7}"#), "schema"));
        assert!(is_broken(&read(r#"{"verdict":"fine"}"#), "schema"));
        assert!(is_broken(&read("[]"), "object"));
        assert!(is_broken(&read(" "), "empty"));
        assert!(is_broken(&read(&format!("\"{}\"", "x".repeat(1024 * 1024))), "larger"));
    }

    #[test]
    fn a_report_file_that_is_a_link_or_no_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(matches!(read_report(&path), HandedIn::Broken(_)));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(is_broken(&read_report(&path), "plain file"));
        let fifo = folder.path().join("fifo");
        std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(is_broken(&read_report(&fifo), "plain file"));
    }

    #[test]
    fn the_last_block_of_an_answer_is_its_report() {
        let text =
            "First:\n```json\n{\"summary\":\"old\"}\n```\nand then\n```json\n{\"summary\":\"new\"}\n```\n \n";
        assert_eq!(report_in_text(text), report("new"));
        assert!(is_broken(&report_in_text("```json\n{\"summary\": \"cut"), "not JSON"));
        assert!(is_broken(&report_in_text("```json\n{\"summary\": []}\n```"), "schema"));
    }

    #[test]
    fn other_json_in_an_answer_is_not_taken_for_a_report() {
        for text in [
            "no block",
            "```json\n{\"name\":\"x\"}\n```",
            "```json\n{\"summary\":\"an example\"}\n```\nThat is how it looks.",
            "```json\n{broken}\n```",
            "```json",
        ] {
            assert_eq!(report_in_text(text), HandedIn::Nothing, "{text}");
        }
    }
}
