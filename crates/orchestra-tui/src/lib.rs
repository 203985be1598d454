//! The worker's screen: state in, cells and commands out.

mod theme;

pub use theme::Theme;
