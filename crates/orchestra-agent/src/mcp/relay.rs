//! What `orchestra mcp` does: it stands between the program that started it and the socket of a turn.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;

/// How much is copied at once.
const CHUNK: usize = 64 * 1024;

/// Connects to the socket of a turn and copies bytes both ways until either side ends.
///
/// One of its two threads may still wait for input when it returns; the end of the process ends it.
///
/// # Errors
/// Where nobody listens there, or a side breaks instead of ending.
pub fn relay(
    socket: &Path,
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<()> {
    let stream = UnixStream::connect(socket)?;
    let (ended, first) = mpsc::channel();
    let there = stream.try_clone()?;
    let here = stream.try_clone()?;
    let also_ended = ended.clone();
    std::thread::Builder::new().name("to-socket".to_owned()).spawn(move || {
        // Whoever waits has heard of the other end already where this one is not heard.
        let _unheard = also_ended.send(copy(input, there));
    })?;
    std::thread::Builder::new().name("from-socket".to_owned()).spawn(move || {
        let _unheard = ended.send(copy(here, output));
    })?;
    let result = first.recv().unwrap_or(Ok(()));
    // The other side sees the end at once, whatever still holds a copy.
    let _closed_already = stream.shutdown(Shutdown::Both);
    match result {
        // A reader that is gone is an end like any other.
        Err(error) if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
            Ok(())
        }
        result => result,
    }
}

/// Copies each chunk on as soon as it is there.
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match from.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(&chunk[..count])?;
        to.flush()?;
    }
}
