//! What a person can type, one command a file.

pub(crate) mod demo;
pub(crate) mod start;
