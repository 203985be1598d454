//! The pictures of the documents: made from the real program, and held against what it shows now.
//!
//! `cargo xtask screenshots` writes them to `docs/pictures`. What another run, another machine or another day makes different
//! is replaced by something of the same kind: times, how long something took, the names of commits. Everything else is as it
//! was on the screen.

mod grid;
mod scenes;
mod svg;

use std::fs;
use std::path::PathBuf;

use orchestra_testkit::Emulator;

use self::grid::Grid;

/// Set by `cargo xtask screenshots`: the pictures are written.
const WRITE: &str = "ORCHESTRA_PICTURES";

/// Holds a picture against what is on the screen, or writes it.
fn compare(name: &str, title: &str, screen: &Emulator) {
    let picture = svg::picture(title, &Grid::of(screen.cells()).normalised());
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/pictures/{name}.svg"));
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, picture).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let other = picture.lines().zip(found.lines().chain(std::iter::repeat("")));
    let differs = other.clone().find(|(now, before)| now != before);
    assert!(
        found == picture,
        "docs/pictures/{name}.svg is not what the program shows: `cargo xtask screenshots` makes it anew\n\
         first: {differs:?}\n{}",
        screen.screen()
    );
}
