//! Agents: what plays a role for one turn.
//!
//! Everything that can run somebody's code runs below a [`guard`], a small process of our own that ends the whole
//! tree when its worker dies. On top of it stand the kinds of agents: [`scripted`], [`command`] with its presets for
//! coding programs, and [`http`], which asks a model itself.
//!
//! Invariants:
//! - Dropping a turn's future ends the agent's whole tree of processes.
//! - An agent gets the descriptors 0, 1 and 2 and an environment from an allow-list, nothing else.
//! - What an agent prints is bounded in memory and in the transcript, and is never taken for a decision.
//! - A report that cannot be read is a fault; none is ever made up.
//!
//! Absent on purpose: reading our own environment, finding the home directory, printing, and deciding what
//! follows from an outcome. The caller passes in the first two; the worker's state machine does the last.
#![deny(missing_docs)]

pub mod acp;
pub mod agent;
pub mod command;
pub mod environment;
pub mod guard;
pub mod http;
pub mod mcp;
pub mod own;
pub mod probe;
pub mod redact;
pub mod scripted;
pub mod tools;
pub mod transcript;

mod lines;
mod report_file;
