//! What a model writes as a path, before any file is looked at.

use std::path::{Component, Path, PathBuf};

use super::beneath::PathError;

/// The longest path, in bytes (`PATH_MAX` of Linux).
const MAX_PATH: usize = 4096;

/// Cuts what a model wrote into names beneath the workspace; none for its top.
///
/// An absolute path is taken where it begins with one of `tops`, name by name: `/repo-evil` is not beneath `/repo`.
pub(super) fn names(asked: &str, tops: &[&Path]) -> Result<Vec<Vec<u8>>, PathError> {
    if asked.len() > MAX_PATH {
        return Err(PathError::TooLong);
    }
    if asked.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    if asked.contains('\\') {
        return Err(PathError::Backslash);
    }
    if asked.starts_with('~') {
        return Err(PathError::Home);
    }
    let path = Path::new(asked);
    let relative = if path.is_absolute() {
        // Links on the way to the top may have given it two names.
        let beneath: Option<PathBuf> =
            tops.iter().find_map(|top| path.strip_prefix(top).ok()).map(Path::to_owned);
        beneath.ok_or_else(|| PathError::Absolute { top: tops.first().map(|top| (*top).to_owned()) })?
    } else {
        path.to_owned()
    };
    let mut names = Vec::new();
    for component in relative.components() {
        match component {
            Component::Normal(name) => names.push(name.as_encoded_bytes().to_vec()),
            Component::CurDir => {}
            Component::ParentDir => return Err(PathError::Upwards),
            Component::RootDir | Component::Prefix(_) => return Err(PathError::Absolute { top: None }),
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(asked: &str) -> Result<String, String> {
        let tops = [Path::new("/home/user/repo"), Path::new("/real/repo")];
        let names = names(asked, &tops).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(names.join(&b'/')).unwrap())
    }

    #[test]
    fn a_path_is_relative_to_the_top_or_begins_with_it() {
        for (asked, names) in [
            ("a/b", "a/b"),
            ("./a//b/.", "a/b"),
            ("", ""),
            (".", ""),
            ("/home/user/repo", ""),
            ("/home/user/repo/a", "a"),
            ("/real/repo//a/", "a"),
            ("./~x", "~x"),
            ("a~", "a~"),
            ("...", "..."),
        ] {
            assert_eq!(read(asked).as_deref(), Ok(names), "{asked}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_refused_in_words() {
        for (asked, word) in [
            ("../x", "`..`"),
            ("a/../b", "`..`"),
            ("/home/user/repo/../x", "`..`"),
            ("/home/user/repo-evil/x", "outside"),
            ("/home/user/rep", "outside"),
            ("/", "outside"),
            ("~/x", "`~`"),
            ("a\0b", "control"),
            ("a\nb", "control"),
            ("..\\x", "`\\`"),
            (&"a/".repeat(3000), "longer"),
        ] {
            let error = read(asked).unwrap_err();
            assert!(error.contains(word), "{asked:?}: {error}");
        }
    }
}
