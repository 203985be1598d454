use orchestra_core::repo::{PushTarget, Survey};
use orchestra_git::survey::survey;

use crate::fixture::Fixture;

fn read(fixture: &Fixture, remote: Option<&str>, branch: Option<&str>) -> Survey {
    survey(&fixture.repo(), remote, branch, &fixture.head()).unwrap()
}

fn remote(fixture: &Fixture, name: &str) {
    fixture.git(["init", "-q", "--bare", &format!("../{name}.git")]);
    fixture.git(["remote", "add", name, &format!("../{name}.git")]);
}

fn target(name: &str, branch: &str) -> PushTarget {
    PushTarget::Remote { name: name.to_owned(), url: format!("../{name}.git"), branch: branch.to_owned() }
}

fn subjects(found: &Survey) -> Vec<&str> {
    found.commits.iter().map(|commit| commit.subject.as_str()).collect()
}

#[test]
fn the_remote_is_the_configured_one_then_the_branchs_then_the_only_one() {
    let fixture = Fixture::new();
    let find = |name| read(&fixture, name, None).target;
    assert_eq!(find(None), PushTarget::Missing);
    remote(&fixture, "one");
    assert_eq!(find(None), target("one", "main"));
    remote(&fixture, "two");
    assert_eq!(find(None), PushTarget::Ambiguous { remotes: vec!["one".to_owned(), "two".to_owned()] });
    fixture.git(["config", "branch.main.remote", "two"]);
    assert_eq!(find(None), target("two", "main"));
    fixture.git(["config", "remote.pushDefault", "one"]);
    assert_eq!(find(None), target("one", "main"));
    fixture.git(["config", "branch.main.pushRemote", "two"]);
    assert_eq!(find(None), target("two", "main"));
    assert_eq!(find(Some("one")), target("one", "main"));
    assert_eq!(find(Some("none")), PushTarget::Missing);
    assert_eq!(read(&fixture, None, Some("orchestra/M1-a")).target, target("two", "orchestra/M1-a"));
}

#[test]
fn the_address_is_shown_as_git_will_use_it_and_without_a_password() {
    let fixture = Fixture::new();
    fixture.git(["remote", "add", "origin", "gh:a/b"]);
    fixture.git(["config", "url.https://me:secret@example.com/.insteadOf", "gh:"]);
    let url = |fixture: &Fixture| match read(fixture, None, None).target {
        PushTarget::Remote { url, .. } => url,
        other => panic!("{other:?}"),
    };
    assert_eq!(url(&fixture), "https://example.com/a/b");
    fixture.git(["config", "remote.origin.pushurl", "ssh://git@example.com/c"]);
    assert_eq!(url(&fixture), "ssh://git@example.com/c");
}

#[test]
fn everything_that_would_be_published_is_listed_with_whose_it_is() {
    let fixture = Fixture::new();
    remote(&fixture, "origin");
    assert_eq!(subjects(&read(&fixture, None, None)), ["begin"]);
    fixture.git(["push", "-q", "origin", "main"]);
    assert_eq!(read(&fixture, None, None).commits, []);
    fixture.write("README.md", "one\ntwo\n");
    fixture.commit_all("the person's");
    fixture.write("src/a.rs", "x\n");
    fixture.write("binary", [0, 1, 2]);
    fixture.land(&fixture.order(&["src/a.rs", "binary"])).unwrap();
    let found = read(&fixture, None, None);
    assert_eq!(subjects(&found), ["the person's", "feat(a): do it"]);
    assert_eq!(found.commits[0].of, None);
    let of = found.commits[1].of.clone().unwrap();
    assert_eq!((of.0.as_str(), of.1.to_string().as_str()), ("M1-a", "phase-1"));
    let files: Vec<_> =
        found.files.iter().map(|file| (file.path.to_string(), file.added, file.removed)).collect();
    let expected = [("README.md", Some(1), Some(0)), ("binary", None, None), ("src/a.rs", Some(1), Some(1))];
    assert_eq!(files, expected.map(|(path, added, removed)| (path.to_owned(), added, removed)));
    assert_eq!(found.head, Some(fixture.head()));
    // A branch that the remote does not have yet: what no branch of it has.
    assert_eq!(subjects(&read(&fixture, None, Some("new"))), ["the person's", "feat(a): do it"]);
}
