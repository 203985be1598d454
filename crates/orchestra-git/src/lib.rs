//! Everything that Orchestra does with git: one operation a file.
//!
//! Reads facts (`standing`, `status`, `changes`, `history`, `survey`), keeps what could be lost (`snapshot`, `save`,
//! `put_back`, `rescue`) and makes one commit out of a phase (`prepare`, `swap`, `settle`), then publishes it (`push`).
//!
//! Invariants, each held by a test in `tests/`:
//! - Nothing shared is touched before [`swap::swap`]: no ref, no index, no file of the work tree.
//! - What a person had is never overwritten before it lies under `refs/orchestra/rescue/`.
//! - Every call of the `git` program is built in `program`; what can run somebody's code goes through [`guard::Guarded`].
//! - A path is never reached through a symbolic link: files are opened by descriptor, name by name (`beneath`).
//! - All functions may be called again after a crash and then count once.
//!
//! Absent on purpose: `async` (the caller has a thread for this), the environment and the home directory (both come in
//! with [`repo::RepoOptions`]), and every verb that throws work away or rewrites what was published.

pub mod guard;
pub mod repo;

pub mod changes;
pub mod commit_paths;
pub mod facts;
pub mod fault;
pub mod fold;
pub mod history;
pub mod own_commits;
pub mod prepare;
pub mod programs;
pub mod push;
pub mod put_back;
pub mod rescue;
pub mod restaged;
pub mod review_diff;
pub mod save;
pub mod settle;
pub mod signing;
pub mod snapshot;
pub mod standing;
pub mod status;
pub mod survey;
pub mod swap;
pub mod tree_diff;

mod beneath;
mod bring;
mod checkout;
mod config;
mod exchange;
mod filters;
mod identity;
mod index;
mod kept;
mod program;
mod quote;
mod refs;
mod scan;
mod store;
mod target;
mod trailers;
mod tree;
