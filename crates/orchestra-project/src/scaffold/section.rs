//! A marked section in a file that belongs to somebody else.
//!
//! Works on bytes: every byte outside of the section stays, whatever the encoding and the line endings are.
//! Setting the same section twice changes nothing the second time, and taking it out gives the bytes from before.

use thiserror::Error;

/// How the marks of a section are written.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    begin: &'static str,
    end: &'static str,
    has_fences: bool,
}

/// Marks in Markdown.
pub const MARKDOWN: Marks =
    Marks { begin: "<!-- orchestra:begin -->", end: "<!-- orchestra:end -->", has_fences: true };
/// Marks in a file whose comments begin with `#`.
pub const COMMENT: Marks = Marks { begin: "# orchestra:begin", end: "# orchestra:end", has_fences: false };

/// Says why a section cannot be set: its place would have to be guessed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SectionFault {
    /// One mark without the other, or in the wrong order.
    #[error("one of the marks `orchestra:begin` and `orchestra:end` is missing")]
    Unpaired,
    /// More than one section.
    #[error("the marks `orchestra:begin` and `orchestra:end` stand there more than once")]
    Repeated,
}

impl Marks {
    /// Puts `section` between the marks, at the end of the file where there are none yet. `section` ends its lines
    /// with `\n`; what is written has the file's own line endings.
    pub fn set(&self, file: &[u8], section: &str) -> Result<Vec<u8>, SectionFault> {
        let newline = line_ending(file);
        let text = format!("{}\n{section}{}", self.begin, self.end).replace('\n', newline);
        if let Some((start, end)) = self.find(file)? {
            return Ok([&file[..start], text.as_bytes(), &file[end..]].concat());
        }
        if file.is_empty() {
            return Ok(format!("{text}{newline}").into_bytes());
        }
        // A file without a newline at its end keeps that, so that nothing but the section is new.
        let (gap, tail) =
            if file.ends_with(b"\n") { (newline.to_owned(), newline) } else { (newline.repeat(2), "") };
        Ok([file, gap.as_bytes(), text.as_bytes(), tail.as_bytes()].concat())
    }

    /// Where the section lies, from the first byte of its first mark to the last byte of its second.
    pub fn find(&self, file: &[u8]) -> Result<Option<(usize, usize)>, SectionFault> {
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        let (mut at, mut fence) = (0, None);
        for line in file.split_inclusive(|byte| *byte == b'\n') {
            let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let text = line.trim_ascii();
            if self.has_fences {
                fence = fence_after(fence, text);
            }
            if fence.is_none() && text == self.begin.as_bytes() {
                begins.push(at + indent);
            }
            if fence.is_none() && text == self.end.as_bytes() {
                ends.push(at + indent + text.len());
            }
            at += line.len();
        }
        match (begins.as_slice(), ends.as_slice()) {
            ([], []) => Ok(None),
            ([begin], [end]) if begin < end => Ok(Some((*begin, *end))),
            ([], _) | (_, []) | ([_], [_]) => Err(SectionFault::Unpaired),
            _ => Err(SectionFault::Repeated),
        }
    }
}

/// The code fence that is open after a line: its sign and how often it stands there.
pub(crate) fn fence_after(open: Option<(u8, usize)>, line: &[u8]) -> Option<(u8, usize)> {
    let Some(sign) = line.first().copied().filter(|sign| matches!(sign, b'`' | b'~')) else { return open };
    let length = line.iter().take_while(|byte| **byte == sign).count();
    match open {
        None if length >= 3 => Some((sign, length)),
        Some((opened, least)) if sign == opened && length >= least && line.len() == length => None,
        other => other,
    }
}

/// The line ending that a file uses: that of its first line.
pub(crate) fn line_ending(file: &[u8]) -> &'static str {
    match file.iter().position(|byte| *byte == b'\n') {
        Some(at) if at > 0 && file[at - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(file: &str) -> String {
        String::from_utf8(MARKDOWN.set(file.as_bytes(), "new\n").unwrap()).unwrap()
    }

    #[test]
    fn a_section_is_added_once_and_nothing_else_changes() {
        for (file, wanted) in [
            ("", "<!-- orchestra:begin -->\nnew\n<!-- orchestra:end -->\n"),
            ("# A\n", "# A\n\n<!-- orchestra:begin -->\nnew\n<!-- orchestra:end -->\n"),
            ("# A", "# A\n\n<!-- orchestra:begin -->\nnew\n<!-- orchestra:end -->"),
            ("# A\r\n", "# A\r\n\r\n<!-- orchestra:begin -->\r\nnew\r\n<!-- orchestra:end -->\r\n"),
        ] {
            assert_eq!(set(file), wanted);
            assert_eq!(set(wanted), wanted);
        }
    }

    #[test]
    fn a_section_is_refreshed_in_its_place() {
        assert_eq!(
            set("a\r\n<!-- orchestra:begin -->\r\nold\r\nold\r\n<!-- orchestra:end -->\r\nb"),
            "a\r\n<!-- orchestra:begin -->\r\nnew\r\n<!-- orchestra:end -->\r\nb"
        );
        let odd = b"\xef\xbb\xbf\xff\n<!-- orchestra:begin -->\n<!-- orchestra:end -->\n\xfe";
        let new = MARKDOWN.set(odd, "new\n").unwrap();
        assert!(new.starts_with(b"\xef\xbb\xbf\xff\n<!--") && new.ends_with(b"-->\n\xfe"));
    }

    #[test]
    fn marks_in_a_code_block_are_text() {
        let file = "````md\n```\n<!-- orchestra:begin -->\n````\n";
        assert_eq!(MARKDOWN.find(file.as_bytes()), Ok(None));
        assert!(set(file).starts_with(file));
    }

    #[test]
    fn marks_that_do_not_pair_are_left_alone() {
        let (begin, end) = ("<!-- orchestra:begin -->\n", "<!-- orchestra:end -->\n");
        for (file, fault) in [
            (begin.to_owned(), SectionFault::Unpaired),
            (end.to_owned(), SectionFault::Unpaired),
            (format!("{end}{begin}"), SectionFault::Unpaired),
            (format!("{begin}{end}{begin}{end}"), SectionFault::Repeated),
        ] {
            assert_eq!(MARKDOWN.set(file.as_bytes(), "new\n"), Err(fault));
        }
    }
}
