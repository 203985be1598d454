//! The loop over three wires, against a server on this machine: what comes out, what is sent, and what is kept.

mod desk;

mod built_in;
mod condense;
mod faults;
mod kept;
mod keys;
mod sent;
mod spoken;
mod tls;
mod tools;
