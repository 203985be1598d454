//! To be written.

pub mod detect;
