//! Paths on one line, as git quotes them: `"a\nb"`, with octal escapes for what is not printable ASCII.

/// Quotes bytes as a C string; always with quotes around it.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', byte as char]),
            b' '..=b'~' => text.push(byte as char),
            _ => {
                text.push('\\');
                text.extend([6, 3, 0].map(|shift| char::from(b'0' + ((byte >> shift) & 7))));
            }
        }
    }
    text.push('"');
    text
}

/// Reads what [`quoted`] writes.
pub(crate) fn unquoted(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut bytes = Vec::with_capacity(text.len());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next()? {
            plain @ (b'"' | b'\\') => bytes.push(plain),
            first => {
                let digits = [first, rest.next()?, rest.next()?];
                let value = digits.iter().try_fold(0_u32, |value, digit| {
                    (digit as &u8).is_ascii_digit().then(|| value * 8 + u32::from(digit - b'0'))
                })?;
                bytes.push(u8::try_from(value).ok()?);
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_reads_back_from_one_line_of_ascii() {
        let all: Vec<u8> = (1..=255).collect();
        let text = quoted(&all);
        assert!(text.is_ascii() && !text.contains('\n'));
        assert_eq!(unquoted(&text), Some(all));
        for broken in ["", "\"", "\"\\\"", "\"\\9\"", "\"\\12\"", "\"\\777\"", "x"] {
            assert_eq!(unquoted(broken), None, "{broken}");
        }
    }
}
