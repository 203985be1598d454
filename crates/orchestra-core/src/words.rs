//! Small matters of English that every sentence shares.

use std::fmt::Display;
use std::time::Duration;

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

/// A count, shortened: `84k`, `1.2M`.
pub fn thousands(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}.{}M", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

/// How long something took, in seconds, minutes or hours: `3 s`, `12m41s`, `2h05m`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
    }
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
    fn a_count_and_a_duration_have_the_unit_that_fits() {
        assert_eq!([999, 84_999, 1_290_000].map(thousands), ["999", "84k", "1.2M"]);
        assert_eq!([59, 761, 7_500].map(|s| duration(Duration::from_secs(s))), ["59 s", "12m41s", "2h05m"]);
    }

    #[test]
    fn a_size_has_the_unit_that_fits() {
        assert_eq!([size(2600), size(1 << 20), size((1 << 28) + 5)], ["2 KiB", "1 MiB", "256 MiB"]);
    }
}
