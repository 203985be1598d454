//! What code may not call: the world in core, and in tests what makes them slow, silent or dependent on each other.

use super::source::Source;
use super::{Fault, Tree, check, check_finds};

/// The modules of the standard library that reach outside of the program.
const WORLD: &[&str] = &["env", "fs", "net", "process"];

/// Tests that may wait for time to pass, and why nothing else will do.
const MAY_SLEEP: &[(&str, &str)] = &[
    (
        "crates/orchestra-agent/tests/support.rs",
        "waits for what another process does to a file or to the list of processes, which sends no event",
    ),
    (
        "crates/orchestra-agent/tests/claude.rs",
        "lets the time pass after which a silence would be told, to see that it is not",
    ),
];

/// Calls by which a program finds out about its surroundings, or ends: the binary's, and nobody else's.
const BINARY_ONLY: &[&str] = &[
    "env::args",
    "env::args_os",
    "env::current_dir",
    "env::home_dir",
    "env::temp_dir",
    "env::var",
    "env::var_os",
    "env::vars",
    "env::vars_os",
    "process::exit",
];

fn core_faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, source) in tree.rust().filter(|(path, _)| path.starts_with("crates/orchestra-core/src/")) {
        for (at, module) in std_modules(source) {
            if WORLD.contains(&module) && !source.is_test(at) {
                let what = format!(
                    "core uses `std::{module}`: let the runner do it as an effect and tell of it as an event"
                );
                faults.push(Fault::at(path, source.line_of(at), what));
            }
        }
    }
    faults
}

/// The modules that follow `std::`, alone or in braces, with their places.
fn std_modules(source: &Source) -> Vec<(usize, &str)> {
    let code = &source.code;
    let word_at = |at: usize| {
        let end =
            code[at..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(code.len(), |end| at + end);
        &code[at..end]
    };
    let mut modules = Vec::new();
    for at in source.find_word("std").filter_map(|at| code[at..].starts_with("std::").then_some(at + 5)) {
        if !code[at..].starts_with('{') {
            modules.push((at, word_at(at)));
            continue;
        }
        let mut depth = 0;
        let mut is_first_word = true;
        for (offset, c) in code[at..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => is_first_word = true,
                _ if depth == 1 && is_first_word && c.is_alphabetic() => {
                    is_first_word = false;
                    modules.push((at + offset, word_at(at + offset)));
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    modules
}

fn library_faults(tree: &Tree) -> Vec<Fault> {
    let is_library = |path: &str| {
        path.contains("/src/") && path.starts_with("crates/") && !path.starts_with("crates/orchestra/")
    };
    let mut faults = Vec::new();
    for (path, source) in tree.rust().filter(|(path, _)| is_library(path)) {
        for call in BINARY_ONLY {
            for at in source.find_word(call).filter(|at| !source.is_test(*at)) {
                let what = format!(
                    "a library calls `{call}`: let the binary do it, and take the value as an argument"
                );
                faults.push(Fault::at(path, source.line_of(at), what));
            }
        }
    }
    faults
}

fn test_faults(tree: &Tree, may_sleep: &[(&str, &str)]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, source) in tree.rust() {
        let mut object = |at: usize, what: &str| faults.push(Fault::at(path, source.line_of(at), what));
        for word in ["sleep", "sleep_until", "sleep_ms"] {
            let may = may_sleep.iter().any(|(name, _)| *name == path);
            for at in source.find_word(word).filter(|at| source.is_test(*at) && !may) {
                object(
                    at,
                    "a test sleeps: wait for the event itself, or list it in MAY_SLEEP with the reason",
                );
            }
        }
        for word in ["set_var", "remove_var"] {
            for at in source.find_word(word) {
                object(at, "changes the environment of all tests: hand the value in, or set it on the child");
            }
        }
        for (attribute, what) in [
            ("#[ignore", "a test that is ignored tests nothing: mend it or take it out"),
            ("#[should_panic", "any panic passes this test: check the error that is returned"),
        ] {
            source.code.match_indices(attribute).for_each(|(at, _)| object(at, what));
        }
    }
    faults
}

#[test]
fn core_reaches_for_nothing_outside_of_it() {
    check(&core_faults(Tree::of_repository()));
}

#[test]
fn core_that_reaches_outside_is_found() {
    let text = "use std::{fmt, fs::{self, File}, time::Duration};\nuse std::net::IpAddr;\nfn a() { ::std::env::args(); }\n\
                // std::fs\nuse core::env;\n#[cfg(test)]\nmod tests { use std::fs; }\n";
    let tree = Tree::of(&[("crates/orchestra-core/src/a.rs", text), ("crates/orchestra-git/src/a.rs", text)]);
    check_finds(
        &core_faults(&tree),
        &[
            "crates/orchestra-core/src/a.rs:1: `std::fs`",
            "crates/orchestra-core/src/a.rs:2: `std::net`",
            "crates/orchestra-core/src/a.rs:3: `std::env`",
        ],
    );
}

#[test]
fn libraries_get_their_surroundings_from_above() {
    check(&library_faults(Tree::of_repository()));
}

#[test]
fn a_library_that_looks_around_is_found() {
    let text = "fn a() { std::env::var(\"HOME\"); env::split_paths(x); }\n#[cfg(test)]\nmod tests { fn b() { std::env::temp_dir(); } }\n\
                fn c() { std::process::exit(1) }";
    let tree = Tree::of(&[("crates/orchestra-git/src/a.rs", text), ("crates/orchestra/src/a.rs", text)]);
    check_finds(
        &library_faults(&tree),
        &["crates/orchestra-git/src/a.rs:1: `env::var`", "crates/orchestra-git/src/a.rs:4: `process::exit`"],
    );
}

#[test]
fn tests_wait_for_events_and_run_always_and_alone() {
    let tree = Tree::of_repository();
    check(&test_faults(tree, MAY_SLEEP));
    let idle = MAY_SLEEP.iter().filter(|(path, _)| {
        !tree.rust().any(|(name, source)| name == *path && source.find_word("sleep").next().is_some())
    });
    check(
        &idle.map(|(path, _)| Fault::of(path, "sleeps no more: take it off MAY_SLEEP")).collect::<Vec<_>>(),
    );
}

#[test]
fn a_test_that_sleeps_or_is_ignored_is_found() {
    let tree = Tree::of(&[
        (
            "crates/a/tests/main.rs",
            "fn a() { std::thread::sleep(x); } // sleep\nfn b() { run(\"sleep 1\"); }",
        ),
        (
            "crates/a/tests/b.rs",
            "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n#[test]\n#[should_panic]\nfn b() {}",
        ),
        ("crates/a/tests/c.rs", "fn a() { sleep(x); }"),
        (
            "crates/a/src/lib.rs",
            "fn a() { sleep(x); }\n#[cfg(test)]\nmod tests { fn b() { unsafe { env::set_var(x) } } }",
        ),
    ]);
    check_finds(
        &test_faults(&tree, &[("crates/a/tests/c.rs", "it has a reason")]),
        &[
            "crates/a/src/lib.rs:3: changes the environment",
            "crates/a/tests/b.rs:2: ignored",
            "crates/a/tests/b.rs:5: any panic",
            "crates/a/tests/main.rs:1: sleeps",
        ],
    );
}
