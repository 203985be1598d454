//! Throw-away projects for tests: a repository, a bare remote, a home of their own, and the real program in them; and a
//! model on this machine to ask.
//!
//! Nothing of the machine's environment gets in: no model key, no git configuration, no home. Everything panics on
//! failure, with what was run and what it said: a test helper has nobody to return an error to.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a failing helper fails the test that uses it"
)]

#[cfg(target_os = "linux")]
mod emulator;
mod milestone;
pub mod model_server;
mod oracle;
mod program;
mod project;
pub mod pty;

#[cfg(target_os = "linux")]
pub use self::emulator::{Emulator, Shown};
pub use self::milestone::{Milestone, Phase};
pub use self::program::{Ran, Running, until};
pub use self::project::TestProject;
