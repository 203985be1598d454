//! The rules of the house that no compiler and no lint holds.

mod examples;
mod tidy;
