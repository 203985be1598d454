//! From the files of a project to its plan.
//!
//! A file that cannot be used sets its milestone aside, with a diagnostic, and no other. [`Scanner`] reads a
//! milestone again only if one of its files has another stamp than before, so that looking again after a hint costs
//! one system call a file.

mod folders;
mod open;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::time::SystemTime;

use orchestra_core::config::resolve::Resolved;
use orchestra_core::config::trust::{self, TrustItem};
use orchestra_core::diagnostic::Diagnostic;
use orchestra_core::document::{self, MilestoneSource, Parsed, ReadMilestone, SourceFile};
use orchestra_core::path::ContentHash;
use orchestra_core::plan::{Plan, Role, SetAside};

pub(crate) use self::folders::diagnostic as unusable;
use self::folders::{Doc, Faults, Files, Found, Milestones};
pub use self::open::load_open;
use crate::config_files::{self, Sources};
use crate::file::FileError;
use crate::folder::{Folder, Stamp};
use crate::layout::{Layout, MAX_DOCUMENT};

/// A stamp this young may stay the same although the file is written once more: clocks of files tick slowly.
const TICK_NANOS: i128 = 50_000_000;
/// The same where a file system keeps whole seconds, or every second one (FAT).
const COARSE_TICK_NANOS: i128 = 2_500_000_000;

/// Reads a project's documents, and again only those that changed.
#[derive(Debug, Default)]
pub struct Scanner {
    roles: Option<KnownRoles>,
    /// Counts up when a role changes, since a milestone is read with the roles in view.
    roles_version: u64,
    milestones: BTreeMap<String, KnownMilestone>,
    last_read: usize,
}

#[derive(Debug)]
struct KnownRoles {
    stamps: Stamps,
    roles: Vec<Role>,
    warnings: Vec<Diagnostic>,
}

#[derive(Debug)]
struct KnownMilestone {
    stamps: Stamps,
    roles_version: u64,
    parsed: Parsed<ReadMilestone>,
}

/// The stamp of each file, by its path; `None` where one is too young to be relied upon.
type Stamps = Vec<(String, Option<Stamp>)>;

/// All of a project that a start looks at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Loaded {
    /// Milestones and roles.
    pub plan: Plan,
    /// The configuration, or what is wrong with it.
    pub config: Parsed<Resolved>,
    /// What the project would run or let happen by itself. Without a configuration: what the plan alone would.
    pub trust: Vec<TrustItem>,
}

/// Reads a whole project once.
pub fn load(layout: &Layout, sources: &Sources<'_>) -> Result<Loaded, FileError> {
    Scanner::default().load(layout, sources)
}

impl Scanner {
    /// Scans the plan, and reads the configuration with it.
    pub fn load(&mut self, layout: &Layout, sources: &Sources<'_>) -> Result<Loaded, FileError> {
        Ok(of_plan(self.scan(layout)?, layout, sources))
    }

    /// Looks at every file of the plan, reads what changed, and returns the plan as it is now.
    ///
    /// An error only where the folder of milestones cannot be listed, or the system has nothing left to look with.
    pub fn scan(&mut self, layout: &Layout) -> Result<Plan, FileError> {
        self.last_read = 0;
        let now = now();
        let (roles, mut warnings) = self.scan_roles(layout, now)?;
        let (mut read, mut set_aside) = (Vec::new(), Vec::new());
        let mut known = std::mem::take(&mut self.milestones);
        let milestones = Milestones::list(layout)?;
        let entries = milestones.iter().flat_map(|all| all.entries.iter().map(move |entry| (all, entry)));
        for Found { name, files } in entries.filter_map(|(all, (name, kind))| all.look(name, *kind)) {
            let parsed = match files {
                Ok(files) => self.read_milestone(&name, &files, known.remove(&name), &roles, now)?,
                Err(faults) => Parsed { result: Err(faults.say()?), warnings: Vec::new() },
            };
            warnings.extend(parsed.warnings);
            match parsed.result {
                Ok(milestone) => read.push(milestone),
                Err(diagnostics) => set_aside.push(SetAside { folder: name, diagnostics }),
            }
        }
        let mut plan = document::check_plan(read, roles, set_aside);
        warnings.append(&mut plan.warnings);
        plan.warnings = warnings;
        Ok(plan)
    }

    /// How many documents the last scan read; the others were as known.
    pub fn last_read(&self) -> usize {
        self.last_read
    }

    /// A role that cannot be read is one that is not there: each phase that names it says so.
    fn scan_roles(&mut self, layout: &Layout, now: i128) -> Result<(Vec<Role>, Vec<Diagnostic>), FileError> {
        let Files { docs, faults } = folders::roles(layout);
        let mut warnings = faults.say()?;
        let stamps = stamps(&docs, now);
        if let Some(known) = self.roles.as_ref().filter(|known| is_same(&known.stamps, &stamps)) {
            warnings.extend(known.warnings.iter().cloned());
            return Ok((known.roles.clone(), warnings));
        }
        let (mut files, mut faults) = (Vec::new(), Faults::default());
        for doc in &docs {
            match self.read(doc) {
                Ok(file) => files.extend(file),
                Err(error) => faults.add(&doc.path, error),
            }
        }
        let mut own = faults.say()?;
        let plan = document::parse_plan(&[], &files);
        own.extend(plan.warnings);
        warnings.extend(own.iter().cloned());
        if self.roles.as_ref().is_none_or(|known| known.roles != plan.roles) {
            self.roles_version += 1;
        }
        self.roles = Some(KnownRoles { stamps, roles: plan.roles.clone(), warnings: own });
        Ok((plan.roles, warnings))
    }

    fn read_milestone(
        &mut self,
        name: &str,
        docs: &[Doc],
        known: Option<KnownMilestone>,
        roles: &[Role],
        now: i128,
    ) -> Result<Parsed<ReadMilestone>, FileError> {
        let stamps = stamps(docs, now);
        let roles_version = self.roles_version;
        let unchanged = known
            .filter(|known| known.roles_version == roles_version && is_same(&known.stamps, &stamps))
            .map(|known| known.parsed);
        let parsed = match unchanged {
            Some(parsed) => parsed,
            None => match self.read_source(name, docs) {
                Ok(source) => document::parse_milestone(&source, roles),
                // Not kept: a file that cannot be read now may be readable later with the same stamp.
                Err(faults) => return Ok(Parsed { result: Err(faults.say()?), warnings: Vec::new() }),
            },
        };
        let known = KnownMilestone { stamps, roles_version, parsed: parsed.clone() };
        self.milestones.insert(name.to_owned(), known);
        Ok(parsed)
    }

    fn read_source(&mut self, name: &str, docs: &[Doc]) -> Result<MilestoneSource, Faults> {
        let mut source = MilestoneSource { folder: name.to_owned(), ..MilestoneSource::default() };
        let mut faults = Faults::default();
        for doc in docs {
            let file = match self.read(doc) {
                Ok(Some(file)) => file,
                // It was removed since the folder was listed.
                Ok(None) => continue,
                Err(error) => {
                    faults.add(&doc.path, error);
                    continue;
                }
            };
            match doc.name.as_str() {
                _ if doc.is_phase => source.phases.push(file),
                "context.md" => source.context = Some(file),
                "rfc.md" => source.rfc = Some(ContentHash::of(&file.bytes)),
                _ => source.milestone = Some(file),
            }
        }
        if faults.is_empty() { Ok(source) } else { Err(faults) }
    }

    fn read(&mut self, doc: &Doc) -> Result<Option<SourceFile>, FileError> {
        self.last_read += 1;
        let plain = Folder::read(&doc.folder, OsStr::new(&doc.name), MAX_DOCUMENT)?;
        Ok(plain.map(|plain| SourceFile { path: doc.path.clone(), bytes: plain.bytes }))
    }
}

/// Reads the configuration to a plan.
fn of_plan(plan: Plan, layout: &Layout, sources: &Sources<'_>) -> Loaded {
    let config = config_files::read(layout, sources);
    let trust = match &config.result {
        Ok(resolved) => trust::commands_of(resolved, &plan),
        Err(_) => trust::commands_of(&Resolved::default(), &plan),
    };
    Loaded { plan, config, trust }
}

/// Nanoseconds since 1970.
fn now() -> i128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    i128::try_from(now).unwrap_or(i128::MAX)
}

fn stamps(docs: &[Doc], now: i128) -> Stamps {
    let settled = |stamp: Stamp| {
        let tick = if stamp.is_of_whole_seconds() { COARSE_TICK_NANOS } else { TICK_NANOS };
        (stamp.age(now) >= tick).then_some(stamp)
    };
    docs.iter().map(|doc| (doc.path.clone(), settled(doc.stamp))).collect()
}

fn is_same(one: &Stamps, two: &Stamps) -> bool {
    one == two && one.iter().all(|(_, stamp)| stamp.is_some())
}

#[cfg(test)]
mod tests;
