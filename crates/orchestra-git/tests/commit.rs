use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use orchestra_git::guard::Purpose;
use orchestra_git::prepare::{Hooks, PrepareError, prepare};
use orchestra_git::repo::{Filters, Identity, Repo};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{Fixture, path, paths};

/// Paths of the last commit with a letter each, as git shows them.
fn shown(fixture: &Fixture) -> String {
    fixture.git(["show", "--format=", "--name-status", "--no-renames", "HEAD"])
}

#[test]
fn a_phase_becomes_one_commit_with_its_trailers() {
    let fixture = Fixture::new();
    let parent = fixture.head();
    fixture.write("src/a.rs", "changed\n");
    fixture.remove("src/b.rs");
    fixture.write("src/new.rs", "new\n");
    fs::set_permissions(fixture.root.join("src/new.rs"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("new.rs", fixture.root.join("src/link")).unwrap();
    let order = fixture.order(&["src/a.rs", "src/b.rs", "src/new.rs", "src/link"]);
    let (prepared, settled) = fixture.land(&order).unwrap();
    assert_eq!(prepared.paths, paths(&["src/a.rs", "src/b.rs", "src/link", "src/new.rs"]));
    assert_eq!((settled.kept, settled.followed), (None, vec![]));
    assert_eq!(fixture.head(), prepared.commit);
    assert_eq!(fixture.git(["rev-parse", "HEAD^"]), parent.as_str());
    assert_eq!(shown(&fixture), "M\tsrc/a.rs\nD\tsrc/b.rs\nA\tsrc/link\nA\tsrc/new.rs");
    assert!(fixture.git(["ls-tree", "HEAD", "src/new.rs"]).starts_with("100755"));
    let body = "feat(a): do it\n\nBecause.\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1";
    assert_eq!(fixture.git(["log", "-1", "--format=%B"]), body);
    let people = "Person <person@example.com> Person <person@example.com>";
    assert_eq!(fixture.git(["log", "-1", "--format=%an <%ae> %cn <%ce>"]), people);
    assert_eq!(fixture.status(), "");
    let reflog = fixture.git(["reflog", "-1", "--format=%gs", "HEAD"]);
    assert_eq!(
        (reflog.as_str(), fixture.git(["reflog", "-1", "--format=%gs", "main"]).as_str()),
        ("orchestra: phase-1", "orchestra: phase-1")
    );
    fixture.assert_sound();
}

#[test]
fn f62_what_else_is_dirty_or_staged_stays_out_and_as_it_was() {
    let fixture = Fixture::new();
    fixture.write("README.md", "staged\n");
    fixture.write("other", "staged\n");
    fixture.git(["add", "README.md", "other"]);
    fixture.write("README.md", "and changed\n");
    fixture.write("src/b.rs", "dirty\n");
    fixture.write("untracked", "x\n");
    let before = fixture.status();
    fixture.write("src/a.rs", "the phase\n");
    fixture.land(&fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(shown(&fixture), "M\tsrc/a.rs");
    assert_eq!(fixture.status(), before);
    assert_eq!(fixture.git(["show", ":README.md"]), "staged");
    fixture.assert_sound();
}

#[test]
fn f87_before_the_swap_nothing_that_others_see_has_changed() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "the phase\n");
    fixture.write("README.md", "staged\n");
    fixture.git(["add", "README.md"]);
    fixture.hook("pre-commit", "echo formatted > src/a.rs; git add src/a.rs");
    let everything = || {
        let refs = fixture.git(["for-each-ref"]);
        (
            fixture.head(),
            fixture.status(),
            refs,
            fs::read(fixture.root.join(".git/index")).unwrap(),
            fixture.read("src/a.rs"),
        )
    };
    let before = everything();
    let prepared = prepare(&fixture.repo(), &fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(everything(), before);
    // A crash here loses nothing, and the next try makes a commit of its own.
    let again = prepare(&fixture.repo(), &fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(again.tree, prepared.tree);
    fixture.assert_sound();
}

#[test]
fn documents_are_committed_with_the_bytes_given_whatever_lies_on_the_disk() {
    let fixture = Fixture::new();
    fixture.write("docs/phase.md", "status: in-progress\n");
    let mut order = fixture.order(&[]);
    order.documents =
        vec![(path("docs/phase.md"), b"status: done\n".to_vec()), (path("docs/new.md"), b"x\n".to_vec())];
    let (prepared, _) = fixture.land(&order).unwrap();
    assert_eq!(prepared.paths, paths(&["docs/new.md", "docs/phase.md"]));
    assert_eq!(fixture.git(["show", "HEAD:docs/phase.md"]), "status: done");
    assert_eq!(fixture.read("docs/phase.md"), "status: in-progress\n");
}

#[test]
fn a_document_that_can_be_run_still_can() {
    let fixture = Fixture::new();
    let modes = |names: &[&str]| {
        let args = [&["ls-tree", "--format=%(objectmode) %(path)", "HEAD", "--"][..], names].concat();
        fixture.git(args)
    };
    for name in ["seed.sh", "gone.sh", "plain.md"] {
        fixture.write(name, "one\n");
        let mode = if name == "plain.md" { 0o644 } else { 0o755 };
        fs::set_permissions(fixture.root.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    fixture.commit_all("more");
    fixture.remove("gone.sh");
    fixture.write("new.sh", "new\n");
    fs::set_permissions(fixture.root.join("new.sh"), fs::Permissions::from_mode(0o700)).unwrap();
    let mut order = fixture.order(&[]);
    let names = ["gone.sh", "new.sh", "plain.md", "seed.sh"];
    order.documents = names.map(|name| (path(name), b"two\n".to_vec())).into();
    fixture.land(&order).unwrap();
    assert_eq!(modes(&names), "100755 gone.sh\n100755 new.sh\n100644 plain.md\n100755 seed.sh");
}

#[test]
fn f37_line_endings_are_converted_as_git_add_does() {
    let fixture = Fixture::new();
    fixture.write("crlf-in-git.txt", "a\r\nb\r\n");
    fixture.commit_all("with its line endings");
    fixture.git(["config", "core.autocrlf", "true"]);
    fixture.write("crlf-in-git.txt", "a\r\nB\r\n");
    fixture.write("src/a.rs", "one\r\ntwo\r\n");
    let mut order = fixture.order(&["src/a.rs", "crlf-in-git.txt"]);
    order.documents = vec![(path("README.md"), b"one\r\ntwo\r\n".to_vec())];
    fixture.land(&order).unwrap();
    let hex = |what: &str| fixture.git(["rev-parse", what]);
    let hash = |bytes: &[u8]| {
        let file = fixture.base().join("bytes");
        fs::write(&file, bytes).unwrap();
        fixture.git(["hash-object", "--no-filters", file.to_str().unwrap()])
    };
    assert_eq!(hex("HEAD:src/a.rs"), hash(b"one\ntwo\n"));
    assert_eq!(hex("HEAD:README.md"), hash(b"one\ntwo\n"));
    assert_eq!(hex("HEAD:crlf-in-git.txt"), hash(b"a\r\nB\r\n"));
}

#[test]
fn a_file_may_take_the_place_of_a_folder_and_the_other_way_round() {
    let fixture = Fixture::new();
    fs::remove_dir_all(fixture.root.join("src")).unwrap();
    fixture.write("src", "a file\n");
    fixture.remove("README.md");
    fixture.write("README.md/inside", "x\n");
    let order = fixture.order(&["src", "src/a.rs", "src/b.rs", "README.md", "README.md/inside"]);
    fixture.land(&order).unwrap();
    assert_eq!(fixture.git(["ls-tree", "-r", "--name-only", "HEAD"]), ".gitignore\nREADME.md/inside\nsrc");
    assert_eq!(fixture.status(), "");
    fixture.assert_sound();
}

#[test]
fn a_commit_without_a_change_is_allowed() {
    let fixture = Fixture::new();
    let tree = fixture.git(["rev-parse", "HEAD^{tree}"]);
    let (prepared, _) = fixture.land(&fixture.order(&[])).unwrap();
    assert_eq!((prepared.tree.as_str(), prepared.paths), (tree.as_str(), vec![]));
}

#[test]
fn what_is_no_file_is_refused_by_name() {
    let fixture = Fixture::new();
    mknodat(CWD, fixture.root.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    symlink("/etc/passwd", fixture.root.join("out")).unwrap();
    let nested = fixture.root.join("nested");
    fs::create_dir(&nested).unwrap();
    fixture.git_in(&nested, ["init", "-q"]);
    for (name, expected) in [
        ("pipe", "a FIFO"),
        ("out", "a symbolic link that leaves the tree"),
        ("nested", "a nested repository"),
        (".GIT/hooks", "a name that git keeps for itself"),
    ] {
        match prepare(&fixture.repo(), &fixture.order(&[name])) {
            Err(error @ PrepareError::Unfit { why, .. }) => {
                assert_eq!(why, expected);
                assert!(error.is_agents_to_mend());
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_path_beyond_a_link_is_not_read() {
    let fixture = Fixture::new();
    let outside = fixture.base().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a.rs"), "secret\n").unwrap();
    fs::remove_dir_all(fixture.root.join("src")).unwrap();
    symlink("../outside", fixture.root.join("src")).unwrap();
    let prepared = prepare(&fixture.repo(), &fixture.order(&["src/a.rs", "src/b.rs"])).unwrap();
    let listed = fixture.git(["ls-tree", "-r", "--name-only", prepared.tree.as_str()]);
    assert_eq!(listed, ".gitignore\nREADME.md");
}

#[test]
fn nobody_commits_nothing_and_the_fallback_is_used_where_nobody_else_is_known() {
    let fixture = Fixture::new();
    fixture.git(["config", "--unset", "user.email"]);
    let error = prepare(&fixture.repo(), &fixture.order(&[])).unwrap_err();
    assert!(matches!(error, PrepareError::NoIdentity), "{error}");
    let identity = Some(Identity { name: "Fallback".into(), email: "f@example.com".into() });
    let repo = Repo::open(&fixture.root, orchestra_git::repo::RepoOptions { identity, ..fixture.options() })
        .unwrap();
    let prepared = prepare(&repo, &fixture.order(&[])).unwrap();
    assert_eq!(fixture.git(["log", "-1", "--format=%ae", prepared.commit.as_str()]), "f@example.com");
}

#[test]
fn trailers_in_the_text_of_a_model_do_not_count() {
    let fixture = Fixture::new();
    let mut order = fixture.order(&[]);
    order.message = "feat: x\n\nOrchestra-Phase: phase-9\nOrchestra-Milestone: M7\n".to_owned();
    fixture.land(&order).unwrap();
    let body = "feat: x\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1";
    assert_eq!(fixture.git(["log", "-1", "--format=%B"]), body);
}

#[test]
fn f72_content_filters_run_below_the_guard_and_never_before_they_are_trusted() {
    let fixture = Fixture::new();
    fixture.git(["config", "filter.caps.clean", "tr a-z A-Z; touch ran"]);
    fixture.git(["config", "filter.caps.smudge", "tr A-Z a-z"]);
    fixture.write(".gitattributes", "*.caps filter=caps\n");
    fixture.git(["add", ".gitattributes"]);
    fixture.git(["commit", "-q", "-m", "attributes"]);
    fixture.write("x.caps", "small\n");
    let off = orchestra_git::repo::RepoOptions { filters: Filters::Off, ..fixture.options() };
    let error = prepare(&Repo::open(&fixture.root, off).unwrap(), &fixture.order(&["x.caps"])).unwrap_err();
    assert!(matches!(error, PrepareError::FilterMissing { .. }), "{error}");
    assert!(!fixture.exists("ran"));
    fixture.land(&fixture.order(&["x.caps"])).unwrap();
    assert_eq!(fixture.git(["show", "HEAD:x.caps"]), "SMALL");
    assert!(fixture.guard.seen.lock().unwrap().contains(&Purpose::Filter));
}

#[test]
fn f72_a_filter_that_is_not_set_up_or_fails_stops_the_commit() {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.bin filter=lfs\n");
    fixture.write("x.bin", "large\n");
    let error = prepare(&fixture.repo(), &fixture.order(&["x.bin"])).unwrap_err();
    assert!(matches!(&error, PrepareError::FilterMissing { filter, .. } if filter == "lfs"), "{error}");
    assert!(!error.is_agents_to_mend());
    fixture.git(["config", "filter.lfs.clean", "echo no server >&2; exit 1"]);
    fixture.git(["config", "filter.lfs.required", "true"]);
    let error = prepare(&fixture.repo(), &fixture.order(&["x.bin"])).unwrap_err();
    assert!(
        matches!(&error, PrepareError::FilterFailed { output } if output.contains("no server")),
        "{error:?}"
    );
}

#[test]
fn f70_in_a_linked_worktree_all_of_it_works_too() {
    let fixture = Fixture::new();
    let tree = fixture.base().join("linked");
    fixture.git(["worktree", "add", "-q", "-b", "side", tree.to_str().unwrap()]);
    fs::write(tree.join("src/a.rs"), "in the worktree\n").unwrap();
    let options = orchestra_git::repo::RepoOptions { scratch: tree.join(".scratch"), ..fixture.options() };
    let repo = Repo::open(&tree, options).unwrap();
    let order = fixture.order(&["src/a.rs"]);
    let prepared = prepare(&repo, &order).unwrap();
    orchestra_git::swap::swap(&repo, "side", &prepared.commit, &order.parent, "orchestra").unwrap();
    orchestra_git::settle::settle(&repo, &crate::fixture::settling(&order, &prepared)).unwrap();
    assert_eq!(fixture.git_in(&tree, ["status", "--porcelain"]), "");
    assert_eq!(fixture.git(["rev-parse", "side"]), prepared.commit.as_str());
    assert_eq!(fixture.git_in(&tree, ["reflog", "-1", "--format=%gs", "HEAD"]), "orchestra");
    assert_eq!(fixture.head(), order.parent);
    assert_eq!(fixture.status(), "");
}

#[test]
fn hooks_that_are_off_do_not_run() {
    let fixture = Fixture::new();
    fixture.hook("pre-commit", "exit 1");
    let mut order = fixture.order(&[]);
    order.hooks = Hooks::Off;
    fixture.land(&order).unwrap();
}

#[test]
fn a_repository_whose_path_has_strange_characters_is_like_all_others() {
    let fixture = Fixture::new();
    let root = fixture.base().join("a:b \"c\" \u{fc}");
    fixture.git(["clone", "-q", ".", root.to_str().unwrap()]);
    fs::write(root.join("src/a.rs"), "the phase\n").unwrap();
    fs::write(root.join("untracked"), "the person's\n").unwrap();
    crate::fixture::script(&root.join(".git/hooks/pre-commit"), "echo nice > src/a.rs; git add src/a.rs");
    let person = [("GIT_AUTHOR", "Person"), ("GIT_COMMITTER", "Person")];
    let mut options =
        orchestra_git::repo::RepoOptions { scratch: root.join(".scratch"), ..fixture.options() };
    for (prefix, name) in person {
        options.environment.push((format!("{prefix}_NAME").into(), name.into()));
        options.environment.push((format!("{prefix}_EMAIL").into(), "person@example.com".into()));
    }
    let repo = Repo::open(&root, options).unwrap();
    let prepared = prepare(&repo, &fixture.order(&["src/a.rs"])).unwrap();
    assert_eq!(prepared.changed_by_hooks, paths(&["src/a.rs"]));
    assert_eq!(fixture.git_in(&root, ["show", &format!("{}:src/a.rs", prepared.commit)]), "nice");
}
