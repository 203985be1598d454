//! One look at the work tree: every path that differs from the head or from the index.
//!
//! `git status` compares, with everything switched off by which it would run programs; what it leaves out is added:
//! FIFOs and sockets, and files behind `assume-unchanged` or `skip-worktree`, flags that hide a change (THREATS A61).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use git2::Oid;
use orchestra_core::path::RepoPath;

use crate::beneath::{Present, Top};
use crate::config::Config;
use crate::fault::Fault;
use crate::filters;
use crate::guard::Purpose;
use crate::program::Call;
use crate::repo::{Filters, Repo};
use crate::tree::{Entry, GITLINK, Mode};

pub(crate) mod flagged;
pub(crate) mod specials;
pub(crate) mod unfinished;
pub(crate) mod unfit;
mod watched;

/// How a path of the work tree relates to the index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InTree {
    /// As the index has it.
    AsStaged,
    /// Its content, mode or type is another.
    Changed,
    /// It is gone.
    Gone,
    /// The index does not know it.
    Untracked,
}

/// What one look says about a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Scanned {
    pub(crate) head: Option<Entry>,
    pub(crate) index: Option<Entry>,
    pub(crate) tree: InTree,
    /// The mode that git sees in the work tree; zero for nothing.
    pub(crate) mode: Mode,
    /// Why it cannot be saved or committed.
    pub(crate) unfit: Option<&'static str>,
}

impl Scanned {
    /// Whether the index differs from the head.
    pub(crate) fn is_staged(&self) -> bool {
        self.head != self.index
    }
}

/// Everything that one look found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) paths: BTreeMap<RepoPath, Scanned>,
    /// Folders that git ignores as a whole.
    pub(crate) ignored_folders: Vec<RepoPath>,
    /// What a kill left half-written; no part of anybody's work.
    pub(crate) unfinished: Vec<RepoPath>,
}

impl Scan {
    /// Notes that a path is in the tree as the index has it; where that is as the head has it, it is not dirty.
    fn is_as_staged(&mut self, path: &RepoPath) {
        if let Some(scanned) = self.paths.get_mut(path) {
            scanned.tree = InTree::AsStaged;
            if !scanned.is_staged() {
                self.paths.remove(path);
            }
        }
    }
}

/// What is looked at.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// An index other than the person's.
    pub(crate) index: Option<PathBuf>,
    /// A store for objects that only this index needs.
    pub(crate) objects: Option<PathBuf>,
    /// A work tree other than the person's.
    pub(crate) work_tree: Option<PathBuf>,
}

impl View {
    fn call<'a>(&self, repo: &'a Repo, args: &[&str]) -> Call<'a> {
        let mut call = Call::new(repo, args);
        if let Some(index) = &self.index {
            call = call.index(index);
        }
        if let Some(objects) = &self.objects {
            call = call.objects(objects.as_path());
        }
        if let Some(folder) = &self.work_tree {
            call = call.work_tree(folder);
        }
        call
    }
}

const STATUS: [&str; 6] = [
    "status",
    "--porcelain=v2",
    "-z",
    "--no-renames",
    // Looks at which commit a submodule stands on, but not into it.
    "--ignore-submodules=dirty",
    "--no-ahead-behind",
];

/// Looks at the person's work tree and index.
pub(crate) fn read(repo: &Repo, config: &Config) -> Result<Scan, Fault> {
    let mut scan = look(repo, config, &View::default())?;
    flagged::add(repo, config, &mut scan)?;
    specials::add(repo, &mut scan)?;
    unfinished::set_apart(&Top::open(repo.root())?, &mut scan)?;
    Ok(scan)
}

/// Looks at the person's work tree and index, and at watched folders that git ignores.
pub(crate) fn read_watched(repo: &Repo, config: &Config) -> Result<Scan, Fault> {
    let mut scan = read(repo, config)?;
    watched::add(repo, &mut scan)?;
    Ok(scan)
}

/// Looks at a work tree through an index, at what git itself sees.
pub(crate) fn look(repo: &Repo, config: &Config, view: &View) -> Result<Scan, Fault> {
    let args = [&STATUS[..], &["--untracked-files=all", "--ignored=matching"]].concat();
    let output = view.call(repo, &args).without_filters(config).read()?;
    let mut scan = parse(&output)?;
    let top = Top::open(view.work_tree.as_deref().unwrap_or_else(|| repo.root()))?;
    for (path, scanned) in &mut scan.paths {
        scanned.unfit = scanned.unfit.or(unfit::why(&top, path)?);
        // Something else has taken the place of a tracked file: git calls the file gone.
        if scanned.tree == InTree::Gone && matches!(top.look(path)?, Present::Special(_)) {
            scanned.tree = InTree::Changed;
        }
    }
    if view.work_tree.is_none() {
        clear_touched(repo, config, &top, &mut scan)?;
    }
    clear_filtered(repo, config, view, &mut scan)?;
    Ok(scan)
}

/// Git calls a file changed whose size is another, even where that comes of line endings alone. Content decides here.
fn clear_touched(repo: &Repo, config: &Config, top: &Top, scan: &mut Scan) -> Result<(), Fault> {
    let changed = |scanned: &Scanned| {
        scanned.tree == InTree::Changed && scanned.index.is_some_and(|index| index.mode == scanned.mode)
    };
    let doubtful: Vec<(RepoPath, Option<Entry>)> = scan
        .paths
        .iter()
        .filter(|(_, scanned)| changed(scanned))
        .map(|(path, scanned)| (path.clone(), scanned.index))
        .collect();
    let ids = flagged::converted_ids(repo, config, top, doubtful.iter().map(|(path, _)| path))?;
    for ((path, index), id) in doubtful.into_iter().zip(ids) {
        if id.is_some() && index.map(|index| index.id) == id {
            scan.is_as_staged(&path);
        }
    }
    Ok(())
}

/// Without its filter a file of Git LFS differs from its pointer whenever its time stamp does. Once filters are trusted,
/// such a path is looked at once more through them, below the guard.
fn clear_filtered(repo: &Repo, config: &Config, view: &View, scan: &mut Scan) -> Result<(), Fault> {
    if repo.options().filters == Filters::Off || config.filter_names().is_empty() {
        return Ok(());
    }
    let changed = scan.paths.iter().filter(|(_, scanned)| scanned.tree == InTree::Changed);
    let filtered = filters::find(repo, view.index.as_deref(), changed.map(|(path, _)| path))?;
    let doubtful: Vec<&RepoPath> = filtered
        .iter()
        .filter(|filtered| config.has_filter(&filtered.filter))
        .map(|filtered| &filtered.path)
        .collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let args = [&STATUS[..], &["--untracked-files=no"]].concat();
    let output = view.call(repo, &args).guarded_read(Purpose::Filter)?;
    let through_filters = parse(&output)?;
    for path in doubtful {
        let really = through_filters.paths.get(path);
        match really {
            Some(really) if really.tree != InTree::AsStaged => {}
            Some(_) | None => scan.is_as_staged(path),
        }
    }
    Ok(())
}

/// Reads `git status --porcelain=v2 -z` (git-status(1), "Porcelain Format Version 2").
fn parse(output: &[u8]) -> Result<Scan, Fault> {
    let mut scan = Scan::default();
    let mut nested = BTreeSet::new();
    for record in output.split(|byte| *byte == 0).filter(|record| !record.is_empty()) {
        let (kind, rest) = record.split_at(record.len().min(2));
        match kind {
            b"1 " => {
                let (path, scanned) = ordinary(rest).ok_or_else(unreadable)?;
                let entry = scan.paths.entry(path).or_insert_with(|| scanned.clone());
                // The same path came as untracked before: staged to go, and still there.
                entry.head = scanned.head;
                entry.index = scanned.index;
            }
            b"u " => {
                let (path, scanned) = unmerged(rest).ok_or_else(unreadable)?;
                scan.paths.insert(path, scanned);
            }
            b"? " => {
                let folder = rest.strip_suffix(b"/");
                let path = RepoPath::parse(folder.unwrap_or(rest)).ok().ok_or_else(unreadable)?;
                if folder.is_some() {
                    nested.insert(path.clone());
                }
                let untracked =
                    Scanned { head: None, index: None, tree: InTree::Untracked, mode: 0, unfit: None };
                scan.paths.entry(path).or_insert(untracked).tree = InTree::Untracked;
            }
            b"! " => {
                if let Some(Ok(folder)) = rest.strip_suffix(b"/").map(RepoPath::parse) {
                    scan.ignored_folders.push(folder);
                }
            }
            _ => {}
        }
    }
    for (path, scanned) in &mut scan.paths {
        if nested.contains(path) {
            scanned.unfit = Some("a nested repository");
        }
    }
    Ok(scan)
}

fn unreadable() -> Fault {
    Fault::Unreadable { what: "the state of the work tree".to_owned() }
}

/// `XY sub mH mI mW hH hI path`.
fn ordinary(rest: &[u8]) -> Option<(RepoPath, Scanned)> {
    let fields: Vec<&[u8]> = rest.splitn(8, |byte| *byte == b' ').collect();
    let [states, _, head_mode, index_mode, mode, head, index, path] = fields[..] else { return None };
    let (head, index) = (entry(head_mode, head).ok()?, entry(index_mode, index).ok()?);
    let mode = Mode::from_str_radix(std::str::from_utf8(mode).ok()?, 8).ok()?;
    let scanned = Scanned { head, index, tree: in_tree(*states.get(1)?), mode, unfit: None };
    Some((RepoPath::parse(path).ok()?, with_gitlink(scanned)))
}

/// `XY sub m1 m2 m3 mW h1 h2 h3 path`: a conflict that was left in the index.
fn unmerged(rest: &[u8]) -> Option<(RepoPath, Scanned)> {
    let fields: Vec<&[u8]> = rest.splitn(10, |byte| *byte == b' ').collect();
    let [_, _, _, ours_mode, _, _, _, ours, _, path] = fields[..] else { return None };
    let scanned = Scanned {
        head: entry(ours_mode, ours).ok()?,
        index: None,
        tree: InTree::Changed,
        mode: 0,
        unfit: None,
    };
    Some((RepoPath::parse(path).ok()?, with_gitlink(scanned)))
}

fn with_gitlink(mut scanned: Scanned) -> Scanned {
    let is_gitlink = |entry: Option<Entry>| entry.is_some_and(|entry| entry.mode == GITLINK);
    if is_gitlink(scanned.head) || is_gitlink(scanned.index) {
        scanned.unfit = Some("a submodule");
    }
    scanned
}

fn in_tree(state: u8) -> InTree {
    match state {
        b'.' => InTree::AsStaged,
        b'D' => InTree::Gone,
        _ => InTree::Changed,
    }
}

/// What a mode and an id stand for; a mode of zeros for nothing. `Err` where the text is neither.
fn entry(mode: &[u8], id: &[u8]) -> Result<Option<Entry>, NoEntry> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_utf8| NoEntry);
    let mode = i32::from_str_radix(text(mode)?, 8).map_err(|_number| NoEntry)?;
    let id = Oid::from_str(text(id)?).map_err(|_id| NoEntry)?;
    Ok((mode != 0 && !id.is_zero()).then_some(Entry { mode, id }))
}

/// The text is no mode and id.
#[derive(Debug)]
struct NoEntry;

/// A path that a folder holds, for walks.
pub(crate) fn joined(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

/// The person's index file.
pub(crate) fn person_index(repo: &Repo) -> PathBuf {
    repo.git_dir().join("index")
}
