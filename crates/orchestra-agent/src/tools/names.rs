//! The names of a repository's files, for a person who types one.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::beneath::{Kind, LastLink, MAX_DEPTH, Spot};
use super::files::Files;
use super::stop::Stop;
use super::walk::{self, Next};

/// The paths of the plain files of a work tree from its top, without what git ignores, sorted; at most so many. Nothing
/// where the top cannot be read: whoever types a name sees that there is none.
pub fn file_names(workspace: &Path, most: usize) -> Vec<String> {
    let mut names = Vec::new();
    let Ok(files) = Files::open(workspace, None) else { return names };
    let Ok(Spot::Folder(top)) = files.top.resolve("", LastLink::Follow) else { return names };
    let stop = Stop::new(CancellationToken::new());
    let walked = walk::walk(&files.top, &top, MAX_DEPTH, &stop, |entry| {
        if names.len() == most {
            return Next::End;
        }
        if entry.kind == Kind::File
            && let Some(path) = entry.path.as_str()
        {
            names.push(path.to_owned());
        }
        Next::On
    });
    // What was found until it could not go on is what there is to offer.
    drop(walked);
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_named_from_the_top_without_what_git_ignores() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        for folder in ["src", "target", ".git"] {
            fs::create_dir(at(folder)).unwrap();
        }
        for file in ["src/b.rs", "src/a.rs", "target/out", ".git/config", "README.md"] {
            fs::write(at(file), "").unwrap();
        }
        fs::write(at(".gitignore"), "target\n").unwrap();
        assert_eq!(file_names(temp.path(), 100), [".gitignore", "README.md", "src/a.rs", "src/b.rs"]);
        assert_eq!(file_names(temp.path(), 2).len(), 2);
        assert!(file_names(&at("nowhere"), 100).is_empty());
    }
}
