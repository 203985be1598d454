//! Cuts a stream of bytes into lines, within a bound of memory.

use std::io::BufRead;

/// What happens to a line that is longer than the limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Overlong {
    /// It comes in several pieces, never inside a UTF-8 character.
    Split,
    /// It is left out and its length is told.
    Drop,
}

/// One piece of a stream.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Piece<'a> {
    /// A line without its end, or the last one of a stream that does not end in one.
    Line(&'a [u8]),
    /// A part of a line that goes on.
    Part(&'a [u8]),
    /// A line was left out; it had this many bytes.
    LeftOut(u64),
}

/// Cuts a stream into [`Piece`]s. Where its chunks begin and end makes no difference, but for parts.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    overlong: Overlong,
    buffer: Vec<u8>,
    left_out: u64,
}

impl Lines {
    pub(crate) fn new(limit: usize, overlong: Overlong) -> Self {
        Self { limit: limit.max(8), overlong, buffer: Vec::new(), left_out: 0 }
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(Piece<'_>)) {
        while let Some(end) = find_line_end(bytes) {
            self.extend(&bytes[..end], &mut each);
            self.end_line(&mut each);
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes, &mut each);
    }

    /// Gives out what is left at the end of the stream.
    pub(crate) fn finish(&mut self, mut each: impl FnMut(Piece<'_>)) {
        if !self.buffer.is_empty() || self.left_out > 0 {
            self.end_line(&mut each);
        }
    }

    fn extend(&mut self, mut bytes: &[u8], each: &mut impl FnMut(Piece<'_>)) {
        if self.left_out > 0 {
            self.left_out += bytes.len() as u64;
            return;
        }
        while self.buffer.len() + bytes.len() > self.limit {
            match self.overlong {
                Overlong::Drop => {
                    self.left_out = (self.buffer.len() + bytes.len()) as u64;
                    // The memory goes too, not only its content.
                    self.buffer = Vec::new();
                    return;
                }
                Overlong::Split => {
                    let (fits, rest) = bytes.split_at(self.limit - self.buffer.len());
                    self.buffer.extend_from_slice(fits);
                    bytes = rest;
                    let cut = character_border(&self.buffer);
                    each(Piece::Part(&self.buffer[..cut]));
                    self.buffer.drain(..cut);
                }
            }
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn end_line(&mut self, each: &mut impl FnMut(Piece<'_>)) {
        if self.left_out > 0 {
            each(Piece::LeftOut(std::mem::take(&mut self.left_out)));
        } else {
            each(Piece::Line(self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer)));
            self.buffer.clear();
        }
    }
}

/// Finds the next newline. The standard library's reader does it with the system's own search, which matters when
/// a program prints a gigabyte without one.
fn find_line_end(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    // Reading from memory cannot fail.
    let skipped = rest.skip_until(b'\n').unwrap_or(bytes.len());
    skipped.checked_sub(1).filter(|end| bytes[*end] == b'\n')
}

/// The last place at which bytes can be cut without cutting a character in two.
fn character_border(bytes: &[u8]) -> usize {
    let is_continuation = |byte: u8| byte & 0b1100_0000 == 0b1000_0000;
    for back in 1..=bytes.len().min(4) {
        let start = bytes.len() - back;
        let byte = bytes[start];
        if !is_continuation(byte) {
            let needed = match byte {
                0b1100_0000..=0b1101_1111 => 2,
                0b1110_0000..=0b1110_1111 => 3,
                0b1111_0000..=0b1111_0111 => 4,
                _ => 1,
            };
            return if needed > back && start > 0 { start } else { bytes.len() };
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(limit: usize, overlong: Overlong, chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(limit, overlong);
        let mut pieces = Vec::new();
        let mut note = |piece: Piece<'_>| {
            pieces.push(match piece {
                Piece::Line(line) => String::from_utf8_lossy(line).into_owned(),
                Piece::Part(part) => format!("{}…", String::from_utf8_lossy(part)),
                Piece::LeftOut(count) => format!("({count})"),
            });
        };
        for chunk in chunks {
            lines.push(chunk, &mut note);
        }
        lines.finish(&mut note);
        pieces
    }

    #[test]
    fn an_overlong_line_comes_in_parts_or_not_at_all() {
        let text = "short\r\n0123456789ab\nend".as_bytes();
        assert_eq!(cut(8, Overlong::Split, &[text]), ["short", "01234567…", "89ab", "end"]);
        assert_eq!(cut(8, Overlong::Drop, &[text]), ["short", "(12)", "end"]);
    }

    #[test]
    fn a_part_never_ends_inside_a_character() {
        assert_eq!(cut(8, Overlong::Split, &["1234567äb".as_bytes()]), ["1234567…", "äb"]);
        assert_eq!(cut(8, Overlong::Split, &[&[0x80; 20]]).len(), 3);
    }

    proptest! {
        #[test]
        fn where_chunks_begin_makes_no_difference_to_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            border in 0_usize..200,
        ) {
            let border = border.min(bytes.len());
            let (one, two) = bytes.split_at(border);
            prop_assert_eq!(
                cut(20, Overlong::Drop, &[one, two]),
                cut(20, Overlong::Drop, &[&bytes])
            );
        }
    }
}
