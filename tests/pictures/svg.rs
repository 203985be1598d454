//! A screen as an SVG: rows of text on a background of its own, with colours that can be read on it.
//!
//! Each run of cells of one look is a text of its own, as wide as its cells whatever font the reader has; a wide sign stands
//! alone, at its cell.

use std::fmt::Write as _;

use super::grid::{Cell, Grid, Look};

/// Size of a cell and of the edge around all of them.
const CELL: (usize, usize) = (8, 16);
const EDGE: usize = 12;
/// Where letters stand in their cell.
const BASE: usize = 12;

const FRONT: [u8; 3] = [0xe6, 0xed, 0xf3];
const BACK: [u8; 3] = [0x0d, 0x11, 0x17];
/// The sixteen colours, all of which can be read on the background but black, which nothing is written in.
const COLOURS: [[u8; 3]; 16] = [
    [0x48, 0x4f, 0x58],
    [0xff, 0x7b, 0x72],
    [0x3f, 0xb9, 0x50],
    [0xd2, 0x99, 0x22],
    [0x58, 0xa6, 0xff],
    [0xbc, 0x8c, 0xff],
    [0x39, 0xc5, 0xcf],
    [0xb1, 0xba, 0xc4],
    [0x6e, 0x76, 0x81],
    [0xff, 0xa1, 0x98],
    [0x56, 0xd3, 0x64],
    [0xe3, 0xb3, 0x41],
    [0x79, 0xc0, 0xff],
    [0xd2, 0xa8, 0xff],
    [0x56, 0xd4, 0xdd],
    [0xff, 0xff, 0xff],
];

/// A picture of a screen. `title` is for those who do not see it.
pub(super) fn picture(title: &str, grid: &Grid) -> String {
    let columns = grid.0.first().map_or(0, Vec::len);
    let (width, height) = (columns * CELL.0 + 2 * EDGE, grid.0.len() * CELL.1 + 2 * EDGE);
    let mut svg = String::new();
    let mut line = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    line(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"13\" fill=\"{}\">",
        hex(FRONT)
    ));
    line(format!("<title>{}</title>\n<desc>Made by `cargo xtask screenshots`.</desc>", escaped(title)));
    line(format!("<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>", hex(BACK)));
    for (number, row) in grid.0.iter().enumerate() {
        for (first, cells) in runs(row) {
            for element in elements(number, first, cells) {
                line(element);
            }
        }
    }
    line("</svg>".to_owned());
    svg
}

/// Cells that look alike, with the column of the first. A wide sign is a run, and so is each side of it.
fn runs(row: &[Cell]) -> Vec<(usize, &[Cell])> {
    let is_wide = |at: usize| row.get(at + 1).is_some_and(|next| next.text.is_empty());
    let mut runs = Vec::new();
    let mut first = 0;
    while first < row.len() {
        let mut end = first + 1;
        if is_wide(first) {
            end += 1;
        } else {
            while end < row.len() && row[end].look == row[first].look && !is_wide(end) {
                end += 1;
            }
        }
        runs.push((first, &row[first..end]));
        first = end;
    }
    runs
}

/// What draws a run: its background where it has one, and its text where there is any.
fn elements(row: usize, first: usize, cells: &[Cell]) -> Vec<String> {
    let look = cells[0].look;
    let (front, back) = colours(look);
    let mut elements = Vec::new();
    let top = EDGE + row * CELL.1;
    if back != BACK {
        let (left, width) = (EDGE + first * CELL.0, cells.len() * CELL.0);
        let place = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\"", CELL.1);
        elements.push(format!("<rect {place} fill=\"{}\"/>", hex(back)));
    }
    let whole: String = cells.iter().map(|cell| cell.text.as_str()).collect();
    let text = whole.trim();
    if text.is_empty() {
        return elements;
    }
    // Blanks around it need not be drawn, unless something is drawn below them.
    let (text, set_in) = if look.is_underlined {
        (whole.as_str(), 0)
    } else {
        (text, whole.chars().take_while(|sign| *sign == ' ').count())
    };
    let left = EDGE + (first + set_in) * CELL.0;
    let mut style = String::new();
    // Writing to a String cannot fail.
    let mut add = |text: std::fmt::Arguments<'_>| style.write_fmt(text).unwrap();
    // Whatever font the reader has, columns are columns. A wide sign alone needs no more than its begin.
    if cells.iter().all(|cell| !cell.text.is_empty()) {
        add(format_args!(" textLength=\"{}\"", text.chars().count() * CELL.0));
    }
    if front != FRONT {
        add(format_args!(" fill=\"{}\"", hex(front)));
    }
    if look.is_bold {
        add(format_args!(" font-weight=\"bold\""));
    }
    if look.is_italic {
        add(format_args!(" font-style=\"italic\""));
    }
    if look.is_underlined {
        add(format_args!(" text-decoration=\"underline\""));
    }
    elements.push(format!(
        "<text x=\"{left}\" y=\"{}\" xml:space=\"preserve\"{style}>{}</text>",
        top + BASE,
        escaped(text)
    ));
    elements
}

/// Colours of letters and of what is behind them.
fn colours(look: Look) -> ([u8; 3], [u8; 3]) {
    let of = |colour: Option<u8>, default| colour.map_or(default, |colour| COLOURS[usize::from(colour)]);
    let (mut front, mut back) = (of(look.front, FRONT), of(look.back, BACK));
    if look.is_reversed {
        std::mem::swap(&mut front, &mut back);
    }
    if look.is_dim {
        let mixed =
            |one: u8, other: u8| u8::try_from((u16::from(one) * 3 + u16::from(other) * 2) / 5).unwrap();
        front = [0, 1, 2].map(|part| mixed(front[part], back[part]));
    }
    (front, back)
}

fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[test]
fn what_an_emulator_shows_is_drawn_with_its_colours_and_in_its_columns() {
    let mut parser = vt100::Parser::new(2.try_into().unwrap(), 20.try_into().unwrap(), 0);
    parser.process(
        b"\x1b[1;32mgo\x1b[0m \x1b[2m<a & b>\x1b[0m\r\n\xf0\x9f\x94\xa7 x\x1b[7m y \x1b[0m\x1b[38;5;14m!",
    );
    let svg = picture("two rows", &Grid::of(parser.screen()));
    for part in [
        "<text x=\"12\" y=\"24\" xml:space=\"preserve\" textLength=\"16\" fill=\"#3fb950\" font-weight=\"bold\">go</text>",
        // Dim is nearer to the background.
        "<text x=\"36\" y=\"24\" xml:space=\"preserve\" textLength=\"56\" fill=\"#8f959b\">&lt;a &amp; b&gt;</text>",
        "<text x=\"12\" y=\"40\" xml:space=\"preserve\">🔧</text>",
        "<text x=\"36\" y=\"40\" xml:space=\"preserve\" textLength=\"8\">x</text>",
        "<rect x=\"44\" y=\"28\" width=\"24\" height=\"16\" fill=\"#e6edf3\"/>",
        "<text x=\"52\" y=\"40\" xml:space=\"preserve\" textLength=\"8\" fill=\"#0d1117\">y</text>",
        "<text x=\"68\" y=\"40\" xml:space=\"preserve\" textLength=\"8\" fill=\"#56d4dd\">!</text>",
        "<title>two rows</title>",
    ] {
        assert!(svg.contains(part), "{part}\n{svg}");
    }
}
