use orchestra_git::facts::{Tracked, blob_at, find_commit, identity, ignored, remotes, tracked};

use crate::fixture::{Fixture, milestone, path, paths, work};

#[test]
fn a_file_is_read_as_a_commit_has_it() {
    let fixture = Fixture::new();
    let head = fixture.head();
    fixture.write("README.md", "later\n");
    let read = |name: &str, limit| blob_at(&fixture.repo(), &head, &path(name), limit).unwrap();
    assert_eq!(read("README.md", 4).as_deref(), Some(&b"one\n"[..]));
    assert_eq!(read("README.md", 3), None);
    assert_eq!((read("src", 100), read("none", 100), read("README.md/x", 100)), (None, None, None));
}

#[test]
fn a_commit_is_found_by_its_id_and_nothing_else() {
    let fixture = Fixture::new();
    let parent = fixture.head();
    let (prepared, _) = fixture.land(&fixture.order(&[])).unwrap();
    let repo = fixture.repo();
    let found = find_commit(&repo, prepared.commit.short()).unwrap().unwrap();
    assert_eq!(find_commit(&repo, prepared.commit.as_str()).unwrap().as_ref(), Some(&found));
    assert_eq!((found.id, found.parents), (prepared.commit, vec![parent]));
    assert_eq!(found.works, [(milestone(), work("phase-1"))]);
    assert_eq!((found.subject.as_str(), found.is_agents), ("feat(a): do it", false));
    let tree = fixture.git(["rev-parse", "HEAD^{tree}"]);
    for none in ["HEAD", "main", "", "abc", "--all", &"0".repeat(40), &tree, &tree[..8]] {
        assert_eq!(find_commit(&repo, none).unwrap(), None, "{none}");
    }
}

#[test]
fn small_questions_have_small_answers() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    fixture.git(["remote", "add", "b", "../b"]);
    fixture.git(["remote", "add", "a", "../a"]);
    assert_eq!(remotes(&repo).unwrap(), ["b", "a"]);
    assert_eq!(identity(&repo).unwrap().unwrap().email, "person@example.com");
    let asked = paths(&["x.log", "target/debug/x", "src/a.rs"]);
    assert_eq!(
        ignored(&repo, &asked).unwrap().into_iter().collect::<Vec<_>>(),
        paths(&["target/debug/x", "x.log"])
    );
}

#[test]
fn a_folder_is_tracked_where_anything_beneath_it_is() {
    let fixture = Fixture::new();
    let repo = fixture.repo();
    let is_tracked = |name: &str| tracked(&repo, &path(name)).unwrap();
    fixture.write("a*/b/c", "x");
    assert_eq!([is_tracked("a*"), is_tracked("README.md")], [Tracked::Nowhere, Tracked::Index]);
    fixture.git(["add", "a*/b/c"]);
    assert_eq!(
        [is_tracked("a*"), is_tracked("a"), is_tracked("a*/b/c")],
        [Tracked::Index, Tracked::Nowhere, Tracked::Index]
    );
    fixture.git(["commit", "-q", "-m", "x"]);
    fixture.git(["rm", "-r", "-q", "--cached", "a*"]);
    assert_eq!(is_tracked("a*"), Tracked::Head);
    fixture.git(["commit", "-q", "-m", "y"]);
    assert_eq!(is_tracked("a*"), Tracked::Nowhere);
}
