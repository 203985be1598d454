//! The runner of the worker: performs effects in order, feeds back facts, decides nothing.
//!
//! Everything that a decision depends on is read here and handed to `orchestra_core::worker::step`; everything that
//! it orders is done here, by the crates for git, agents and the project's folder. Views get what happens as a stream.
//!
//! Absent on purpose: decisions, words on a screen, the environment and the home folder (the binary passes them in).

mod agents;
pub mod brief;
pub mod conversation;
mod failure;
mod frozen;
pub mod guarded;
pub mod worker;
