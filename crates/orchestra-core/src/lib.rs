//! What Orchestra knows and decides.
//!
//! Ids, documents and their grammar, ownership, the order of work, and the worker's state machine.
//! Absent on purpose: files, clocks, randomness, environment, processes and `async`. All of these come in with
//! events and go out as effects.
#![deny(missing_docs)]

pub mod account;
pub mod config;
pub mod conversation;
pub mod diagnostic;
pub mod document;
pub mod edit;
pub mod id;
pub mod message;
pub mod own_tool;
pub mod ownership;
pub mod path;
pub mod plan;
pub mod prompt;
pub mod proposal;
pub mod record;
pub mod repo;
pub mod report;
pub mod schedule;
pub mod unfinished;
pub mod words;
pub mod worker;
