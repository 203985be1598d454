//! What is on a screen, cell by cell, and without what differs from run to run.

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a terminal has each of them by itself")]
pub(super) struct Look {
    pub(super) front: Option<u8>,
    pub(super) back: Option<u8>,
    pub(super) is_bold: bool,
    pub(super) is_dim: bool,
    pub(super) is_italic: bool,
    pub(super) is_underlined: bool,
    pub(super) is_reversed: bool,
}

/// A cell. One beside a wide sign is empty.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) look: Look,
}

/// Rows of cells.
#[derive(Clone, Debug)]
pub(super) struct Grid(pub(super) Vec<Vec<Cell>>);

impl Grid {
    pub(super) fn of(screen: &vt100::Screen) -> Self {
        let (rows, columns) = screen.size();
        let cell = |row, column| {
            let cell = screen.cell(row, column).unwrap();
            let text = match cell.contents() {
                _ if cell.is_wide_continuation() => "",
                // Hints are kept together by spaces of another kind.
                "" | "\u{a0}" => " ",
                text => text,
            };
            let look = Look {
                front: colour(cell.fgcolor()),
                back: colour(cell.bgcolor()),
                is_bold: cell.bold(),
                is_dim: cell.dim(),
                is_italic: cell.italic(),
                is_underlined: cell.underline(),
                is_reversed: cell.inverse(),
            };
            Cell { text: text.to_owned(), look }
        };
        Self(
            (0..rows.get()).map(|row| (0..columns.get()).map(|column| cell(row, column)).collect()).collect(),
        )
    }

    /// Replaces what another run would show otherwise.
    pub(super) fn normalised(mut self) -> Self {
        let mut clock = 0;
        for row in &mut self.0 {
            times_of_day(row, &mut clock);
            names_of_commits(row);
            how_long(row);
        }
        self
    }
}

/// Only the terminal's own sixteen colours are used.
fn colour(colour: vt100::Color) -> Option<u8> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) if index < 16 => Some(index),
        other => panic!("a colour beyond the sixteen: {other:?}"),
    }
}

/// Each is a few seconds after the one above, whatever the clock said. Of one that something stands in front of its begin is
/// seen.
fn times_of_day(row: &mut [Cell], clock: &mut usize) {
    let is_border = |cell: &Cell| cell.text.starts_with(['│', '┌', '└']);
    let begin = |length: usize| {
        let is_cut = row.get(1 + length).is_some_and(is_border);
        (is_cut && fits(&row[1..], &"00:00:00"[..length])).then_some(length)
    };
    if row.first().is_some_and(is_border)
        && let Some(length) = (1..8).rev().find_map(begin)
    {
        put(&mut row[1..], &"12:31:02"[..length]);
        return;
    }
    let mut at = 0;
    while at < row.len() {
        let length =
            ["00:00:00", "00:00"].into_iter().find(|pattern| fits(&row[at..], pattern)).map_or(0, str::len);
        if length == 8 {
            let seconds = 2 + 7 * *clock;
            put(&mut row[at..], &format!("12:{:02}:{:02}", 31 + seconds / 60, seconds % 60));
            *clock += 1;
        } else if length == 5 {
            put(&mut row[at..], "12:31");
        }
        at += length.max(1);
    }
}

/// Seven digits and more, to the base of sixteen.
fn names_of_commits(row: &mut [Cell]) {
    let is_word = |cell: &Cell| cell.text.chars().all(char::is_alphanumeric) && !cell.text.is_empty();
    let mut at = 0;
    while at < row.len() {
        let length = row[at..].iter().take_while(|cell| is_word(cell)).count();
        let word = &row[at..at + length];
        let is_name =
            word.iter().all(|cell| cell.text.chars().all(|c| c.is_ascii_hexdigit() && !c.is_uppercase()));
        if (7..=40).contains(&length) && is_name {
            put(&mut row[at..], &"4f2c9d1e".repeat(5)[..length]);
        }
        at += length.max(1);
    }
}

/// How long something runs: the time of a tool is left out, that of a turn is always the same. What stands to the right, or to
/// the left of it at the other edge, moves.
fn how_long(row: &mut Vec<Cell>) {
    for at in (0..row.len()).rev() {
        let length = duration(&row[at..]);
        if length == 0 || at < 2 || is_digit(&row[at - 1]) {
            continue;
        }
        let before: String = row[..at].iter().map(|cell| cell.text.as_str()).collect();
        if before.ends_with("running ") {
            let cells = std::iter::repeat_n(row[at].clone(), 3);
            row.splice(at..at + length, cells);
            put(&mut row[at..], "6 s");
            // The words stand at the right edge: the gap before them is wider or narrower.
            let gap = before.trim_end().rfind("  ").expect("a gap is left of it");
            let gap = before[..gap].chars().count();
            for _ in 3..length {
                row.insert(gap, Cell { text: " ".to_owned(), ..Cell::default() });
            }
            for _ in length..3 {
                row.remove(gap);
            }
        } else if before.ends_with("  ") && before.contains(['◐', '✔', '✘']) {
            let end = row[at..].iter().position(|cell| cell.text == "│").unwrap_or(row.len() - at);
            let blank = Cell { text: " ".to_owned(), ..Cell::default() };
            row.splice(at + end..at + end, std::iter::repeat_n(blank, length + 2));
            row.drain(at - 2..at + length);
        }
    }
}

/// How many cells a duration takes that begins here: `6 s`, `1m05s`.
fn duration(cells: &[Cell]) -> usize {
    let digits = cells.iter().take_while(|cell| is_digit(cell)).count();
    let rest = &cells[digits..];
    match digits {
        1..=2
            if fits(rest, " s")
                && !rest.get(2).is_some_and(|cell| cell.text.starts_with(char::is_alphabetic)) =>
        {
            digits + 2
        }
        1..=2 if fits(rest, "m00s") => digits + 4,
        _ => 0,
    }
}

/// Whether the cells begin so; `0` stands for any digit.
fn fits(cells: &[Cell], pattern: &str) -> bool {
    let same = |(cell, sign): (&Cell, char)| match sign {
        '0' => is_digit(cell),
        sign => cell.text.chars().eq([sign]),
    };
    cells.len() >= pattern.len() && cells.iter().zip(pattern.chars()).all(same)
}

fn is_digit(cell: &Cell) -> bool {
    cell.text.len() == 1 && cell.text.starts_with(|c: char| c.is_ascii_digit())
}

fn put(cells: &mut [Cell], text: &str) {
    for (cell, sign) in cells.iter_mut().zip(text.chars()) {
        cell.text = sign.to_string();
    }
}

#[test]
fn what_differs_from_run_to_run_is_replaced_and_everything_stays_in_its_column() {
    let normalised = |text: &str| {
        let row = text.chars().map(|sign| Cell { text: sign.to_string(), ..Cell::default() }).collect();
        let rows = Grid(vec![row]).normalised().0;
        rows[0].iter().map(|cell| cell.text.as_str()).collect::<String>()
    };
    for (shown, wanted) in [
        ("│09:05:59 a line│", "│12:31:02 a line│"),
        ("│05:2│ a question │", "│12:3│ a question │"),
        ("│05:20└────────────┘", "│12:31└────────────┘"),
        (" ◆ waits for you since 23:59 ", " ◆ waits for you since 12:31 "),
        ("│ 0a1b2c3 feat: added 12345678│", "│ 4f2c9d1 feat: added 4f2c9d1e│"),
        (" shop     ● running 6 s · 84k tok ", " shop     ● running 6 s · 84k tok "),
        (" shop    ● running 16 s · 84k tok ", " shop     ● running 6 s · 84k tok "),
        (" shop   ● running 1m16s · 84k tok ", " shop     ● running 6 s · 84k tok "),
        ("│◐ run sh tests.sh  12 s   │", "│◐ run sh tests.sh         │"),
        ("│✔ run sh tests.sh  1m01s  2 lines │", "│✔ run sh tests.sh  2 lines        │"),
        ("│the last 6 s of it│", "│the last 6 s of it│"),
    ] {
        assert_eq!(normalised(shown), wanted);
    }
}
