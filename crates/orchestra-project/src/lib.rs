//! `.orchestra` on disk.
//!
//! Loads what a person wrote, changes only what Orchestra owns in it, and keeps the worker's own state beneath
//! `.orchestra/.state`: the lock, the journal, answers and requests to stop.
//!
//! Invariants:
//! - Nothing beneath the project's root is read or written through a symbolic link, and only plain files are read.
//! - A document is either the old or the new version, whole; what a person saved meanwhile is never overwritten.
//! - Every document that Orchestra writes has its hash in the journal before it appears under its name.
//! - What only the person may read is `0600` in folders of `0700`, whatever the umask.
//!
//! Absent on purpose: git, agents, decisions (they are `orchestra-core`'s), environment variables and the home
//! folder (the binary passes them in), and `async`: every call is short and blocks.

pub mod answers;
pub mod atomic;
pub mod config_files;
pub mod conversations;
pub mod detect;
pub mod documents;
pub mod file;
pub mod folder;
pub mod history;
pub mod journal;
pub mod layout;
pub mod load;
pub mod lock;
pub mod machine;
pub mod plans;
pub mod scaffold;
pub mod stop;
pub mod trust;
pub mod upgrade;
pub mod watch;

#[cfg(test)]
mod testing;
