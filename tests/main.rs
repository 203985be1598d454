//! The real program in real repositories.

#[cfg(test)]
mod agents;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod trouble;
