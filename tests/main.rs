//! The real program, in throw-away projects, with a cleared environment.
#![cfg(test)]

mod project;
mod terminal;

mod add;
mod agents;
mod answer;
mod below_a_guard;
mod config;
mod demo;
mod doctor;
mod faults;
mod help;
mod init;
mod kills;
mod leavings;
mod printing;
mod questions;
mod rescue;
mod running;
mod status;
mod stop;
mod trouble;
mod trust;
mod upgrade;
