//! What somebody wants to buy.

use crate::catalog::Product;
use crate::money::Cents;

/// How many pieces of one product a cart can hold.
pub const MAX_QUANTITY: u32 = 99;

/// One product in a cart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Line {
    /// The product.
    pub product: &'static Product,
    /// How many pieces, from 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
}

impl Line {
    /// The price of all pieces.
    pub fn total(&self) -> Cents {
        self.product.price.times(self.quantity)
    }
}

/// A cart. Lines stay in the order in which they were added.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cart {
    lines: Vec<Line>,
}

/// A quantity that a cart cannot hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TooMany;

impl Cart {
    /// Sets how many pieces of a product are wanted; none takes the line away.
    pub fn set(&mut self, product: &'static Product, quantity: u32) -> Result<(), TooMany> {
        if quantity > MAX_QUANTITY {
            return Err(TooMany);
        }
        let found = self.lines.iter().position(|line| line.product == product);
        match (found, quantity) {
            (Some(index), 0) => {
                self.lines.remove(index);
            }
            (Some(index), _) => self.lines[index].quantity = quantity,
            (None, 0) => {}
            (None, _) => self.lines.push(Line { product, quantity }),
        }
        Ok(())
    }

    /// The lines, in the order in which they were added.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What all lines cost.
    pub fn subtotal(&self) -> Cents {
        self.lines.iter().fold(Cents::ZERO, |sum, line| sum.plus(line.total()))
    }

    /// What there is to pay.
    pub fn total(&self) -> Cents {
        self.subtotal()
    }
}
