//! The worker's screen: state in, cells and commands out.
//!
//! [`Screen::update`] takes what happened and says what is to be done; [`draw`] reads and changes nothing. The terminal itself,
//! clocks, files and the worker are the binary's: nothing here waits, fails or reads the environment. Text of others goes
//! through one place (`text::harmless`), so that no cell ever holds anything but what can be seen.

mod desk;
mod entry;
mod feed;
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
pub use text::coloured;
pub use theme::{Background, Theme};
pub use view::draw;
pub use viewer::{Reading, Want};
