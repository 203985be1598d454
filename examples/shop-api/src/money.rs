//! Amounts of money.

use std::fmt;

/// An amount in cents. Never a float: a third of a cent is not money.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cents(pub u64);

impl Cents {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Adds two amounts.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// Takes an amount away.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    /// The price of several pieces.
    pub fn times(self, count: u32) -> Self {
        Self(self.0 * u64::from(count))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
