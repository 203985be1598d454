//! Small matters of English that every sentence shares.

use std::fmt::Display;

/// A number with its noun: `1 commit`, `2 commits`.
///
/// The noun is one that takes `s` or, after an `s`, `es`.
pub fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    let ending = match count.as_str() {
        "1" => "",
        _ if noun.ends_with('s') => "es",
        _ => "s",
    };
    format!("{count} {noun}{ending}")
}

/// A size in bytes with its unit, rounded down: `12 KiB`, `300 MiB`.
pub fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes < MIB { format!("{} KiB", bytes / 1024) } else { format!("{} MiB", bytes / MIB) }
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

    #[test]
    fn a_size_has_the_unit_that_fits() {
        assert_eq!([size(2600), size(1 << 20), size((1 << 28) + 5)], ["2 KiB", "1 MiB", "256 MiB"]);
    }
}
