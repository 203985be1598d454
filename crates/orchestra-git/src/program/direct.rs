//! A child of our own, for calls that run nobody's code: bounded in time and in what it may print.

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use super::{Output, ProgramError};
use crate::guard::{Ending, GuardedCommand};

/// The most that a call may print, in bytes: a million paths of average length.
const LIMIT: usize = 256 * 1024 * 1024;

/// Runs a command to its end.
pub(super) fn run(order: &GuardedCommand, name: &str) -> Result<Output, ProgramError> {
    let deadline = Instant::now() + order.timeout;
    let mut child = Command::new(&order.program)
        .args(&order.args)
        .env_clear()
        .envs(order.env.iter().map(|(key, value)| (key, value)))
        .current_dir(&order.cwd)
        // The terminal's ctrl-c is for the worker alone.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| ProgramError::Spawn { program: order.program.clone(), source })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (sender, finished) = mpsc::channel();
    let ended = thread::scope(|scope| {
        let writer = scope.spawn(move || feed(stdin, &order.stdin));
        let err_sender = sender.clone();
        scope.spawn(move || sender.send(Heard::Out(drain(stdout))));
        scope.spawn(move || err_sender.send(Heard::Err(drain(stderr))));
        let heard = listen(&finished, deadline, order, name);
        if heard.is_err() {
            end(&mut child);
        }
        let fed = writer.join().expect("writing to a pipe does not panic");
        heard.and_then(|heard| match fed {
            Ok(()) => Ok(heard),
            Err(source) => Err(ProgramError::Pipe { command: name.to_owned(), source }),
        })
    });
    let status = child.wait().map_err(|source| ProgramError::Pipe { command: name.to_owned(), source })?;
    let (stdout, stderr) = ended?;
    let ending = match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or(0)),
    };
    Ok(Output { ending, stdout, stderr })
}

/// One channel of the child, heard to its end.
enum Heard {
    Out(io::Result<Vec<u8>>),
    Err(io::Result<Vec<u8>>),
}

fn listen(
    finished: &mpsc::Receiver<Heard>,
    deadline: Instant,
    order: &GuardedCommand,
    name: &str,
) -> Result<(Vec<u8>, Vec<u8>), ProgramError> {
    let command = name.to_owned();
    let (mut out, mut err) = (None, None);
    while out.is_none() || err.is_none() {
        let left = deadline.saturating_duration_since(Instant::now());
        let heard = match finished.recv_timeout(left) {
            Ok(heard) => heard,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(ProgramError::TimedOut { command, after: order.timeout });
            }
        };
        let (place, bytes) = match heard {
            Heard::Out(bytes) => (&mut out, bytes),
            Heard::Err(bytes) => (&mut err, bytes),
        };
        match bytes {
            Ok(bytes) if bytes.len() > LIMIT => return Err(ProgramError::TooMuch { command, limit: LIMIT }),
            Ok(bytes) => *place = Some(bytes),
            Err(source) => return Err(ProgramError::Pipe { command, source }),
        }
    }
    Ok((out.unwrap_or_default(), err.unwrap_or_default()))
}

/// Writes all of the child's input. A child that does not read to the end says why by its exit code.
fn feed(pipe: Option<impl Write>, bytes: &[u8]) -> io::Result<()> {
    match pipe.map(|mut pipe| pipe.write_all(bytes)) {
        Some(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Some(Ok(()) | Err(_)) | None => Ok(()),
    }
}

fn drain(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Ends the child and takes its exit code away; it may have ended by itself meanwhile.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
