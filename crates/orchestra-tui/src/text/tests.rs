use super::{ansi, harmless};
use crate::theme::Theme;

#[test]
fn controls_are_shown() {
    assert_eq!(harmless("a\x1b\tb\r\nc\u{9b}", true), "a␛  b\nc\\u{9b}");
    assert_eq!(ansi("\x1b[31mred\x1b[0m", Theme { colours: true, unicode: true }).len(), 1);
}
