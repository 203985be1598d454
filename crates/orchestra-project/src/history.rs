//! What the person wrote on the screen, kept for later runs: one JSON string a line.
//!
//! Only they may read it, and only so much is kept. A line that is none is passed over, so that nothing in the file can keep
//! a run from starting.

use std::ffi::OsStr;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use rustix::fs::OFlags;

use crate::atomic;
use crate::file::{At as _, FileError};
use crate::folder::{Access, Folder};
use crate::layout::Layout;

const NAME: &str = "written.jsonl";

/// How many texts are kept.
const MOST: usize = 500;
/// How many bytes the file has at most.
const BYTES: u64 = 256 * 1024;

/// Reads the texts, oldest first.
pub fn load(layout: &Layout) -> Result<Vec<String>, FileError> {
    match layout.open_folder(".state") {
        Err(error) if error.is_missing() => Ok(Vec::new()),
        opened => Ok(read(&opened?)?.texts),
    }
}

/// Adds a text. One that is longer than all that is kept is not kept.
pub fn append(layout: &Layout, text: &str) -> Result<(), FileError> {
    let line = line_of(text);
    if line.len() as u64 > BYTES {
        return Ok(());
    }
    let state = layout.make_state_folder("")?;
    let found = read(&state)?;
    if found.texts.len() < MOST && found.bytes + (line.len() as u64) < BYTES {
        let path = state.path().join(NAME);
        let mut file = state.open_private(OsStr::new(NAME), OFlags::APPEND)?;
        // What a kill cut short must not take this line with it.
        let begin = if found.is_cut { "\n" } else { "" };
        return file.write_all(format!("{begin}{line}").as_bytes()).at("write", &path);
    }
    // With some room, so that not every text from now on writes the whole file.
    let mut lines: Vec<String> = vec![line];
    let mut bytes = lines[0].len() as u64;
    for text in found.texts.iter().rev().take(MOST * 3 / 4) {
        let line = line_of(text);
        bytes += line.len() as u64;
        if bytes > BYTES * 3 / 4 {
            break;
        }
        lines.push(line);
    }
    lines.reverse();
    atomic::write(&state, OsStr::new(NAME), lines.concat().as_bytes(), Access::Private)
}

fn line_of(text: &str) -> String {
    format!("{}\n", serde_json::Value::String(text.to_owned()))
}

struct Found {
    texts: Vec<String>,
    /// How long the file is.
    bytes: u64,
    /// Whether it ends within a line.
    is_cut: bool,
}

/// Reads the end of the file, whatever is in it.
fn read(state: &Folder) -> Result<Found, FileError> {
    let path = state.path().join(NAME);
    let Some((mut file, stat)) = state.open_plain(OsStr::new(NAME))? else {
        return Ok(Found { texts: Vec::new(), bytes: 0, is_cut: false });
    };
    let bytes = u64::try_from(stat.st_size).unwrap_or(0);
    let from = bytes.saturating_sub(BYTES);
    file.seek(SeekFrom::Start(from)).at("read", &path)?;
    let mut read = Vec::new();
    file.take(BYTES).read_to_end(&mut read).at("read", &path)?;
    let is_cut = read.last().is_some_and(|last| *last != b'\n');
    let mut texts: Vec<String> =
        read.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    texts.drain(..texts.len().saturating_sub(MOST));
    Ok(Found { texts, bytes, is_cut })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::testing::project;

    #[test]
    fn what_was_written_is_there_again_and_nobody_elses_to_read() {
        let (_temp, layout) = project();
        assert_eq!(load(&layout).unwrap(), [] as [&str; 0]);
        for text in ["one", "two\nlines", "\u{1b}[2J \"three\""] {
            append(&layout, text).unwrap();
        }
        assert_eq!(load(&layout).unwrap(), ["one", "two\nlines", "\u{1b}[2J \"three\""]);
        let file = layout.state().join(NAME);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!fs::read_to_string(&file).unwrap().contains('\u{1b}'));
    }

    #[test]
    fn it_is_bounded_and_the_last_stay() {
        let (_temp, layout) = project();
        for number in 0..2 * MOST {
            append(&layout, &number.to_string()).unwrap();
        }
        let texts = load(&layout).unwrap();
        assert!(texts.len() <= MOST && texts.len() >= MOST / 2, "{}", texts.len());
        assert_eq!(texts.last().unwrap(), "999");
        for letter in ["a", "b", "c", "d", "e", "f", "g"] {
            append(&layout, &letter.repeat(60_000)).unwrap();
        }
        append(&layout, &"x".repeat(300_000)).unwrap();
        assert!(fs::metadata(layout.state().join(NAME)).unwrap().len() <= BYTES);
        assert!(load(&layout).unwrap().last().unwrap().starts_with('g'));
    }

    #[test]
    fn garbage_is_passed_over_and_a_link_is_not_followed() {
        let (temp, layout) = project();
        layout.make_state().unwrap();
        let file = layout.state().join(NAME);
        fs::write(&file, b"\"good\"\n{}\n\xff\xfe\n17\n\"cut off").unwrap();
        assert_eq!(load(&layout).unwrap(), ["good"]);
        append(&layout, "after").unwrap();
        assert_eq!(load(&layout).unwrap(), ["good", "after"]);
        fs::write(&file, vec![b'x'; 3_000_000]).unwrap();
        assert_eq!(load(&layout).unwrap(), [] as [&str; 0]);
        append(&layout, "again").unwrap();
        assert_eq!(load(&layout).unwrap(), ["again"]);
        fs::remove_file(&file).unwrap();
        symlink(temp.path().join("elsewhere"), &file).unwrap();
        assert!(load(&layout).is_err() && append(&layout, "x").is_err());
        assert!(!temp.path().join("elsewhere").exists());
    }
}
