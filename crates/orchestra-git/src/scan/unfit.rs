//! Paths that can never be part of a commit of ours.

use orchestra_core::path::RepoPath;

use crate::beneath::{Present, Top};
use crate::fault::DiskError;

/// The deepest path, in names. Deeper ones come from programs that run wild, and no tool of git reaches all of them.
const DEEPEST: usize = 256;

/// The longest path, in bytes: `PATH_MAX`.
const LONGEST: usize = 4096;

/// What is said of a link that points out of the tree. Its text can be kept all the same.
pub(crate) const LEAVES: &str = "a symbolic link that leaves the tree";

/// What is said of a name that some file system takes for `.git`. Nothing of ours touches it.
pub(crate) const RESERVED: &str = "a name that git keeps for itself";

/// Tells whether a path has such a name in it.
pub(crate) fn is_reserved(path: &RepoPath) -> bool {
    path.as_bytes().split(|byte| *byte == b'/').any(is_kept_by_git)
}

/// Says why nothing of ours touches a path, whatever lies there.
pub(crate) fn by_name(path: &RepoPath) -> Option<&'static str> {
    let bytes = path.as_bytes();
    if bytes.len() > LONGEST || bytes.split(|byte| *byte == b'/').count() > DEEPEST {
        return Some("a path that is too long");
    }
    is_reserved(path).then_some(RESERVED)
}

/// Says why a path cannot be saved or committed; `None` where it can, or where nothing is there.
pub(crate) fn why(top: &Top, path: &RepoPath) -> Result<Option<&'static str>, DiskError> {
    if let Some(why) = by_name(path) {
        return Ok(Some(why));
    }
    Ok(match top.look(path)? {
        Present::Special(what) => Some(what),
        Present::Link => {
            let target = top.read_link(path)?.unwrap_or_default();
            leaves(path, &target).then_some(LEAVES)
        }
        Present::Absent | Present::File { .. } | Present::Folder => None,
    })
}

/// Tells whether a link at this path points out of the tree, by its text alone.
fn leaves(path: &RepoPath, target: &[u8]) -> bool {
    if target.first() == Some(&b'/') {
        return true;
    }
    let mut depth = path.as_bytes().split(|byte| *byte == b'/').count() - 1;
    for name in target.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." if depth == 0 => return true,
            b".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Tells whether some file system would take a name for `.git`: other case, trailing dots and spaces, an alternate
/// stream, the short name of NTFS, or the characters that HFS+ ignores (git's own `is_ntfs_dotgit`, `is_hfs_dotgit`).
fn is_kept_by_git(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = lower.split(|byte| *byte == b':').next().unwrap_or_default();
    let end = plain.iter().rposition(|byte| !matches!(byte, b'.' | b' ')).map_or(0, |last| last + 1);
    let is_ignored = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let visible: String = String::from_utf8_lossy(&lower).chars().filter(|c| !is_ignored(*c)).collect();
    matches!(&plain[..end], b".git" | b"git~1") || visible == ".git"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_some_file_system_takes_for_dot_git_is_found() {
        for name in [".git", ".GIT", ".git ", ".git.", "git~1", "GIT~1", ".git::$INDEX", ".g\u{200c}it"] {
            assert!(is_kept_by_git(name.as_bytes()), "{name}");
        }
        for name in [".gitignore", "git", ".github", "x.git", ".gitx"] {
            assert!(!is_kept_by_git(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn a_link_that_leaves_the_tree_is_told_from_one_that_stays() {
        let path = |text: &str| RepoPath::parse(text).unwrap();
        assert!(leaves(&path("a"), b"/etc") && leaves(&path("a"), b"..") && leaves(&path("a/b"), b"../../x"));
        assert!(!leaves(&path("a/b"), b"../x") && !leaves(&path("a"), b"b/../c"));
        assert!(leaves(&path("a"), b"b/../../c"));
    }
}
