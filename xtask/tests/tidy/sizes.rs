//! How long a file may be: 150 lines are usual, 300 a reason to look, 500 the end. Tests are not counted.

use std::io::{self, Write};

use super::{Fault, Tree, check, check_finds};

const WORTH_A_LOOK: usize = 300;
const THE_END: usize = 500;

/// Files beyond the end, with the length they may have until they are divided. A length here only goes down.
const TOO_LONG_SO_FAR: &[(&str, usize)] = &[];

fn faults(tree: &Tree, known: &[(&str, usize)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, source) in tree.rust() {
        let lines = source.line_count();
        let may_have = known.iter().find(|(name, _)| *name == path).map(|(_, lines)| *lines);
        match may_have {
            Some(most) if lines <= THE_END => faults.push(Fault::of(
                path,
                format!("has {lines} lines now: take it off TOO_LONG_SO_FAR, where it may have {most}"),
            )),
            Some(most) if lines > most => faults.push(Fault::of(
                path,
                format!("has grown from {most} to {lines} lines: divide it by what its parts are for"),
            )),
            None if lines > THE_END => faults.push(Fault::of(
                path,
                format!("has {lines} lines without its tests, {THE_END} is the end: divide it by what its parts are for"),
            )),
            Some(_) | None => {}
        }
    }
    faults
}

/// Files that are long enough to be looked at, the longest first.
fn worth_a_look(tree: &Tree) -> Vec<(usize, &str)> {
    let mut long: Vec<(usize, &str)> = tree
        .rust()
        .map(|(path, source)| (source.line_count(), path))
        .filter(|(lines, _)| *lines > WORTH_A_LOOK)
        .collect();
    long.sort_unstable_by(|a, b| b.cmp(a));
    long
}

#[test]
fn no_file_is_too_long_to_be_read_in_one_sitting() {
    let tree = Tree::of_repository();
    for (lines, path) in worth_a_look(tree) {
        writeln!(io::stderr(), "{lines} lines: {path}").unwrap();
    }
    check(&faults(tree, TOO_LONG_SO_FAR));
    let gone = TOO_LONG_SO_FAR.iter().filter(|(path, _)| !tree.has(path));
    check(&gone.map(|(path, _)| Fault::of(path, "is gone: take it off TOO_LONG_SO_FAR")).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_too_long_is_found_and_its_tests_are_not_counted() {
    let lines = |count: usize| "fn f() {}\n".repeat(count);
    let with_tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", lines(500), lines(100));
    let tree = Tree::of(&[
        ("crates/a/src/a.rs", &lines(501)),
        ("crates/a/src/b.rs", &with_tests),
        ("crates/a/src/c.rs", &lines(520)),
        ("crates/a/src/d.rs", &lines(521)),
        ("crates/a/src/e.rs", &lines(301)),
        ("crates/a/tests/main.rs", &lines(900)),
    ]);
    let known = [("crates/a/src/b.rs", 510), ("crates/a/src/c.rs", 520), ("crates/a/src/d.rs", 520)];
    check_finds(
        &faults(&tree, &known),
        &[
            "crates/a/src/a.rs: has 501 lines",
            "crates/a/src/b.rs: take it off",
            "crates/a/src/d.rs: has grown from 520 to 521",
        ],
    );
    let long: Vec<usize> = worth_a_look(&tree).into_iter().map(|(lines, _)| lines).collect();
    assert_eq!(long, [521, 520, 501, 500, 301]);
}
