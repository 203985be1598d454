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
fn how_far_a_run_is_says_what_is_known_and_nothing_else() {
    let plan = Plan::default();
    let said = |note: &Note| Lines { plan: &plan, unicode: true }.of(note).unwrap();
    let progress =
        |done: u32, phases: u32, left: Option<u64>, tokens: u64, decisions: u32, recoveries: u32| {
            said(&Note::Progress {
                milestone: MilestoneId::parse("M1-a").unwrap(),
                percent: (phases > 0).then(|| done * 100 / phases),
                done,
                phases,
                work: left.map(|_| WorkId::Phase(PhaseId::parse("phase-3").unwrap())),
                seconds: 3_720,
                seconds_left: left,
                usage: Usage { input: tokens, ..Usage::default() },
                decisions,
                recoveries,
            })
        };
    assert_eq!(
        progress(2, 5, Some(5_400), 120_000, 3, 1),
        "📋 M1-a: 40 %, 2 of 5 phases over · at phase-3 · 1h02m since the start, about 1h30m left · 120k tok · 3 decisions · 1 recovery"
    );
    assert_eq!(
        progress(0, 1, None, 0, 0, 2),
        "📋 M1-a: 0 %, 0 of 1 phase over · 1h02m since the start · 2 recoveries"
    );
    assert_eq!(
        progress(0, 0, None, 0, 1, 0),
        "📋 M1-a: 0 of 0 phases over · 1h02m since the start · 1 decision"
    );
}

#[test]
fn what_an_agent_says_moves_no_cursor() {
    assert_eq!(visible("a\x1b[2J\u{9b}\u{202e}b\tc"), "a\\u{1b}[2J\\u{9b}\\u{202e}b    c");
}
