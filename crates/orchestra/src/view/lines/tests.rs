use orchestra_core::id::{AgentName, MilestoneId, PhaseId};
use orchestra_core::plan::Role;
use orchestra_core::worker::Note;

use super::*;

fn role(id: &str, alias: &str, icon: &str) -> Role {
    Role {
        id: RoleId::parse(id).unwrap(),
        alias: Some(alias.to_owned()),
        icon: Some(icon.to_owned()),
        writes: Vec::new(),
        agent: None,
        model: None,
        keywords: Vec::new(),
        prompt: String::new(),
    }
}

fn notes() -> Vec<Note> {
    let milestone = || MilestoneId::parse("M1-user-auth").unwrap();
    let (architect, backend) =
        (RoleId::parse("architect").unwrap(), RoleId::parse("backend-engineer").unwrap());
    let agent = || AgentName::parse("claude").unwrap();
    let phase = || WorkId::Phase(PhaseId::parse("phase-1").unwrap());
    let began = |work: WorkId, role: &RoleId, title: &str| Note::TurnBegan {
        work,
        role: role.clone(),
        title: title.to_owned(),
        attempt: 1,
        agent: agent(),
    };
    let answered =
        |text: &str| Note::Answered { text: text.to_owned(), answer: Answer::Approve, by: By::User };
    vec![
        Note::Starting { milestone: milestone(), resumed: false },
        began(WorkId::Rfc, &architect, "RFC + grooming validation"),
        Note::RfcReady { role: architect, concerns: Vec::new() },
        answered("Approve RFC to start implementation?"),
        began(phase(), &backend, "DB schema"),
        Note::Committed {
            work: phase(),
            role: Some(backend),
            subject: "feat(db): add auth tables".to_owned(),
            usage: Usage::default(),
        },
        began(WorkId::Review(1), &RoleId::parse("code-reviewer").unwrap(), "reviewing unpushed commits"),
        answered("All done. Push to origin?"),
        Note::MilestoneDone { milestone: milestone(), pushed: true },
        Note::Idle,
    ]
}

#[test]
fn the_log_speaks_the_lines_of_the_design() {
    let plan = Plan {
        roles: vec![
            role("architect", "architect", "📐"),
            role("backend-engineer", "backend", "🔧"),
            role("code-reviewer", "reviewer", "🔍"),
        ],
        ..Plan::default()
    };
    let said = |unicode| {
        let lines = Lines { plan: &plan, unicode };
        notes().iter().filter_map(|note| lines.of(note)).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        said(true),
        "📋 Starting M1-user-auth\n\
         📐 #architect ▶ RFC + grooming validation…\n\
         📐 #architect ✅ RFC ready\n\
         🚦 Approve RFC to start implementation? → yes (you)\n\
         🔧 #backend ▶ phase-1: DB schema…\n\
         🔧 #backend ✅ phase-1 done (feat(db): add auth tables)\n\
         🔍 #reviewer ▶ reviewing unpushed commits…\n\
         🚦 All done. Push to origin? → yes (you)\n\
         ✅ M1-user-auth done.\n\
         All done. Waiting for new work."
    );
    // What else is beyond ASCII has a form of its own there; a role's sign may be any, and has none.
    assert!(said(false).starts_with("📋 Starting M1-user-auth\n#architect ▶ RFC"), "{}", said(false));
}

#[test]
fn what_an_agent_says_moves_no_cursor() {
    assert_eq!(visible("a\x1b[2J\u{9b}\u{202e}b\tc"), "a\\u{1b}[2J\\u{9b}\\u{202e}b    c");
}
