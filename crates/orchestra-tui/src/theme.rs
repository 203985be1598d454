//! Colours and signs.
//!
//! Only the terminal's own sixteen colours: the person has chosen them to be read on their background. Nothing is said
//! by colour alone, so that without colours (`NO_COLOR`, <https://no-color.org>) nothing is missing.

use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Theme {
    /// Whether colours may be used.
    pub colours: bool,
    /// Whether signs beyond ASCII may be used.
    pub unicode: bool,
}

#[expect(clippy::unused_self, reason = "one way to ask for a style, whatever it depends on")]
impl Theme {
    fn coloured(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// What has the focus, and keys.
    pub(crate) fn accent(self) -> Style {
        self.coloured(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What matters less.
    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Headings and names.
    pub(crate) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What went well, and lines that were added.
    pub(crate) fn good(self) -> Style {
        self.coloured(Color::Green)
    }

    /// What went wrong, and lines that were removed.
    pub(crate) fn bad(self) -> Style {
        self.coloured(Color::Red)
    }

    /// What waits for the person.
    pub(crate) fn waiting(self) -> Style {
        self.coloured(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// Code in running text.
    pub(crate) fn code(self) -> Style {
        self.coloured(Color::Cyan)
    }

    /// The row that is chosen.
    pub(crate) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The sign, or what stands for it where only ASCII is shown.
    pub(crate) fn sign(self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { sign } else { ascii }
    }
}
