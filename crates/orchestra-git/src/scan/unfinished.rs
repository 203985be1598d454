//! Files that were being written when their writer was killed: neither saved nor committed, and taken away.
//!
//! Known by their names ([`orchestra_core::unfinished`]). Those below `.orchestra` are documents, and looked after where
//! documents are written.

use orchestra_core::path::RepoPath;
use orchestra_core::unfinished::writer_of;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::{InTree, Scan};
use crate::beneath::{Present, Top};
use crate::fault::DiskError;

/// Takes them out of what a look found, and puts them where [`remove`] finds them.
pub(super) fn set_apart(top: &Top, scan: &mut Scan) -> Result<(), DiskError> {
    let is_meant = |path: &RepoPath| writer_of(path.file_name()).is_some() && !path.is_beneath(b".orchestra");
    let untracked =
        scan.paths.iter().filter(|(_, scanned)| scanned.tree == InTree::Untracked && !scanned.is_staged());
    let named: Vec<RepoPath> =
        untracked.map(|(path, _)| path).filter(|path| is_meant(path)).cloned().collect();
    for path in named {
        if matches!(top.look(&path)?, Present::File { .. } | Present::Absent) {
            scan.paths.remove(&path);
            scan.unfinished.push(path);
        }
    }
    Ok(())
}

/// Takes those away whose writer is gone. One that still writes takes its own away, or needs it.
pub(crate) fn remove(top: &Top, scan: &Scan) -> Result<(), DiskError> {
    for path in &scan.unfinished {
        if !writer_of(path.file_name()).is_some_and(is_alive) {
            top.remove_file(path)?;
        }
    }
    Ok(())
}

/// A process that nobody may ask is there.
fn is_alive(process: u64) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(Errno::SRCH))
}
