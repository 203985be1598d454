//! Effects in a line each.

use jiff::Timestamp;

use crate::edit::DocEdit;
use crate::record::Record;
use crate::worker::{Effect, Note, Tell};

pub(super) fn line(at: Timestamp, effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Record(record) => format!("record  {}", record_line(record)?),
        Effect::Write { edits, .. } => {
            let said: Vec<String> = edits.iter().filter_map(edit_line).collect();
            if said.is_empty() {
                return None;
            }
            format!("write   {}", said.join(", "))
        }
        Effect::Snapshot { work, attempt, .. } => format!("save    before {work}/{attempt}"),
        Effect::SaveFound { work, attempt, .. } => format!("save    found at {work}/{attempt}"),
        Effect::StartTurn(order) => {
            let told: Vec<&str> = order.tell.iter().map(tell_word).collect();
            let told = if told.is_empty() { String::new() } else { format!(", told: {}", told.join(", ")) };
            format!("turn    {}/{} by {}{told}", order.work, order.attempt, order.role)
        }
        Effect::Say { turn, text } => format!("say     {turn}: {text}"),
        Effect::CancelTurn { turn } => format!("cancel  {turn}"),
        Effect::Inspect { work, .. } => format!("inspect {work}"),
        Effect::PutBack { work, label, .. } => format!("restore {work}: {label}"),
        Effect::Verify { work, commands, .. } => format!("verify  {work}: {}", commands.join(", ")),
        Effect::Prepare(order) => format!("prepare {}", order.work),
        Effect::Swap { work, .. } => format!("swap    {work}"),
        Effect::Settle { work, .. } => format!("settle  {work}"),
        Effect::Recover { work, .. } => format!("recover {work}"),
        Effect::Survey { .. } => "survey".to_owned(),
        Effect::Push { branch, .. } => format!("push    {branch}"),
        Effect::Ask(asked) => format!("ask     {}", asked.question.name()),
        Effect::WakeAt(moment) => format!("wait    {} s", moment.duration_since(at).as_secs()),
        Effect::Leave { code } => format!("leave   {code}"),
        Effect::Note(Note::AgentRests { failures, .. }) => format!("rests   after {failures}"),
        Effect::Look | Effect::Trust { .. } | Effect::Unask { .. } | Effect::Note(_) => return None,
    })
}

fn record_line(record: &Record) -> Option<String> {
    Some(match record {
        Record::Answered { question, answer, by, .. } => format!("{question}: {} by {by}", answer.word()),
        Record::RfcReady { .. } => "design ready".to_owned(),
        Record::Reviewed { round, verdict, .. } => format!("review {round}: {verdict}"),
        Record::Intended { work, .. } => format!("intended {work}"),
        Record::Committed { work, .. } => format!("committed {work}"),
        Record::Pushed { .. } => "pushed".to_owned(),
        Record::Parked { reason, .. } => format!("parked: {reason}"),
        Record::Queued { text, .. } => format!("queued: {text}"),
        Record::Unqueued { text, .. } => format!("taken back: {text}"),
        Record::Said { work, texts, .. } => format!("said to {work}: {}", texts.join(", ")),
        Record::Skipped { work, .. } => format!("skipped {work}"),
        Record::Started { .. }
        | Record::Left { .. }
        | Record::Picked { .. }
        | Record::BaseVerified { .. }
        | Record::TurnStarted { .. }
        | Record::Verified { .. }
        | Record::Inspected { .. }
        | Record::Failed { .. }
        | Record::Planned { .. }
        | Record::Created { .. }
        | Record::Replanned { .. }
        | Record::TakenUp { .. }
        | Record::TurnEnded { .. }
        | Record::Asked { .. }
        | Record::Withdrawn { .. }
        | Record::Adopted { .. }
        | Record::Closed { .. }
        | Record::Rescued { .. }
        | Record::Wrote { .. }
        | Record::Touching { .. }
        | Record::Touched
        | Record::Note { .. } => return None,
    })
}

fn edit_line(edit: &DocEdit) -> Option<String> {
    match edit {
        DocEdit::MilestoneStatus { status, .. } => Some(format!("milestone {status}")),
        DocEdit::PhaseStatus { phase, status } => Some(format!("{phase} {status}")),
        DocEdit::NewPhase(phase) => Some(format!("new {}", phase.id)),
        DocEdit::PhaseResult { .. }
        | DocEdit::Cursor(_)
        | DocEdit::Completed(_)
        | DocEdit::Current(_)
        | DocEdit::Decisions(_)
        | DocEdit::Concerns(_)
        | DocEdit::Metrics(_) => None,
    }
}

fn tell_word(tell: &Tell) -> &'static str {
    match tell {
        Tell::OutOfRoom(_) => "out of room",
        Tell::NothingChanged => "nothing changed",
        Tell::NoRfc => "no design",
        Tell::Red { .. } => "red",
        Tell::Hook { .. } => "hook",
        Tell::Failed(_) => "failed",
        Tell::NoVerdict => "no verdict",
        Tell::Diagnosis(_) => "diagnosis",
        Tell::Person(_) => "a person's words",
        Tell::CutShort => "cut short",
        Tell::NotHeard => "not heard",
        Tell::Findings(_) => "findings",
        Tell::Failures(_) => "failures",
    }
}
