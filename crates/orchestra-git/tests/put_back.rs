use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use orchestra_git::changes::changes;
use orchestra_git::put_back::{PutBack, put_back};
use orchestra_git::save::save;
use orchestra_git::snapshot::snapshot;

use crate::fixture::{BEFORE, Fixture, OUT, path, paths, script, shown};

fn begin(fixture: &Fixture) {
    snapshot(&fixture.repo(), BEFORE, u64::MAX).unwrap();
}

/// Puts everything back that has changed.
fn all_back(fixture: &Fixture) -> PutBack {
    let repo = fixture.repo();
    let changed = changes(&repo, BEFORE).unwrap();
    let paths: Vec<_> = changed.into_iter().map(|change| change.path).collect();
    put_back(&repo, BEFORE, &paths, OUT).unwrap()
}

fn check_nothing_changed(fixture: &Fixture) {
    assert_eq!(shown(&changes(&fixture.repo(), BEFORE).unwrap()), Vec::<String>::new());
    fixture.assert_sound();
}

#[test]
fn files_come_back_as_they_were_and_what_was_there_is_kept() {
    let fixture = Fixture::new();
    fixture.write("notes", "the person\r\n");
    fs::set_permissions(fixture.root.join("notes"), fs::Permissions::from_mode(0o600)).unwrap();
    fixture.remove("README.md");
    begin(&fixture);
    let before = fixture.status();
    fixture.remove("notes");
    fixture.write("README.md", "the agent\n");
    fixture.write("src/a.rs", "the agent\n");
    fixture.remove("src/b.rs");
    fixture.write("deep/er/new", "the agent\n");
    let done = all_back(&fixture);
    assert_eq!(done.reference.as_deref(), Some(OUT));
    assert_eq!(done.left, []);
    assert_eq!(fixture.status(), before);
    assert_eq!(fixture.read("notes"), "the person\r\n");
    assert_eq!(fs::metadata(fixture.root.join("notes")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fixture.exists("deep") && !fixture.exists("README.md"));
    assert_eq!(fixture.git(["show", &format!("{OUT}:src/a.rs")]), "the agent");
    assert_eq!(fixture.git(["show", &format!("{OUT}:deep/er/new")]), "the agent");
    check_nothing_changed(&fixture);
}

#[test]
fn f05_after_a_crash_in_the_middle_the_rest_is_put_back_and_one_ref_is_enough() {
    let fixture = Fixture::new();
    begin(&fixture);
    fixture.write("src/a.rs", "the agent\n");
    fixture.write("src/b.rs", "the agent\n");
    let both = paths(&["src/a.rs", "src/b.rs"]);
    let repo = fixture.repo();
    // Saved, one restored, and dead.
    save(&repo, OUT, &both).unwrap();
    fixture.write("src/a.rs", "fn a() {}\n");
    let done = put_back(&repo, BEFORE, &both, OUT).unwrap();
    assert_eq!(
        done,
        PutBack { reference: Some(OUT.to_owned()), restored: paths(&["src/b.rs"]), left: vec![] }
    );
    assert_eq!(
        fixture.git(["for-each-ref", "--format=%(refname)", "refs/orchestra"]),
        format!("{BEFORE}\n{OUT}")
    );
    assert_eq!(put_back(&repo, BEFORE, &both, OUT).unwrap(), PutBack::default());
    check_nothing_changed(&fixture);
}

#[test]
fn another_content_goes_under_another_name() {
    let fixture = Fixture::new();
    begin(&fixture);
    for (content, expected) in
        [("one\n", OUT.to_owned()), ("two\n", format!("{OUT}-2")), ("three\n", format!("{OUT}-3"))]
    {
        fixture.write("src/a.rs", content);
        assert_eq!(all_back(&fixture).reference, Some(expected));
    }
    assert_eq!(fixture.git(["show", &format!("{OUT}:src/a.rs")]), "one");
    assert_eq!(fixture.git(["show", &format!("{OUT}-3:src/a.rs")]), "three");
}

#[test]
fn folders_files_and_links_take_each_others_place() {
    let fixture = Fixture::new();
    fixture.write("src/notes", "the person\n");
    begin(&fixture);
    let before = fixture.status();
    let outside = fixture.base().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a.rs"), "not ours\n").unwrap();
    fs::remove_dir_all(fixture.root.join("src")).unwrap();
    symlink(&outside, fixture.root.join("src")).unwrap();
    fixture.remove("README.md");
    fixture.write("README.md/inside/deep", "x");
    let done = all_back(&fixture);
    assert_eq!(done.left, []);
    assert_eq!(fixture.status(), before);
    assert_eq!(fixture.read("src/notes"), "the person\n");
    assert_eq!(fixture.read("README.md"), "one\n");
    assert_eq!(fs::read_to_string(outside.join("a.rs")).unwrap(), "not ours\n");
    check_nothing_changed(&fixture);
}

#[test]
fn a_link_that_is_swapped_in_leads_nowhere() {
    let fixture = Fixture::new();
    begin(&fixture);
    let outside = fixture.base().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("a.rs"), "not ours\n").unwrap();
    let (src, aside, link) =
        (fixture.root.join("src"), fixture.base().join("aside"), fixture.base().join("link"));
    symlink(&outside, &link).unwrap();
    let done = AtomicBool::new(false);
    let repo = fixture.repo();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // Each may fail when the other side made the folder anew.
                let _ = fs::rename(&src, &aside);
                let _ = fs::rename(&link, &src);
                let _ = fs::rename(&src, &link);
                let _ = fs::rename(&aside, &src);
            }
        });
        for round in 0..20 {
            let _ = fs::write(fixture.root.join("README.md"), format!("{round}"));
            // It may fail or leave a path; what counts is what lies outside.
            let _ = put_back(&repo, BEFORE, &paths(&["src/a.rs", "README.md"]), OUT);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_to_string(outside.join("a.rs")).unwrap(), "not ours\n");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

/// A filter for `*.rs` that, while files are checked out, does what `script` says.
fn with_filter(fixture: &Fixture, does: &str) {
    fixture.write(".gitattributes", "*.rs filter=slow\n");
    let file = fixture.base().join("slow");
    script(&file, &format!("cat\n{does}"));
    fixture.git(["config", "filter.slow.smudge", file.to_str().unwrap()]);
    fixture.git(["config", "filter.slow.clean", "cat"]);
    fixture.commit_all("with a filter");
}

#[test]
fn what_the_person_writes_while_files_are_checked_out_is_kept() {
    let fixture = Fixture::new();
    let written = fixture.root.join("src/b.rs");
    with_filter(&fixture, &format!("echo the person > '{}'", written.display()));
    begin(&fixture);
    fixture.write("src/a.rs", "the agent\n");
    fixture.write("src/b.rs", "the agent\n");
    let done = all_back(&fixture);
    assert_eq!(fixture.read("src/b.rs"), "fn b() {}\n");
    assert_eq!(fixture.git(["show", &format!("{}:src/b.rs", done.reference.unwrap())]), "the person");
}

#[test]
fn f63_whatever_is_written_during_a_put_back_is_in_the_tree_or_kept() {
    let fixture = Fixture::new();
    begin(&fixture);
    let (file, new) = (fixture.root.join("README.md"), fixture.base().join("new"));
    let repo = fixture.repo();
    for round in 0..10 {
        fixture.write("README.md", format!("the agent {round}\n"));
        let saved = AtomicBool::new(false);
        let last = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut last = 0;
                while !saved.load(Ordering::Relaxed) {
                    last += 1;
                    fs::write(&new, format!("{round}.{last}\n")).unwrap();
                    fs::rename(&new, &file).unwrap();
                }
                last
            });
            put_back(&repo, BEFORE, &paths(&["README.md"]), OUT).unwrap();
            saved.store(true, Ordering::Relaxed);
            writer.join().unwrap()
        });
        let last = format!("{round}.{last}");
        let refs = fixture.git(["for-each-ref", "--format=%(refname)", OUT, &format!("{OUT}-*")]);
        let kept = refs.lines().map(|name| fixture.git(["show", &format!("{name}:README.md")]));
        assert!(
            fixture.read("README.md").trim() == last || kept.collect::<Vec<_>>().contains(&last),
            "{last}"
        );
        put_back(&repo, BEFORE, &paths(&["README.md"]), OUT).unwrap();
    }
}

#[test]
fn line_endings_and_modes_are_as_git_checks_them_out() {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.txt text eol=crlf\n");
    fixture.write("dos.txt", "a\r\nb\r\n");
    fixture.write("run.sh", "x\n");
    fs::set_permissions(fixture.root.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    symlink("src", fixture.root.join("link")).unwrap();
    fixture.commit_all("more");
    begin(&fixture);
    fixture.write("dos.txt", "the agent\n");
    fixture.remove("run.sh");
    fixture.remove("link");
    all_back(&fixture);
    assert_eq!(fixture.read("dos.txt"), "a\r\nb\r\n");
    assert_eq!(fs::metadata(fixture.root.join("run.sh")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::read_link(fixture.root.join("link")).unwrap().to_str(), Some("src"));
    assert_eq!(fixture.status(), "");
    check_nothing_changed(&fixture);
}

#[test]
fn what_the_person_committed_meanwhile_is_not_undone() {
    let fixture = Fixture::new();
    begin(&fixture);
    fixture.write("src/a.rs", "the person\n");
    fixture.commit_all("the person's");
    fixture.write("src/a.rs", "the agent\n");
    all_back(&fixture);
    assert_eq!(fixture.read("src/a.rs"), "the person\n");
}

#[test]
fn what_an_agent_committed_is() {
    let fixture = Fixture::new();
    begin(&fixture);
    fixture.write("src/a.rs", "the agent\n");
    fixture.git(["-c", "user.email=agent@orchestra.invalid", "commit", "-q", "-a", "-m", "mine"]);
    put_back(&fixture.repo(), BEFORE, &paths(&["src/a.rs"]), OUT).unwrap();
    assert_eq!(fixture.read("src/a.rs"), "fn a() {}\n");
}

#[test]
fn what_an_agent_staged_is_unstaged_and_kept_and_what_the_person_had_staged_stays() {
    let fixture = Fixture::new();
    fixture.write("README.md", "the person\n");
    fixture.git(["add", "README.md"]);
    begin(&fixture);
    let before = fixture.status();
    for file in ["README.md", "src/a.rs"] {
        fixture.write(file, "the agent\n");
        fixture.git(["add", file]);
        fixture.write(file, "the agent again\n");
    }
    all_back(&fixture);
    assert_eq!(fixture.status(), before);
    assert_eq!(fixture.git(["show", ":README.md"]), "the person");
    assert_eq!(fixture.git(["show", &format!("{OUT}^2:src/a.rs")]), "the agent");
    assert_eq!(fixture.git(["show", &format!("{OUT}:src/a.rs")]), "the agent again");
    check_nothing_changed(&fixture);
}

#[test]
fn f71_a_repository_or_ignored_files_in_the_way_are_left_and_named() {
    let fixture = Fixture::new();
    begin(&fixture);
    fixture.remove("README.md");
    fixture.write("README.md/x.log", "ignored");
    let nested = fixture.root.join("nested");
    fs::create_dir(&nested).unwrap();
    fixture.git_in(&nested, ["init", "-q"]);
    fs::write(nested.join("inside"), "x").unwrap();
    let done = all_back(&fixture);
    let left: Vec<_> = done.left.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(left, paths(&["nested", "README.md"]));
    assert!(fixture.exists("README.md/x.log") && fixture.exists("nested/inside"));
}

#[test]
fn saving_changes_nothing_and_twice_is_once() {
    let fixture = Fixture::new();
    fixture.write("src/a.rs", "x\n");
    fixture.remove("src/b.rs");
    let before = fixture.status();
    let repo = fixture.repo();
    let both = paths(&["src/a.rs", "src/b.rs"]);
    assert_eq!(save(&repo, OUT, &both).unwrap(), OUT);
    assert_eq!(save(&repo, OUT, &both).unwrap(), OUT);
    assert_eq!(save(&repo, OUT, &[path("src/a.rs")]).unwrap(), OUT);
    assert_eq!(fixture.status(), before);
    fixture.write("src/a.rs", "y\n");
    assert_eq!(save(&repo, OUT, &both).unwrap(), format!("{OUT}-2"));
}

#[test]
fn gits_own_files_are_never_put_back() {
    let fixture = Fixture::new();
    begin(&fixture);
    let names = [".git/HEAD", "sub/.git/config", ".GIT/config"];
    fixture.write("sub/.git/config", "x");
    let done = put_back(&fixture.repo(), BEFORE, &paths(&names), OUT).unwrap();
    assert_eq!((done.left.len(), done.restored), (3, vec![]));
    assert!(fixture.exists(".git/HEAD") && fixture.exists("sub/.git/config"));
}
