//! The phases of a milestone while a change is made of them.

use super::super::draft::{MAX_CRITERIA, MAX_PHASES};
use super::super::objection::Sheet;
use super::super::phases::{self, Planned};
use super::super::render;
use super::super::text::{self, OBJECTIVE, PASSAGE};
use super::super::{Change, Ground, PhaseProposal};
use super::FileChange;
use crate::document::embed::embedded;
use crate::document::findings::{hint_for, shown};
use crate::document::{self, body, frozen};
use crate::edit::PlanEdit;
use crate::id::{PhaseId, WorkId};
use crate::plan::{ARCHITECT, Milestone, Order, Phase, PhaseStatus, REVIEWER, RfcNeed, Role};

/// A phase and what becomes of it.
struct Slot {
    id: PhaseId,
    order: Order,
    status: PhaseStatus,
    /// Where in the proposal its place is set.
    placed_at: Option<String>,
    /// Where it is new.
    planned: Option<Planned>,
    edits: Vec<PlanEdit>,
}

pub(super) struct Slots<'a> {
    milestone: &'a Milestone,
    ground: &'a Ground,
    /// Every phase, those that are new among them.
    all: Vec<Slot>,
    /// Criteria that are added.
    pub(super) criteria: Vec<String>,
    /// What changes, a line each.
    pub(super) said: Vec<String>,
    /// What new phases would run.
    pub(super) commands: Vec<String>,
}

impl<'a> Slots<'a> {
    pub(super) fn of(milestone: &'a Milestone, ground: &'a Ground) -> Self {
        let slot = |phase: &Phase| Slot {
            id: phase.id.clone(),
            order: phase.order,
            status: phase.status,
            placed_at: None,
            planned: None,
            edits: Vec::new(),
        };
        Self {
            milestone,
            ground,
            all: milestone.phases.iter().map(slot).collect(),
            criteria: Vec::new(),
            said: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// Phases that are new.
    pub(super) fn planned(&self) -> Vec<Planned> {
        self.all.iter().filter_map(|slot| slot.planned.clone()).collect()
    }

    /// Takes one change.
    pub(super) fn take(&mut self, sheet: &mut Sheet, at: &str, change: &Change) {
        match change {
            Change::AddPhase { order, phase } => {
                self.add(sheet, &format!("{at}.add_phase"), order.as_deref(), phase);
            }
            Change::MovePhase { phase, order } => {
                self.place(sheet, &format!("{at}.move_phase"), phase, order);
            }
            Change::RewritePhase { phase, objective, scope, context } => {
                let words = [
                    ("Objective", Some(objective)),
                    ("Scope", scope.as_ref()),
                    ("Context", context.as_ref()),
                ];
                self.reword(sheet, &format!("{at}.rewrite_phase"), phase, words);
            }
            Change::AddCriterion { text } => {
                self.add_criterion(sheet, &format!("{at}.add_criterion.text"), text);
            }
        }
    }

    fn place(&mut self, sheet: &mut Sheet, at: &str, phase: &str, order: &str) {
        let order = read_order(sheet, &format!("{at}.order"), order);
        let (Some(slot), Some(order)) = (self.pending(sheet, &format!("{at}.phase"), phase), order) else {
            return;
        };
        if slot.order == order {
            let what = format!("{} is there already", slot.id);
            return sheet.object(format!("{at}.order"), what, "leave it out");
        }
        slot.order = order;
        slot.placed_at = Some(format!("{at}.order"));
        slot.edits.retain(|edit| !matches!(edit, PlanEdit::Order(_)));
        slot.edits.push(PlanEdit::Order(order));
        let said = format!("{} moved to {order}", slot.id);
        self.said.push(said);
    }

    fn reword(
        &mut self,
        sheet: &mut Sheet,
        at: &str,
        phase: &str,
        words: [(&'static str, Option<&String>); 3],
    ) {
        for (name, text) in words {
            let at = format!("{at}.{}", name.to_lowercase());
            match (name, text) {
                ("Objective", Some(text)) => text::needed_prose(sheet, &at, text, OBJECTIVE),
                (_, Some(text)) => text::prose(sheet, &at, text, PASSAGE),
                (_, None) => {}
            }
        }
        let Some(slot) = self.pending(sheet, &format!("{at}.phase"), phase) else { return };
        for (name, text) in words {
            let Some(text) = text else { continue };
            slot.edits
                .retain(|edit| !matches!(edit, PlanEdit::Section { name: other, .. } if *other == name));
            slot.edits.push(PlanEdit::Section { name, text: embedded(text) });
        }
        let said = format!("{} reworded", slot.id);
        self.said.push(said);
    }

    fn add_criterion(&mut self, sheet: &mut Sheet, at: &str, text: &String) {
        let known = self.ground.text(&self.milestone.folder, "milestone.md").map(body::criteria);
        let known: Vec<String> = known.unwrap_or_default().into_iter().map(|(_, text)| text).collect();
        let known = [known, self.criteria.clone()].concat();
        let checked = text::criteria(sheet, at, std::slice::from_ref(text), &known);
        if known.len() >= MAX_CRITERIA {
            let what = format!("it has {} criteria already", known.len());
            sheet.object(at, what, "propose a new milestone");
        }
        self.said.extend(checked.iter().map(|text| format!("criterion added: {text}")));
        self.criteria.extend(checked);
    }

    fn add(&mut self, sheet: &mut Sheet, at: &str, order: Option<&str>, phase: &PhaseProposal) {
        let planned = phases::one(sheet, &format!("{at}.phase"), phase, &self.ground.plan.roles);
        if phase.depends_on.as_ref().is_some_and(|named| !named.is_empty()) {
            let hint = "leave it out: it waits for the phase before it in the order";
            sheet.object(format!("{at}.phase.depends_on"), "a new phase names none", hint);
        }
        if let Some(planned) = &planned {
            may_build(sheet, &format!("{at}.phase.role"), &planned.role);
        }
        let order = match order {
            Some(order) => read_order(sheet, &format!("{at}.order"), order),
            None => Some(self.end()),
        };
        let (Some(planned), Some(order)) = (planned, order) else { return };
        let Some(id) = self.new_id(order) else {
            let what = format!("no phase can be named after {order}");
            return sheet.object(format!("{at}.order"), what, "a number such as 3 or 2.5");
        };
        self.said.push(format!("{id} added at {order}: {} ({})", planned.title, planned.role.id));
        self.commands.extend(planned.verify.iter().flatten().cloned());
        self.all.push(Slot {
            id,
            order,
            status: PhaseStatus::Pending,
            placed_at: Some(format!("{at}.order")),
            planned: Some(planned),
            edits: Vec::new(),
        });
    }

    /// The next whole number after every place.
    fn end(&self) -> Order {
        let last = self.all.iter().map(|slot| slot.order.0).max().unwrap_or(0);
        Order((last.div_euclid(1_000_000) + 1) * 1_000_000)
    }

    /// A name that no phase has: by its place, else by the number after the highest.
    fn new_id(&self, order: Order) -> Option<PhaseId> {
        let highest = self.all.iter().filter_map(|slot| crate::schedule::number(&slot.id)).max().unwrap_or(0);
        let is_free = |id: &PhaseId| {
            !WorkId::is_reserved(id.as_str())
                && !self.all.iter().any(|slot| slot.id.as_str().eq_ignore_ascii_case(id.as_str()))
                && self.ground.text(&self.milestone.folder, &format!("phases/{id}.md")).is_none()
        };
        [format!("phase-{order}"), format!("phase-{}", highest.saturating_add(1))]
            .iter()
            .filter_map(|text| PhaseId::parse(text).ok())
            .find(is_free)
    }

    /// A phase that has not begun.
    fn pending(&mut self, sheet: &mut Sheet, at: &str, name: &str) -> Option<&mut Slot> {
        let name = name.trim().trim_end_matches(".md");
        let pending = |slot: &&Slot| slot.status == PhaseStatus::Pending && slot.planned.is_none();
        let known: Vec<String> = self.all.iter().filter(pending).map(|slot| slot.id.to_string()).collect();
        let found = self.all.iter_mut().find(|slot| slot.id.as_str() == name && slot.planned.is_none());
        match found {
            Some(slot) if slot.status == PhaseStatus::Pending => Some(slot),
            Some(slot) => {
                let what = format!("{} is {}: only a pending phase is changed", slot.id, slot.status);
                sheet.object(at, what, hint_for("", &known));
                None
            }
            None => {
                sheet.object(at, format!("there is no phase {}", shown(name)), hint_for(name, &known));
                None
            }
        }
    }

    /// Checks the places of all phases together.
    pub(super) fn check(&self, sheet: &mut Sheet) {
        let is_begun = |slot: &&Slot| matches!(slot.status, PhaseStatus::InProgress | PhaseStatus::Done);
        let begun = self.all.iter().filter(is_begun).max_by_key(|slot| slot.order);
        let phases = &self.milestone.phases;
        let design = phases
            .first()
            .filter(|first| first.role.as_str() == ARCHITECT && self.milestone.rfc == RfcNeed::Required);
        for slot in &self.all {
            let Some(at) = &slot.placed_at else { continue };
            let twin = self.all.iter().find(|other| other.id != slot.id && other.order == slot.order);
            if let Some(begun) = begun.filter(|begun| begun.order >= slot.order) {
                let what = format!("{} (at {}) has begun", begun.id, begun.order);
                sheet.object(at, what, format!("a place after {}", begun.order));
            } else if let Some(twin) = twin {
                let what = format!("{} is at {} already", twin.id, twin.order);
                sheet.object(
                    at,
                    what,
                    format!("a decimal goes between two others: {}.5", slot.order.0 / 1_000_000),
                );
            } else if design.is_some_and(|design| design.id != slot.id && design.order >= slot.order) {
                sheet.object(at, "the design comes before all other phases", "a place after it");
            }
        }
        let open = self.all.iter().filter(|slot| {
            matches!(slot.status, PhaseStatus::Pending | PhaseStatus::InProgress | PhaseStatus::Failed)
        });
        let (open, is_more) = (open.count(), self.all.iter().any(|slot| slot.planned.is_some()));
        if is_more && open > MAX_PHASES {
            let what = format!("{open} phases would be open");
            sheet.object(
                "changes",
                what,
                format!("at most {MAX_PHASES}: propose a new milestone for the rest"),
            );
        }
    }

    /// The milestone's document, and those of phases that may not have begun: others were put before them.
    pub(super) fn guards(&self) -> Vec<String> {
        let first = self.all.iter().filter(|slot| slot.placed_at.is_some()).map(|slot| slot.order).min();
        let is_behind = |slot: &&Slot| {
            slot.planned.is_none()
                && matches!(slot.status, PhaseStatus::Pending)
                && first.is_some_and(|first| slot.order > first)
        };
        let behind = self.all.iter().filter(is_behind).map(|slot| format!("phases/{}.md", slot.id));
        std::iter::once("milestone.md".to_owned()).chain(behind).collect()
    }

    /// The documents in the order in which they are written: new phases, then words, then places.
    pub(super) fn files(&self, sheet: &mut Sheet) -> Vec<FileChange> {
        let mut new = Vec::new();
        let mut words = Vec::new();
        let mut places = Vec::new();
        if !self.criteria.is_empty() {
            let edits = self.criteria.iter().cloned().map(PlanEdit::Criterion).collect();
            words.extend(self.file(sheet, "milestone.md".to_owned(), edits));
        }
        for slot in &self.all {
            let path = format!("phases/{}.md", slot.id);
            if let Some(planned) = &slot.planned {
                let after = render::phase(planned, slot.order, None);
                new.push(FileChange { path, before: None, after, edits: Vec::new() });
            } else if !slot.edits.is_empty() {
                let is_moved = slot.edits.iter().any(|edit| matches!(edit, PlanEdit::Order(_)));
                let file = self.file(sheet, path, slot.edits.clone());
                if is_moved { places.extend(file) } else { words.extend(file) }
            }
        }
        [new, words, places].concat()
    }

    fn file(&self, sheet: &mut Sheet, path: String, edits: Vec<PlanEdit>) -> Option<FileChange> {
        let Some(before) = self.ground.text(&self.milestone.folder, &path) else {
            sheet.object(path, "this document is not there", "read it again, and propose anew");
            return None;
        };
        let mut after = before.to_owned();
        for edit in &edits {
            match document::replan(&path, &after, edit) {
                Ok(text) => after = text,
                Err(error) => {
                    sheet.object(&path, error.to_string(), "a person has to mend the document first");
                    return None;
                }
            }
        }
        if !frozen::is_kept(before, &after) {
            let hint = "a person froze it: leave it as it is, or ask them";
            sheet.object(&path, "this would change frozen text", hint);
        }
        if after == before {
            sheet.object(&path, "nothing would change", "leave it out");
        }
        Some(FileChange { before: Some(before.to_owned()), after, edits, path })
    }
}

/// Design and review are stages; everybody else needs something to write.
fn may_build(sheet: &mut Sheet, at: &str, role: &Role) {
    if matches!(role.id.as_str(), ARCHITECT | REVIEWER) {
        let hint = "leave it out: design and review are stages of their own";
        sheet.object(at, format!("a phase of {} cannot be added", role.id), hint);
    } else if role.writes.is_empty() {
        sheet.object(at, format!("{} may write nothing", role.id), "give it to a role that may write");
    }
}

fn read_order(sheet: &mut Sheet, at: &str, text: &str) -> Option<Order> {
    let order = Order::parse(text.trim()).filter(|order| order.0 > 0);
    if order.is_none() {
        let hint = "a number such as 3 or, between 2 and 3, 2.5";
        sheet.object(at, format!("{} is no place", shown(text)), hint);
    }
    order
}
