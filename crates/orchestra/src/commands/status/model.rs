//! What the status says, as data: printed as text, or as JSON for scripts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use orchestra_core::config::trust::TrustItem;
use orchestra_core::diagnostic::Diagnostic;
use orchestra_core::id::{AgentName, GateId, MilestoneId, PhaseId, RoleId, WorkId};
use orchestra_core::plan::{self, MilestoneStatus, PhaseStatus, Plan, Priority, StageName};
use orchestra_core::schedule;
use orchestra_core::worker::Memory;
use orchestra_project::answers;
use orchestra_project::journal;
use orchestra_project::layout::Layout;
use orchestra_project::load::{Loaded, Scanner};
use orchestra_project::lock::{self, HeldBy};
use orchestra_project::trust::{Agreed, Trust};
use serde::Serialize;

use crate::commands::next::{self, Next};
use crate::context::Context;
use crate::failure::Failure;

/// The whole status. Fields are only ever added, so that scripts go on working.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct Status {
    /// The top of the work tree.
    pub(in crate::commands) project: String,
    /// Who holds the worker's lock.
    pub(in crate::commands) worker: Option<Worker>,
    /// Milestones that can be read, in the order in which they are picked.
    pub(in crate::commands) milestones: Vec<Milestone>,
    /// Milestones that cannot be read.
    pub(in crate::commands) set_aside: Vec<SetAside>,
    /// Questions that wait.
    pub(in crate::commands) gates: Vec<Gate>,
    /// What is wrong with the configuration; it is not used then.
    pub(in crate::commands) configuration: Vec<Fault>,
    /// What is odd and stops nothing.
    pub(in crate::commands) warnings: Vec<Fault>,
    /// Whether the person has agreed to what the project would run: `given`, `changed` or `unknown`.
    pub(in crate::commands) trust: &'static str,
    /// The agent that plays a role that names none.
    pub(in crate::commands) agent: Option<AgentName>,
    /// Lines of the journal that could not be understood.
    pub(in crate::commands) journal_skipped: u64,
    /// What to type next.
    pub(in crate::commands) next: Next,
}

/// Who holds the worker's lock.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct Worker {
    /// `worker`; `guard`, which ends what a dead worker left; `unknown`, as on another machine.
    pub(in crate::commands) by: &'static str,
    pub(in crate::commands) pid: Option<u32>,
    pub(in crate::commands) host: Option<String>,
    pub(in crate::commands) since: Option<Timestamp>,
    pub(in crate::commands) version: Option<String>,
    /// What it does, in its own words.
    pub(in crate::commands) running: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct Milestone {
    pub(in crate::commands) id: MilestoneId,
    pub(in crate::commands) title: String,
    pub(in crate::commands) status: MilestoneStatus,
    pub(in crate::commands) priority: Priority,
    /// Why it is parked.
    pub(in crate::commands) reason: Option<String>,
    /// Where in its life it is, once it was begun.
    pub(in crate::commands) stage: Option<StageName>,
    /// Milestones that must be done first and are not.
    pub(in crate::commands) waits_for: Vec<MilestoneId>,
    pub(in crate::commands) phases: Vec<Phase>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct Phase {
    pub(in crate::commands) id: PhaseId,
    pub(in crate::commands) role: RoleId,
    pub(in crate::commands) title: String,
    pub(in crate::commands) status: PhaseStatus,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct SetAside {
    pub(in crate::commands) folder: String,
    pub(in crate::commands) diagnostics: Vec<Fault>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct Gate {
    pub(in crate::commands) id: GateId,
    /// Which kind of question.
    pub(in crate::commands) question: String,
    pub(in crate::commands) milestone: Option<MilestoneId>,
    pub(in crate::commands) work: Option<WorkId>,
    /// The question in a sentence.
    pub(in crate::commands) text: String,
    /// What speaks for and against, a line each.
    pub(in crate::commands) about: Vec<String>,
    /// The words that answer it.
    pub(in crate::commands) answers: Vec<String>,
    /// The word of an answer that the worker has not taken up yet.
    pub(in crate::commands) answered: Option<&'static str>,
    /// What can be typed, a command for each answer.
    pub(in crate::commands) commands: Vec<String>,
}

/// A fault in a file.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(in crate::commands) struct Fault {
    pub(in crate::commands) path: String,
    pub(in crate::commands) line: u32,
    pub(in crate::commands) column: u32,
    pub(in crate::commands) message: String,
    pub(in crate::commands) hint: String,
}

impl From<&Diagnostic> for Fault {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            path: diagnostic.path.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.expected.clone(),
            hint: diagnostic.hint.clone(),
        }
    }
}

/// Reads the status, and again only what changed.
#[derive(Default)]
pub(in crate::commands) struct Reader {
    scanner: Scanner,
    memory: Memory,
    offset: u64,
    skipped: u64,
}

impl Reader {
    pub(in crate::commands) fn read(
        &mut self,
        context: &Context,
        layout: &Layout,
    ) -> Result<Status, Failure> {
        let loaded = context.load_with(&mut self.scanner, layout)?;
        let trust = trust(context, &loaded)?.unwrap_or(Trust::Unknown);
        self.status(context, layout, &loaded, &trust)
    }

    /// Reads the status once, and of milestones that are over only what is said of them in a line.
    pub(in crate::commands) fn read_open(context: &Context, layout: &Layout) -> Result<Status, Failure> {
        let mut reader = Self::default();
        let loaded = context.load_open(layout)?;
        match trust(context, &loaded)?.unwrap_or(Trust::Unknown) {
            // What else was agreed to may be what milestones that are over have run.
            Trust::Changed { before } if is_part_of(&loaded.trust, &before) => reader.read(context, layout),
            trust => reader.status(context, layout, &loaded, &trust),
        }
    }

    fn status(
        &mut self,
        context: &Context,
        layout: &Layout,
        loaded: &Loaded,
        trust: &Trust,
    ) -> Result<Status, Failure> {
        self.follow_journal(layout)?;
        let faults = |diagnostics: &[Diagnostic]| diagnostics.iter().map(Fault::from).collect::<Vec<_>>();
        let (configuration, agent) = match &loaded.config.result {
            Ok(resolved) => (Vec::new(), resolved.config.default_agent.clone()),
            Err(diagnostics) => (faults(diagnostics), None),
        };
        let set_aside = loaded.plan.set_aside.iter().map(|set_aside| SetAside {
            folder: set_aside.folder.clone(),
            diagnostics: faults(&set_aside.diagnostics),
        });
        let mut status = Status {
            project: layout.root().display().to_string(),
            worker: worker(layout)?,
            milestones: milestones(&loaded.plan),
            set_aside: set_aside.collect(),
            gates: self.gates(context, layout)?,
            configuration,
            warnings: faults(&[&loaded.plan.warnings[..], &loaded.config.warnings].concat()),
            trust: match trust {
                Trust::Given => "given",
                Trust::Changed { .. } => "changed",
                Trust::Unknown => "unknown",
            },
            agent,
            journal_skipped: self.skipped,
            next: Next::default(),
        };
        status.next = next::after(context, &status, &loaded.plan);
        Ok(status)
    }

    fn follow_journal(&mut self, layout: &Layout) -> Result<(), Failure> {
        loop {
            let followed = journal::follow(layout, self.offset)?;
            if followed.restarted {
                (self.memory, self.skipped) = (Memory::default(), 0);
            }
            for entry in &followed.entries {
                self.memory.take(&entry.record);
            }
            self.skipped += followed.skipped;
            self.offset = followed.offset;
            if !followed.has_more {
                return Ok(());
            }
        }
    }

    fn gates(&self, context: &Context, layout: &Layout) -> Result<Vec<Gate>, Failure> {
        let filed: BTreeMap<GateId, &'static str> = answers::find(layout, &self.memory)?
            .into_iter()
            .filter_map(|found| found.answer.ok())
            .map(|filed| (filed.gate, filed.answer.word()))
            .collect();
        let gate = |(id, open): (&GateId, &orchestra_core::worker::Open)| Gate {
            id: id.clone(),
            question: open.question.clone(),
            milestone: open.milestone.clone(),
            work: open.work.clone(),
            text: open.text.clone(),
            about: open.about.clone(),
            answers: open.answers.clone(),
            answered: filed.get(id).copied(),
            commands: open.answers.iter().map(|word| command(context, id, word)).collect(),
        };
        Ok(self.memory.open.iter().map(gate).collect())
    }
}

/// What the person has agreed to. `None` where that cannot be told: without a data folder nothing can have been, without
/// a configuration nobody knows to what.
fn trust(context: &Context, loaded: &Loaded) -> Result<Option<Trust>, Failure> {
    match Context::config(loaded).and_then(|_| context.trust(&loaded.trust)) {
        Ok(trust) => Ok(Some(trust)),
        Err(Failure::NoHome | Failure::Config { .. }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether a person agreed to all of these, among other things.
fn is_part_of(items: &[TrustItem], agreed: &[Agreed]) -> bool {
    let agreed: BTreeSet<&Agreed> = agreed.iter().collect();
    items.iter().all(|item| agreed.contains(&Agreed::from(item)))
}

/// The command that answers a question with a word.
pub(in crate::commands) fn command(context: &Context, gate: &GateId, word: &str) -> String {
    let text = match word {
        "revise" => " \"what to change\"",
        "push-to" => " BRANCH",
        "verify" => " \"COMMAND\"",
        _ => "",
    };
    context.typed(&format!("answer {gate} {word}{text}"))
}

fn worker(layout: &Layout) -> Result<Option<Worker>, Failure> {
    let Some(held) = lock::peek(layout)? else { return Ok(None) };
    let by = match held.by {
        HeldBy::Worker => "worker",
        HeldBy::Guard => "guard",
        HeldBy::Unknown => "unknown",
    };
    let holder = held.holder.as_ref();
    Ok(Some(Worker {
        by,
        pid: holder.map(|holder| holder.process.pid),
        host: holder.map(|holder| holder.machine.host.clone()),
        since: holder.map(|holder| holder.since),
        version: holder.map(|holder| holder.version.clone()),
        running: holder.map(|holder| holder.running.clone()).filter(|running| !running.is_empty()),
    }))
}

fn milestones(plan: &Plan) -> Vec<Milestone> {
    let is_done =
        |id: &MilestoneId| plan.find(id).is_some_and(|milestone| milestone.status == MilestoneStatus::Done);
    let mut all: Vec<&plan::Milestone> = plan.milestones.iter().map(AsRef::as_ref).collect();
    all.sort_by(|one, two| schedule::picking_order(one, two));
    let phase = |phase: &plan::Phase| Phase {
        id: phase.id.clone(),
        role: phase.role.clone(),
        title: phase.title.clone(),
        status: phase.status,
    };
    let milestone = |milestone: &plan::Milestone| Milestone {
        id: milestone.id.clone(),
        title: milestone.title.clone(),
        status: milestone.status,
        priority: milestone.priority,
        reason: milestone.reason.clone(),
        stage: milestone.cursor.as_ref().map(|cursor| cursor.stage),
        waits_for: schedule::unfinished_dependencies(milestone, &is_done).into_iter().cloned().collect(),
        phases: schedule::run_order(milestone).into_iter().map(phase).collect(),
    };
    all.into_iter().map(milestone).collect()
}
