use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::folder::Plain;

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
        replace_if(&folder, name("link"), read(&folder, "target").as_ref(), b"new", MAX).unwrap_err(),
    ] {
        assert!(matches!(error, FileError::Link { .. }), "{error:?}");
    }
    assert_eq!(create(&folder, name("link"), b"new", Access::Shared).unwrap(), Creation::Exists);
    assert_eq!(fs::read(temp.path().join("target")).unwrap(), b"x");
    assert_eq!(names(&temp), ["link", "target"]);
}

fn read(folder: &Folder, text: &str) -> Option<Plain> {
    folder.read(name(text), MAX).unwrap()
}

#[test]
fn a_replacement_happens_only_to_what_was_read() {
    let (temp, folder) = folder();
    let path = temp.path().join("a");
    let replace =
        |expected: Option<&Plain>, new: &[u8]| replace_if(&folder, name("a"), expected, new, MAX).unwrap();
    assert_eq!(replace(None, b"one"), Replacement::Replaced);
    assert_eq!(replace(None, b"two"), Replacement::Raced);
    let one = read(&folder, "a");
    assert_eq!(replace(one.as_ref(), b"two"), Replacement::Replaced);
    assert_eq!(replace(one.as_ref(), b"three"), Replacement::Raced, "it is another file now");
    let two = read(&folder, "a");
    fs::write(&path, "in place").unwrap();
    assert_eq!(replace(two.as_ref(), b"three"), Replacement::Raced);
    assert_eq!(fs::read(&path).unwrap(), b"in place");
    fs::remove_file(&path).unwrap();
    assert_eq!(replace(two.as_ref(), b"three"), Replacement::Raced, "it is not there");
    assert_eq!(names(&temp), [""; 0]);
}

/// As it is after the exchange: ours under the name, somebody's save under the other. Then something happens, and
/// the save is put back.
fn after_put_back(happens: impl FnOnce(&Path)) -> (Vec<String>, Vec<u8>) {
    let (temp, folder) = folder();
    let path = temp.path().join("a");
    fs::write(&path, "ours").unwrap();
    let ours = folder.stamp(name("a")).unwrap().unwrap();
    fs::write(temp.path().join("out"), "save").unwrap();
    happens(&path);
    assert_eq!(replace::put_back(&folder, name("a"), name("out"), ours).unwrap(), Replacement::Raced);
    (names(&temp), fs::read(path).unwrap())
}

#[test]
fn a_save_that_came_out_is_put_back_unless_a_newer_one_is_there() {
    let left = |text: &str| (vec!["a".to_owned()], text.as_bytes().to_vec());
    assert_eq!(after_put_back(|_| {}), left("save"));
    assert_eq!(after_put_back(|path| fs::write(path, "newer, in place").unwrap()), left("newer, in place"));
    let by_rename = |path: &Path| {
        fs::write(path.with_extension("swp"), "newer, by rename").unwrap();
        fs::rename(path.with_extension("swp"), path).unwrap();
    };
    assert_eq!(after_put_back(by_rename), left("newer, by rename"));
    assert_eq!(
        after_put_back(|path| fs::remove_file(path).unwrap()),
        left("save"),
        "moved away for a moment"
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
