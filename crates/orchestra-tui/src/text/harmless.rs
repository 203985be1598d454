//! Shows what would otherwise do something.

use std::fmt::Write;

use super::columns;

/// Tabs go to the next multiple of this many columns.
const TAB: usize = 4;

/// Makes text of others harmless: what would do something to a terminal or to the order of signs is shown instead.
///
/// C0 controls and DEL become their pictures (`␛`), or `^[` where only ASCII is shown. C1 controls, bidirectional
/// controls (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>), the separators of lines and
/// paragraphs and the byte order mark become `\u{…}`. A tab becomes spaces, `\r\n` and a lone `\r` become a newline,
/// which is the only control character that is left.
pub(crate) fn harmless(text: &str, unicode: bool) -> String {
    let mut shown = Shown::new(unicode);
    for character in text.chars() {
        shown.push(character);
    }
    shown.take()
}

/// Harmless text that grows.
pub(super) struct Shown {
    unicode: bool,
    text: String,
    /// The column of the line at which `text[measured..]` begins.
    column: usize,
    measured: usize,
    after_return: bool,
}

impl Shown {
    pub(super) fn new(unicode: bool) -> Self {
        Self { unicode, text: String::new(), column: 0, measured: 0, after_return: false }
    }

    pub(super) fn push(&mut self, character: char) {
        let second_of_two = self.after_return && character == '\n';
        self.after_return = character == '\r';
        match character {
            '\n' if second_of_two => {}
            '\n' | '\r' => {
                self.text.push('\n');
                self.column = 0;
                self.measured = self.text.len();
            }
            '\t' => {
                self.measure();
                let spaces = TAB - self.column % TAB;
                self.text.extend(std::iter::repeat_n(' ', spaces));
            }
            '\0'..='\x1f' | '\x7f' => self.push_control(character),
            _ if is_hidden(character) => {
                write!(self.text, "\\u{{{:x}}}", u32::from(character)).expect("a string takes everything");
            }
            _ => self.text.push(character),
        }
    }

    /// A C0 control or DEL: its picture, or the key that is held with Control to type it.
    fn push_control(&mut self, character: char) {
        let code = u32::from(character);
        if self.unicode {
            let picture = if character == '\x7f' { 0x2421 } else { 0x2400 + code };
            self.text.push(char::from_u32(picture).expect("the block of control pictures has no holes here"));
        } else {
            self.text.push('^');
            self.text.push(char::from_u32(code ^ 0x40).expect("seven bits are a character"));
        }
    }

    fn measure(&mut self) {
        self.column += columns(&self.text[self.measured..]);
        self.measured = self.text.len();
    }

    /// Whether the text that was not yet taken out ends with a newline.
    pub(super) fn ends_line(&self) -> bool {
        self.text.ends_with('\n')
    }

    /// Takes out the text so far; the column goes on.
    pub(super) fn take(&mut self) -> String {
        self.measure();
        self.measured = 0;
        std::mem::take(&mut self.text)
    }
}

/// Whether the character is not seen and does something: C1, bidirectional controls, separators, byte order mark.
pub(super) fn is_hidden(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}
