//! Tests of the crate as a whole: real processes, real files, no network.

#[cfg(test)]
mod support;

#[cfg(test)]
mod command;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod http;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod streams;
