//! One run of a program: its streams, its time, its end.
//!
//! Its silence, its grace and its patience with a network are measured by the [`WorkClock`], which stands still while the
//! program does.

mod time;

use std::time::Duration;

use orchestra_core::report::{AgentEvent, Fault, Outcome, Report};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;

use super::event::notice;
use super::stream::Stream;
use super::text::{LastLines, with_stderr};
use super::{Ending, hand_in};
use crate::agent::TurnRequest;
use crate::guard::{Ended, GuardedChild, Why, WorkClock};
use crate::lines::{Lines, Overlong, Piece};
use crate::mcp::McpHost;
use crate::redact::{RedactedEvents, Redactor};
use crate::transcript::Transcript;

/// The longest line of JSON: a file that was written is in it twice.
const MAX_JSON_LINE: usize = 16 * 1024 * 1024;
/// The longest piece of text.
const MAX_TEXT_PIECE: usize = 64 * 1024;
/// The most that is read at once.
const CHUNK: usize = 64 * 1024;
/// How long output is still read after the program's end.
const DRAIN: Duration = Duration::from_secs(2);
/// How much may wait for a program that does not read its input before its output waits too.
const MOST_UNWRITTEN: usize = 1024 * 1024;

/// All there is to know while a program runs.
pub(super) struct Turn<'a> {
    child: GuardedChild,
    clock: WorkClock,
    stream: Stream,
    request: &'a TurnRequest,
    ending: &'a Ending,
    redactor: &'a Redactor,
    transcript: &'a mut Transcript,
    events: &'a Sender<AgentEvent>,
    redacted: RedactedEvents,
    output: Lines,
    complaints: Lines,
    last_complaints: LastLines,
    asked: Asked,
    /// Orchestra's own tools, as long as the program may call them, and the report that came by one.
    host: Option<McpHost>,
    report: Option<Box<Report>>,
    /// How much of what a person said it was given, and how much of that it says that it has heard.
    given: u32,
    heard: u32,
    last_sign: Instant,
    is_silence_told: bool,
    /// How many bytes of text were handed on as events.
    shown: u64,
    /// When it said its last word, when it began to wait for a network, and when it was asked in its own words to end.
    over_since: Option<Instant>,
    offline_since: Option<Instant>,
    interrupted_at: Option<Instant>,
    /// When the whole turn is over, where the program is told so in its own words.
    time_up_at: Option<Instant>,
    /// Until when it must have opened its conversation.
    open_until: Option<Instant>,
    /// Which of the two came first.
    overdue: Option<Overdue>,
    /// Since when a conversation has said its last word without an end.
    mute_since: Option<Instant>,
    /// Whether it did not take up what it was told at its end: its input is closed all the same.
    is_let_go: bool,
}

/// Whether the program was asked to end before its time, and by whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Asked {
    No,
    /// By us, because it would not by itself.
    ToLeave,
    /// By the worker or the person; whether its result was there already.
    ToStop {
        was_over: bool,
    },
}

/// What a program did not do in its time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Overdue {
    /// Open its conversation.
    Beginning,
    /// End its turn.
    End,
}

/// What happened next.
enum Happening {
    Cancelled,
    Written(usize),
    Words(Option<String>),
    Output(usize),
    Complaint(usize),
    Ended(Ended),
    Time,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        child: GuardedChild,
        stream: Stream,
        request: &'a TurnRequest,
        ending: &'a Ending,
        redactor: &'a Redactor,
        transcript: &'a mut Transcript,
        events: &'a Sender<AgentEvent>,
    ) -> Self {
        let output = if stream.is_json() {
            Lines::new(MAX_JSON_LINE, Overlong::Drop)
        } else {
            Lines::new(MAX_TEXT_PIECE, Overlong::Split)
        };
        let clock = child.clock().clone();
        let now = clock.now();
        let is_told = stream.is_told_of_time();
        Self {
            child,
            last_sign: now,
            clock,
            time_up_at: now.checked_add(request.timeout).filter(|_| is_told),
            open_until: now.checked_add(ending.start).filter(|_| stream.is_opening()),
            overdue: None,
            mute_since: None,
            stream,
            request,
            ending,
            redactor,
            transcript,
            events,
            redacted: RedactedEvents::default(),
            output,
            complaints: Lines::new(MAX_TEXT_PIECE, Overlong::Split),
            last_complaints: LastLines::default(),
            asked: Asked::No,
            host: None,
            report: None,
            given: 0,
            heard: 0,
            is_silence_told: false,
            shown: 0,
            over_since: None,
            offline_since: None,
            interrupted_at: None,
            is_let_go: false,
        }
    }

    /// Gives the program Orchestra's own tools.
    pub(super) fn with_host(mut self, host: Option<McpHost>) -> Self {
        self.host = host;
        self
    }

    /// Gives the program its prompt, reads until its tree is gone, and says what it came to. Its input is closed after
    /// the prompt, unless there may be words for it.
    pub(super) async fn run(mut self, prompt: Vec<u8>, words: &mut Option<Receiver<String>>) -> Outcome {
        let ended = self.read_to_the_end(prompt, words).await;
        let mut rest = Vec::new();
        self.output.finish(|piece| rest.extend(events_of(&mut self.stream, &piece)));
        rest.extend(self.stream.close());
        self.emit(rest).await;
        let complaints = &mut self.last_complaints;
        let transcript = &mut *self.transcript;
        self.complaints.finish(|piece| complain(&piece, complaints, transcript));
        if ended.left_behind > 0 && ended.why == Why::Itself {
            self.emit(vec![notice(format!("ended {} processes that it left behind", ended.left_behind))])
                .await;
        }
        let last = self.redacted.finish(self.redactor);
        self.send(last).await;
        self.close_host().await;
        self.outcome(ended).await
    }

    async fn read_to_the_end(&mut self, prompt: Vec<u8>, words: &mut Option<Receiver<String>>) -> Ended {
        let mut stdin = self.child.stdin.take();
        let mut unwritten = prompt;
        let mut stdout = self.child.stdout.take();
        let mut stderr = self.child.stderr.take();
        let mut output = vec![0; CHUNK];
        let mut complaint = vec![0; CHUNK];
        let mut ended: Option<(Ended, Instant)> = None;
        loop {
            let drained_at = ended.map(|(_, at)| at + DRAIN);
            if let Some((end, _)) = ended
                && ((stdout.is_none() && stderr.is_none())
                    || drained_at.is_some_and(|at| at <= self.clock.now()))
            {
                return end;
            }
            let wake = self.next_wake(drained_at);
            if stdin.is_some() && self.has_heard_all(unwritten.is_empty(), words.is_none()) {
                // Nobody will say anything more: its input is closed.
                stdin = None;
                self.close_host().await;
            }
            // What it is answered after that reaches it no more.
            unwritten.truncate(if stdin.is_some() { unwritten.len() } else { 0 });
            let may_say = words.is_some() && unwritten.is_empty() && ended.is_none() && self.may_say();
            let may_read = stdin.is_none() || unwritten.len() < MOST_UNWRITTEN;
            // Each source is a branch here, and nothing else waits.
            let happening = tokio::select! {
                biased;
                () = self.request.cancel.cancelled(), if !self.is_stopped() => Happening::Cancelled,
                // Before what it prints: one that never stops printing is given its prompt, too.
                written = write(&mut stdin, &unwritten), if stdin.is_some() && !unwritten.is_empty() => {
                    Happening::Written(written)
                }
                text = next_of(words), if may_say => Happening::Words(text),
                count = read(&mut stdout, &mut output), if stdout.is_some() && may_read => {
                    Happening::Output(count)
                }
                count = read(&mut stderr, &mut complaint), if stderr.is_some() => Happening::Complaint(count),
                end = self.child.wait(), if ended.is_none() => Happening::Ended(end),
                () = self.clock.wait_until(wake) => Happening::Time,
            };
            match happening {
                Happening::Cancelled => unwritten.extend(self.cancel(stdin.is_some())),
                // A program may end, or close its input, without reading all of it.
                Happening::Written(0) => (stdin, unwritten) = (None, Vec::new()),
                Happening::Written(count) => drop(unwritten.drain(..count)),
                Happening::Words(Some(text)) => unwritten = self.take_words(&text, stdin.is_some()),
                Happening::Words(None) => *words = None,
                Happening::Output(0) => {
                    stdout = None;
                    self.mute_since = self.stream.is_conversation().then(|| self.clock.now());
                }
                Happening::Output(count) => {
                    self.take_output(&output[..count]).await;
                    unwritten.extend(self.stream.take_answers());
                }
                Happening::Complaint(0) => stderr = None,
                Happening::Complaint(count) => self.take_complaint(&complaint[..count]),
                Happening::Ended(end) => ended = Some((end, self.clock.now())),
                Happening::Time => unwritten.extend(self.act_on_time(stdin.is_some()).await),
            }
        }
    }

    fn is_stopped(&self) -> bool {
        matches!(self.asked, Asked::ToStop { .. })
    }

    /// Asks the program to end: in its own words where it understands some, and by signals where that does not help.
    fn cancel(&mut self, is_spoken_to: bool) -> Vec<u8> {
        let was_over = self.stream.is_over();
        self.asked = Asked::ToStop { was_over };
        self.transcript.aside("orchestra", "asked to end");
        if let Some(line) = self.stream.interrupt().filter(|_| is_spoken_to && !was_over) {
            self.interrupted_at = Some(self.clock.now());
            return line;
        }
        self.child.stop(self.ending.stop.clone());
        Vec::new()
    }

    /// Takes what the person says, and returns it as the program reads it.
    fn take_words(&mut self, text: &str, is_spoken_to: bool) -> Vec<u8> {
        self.transcript.aside("you", text);
        self.given += u32::from(is_spoken_to);
        self.stream.say(text)
    }

    /// Whether the program's input can be closed.
    fn has_heard_all(&self, is_written: bool, is_quiet: bool) -> bool {
        if !self.stream.is_conversation() {
            return is_written && is_quiet;
        }
        // It may ask for permissions as long as it works, and ends when its input does.
        let is_told = is_written && !self.stream.has_untold();
        // One that says nothing any more answers nothing.
        self.mute_since.is_some() || self.stream.is_over() && (is_told || self.is_let_go || self.is_stopped())
    }

    /// Whether the program would take up what it is told now.
    fn may_say(&self) -> bool {
        !self.stream.is_conversation() || (self.stream.is_listening() && !self.is_stopped())
    }

    /// Ends Orchestra's own tools, and keeps the report.
    async fn close_host(&mut self) {
        let Some(host) = self.host.take() else { return };
        self.report = host.take_report();
        if !host.has_listed() && !self.stream.has_told_of_tools() {
            self.emit(vec![notice("it never asked for Orchestra's own tools: it could not use them")]).await;
        }
    }

    async fn take_output(&mut self, bytes: &[u8]) {
        self.last_sign = self.clock.now();
        self.is_silence_told = false;
        self.transcript.output(bytes);
        let mut events = Vec::new();
        self.output.push(bytes, |piece| events.extend(events_of(&mut self.stream, &piece)));
        self.emit(events).await;
        if self.stream.is_over() {
            self.over_since.get_or_insert(self.last_sign);
        } else {
            // What was said at the end begins another turn.
            self.over_since = None;
        }
        if self.stream.is_useless() && self.asked == Asked::No {
            self.asked = Asked::ToLeave;
            self.transcript.aside("orchestra", "of no use without its tools: ended");
            self.child.stop(self.ending.stop.clone());
        }
        if self.stream.is_offline() {
            self.offline_since.get_or_insert(self.last_sign);
        } else {
            self.offline_since = None;
        }
    }

    fn take_complaint(&mut self, bytes: &[u8]) {
        self.last_sign = self.clock.now();
        let complaints = &mut self.last_complaints;
        let transcript = &mut *self.transcript;
        self.complaints.push(bytes, |piece| complain(&piece, complaints, transcript));
    }

    async fn emit(&mut self, events: Vec<AgentEvent>) {
        for event in events {
            if event == AgentEvent::Heard {
                // Of nothing that was not said.
                if self.heard == self.given {
                    continue;
                }
                self.heard += 1;
                if let Some(host) = &self.host {
                    host.outdate_report();
                }
            }
            let Some(event) = self.within_limit(event) else { continue };
            let clean = self.redacted.push(self.redactor, event);
            self.send(clean).await;
        }
    }

    /// Lets text pass up to the limit, and says once that the rest is not shown.
    fn within_limit(&mut self, event: AgentEvent) -> Option<AgentEvent> {
        let (AgentEvent::Text { text } | AgentEvent::Thinking { text } | AgentEvent::ToolOutput { text, .. }) =
            &event
        else {
            return Some(event);
        };
        let limit = self.request.output_limit;
        let before = self.shown;
        self.shown = before.saturating_add(text.len() as u64);
        if self.shown <= limit {
            Some(event)
        } else {
            (before <= limit).then(|| notice("it says more than is kept: the rest of its text is not shown"))
        }
    }

    async fn send(&self, events: Vec<AgentEvent>) {
        for event in events {
            if self.is_stopped() {
                // Whoever asked for the end may not be listening any more, and must not wait for us.
                let _full_or_gone = self.events.try_send(event);
                continue;
            }
            tokio::select! {
                _unheard = self.events.send(event) => {}
                () = self.request.cancel.cancelled() => {}
            }
        }
    }

    async fn outcome(self, ended: Ended) -> Outcome {
        let Self { stream, request, last_complaints, asked, report, .. } = self;
        let is_over = stream.is_over();
        match self.overdue {
            Some(Overdue::End) => return Outcome::Faulted(Fault::TimedOut { after: request.timeout }),
            Some(Overdue::Beginning) => {
                let told = "it did not open a conversation in time and was ended";
                let message = with_stderr(told, &last_complaints.text());
                return Outcome::Faulted(Fault::Transient { message, retry_after: None });
            }
            None => {}
        }
        if asked == (Asked::ToStop { was_over: false }) {
            return Outcome::Faulted(Fault::Cancelled);
        }
        if ended.why == Why::TimedOut && !is_over {
            return Outcome::Faulted(Fault::TimedOut { after: request.timeout });
        }
        if ended.why == Why::GuardLost && !is_over {
            let message = "its guard was killed from outside".to_owned();
            return Outcome::Faulted(Fault::Transient { message, retry_after: None });
        }
        match stream.end(ended.exit, &last_complaints.text()) {
            Outcome::Reported(said) => {
                let (outcome, remark) = hand_in(said, report, request);
                if let Some(remark) = remark {
                    // A receiver that is gone stops nothing.
                    let _unheard = self.events.send(notice(remark)).await;
                }
                outcome
            }
            // Nobody of ours asked for it.
            Outcome::Faulted(Fault::Cancelled) => {
                let message = format!("it was ended from outside ({})", ended.exit);
                Outcome::Faulted(Fault::Failed { message })
            }
            faulted @ Outcome::Faulted(_) => faulted,
        }
    }
}

/// Writes as much as the pipe takes; 0 where it takes nothing any more.
async fn write(stdin: &mut Option<pipe::Sender>, bytes: &[u8]) -> usize {
    match stdin {
        Some(stdin) => stdin.write(bytes).await.unwrap_or(0),
        None => 0,
    }
}

async fn next_of(words: &mut Option<Receiver<String>>) -> Option<String> {
    match words {
        Some(words) => words.recv().await,
        None => None,
    }
}

/// Reads a chunk; 0 at the end, and where nothing can be read any more.
async fn read(pipe: &mut Option<pipe::Receiver>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}

fn events_of(stream: &mut Stream, piece: &Piece<'_>) -> Vec<AgentEvent> {
    match piece {
        Piece::Line(line) => stream.line(line),
        Piece::Part(part) => stream.part(part),
        Piece::LeftOut(bytes) => vec![notice(format!("a line of {bytes} bytes was left out"))],
    }
}

fn complain(piece: &Piece<'_>, last: &mut LastLines, transcript: &mut Transcript) {
    if let Piece::Line(line) | Piece::Part(line) = piece {
        let line = String::from_utf8_lossy(line);
        last.push(&line);
        transcript.aside("stderr", &line);
    }
}
