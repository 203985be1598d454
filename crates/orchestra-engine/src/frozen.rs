//! Text that a person has frozen in a Markdown document: who changes it has changed what is nobody's room.

use orchestra_core::document::frozen;
use orchestra_core::path::RepoPath;
use orchestra_core::repo::{Change, ChangeKind};
use orchestra_core::worker::Failure;
use orchestra_git::changes::{self, BaselineError};
use orchestra_git::repo::Repo;
use orchestra_project::layout::Layout;

use crate::failure;

/// The longest document whose frozen text is looked at, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// Marks changes of Markdown documents in which frozen text is no longer what the snapshot has.
pub(crate) fn mark(
    repo: &Repo,
    layout: &Layout,
    baseline: &str,
    changes: &mut [Change],
) -> Result<(), Failure> {
    let is_document = |change: &&mut Change| {
        let name = change.path.file_name().to_ascii_lowercase();
        change.kind != ChangeKind::Added && change.unfit.is_none() && name.ends_with(b".md")
    };
    for change in changes.iter_mut().filter(is_document) {
        let before = match changes::content_before(repo, baseline, &change.path, LONGEST) {
            Ok(Some(before)) => text(&before),
            // Without a snapshot nobody knows what was there.
            Ok(None) | Err(BaselineError::Missing { .. }) => continue,
            Err(error) => return Err(failure::run("look at what was changed", &error)),
        };
        if frozen::has_marks(&before) && !frozen::is_kept(&before, &text_now(layout, &change.path)) {
            change.unfit = Some(frozen::CHANGED);
        }
    }
    Ok(())
}

/// What a document says now; nothing where it is gone, or is no document any more.
fn text_now(layout: &Layout, path: &RepoPath) -> String {
    let read = layout.read(path, LONGEST as u64 * 2);
    read.ok().flatten().map(|plain| text(&plain.bytes)).unwrap_or_default()
}

/// Line endings may be converted between the tree and the object.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}
