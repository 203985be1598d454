//! Durations and sizes as people write them.

use std::time::Duration;

/// The longest duration, so that sums of a few cannot overflow.
const MAX: Duration = Duration::from_hours(24 * 366);

/// Units of time in milliseconds, the longest first.
const TIMES: &[(&str, u64)] = &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size in bytes, those for showing first, the largest first.
const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("", 1),
];

/// Reads `2h`, `20m`, `2s`, `500ms`, `1h30m`, `1d`; at most a year.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = 0_u64;
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = after[..end].trim();
        let (_, factor) = TIMES.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.checked_mul(*factor)?)?;
        rest = &after[end..];
    }
    let duration = Duration::from_millis(sum);
    (duration <= MAX).then_some(duration)
}

/// Writes what [`parse_duration`] reads.
pub(super) fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in TIMES.iter().filter(|(unit, _)| *unit != "d") {
        if rest >= *factor {
            text.push_str(&(rest / factor).to_string());
            text.push_str(unit);
            rest %= factor;
        }
    }
    text
}

/// Reads `64MiB`, `1GiB`, `500kB` or a number of bytes.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text.trim())?;
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit.trim())?;
    number.checked_mul(*factor)
}

/// Writes what [`parse_size`] reads.
pub(super) fn show_size(bytes: u64) -> String {
    let unit = SIZES[..4].iter().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    unit.map_or_else(|| format!("{bytes}B"), |(unit, factor)| format!("{}{unit}", bytes / factor))
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_back_as_they_were_written() {
        for text in ["2h", "20m", "2s", "1h30m", "500ms", "1h1m1s1ms", "0s", "240h"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&show_duration(duration)), Some(duration), "{text}");
        }
        assert_eq!(show_duration(parse_duration("90m").unwrap()), "1h30m");
        for text in ["", "2", "h", "2 weeks", "-2s", "2.5h", "9999999999h", "18446744073709551616s", "2h x"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_read_back_as_they_were_written() {
        for (text, bytes) in [("64MiB", 64 << 20), ("1GiB", 1 << 30), ("500kB", 500_000), ("7", 7), ("0", 0)]
        {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
            assert_eq!(parse_size(&show_size(bytes)), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "64 mib", "-1", "1.5GiB", "99999999999GiB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
