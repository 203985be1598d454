//! From the bytes of an answer to its events, within bounds: so many bytes in all, so many a line, and text that is no UTF-8
//! is shown as such.

use std::error::Error;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sse_stream::SseByteStream;
use thiserror::Error;

/// The longest line: a whole answer comes in one at its end, in one of the wires.
const MAX_LINE: usize = 16 * 1024 * 1024;

/// Why a stream ended before its time.
#[derive(Debug, Error)]
pub(crate) enum Broken {
    /// It has too many bytes.
    #[error("the answer has more than {0} bytes")]
    Long(u64),
    /// One of its lines has.
    #[error("a line of the answer has more than {MAX_LINE} bytes")]
    LongLine,
    /// Nothing more comes.
    #[error("the connection was lost")]
    Lost(#[source] Cause),
}

type Cause = Box<dyn Error + Send + Sync>;

/// The data of each event.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Result<String, sse_stream::Error>> + Send>>;

/// Reads events out of bytes.
pub(crate) fn events<S, E>(bytes: S, limit: u64) -> Events
where
    S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
    E: Into<Cause> + 'static,
{
    let mut filter = Filter { left: limit, limit, line: 0, pending: Vec::new() };
    let clean = bytes.map(move |chunk| match chunk {
        Ok(chunk) => filter.push(&chunk).map(Bytes::from),
        Err(error) => Err(Broken::Lost(error.into())),
    });
    let data = SseByteStream::new(clean).map(|event| event.map(|event| event.data.unwrap_or_default()));
    Box::pin(data)
}

/// Counts, and makes text of bytes that are none. What it gives out is always whole characters.
struct Filter {
    limit: u64,
    left: u64,
    line: usize,
    /// The beginning of a character whose end has not come.
    pending: Vec<u8>,
}

impl Filter {
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, Broken> {
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or(Broken::Long(self.limit))?;
        for line in chunk.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line += line.len();
            if self.line > MAX_LINE {
                return Err(Broken::LongLine);
            }
            if line.ends_with(b"\n") || line.ends_with(b"\r") {
                self.line = 0;
            }
        }
        self.pending.extend_from_slice(chunk);
        let mut clean = Vec::with_capacity(self.pending.len());
        let mut rest = self.pending.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    clean.extend_from_slice(text.as_bytes());
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (text, after) = rest.split_at(error.valid_up_to());
                    clean.extend_from_slice(text);
                    let Some(wrong) = error.error_len() else {
                        // It may go on in the next chunk.
                        rest = after;
                        break;
                    };
                    clean.extend_from_slice("\u{fffd}".as_bytes());
                    rest = &after[wrong..];
                }
            }
        }
        self.pending = rest.to_vec();
        Ok(clean)
    }
}

/// Why a stream of events ended, where it was not the events' fault.
pub(crate) fn cause(error: &sse_stream::Error) -> Option<&Broken> {
    match error {
        sse_stream::Error::Body(cause) => cause.downcast_ref(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    fn read(chunks: Vec<Vec<u8>>, limit: u64) -> (Vec<String>, Option<String>) {
        let chunks = chunks.into_iter().map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
        let events = events(stream::iter(chunks.collect::<Vec<_>>()), limit);
        let all: Vec<_> =
            futures_util::FutureExt::now_or_never(events.collect()).expect("nothing to wait for");
        let mut data = Vec::new();
        for event in all {
            match event {
                Ok(text) => data.push(text),
                Err(error) => {
                    let why = cause(&error).map_or_else(|| error.to_string(), ToString::to_string);
                    return (data, Some(why));
                }
            }
        }
        (data, None)
    }

    #[test]
    fn a53_bytes_that_are_no_text_are_shown_as_such() {
        let stream = b"data: a\xffb\xe2\x82\ndata: \xf0\x9f\x98\x80\n\n".to_vec();
        assert_eq!(read(vec![stream], 1000), (vec!["a\u{fffd}b\u{fffd}\n😀".to_owned()], None));
    }

    #[test]
    fn a53_a_stream_and_a_line_have_an_end() {
        let (data, why) = read(vec![b"data: x\n\n".to_vec(); 100], 80);
        assert_eq!((data.len(), why.as_deref()), (8, Some("the answer has more than 80 bytes")));
        let (data, why) = read(vec![vec![b'x'; 1 << 20]; 20], u64::MAX);
        assert_eq!(data, [""; 0]);
        assert!(why.is_some_and(|why| why.starts_with("a line of the answer has more than")));
    }

    proptest! {
        #[test]
        fn events_are_the_same_wherever_the_bytes_are_cut(cuts in proptest::collection::vec(1_usize..7, 0..40)) {
            let whole = "event: x\r\ndata: {\"a\":\"ä😀\"}\r\n\r\n: ping\n\ndata: 2\rdata: 3\r\rdata: unfinished".as_bytes();
            let mut chunks = Vec::new();
            let mut rest = whole;
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                chunks.push(chunk.to_vec());
                rest = after;
            }
            chunks.push(rest.to_vec());
            let (data, why) = read(chunks, 1000);
            prop_assert_eq!(why, None);
            prop_assert_eq!(data.iter().filter(|data| !data.is_empty()).collect::<Vec<_>>(), ["{\"a\":\"ä😀\"}", "2\n3"]);
        }
    }
}
