//! The names of files that are being written: beside their place, until they are whole and get their own name.
//!
//! A kill leaves such a file behind. By its name it is known for what it is, and for whose.

/// How such a name begins.
const PREFIX: &str = ".orchestra-tmp-";
/// The most digits of either number.
const MOST_DIGITS: usize = 16;

/// The name under which a process writes a file; `number` tells it from its others.
pub fn name(process: u32, number: u64) -> String {
    format!("{PREFIX}{process}-{number:x}")
}

/// The process that writes, or wrote, a file of this name; `None` for a name that only somebody else could have given.
pub fn writer_of(name: &[u8]) -> Option<u64> {
    let (process, number) = std::str::from_utf8(name).ok()?.strip_prefix(PREFIX)?.split_once('-')?;
    let is_of = |text: &str, digit: fn(&u8) -> bool| {
        (1..=MOST_DIGITS).contains(&text.len()) && text.as_bytes().iter().all(digit)
    };
    let is_ours = is_of(process, u8::is_ascii_digit) && is_of(number, u8::is_ascii_hexdigit);
    if is_ours { process.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_who_writes_and_every_name_that_we_give_is_known() {
        for number in [0, 1, u64::MAX] {
            for process in [1, u32::MAX] {
                assert_eq!(writer_of(name(process, number).as_bytes()), Some(process.into()));
            }
        }
        for other in
            ["", "a", ".orchestra-tmp-", ".orchestra-tmp-x-1", ".orchestra-tmp-1-g", ".orchestra-tmp-1"]
        {
            assert_eq!(writer_of(other.as_bytes()), None, "{other}");
        }
        assert_eq!(writer_of(b".orchestra-tmp-\xff-1"), None);
        assert_eq!(writer_of(b".orchestra-tmp-1-00000000000000000"), None);
    }
}
