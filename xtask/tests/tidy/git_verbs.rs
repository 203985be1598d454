//! What git is never told to do: everything that could overwrite or throw away a person's work.

use super::source::Source;
use super::{Fault, Tree, check, check_finds};

/// Arguments that are forbidden wherever they stand.
const FORBIDDEN: &[&str] = &["stash", "clean", "--hard", "--force", "--force-with-lease"];

/// A verb with a short flag that forces it.
const FORCED: &[(&str, &str)] = &[("checkout", "-f"), ("push", "-f"), ("switch", "-f"), ("branch", "-D")];

/// The same as one text, as a shell would be given it.
const LINES: &[&str] = &[
    "git stash",
    "git clean",
    "reset --hard",
    "checkout -f",
    "checkout --force",
    "push -f",
    "push --force",
    "worktree remove --force",
    "worktree remove -f",
];

/// Places where one of these words is something else.
const NO_ARGUMENTS: &[(&str, &str, &str)] = &[
    ("crates/orchestra-git/src/config.rs", "clean", "a variable of a filter, which is switched off"),
    ("crates/orchestra-git/src/program.rs", "clean", "a variable of a filter, which is switched off"),
    ("crates/orchestra-git/src/programs.rs", "clean", "a variable of a filter, which is asked about"),
];

/// How many lines an argument list is looked at for.
const REACH: usize = 3;

fn faults(tree: &Tree, known: &[(&str, &str, &str)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, source) in tree.rust().filter(|(path, _)| !path.starts_with("xtask/")) {
        for (line, what) in found_in(source) {
            let is_known = known.iter().any(|(name, word, _)| *name == path && *word == what);
            if !is_known {
                let what = format!(
                    "`{what}` can cost a person's work: save it under a rescue ref and put back single paths instead \
                     (DESIGN section 4); if it is no argument of git, list it in NO_ARGUMENTS"
                );
                faults.push(Fault::at(path, line, what));
            }
        }
    }
    faults
}

/// The forbidden words of a file outside of its tests: there, a person may do what we do not.
fn found_in(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let literals: Vec<(usize, &str)> = source
        .literals
        .iter()
        .filter(|(line, _)| !source.is_test_line(*line))
        .map(|(line, text)| (*line, text.as_str()))
        .collect();
    for (at, (line, text)) in literals.iter().enumerate() {
        if FORBIDDEN.contains(text) {
            found.push((*line, (*text).to_owned()));
        }
        found.extend(
            LINES.iter().filter(|words| text.contains(**words)).map(|words| (*line, (*words).to_owned())),
        );
        let is_flag_of = |verb: &str| {
            literals[..at]
                .iter()
                .rev()
                .take_while(|(above, _)| above + REACH >= *line)
                .any(|(_, word)| *word == verb)
        };
        let forced = FORCED.iter().filter(|(verb, flag)| flag == text && is_flag_of(verb));
        found.extend(forced.map(|(verb, flag)| (*line, format!("{verb} {flag}"))));
    }
    found
}

#[test]
fn git_is_never_told_to_throw_work_away() {
    check(&faults(Tree::of_repository(), NO_ARGUMENTS));
}

#[test]
fn a_verb_that_throws_work_away_is_found() {
    let tree = Tree::of(&[
        ("crates/a/src/a.rs", "fn a() { git([\"stash\", \"-q\"]); git(&[\"reset\", \"--hard\"]); }"),
        (
            "crates/a/src/b.rs",
            "fn a() { git([\n\"checkout\",\n\"-q\",\n\"-f\",\n]);\n\n\ngit([\"checkout-index\", \"-f\"]); }",
        ),
        (
            "crates/a/src/c.rs",
            "fn a() { sh(\"cd x && git stash pop\"); /* \"stash\" */ let b = \"stashed\"; }",
        ),
        (
            "crates/a/src/d.rs",
            "const A: &str = \"clean\";\n#[cfg(test)]\nmod tests { const B: &str = \"--force\"; }",
        ),
    ]);
    check_finds(
        &faults(&tree, &[("crates/a/src/d.rs", "clean", "it is something else")]),
        &[
            "crates/a/src/a.rs:1: `stash`",
            "crates/a/src/a.rs:1: `--hard`",
            "crates/a/src/b.rs:4: `checkout -f`",
            "crates/a/src/c.rs:1: `git stash`",
        ],
    );
}
