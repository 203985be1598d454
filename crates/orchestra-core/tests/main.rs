//! Tests from outside the crate: data files, round trips, hostile input, properties.

#[cfg(test)]
mod case;
#[cfg(test)]
mod config;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http_agents;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod schedule;
