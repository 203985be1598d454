//! Requests and answers, without a network: `main.rs` reads the one and writes the other.

use crate::cart::Cart;
use crate::catalog::{self, PRODUCTS};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path, without a query.
    pub path: &'a str,
    /// The body, as a form sends it: `product=mug&quantity=2`.
    pub body: &'a str,
}

/// What is answered, always JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Answers one request about the cart.
pub fn handle(cart: &mut Cart, request: &Request<'_>) -> Response {
    match (request.method, request.path) {
        ("GET", "/api/products") => ok(products()),
        ("GET", "/api/cart") => ok(shown(cart)),
        ("POST", "/api/cart") => set_quantity(cart, request.body),
        (_, "/api/products" | "/api/cart") => error(405, "method-not-allowed"),
        _ => error(404, "not-found"),
    }
}

fn set_quantity(cart: &mut Cart, body: &str) -> Response {
    let Some(product) = field(body, "product").and_then(|id| catalog::find(&id)) else {
        return error(404, "unknown-product");
    };
    let quantity = field(body, "quantity").and_then(|text| text.parse().ok());
    match quantity.map(|quantity| cart.set(product, quantity)) {
        Some(Ok(())) => ok(shown(cart)),
        Some(Err(_)) | None => error(422, "bad-quantity"),
    }
}

fn products() -> String {
    let list: Vec<String> = PRODUCTS
        .iter()
        .map(|product| {
            let (id, name) = (quoted(product.id), quoted(product.name));
            format!(r#"{{"id":{id},"name":{name},"price":{}}}"#, product.price.0)
        })
        .collect();
    format!(r#"{{"products":[{}]}}"#, list.join(","))
}

fn shown(cart: &Cart) -> String {
    let lines: Vec<String> = cart
        .lines()
        .iter()
        .map(|line| {
            let (id, name) = (quoted(line.product.id), quoted(line.product.name));
            let (quantity, total) = (line.quantity, line.total().0);
            format!(r#"{{"product":{id},"name":{name},"quantity":{quantity},"total":{total}}}"#)
        })
        .collect();
    let (lines, subtotal, total) = (lines.join(","), cart.subtotal().0, cart.total().0);
    format!(r#"{{"lines":[{lines}],"subtotal":{subtotal},"total":{total}}}"#)
}

fn ok(body: String) -> Response {
    Response { status: 200, body }
}

fn error(status: u16, reason: &str) -> Response {
    Response { status, body: format!(r#"{{"error":{}}}"#, quoted(reason)) }
}

/// The value of a field in a form's body, decoded.
fn field(body: &str, name: &str) -> Option<String> {
    let value = body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

/// A text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
