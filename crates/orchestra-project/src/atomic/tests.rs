use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

const MAX: u64 = 1000;

fn folder() -> (tempfile::TempDir, Folder) {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    (temp, folder)
}

fn name(text: &str) -> &OsStr {
    OsStr::new(text)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(temp: &tempfile::TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(temp.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_write_replaces_the_file_keeps_its_permissions_and_leaves_nothing_else() {
    let (temp, folder) = folder();
    let path = temp.path().join("a");
    write(&folder, name("a"), b"one", Access::Shared).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    write(&folder, name("a"), b"two", Access::Shared).unwrap();
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"two".to_vec(), 0o604));
    write(&folder, name("p"), b"x", Access::Private).unwrap();
    assert_eq!(mode(&temp.path().join("p")), 0o600);
    assert_eq!(names(&temp), ["a", "p"]);
}

#[test]
fn a_link_is_neither_followed_nor_replaced() {
    let (temp, folder) = folder();
    fs::write(temp.path().join("target"), "x").unwrap();
    symlink("target", temp.path().join("link")).unwrap();
    for error in [
        write(&folder, name("link"), b"new", Access::Shared).unwrap_err(),
        replace_if(&folder, name("link"), Some(b"x"), b"new", MAX).unwrap_err(),
    ] {
        assert!(matches!(error, FileError::Link { .. }), "{error:?}");
    }
    assert_eq!(create(&folder, name("link"), b"new", Access::Shared).unwrap(), Creation::Exists);
    assert_eq!(fs::read(temp.path().join("target")).unwrap(), b"x");
    assert_eq!(names(&temp), ["link", "target"]);
}

#[test]
fn a_replacement_happens_only_to_what_was_expected() {
    let (temp, folder) = folder();
    let replace =
        |expected: Option<&[u8]>, new: &[u8]| replace_if(&folder, name("a"), expected, new, MAX).unwrap();
    assert_eq!(replace(Some(b"x"), b"y"), Replacement::Raced, "it is not there");
    assert_eq!(replace(None, b"one"), Replacement::Replaced);
    assert_eq!(replace(None, b"two"), Replacement::Raced);
    assert_eq!(replace(Some(b"other"), b"two"), Replacement::Raced);
    assert_eq!(replace(Some(b"one"), b"two"), Replacement::Replaced);
    assert_eq!(fs::read(temp.path().join("a")).unwrap(), b"two");
    assert_eq!(names(&temp), ["a"]);
}

#[test]
fn a_save_that_comes_between_is_put_back_whatever_comes_on_top_of_it() {
    let (temp, folder) = folder();
    // As it is after the exchange: ours under the name, somebody's save under the other.
    fs::write(temp.path().join("a"), "ours").unwrap();
    fs::write(temp.path().join("out"), "save").unwrap();
    let put_back = |ours: &[u8]| put_back(&folder, name("a"), name("out"), ours, MAX).unwrap();
    assert_eq!(put_back(b"ours"), Replacement::Raced);
    assert_eq!(
        (names(&temp), fs::read(temp.path().join("a")).unwrap()),
        (vec!["a".to_owned()], b"save".to_vec())
    );

    // A second save came on top of ours: it is the newer one.
    fs::write(temp.path().join("a"), "second save").unwrap();
    fs::write(temp.path().join("out"), "save").unwrap();
    assert_eq!(put_back(b"ours"), Replacement::Raced);
    assert_eq!(
        (names(&temp), fs::read(temp.path().join("a")).unwrap()),
        (vec!["a".to_owned()], b"second save".to_vec())
    );

    // Ours was moved away by an editor that is about to save.
    fs::remove_file(temp.path().join("a")).unwrap();
    fs::write(temp.path().join("out"), "save").unwrap();
    assert_eq!(put_back(b"ours"), Replacement::Raced);
    assert_eq!(
        (names(&temp), fs::read(temp.path().join("a")).unwrap()),
        (vec!["a".to_owned()], b"save".to_vec())
    );
}

#[test]
fn a_folder_appears_whole_and_never_over_another() {
    let (temp, folder) = folder();
    let files = [("a.md".into(), b"a".to_vec()), ("deep/er/b.md".into(), b"b".to_vec())];
    assert_eq!(create_dir_whole(&folder, name("new"), &files).unwrap(), Creation::Created);
    assert_eq!(fs::read(temp.path().join("new/deep/er/b.md")).unwrap(), b"b");
    assert_eq!(create_dir_whole(&folder, name("new"), &[]).unwrap(), Creation::Exists);
    fs::create_dir(temp.path().join("empty")).unwrap();
    assert_eq!(create_dir_whole(&folder, name("empty"), &files).unwrap(), Creation::Exists);
    let twice = [("a".into(), Vec::new()), ("a".into(), Vec::new())];
    assert!(create_dir_whole(&folder, name("bad"), &twice).is_err());
    assert_eq!(names(&temp), ["empty", "new"]);
}

#[test]
fn f20_a_write_that_fails_leaves_the_old_file_and_no_other() {
    let (temp, folder) = folder();
    write(&folder, name("a"), b"old", Access::Shared).unwrap();
    let long = "x".repeat(300);
    assert!(create(&folder, name(&long), b"new", Access::Shared).is_err());
    fs::create_dir(temp.path().join("d")).unwrap();
    assert!(matches!(write(&folder, name("d"), b"new", Access::Shared), Err(FileError::NotAFile { .. })));
    assert_eq!(names(&temp), ["a", "d"]);
}

#[test]
fn what_a_kill_left_over_is_swept_and_nothing_else() {
    let (temp, folder) = folder();
    fs::write(temp.path().join(temp_name()), "half").unwrap();
    fs::create_dir_all(temp.path().join(".orchestra-tmp-7-a/deep")).unwrap();
    let kept = [".orchestra-tmp-", ".orchestra-tmp-x-1", ".orchestra-tmp-1-g", ".orchestra-tmp-1", "a.md"];
    for name in kept {
        fs::write(temp.path().join(name), "mine").unwrap();
    }
    let (aside, keep) = self::folder();
    assert_eq!(sweep(&folder, Some(&keep)).unwrap(), 2);
    let swept = names(&aside);
    assert_eq!((swept.len(), fs::read(aside.path().join(&swept[0])).unwrap()), (1, b"half".to_vec()));
    assert_eq!((sweep(&keep, None).unwrap(), names(&aside).len()), (1, 0));
    let mut kept = kept.map(str::to_owned);
    kept.sort();
    assert_eq!(names(&temp), kept);
}
