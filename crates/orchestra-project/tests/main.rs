//! What needs more than one process, or a machine that is short of something.

#[cfg(test)]
mod child;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod processes;
