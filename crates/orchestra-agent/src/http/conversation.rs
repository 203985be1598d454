//! A conversation on disk: one message a line, appended as it is said, so that another turn can go on with it.
//!
//! Half a last line is what a power cut leaves: it is dropped. A call whose result is missing gets one, so that every
//! conversation that is read can be sent.
//!
//! A conversation that was condensed begins anew within its file: one line has all that is sent from then on, and what stands
//! before it is read by people alone. Nothing is ever taken out of the file.

use std::fs::{DirBuilder, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use jiff::Timestamp;
use jiff::fmt::strtime;
use orchestra_core::id::SessionId;
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::message::{CallResult, Message};

/// The largest conversation that is read, from where it was condensed last.
const MAX_READ: u64 = 64 * 1024 * 1024;
/// The largest file of one.
const MAX_FILE: u64 = 1024 * 1024 * 1024;
/// How the line begins that has all that is sent from then on.
const ANEW: &[u8] = b"{\"condensed\":";
/// The longest name of one.
const MAX_NAME: usize = 100;

/// The messages so far, and where they are kept.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    messages: Vec<Message>,
    /// The window that its endpoint has told of.
    window: Option<Window>,
    kept: Option<Kept>,
    /// The first write that failed.
    failed: Option<io::Error>,
}

/// How many tokens a model takes in, by the word of its endpoint.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Window {
    model: String,
    tokens: u64,
}

/// The line with which a conversation begins anew.
#[derive(Deserialize, Serialize)]
struct Anew {
    condensed: Vec<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<Window>,
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
        let read = read(&mut file)?;
        let kept = Some(Kept { session: session.clone(), file });
        let mut resumed = Self { kept, ..read };
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
        self.append(&message);
        self.messages.push(message);
    }

    fn append(&mut self, line: &impl Serialize) {
        if let Some(kept) = &mut self.kept
            && self.failed.is_none()
            && let Err(error) = append(&mut kept.file, line)
        {
            self.failed = Some(error);
        }
    }

    /// How many tokens a model takes in, where its endpoint has told it in this conversation.
    pub(crate) fn window_of(&self, model: &str) -> Option<u64> {
        self.window.as_ref().filter(|window| window.model == model).map(|window| window.tokens)
    }

    /// Keeps what an endpoint has told of a model. On disk it is with the next [`Self::begin_anew`].
    pub(crate) fn learn_window(&mut self, model: &str, tokens: u64) {
        self.window = Some(Window { model: model.to_owned(), tokens });
    }

    /// Goes on with these messages in place of all that were there.
    pub(crate) fn begin_anew(&mut self, messages: Vec<Message>) {
        let anew = Anew { condensed: messages, window: self.window.clone() };
        self.append(&anew);
        self.messages = anew.condensed;
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

/// Reads what is sent of a conversation, and cuts half a last line off.
fn read(file: &mut File) -> io::Result<Conversation> {
    if file.metadata()?.len() > MAX_FILE {
        return Err(io::Error::other("it is larger than 1 GiB"));
    }
    let (begins, ends) = find_last_beginning(file)?;
    if ends - begins > MAX_READ {
        return Err(too_large());
    }
    file.set_len(ends)?;
    file.seek(SeekFrom::Start(begins))?;
    let mut bytes = Vec::new();
    file.take(ends - begins).read_to_end(&mut bytes)?;
    let mut conversation = Conversation::default();
    let wrong = |error| io::Error::other(format!("it is no conversation: {error}"));
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if line.starts_with(ANEW) {
            let Anew { condensed, window } = serde_json::from_slice(line).map_err(wrong)?;
            conversation.messages = condensed;
            conversation.window = window;
        } else {
            conversation.messages.push(serde_json::from_slice(line).map_err(wrong)?);
        }
    }
    Ok(conversation)
}

/// Where the last line lies from which it can be read, and where the last whole line ends.
fn find_last_beginning(file: &File) -> io::Result<(u64, u64)> {
    let mut reader = BufReader::new(file);
    let (mut begins, mut ends) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.by_ref().take(MAX_READ + 1).read_until(b'\n', &mut line)? as u64;
        if length > MAX_READ {
            return Err(too_large());
        }
        if !line.ends_with(b"\n") {
            return Ok((begins, ends));
        }
        if line.starts_with(ANEW) {
            begins = ends;
        }
        ends += length;
    }
}

fn too_large() -> io::Error {
    io::Error::other("it is larger than 64 MiB")
}

fn append(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
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
    fn a_condensed_conversation_goes_on_where_it_began_anew_and_loses_nothing_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = Conversation::begin(folder.path(), "x").unwrap();
        let session = first.session().unwrap().clone();
        let resume = || Conversation::resume(folder.path(), &session).unwrap().unwrap();
        first.open("hello");
        first.push(Message::agent(Wire::OpenAiChat, "m", vec![call("1")]));
        first.close();
        first.learn_window("m", 8_192);
        first
            .begin_anew(vec![Message::user("short"), Message::agent(Wire::OpenAiChat, "m", vec![call("2")])]);
        first.close();
        first.open("again");
        let second = resume();
        assert_eq!(second.messages(), first.messages());
        assert_eq!(
            (second.messages().len(), second.window_of("m"), second.window_of("n")),
            (4, Some(8_192), None)
        );
        let file = path(folder.path(), &session);
        let whole = std::fs::read_to_string(&file).unwrap();
        assert!(whole.starts_with("{\"role\":\"user\",\"text\":\"hello\"}\n"), "{whole}");

        // Cut in the line that begins anew: as if it had never been.
        let cut = whole.find("short").unwrap();
        std::fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!((resume().messages().len(), resume().window_of("m")), (3, None));

        // What stands before is not read, whatever it is.
        let anew = whole.find("{\"condensed\"").unwrap();
        std::fs::write(&file, format!("nonsense\n{}", &whole[anew..])).unwrap();
        assert_eq!(resume().messages(), first.messages());
    }

    #[test]
    fn a_line_without_end_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("long.jsonl");
        File::create(&file).unwrap().set_len(MAX_READ + 10).unwrap();
        let error = Conversation::resume(folder.path(), &SessionId("long".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 64 MiB");
        File::create(&file).unwrap().set_len(MAX_FILE + 10).unwrap();
        assert!(Conversation::resume(folder.path(), &SessionId("long".to_owned())).is_err());
        assert_eq!(file.metadata().unwrap().len(), MAX_FILE + 10);
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
