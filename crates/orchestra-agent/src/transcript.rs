//! What an agent printed, kept byte by byte up to a limit.

use std::io::{self, Write};

use crate::redact::{RedactedStream, Redactor};

/// How much of what is said beside the output waits for the end of a line.
const MAX_ASIDES: usize = 64 * 1024;

/// Where a transcript goes: usually a file.
pub type TranscriptSink = Box<dyn Write + Send + Sync>;

/// Writes what an agent prints to a sink: raw but for secrets, and capped with a mark.
pub struct Transcript {
    sink: TranscriptSink,
    redactor: Redactor,
    stream: RedactedStream,
    /// What may still be written, in bytes.
    left: u64,
    is_full: bool,
    is_at_line_start: bool,
    /// Lines that must not land inside a line of the output.
    asides: Vec<u8>,
    failed: Option<io::Error>,
}

impl Transcript {
    /// Keeps at most `limit` bytes of what `redactor` lets through.
    pub fn new(sink: TranscriptSink, limit: u64, redactor: Redactor) -> Self {
        Self {
            sink,
            redactor,
            stream: RedactedStream::default(),
            left: limit,
            is_full: false,
            is_at_line_start: true,
            asides: Vec::new(),
            failed: None,
        }
    }

    /// Takes a chunk of the output.
    pub fn output(&mut self, bytes: &[u8]) {
        if self.is_full {
            return;
        }
        let clean = self.stream.push(&self.redactor, bytes);
        // What waits goes to the first border of lines, not behind the whole chunk.
        let border = clean.iter().position(|byte| *byte == b'\n').map_or(clean.len(), |at| at + 1);
        let (line, rest) = clean.split_at(border);
        self.write(line);
        self.write_asides();
        self.write(rest);
    }

    /// Takes a line that is not part of the output: what the program complained about, what Orchestra did.
    pub fn aside(&mut self, who: &str, line: &str) {
        if self.asides.len() < MAX_ASIDES {
            let line = self.redactor.text(line);
            self.asides.extend_from_slice(format!("[{who}] {line}\n").as_bytes());
        }
        self.write_asides();
    }

    /// Writes what was held back, and says whether all writing went well.
    ///
    /// # Errors
    /// The first error of the sink. Nothing was written after it.
    pub fn finish(&mut self) -> io::Result<()> {
        let clean = self.stream.finish(&self.redactor);
        self.write(&clean);
        if !self.is_at_line_start && !self.asides.is_empty() {
            self.write(b"\n");
        }
        self.write_asides();
        self.attempt(|sink| sink.flush());
        self.failed.take().map_or(Ok(()), Err)
    }

    fn write_asides(&mut self) {
        if self.is_at_line_start && !self.asides.is_empty() {
            let asides = std::mem::take(&mut self.asides);
            self.write(&asides);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.is_full || bytes.is_empty() {
            return;
        }
        let fits = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.attempt(|sink| sink.write_all(&bytes[..fits]));
        self.left -= fits as u64;
        self.is_at_line_start = bytes[..fits].last().map_or(self.is_at_line_start, |byte| *byte == b'\n');
        if fits < bytes.len() {
            self.is_full = true;
            self.attempt(|sink| sink.write_all(b"\n[orchestra] the rest of the output is not kept\n"));
        }
    }

    fn attempt(&mut self, act: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if self.failed.is_none()
            && let Err(error) = act(&mut *self.sink)
        {
            self.failed = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn kept(limit: u64, write: impl FnOnce(&mut Transcript)) -> Vec<u8> {
        let sink = Kept::default();
        let redactor = Redactor::of_values([b"open sesame".as_slice()]);
        let mut transcript = Transcript::new(Box::new(sink.clone()), limit, redactor);
        write(&mut transcript);
        transcript.finish().unwrap();
        sink.0.lock().unwrap().clone()
    }

    #[test]
    fn f53_bytes_that_are_no_text_are_kept_as_they_are() {
        let raw = b"\xff\xfe\0\x1b[31m\n\xe2\x82";
        let written = kept(100, |transcript| raw.chunks(1).for_each(|byte| transcript.output(byte)));
        assert_eq!(written, raw);
    }

    #[test]
    fn f52_beyond_the_limit_nothing_is_kept_but_a_mark() {
        let written = kept(10, |transcript| {
            (0..1000).for_each(|_| transcript.output(b"xxxx"));
        });
        assert_eq!(written, b"xxxxxxxxxx\n[orchestra] the rest of the output is not kept\n");
    }

    #[test]
    fn what_is_said_beside_the_output_does_not_land_inside_a_line() {
        let written = kept(100, |transcript| {
            transcript.output(b"{\"a\":");
            transcript.aside("stderr", "open sesame?");
            transcript.output(b"1}\nopen ses");
            transcript.aside("stderr", "late");
            transcript.output(b"ame");
        });
        let text = "{\"a\":1}\n[stderr] [redacted]?\n[stderr] late\n[redacted]";
        assert_eq!(String::from_utf8(written).unwrap(), text);
    }

    #[test]
    fn a_full_disk_is_told_once_at_the_end() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut transcript = Transcript::new(Box::new(Full), 100, Redactor::default());
        transcript.output(b"x\n");
        assert_eq!(transcript.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
