use orchestra_core::repo::{CommitId, History};
use orchestra_git::history::{Publication, history};
use orchestra_git::repo::Repo;
use orchestra_git::review_diff::{review_diff, show_stat};

use crate::fixture::{Fixture, milestone, path, work};

fn read(repo: &Repo, base: Option<&CommitId>) -> History {
    let document = path(".orchestra/milestones/M1-a/milestone.md");
    let says_done = |bytes: &[u8]| bytes.starts_with(b"status: done");
    let publication = Publication { remote: None, branch: None, document: &document, says_done: &says_done };
    history(repo, base, &milestone(), publication).unwrap()
}

/// The works in order.
fn works(found: &History) -> Vec<String> {
    found.commits.iter().map(|entry| entry.work.to_string()).collect()
}

fn commit(fixture: &Fixture, work: &str, text: &str) -> CommitId {
    fixture.write("src/a.rs", format!("{work} {text}\n"));
    let mut order = fixture.order(&["src/a.rs"]);
    order.message = format!("feat: {text}");
    order.work = crate::fixture::work(work);
    fixture.land(&order).unwrap().0.commit
}

#[test]
fn works_are_found_by_their_trailers_oldest_first() {
    let fixture = Fixture::new();
    let base = fixture.head();
    let first = commit(&fixture, "rfc", "design");
    fixture.git(["commit", "-q", "--allow-empty", "-m", "the person's"]);
    fixture.git([
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x\n\nOrchestra-Milestone: M2-b\nOrchestra-Phase: phase-1",
    ]);
    commit(&fixture, "phase-1", "build");
    let found = read(&fixture.repo(), Some(&base));
    assert_eq!(works(&found), ["rfc", "phase-1"]);
    assert_eq!((&found.commits[0].commit, found.commits[0].subject.as_str()), (&first, "feat: design"));
    assert!(found.descends && found.complete && !found.published && found.reverted.is_empty());
    assert_eq!(works(&read(&fixture.repo(), Some(&first))), ["phase-1"]);
    assert_eq!(read(&fixture.repo(), None), found);
}

#[test]
fn f66_other_ids_are_no_trouble() {
    let rewrites: [(&str, &[&[&str]]); 5] = [
        ("an amend", &[&["commit", "-q", "--amend", "--no-edit", "--date=2001-01-01T00:00:00"]]),
        ("a rebase", &[&["rebase", "-q", "-f", "--no-ff", "--root"]]),
        ("a cherry-pick", &[&["switch", "-q", "-c", "other", "HEAD~2"], &["cherry-pick", "main~1", "main"]]),
        (
            "a merge",
            &[&["switch", "-q", "-c", "other", "HEAD~2"], &["merge", "-q", "--no-ff", "-m", "merge", "main"]],
        ),
        (
            "a squash",
            &[
                &["switch", "-q", "-c", "other", "HEAD~2"],
                &["merge", "-q", "--squash", "main"],
                &["commit", "-q", "--no-edit"],
            ],
        ),
    ];
    for (name, commands) in rewrites {
        let fixture = Fixture::new();
        commit(&fixture, "phase-1", "one");
        commit(&fixture, "phase-2", "two");
        for command in commands {
            fixture.git_with(
                &fixture.root,
                &[("GIT_EDITOR", "true"), ("GIT_COMMITTER_DATE", "2002-02-02T00:00:00")],
                *command,
            );
        }
        let mut found = works(&read(&fixture.repo(), None));
        // A squash lists the newest first.
        found.sort();
        assert_eq!(found, ["phase-1", "phase-2"], "{name}");
    }
}

#[test]
fn f66_what_was_reverted_is_named_until_it_is_done_again() {
    let fixture = Fixture::new();
    let base = fixture.head();
    commit(&fixture, "phase-1", "one");
    let reverted = || read(&fixture.repo(), Some(&base)).reverted;
    fixture.git(["revert", "--no-edit", "HEAD"]);
    assert_eq!(reverted(), [work("phase-1")]);
    fixture.git(["revert", "--no-edit", "HEAD"]);
    assert_eq!(reverted(), []);
    fixture.git(["revert", "--no-edit", "HEAD"]);
    assert_eq!(reverted(), [work("phase-1")]);
    // Rewritten, so that no id in a message is right any more.
    fixture.git(["rebase", "-q", "-f", "--no-ff", "--root"]);
    assert_eq!(read(&fixture.repo(), None).reverted, [work("phase-1")]);
    commit(&fixture, "phase-1", "again");
    let found = read(&fixture.repo(), None);
    assert_eq!((found.reverted, found.commits.len()), (vec![], 2));
}

/// What history says of two works with the same subject after these subjects of empty commits.
fn reverted_by(subjects: &[&str]) -> Vec<String> {
    let fixture = Fixture::new();
    let base = fixture.head();
    for phase in ["phase-1", "phase-2"] {
        commit(&fixture, phase, "x");
    }
    for subject in subjects {
        fixture.git(["commit", "-q", "--allow-empty", "-m", subject, "-m", "Reverts org/repo#11"]);
    }
    read(&fixture.repo(), Some(&base)).reverted.iter().map(ToString::to_string).collect()
}

#[test]
fn a_revert_that_names_no_commit_is_of_the_latest_work_with_its_subject() {
    let nothing: [&str; 0] = [];
    assert_eq!(reverted_by(&["Revert \"feat: x\" (#12)"]), ["phase-2"]);
    assert_eq!(reverted_by(&["Revert \"feat: x\"", "Reapply \"feat: x\""]), nothing);
    let again = ["Revert \"feat: x\"", "Reapply \"feat: x\"", "Revert \"Reapply \"feat: x\"\""];
    assert_eq!(reverted_by(&again), ["phase-2"]);
    let by_a_forge = ["Revert \"feat: x\" (#12)", "Revert \"Revert \"feat: x\" (#12)\" (#13)"];
    assert_eq!(reverted_by(&by_a_forge), nothing);
    assert_eq!(reverted_by(&["Revert \"feat: y\"", "Revert the login"]), nothing);
}

#[test]
fn a_revert_of_somebody_elses_commit_with_the_subject_of_a_work_is_none_of_it() {
    let fixture = Fixture::new();
    fixture.write("README.md", "two\n");
    let theirs = fixture.commit_all("feat: one");
    commit(&fixture, "phase-1", "one");
    fixture.git(["revert", "--no-edit", theirs.as_str()]);
    assert_eq!(read(&fixture.repo(), None).reverted, []);
}

#[test]
fn a_work_whose_text_says_that_it_reverts_a_commit_is_a_work() {
    let fixture = Fixture::new();
    let base = fixture.head();
    let first = commit(&fixture, "phase-1", "one");
    fixture.write("src/a.rs", "taken back\n");
    let mut order = fixture.order(&["src/a.rs"]);
    order.message = format!("revert: one\n\nThis reverts commit {first}.");
    order.work = work("phase-2");
    fixture.land(&order).unwrap();
    let found = read(&fixture.repo(), Some(&base));
    assert_eq!((works(&found), found.reverted), (vec!["phase-1".to_owned(), "phase-2".to_owned()], vec![]));
}

#[test]
fn a_forged_commit_of_an_agent_does_not_count() {
    let fixture = Fixture::new();
    let forged = "x\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1";
    fixture.git(["-c", "user.email=agent@orchestra.invalid", "commit", "-q", "--allow-empty", "-m", forged]);
    assert_eq!(works(&read(&fixture.repo(), None)), Vec::<String>::new());
}

#[test]
fn f68_a_head_that_was_moved_away_from_the_base_is_told() {
    let fixture = Fixture::new();
    fixture.git(["commit", "-q", "--allow-empty", "-m", "later"]);
    let base = fixture.head();
    fixture.git(["update-ref", "refs/heads/main", "HEAD~1"]);
    assert!(!read(&fixture.repo(), Some(&base)).descends);
    let unknown = CommitId::parse(&"1".repeat(40)).unwrap();
    let found = read(&fixture.repo(), Some(&unknown));
    assert!(!found.descends && found.complete);
}

#[test]
fn f69_where_history_is_cut_short_not_finding_means_nothing() {
    let fixture = Fixture::new();
    let base = fixture.head();
    commit(&fixture, "phase-1", "one");
    commit(&fixture, "phase-2", "two");
    let clone = fixture.base().join("clone");
    let url = format!("file://{}", fixture.root.display());
    fixture.git(["clone", "-q", "--depth=1", &url, clone.to_str().unwrap()]);
    let repo = Repo::open(&clone, fixture.options()).unwrap();
    let found = read(&repo, Some(&base));
    assert_eq!(works(&found), ["phase-2"]);
    assert!(!found.complete && found.descends);
}

#[test]
fn f82_a_milestone_is_published_when_the_tree_that_was_fetched_says_done() {
    let fixture = Fixture::new();
    fixture.git(["init", "-q", "--bare", "../remote.git"]);
    fixture.git(["remote", "add", "origin", "../remote.git"]);
    assert!(!read(&fixture.repo(), None).published);
    let document = ".orchestra/milestones/M1-a/milestone.md";
    for (status, published) in [("status: review", false), ("status: done", true)] {
        fixture.write(document, status);
        fixture.commit_all(status);
        assert!(!read(&fixture.repo(), None).published);
        fixture.git(["push", "-q", "origin", "main"]);
        assert_eq!(read(&fixture.repo(), None).published, published);
    }
}

#[test]
fn a_review_reads_the_patches_of_the_named_commits_within_a_bound() {
    let fixture = Fixture::new();
    let base = fixture.head();
    let one = commit(&fixture, "phase-1", "one");
    fixture.write("README.md", "the person's\n");
    fixture.commit_all("not of the milestone");
    let two = commit(&fixture, "phase-2", "two");
    let repo = fixture.repo();
    let text = review_diff(&repo, &[one.clone(), two.clone()], 10_000).unwrap();
    assert!(text.contains("+phase-1 one\n") && text.contains("-phase-1 one\n+phase-2 two\n"), "{text}");
    assert!(
        text.starts_with(&format!("commit {one}\n    feat: one\n\ndiff --git a/src/a.rs b/src/a.rs")),
        "{text}"
    );
    assert!(!text.contains("the person's"));
    let cut = review_diff(&repo, &[one, two.clone()], 100).unwrap();
    assert!(cut.contains("… cut here: ") && cut.len() < 200, "{cut}");
    let stat = show_stat(&repo, Some(&base), &two).unwrap();
    let stat: Vec<_> =
        stat.into_iter().map(|file| (file.path.to_string(), file.added, file.removed)).collect();
    assert_eq!(stat, [("README.md".to_owned(), Some(1), Some(1)), ("src/a.rs".to_owned(), Some(1), Some(1))]);
}
