//! The tools that read, write and edit, with real files.

use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::time::Duration;

use orchestra_agent::guard::GuardLauncher;
use orchestra_agent::tools::{Access, Answer, ToolContext, Toolbox};
use orchestra_core::id::{PhaseId, RoleId};
use orchestra_core::ownership::Room;
use orchestra_core::plan::{Complexity, Order, Phase, PhaseStatus, Role};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A repository in a folder of its own, with something beside it that must stay as it is.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) timeout: Duration,
    pub(crate) cancel: CancellationToken,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("repo")).unwrap();
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        let environment = vec![("PATH".into(), path)];
        Self { folder, environment, timeout: Duration::from_secs(20), cancel: CancellationToken::new() }
    }

    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.beside("repo").join(name)
    }

    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn context(&self, room: Option<Room>, launcher: GuardLauncher) -> ToolContext {
        ToolContext {
            workspace: self.beside("repo"),
            room,
            launcher,
            environment: self.environment.clone(),
            scratch: self.beside("scratch"),
            run_timeout: self.timeout,
            cancel: self.cancel.clone(),
        }
    }

    /// Tools of a role that owns these globs; nothing is run.
    pub(crate) fn tools(&self, writes: &[&str]) -> Tools {
        let no_guard = GuardLauncher::new("/no/guard", Vec::new(), None);
        Tools(Toolbox::new(self.context(Some(room(writes, None)), no_guard)).unwrap())
    }
}

pub(crate) struct Tools(pub(crate) Toolbox);

impl Tools {
    pub(crate) async fn call(&self, name: &str, input: Value) -> Answer {
        let (output, _screen) = mpsc::channel(8);
        self.0.call(name, &input, &output).await.unwrap()
    }

    pub(crate) async fn ok(&self, name: &str, input: Value) -> String {
        let answer = self.call(name, input.clone()).await;
        assert!(!answer.is_error, "{name} {input}: {}", answer.text);
        answer.text
    }

    pub(crate) async fn wrong(&self, name: &str, input: Value) -> String {
        let answer = self.call(name, input.clone()).await;
        assert!(answer.is_error && answer.changed.is_none(), "{name} {input}: {answer:?}");
        answer.text
    }
}

pub(crate) fn role(writes: &[&str]) -> Role {
    Role {
        id: RoleId::parse("backend-engineer").unwrap(),
        alias: None,
        icon: None,
        writes: writes.iter().map(|glob| (*glob).to_owned()).collect(),
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    }
}

/// The room of a role, with the files of a phase, which may be a wall.
fn room(writes: &[&str], phase: Option<(&[&str], bool)>) -> Room {
    let phase = phase.map(|(files, files_strict)| Phase {
        files: files.iter().map(|glob| (*glob).to_owned()).collect(),
        files_strict,
        id: PhaseId::parse("phase-1").unwrap(),
        role: RoleId::parse("backend-engineer").unwrap(),
        title: "x".to_owned(),
        status: PhaseStatus::Pending,
        order: Order(1),
        depends_on: Vec::new(),
        verify: None,
        complexity: Complexity::Standard,
        may_be_empty: false,
        feedback: None,
    });
    Room::of(&role(writes), phase.as_ref()).unwrap()
}

fn names(toolbox: &Toolbox) -> Vec<(String, Access)> {
    toolbox.specs().into_iter().map(|spec| (spec.name, spec.access)).collect()
}

#[tokio::test]
async fn without_a_room_there_are_only_tools_that_read() {
    let bench = Bench::new();
    bench.put("a", "x\n");
    let reading = ["read", "list", "search"].map(|name| (name.to_owned(), Access::Reads));
    for closed in [None, Some(Room::closed()), Some(room(&["!src"], None))] {
        let no_guard = GuardLauncher::new("/no/guard", Vec::new(), None);
        let toolbox = Toolbox::new(bench.context(closed, no_guard)).unwrap();
        assert_eq!(names(&toolbox), reading);
        let (output, _screen) = mpsc::channel(1);
        for name in ["write", "edit", "run", "ask_user", "READ", ""] {
            assert_eq!(toolbox.call(name, &json!({ "path": "a" }), &output).await, None, "{name}");
        }
    }
    assert!(!bench.beside("scratch").exists(), "nothing is created for who only reads");
    let all = names(&bench.tools(&["**"]).0);
    let writing = ["write", "edit", "run"].map(|name| (name.to_owned(), Access::Writes));
    assert_eq!(all, [reading, writing].concat());
}

#[tokio::test]
async fn a_schema_says_what_fits_and_the_rest_is_refused_in_words() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    for spec in tools.0.specs() {
        assert_eq!(spec.schema["type"], "object", "{}", spec.name);
        assert_eq!(spec.schema["additionalProperties"], false, "{}", spec.name);
        assert!(!spec.schema.to_string().contains("$ref") && !spec.description.is_empty());
        for (name, property) in spec.schema["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{} {name}", spec.name);
        }
        let wrong = tools.wrong(&spec.name, json!({ "nonsense": 1 })).await;
        assert!(wrong.starts_with("the arguments do not fit: "), "{wrong}");
    }
    let required = |name: &str| {
        let spec = tools.0.specs().into_iter().find(|spec| spec.name == name).unwrap();
        spec.schema.get("required").cloned().unwrap_or_default()
    };
    assert_eq!(required("read"), json!(["path"]));
    assert_eq!(required("write"), json!(["path", "content"]));
    assert_eq!(required("edit"), json!(["path", "old", "new"]));
    assert_eq!(required("list"), Value::Null);
    assert_eq!(required("search"), json!(["pattern"]));
    assert_eq!(required("run"), json!(["command"]));
    assert!(tools.wrong("read", json!({ "path": 1 })).await.contains("expected a string"));
    assert!(tools.wrong("read", json!([])).await.contains("do not fit"));
    assert!(tools.ok("list", Value::Null).await.starts_with("[list .: 0 lines"));
}

#[tokio::test]
async fn a_file_is_read_with_numbers_and_the_heading_says_which_lines() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    bench.put("src/a.rs", "one\ntwo\nthree\n");
    let read = async |input| tools.ok("read", input).await;
    assert_eq!(
        read(json!({ "path": "src/a.rs" })).await,
        "[read src/a.rs: lines 1-3 of 3]\n     1\tone\n     2\ttwo\n     3\tthree\n"
    );
    assert_eq!(
        read(json!({ "path": "src/a.rs", "from": 2, "to": 2 })).await,
        "[read src/a.rs: lines 2-2 of 3]\n     2\ttwo\n"
    );
    assert_eq!(
        read(json!({ "path": "src/a.rs", "from": 3, "to": 99 })).await,
        "[read src/a.rs: lines 3-3 of 3]\n     3\tthree\n"
    );
    let wrong = tools.wrong("read", json!({ "path": "src/a.rs", "from": 4 })).await;
    assert_eq!(wrong, "`src/a.rs` has no line 4: it has 3");
    for (from, to) in [(0, 1), (2, 1)] {
        tools.wrong("read", json!({ "path": "src/a.rs", "from": from, "to": to })).await;
    }
    assert_eq!(tools.wrong("read", json!({ "path": "b" })).await, "`b`: no such file or folder");
    assert_eq!(tools.wrong("read", json!({ "path": "src" })).await, "`src`: it is a folder, not a file");
}

#[tokio::test]
async fn what_is_odd_about_a_file_stands_in_the_heading() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    let cases: [(&[u8], &str); 7] = [
        (b"", "[read f: the file is empty]"),
        (b"\n", "[read f: lines 1-1 of 1]\n     1\t\n"),
        (b"a", "[read f: lines 1-1 of 1; no line end after the last line]\n     1\ta\n"),
        (b"a\r\nb\r\n", "[read f: lines 1-2 of 2; lines end in CRLF]\n     1\ta\n     2\tb\n"),
        (b"a\r\nb\n", "[read f: lines 1-2 of 2; 1 of these lines end in CRLF]\n     1\ta\n     2\tb\n"),
        (
            b"a\xffb\x1b[2J\x07\n",
            "[read f: lines 1-1 of 1; \u{fffd} stands for bytes that are not UTF-8]\n     1\ta\u{fffd}b\u{1b}[2J\u{2407}\n",
        ),
        (b"\x89PNG\r\n\0\0", "[read f: a binary file of 8 bytes, which is not shown]"),
    ];
    for (content, shown) in cases {
        bench.put("f", content);
        assert_eq!(tools.ok("read", json!({ "path": "f" })).await, shown);
    }
}

#[tokio::test]
async fn however_large_a_file_is_a_bounded_part_of_it_is_shown() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    let read = async |from: u64| tools.ok("read", json!({ "path": "f", "from": from })).await;

    bench.put("f", "x\n".repeat(5_000));
    let shown = read(1).await;
    assert!(shown.starts_with("[read f: lines 1-2000 of 5,000; goes on at line 2001]\n"), "{shown:.80}");
    assert_eq!(shown.lines().count(), 2_001);
    assert!(read(3_001).await.starts_with("[read f: lines 3001-5000 of 5,000]\n"));

    bench.put("f", format!("{}\n", "y".repeat(999)).repeat(200));
    let shown = read(1).await;
    assert!(shown.starts_with("[read f: lines 1-65 of 200; goes on at line 66]\n"), "{shown:.80}");
    assert!(shown.len() <= 64 * 1024 + 100);

    bench.put("f", format!("a\n{}\nb\n", "é".repeat(500_000)));
    let shown = read(1).await;
    assert!(shown.starts_with("[read f: lines 1-3 of 3; long lines are cut]\n     1\ta\n     2\téé"));
    assert!(shown.ends_with("é [… 996,000 bytes more in this line]\n     3\tb\n"), "{}", shown.len());

    // A file with a hole of 100 GB, as large as it says.
    let file = std::fs::File::create(bench.path("f")).unwrap();
    std::io::Write::write_all(&mut &file, "z\n".repeat(10_000).as_bytes()).unwrap();
    file.set_len(100_000_000_000).unwrap();
    let shown = read(1).await;
    assert!(
        shown.starts_with("[read f: lines 1-2000 of more than 10,000; goes on at line 2001]\n"),
        "{shown:.80}"
    );
    assert!(shown.len() < 70_000);
}

#[tokio::test]
async fn a_file_is_written_with_its_folders_and_its_permissions_stay() {
    let bench = Bench::new();
    let tools = bench.tools(&["src/**", "run.sh"]);
    let answer = tools.call("write", json!({ "path": "src/a/b.rs", "content": "one\ntwo\n" })).await;
    assert_eq!(
        answer,
        Answer {
            text: "[write src/a/b.rs: created with 2 lines, 8 bytes]".to_owned(),
            is_error: false,
            changed: Some("src/a/b.rs".to_owned())
        }
    );
    assert_eq!(bench.get("src/a/b.rs"), "one\ntwo\n");
    bench.put("run.sh", "old");
    std::fs::set_permissions(bench.path("run.sh"), std::fs::Permissions::from_mode(0o751)).unwrap();
    let shown = tools.ok("write", json!({ "path": "run.sh", "content": "new" })).await;
    assert_eq!(shown, "[write run.sh: replaced with 1 line, 3 bytes]");
    assert_eq!(bench.get("run.sh"), "new");
    assert_eq!(bench.path("run.sh").metadata().unwrap().permissions().mode() & 0o777, 0o751);
    let answer = tools.call("write", json!({ "path": "run.sh", "content": "new" })).await;
    assert_eq!((answer.is_error, answer.changed), (false, None), "{}", answer.text);
    let left: Vec<_> =
        std::fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn only_what_the_role_owns_is_written_and_a_refusal_names_its_globs() {
    let bench = Bench::new();
    bench.put("web/a.ts", "x");
    bench.put("src/gen/a.rs", "x");
    let tools = bench.tools(&["src/**", "!src/gen", "apps/api/package.json"]);
    for path in ["web/a.ts", "src/gen/a.rs", "new/deep/x", "README.md"] {
        for (tool, more) in
            [("write", json!({ "content": "y" })), ("edit", json!({ "old": "x", "new": "y" }))]
        {
            let mut input = more;
            input["path"] = path.into();
            assert_eq!(
                tools.wrong(tool, input).await,
                format!(
                    "`{path}` lies outside of what this role may write: `src/**`, `!src/gen`, \
                     `apps/api/package.json`"
                )
            );
        }
    }
    assert!(!bench.path("new").exists(), "no folder is made for what is refused");
    assert_eq!(bench.get("web/a.ts"), "x");

    // A lock file goes with its manifest, as soon as that is written.
    let lock = json!({ "path": "pnpm-lock.yaml", "content": "x" });
    tools.wrong("write", lock.clone()).await;
    tools.ok("write", json!({ "path": "apps/api/package.json", "content": "{}" })).await;
    tools.ok("write", lock).await;
}

#[tokio::test]
async fn beyond_the_plan_is_written_and_said_unless_the_plan_is_a_wall() {
    let bench = Bench::new();
    let toolbox = |strict| {
        let no_guard = GuardLauncher::new("/no/guard", Vec::new(), None);
        let room = room(&["src/**"], Some((&["src/auth/**"], strict)));
        Tools(Toolbox::new(bench.context(Some(room), no_guard)).unwrap())
    };
    let input = |path: &str| json!({ "path": path, "content": "x\n" });
    let shown = toolbox(false).ok("write", input("src/b.rs")).await;
    assert_eq!(
        shown,
        "[write src/b.rs: created with 1 line, 2 bytes; beyond the files of this phase, so it will be listed as \
         also changed]"
    );
    let strict = toolbox(true);
    assert_eq!(
        strict.wrong("write", input("src/c.rs")).await,
        "`src/c.rs` lies outside of what this role may write: `src/**`, and of that only the files of this phase: \
         `src/auth/**`"
    );
    assert_eq!(
        strict.ok("write", input("src/auth/d.rs")).await,
        "[write src/auth/d.rs: created with 1 line, 2 bytes]"
    );
}

#[tokio::test]
async fn neither_gits_files_nor_the_workers_state_are_written_or_read() {
    let bench = Bench::new();
    bench.put(".git/config", "[core]\n\ttoken = secret\n");
    bench.put("sub/.git", "gitdir: ../secret\n");
    bench.put(".orchestra/.state/journal.jsonl", "secret\n");
    bench.put(".orchestra/config.yaml", "version: 1\n");
    symlink(".orchestra/.state", bench.path("notes")).unwrap();
    symlink("../.git", bench.path(".orchestra/g")).unwrap();
    let tools = bench.tools(&["**", ".git/**", ".orchestra/**"]);
    for path in [
        ".git/config",
        ".git/hooks/pre-push",
        ".GIT/config",
        "lib/.git/config",
        ".orchestra/g/config",
        ".git",
        "sub/.git",
    ] {
        for (tool, input) in [
            ("read", json!({ "path": path })),
            ("write", json!({ "path": path, "content": "x" })),
            ("edit", json!({ "path": path, "old": "secret", "new": "x" })),
            ("list", json!({ "path": path })),
            ("search", json!({ "path": path, "pattern": "." })),
        ] {
            let wrong = tools.wrong(tool, input).await;
            assert!(wrong.contains("git's own, which is neither read nor written"), "{tool} {path}: {wrong}");
            assert!(!wrong.contains("secret"), "{tool} {path}: {wrong}");
        }
    }
    for (tool, input) in [("list", json!({ "depth": 9 })), ("search", json!({ "pattern": "secret" }))] {
        let found = tools.ok(tool, input).await;
        assert!(!found.contains(".git/") && !found.contains("token"), "{tool}: {found}");
    }
    for path in [
        ".orchestra/.state/journal.jsonl",
        "notes/journal.jsonl",
        ".orchestra/.STATE/new",
        "notes",
        ".orchestra/.state",
    ] {
        for (tool, input) in [
            ("read", json!({ "path": path })),
            ("list", json!({ "path": path })),
            ("search", json!({ "path": path, "pattern": "." })),
            ("edit", json!({ "path": path, "old": "secret", "new": "x" })),
        ] {
            let wrong = tools.wrong(tool, input).await;
            assert!(!wrong.contains("journal.jsonl:") && !wrong.contains("secret"), "{tool} {path}: {wrong}");
        }
    }
    assert!(
        tools
            .wrong("read", json!({ "path": "notes/journal.jsonl" }))
            .await
            .contains("the worker's own state")
    );
    assert_eq!(bench.get(".git/config"), "[core]\n\ttoken = secret\n");
    assert_eq!(bench.get(".orchestra/.state/journal.jsonl"), "secret\n");
    tools.ok("read", json!({ "path": ".orchestra/config.yaml" })).await;
    tools.ok("write", json!({ "path": ".orchestra/config.yaml", "content": "x" })).await;
}

#[tokio::test]
async fn a_link_is_named_and_not_written_through_and_folders_behind_one_keep_their_rules() {
    let bench = Bench::new();
    bench.put("src/real.rs", "x\n");
    bench.put("web/page.ts", "y\n");
    symlink("real.rs", bench.path("src/link.rs")).unwrap();
    symlink("../web", bench.path("src/web")).unwrap();
    symlink("src", bench.path("code")).unwrap();
    let tools = bench.tools(&["src/**"]);
    for input in
        [json!({ "path": "src/link.rs", "content": "z" }), json!({ "path": "src/web", "content": "z" })]
    {
        let wrong = tools.wrong("write", input).await;
        assert!(wrong.contains("is a symbolic link to"), "{wrong}");
    }
    let wrong = tools.wrong("write", json!({ "path": "src/web/page.ts", "content": "z" })).await;
    assert!(wrong.starts_with("`web/page.ts` lies outside of what this role may write"), "{wrong}");
    let answer = tools.call("write", json!({ "path": "code/real.rs", "content": "z\n" })).await;
    assert_eq!(answer.changed.as_deref(), Some("src/real.rs"), "{}", answer.text);
    assert!(bench.path("src/link.rs").is_symlink());
    assert_eq!(
        tools.ok("read", json!({ "path": "src/link.rs" })).await,
        "[read src/real.rs: lines 1-1 of 1]\n     1\tz\n"
    );
}

#[tokio::test]
async fn an_edit_replaces_one_place_or_all() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    let text = "fn a() {}\nfn b() {}\nlet x = 1;\nlet x = 1;";
    bench.put("f", text);
    let edit = |old: &str, new: &str, all: Value| json!({ "path": "f", "old": old, "new": new, "all": all });
    let answer = tools.call("edit", edit("fn b() {}", "fn c() {\n}", Value::Null)).await;
    assert_eq!(answer.text, "[edit f: replaced at line 2]");
    assert_eq!(answer.changed.as_deref(), Some("f"));
    assert_eq!(bench.get("f"), "fn a() {}\nfn c() {\n}\nlet x = 1;\nlet x = 1;");
    assert_eq!(
        tools.wrong("edit", edit("let x", "let y", false.into())).await,
        "`old` is in `f` more than once, at lines 4, 5: give more of what surrounds the one that is meant, or set `all`."
    );
    assert_eq!(
        tools.ok("edit", edit("let x", "let y", true.into())).await,
        "[edit f: replaced in 2 places, at lines 4, 5]"
    );
    assert_eq!(bench.get("f"), "fn a() {}\nfn c() {\n}\nlet y = 1;\nlet y = 1;");
    assert_eq!(
        tools.wrong("edit", edit("let  y = 1;\n", "", Value::Null)).await,
        "`old` is not in `f`. It is there but for white space:\n     4\tlet y = 1;\n  ...\n     5\tlet y = 1;\n"
    );
    for (old, new) in [("", "x"), ("a", "a")] {
        tools.wrong("edit", edit(old, new, Value::Null)).await;
    }
    let missing = tools.wrong("edit", json!({ "path": "g", "old": "a", "new": "b" })).await;
    assert_eq!(missing, "`g`: no such file or folder");
    assert!(!bench.path("g").exists());
}

#[tokio::test]
async fn line_ends_bytes_and_permissions_of_an_edited_file_stay() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    bench.put("f", b"a\r\n\xff b\r\nc");
    std::fs::set_permissions(bench.path("f"), std::fs::Permissions::from_mode(0o754)).unwrap();
    tools.ok("edit", json!({ "path": "f", "old": " b\nc", "new": " x\ny\nz" })).await;
    assert_eq!(std::fs::read(bench.path("f")).unwrap(), b"a\r\n\xff x\r\ny\r\nz");
    assert_eq!(bench.path("f").metadata().unwrap().permissions().mode() & 0o777, 0o754);
}

#[tokio::test]
async fn what_a_call_may_write_has_a_bound() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    let large = "x".repeat(16 * 1024 * 1024 + 1);
    assert!(tools.wrong("write", json!({ "path": "f", "content": large })).await.contains("larger than"));
    bench.put("f", "a".repeat(200_000));
    let wrong = tools.wrong("edit", json!({ "path": "f", "old": "a", "new": "b", "all": true })).await;
    assert_eq!(wrong, "`old` is in `f` more than 100,000 times");
    bench.put("f", "a".repeat(90_000));
    let input = json!({ "path": "f", "old": "a", "new": "b".repeat(1_000_000), "all": true });
    assert!(tools.wrong("edit", input).await.contains("would become larger"));
    std::fs::File::create(bench.path("f")).unwrap().set_len(1 << 40).unwrap();
    for (tool, input) in [
        ("edit", json!({ "path": "f", "old": "a", "new": "b" })),
        ("write", json!({ "path": "f", "content": "b" })),
    ] {
        assert!(tools.wrong(tool, input).await.contains("larger than"), "{tool}");
    }
}

#[tokio::test]
async fn after_the_turn_no_tool_does_anything() {
    let bench = Bench::new();
    let tools = bench.tools(&["**"]);
    bench.cancel.cancel();
    for spec in tools.0.specs() {
        let input = json!({ "path": "f", "content": "x" });
        assert_eq!(tools.wrong(&spec.name, input).await, "the turn was ended");
    }
    assert!(!bench.path("f").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_go_side_by_side_on_any_thread() {
    let bench = Bench::new();
    bench.put("f", "one\n");
    let tools = std::sync::Arc::new(bench.tools(&["**"]));
    let reads: Vec<_> = (0..8)
        .map(|_| {
            let tools = std::sync::Arc::clone(&tools);
            tokio::spawn(async move { tools.ok("read", json!({ "path": "f" })).await })
        })
        .collect();
    for read in reads {
        assert_eq!(read.await.unwrap(), "[read f: lines 1-1 of 1]\n     1\tone\n");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![Just("f"), Just("."), Just("a\nb"), Just("(((("), Just("*"), Just("..")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![
            Just("path"),
            Just("content"),
            Just("old"),
            Just("new"),
            Just("all"),
            Just("from"),
            Just("to"),
            Just("depth"),
            Just("pattern"),
            Just("glob"),
            Just("case"),
            Just("context"),
            Just("command"),
            Just("timeout_seconds"),
            Just("x"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6).prop_map(|map| {
                Value::Object(map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

/// Arguments of the right names whose values may be anything.
fn almost_right() -> impl Strategy<Value = (usize, Value)> {
    (0..6_usize, any_json(), proptest::collection::vec(any_json(), 5)).prop_map(|(tool, any, values)| {
        let names: &[&str] = [
            &["path", "from", "to"][..],
            &["path", "depth"],
            &["pattern", "path", "glob", "case", "context"],
            &["path", "content"],
            &["path", "old", "new", "all"],
            &["command", "timeout_seconds"],
        ][tool];
        if any.is_array() {
            return (tool, any);
        }
        (tool, Value::Object(names.iter().map(|name| (*name).to_owned()).zip(values).collect()))
    })
}

#[test]
fn whatever_the_arguments_are_there_is_an_answer() {
    let bench = Bench::new();
    bench.put("f", "one\ntwo\n");
    let tools = bench.tools(&["**"]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let config = ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() };
    let tried = TestRunner::new(config).run(&(almost_right(), any_json()), |((tool, input), any)| {
        let name = ["read", "list", "search", "write", "edit", "run"][tool];
        for input in [input, any] {
            let answer = runtime.block_on(tools.call(name, input.clone()));
            prop_assert!(!answer.text.is_empty());
            prop_assert!(!answer.text.contains("no fault of the arguments"), "{name} {input}");
        }
        Ok(())
    });
    tried.unwrap();
}
