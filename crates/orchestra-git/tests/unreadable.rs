use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use orchestra_git::changes::changes;
use orchestra_git::prepare::{PrepareError, prepare};
use orchestra_git::put_back::put_back;
use orchestra_git::rescue::restore;
use orchestra_git::save::save;
use orchestra_git::snapshot::{Snapshot, snapshot};

use crate::fixture::{BEFORE, Fixture, OUT, as_somebody, paths, shown};

/// As a container leaves files, and as a person keeps a key.
fn close(fixture: &Fixture, path: &str) {
    fixture.write(path, "secret\n");
    fs::set_permissions(fixture.root.join(path), Permissions::from_mode(0o000)).unwrap();
}

#[test]
fn f34_a_file_that_cannot_be_read_is_named_left_alone_and_ends_nothing() {
    as_somebody("unreadable::f34_a_file_that_cannot_be_read_is_named_left_alone_and_ends_nothing", || {
        let fixture = Fixture::new();
        let repo = fixture.repo();
        close(&fixture, "root.key");
        close(&fixture, "src/b.rs");
        let kept = snapshot(&repo, BEFORE, u64::MAX).unwrap();
        assert!(matches!(kept, Snapshot::Saved { dirty, .. } if dirty == paths(&["root.key", "src/b.rs"])));
        assert_eq!(shown(&changes(&repo, BEFORE).unwrap()), Vec::<String>::new());

        for path in ["left.log.1", "src/a.rs"] {
            close(&fixture, path);
        }
        let unreadable = |path: &str| format!("{path} (a file that cannot be read)");
        let changed = changes(&repo, BEFORE).unwrap();
        assert_eq!(shown(&changed), [unreadable("+left.log.1"), unreadable("~src/a.rs")]);
        let both = paths(&["left.log.1", "src/a.rs"]);
        let done = put_back(&repo, BEFORE, &both, OUT).unwrap();
        let left: Vec<_> = done.left.into_iter().map(|(path, why)| format!("{path}: {why}")).collect();
        let why = "it is a file that cannot be read";
        assert_eq!(left, [format!("left.log.1: {why}"), format!("src/a.rs: {why}")]);
        assert!(fixture.exists("left.log.1") && fixture.exists("src/a.rs"));
        let error = prepare(&repo, &fixture.order(&["src/a.rs"])).unwrap_err();
        assert!(matches!(error, PrepareError::Unfit { .. }), "{error}");
        save(&repo, OUT, &both).unwrap();
        restore(&repo, BEFORE, None).unwrap();
        fixture.assert_sound();
    });
}
