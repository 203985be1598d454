//! Every operation against the real git, in temporary folders.
#![cfg(test)]

mod fixture;

mod changes;
mod commit;
mod commit_paths;
mod facts;
mod fold;
mod history;
mod hooks;
mod names;
mod open;
mod push;
mod put_back;
mod rescue;
mod restaged;
mod settle;
mod signing;
mod snapshot;
mod standing;
mod status;
mod survey;
mod swap;
mod traps;
mod tree_diff;
mod unreadable;
