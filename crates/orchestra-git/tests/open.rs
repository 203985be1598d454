use std::fs;
use std::os::unix::fs::symlink;

use orchestra_git::repo::{OpenError, Repo, discover};

use crate::fixture::{Fixture, script};

fn failure(fixture: &Fixture, root: &std::path::Path) -> OpenError {
    Repo::open(root, fixture.options()).unwrap_err()
}

#[test]
fn the_work_tree_around_a_folder_is_found() {
    let fixture = Fixture::new();
    assert_eq!(discover(&fixture.root.join("src")).unwrap(), fixture.root);
    assert_eq!(discover(&fixture.root).unwrap(), fixture.root);
    let (folder, git_dir) = (fixture.root.join(".git/refs"), fixture.root.join(".git"));
    let within = OpenError::InGitDirectory { folder: folder.clone(), git_dir };
    assert_eq!(format!("{:?}", discover(&folder).unwrap_err()), format!("{within:?}"));
    // A bare repository that lies around is no work tree (THREATS A09).
    fixture.git(["init", "-q", "--bare", "src/bare"]);
    assert_eq!(discover(&fixture.root.join("src/bare/refs")).unwrap(), fixture.root);
    // Where there is no work tree at all, it is said what there is instead.
    fixture.git(["init", "-q", "--bare", "../bare"]);
    let bare = fixture.base().join("bare");
    let found = discover(&bare.join("refs"));
    assert!(matches!(&found, Err(OpenError::Bare { root }) if *root == bare), "{found:?}");
}

#[test]
fn a_folder_within_is_not_its_top() {
    let fixture = Fixture::new();
    assert!(matches!(failure(&fixture, &fixture.root.join("src")), OpenError::NotARepository { .. }));
    fixture.git(["init", "-q", "--bare", "../bare"]);
    assert!(matches!(failure(&fixture, &fixture.base().join("bare")), OpenError::Bare { .. }));
    fixture.git(["config", "core.bare", "true"]);
    assert!(matches!(failure(&fixture, &fixture.root), OpenError::Bare { .. }));
}

#[test]
fn f70_a_linked_worktree_and_a_submodule_are_opened_where_both_sides_agree() {
    let fixture = Fixture::new();
    let linked = fixture.base().join("linked");
    fixture.git(["worktree", "add", "-q", linked.to_str().unwrap()]);
    let repo = Repo::open(&linked, fixture.options()).unwrap();
    assert_eq!(repo.common_dir(), fixture.root.join(".git"));
    assert_eq!(repo.git_dir(), fixture.root.join(".git/worktrees/linked"));
    fixture.git([
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &format!("file://{}", fixture.root.display()),
        "sub",
    ]);
    let repo = Repo::open(&fixture.root.join("sub"), fixture.options()).unwrap();
    assert_eq!(repo.git_dir(), fixture.root.join(".git/modules/sub"));
}

#[test]
fn a_pointer_that_the_other_side_does_not_know_is_refused() {
    let fixture = Fixture::new();
    let victim = fixture.base().join("linked");
    fixture.git(["worktree", "add", "-q", victim.to_str().unwrap()]);
    let forged = fixture.base().join("forged");
    for (name, pointer) in [
        ("another repository", fixture.root.join(".git")),
        ("another's worktree", fixture.root.join(".git/worktrees/linked")),
    ] {
        fs::create_dir_all(&forged).unwrap();
        fs::write(forged.join(".git"), format!("gitdir: {}\n", pointer.display())).unwrap();
        assert!(matches!(failure(&fixture, &forged), OpenError::Foreign { .. }), "{name}");
    }
    fs::remove_file(forged.join(".git")).unwrap();
    symlink(fixture.root.join(".git"), forged.join(".git")).unwrap();
    assert!(matches!(failure(&fixture, &forged), OpenError::Foreign { .. }));
    fs::write(fixture.root.join(".git/commondir"), "../../elsewhere/.git\n").unwrap();
    assert!(matches!(failure(&fixture, &fixture.root), OpenError::Foreign { .. }));
}

#[test]
fn a_work_tree_that_the_configuration_puts_elsewhere_is_refused() {
    let fixture = Fixture::new();
    fixture.git(["config", "core.worktree", "../../home"]);
    assert!(matches!(failure(&fixture, &fixture.root), OpenError::Foreign { .. }));
}

#[test]
fn f73_formats_that_are_not_supported_are_named_with_a_way_out() {
    let fixture = Fixture::new();
    for (args, feature) in
        [(&["--object-format=sha256"][..], "SHA-256"), (&["--ref-format=reftable"], "reftable")]
    {
        let folder = fixture.base().join(feature);
        fs::create_dir(&folder).unwrap();
        fixture.git_in(&folder, [&["init", "-q"], args].concat());
        match failure(&fixture, &folder) {
            OpenError::Unsupported { feature: found, hint } => {
                assert!(found.contains(feature) && !hint.is_empty(), "{found} {hint}");
            }
            other => panic!("{feature}: {other}"),
        }
    }
    fixture.git(["config", "core.repositoryFormatVersion", "1"]);
    fixture.git(["config", "extensions.partialClone", "origin"]);
    match failure(&fixture, &fixture.root) {
        OpenError::Unsupported { feature, .. } => assert_eq!(feature, "a partial clone"),
        other => panic!("{other}"),
    }
}

#[test]
fn an_old_git_is_named() {
    let fixture = Fixture::new();
    let old = fixture.base().join("old-git");
    script(&old, "echo git version 2.30.2");
    let options = orchestra_git::repo::RepoOptions { program: old, ..fixture.options() };
    match Repo::open(&fixture.root, options).unwrap_err() {
        OpenError::Unsupported { feature, .. } => assert_eq!(feature, "git 2.30"),
        other => panic!("{other}"),
    }
}
