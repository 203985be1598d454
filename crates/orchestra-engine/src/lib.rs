//! What performs: the runners of the worker and of the product manager, and the doors between the crates below.
//!
//! Absent on purpose: decisions (they are `orchestra-core`'s), printing, and the environment.

pub mod guarded;
