//! Tests of the crate as a whole: real processes, real files, no network.

#[cfg(test)]
mod support;

#[cfg(test)]
mod acp;
#[cfg(test)]
mod claude;
#[cfg(test)]
mod command;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod http;
#[cfg(test)]
mod pausing;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tools;
#[cfg(test)]
mod tools_paths;
#[cfg(test)]
mod tools_run;
#[cfg(test)]
mod tools_search;
