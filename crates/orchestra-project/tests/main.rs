//! The crate's one integration test binary.

#[cfg(test)]
mod scaffold_detect;
