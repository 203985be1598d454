//! The milestones as rows: the one that is worked on with all of its works, the others in a row each.

use std::collections::BTreeMap;
use std::time::Duration;

use orchestra_core::id::{MilestoneId, WorkId};
use orchestra_core::plan::{Milestone, MilestoneStatus, PhaseStatus, Plan, RfcNeed, StageName};
use orchestra_core::report::{Usage, Verdict};
use orchestra_core::words::{duration, thousands};
use orchestra_core::worker::{Active, Progress, State};
use ratatui::style::Style;

use crate::theme::Theme;

mod project;
mod walk;

pub(crate) use project::rows_of;
pub(crate) use walk::Walk;

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

/// What a work of this run has taken so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Spent {
    pub(crate) usage: Usage,
    /// When its first turn began.
    pub(crate) begun: Option<Duration>,
    /// From there to its commit.
    pub(crate) took: Option<Duration>,
}

/// How far something is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stand {
    Pending,
    Running,
    Waiting,
    Done,
    /// It is done, and found something.
    Objected,
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
            Self::Objected => ("!", theme.waiting()),
            Self::Failed => (theme.sign("✘", "x"), theme.bad()),
            Self::Dropped => (theme.sign("–", "-"), theme.dim()),
        }
    }
}

/// The rows of the tree. `open` names milestones that the person has opened, `used` what works have consumed.
pub(crate) fn rows(
    state: &State,
    open: &[MilestoneId],
    used: &BTreeMap<(MilestoneId, WorkId), Spent>,
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

/// The first row that is in sight, of so many, in a pane of this height: as it was, but so that the chosen one is.
fn top(before: usize, chosen: Option<usize>, count: usize, height: u16) -> usize {
    let height = usize::from(height.max(1));
    let top = before.min(count.saturating_sub(height));
    match chosen {
        Some(row) => top.max((row + 1).saturating_sub(height)).min(row),
        None => top,
    }
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
        // One word: where there is little room, words are left out from the end.
        _ if is_asked => (Stand::Waiting, "waits"),
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
    used: &BTreeMap<(MilestoneId, WorkId), Spent>,
    theme: Theme,
    rows: &mut Vec<Row>,
) {
    let active = state.active().filter(|active| active.id == milestone.id);
    let mut add = |work: WorkId, name: String, role: String, document: Stand| {
        let stand = stand_of(state, active, &work).unwrap_or(document);
        let (sign, style) = stand.sign(theme);
        let spent = used.get(&(milestone.id.clone(), work.clone())).copied().unwrap_or_default();
        // What took less than a minute is not worth the room.
        let took = spent.took.filter(|took| *took >= Duration::from_mins(1));
        let took = took.map(|took| format!(" {}", duration(took))).unwrap_or_default();
        let tokens = spent.usage.tokens();
        let tokens = if tokens == 0 { String::new() } else { format!(" {}", thousands(tokens)) };
        let aside = format!("{role}{took}{tokens}");
        let (milestone, work) = (Some(milestone.id.clone()), Some(work));
        rows.push(Row { sign, style, depth: 1, name, aside, milestone, work });
    };
    for Planned { work, name, role, stand } in planned(&state.seen.plan, milestone) {
        add(work, name, role, stand);
    }
    for Unplanned { work, stand, said } in unplanned(state, milestone, active) {
        let role = match &work {
            WorkId::Fix { role, .. } => role.to_string(),
            WorkId::Diagnosis(_) => "architect".to_owned(),
            _ => "reviewer".to_owned(),
        };
        let said = said.map(|said| format!("{said} · ")).unwrap_or_default();
        let said = said.replace('·', theme.sign("·", "-"));
        add(work.clone(), work.to_string(), format!("{said}{role}"), stand);
    }
}

/// A work that documents plan, and how far it is as they say.
struct Planned {
    work: WorkId,
    name: String,
    role: String,
    stand: Stand,
}

fn planned(plan: &Plan, milestone: &Milestone) -> Vec<Planned> {
    let mut works = Vec::new();
    if milestone.rfc == RfcNeed::Required {
        let stage = milestone.cursor.as_ref().map(|cursor| cursor.stage);
        let is_past = stage.is_some_and(|stage| !matches!(stage, StageName::Rfc));
        let stand = if is_past { Stand::Done } else { Stand::Pending };
        let (name, role) = ("rfc".to_owned(), "architect".to_owned());
        works.push(Planned { work: WorkId::Rfc, name, role, stand });
    }
    for phase in &milestone.phases {
        let role = plan.find_role(&phase.role).and_then(|role| role.alias.clone());
        let stand = match phase.status {
            PhaseStatus::Pending | PhaseStatus::InProgress => Stand::Pending,
            PhaseStatus::Done => Stand::Done,
            PhaseStatus::Failed => Stand::Failed,
            PhaseStatus::Skipped => Stand::Dropped,
        };
        let name = format!("{} {}", phase.id, phase.title);
        let role = role.unwrap_or_else(|| phase.role.to_string());
        works.push(Planned { work: WorkId::Phase(phase.id.clone()), name, role, stand });
    }
    works
}

/// A work that no document plans.
struct Unplanned {
    work: WorkId,
    stand: Stand,
    /// What came of it, where that is more than its sign says.
    said: Option<String>,
}

/// Reviews, fixes and diagnoses: those that there were, by commit or by the journal, and what runs.
fn unplanned(state: &State, milestone: &Milestone, active: Option<&Active>) -> Vec<Unplanned> {
    let known = state.seen.memory.milestones.get(&milestone.id);
    let history = state.seen.histories.get(&milestone.id).into_iter().flat_map(|history| &history.commits);
    let done = active.into_iter().flat_map(|active| active.done.iter().map(|(work, _)| work));
    let committed: Vec<&WorkId> = history.map(|entry| &entry.work).chain(done).collect();
    let running = active.into_iter().flat_map(|_| state.works().iter().map(|work| work.id.clone()));
    let reviews = known.into_iter().flat_map(|known| &known.reviews);
    let mut works: Vec<WorkId> = committed.iter().copied().cloned().collect();
    works.extend(running);
    works.extend(reviews.map(|review| WorkId::Review(review.round)));
    works.extend(known.into_iter().flat_map(|known| known.attempts.keys().chain(&known.skipped).cloned()));
    works.retain(|work| place(work).is_some());
    works.sort_by_key(|work| (place(work), work.to_string()));
    works.dedup();
    let unplanned = |work: WorkId| {
        let verdict = known.into_iter().flat_map(|known| known.reviews.iter().rev());
        let verdict =
            verdict.filter(|review| work == WorkId::Review(review.round)).map(|review| review.verdict);
        let (stand, said) = match verdict.into_iter().next() {
            Some(Verdict::ChangesRequested) => (Stand::Objected, Some("found something".to_owned())),
            Some(Verdict::ApprovedWithComments) => (Stand::Done, Some("with remarks".to_owned())),
            Some(Verdict::Approved) => (Stand::Done, None),
            None if committed.contains(&&work) => (Stand::Done, None),
            None if known.is_some_and(|known| known.skipped.contains(&work)) => (Stand::Dropped, None),
            None if known.is_some_and(|known| known.failed.contains_key(&work)) => (Stand::Failed, None),
            // A diagnosis has neither commit nor verdict: what there was of it is over.
            None if matches!(work, WorkId::Diagnosis(_)) => (Stand::Done, None),
            None => (Stand::Pending, None),
        };
        Unplanned { work, stand, said }
    };
    works.into_iter().map(unplanned).collect()
}

/// In which order they come: a review, and what is mended after it. None for what is planned.
fn place(work: &WorkId) -> Option<(u32, u8)> {
    match work {
        WorkId::Review(round) => Some((*round, 0)),
        WorkId::Fix { round, .. } => Some((*round, 1)),
        WorkId::Diagnosis(_) => Some((u32::MAX, 0)),
        WorkId::Base | WorkId::Rfc | WorkId::Phase(_) | WorkId::Close(_) => None,
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
    // Whether a review found something is not told by its commit.
    active.commit_of(work).filter(|_| !matches!(work, WorkId::Review(_))).map(|_| Stand::Done)
}

#[cfg(test)]
mod tests {
    use orchestra_core::worker::{Recalled, Review};

    use super::*;
    use crate::testing::{ASCII, PLAIN, milestone, state};

    /// The rows below a milestone that no document plans, with their signs.
    fn unplanned(state: &State, id: &str, theme: Theme) -> Vec<String> {
        let rows = rows(state, &[milestone(id)], &BTreeMap::new(), theme);
        let rows = rows.into_iter().filter(|row| {
            row.milestone == Some(milestone(id))
                && row.work.as_ref().is_some_and(|work| place(work).is_some())
        });
        rows.map(|row| format!("{} {} ({})", row.sign, row.name, row.aside)).collect()
    }

    fn reviewed(rounds: &[(u32, Verdict)]) -> Recalled {
        let review = |(round, verdict): &(u32, Verdict)| Review {
            round: *round,
            works: Vec::new(),
            verdict: *verdict,
            findings: Vec::new(),
        };
        Recalled { reviews: rounds.iter().map(review).collect(), ..Recalled::default() }
    }

    #[test]
    fn a_review_without_a_commit_is_in_sight_with_what_came_of_it() {
        let mut state = state();
        assert_eq!(unplanned(&state, "M1-user-auth", PLAIN), [] as [&str; 0]);
        let mut known = reviewed(&[
            (1, Verdict::ChangesRequested),
            (2, Verdict::ApprovedWithComments),
            (3, Verdict::Approved),
        ]);
        known.attempts =
            [("review-3", 1), ("fix-1-backend-engineer", 2), ("diagnosis-phase-1", 1), ("phase-1", 1)]
                .map(|(work, attempt)| (WorkId::parse(work).unwrap(), attempt))
                .into();
        known.failed.insert(WorkId::parse("fix-1-backend-engineer").unwrap(), "red".to_owned());
        known.skipped.insert(WorkId::parse("review-4").unwrap());
        state.seen.memory.milestones.insert(milestone("M1-user-auth"), known);
        let wanted = [
            "! review-1 (found something · reviewer)",
            "✘ fix-1-backend-engineer (backend-engineer)",
            "✔ review-2 (with remarks · reviewer)",
            "✔ review-3 (reviewer)",
            "– review-4 (reviewer)",
            "✔ diagnosis-phase-1 (architect)",
        ];
        assert_eq!(unplanned(&state, "M1-user-auth", PLAIN), wanted);
        let ascii = unplanned(&state, "M1-user-auth", ASCII).join("\n");
        assert!(ascii.is_ascii(), "{ascii}");
    }

    #[test]
    fn a_milestone_that_is_over_shows_its_reviews_too() {
        let mut state = state();
        let known = reviewed(&[(1, Verdict::Approved)]);
        state.seen.memory.milestones.insert(milestone("M3-old"), known);
        assert_eq!(unplanned(&state, "M3-old", PLAIN), ["✔ review-1 (reviewer)"]);
    }
}
