//! The milestones as rows: the one that is worked on with all of its works, the others in a row each.

use std::collections::BTreeMap;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::plan::{Milestone, MilestoneStatus, PhaseStatus, Plan, RfcNeed, StageName};
use orchestra_core::report::Usage;
use orchestra_core::words::thousands;
use orchestra_core::worker::{Active, Progress, State};
use ratatui::style::Style;

use crate::theme::Theme;

/// A row of the tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Row {
    pub(crate) sign: &'static str,
    pub(crate) style: Style,
    /// How far it is set in.
    pub(crate) depth: u16,
    pub(crate) name: String,
    /// At the right edge: the role, the status.
    pub(crate) aside: String,
    /// The milestone that it stands for, or of which it shows a work.
    pub(crate) milestone: Option<MilestoneId>,
    pub(crate) work: Option<WorkId>,
}

/// How far something is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stand {
    Pending,
    Running,
    Waiting,
    Done,
    Failed,
    Dropped,
}

impl Stand {
    fn sign(self, theme: Theme) -> (&'static str, Style) {
        match self {
            Self::Pending => (theme.sign("○", "."), Style::new()),
            Self::Running => (theme.sign("◐", "~"), theme.accent()),
            Self::Waiting => (theme.sign("◆", "?"), theme.waiting()),
            Self::Done => (theme.sign("✔", "+"), theme.good()),
            Self::Failed => (theme.sign("✘", "x"), theme.bad()),
            Self::Dropped => (theme.sign("–", "-"), theme.dim()),
        }
    }
}

/// The rows of the tree. `open` names milestones that the person has opened, `used` what works have consumed.
pub(crate) fn rows(
    state: &State,
    open: &[MilestoneId],
    used: &BTreeMap<(MilestoneId, WorkId), Usage>,
    theme: Theme,
) -> Vec<Row> {
    let plan = &state.seen.plan;
    let mut rows = Vec::new();
    let mut over = Vec::new();
    for milestone in sorted(plan) {
        let is_active = state.active().is_some_and(|active| active.id == milestone.id);
        let is_over = matches!(milestone.status, MilestoneStatus::Done | MilestoneStatus::Dropped);
        if is_over && !is_active {
            over.push(milestone);
            continue;
        }
        rows.push(head(state, milestone, theme));
        if is_active || open.contains(&milestone.id) {
            works(state, milestone, used, theme, &mut rows);
        }
    }
    for aside in &plan.set_aside {
        let (sign, style) = Stand::Failed.sign(theme);
        let (name, aside) = (aside.folder.clone(), "cannot be read".to_owned());
        rows.push(Row { sign, style, depth: 0, name, aside, milestone: None, work: None });
    }
    for milestone in over {
        rows.push(head(state, milestone, theme));
        if open.contains(&milestone.id) {
            works(state, milestone, used, theme, &mut rows);
        }
    }
    rows
}

fn sorted(plan: &Plan) -> Vec<&Milestone> {
    let mut milestones: Vec<&Milestone> = plan.milestones.iter().map(AsRef::as_ref).collect();
    milestones.sort_by_key(|milestone| (milestone.id.number(), milestone.id.clone()));
    milestones
}

fn head(state: &State, milestone: &Milestone, theme: Theme) -> Row {
    let active = state.active().filter(|active| active.id == milestone.id);
    let waits = state.open.iter().chain(state.put_off.values());
    let is_asked = waits.clone().any(|asked| asked.question.milestone() == Some(&milestone.id));
    let (stand, aside) = match (milestone.status, active) {
        _ if is_asked => (Stand::Waiting, "waits for you"),
        (_, Some(_)) => (Stand::Running, "running"),
        (MilestoneStatus::Planning, None) => (Stand::Pending, "planning"),
        (MilestoneStatus::InProgress, None) => (Stand::Pending, "begun"),
        (MilestoneStatus::Review, None) => (Stand::Pending, "review"),
        (MilestoneStatus::Parked, None) => (Stand::Failed, "parked"),
        (MilestoneStatus::Done, None) => (Stand::Done, "done"),
        (MilestoneStatus::Dropped, None) => (Stand::Dropped, "dropped"),
    };
    let (sign, style) = stand.sign(theme);
    let name = format!("{} {}", milestone.id, milestone.title);
    Row {
        sign,
        style,
        depth: 0,
        name,
        aside: aside.to_owned(),
        milestone: Some(milestone.id.clone()),
        work: None,
    }
}

fn works(
    state: &State,
    milestone: &Milestone,
    used: &BTreeMap<(MilestoneId, WorkId), Usage>,
    theme: Theme,
    rows: &mut Vec<Row>,
) {
    let active = state.active().filter(|active| active.id == milestone.id);
    let mut add = |work: WorkId, name: String, role: String, document: Stand| {
        let stand = stand_of(state, active, &work).unwrap_or(document);
        let (sign, style) = stand.sign(theme);
        let tokens = used.get(&(milestone.id.clone(), work.clone())).map_or(0, Usage::tokens);
        let tokens = if tokens == 0 { String::new() } else { format!(" {}", thousands(tokens)) };
        let aside = format!("{role}{tokens}");
        let (milestone, work) = (Some(milestone.id.clone()), Some(work));
        rows.push(Row { sign, style, depth: 1, name, aside, milestone, work });
    };
    if milestone.rfc == RfcNeed::Required {
        let stage = milestone.cursor.as_ref().map(|cursor| cursor.stage);
        let is_past = stage.is_some_and(|stage| !matches!(stage, StageName::Rfc));
        let document = if is_past { Stand::Done } else { Stand::Pending };
        add(WorkId::Rfc, "rfc".to_owned(), "architect".to_owned(), document);
    }
    for phase in &milestone.phases {
        let role = state.seen.plan.find_role(&phase.role).and_then(|role| role.alias.clone());
        let stand = match phase.status {
            PhaseStatus::Pending | PhaseStatus::InProgress => Stand::Pending,
            PhaseStatus::Done => Stand::Done,
            PhaseStatus::Failed => Stand::Failed,
            PhaseStatus::Skipped => Stand::Dropped,
        };
        let name = format!("{} {}", phase.id, phase.title);
        add(WorkId::Phase(phase.id.clone()), name, role.unwrap_or_else(|| phase.role.to_string()), stand);
    }
    // Reviews and fix rounds are not planned: what there was, and what runs.
    let done = active.into_iter().flat_map(|active| active.done.iter().map(|(work, _)| work.clone()));
    let running = active.into_iter().flat_map(|_| state.works().iter().map(|work| work.id.clone()));
    let mut more: Vec<WorkId> = Vec::new();
    for work in done.chain(running) {
        let is_more = matches!(work, WorkId::Review(_) | WorkId::Fix { .. } | WorkId::Diagnosis(_));
        if is_more && !more.contains(&work) {
            more.push(work);
        }
    }
    for work in more {
        let role = match &work {
            WorkId::Fix { role, .. } => role.to_string(),
            WorkId::Diagnosis(_) => "architect".to_owned(),
            _ => "reviewer".to_owned(),
        };
        add(work.clone(), work.to_string(), role, Stand::Done);
    }
}

/// What the worker itself knows of a work; nothing where only its document does.
fn stand_of(state: &State, active: Option<&Active>, work: &WorkId) -> Option<Stand> {
    let active = active?;
    let running = state.works().iter().find(|running| running.id == *work);
    if let Some(running) = running {
        return Some(match running.progress {
            Progress::Asking(_) => Stand::Waiting,
            _ => Stand::Running,
        });
    }
    if let Some(asked) = &state.open
        && asked.question.work().as_ref() == Some(work)
    {
        return Some(Stand::Waiting);
    }
    active.commit_of(work).map(|_| Stand::Done)
}
