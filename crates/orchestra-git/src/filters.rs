//! Content filters (`filter=<name>` in `.gitattributes`): which paths have one.

use std::path::Path;

use orchestra_core::path::RepoPath;

use crate::fault::Fault;
use crate::program::Call;
use crate::repo::Repo;

/// A path with the content filter that its attributes name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Filtered {
    pub(crate) path: RepoPath,
    pub(crate) filter: String,
}

/// Finds those of these paths that have a content filter. Reads attributes only, runs nothing.
pub(crate) fn find<'a>(
    repo: &Repo,
    index: Option<&Path>,
    paths: impl IntoIterator<Item = &'a RepoPath>,
) -> Result<Vec<Filtered>, Fault> {
    let input = nul_terminated(paths);
    if input.is_empty() {
        return Ok(Vec::new());
    }
    let mut call = Call::new(repo, ["check-attr", "-z", "--stdin", "filter"]).stdin(input);
    if let Some(index) = index {
        call = call.index(index);
    }
    let output = call.read()?;
    let fields: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
    let mut found = Vec::new();
    for triple in fields.chunks_exact(3) {
        let filter = String::from_utf8_lossy(triple[2]).into_owned();
        if !matches!(filter.as_str(), "unspecified" | "unset" | "set" | "")
            && let Ok(path) = RepoPath::parse(triple[0])
        {
            found.push(Filtered { path, filter });
        }
    }
    Ok(found)
}

/// Paths as git's `-z --stdin` takes them.
pub(crate) fn nul_terminated<'a>(paths: impl IntoIterator<Item = &'a RepoPath>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for path in paths {
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(0);
    }
    bytes
}
