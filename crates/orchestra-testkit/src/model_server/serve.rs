//! As much of HTTP/1.1 as a client needs: requests with a length, answers with one or in chunks, connections that stay.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::{Value, json};

use super::speak::{self, Wire};
use super::{Asked, Fault, Reply, Shared};

/// The largest body.
const MAX_BODY: u64 = 64 * 1024 * 1024;

pub(super) fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_over() {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that goes away is the client's business.
            drop(converse(&stream, &shared));
        });
    }
}

fn converse(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read_request(&mut reader)? {
        let wire = Wire::of(&asked.path);
        let mut answer = Answering { stream, shared, drips: false };
        let goes_on = match (wire, shared.reply_to(asked)) {
            (None, _) => answer.error(404, "not_found_error", "there is nothing at this path", &[])?,
            (Some(_), None) => answer.error(500, "api_error", "the script has no answer left", &[])?,
            (Some(wire), Some(reply)) => answer.reply(wire, &reply)?,
        };
        if !goes_on || shared.is_over() {
            break;
        }
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let length =
        headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut raw = Vec::new();
    reader.take(length.unwrap_or(0).min(MAX_BODY)).read_to_end(&mut raw)?;
    let body = serde_json::from_slice(&raw).unwrap_or(Value::Null);
    Ok(Some(Asked { path, headers, raw, body }))
}

/// An answer on its way.
pub(super) struct Answering<'a> {
    stream: &'a TcpStream,
    pub(super) shared: &'a Shared,
    /// Whether it comes a byte at a time.
    drips: bool,
}

impl Answering<'_> {
    /// Answers. Says whether the connection can be used again.
    fn reply(&mut self, wire: Wire, reply: &Reply) -> io::Result<bool> {
        match &reply.fault {
            None
            | Some(
                Fault::CutInCall
                | Fault::CutInText
                | Fault::SilenceInText
                | Fault::BadJson
                | Fault::BadUtf8
                | Fault::Endless
                | Fault::EndlessCalls
                | Fault::ErrorInStream,
            ) => self.stream_of(wire, reply),
            Some(Fault::Drip) => {
                self.drips = true;
                self.stream_of(wire, reply)
            }
            Some(Fault::Unauthorized) => self.error(401, "authentication_error", "invalid x-api-key", &[]),
            Some(Fault::NoCredit) => self.error(402, "billing_error", "no credit left", &[]),
            Some(Fault::RateLimited(after)) => {
                let headers: Vec<(&str, &str)> =
                    after.iter().map(|after| ("retry-after", after.as_str())).collect();
                self.error(429, "rate_limit_error", "slow down", &headers)
            }
            Some(Fault::Overloaded) => self.error(529, "overloaded_error", "overloaded", &[]),
            Some(Fault::Internal) => self.error(500, "api_error", "internal server error", &[]),
            Some(Fault::Overflow) => self.error(
                400,
                "invalid_request_error",
                "prompt is too long: 300000 tokens > 200000 maximum",
                &[],
            ),
            Some(Fault::Status(status, body)) => {
                self.whole(*status, "application/json", body.as_bytes(), &[])
            }
            Some(Fault::RedirectTo(place)) => {
                self.whole(307, "text/plain", b"elsewhere", &[("location", place)])
            }
            Some(Fault::Page) => self.whole(
                200,
                "text/html",
                b"<html><body>Please log in to the guest network.</body></html>",
                &[],
            ),
            Some(Fault::GzipBomb) => self.bomb(),
            Some(Fault::Silence) => {
                self.shared.end.wait();
                Ok(false)
            }
        }
    }

    fn stream_of(&mut self, wire: Wire, reply: &Reply) -> io::Result<bool> {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
        self.stream.write_all(head.as_bytes())?;
        if !speak::speak(self, wire, reply)? {
            return Ok(false);
        }
        self.stream.write_all(b"0\r\n\r\n")?;
        Ok(true)
    }

    /// One piece of a stream.
    pub(super) fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.shared.is_over() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let size = if self.drips { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(size) {
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend_from_slice(piece);
            chunk.extend_from_slice(b"\r\n");
            self.stream.write_all(&chunk)?;
        }
        Ok(())
    }

    fn error(
        &mut self,
        status: u16,
        kind: &str,
        message: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<bool> {
        let error = json!({ "type": "error", "error": { "type": kind, "message": message } });
        self.whole(status, "application/json", error.to_string().as_bytes(), headers)
    }

    fn whole(&mut self, status: u16, kind: &str, body: &[u8], headers: &[(&str, &str)]) -> io::Result<bool> {
        let more: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let more = more.concat();
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} -\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n{more}\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat())?;
        Ok(true)
    }

    /// Zeros in the format of gzip, stored: a reader that unpacks gets as many as it is ready to take.
    fn bomb(&mut self) -> io::Result<bool> {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        self.stream.write_all(head.as_bytes())?;
        self.chunk(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])?;
        let mut block = vec![0, 0xff, 0xff, 0, 0];
        block.resize(block.len() + 0xffff, 0);
        loop {
            self.chunk(&block)?;
        }
    }
}
