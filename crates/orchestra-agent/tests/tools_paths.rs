//! Ways out of a workspace, all of them tried with all tools (THREATS A28).

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::tools::{ToolContext, Toolbox};
use proptest::prelude::*;
use rustix::fs::{CWD, Mode, RenameFlags};
use serde_json::{Value, json};

use crate::tools::{Bench, Tools};

/// What nobody may get to see, and nobody may change.
const SECRET: &str = "a secret of somebody else";

/// A workspace with every kind of trap in it, and files beside it.
fn trapped() -> Bench {
    let bench = Bench::new();
    for name in ["outside", "repo-evil", "repo/.git", "repo/.orchestra/.state"] {
        std::fs::create_dir_all(bench.beside(name)).unwrap();
        std::fs::write(bench.beside(name).join("kept"), SECRET).unwrap();
    }
    bench.put("file", "plain\n");
    bench.put("folder/file", "plain\n");
    let links = [
        ("out", "../outside"),
        ("out-file", "../outside/kept"),
        ("out-new", "../outside/new"),
        ("folder/up", "../.."),
        ("folder/far", "../../outside"),
        ("folder/winding", "../folder/../folder/../../outside/kept"),
        ("twice", "folder/far"),
        ("root", "/"),
        ("etc", "/etc/passwd"),
        ("proc", "/proc/self/root"),
        ("self", "/proc/self/cwd"),
        ("fd", "/dev/fd/3"),
        ("loop", "loop"),
        ("ping", "pong"),
        ("pong", "ping"),
        ("state", ".orchestra/.state"),
        ("git", ".git"),
        ("folder/git", "../.git/kept"),
        ("folder/state", "../.orchestra/.state/kept"),
        ("dangling", "nowhere"),
        ("here", "."),
        ("through-missing", "nowhere/../../outside/kept"),
        ("through-here", "here/../../outside/kept"),
    ];
    for (link, target) in links {
        symlink(target, bench.path(link)).unwrap();
    }
    let absolute = bench.beside("outside");
    symlink(absolute, bench.path("absolute")).unwrap();
    rustix::fs::mkfifoat(CWD, bench.path("fifo"), Mode::from_raw_mode(0o666)).unwrap();
    drop(UnixListener::bind(bench.path("socket")).unwrap());
    bench
}

/// All that lies in and beside the workspace, with its content.
fn all_files(bench: &Bench) -> BTreeMap<String, String> {
    fn add(folder: &Path, all: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap().file_type();
            let content = if kind.is_symlink() {
                format!("-> {}", path.read_link().unwrap().display())
            } else if kind.is_file() {
                std::fs::read_to_string(&path).unwrap()
            } else {
                String::new()
            };
            if kind.is_dir() {
                add(&path, all);
            }
            all.insert(path.display().to_string(), content);
        }
    }
    let mut all = BTreeMap::new();
    add(&bench.beside(""), &mut all);
    all
}

/// A call of each tool that takes a path.
fn calls(path: &str) -> [(&'static str, Value); 5] {
    [
        ("read", json!({ "path": path })),
        ("write", json!({ "path": path, "content": "lost\n" })),
        ("edit", json!({ "path": path, "old": "secret", "new": "lost" })),
        ("list", json!({ "path": path, "depth": 9 })),
        ("search", json!({ "path": path, "pattern": "secret|root:" })),
    ]
}

#[tokio::test]
async fn a28_no_path_of_a_long_table_leads_out() {
    let bench = trapped();
    let tools = bench.tools(&["**", ".orchestra/**"]);
    let before = all_files(&bench);
    let top = bench.path("").display().to_string();
    let top = top.trim_end_matches('/').to_owned();
    let beside = |name: &str| bench.beside(name).display().to_string();
    let long_name = "n".repeat(300);
    let long_path = "folder/".repeat(800) + "x";
    let table: Vec<String> = [
        "../outside/kept",
        "../repo-evil/kept",
        "folder/../../outside/kept",
        "folder/../file",
        "./../outside/kept",
        "..",
        "../",
        "../..",
        "folder/..",
        ".../../kept/..",
        "/",
        "//",
        "/etc/passwd",
        "//etc/passwd",
        "/etc/../etc/passwd",
        "/proc/self/root/etc/passwd",
        "/proc/self/cwd/../outside/kept",
        "/proc/self/environ",
        "/proc/1/root/etc/passwd",
        "/proc/self/fd/3",
        "/dev/fd/3",
        "/dev/stdin",
        "/dev/null",
        "/dev/tty",
        "/dev/zero",
        "~",
        "~/.ssh/id_ed25519",
        "~root/.profile",
        "..\\outside\\kept",
        "folder\\..\\..\\outside\\kept",
        "out/kept",
        "out/new",
        "out/new/deep/file",
        "out-file",
        "out-new",
        "out",
        "folder/up/outside/kept",
        "folder/up/repo-evil/kept",
        "folder/far/kept",
        "folder/winding",
        "twice/kept",
        "absolute/kept",
        "absolute",
        "root/etc/passwd",
        "root",
        "etc",
        "proc/etc/passwd",
        "self/file",
        "fd",
        "loop",
        "loop/x",
        "ping/pong",
        "state/kept",
        "state/new",
        "state",
        "folder/state",
        ".orchestra/.state/kept",
        ".orchestra/.State/new",
        "./.orchestra//.state/./kept",
        ".git",
        ".git/",
        ".git/kept",
        ".git/new",
        "./.git//./kept",
        ".GIT/kept",
        ".git./kept",
        "git~1/kept",
        "git/kept",
        "git",
        "folder/git",
        "folder/.git/kept",
        "through-missing",
        "through-here",
        "here/here/out/kept",
        "fifo",
        "fifo/x",
        "socket",
        "file/x",
        "file\0",
        "fi\nle",
        "fi\u{85}le",
    ]
    .iter()
    .map(|path| (*path).to_owned())
    .chain([
        beside("outside/kept"),
        beside("repo-evil/kept"),
        beside("repo/../outside/kept"),
        format!("{top}-evil/kept"),
        format!("{top}/../outside/kept"),
        format!("{top}/out/kept"),
        format!("/proc/self/root{top}/file"),
        top[..top.len() - 1].to_owned(),
        long_name.clone() + "/x",
        long_path,
    ])
    .collect();
    assert!(table.len() >= 60, "{}", table.len());
    for path in &table {
        for (tool, input) in calls(path) {
            let answer = tools.wrong(tool, input).await;
            assert!(!answer.contains(SECRET) && !answer.contains("root:x:"), "{tool} {path:?}: {answer}");
            assert!(answer.len() < 6_000 && !answer.contains(['\0', '\n']), "{tool} {path:?}: {answer}");
        }
    }
    assert_eq!(all_files(&bench), before);
}

#[tokio::test]
async fn a28_a_path_that_stays_inside_is_taken_in_any_spelling() {
    let bench = trapped();
    let tools = bench.tools(&["**"]);
    let top = bench.path("").display().to_string();
    for path in ["file", "./file", ".//file", "here/file", "here/here/folder/../file", &format!("{top}file")]
    {
        let shown = tools.call("read", json!({ "path": path })).await;
        let is_upwards = path.contains("..");
        assert_eq!(shown.is_error, is_upwards, "{path}: {}", shown.text);
        assert!(is_upwards || shown.text == "[read file: lines 1-1 of 1]\n     1\tplain\n", "{}", shown.text);
    }
    let shown = tools.ok("list", json!({ "path": "here/folder" })).await;
    assert!(shown.starts_with("[list folder: "), "{shown}");
}

#[tokio::test]
async fn a28_a_workspace_that_is_reached_by_a_link_has_both_names() {
    let bench = Bench::new();
    bench.put("file", "plain\n");
    symlink("repo", bench.beside("name")).unwrap();
    let no_guard = GuardLauncher::new("/no/guard", Vec::new(), None);
    let context = ToolContext { workspace: bench.beside("name"), ..bench.context(None, no_guard) };
    let tools = Tools(Toolbox::new(context).unwrap());
    for path in [bench.beside("name/file"), bench.beside("repo/file")] {
        tools.ok("read", json!({ "path": path })).await;
    }
}

#[tokio::test]
async fn devices_are_named_and_not_opened() {
    let bench = Bench::new();
    let no_guard = GuardLauncher::new("/no/guard", Vec::new(), None);
    let context = ToolContext { workspace: "/dev".into(), ..bench.context(None, no_guard) };
    let tools = Tools(Toolbox::new(context).unwrap());
    for device in ["null", "zero", "random", "tty"] {
        let wrong = tools.wrong("read", json!({ "path": device })).await;
        assert_eq!(wrong, format!("`{device}`: it is a device, not a file"));
        tools.wrong("search", json!({ "path": device, "pattern": "x" })).await;
    }
    assert!(tools.ok("list", json!({ "depth": 1 })).await.contains("null (a device)\n"));
    // A search of all of it opens none of them, and ends.
    tools.ok("search", json!({ "pattern": "x" })).await;
}

#[tokio::test]
async fn pipes_and_sockets_keep_nobody_waiting() {
    let bench = trapped();
    let tools = bench.tools(&["**"]);
    for (name, what) in [("fifo", "a FIFO"), ("socket", "a socket")] {
        for (tool, input) in calls(name) {
            let wrong = tools.wrong(tool, input).await;
            assert!(wrong.contains(what) || wrong.contains("not a folder"), "{tool}: {wrong}");
        }
    }
    assert!(
        tools
            .ok("search", json!({ "pattern": "plain" }))
            .await
            .starts_with("[search plain: 2 lines in 2 files")
    );
}

/// While two names change places all the time, a file behind one of them is written again and again.
#[tokio::test]
async fn a28_a_link_that_is_swapped_in_meanwhile_leads_nowhere() {
    let bench = Bench::new();
    std::fs::create_dir(bench.beside("outside")).unwrap();
    std::fs::write(bench.beside("outside/file"), SECRET).unwrap();
    bench.put("sub/file", "mine 0\n");
    symlink("../outside", bench.path("swap")).unwrap();
    bench.put("flat", "mine 0\n");
    symlink("../outside/file", bench.path("flat-swap")).unwrap();
    let tools = bench.tools(&["**"]);

    let is_over = Arc::new(AtomicBool::new(false));
    let swapper = std::thread::spawn({
        let is_over = Arc::clone(&is_over);
        let pairs =
            [("sub", "swap"), ("flat", "flat-swap")].map(|(one, other)| (bench.path(one), bench.path(other)));
        move || {
            let mut count = 0_u64;
            while !is_over.load(Ordering::Relaxed) {
                for (one, other) in &pairs {
                    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).unwrap();
                }
                count += 1;
            }
            count
        }
    });
    let mut written = 0;
    for count in 0..150 {
        for path in ["sub/file", "flat"] {
            let content = format!("mine {count}\n");
            let answer = tools.call("write", json!({ "path": path, "content": content })).await;
            written += u32::from(!answer.is_error);
            for (tool, input) in [
                ("edit", json!({ "path": path, "old": "secret", "new": "lost" })),
                ("read", json!({ "path": path })),
                ("search", json!({ "path": "sub", "pattern": "secret" })),
                ("search", json!({ "pattern": "secret" })),
            ] {
                let answer = tools.call(tool, input).await;
                assert!(!answer.text.contains(SECRET), "{tool}: {}", answer.text);
            }
        }
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(swapper.join().unwrap() > 50, "it was swapped often enough");
    assert!(written > 0, "some of it was written");
    assert_eq!(std::fs::read_to_string(bench.beside("outside/file")).unwrap(), SECRET);
    assert_eq!(std::fs::read_dir(bench.beside("outside")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_folder_that_lies_too_deep_is_refused_and_nothing_of_it_is_made() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    let deep = "d/".repeat(200) + "file";
    let wrong = tools.wrong("write", json!({ "path": deep, "content": "x" })).await;
    assert!(wrong.contains("too many folders deep"), "{wrong}");
    assert!(!bench.path("d").exists());
    let deep = "d/".repeat(100) + "file";
    tools.ok("write", json!({ "path": deep, "content": "found\n" })).await;
    assert!(tools.ok("search", json!({ "pattern": "found" })).await.contains("file:1: found\n"));
}

fn any_path() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => prop_oneof![
            Just(".."), Just("."), Just(""), Just("folder"), Just("file"), Just("up"), Just("far"), Just("out"),
            Just("here"), Just("twice"), Just("root"), Just("absolute"), Just("outside"), Just("kept"),
            Just("repo"), Just("repo-evil"), Just("etc"), Just("passwd"), Just("state"), Just(".orchestra"),
            Just(".state"), Just(".git"), Just("new"), Just("fifo"), Just("loop"), Just("~"), Just("dangling"),
            Just("winding"), Just("proc"), Just("self"), Just("fd"),
        ]
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let prefix =
        prop_oneof![4 => Just(""), 1 => Just("/"), 1 => Just("TOP/"), 1 => Just("TOP"), 1 => Just("~/")];
    (prefix, proptest::collection::vec(name, 0..8))
        .prop_map(|(prefix, names)| prefix.to_owned() + &names.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a28_no_path_at_all_leads_out(paths in proptest::collection::vec(any_path(), 80)) {
        let bench = trapped();
        let tools = bench.tools(&["**", ".orchestra/**"]);
        let before = all_files(&bench);
        let top = bench.beside("repo").display().to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for path in paths {
            let path = path.replace("TOP", &top);
            for (tool, input) in calls(&path) {
                let answer = runtime.block_on(tools.call(tool, input));
                let is_seen = answer.text.contains(SECRET);
                prop_assert!(!is_seen && !answer.text.contains("root:x:"), "{tool} {path:?}: {}", answer.text);
                if let Some(changed) = answer.changed {
                    let fits = !changed.starts_with(".git") && !changed.contains(".orchestra/.state");
                    prop_assert!(fits && !bench.path(&changed).is_symlink(), "{tool} {path:?}: {changed}");
                }
            }
        }
        let after = all_files(&bench);
        let is_protected = |name: &&String| {
            let beneath = name.strip_prefix(&format!("{top}/"));
            beneath.is_none_or(|beneath| beneath.starts_with(".git") || beneath.starts_with(".orchestra/.state"))
                && **name != top
        };
        let protected = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
            all.iter().filter(|(name, _)| is_protected(name)).map(|(a, b)| (a.clone(), b.clone())).collect()
        };
        prop_assert_eq!(protected(&after), protected(&before));
        prop_assert!(protected(&before).len() >= 8, "{:?}", protected(&before));
        let is_link = |(_, content): &(&String, &String)| content.starts_with("-> ");
        prop_assert!(before.iter().filter(is_link).all(|(name, link)| after.get(name) == Some(link)));
    }
}
