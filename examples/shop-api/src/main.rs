//! The network: one request after the other, on this machine only.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use shop_api::api::{Request, handle};
use shop_api::cart::Cart;

/// How long the first lines of a request may be, in bytes.
const MAX_HEAD: u64 = 8 * 1024;
/// How long a body may be, in bytes.
const MAX_BODY: u64 = 4 * 1024;
/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(5);

const PAGES: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", include_str!("../frontend/index.html")),
    ("/shop.css", "text/css; charset=utf-8", include_str!("../frontend/shop.css")),
    ("/shop.js", "text/javascript; charset=utf-8", include_str!("../frontend/shop.js")),
];

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 8080))?;
    println!("The shop is open: http://{}", listener.local_addr()?);
    let mut cart = Cart::default();
    for stream in listener.incoming() {
        if let Err(error) = stream.and_then(|stream| answer(&stream, &mut cart)) {
            eprintln!("A request could not be answered: {error}");
        }
    }
    Ok(())
}

fn answer(stream: &TcpStream, cart: &mut Cart) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    let mut lines = reader.by_ref().take(MAX_HEAD);
    lines.read_line(&mut head)?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return send(stream, 400, "text/plain", "bad request");
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(u64::MAX);
        }
    }
    if length > MAX_BODY {
        return send(stream, 413, "text/plain", "too large");
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;

    let mut words = head.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    if let Some((_, kind, page)) = PAGES.iter().find(|(known, ..)| method == "GET" && *known == path) {
        return send(stream, 200, kind, page);
    }
    let response = handle(cart, &Request { method, path, body: &body });
    send(stream, response.status, "application/json", &response.body)
}

fn send(mut stream: &TcpStream, status: u16, kind: &str, body: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}
