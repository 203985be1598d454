//! Where modules lie: `foo.rs` and `foo/bar.rs`, each listed by the file above it.

use super::{Fault, Tree, check, check_finds};

/// Files that begin a crate of their own: nobody lists them.
const ROOTS: &[&str] = &["main.rs", "lib.rs", "build.rs"];

fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, _) in tree.rust() {
        let Some((folder, name)) = path.rsplit_once('/') else { continue };
        if name == "mod.rs" {
            let what = format!("is named `mod.rs`: name it `{folder}.rs`");
            faults.push(Fault::of(path, what));
            continue;
        }
        if ROOTS.contains(&name) || begins_a_crate(folder) {
            continue;
        }
        let above = [format!("{folder}.rs"), format!("{folder}/main.rs"), format!("{folder}/lib.rs")];
        let module = name.trim_end_matches(".rs");
        let lists = |above: &String| {
            tree.rust_file(above)
                .is_some_and(|source| source.find_word(module).any(|at| source.code[..at].ends_with("mod ")))
        };
        if !above.iter().any(lists) {
            let what = format!(
                "is listed nowhere, so it is never compiled: write `mod {module};` into the file above it"
            );
            faults.push(Fault::of(path, what));
        }
    }
    faults
}

/// Folders in which every file is a program of its own.
fn begins_a_crate(folder: &str) -> bool {
    ["/examples", "/benches", "/src/bin"].iter().any(|end| folder.ends_with(end))
}

#[test]
fn every_file_is_listed_by_the_file_above_it() {
    check(&faults(Tree::of_repository()));
}

#[test]
fn a_file_that_nobody_lists_is_found() {
    let tree = Tree::of(&[
        ("crates/a/src/lib.rs", "mod b;\n// mod c;\n"),
        ("crates/a/src/b.rs", "pub(crate) mod d;"),
        ("crates/a/src/b/d.rs", ""),
        ("crates/a/src/b/e.rs", ""),
        ("crates/a/src/c.rs", ""),
        ("crates/a/src/f/mod.rs", ""),
        ("crates/a/examples/g.rs", ""),
        ("crates/a/tests/main.rs", "mod h;"),
        ("crates/a/tests/h.rs", ""),
        ("crates/a/tests/i.rs", ""),
    ]);
    check_finds(
        &faults(&tree),
        &[
            "crates/a/src/b/e.rs: `mod e;`",
            "crates/a/src/c.rs: `mod c;`",
            "crates/a/src/f/mod.rs: `crates/a/src/f.rs`",
            "crates/a/tests/i.rs: `mod i;`",
        ],
    );
}
