//! Conversations with roles, a file each: one JSON line a thing that was said or done.
//!
//! Only the person may read them. A line is on the disk before what follows from it is done; one that a kill cut short is
//! passed over, and so is one that cannot be understood.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orchestra_core::conversation::{ConversationId, Kept, Line};
use orchestra_core::id::RoleId;
use rustix::fs::OFlags;
use thiserror::Error;

use crate::file::{At as _, FileError};
use crate::folder::Folder;
use crate::layout::Layout;

/// How long whoever was killed in it may take to be gone.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(10);
const FOLDER: &str = "conversations";
const SUFFIX: &str = ".jsonl";
/// How much of one conversation is read, in bytes. Its begin counts: what is beyond was never gone on with.
const MOST: u64 = 64 * 1024 * 1024;
/// How many conversations are looked at.
const MOST_FILES: usize = 10_000;
/// How long the part of a name is that says when it was begun: `2026-11-22-073012`.
const BEGUN: usize = 17;
/// How much of the first words is shown in a list, in characters.
const WORDS: usize = 80;

/// An open conversation. As long as it is, no other process goes on with it.
#[derive(Debug)]
pub struct ConversationFile {
    file: File,
    path: PathBuf,
    id: ConversationId,
    /// Whether the file ends within a line that a kill cut short.
    is_cut: bool,
}

/// A conversation in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Which one.
    pub id: ConversationId,
    /// With whom.
    pub role: Option<RoleId>,
    /// When it began.
    pub begun: Timestamp,
    /// When something was last said or done in it.
    pub last: Timestamp,
    /// The person's first words, cut to a line.
    pub words: String,
    /// How often the person said something.
    pub said: usize,
}

/// Why a conversation cannot be gone on with.
#[derive(Debug, Error)]
pub enum ConversationError {
    /// There is none of that name.
    #[error("there is no conversation `{0}`")]
    Unknown(ConversationId),
    /// Somebody is in it.
    #[error("the conversation `{0}` is open in another terminal")]
    Held(ConversationId),
    /// A file could not be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl ConversationFile {
    /// Begins a conversation with a role.
    pub fn create(layout: &Layout, role: &RoleId, now: Timestamp) -> Result<Self, ConversationError> {
        let folder = layout.make_state_folder(FOLDER)?;
        let stem = format!("{}-{role}", now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d-%H%M%S"));
        let mut id = stem.clone();
        for number in 2_u32.. {
            let name = OsString::from(format!("{id}{SUFFIX}"));
            if folder.kind(&name)?.is_none() {
                let opened = Self::open_in(&folder, ConversationId(id.clone()))?;
                if opened.file.metadata().at("look at", &opened.path)?.len() == 0 {
                    return Ok(opened);
                }
            }
            id = format!("{stem}-{number}");
        }
        Err(ConversationError::Held(ConversationId(stem)))
    }

    /// Opens one to go on with it, and reads what was kept.
    pub fn open(layout: &Layout, id: &ConversationId) -> Result<(Self, Vec<Kept>), ConversationError> {
        let folder = layout.make_state_folder(FOLDER)?;
        if !is_name(&id.0) || folder.kind(&name_of(id))?.is_none() {
            return Err(ConversationError::Unknown(id.clone()));
        }
        let mut opened = Self::open_in(&folder, id.clone())?;
        let (lines, is_cut) = read(&opened.file, &opened.path)?;
        opened.is_cut = is_cut;
        Ok((opened, lines))
    }

    fn open_in(folder: &Folder, id: ConversationId) -> Result<Self, ConversationError> {
        let name = name_of(&id);
        let file = folder.open_private(&name, OFlags::APPEND)?;
        let path = folder.path().join(&name);
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(ConversationError::Held(id)),
                Err(TryLockError::Error(error)) => return Err(FileError::new("lock", path, error).into()),
            }
        }
        folder.sync()?;
        Ok(Self { file, path, id, is_cut: false })
    }

    /// Which conversation it is.
    pub fn id(&self) -> &ConversationId {
        &self.id
    }

    /// Adds a line; it is on the disk when this returns.
    pub fn append(&mut self, kept: &Kept) -> Result<(), FileError> {
        let mut line = if std::mem::take(&mut self.is_cut) { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut line, kept).map_err(std::io::Error::other).at("write", &self.path)?;
        line.push(b'\n');
        self.file.write_all(&line).at("write", &self.path)?;
        self.file.sync_data().at("sync", &self.path)
    }
}

/// What was kept of a conversation, also while it is open.
pub fn read_lines(layout: &Layout, id: &ConversationId) -> Result<Vec<Kept>, ConversationError> {
    let unknown = || ConversationError::Unknown(id.clone());
    if !is_name(&id.0) {
        return Err(unknown());
    }
    let folder = layout.open_folder(&format!(".state/{FOLDER}"))?;
    let (file, _) = folder.open_plain(&name_of(id))?.ok_or_else(unknown)?;
    Ok(read(&file, &folder.path().join(name_of(id)))?.0)
}

/// All conversations in which the person said something, the newest first.
pub fn list(layout: &Layout) -> Result<Vec<Listed>, FileError> {
    let folder = match layout.open_folder(&format!(".state/{FOLDER}")) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut all = Vec::new();
    for (name, _) in folder.list(MOST_FILES)? {
        let Some(id) = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)) else { continue };
        // What is no plain file is none of ours.
        let Ok(Some((file, _))) = folder.open_plain(&name) else { continue };
        let (lines, _) = read(&file, &folder.path().join(&name))?;
        all.extend(listed(id, &lines));
    }
    all.sort_by(|one, two| (two.last, &two.id).cmp(&(one.last, &one.id)));
    Ok(all)
}

/// The newest conversation with a role in which the person said something. Names tell when and with whom: no other is read.
pub fn newest(layout: &Layout, role: &RoleId) -> Result<Option<(ConversationId, Vec<Kept>)>, FileError> {
    let folder = match layout.open_folder(&format!(".state/{FOLDER}")) {
        Err(error) if error.is_missing() => return Ok(None),
        opened => opened?,
    };
    let names = folder.list(MOST_FILES)?;
    let of_role = names.iter().filter_map(|(name, _)| {
        let id = name.to_str()?.strip_suffix(SUFFIX)?;
        let (begun, with) = id.split_at_checked(BEGUN)?;
        let number = match with.strip_prefix('-')?.strip_prefix(role.as_str())? {
            "" => 1,
            number => number.strip_prefix('-')?.parse::<u32>().ok()?,
        };
        Some((begun, number, id, name))
    });
    let mut of_role: Vec<_> = of_role.collect();
    of_role.sort_unstable();
    for (_, _, id, name) in of_role.into_iter().rev() {
        // What is no plain file is none of ours.
        let Ok(Some((file, _))) = folder.open_plain(name) else { continue };
        let (lines, _) = read(&file, &folder.path().join(name))?;
        let has_said = lines.iter().any(|kept| matches!(kept.line, Line::Said { .. } | Line::Queued { .. }));
        if has_said && role_of(&lines) == Some(role) {
            return Ok(Some((ConversationId(id.to_owned()), lines)));
        }
    }
    Ok(None)
}

/// With whom a conversation was begun, where that was kept.
pub fn role_of(lines: &[Kept]) -> Option<&RoleId> {
    lines.iter().find_map(|kept| match &kept.line {
        Line::Began { role, .. } => Some(role),
        _ => None,
    })
}

fn listed(id: &str, lines: &[Kept]) -> Option<Listed> {
    let (first, last) = (lines.first()?, lines.last()?);
    let role = role_of(lines).cloned();
    let mut said = lines.iter().filter_map(|kept| match &kept.line {
        Line::Said { text } | Line::Queued { text } => Some(text),
        _ => None,
    });
    let words = said.next()?;
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS).collect();
    let id = ConversationId(id.to_owned());
    Some(Listed { id, role, begun: first.at, last: last.at, words, said: 1 + said.count() })
}

fn read(file: &File, path: &std::path::Path) -> Result<(Vec<Kept>, bool), FileError> {
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).at("read", path)?;
    let is_cut = bytes.last().is_some_and(|last| *last != b'\n');
    let lines = bytes.split(|byte| *byte == b'\n');
    Ok((lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(), is_cut))
}

fn name_of(id: &ConversationId) -> OsString {
    OsString::from(format!("{id}{SUFFIX}"))
}

fn is_name(id: &str) -> bool {
    let path: &OsStr = id.as_ref();
    !path.is_empty() && !id.starts_with('.') && !id.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use orchestra_core::id::AgentName;

    use super::*;
    use crate::testing::project;

    fn pm() -> RoleId {
        RoleId::parse("product-manager").unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn said(text: &str, second: i64) -> Kept {
        Kept { at: at(second), line: Line::Said { text: text.to_owned() } }
    }

    #[test]
    fn what_was_said_is_there_again_and_nobody_elses_to_read() {
        let (_temp, layout) = project();
        let mut file = ConversationFile::create(&layout, &pm(), at(0)).unwrap();
        assert_eq!(file.id().0, "2027-01-15-080000-product-manager");
        let agent = AgentName::parse("claude").unwrap();
        file.append(&Kept { at: at(0), line: Line::Began { role: pm(), agent } }).unwrap();
        file.append(&said("Plan\na  login", 1)).unwrap();
        let id = file.id().clone();
        assert!(matches!(ConversationFile::open(&layout, &id), Err(ConversationError::Held(_))));
        drop(file);
        let path = layout.state().join("conversations/2027-01-15-080000-product-manager.jsonl");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"at\":\"2027-01-15T08:00:02Z\",\"line\":\"later\",\"x\":1}\n{\"at\":\"cut");
        fs::write(&path, text).unwrap();
        let (mut file, lines) = ConversationFile::open(&layout, &id).unwrap();
        assert_eq!(lines.len(), 3);
        assert_eq!((&lines[1], &lines[2].line), (&said("Plan\na  login", 1), &Line::Unknown));
        file.append(&said("more", 3)).unwrap();
        drop(file);
        assert_eq!(ConversationFile::open(&layout, &id).unwrap().1.last().unwrap(), &said("more", 3));
        let listed = list(&layout).unwrap();
        assert_eq!((listed.len(), listed[0].words.as_str(), listed[0].said), (1, "Plan a login", 2));
    }

    #[test]
    fn the_newest_of_a_role_is_found_by_its_name_and_no_other_is_read() {
        let (_temp, layout) = project();
        let agent = || AgentName::parse("claude").unwrap();
        let role = |name: &str| RoleId::parse(name).unwrap();
        let begin = |name: &str, second: i64, words: Option<&str>| {
            let mut file = ConversationFile::create(&layout, &role(name), at(second)).unwrap();
            let began = Line::Began { role: role(name), agent: agent() };
            file.append(&Kept { at: at(second), line: began }).unwrap();
            if let Some(words) = words {
                file.append(&said(words, second)).unwrap();
            }
            file.id().clone()
        };
        assert_eq!(newest(&layout, &pm()).unwrap(), None);
        begin("product-manager", 0, Some("old"));
        for _ in 0..10 {
            begin("product-manager", 5, Some("new"));
        }
        let wanted = begin("product-manager", 5, Some("the eleventh of its second"));
        begin("product-manager", 7, None);
        begin("product-manager-2", 8, Some("somebody else"));
        let of_backend = begin("backend", 9, Some("hello"));
        let state = layout.state().join("conversations");
        // One is no conversation with them, the other no plain file.
        fs::write(state.join("2999-01-01-000000-product-manager.jsonl"), "not json\n").unwrap();
        fs::create_dir(state.join("2999-01-02-000000-product-manager.jsonl")).unwrap();
        let found = newest(&layout, &pm()).unwrap().unwrap();
        assert_eq!((&found.0, found.1.len()), (&wanted, 2));
        assert_eq!(role_of(&found.1), Some(&pm()));
        assert_eq!(newest(&layout, &role("backend")).unwrap().unwrap().0, of_backend);
        assert_eq!(newest(&layout, &role("architect")).unwrap(), None);
    }

    #[test]
    fn two_that_begin_in_one_second_have_names_of_their_own_and_empty_ones_are_not_listed() {
        let (_temp, layout) = project();
        let one = ConversationFile::create(&layout, &pm(), at(0)).unwrap();
        let mut two = ConversationFile::create(&layout, &pm(), at(0)).unwrap();
        assert!(one.id() != two.id());
        two.append(&said("x", 0)).unwrap();
        assert_eq!(list(&layout).unwrap().len(), 1);
        for name in ["../journal", "", ".x", "nobody"] {
            let id = ConversationId(name.to_owned());
            let opened = ConversationFile::open(&layout, &id);
            assert!(matches!(opened, Err(ConversationError::Unknown(_))), "{name}");
        }
    }
}
