//! To be written.

pub mod detect;
pub mod scaffold;
pub mod upgrade;
