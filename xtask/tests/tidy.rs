//! What HOUSE-STYLE asks of the whole repository, one rule a file.
//!
//! A rule takes a [`Tree`] and says what is wrong, each fault with its place and what to do about it. Each rule is
//! tried twice: on the repository, and on a small tree that breaks it, so that none of them passes by looking
//! nowhere.
//!
//! Absent on purpose: what `rustfmt`, `clippy` and `cargo deny` hold already.

mod arrows;
mod calls;
mod faults;
mod git_verbs;
mod links;
mod modules;
mod packages;
mod places;
mod sizes;
mod source;
mod tree;

pub(crate) use tree::{Fault, Tree};

/// Fails with every fault that a rule found.
#[track_caller]
pub(crate) fn check(faults: &[Fault]) {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{} to mend:\n{}", faults.len(), lines.join("\n"));
}

/// Fails unless a rule finds exactly these faults, each as `place: a part of what is said`.
#[track_caller]
pub(crate) fn check_finds(faults: &[Fault], expected: &[&str]) {
    let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let fits = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            let (place, words) = expected.split_once(": ").expect("an expectation is `place: words`");
            found.starts_with(&format!("{place}: ")) && found.contains(words)
        });
    assert!(fits, "found:\n{}\nexpected:\n{}", found.join("\n"), expected.join("\n"));
}
