//! The real program, in throw-away projects, with a cleared environment.
#![cfg(test)]

mod project;
mod terminal;

mod add;
mod agents;
mod answer;
mod attacks;
mod below_a_guard;
mod config;
mod demo;
mod disk;
mod doctor;
mod ends;
mod faults;
mod fooled;
mod help;
mod init;
mod killed;
mod kills;
mod leavings;
mod models;
// As `screen`.
#[cfg(target_os = "linux")]
mod pictures;
// As `screen`.
#[cfg(target_os = "linux")]
mod pm;
mod printing;
mod prompt;
mod propose;
mod questions;
mod report;
mod rescue;
mod running;
// A terminal of its own takes `setsid --ctty` of util-linux.
#[cfg(target_os = "linux")]
mod screen;
mod status;
mod stop;
mod telling;
mod trouble;
mod trust;
mod upgrade;
