//! Colours and signs.
//!
//! Only the terminal's own sixteen colours: the person has chosen them to be read on their background. Nothing is said
//! by colour alone, so that without colours (`NO_COLOR`, <https://no-color.org>) nothing is missing.
//!
//! Of the sixteen, common palettes make green, yellow and cyan too bright for a light background, and blue too dark for a dark
//! one, so there are two sets. Which background it is, a terminal says in `COLORFGBG`, or not at all; asked for it (OSC 11) it
//! answers late or never, and among the keys, where an answer could be taken for one. Without a word it is dark.

use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Theme {
    /// Whether colours may be used.
    pub colours: bool,
    /// Whether signs beyond ASCII may be used.
    pub unicode: bool,
    /// What is behind the text.
    pub background: Background,
}

/// What is behind the text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Background {
    /// Dark, or nobody knows.
    #[default]
    Dark,
    /// Light.
    Light,
}

impl Background {
    /// Reads what rxvt, Konsole, iTerm2 and others put into `COLORFGBG`: the colours of text and background, `0;15`.
    pub fn of_colorfgbg(value: &str) -> Self {
        match value.rsplit(';').next().map(str::parse::<u8>) {
            Some(Ok(7 | 9..=15)) => Self::Light,
            Some(Ok(_) | Err(_)) | None => Self::Dark,
        }
    }
}

#[expect(clippy::unused_self, reason = "one way to ask for a style, whatever it depends on")]
impl Theme {
    fn coloured(self, dark: Color, light: Color) -> Style {
        match (self.colours, self.background) {
            (false, _) => Style::new(),
            (true, Background::Dark) => Style::new().fg(dark),
            (true, Background::Light) => Style::new().fg(light),
        }
    }

    /// What has the focus, and keys.
    pub(crate) fn accent(self) -> Style {
        self.coloured(Color::Cyan, Color::Blue).add_modifier(Modifier::BOLD)
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
        self.coloured(Color::Green, Color::Blue)
    }

    /// What went wrong, and lines that were removed.
    pub(crate) fn bad(self) -> Style {
        self.coloured(Color::Red, Color::Red)
    }

    /// What waits for the person.
    pub(crate) fn waiting(self) -> Style {
        self.coloured(Color::Yellow, Color::Magenta).add_modifier(Modifier::BOLD)
    }

    /// Code in running text.
    pub(crate) fn code(self) -> Style {
        self.coloured(Color::Cyan, Color::Blue)
    }

    /// Words of a programming language.
    pub(crate) fn word(self) -> Style {
        self.coloured(Color::Magenta, Color::Magenta)
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

#[cfg(test)]
mod tests;
