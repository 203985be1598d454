//! The status as lines for a person.

use jiff::tz::TimeZone;
use orchestra_core::id::MilestoneId;
use orchestra_core::plan::{MilestoneStatus, PhaseStatus};
use orchestra_core::words::counted;

use super::model::{Fault, Gate, Milestone, SetAside, Status, Worker};
use crate::commands::next::Next;
use crate::out::{BAD, FAINT, GOOD, STRONG, TYPED, WAITS, shown, styled};

/// All lines, without line ends.
pub(super) fn lines(status: &Status) -> Vec<String> {
    let mut lines = vec![head(status)];
    for milestone in &status.milestones {
        of_milestone(milestone, status, &mut lines);
    }
    for set_aside in &status.set_aside {
        of_set_aside(set_aside, &mut lines);
    }
    let is_listed = |gate: &&Gate| {
        gate.milestone.as_ref().is_some_and(|id| status.milestones.iter().any(|one| one.id == *id))
    };
    for gate in status.gates.iter().filter(|gate| !is_listed(gate)) {
        of_gate(gate, &mut lines);
    }
    if !status.configuration.is_empty() {
        lines.push(format!("{} the configuration cannot be used", styled(BAD, "✘")));
        status.configuration.iter().for_each(|fault| of_fault(fault, &mut lines));
    }
    for warning in &status.warnings {
        lines.push(format!("{} {}", styled(WAITS, "warning:"), place(warning)));
        hint(warning, &mut lines);
    }
    match status.trust {
        // What would be run is known once the configuration is mended.
        _ if !status.configuration.is_empty() => {}
        "unknown" => lines.push(styled(WAITS, "You have not agreed to what this project would run.")),
        "changed" => lines.push(styled(WAITS, "What this project would run has changed since you agreed.")),
        _ => {}
    }
    if status.journal_skipped > 0 {
        let count = status.journal_skipped;
        lines.push(styled(
            FAINT,
            format_args!("{} of the journal could not be understood.", counted(count, "line")),
        ));
    }
    lines.push(next(&status.next));
    lines
}

/// What to type next, or which file to mend.
pub(super) fn next(next: &Next) -> String {
    let why = styled(FAINT, shown(&next.why));
    if next.command.is_empty() {
        format!("next: {why}")
    } else {
        format!("next: {}  {why}", styled(TYPED, shown(&next.command)))
    }
}

fn head(status: &Status) -> String {
    let name = status.project.rsplit('/').next().unwrap_or_default();
    let worker = match &status.worker {
        None => styled(FAINT, "no worker runs"),
        Some(worker) => of_worker(worker),
    };
    format!("{} · {worker}", styled(STRONG, shown(name)))
}

fn of_worker(worker: &Worker) -> String {
    let pid = worker.pid.map(|pid| format!("process {pid}")).unwrap_or_default();
    let since = worker
        .since
        .map(|since| format!(", since {}", since.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M")));
    let since = since.unwrap_or_default();
    match worker.by {
        "guard" => styled(WAITS, format_args!("a guard ends what the worker left ({pid})")),
        "unknown" => {
            let host = worker.host.as_deref().map(|host| format!(" on {}", shown(host)));
            styled(WAITS, format_args!("locked{} ({pid}{since})", host.unwrap_or_default()))
        }
        _ => {
            let running = worker.running.as_deref().map_or_else(|| "the worker runs".to_owned(), shown);
            styled(GOOD, format_args!("● {running} ({pid}{since})"))
        }
    }
}

fn of_milestone(milestone: &Milestone, status: &Status, lines: &mut Vec<String>) {
    let (sign, style) = match milestone.status {
        MilestoneStatus::Done => ("✔", GOOD),
        MilestoneStatus::InProgress | MilestoneStatus::Review => ("▶", GOOD),
        MilestoneStatus::Planning => ("○", FAINT),
        MilestoneStatus::Parked => ("▪", WAITS),
        MilestoneStatus::Dropped => ("✘", FAINT),
    };
    // Of one that is over nobody asks how far it is, and that is not always read.
    let is_over = matches!(milestone.status, MilestoneStatus::Done | MilestoneStatus::Dropped);
    let mut facts = vec![milestone.status.to_string()];
    if !is_over {
        facts.extend(milestone.stage.map(|stage| stage.to_string()).filter(|stage| *stage != facts[0]));
        let done = milestone.phases.iter().filter(|phase| phase.status == PhaseStatus::Done).count();
        facts.push(format!("{done} of {} phases done", milestone.phases.len()));
    }
    facts.push(milestone.priority.to_string());
    if !milestone.waits_for.is_empty() {
        let names: Vec<&str> = milestone.waits_for.iter().map(MilestoneId::as_str).collect();
        facts.push(format!("waits for {}", names.join(", ")));
    }
    let facts = styled(FAINT, facts.join(" · "));
    let id = styled(STRONG, &milestone.id);
    lines.push(format!("{} {id}  {}  {facts}", styled(style, sign), shown(&milestone.title)));
    if let Some(reason) = &milestone.reason {
        lines.push(format!("    {}", styled(WAITS, format_args!("parked: {}", shown(reason)))));
    }
    if !is_over {
        let width = milestone.phases.iter().map(|phase| phase.id.as_str().len()).max().unwrap_or(0);
        let roles = milestone.phases.iter().map(|phase| phase.role.as_str().len()).max().unwrap_or(0);
        for phase in &milestone.phases {
            let (sign, style) = match phase.status {
                PhaseStatus::Pending => ("○", FAINT),
                PhaseStatus::InProgress => ("◐", GOOD),
                PhaseStatus::Done => ("✔", GOOD),
                PhaseStatus::Failed => ("✘", BAD),
                PhaseStatus::Skipped => ("–", FAINT),
            };
            let (id, role) = (phase.id.as_str(), phase.role.as_str());
            let title = shown(&phase.title);
            lines.push(format!("    {} {id:width$}  {role:roles$}  {title}", styled(style, sign)));
        }
    }
    for gate in status.gates.iter().filter(|gate| gate.milestone.as_ref() == Some(&milestone.id)) {
        of_gate(gate, lines);
    }
}

fn of_gate(gate: &Gate, lines: &mut Vec<String>) {
    let id = styled(STRONG, &gate.id);
    lines.push(format!("    {} {id}  {}", styled(WAITS, "🚦"), shown(&gate.text)));
    lines.extend(gate.about.iter().map(|line| format!("        {}", shown(line))));
    if let Some(word) = gate.answered {
        lines.push(format!("        answered: {word}; the worker has not taken it up yet"));
        return;
    }
    lines.extend(gate.commands.iter().map(|command| format!("        {}", styled(TYPED, shown(command)))));
}

fn of_set_aside(set_aside: &SetAside, lines: &mut Vec<String>) {
    let folder = styled(STRONG, shown(&set_aside.folder));
    lines.push(format!("{} {folder}  set aside until this is mended:", styled(BAD, "✘")));
    set_aside.diagnostics.iter().for_each(|fault| of_fault(fault, lines));
}

fn of_fault(fault: &Fault, lines: &mut Vec<String>) {
    lines.push(format!("    {}", place(fault)));
    hint(fault, lines);
}

fn place(fault: &Fault) -> String {
    format!("{}:{}:{}: {}", shown(&fault.path), fault.line, fault.column, shown(&fault.message))
}

fn hint(fault: &Fault, lines: &mut Vec<String>) {
    if !fault.hint.is_empty() {
        lines.push(styled(FAINT, format_args!("      hint: {}", shown(&fault.hint))));
    }
}
