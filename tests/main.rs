//! The real program in real repositories.

#[cfg(test)]
mod kills;
#[cfg(test)]
mod trouble;
