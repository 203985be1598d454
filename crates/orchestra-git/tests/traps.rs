//! A repository that would run a program at every turn (THREATS A06, A07).

use std::fs;

use orchestra_core::id::MilestoneId;
use orchestra_git::changes::changes;
use orchestra_git::facts::{find_commit, ignored};
use orchestra_git::history::{Publication, history};
use orchestra_git::own_commits::own_commits;
use orchestra_git::put_back::put_back;
use orchestra_git::repo::{Filters, Repo, RepoOptions, discover};
use orchestra_git::rescue::{PatchFor, list, show};
use orchestra_git::review_diff::{review_diff, show_stat};
use orchestra_git::snapshot::snapshot;
use orchestra_git::standing::standing;
use orchestra_git::status::status;
use orchestra_git::survey::survey;

use crate::fixture::{BEFORE, Fixture, OUT, path, paths, script};

/// A repository in which every key that names a program names one that leaves a mark.
fn trapped() -> Fixture {
    let fixture = Fixture::new();
    fixture.write(".gitattributes", "*.rs filter=trap diff=trap merge=trap\n");
    fixture.commit_all("attributes");
    fixture.git(["remote", "add", "origin", "../remote.git"]);
    let canary = fixture.base().join("canary");
    script(&canary, &format!("touch '{}'; cat", fixture.base().join("PWNED").display()));
    let canary = canary.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "core.alternateRefsCommand",
        "credential.helper",
        "diff.external",
        "diff.trap.textconv",
        "diff.trap.command",
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "gpg.program",
        "sequence.editor",
        "interactive.diffFilter",
        "merge.trap.driver",
        "uploadpack.packObjectsHook",
        "pager.status",
        "pager.log",
        "alias.status",
    ] {
        fixture.git(["config", key, canary]);
    }
    fixture.git(["config", "filter.trap.required", "true"]);
    for hook in
        ["post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman", "pre-auto-gc"]
    {
        fs::copy(canary, fixture.root.join(".git/hooks").join(hook)).unwrap();
    }
    fixture
}

fn sprung(fixture: &Fixture) -> bool {
    fixture.base().join("PWNED").exists()
}

#[test]
fn the_traps_work() {
    let fixture = trapped();
    fixture.write("src/a.rs", "changed\n");
    // It may fail: the traps do not do what they are asked for.
    fixture.git_however_it_ends(&["status"]);
    assert!(sprung(&fixture));
}

#[test]
fn looking_keeping_and_putting_back_run_nothing_before_it_is_trusted() {
    let fixture = trapped();
    let options = RepoOptions { filters: Filters::Off, ..fixture.options() };
    let check = |step: &str| assert!(!sprung(&fixture), "{step}");
    discover(&fixture.root.join("src")).unwrap();
    let repo = Repo::open(&fixture.root, options).unwrap();
    check("open");
    standing(&repo).unwrap().unwrap();
    check("standing");
    fixture.write("src/b.rs", "the person\n");
    assert_eq!(status(&repo).unwrap().len(), 1);
    check("status");
    snapshot(&repo, BEFORE, u64::MAX).unwrap();
    check("snapshot");
    fixture.write("src/a.rs", "the agent\n");
    assert_eq!(changes(&repo, BEFORE).unwrap().len(), 1);
    check("changes");
    put_back(&repo, BEFORE, &paths(&["src/a.rs"]), OUT).unwrap();
    check("put back");
    assert_eq!(fixture.read("src/a.rs"), "fn a() {}\n");
    let head = orchestra_git::standing::head(&repo).unwrap().commit;
    survey(&repo, None, None, &head).unwrap();
    check("survey");
    review_diff(&repo, std::slice::from_ref(&head), 10_000).unwrap();
    show_stat(&repo, None, &head).unwrap();
    check("diff");
    let document = path("README.md");
    let publication = Publication { remote: None, branch: None, document: &document, says_done: &|_| false };
    history(&repo, None, &MilestoneId::parse("M1").unwrap(), publication).unwrap();
    own_commits(&repo, &head).unwrap();
    find_commit(&repo, head.as_str()).unwrap();
    ignored(&repo, &[document]).unwrap();
    check("history");
    assert_eq!(list(&repo).unwrap().len(), 2);
    show(&repo, OUT, PatchFor::Applying).unwrap();
    check("rescue");
    assert!(fixture.guard.seen.lock().unwrap().is_empty());
}

#[test]
fn a10_a_trap_in_a_submodule_or_a_nested_repository_is_not_even_looked_at() {
    let fixture = Fixture::new();
    let canary = fixture.base().join("canary");
    script(&canary, &format!("touch '{}'; cat", fixture.base().join("PWNED").display()));
    for name in ["sub", "nested"] {
        let folder = fixture.root.join(name);
        fs::create_dir(&folder).unwrap();
        fixture.git_in(&folder, ["init", "-q"]);
        fixture.git_in(
            &folder,
            ["-c", "user.name=x", "-c", "user.email=x@y.z", "commit", "-q", "--allow-empty", "-m", "x"],
        );
        fixture.git_in(&folder, ["config", "core.fsmonitor", canary.to_str().unwrap()]);
        fs::write(folder.join("dirt"), "x").unwrap();
    }
    let id = fixture.git_in(&fixture.root.join("sub"), ["rev-parse", "HEAD"]);
    fixture.git(["update-index", "--add", "--cacheinfo", &format!("160000,{id},sub")]);
    fixture.git(["commit", "-q", "-m", "a submodule"]);
    let repo = fixture.repo();
    snapshot(&repo, BEFORE, u64::MAX).unwrap();
    changes(&repo, BEFORE).unwrap();
    status(&repo).unwrap();
    assert!(!sprung(&fixture));
}

#[test]
fn a_commit_without_hooks_runs_nothing_either() {
    let fixture = trapped();
    for file in ["notes.md", "README.md"] {
        fixture.write(file, "the phase\n");
    }
    let mut order = fixture.order(&["notes.md", "README.md"]);
    order.hooks = orchestra_git::prepare::Hooks::Off;
    order.parent = orchestra_git::standing::head(&fixture.repo()).unwrap().commit;
    fixture.land(&order).unwrap();
    assert!(!sprung(&fixture));
}

#[test]
fn once_filters_are_trusted_a_file_that_was_only_touched_is_no_change() {
    let fixture = Fixture::new();
    fixture.git(["config", "filter.caps.clean", "tr a-z A-Z"]);
    fixture.git(["config", "filter.caps.smudge", "tr A-Z a-z"]);
    fixture.write(".gitattributes", "*.caps filter=caps\n");
    fixture.write("x.caps", "small\n");
    fixture.commit_all("with a filter");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    fs::File::open(fixture.root.join("x.caps")).unwrap().set_modified(later).unwrap();
    assert_eq!(status(&fixture.repo()).unwrap(), []);
    fixture.write("x.caps", "other\n");
    assert_eq!(status(&fixture.repo()).unwrap().len(), 1);
}
