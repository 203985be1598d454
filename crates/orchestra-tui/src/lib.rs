//! The screens of the worker and of a conversation: state in, cells and commands out.
//!
//! [`Screen::update`] and [`Talk::update`] take what happened and say what is to be done; [`draw`] and [`draw_talk`] read and
//! change nothing. The terminal itself,
//! clocks, files and the worker are the binary's: nothing here waits, fails or reads the environment. Text of others goes
//! through one place (`text::harmless`), so that no cell ever holds anything but what can be seen.

mod complete;
mod desk;
mod diff;
mod entry;
mod feed;
mod form;
mod key;
mod markdown;
mod moment;
mod msg;
mod palette;
mod patch;
mod question;
mod screen;
mod search;
mod sheet;
mod spot;
mod talk;
#[cfg(test)]
mod testing;
mod text;
mod theme;
mod tree;
mod view;
mod viewer;
mod words;

pub use key::{Action, Keys, ROWS, Row, Where, table as key_table};
pub use moment::Moment;
pub use msg::{Command, Msg};
pub use question::Page;
pub use screen::{Busy, Screen};
pub use talk::{Talk, TalkCommand, TalkMsg};
pub use text::coloured;
pub use theme::{Background, Theme};
pub use view::{draw, draw_talk};
pub use viewer::{Reading, Want};
