//! A small shop: what can be bought, what somebody wants to buy, and the API for both.

pub mod api;
pub mod cart;
pub mod catalog;
pub mod money;
