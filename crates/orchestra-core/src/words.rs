//! Small matters of English that every sentence shares.

use std::fmt::Display;

/// A number with its noun: `1 commit`, `2 commits`.
///
/// The noun is one that takes an `s`.
pub fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_no_s() {
        assert_eq!(
            [counted(0, "line"), counted(1, "line"), counted(2, "line")],
            ["0 lines", "1 line", "2 lines"]
        );
    }
}
