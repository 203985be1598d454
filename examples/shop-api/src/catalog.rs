//! What can be bought.

use crate::money::Cents;

/// Something to buy.
#[derive(Debug, Eq, PartialEq)]
pub struct Product {
    /// Its id in requests.
    pub id: &'static str,
    /// Its name on the page.
    pub name: &'static str,
    /// The price of one piece.
    pub price: Cents,
}

/// Everything in the shop.
pub const PRODUCTS: [Product; 4] = [
    Product { id: "mug", name: "Enamel mug", price: Cents(1450) },
    Product { id: "notebook", name: "Notebook, dotted", price: Cents(990) },
    Product { id: "tote", name: "Canvas tote bag", price: Cents(1800) },
    Product { id: "sticker", name: "Sticker", price: Cents(250) },
];

/// Finds a product by its id.
pub fn find(id: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.id == id)
}
