//! A conversation on disk: one message a line, appended as it is said, so that another turn can go on with it.
//!
//! Half a last line is what a power cut leaves: it is dropped. A call whose result is missing gets one, so that every
//! conversation that is read can be sent.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use jiff::Timestamp;
use jiff::fmt::strtime;
use orchestra_core::id::SessionId;
use rustix::fs::{Mode, OFlags};

use super::message::{CallResult, Message};

/// The largest conversation that is read.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// The longest name of one.
const MAX_NAME: usize = 100;

/// The messages so far, and where they are kept.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    messages: Vec<Message>,
    kept: Option<Kept>,
    /// The first write that failed.
    failed: Option<io::Error>,
}

#[derive(Debug)]
struct Kept {
    session: SessionId,
    file: File,
}

impl Conversation {
    /// A conversation that is forgotten with its turn.
    pub(crate) fn forgotten() -> Self {
        Self::default()
    }

    /// Begins one in a folder, which is created.
    ///
    /// # Errors
    /// Where folder or file cannot be created.
    pub(crate) fn begin(folder: &Path, work: &str) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        for again in 0_u32..100 {
            let session = new_session(work, again);
            let flags = OFlags::CREATE
                | OFlags::EXCL
                | OFlags::RDWR
                | OFlags::APPEND
                | OFlags::NOFOLLOW
                | OFlags::CLOEXEC;
            match rustix::fs::open(path(folder, &session), flags, Mode::RUSR | Mode::WUSR) {
                Ok(file) => {
                    let kept = Some(Kept { session, file: File::from(file) });
                    return Ok(Self { kept, ..Self::default() });
                }
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::from(io::ErrorKind::AlreadyExists))
    }

    /// Goes on with one. `None` where there is none of this name.
    ///
    /// # Errors
    /// Where it cannot be read, or is none of ours.
    pub(crate) fn resume(folder: &Path, session: &SessionId) -> io::Result<Option<Self>> {
        if !is_name(&session.0) {
            return Ok(None);
        }
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut file = match rustix::fs::open(path(folder, session), flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a plain file"));
        }
        let mut bytes = Vec::new();
        (&file).take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(io::Error::other("it is larger than 64 MiB"));
        }
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
            file.seek(SeekFrom::End(0))?;
        }
        let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let messages = lines
            .map(serde_json::from_slice)
            .collect::<Result<Vec<Message>, _>>()
            .map_err(|error| io::Error::other(format!("it is no conversation: {error}")))?;
        let kept = Some(Kept { session: session.clone(), file });
        let mut resumed = Self { messages, kept, failed: None };
        resumed.close();
        Ok(Some(resumed))
    }

    /// Its name, where it has one.
    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.kept.as_ref().map(|kept| &kept.session)
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Adds a message.
    pub(crate) fn push(&mut self, message: Message) {
        if let Some(kept) = &mut self.kept
            && self.failed.is_none()
            && let Err(error) = append(&mut kept.file, &message)
        {
            self.failed = Some(error);
        }
        self.messages.push(message);
    }

    /// Adds what the model is told at the beginning of a turn. Where the same was told last and never answered, it is not
    /// told twice: the turn before came to nothing.
    pub(crate) fn open(&mut self, text: &str) {
        let is_told = matches!(self.messages.last(), Some(Message::User { text: last }) if last == text);
        if !is_told {
            self.push(Message::user(text));
        }
    }

    /// Gives every call of the last message that has no result the one that it was interrupted.
    pub(crate) fn close(&mut self) {
        let open = self.messages.last().map(Message::calls).unwrap_or_default();
        let results: Vec<CallResult> = open.into_iter().map(CallResult::interrupted).collect();
        if !results.is_empty() {
            self.push(Message::Results { results });
        }
    }

    /// The first write that failed since it was last asked.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        let failed = self.failed.take();
        if failed.is_some() {
            // With a hole in it, it could not be gone on with.
            self.kept = None;
        }
        failed
    }
}

fn append(file: &mut File, message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    file.write_all(&line)
}

fn path(folder: &Path, session: &SessionId) -> std::path::PathBuf {
    folder.join(format!("{}.jsonl", session.0))
}

/// A name that is no path.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A name that sorts by time and says what it is about.
fn new_session(work: &str, again: u32) -> SessionId {
    let now = Timestamp::now();
    let time = strtime::format("%Y%m%d-%H%M%S", now).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let work: String = work.chars().take(40).map(plain).collect();
    let mark = now.subsec_nanosecond().unsigned_abs().wrapping_add(again);
    let name = format!("{time}-{mark:08x}-{work}");
    SessionId(name.trim_end_matches('-').to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use orchestra_core::config::http::Wire;
    use serde_json::json;

    use super::*;
    use crate::http::message::{Call, Part};

    fn call(id: &str) -> Part {
        Part::Call(Call {
            id: id.into(),
            name: "read".into(),
            input: json!({}),
            unreadable: None,
            signed: None,
        })
    }

    #[test]
    fn a_conversation_goes_on_where_it_was_left_and_nobody_else_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("conversations");
        let mut first = Conversation::begin(&folder, "phase-1/x").unwrap();
        let session = first.session().unwrap().clone();
        assert!(session.0.ends_with("-phase-1-x") && is_name(&session.0), "{session:?}");
        first.open("hello");
        first.push(Message::agent(Wire::OpenAiChat, "m", vec![Part::Text { text: "ä\n".into() }]));
        let file = path(&folder, &session);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let second = Conversation::resume(&folder, &session).unwrap().unwrap();
        assert_eq!(second.messages(), first.messages());
        assert_ne!(Conversation::begin(&folder, "phase-1/x").unwrap().session(), Some(&session));
    }

    #[test]
    fn half_a_last_line_is_dropped_and_what_follows_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Conversation::begin(folder.path(), "x").unwrap();
        let session = first.session().unwrap().clone();
        first.open("hello");
        let file = path(folder.path(), &session);
        let whole = std::fs::read(&file).unwrap();
        std::fs::write(&file, [whole.as_slice(), b"{\"role\":\"us"].concat()).unwrap();
        let mut second = Conversation::resume(folder.path(), &session).unwrap().unwrap();
        assert_eq!(second.messages(), [Message::user("hello")]);
        second.push(Message::user("again"));
        let third = Conversation::resume(folder.path(), &session).unwrap().unwrap();
        assert_eq!(third.messages(), [Message::user("hello"), Message::user("again")]);
    }

    #[test]
    fn a_call_without_a_result_is_told_that_it_was_interrupted_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Conversation::begin(folder.path(), "x").unwrap();
        let session = first.session().unwrap().clone();
        first.open("hello");
        first.push(Message::agent(Wire::OpenAiChat, "m", vec![call("1"), call("2")]));
        for _ in 0..2 {
            let resumed = Conversation::resume(folder.path(), &session).unwrap().unwrap();
            let Some(Message::Results { results }) = resumed.messages().last() else { panic!("{resumed:?}") };
            assert_eq!(results.iter().map(|result| result.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
            assert_eq!(resumed.messages().len(), 3);
        }
    }

    #[test]
    fn a_prompt_that_was_never_answered_is_told_once() {
        let mut conversation = Conversation::forgotten();
        conversation.open("do it");
        conversation.open("do it");
        assert_eq!(conversation.messages().len(), 1);
        conversation.open("do that");
        assert_eq!(conversation.messages().len(), 2);
    }

    #[test]
    fn what_is_no_conversation_is_not_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let resume = |name: &str| Conversation::resume(folder.path(), &SessionId(name.to_owned()));
        for none in ["gone", "../x", "", "a/b", "x.y"] {
            assert!(resume(none).unwrap().is_none(), "{none}");
        }
        std::fs::write(folder.path().join("other.jsonl"), "{\"role\":\"stranger\"}\n").unwrap();
        assert!(resume("other").is_err());
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.jsonl")).unwrap();
        assert!(resume("link").is_err());
        std::fs::create_dir(folder.path().join("folder.jsonl")).unwrap();
        assert!(resume("folder").is_err());
    }
}
