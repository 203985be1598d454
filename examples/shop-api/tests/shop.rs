//! The shop as a client sees it.

use shop_api::api::{Request, Response, handle};
use shop_api::cart::Cart;
use shop_api::money::Cents;

fn ask(cart: &mut Cart, method: &str, path: &str, body: &str) -> Response {
    handle(cart, &Request { method, path, body })
}

fn set(cart: &mut Cart, body: &str) -> Response {
    ask(cart, "POST", "/api/cart", body)
}

#[test]
fn amounts_are_shown_with_two_places() {
    assert_eq!(
        [Cents(5), Cents(250), Cents(123_405)].map(|cents| cents.to_string()),
        ["0.05", "2.50", "1234.05"]
    );
}

#[test]
fn the_catalogue_has_names_and_prices() {
    let response = ask(&mut Cart::default(), "GET", "/api/products", "");
    assert_eq!(response.status, 200);
    assert!(response.body.contains(r#"{"id":"mug","name":"Enamel mug","price":1450}"#));
}

#[test]
fn a_cart_adds_up() {
    let mut cart = Cart::default();
    set(&mut cart, "product=mug&quantity=2");
    let response = set(&mut cart, "product=sticker&quantity=3");
    assert_eq!(
        response.body,
        r#"{"lines":[{"product":"mug","name":"Enamel mug","quantity":2,"total":2900},"#.to_owned()
            + r#"{"product":"sticker","name":"Sticker","quantity":3,"total":750}],"subtotal":3650,"total":3650}"#
    );
    assert_eq!(ask(&mut cart, "GET", "/api/cart", ""), response);
}

#[test]
fn a_quantity_of_none_takes_the_line_away() {
    let mut cart = Cart::default();
    set(&mut cart, "product=mug&quantity=2");
    set(&mut cart, "product=mug&quantity=0");
    assert_eq!(cart, Cart::default());
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut cart = Cart::default();
    for (body, status) in [
        ("product=mug&quantity=100", 422),
        ("product=mug&quantity=-1", 422),
        ("product=mug&quantity=%zz", 422),
        ("product=mug", 422),
        ("product=yacht&quantity=1", 404),
        ("", 404),
    ] {
        assert_eq!(set(&mut cart, body).status, status, "{body}");
    }
    assert_eq!(ask(&mut cart, "PUT", "/api/cart", "").status, 405);
    assert_eq!(ask(&mut cart, "GET", "/api/nothing", "").status, 404);
    assert_eq!(cart, Cart::default());
}
