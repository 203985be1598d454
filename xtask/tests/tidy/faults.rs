//! `docs/faults.md`: every row of the list of faults has a line, and a test whose name begins with its number.

use std::collections::BTreeSet;

use super::{Fault, Tree, check, check_finds};

const DOCUMENT: &str = "docs/faults.md";

/// Rows that the document must have, first and last of each run.
const ROWS: [(char, u32, u32); 9] = [
    ('F', 1, 16),
    ('F', 20, 37),
    ('F', 40, 46),
    ('F', 50, 58),
    ('F', 60, 88),
    ('A', 1, 10),
    ('A', 32, 32),
    ('A', 54, 58),
    ('A', 63, 63),
];

/// A row that has none begins its last column so, and says why.
const NO_TEST: &str = "no test";

fn faults(tree: &Tree) -> Vec<Fault> {
    let Some(text) = tree.text(DOCUMENT) else { return vec![Fault::of(DOCUMENT, "is not there")] };
    let tests: BTreeSet<String> = tree.texts().flat_map(|(path, text)| rows_of_tests(path, text)).collect();
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, line) in text.lines().enumerate() {
        let mut columns = line.split('|').map(str::trim).skip(1);
        let Some(row) = columns.next().filter(|row| is_row(row)) else { continue };
        let answer = columns.nth(1).unwrap_or_default();
        if !seen.insert(row.to_owned()) {
            faults.push(Fault::at(DOCUMENT, number + 1, format!("{row} stands here twice")));
        }
        if !answer.starts_with(NO_TEST) && !tests.contains(&row.to_lowercase()) {
            let what = format!(
                "{row} has no test: name one `{}_…`, or say `{NO_TEST}: ` and why",
                row.to_lowercase()
            );
            faults.push(Fault::at(DOCUMENT, number + 1, what));
        }
    }
    for (letter, first, last) in ROWS {
        let rows = (first..=last).map(|number| format!("{letter}{number:02}"));
        let missing = rows.filter(|row| !seen.contains(row));
        faults.extend(missing.map(|row| Fault::of(DOCUMENT, format!("says nothing of {row}"))));
    }
    faults
}

fn is_row(text: &str) -> bool {
    text.len() == 3 && text.starts_with(['F', 'A']) && text[1..].bytes().all(|byte| byte.is_ascii_digit())
}

/// The rows with which the names of functions begin: `fn f07_f08_killed…` is of both.
fn rows_of_tests(path: &str, text: &str) -> Vec<String> {
    if path.rsplit('.').next() != Some("rs") {
        return Vec::new();
    }
    let names =
        text.lines().filter_map(|line| line.trim_start().trim_start_matches("async ").strip_prefix("fn "));
    let rows = names.flat_map(|name| name.split('_').take_while(|part| is_row(&part.to_uppercase())));
    rows.map(str::to_owned).collect()
}

#[test]
fn every_fault_has_a_line_and_a_test() {
    check(&faults(Tree::of_repository()));
}

#[test]
fn a_row_without_a_test_or_without_a_line_is_found() {
    let all: String = ROWS
        .iter()
        .flat_map(|(letter, first, last)| (*first..=*last).map(move |number| format!("{letter}{number:02}")))
        .filter(|row| row != "F88")
        .map(|row| match row.as_str() {
            "F07" | "F08" => format!("| {row} | killed | goes on |\n"),
            _ => format!("| {row} | killed | no test: nobody can |\n"),
        })
        .collect();
    let tree = Tree::of(&[(DOCUMENT, all.as_str()), ("tests/a.rs", "fn f08_f09_it_goes_on() {}\n")]);
    check_finds(
        &faults(&tree),
        &["docs/faults.md:7: F07 has no test", "docs/faults.md: says nothing of F88"],
    );
}
