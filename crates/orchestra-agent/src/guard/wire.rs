//! What travels over the socket pair: descriptors first, then frames of a length and JSON.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Ended, StopPlan};

/// The largest frame; the kernel allows a program far less for arguments and environment together.
const MAX_FRAME: usize = 64 * 1024 * 1024;
/// Standard input, output, error, and the lock.
const MAX_DESCRIPTORS: usize = 4;

/// What a worker says after its order.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Request {
    Stop(StopPlan),
    /// Everything below is to stand still, and [`News::Paused`] to come with this number.
    Pause(u32),
    /// It is to go on. The first of them starts the program: a guard begins paused.
    Resume,
}

/// What a guard says.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum News {
    Started { pid: u32 },
    NotStarted { os_error: Option<i32>, message: String },
    Paused(u32),
    Ended(Ended),
}

pub(super) fn send_descriptors(socket: &UnixStream, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let count = u8::try_from(descriptors.len()).map_err(io::Error::other)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors"));
    }
    rustix::net::sendmsg(socket, &[IoSlice::new(&[count])], &mut control, SendFlags::empty())?;
    Ok(())
}

/// Receives what [`send_descriptors`] sent. The caller marks them close-on-exec.
pub(super) fn receive_descriptors(socket: &UnixStream) -> io::Result<Vec<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut count = [0_u8];
    let received = loop {
        let mut slices = [IoSliceMut::new(&mut count)];
        match rustix::net::recvmsg(socket, &mut slices, &mut control, RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    if received.bytes == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    if descriptors.len() == usize::from(count[0]) {
        Ok(descriptors)
    } else {
        Err(io::Error::other("some descriptors did not arrive"))
    }
}

pub(super) fn write_frame(mut socket: &UnixStream, frame: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_vec(frame).map_err(io::Error::other)?;
    let length = u32::try_from(json.len()).map_err(io::Error::other)?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(json);
    socket.write_all(&bytes)
}

pub(super) fn read_frame<T: DeserializeOwned>(mut socket: &UnixStream) -> io::Result<T> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_FRAME {
        return Err(io::Error::other("frame too large"));
    }
    let mut json = vec![0; length];
    socket.read_exact(&mut json)?;
    serde_json::from_slice(&json).map_err(io::Error::other)
}
