//! Repositories of unusual formats and with unusual helpers: they work, or are refused at the start.

use orchestra_testkit::{Milestone, TestProject};

use super::{DONE, NOTHING, meanwhile};
use crate::project::script;
use crate::trouble::{PLAIN, one_phase, project, with_turn};

/// Puts another clone in the place of the project's.
fn cloned(project: &TestProject, args: &[&str]) {
    std::fs::rename(project.root(), project.top().join("kept")).unwrap();
    let (url, root) = (format!("file://{}", project.remote().display()), project.root());
    project.git_at(&project.top(), &[&["clone", "--quiet"], args, &[&url, root.to_str().unwrap()]].concat());
    for (key, value) in [("user.name", "A Person"), ("user.email", "person@example.com")] {
        project.git(&["config", key, value]);
    }
}

#[test]
fn f69_a_partial_clone_is_refused_with_the_way_out() {
    let project = project(PLAIN);
    project.git_at(&project.remote(), &["config", "uploadpack.allowFilter", "true"]);
    cloned(&project, &["--filter=blob:none"]);
    project.add(&one_phase());
    let _ran = project.build().expect(2).says("a partial clone").says("git fetch --refetch origin");
    let _ran = project.run(&["doctor"]).says("a partial clone");
    assert_eq!(project.ledger(), NOTHING);
    project.git(&["config", "--unset", "remote.origin.partialclonefilter"]);
    project.git(&["config", "--unset", "remote.origin.promisor"]);
    project.git(&["fetch", "--quiet", "--refetch", "origin"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f73_a_sparse_checkout_and_a_split_index_are_refused_with_the_command_that_undoes_them() {
    let project = project(PLAIN);
    project.add(&one_phase());
    project.git(&["update-index", "--split-index"]);
    let _ran = project.build().expect(2).says("git update-index --no-split-index");
    project.git(&["update-index", "--no-split-index"]);
    project.git(&["sparse-checkout", "set", "src", ".orchestra"]);
    let _ran = project.build().expect(2).says("git sparse-checkout disable");
    assert_eq!(project.ledger(), NOTHING);
    project.git(&["sparse-checkout", "disable"]);
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f73_an_index_that_is_split_or_sparse_since_the_turn_began_is_said() {
    let project = meanwhile("git update-index --split-index");
    let ran = project.attend();
    assert_ne!(ran.code, Some(0));
    assert!(ran.said().contains("git update-index --no-split-index"), "{}", ran.said());
    project.check();
    project.git(&["update-index", "--no-split-index"]);
    let _ran = project.build();
    if !project.gates().is_empty() {
        project.answer(&["retry"]);
        let _ran = project.build().expect(0);
    }
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f73_an_untracked_cache_and_an_index_of_version_4_work() {
    let project = project(PLAIN);
    project.git(&["config", "core.untrackedCache", "true"]);
    project.git(&["config", "feature.manyFiles", "true"]);
    project.git(&["update-index", "--index-version", "4"]);
    project.git(&["update-index", "--untracked-cache"]);
    project.git(&["update-index", "--assume-unchanged", "README.md"]);
    project.git(&["config", "core.fsmonitor", "touch ../watched; false"]);
    project.trust();
    project.write("README.md", "hidden\n");
    project.write("notes.txt", "mine\n");
    project.add(&one_phase());
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    assert_eq!((project.read("README.md"), project.read("notes.txt")), ("hidden\n".into(), "mine\n".into()));
    assert!(!project.git(&["show", "HEAD:README.md"]).contains("hidden"));
    assert!(!project.top().join("watched").exists(), "the repository's own monitor was started");
    project.check();
}

#[test]
fn f71_a_repository_that_an_agent_makes_is_named_and_never_committed() {
    let project = with_turn(
        "  - when: { work: phase-1 }\n    steps:\n      - write: { path: src/a.txt, content: \"in\\n\" }\n      \
         - run: \"git init -q src/nested; date >> src/nested/x; git -C src/nested add .; git -C src/nested commit -q --allow-empty -m x\"\n    report: { summary: x }\n",
    );
    let ran = project.build();
    assert!(ran.said().contains("src/nested"), "{}", ran.said());
    assert!(!project.git(&["ls-tree", "-r", "HEAD"]).contains("nested"));
    assert_eq!(ran.code, Some(0), "{}", ran.said());
    assert_eq!(project.ledger(), DONE);
    project.check();
}

/// A project with a submodule, in which the agent writes and commits.
fn with_submodule(turn: &str) -> TestProject {
    let project = with_turn(&format!(
        "  - when: {{ work: phase-1 }}\n    steps:\n      - write: {{ path: src/a.txt, content: \"in\\n\" }}\n      \
         - run: \"{turn}\"\n    report: {{ summary: x }}\n"
    ));
    let library = project.top().join("library");
    project.git_at(
        &project.top(),
        &["clone", "--quiet", project.remote().to_str().unwrap(), library.to_str().unwrap()],
    );
    let url = format!("file://{}", library.display());
    project.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "lib"]);
    project.git(&["commit", "--quiet", "--message", "chore: a library"]);
    project.git(&["push", "--quiet", "origin", "main"]);
    project
}

#[test]
fn f71_a_commit_that_an_agent_makes_in_a_submodule_is_named_and_not_committed() {
    let project = with_submodule("cd lib && git commit -q --allow-empty -m x");
    let before = project.git(&["ls-tree", "HEAD", "lib"]);
    let ran = project.build();
    assert_eq!(project.git(&["ls-tree", "HEAD", "lib"]), before);
    assert!(ran.said().contains("could not put back lib: it is a submodule"), "{}", ran.said());
    // Nothing says that it is back, and whoever pushes is told that it is not.
    assert!(!ran.said().contains("put back lib ("), "{}", ran.said());
    assert!(!ran.said().contains("put back: lib"), "{}", ran.said());
    let context = project.read(".orchestra/milestones/M1-one/context.md");
    assert!(context.contains("changed outside the room and still there: lib"), "{context}");
    assert_eq!(project.ledger(), DONE);
    project.check();
}

#[test]
fn f72_a_file_whose_filter_is_missing_is_not_committed_as_it_is() {
    let project = project(
        "version: 1\nturns:\n  - when: { work: phase-1 }\n    steps:\n      \
         - write: { path: src/a.bin, content: \"large\\n\" }\n    report: { summary: x }\n",
    );
    project.write(".gitattributes", "*.bin filter=lfs\n");
    project.commit_all("chore: large files");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.add(&Milestone::new("M1-one").with("rfc: skip").with("hold: []").phase("backend"));
    let _ran =
        project.attend().expect(1).says("content filter `lfs`, which is not set up").says("git lfs install");
    assert_eq!(project.ledger(), NOTHING);
    assert_eq!(project.read("src/a.bin"), "large\n");
    project.check();
    project.git(&["config", "filter.lfs.clean", "sed s/large/pointer/"]);
    project.git(&["config", "filter.lfs.smudge", "sed s/pointer/large/"]);
    project.git(&["config", "filter.lfs.required", "true"]);
    project.trust();
    let _ran = project.attend();
    assert_eq!(project.ledger(), ["M1-one phase-1"]);
    assert_eq!(project.git(&["cat-file", "blob", "HEAD:src/a.bin"]), "pointer\n");
    assert_eq!(project.read("src/a.bin"), "large\n");
    assert!(!project.status().iter().any(|line| line.contains("src/")));
    project.check();
}

/// A project whose commits are signed by this.
fn signed_by(text: &str) -> TestProject {
    let project = meanwhile("");
    let gpg = project.top().join("gpg");
    script(&gpg, text);
    project.git(&["config", "gpg.program", gpg.to_str().unwrap()]);
    project.git(&["config", "commit.gpgSign", "true"]);
    project.trust();
    project
}

#[test]
fn f74_a_signature_that_fails_stops_the_run_and_nothing_is_committed_unsigned() {
    let project = signed_by(
        "#!/bin/sh\ncat > /dev/null\necho 'gpg: signing failed: No passphrase given' >&2; exit 2\n",
    );
    let _ran = project.build().expect(2).says("No passphrase given").says("unlock the key");
    let _ran = project.attend().expect(1).says("No passphrase given").says("Unlock your key");
    assert_eq!(project.ledger(), NOTHING);
    assert_eq!(project.read("src/a.txt"), "in\n");
    project.check();
    script(
        &project.top().join("gpg"),
        "#!/bin/sh\ncat > /dev/null\n[ -z \"$GPG_TTY\" ] || exit 3\n( : < /dev/tty ) 2>/dev/null && exit 4\n\
         echo '-----BEGIN PGP SIGNATURE-----'; echo; echo fake; echo '-----END PGP SIGNATURE-----'\n\
         echo '[GNUPG:] SIG_CREATED ' >&2\n",
    );
    let _ran = project.build().expect(0);
    assert_eq!(project.ledger(), DONE);
    for commit in ["HEAD", "HEAD~1"] {
        assert!(project.git(&["cat-file", "commit", commit]).contains("gpgsig"));
    }
    project.check();
}
