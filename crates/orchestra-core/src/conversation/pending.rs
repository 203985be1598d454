//! What a role has before it, said when a conversation with it begins.

use crate::plan::{ARCHITECT, MilestoneStatus, PhaseStatus, Plan, RfcNeed, Role};

/// What waits for a role, a line each, in the order in which the worker takes it up: its phases that are not done; for
/// the architect also the milestones that need a design and have none.
pub fn pending(plan: &Plan, role: &Role) -> Vec<String> {
    let is_over =
        |status: MilestoneStatus| matches!(status, MilestoneStatus::Done | MilestoneStatus::Dropped);
    let mut lines = Vec::new();
    for milestone in plan.milestones.iter().filter(|milestone| !is_over(milestone.status)) {
        let is_without_design = milestone.rfc == RfcNeed::Required && milestone.rfc_document.is_none();
        if role.id.as_str() == ARCHITECT && is_without_design {
            lines.push(format!("{} has no design yet: {}", milestone.id, milestone.title));
        }
        for phase in milestone.phases.iter().filter(|phase| phase.role == role.id) {
            let how_far = match phase.status {
                PhaseStatus::Done | PhaseStatus::Skipped => continue,
                PhaseStatus::Pending => String::new(),
                PhaseStatus::InProgress | PhaseStatus::Failed => format!(" ({})", phase.status.as_str()),
            };
            lines.push(format!("{} {}: {}{how_far}", milestone.id, phase.id, phase.title));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{self, MilestoneSource, SourceFile};
    use crate::id::RoleId;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() }
    }

    fn role(id: &str) -> Role {
        Role {
            id: RoleId::parse(id).unwrap(),
            alias: None,
            icon: None,
            writes: Vec::new(),
            agent: None,
            model: None,
            keywords: Vec::new(),
            prompt: String::new(),
        }
    }

    fn plan() -> Plan {
        let roles = ["architect", "backend-engineer", "frontend-engineer"].map(role).to_vec();
        let phase = |title: &str, role: &str, status: &str| {
            format!("---\nrole: {role}\nstatus: {status}\n---\n# {title}\n\n## Objective\n\nIt works.\n")
        };
        let source = MilestoneSource {
            folder: "M1-login".to_owned(),
            milestone: Some(file("milestone.md", "---\nid: M1-login\nstatus: planning\n---\n# Login\n")),
            context: None,
            phases: vec![
                file("phases/phase-1.md", &phase("Tables", "backend-engineer", "done")),
                file("phases/phase-2.md", &phase("Sessions", "backend-engineer", "pending")),
                file("phases/phase-3.md", &phase("Form", "frontend-engineer", "pending")),
                file("phases/phase-4.md", &phase("Limits", "backend-engineer", "failed")),
            ],
            rfc: None,
        };
        let read = document::parse_milestone(&source, &roles).result.unwrap();
        Plan { milestones: vec![read.milestone], roles, ..Plan::default() }
    }

    #[test]
    fn a_role_is_told_its_phases_that_are_not_done_and_the_architect_what_has_no_design() {
        let plan = plan();
        let of = |index: usize| pending(&plan, &plan.roles[index]);
        assert_eq!(of(0), ["M1-login has no design yet: Login"]);
        assert_eq!(of(1), ["M1-login phase-2: Sessions", "M1-login phase-4: Limits (failed)"]);
        assert_eq!(of(2), ["M1-login phase-3: Form"]);
    }

    #[test]
    fn what_is_over_waits_for_nobody() {
        let mut plan = plan();
        std::sync::Arc::make_mut(&mut plan.milestones[0]).status = MilestoneStatus::Dropped;
        assert_eq!(pending(&plan, &plan.roles[1]), [""; 0]);
    }
}
