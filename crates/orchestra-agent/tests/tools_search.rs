//! Listing and searching, with real files.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::tools::Bench;

/// A repository with things that git ignores.
fn repository() -> Bench {
    let bench = Bench::new();
    bench.put(".gitignore", "/target\n*.log\n!keep.log\n");
    bench.put(".git/info/exclude", "private\n");
    bench.put(".git/HEAD", "needle\n");
    bench.put(".orchestra/.state/journal", "needle\n");
    bench.put(".orchestra/roles/backend.md", "a needle\n");
    bench.put("README.md", "# Needle\n");
    bench.put("src/main.rs", "fn main() {\n    needle();\n}\n");
    bench.put("src/deep/down/below.rs", "// needle, Needle\n");
    bench.put("src/.gitignore", "gen/\n");
    bench.put("src/gen/out.rs", "needle\n");
    bench.put("lib/gen/in.rs", "needle\n");
    bench.put("lib/.ignore", "*.md\n!keep.md\n");
    bench.put("lib/drop.md", "needle\n");
    bench.put("lib/keep.md", "needle\n");
    bench.put("target/debug/x", "needle\n");
    bench.put("a.log", "needle\n");
    bench.put("lib/keep.log", "needle\n");
    bench.put("private", "needle\n");
    bench
}

#[tokio::test]
async fn a_list_is_sorted_as_deep_as_asked_and_without_what_git_ignores() {
    let bench = repository();
    symlink("src", bench.path("link")).unwrap();
    let tools = bench.tools(&["**"]);
    assert_eq!(
        tools.ok("list", json!({})).await,
        "[list .: 14 lines; without what git ignores]\n\
         .gitignore\n\
         .orchestra/\n\
         .orchestra/roles/\n\
         README.md\n\
         lib/\n\
         lib/.ignore\n\
         lib/gen/\n\
         lib/keep.log\n\
         lib/keep.md\n\
         link (a symbolic link)\n\
         src/\n\
         src/.gitignore\n\
         src/deep/\n\
         src/main.rs\n"
    );
    assert_eq!(
        tools.ok("list", json!({ "path": "src", "depth": 9 })).await,
        "[list src: 5 lines; without what git ignores]\n\
         src/.gitignore\n\
         src/deep/\n\
         src/deep/down/\n\
         src/deep/down/below.rs\n\
         src/main.rs\n"
    );
    assert_eq!(
        tools.ok("list", json!({ "path": "link/deep", "depth": 0 })).await,
        "[list src/deep: 1 line; without what git ignores]\nsrc/deep/down/\n"
    );
    // What is asked for by name is shown, with the patterns that hold in it.
    bench.put("target/x.log", "");
    assert_eq!(
        tools.ok("list", json!({ "path": "target" })).await,
        "[list target: 2 lines; without what git ignores]\ntarget/debug/\ntarget/debug/x\n"
    );
    assert_eq!(
        tools.wrong("list", json!({ "path": "README.md" })).await,
        "`README.md`: `README.md` is not a folder"
    );
    assert_eq!(tools.wrong("list", json!({ "path": "no" })).await, "`no`: no such file or folder");
}

#[tokio::test]
async fn ten_thousand_files_are_listed_in_part_and_searched_whole() {
    let bench = Bench::new();
    for folder in 0..50 {
        let folder = bench.path(&format!("d{folder:02}"));
        std::fs::create_dir(&folder).unwrap();
        for file in 0..200 {
            std::fs::write(folder.join(format!("f{file:03}")), format!("line {file}\n")).unwrap();
        }
    }
    for file in 0..300 {
        bench.put(&format!("many/f{file:03}"), "x\n");
    }
    let tools = bench.tools(&["**"]);
    let shown = tools.ok("list", json!({})).await;
    let heading = shown.lines().next().unwrap();
    assert_eq!(
        heading,
        "[list .: 51 lines; only 1 deep, for there is too much: list a folder of it; without what git ignores]"
    );
    assert!(shown.contains("\nd49/\nmany/\n"), "{shown}");
    let shown = tools.ok("list", json!({ "path": "many" })).await;
    assert!(shown.ends_with("many/f199\nmany/… 100 more\n"), "{shown}");
    let shown = tools.ok("search", json!({ "pattern": "^line 199$" })).await;
    assert!(
        shown.starts_with("[search ^line 199$: 50 lines in 50 files]\nd00/f199:1: line 199\n"),
        "{shown:.200}"
    );
    let shown = tools.ok("search", json!({ "pattern": "line" })).await;
    assert!(shown.starts_with("[search line: 200 lines in 200 files; there may be more"), "{shown:.200}");
    assert_eq!(shown.lines().count(), 201);
}

#[tokio::test]
async fn a_search_shows_path_line_and_text_and_heeds_glob_case_and_context() {
    let bench = repository();
    let tools = bench.tools(&["**"]);
    let search = async |more: Value| {
        let mut input = json!({ "pattern": "needle" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        tools.ok("search", input).await
    };
    assert_eq!(
        search(json!({})).await,
        "[search needle: 6 lines in 6 files]\n\
         .orchestra/roles/backend.md:1: a needle\n\
         lib/gen/in.rs:1: needle\n\
         lib/keep.log:1: needle\n\
         lib/keep.md:1: needle\n\
         src/deep/down/below.rs:1: // needle, Needle\n\
         src/main.rs:2:     needle();\n"
    );
    assert_eq!(
        search(json!({ "path": "src", "glob": "main.*", "context": 1 })).await,
        "[search needle in src: 1 line in 1 file]\n\
         src/main.rs-1- fn main() {\n\
         src/main.rs:2:     needle();\n\
         src/main.rs-3- }\n"
    );
    assert!(
        search(json!({ "case": "insensitive", "glob": "*.md", "path": "" }))
            .await
            .contains("README.md:1: # Needle")
    );
    assert!(search(json!({ "case": "smart", "path": "README.md" })).await.contains("README.md:1: # Needle"));
    assert!(search(json!({ "glob": "!*.rs" })).await.starts_with("[search needle: 3 lines in 3 files]"));
    assert!(
        search(json!({ "glob": "src/**/*.rs" })).await.starts_with("[search needle: 2 lines in 2 files]")
    );
    assert_eq!(search(json!({ "pattern": "nowhere" })).await, "[search nowhere: no line matches]");
    // A file that is named is searched, ignored or not.
    assert!(search(json!({ "path": "target/debug/x" })).await.contains("target/debug/x:1: needle"));
}

#[tokio::test]
async fn expressions_and_globs_that_cannot_be_used_are_refused_in_words() {
    let bench = repository();
    let tools = bench.tools(&["**"]);
    for (input, word) in [
        (json!({ "pattern": "(" }), "unclosed group"),
        (json!({ "pattern": "" }), "empty"),
        (json!({ "pattern": "x".repeat(5_000) }), "longer"),
        (json!({ "pattern": "a{1000}{1000}{1000}" }), "cannot be used"),
        (json!({ "pattern": "(?:".repeat(1_000) }), "cannot be used"),
        (json!({ "pattern": "a\\nb" }), "cannot be used"),
        (json!({ "pattern": "x", "glob": "a{b" }), "`glob` cannot be used"),
        (json!({ "pattern": "x", "case": "loud" }), "unknown variant"),
        (json!({ "pattern": "x", "path": "no" }), "no such file"),
    ] {
        let wrong = tools.wrong("search", input).await;
        assert!(wrong.contains(word), "{wrong}");
    }
}

#[tokio::test]
async fn binary_files_long_lines_and_holes_stay_small() {
    let bench = Bench::new();
    bench.put("image", b"needle\0needle\n");
    bench.put("minified.js", format!("{}needle{}\n", "x".repeat(600_000), "y".repeat(600_000)));
    bench.put("latin", b"\xe9 needle \x1b[31m\x07\n");
    bench.put("many", "needle\n".repeat(1_000));
    let hole = std::fs::File::create(bench.path("hole")).unwrap();
    hole.set_len(100_000_000_000).unwrap();
    let tools = bench.tools(&["**"]);
    let started = Instant::now();
    let shown = tools.ok("search", json!({ "pattern": "needle" })).await;
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], "[search needle: 52 lines in 3 files; 1 file shown or searched in part]");
    assert_eq!(lines[1], "latin:1: \u{fffd} needle \u{1b}[31m\u{2407}");
    assert_eq!((lines[2], lines[51]), ("many:1: needle", "many:50: needle"));
    assert!(lines[52].starts_with("minified.js:1: … xxx") && lines[52].contains("xneedley"), "{}", lines[52]);
    assert!(lines[52].len() < 500);
}
