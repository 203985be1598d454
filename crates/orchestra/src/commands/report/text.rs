//! A report as Markdown. Words of models and of others stand on one line, and make nothing of the page around them.

use std::time::Duration;

use orchestra_core::account::{Account, Recoveries, Seconds, Spent};
use orchestra_core::id::RoleId;
use orchestra_core::words::{counted, duration, thousands};

use super::model::{File, Files, Milestone, Report};
use crate::out::shown;
use crate::view::lines::{answer_in_words, by_in_words};

/// All milestones, a line each, and a sum.
pub(super) fn of_all(report: &Report) -> Vec<String> {
    let mut lines = vec!["# Report".to_owned(), String::new()];
    if report.milestones.is_empty() {
        lines.push("The journal of this checkout knows of no work yet.".to_owned());
        return lines;
    }
    for milestone in &report.milestones {
        let mut parts = vec![standing(milestone), times(milestone)];
        parts.extend(consumed(&milestone.spent));
        parts.extend(in_a_word(milestone.account.recoveries));
        lines.push(format!("- {}: {}", name(milestone), parts.join(" · ")));
    }
    let mut parts = vec![format!("agents {}", took(report.spent.seconds))];
    parts.extend(consumed(&report.spent));
    parts.push(counted(report.runs, "run"));
    if report.kills > 0 {
        parts.push(format!("{} of them cut short", report.kills));
    }
    lines.extend([String::new(), format!("All: {}", parts.join(" · "))]);
    lines.extend(at_least(&report.spent));
    if report.stray.turns > 0 {
        let turns = counted(report.stray.turns, "turn");
        lines.push(format!(
            "{turns} of this cannot be told to belong to any of them: the journal has no begin of it."
        ));
    }
    if report.journal_skipped > 0 {
        let skipped = counted(report.journal_skipped, "line");
        lines.push(format!("{skipped} of the journal could not be understood, and may hold more."));
    }
    lines
}

/// One milestone with all that is known of it.
pub(super) fn of_one(milestone: &Milestone) -> Vec<String> {
    let account = &milestone.account;
    let mut lines = vec![format!("# {}", name(milestone)), String::new()];
    lines.push(format!("- {}", standing(milestone)));
    lines.push(format!("- {}", times(milestone)));
    let mut parts = consumed(&milestone.spent);
    parts.push(counted(milestone.attempts, "attempt"));
    lines.push(format!("- {}", parts.join(" · ")));
    lines.extend(account.pushes.iter().map(|push| format!("- pushed to {}", cell(push))));
    lines.extend(account.parked.iter().map(|reason| format!("- set aside: {}", cell(reason))));
    works(milestone, &mut lines);
    roles(milestone, &mut lines);
    unmetered(milestone, &mut lines);
    tests(account, &mut lines);
    section(
        &mut lines,
        "Changes of the plan",
        account.replans.iter().map(|replanned| {
            let changes: Vec<String> = replanned.changes.iter().map(|change| cell(change)).collect();
            format!("- {}: {} ({})", cell(&replanned.reason), changes.join("; "), by_in_words(replanned.by))
        }),
    );
    section(
        &mut lines,
        "Decisions",
        account.decisions.iter().map(|decided| {
            let risk = Some(cell(&decided.decision.risk)).filter(|risk| !risk.is_empty());
            let risk = risk.map(|risk| format!(" ({risk})")).unwrap_or_default();
            let why = Some(cell(&decided.decision.why)).filter(|why| !why.is_empty());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("- {}: {}{risk}{why}", decided.work, cell(&decided.decision.title))
        }),
    );
    section(
        &mut lines,
        "Answers",
        account.answers.iter().map(|given| {
            let asked = if given.text.is_empty() { &given.question } else { &given.text };
            format!(
                "- {} → {} ({})",
                cell(asked),
                cell(&answer_in_words(&given.answer)),
                by_in_words(given.by)
            )
        }),
    );
    section(
        &mut lines,
        "Recoveries",
        recoveries(account.recoveries).into_iter().map(|line| format!("- {line}")),
    );
    if let Some(files) = &milestone.files {
        self::files(files, &mut lines);
    }
    lines
}

fn name(milestone: &Milestone) -> String {
    let title = milestone.title.as_deref().map(cell).filter(|title| !title.is_empty());
    title.map_or_else(|| milestone.id.to_string(), |title| format!("{} ({title})", milestone.id))
}

fn standing(milestone: &Milestone) -> String {
    match milestone.status {
        Some(status) => {
            let Milestone { phases, phases_over, .. } = milestone;
            format!("{status}, {phases_over} of {} over", counted(phases, "phase"))
        }
        None => "its documents are gone, or cannot be read".to_owned(),
    }
}

fn times(milestone: &Milestone) -> String {
    let waited = match milestone.account.waited {
        Seconds(0) => String::new(),
        waited => format!(", waiting for a person {}", took(waited)),
    };
    format!("{} from first to last, agents {}{waited}", took(milestone.wall), took(milestone.spent.seconds))
}

/// Turns, tokens and money in words.
fn consumed(spent: &Spent) -> Vec<String> {
    let usage = spent.usage;
    let mut parts = vec![counted(spent.turns, "turn")];
    if spent.without_usage > 0 {
        parts.push(format!("{} without usage", spent.without_usage));
    }
    if usage.tokens() > 0 {
        let (input, cached) = (thousands(usage.input), thousands(usage.cached));
        parts.push(format!("{input} tok read ({cached} cached), {} written", thousands(usage.output)));
    }
    parts.extend(Some(cost(spent)).filter(|cost| !cost.is_empty()));
    parts
}

/// What it cost, as far as that is known.
fn cost(spent: &Spent) -> String {
    let more = if spent.without_cost > 0 { " and more" } else { "" };
    spent.usage.cost_usd.map(|cost| format!("${cost:.2}{more}")).unwrap_or_default()
}

/// Says that sums are no more than what is known.
fn at_least(spent: &Spent) -> Option<String> {
    (spent.without_usage > 0).then(|| {
        let turns = counted(spent.without_usage, "turn");
        let they = if spent.without_usage == 1 { "it" } else { "they" };
        format!("{turns} did not say what {they} consumed: tokens and money are at least this.")
    })
}

fn in_a_word(recoveries: Recoveries) -> Option<String> {
    let Recoveries { kills, cut_short: _, retries, repairs, diagnoses, put_back, failures, skipped: _ } =
        recoveries;
    let sum =
        [kills, retries, repairs, diagnoses, put_back, failures].into_iter().map(u64::from).sum::<u64>();
    (sum > 0).then(|| if sum == 1 { "1 recovery".to_owned() } else { format!("{sum} recoveries") })
}

fn recoveries(of: Recoveries) -> Vec<String> {
    let Recoveries { kills, cut_short, retries, repairs, diagnoses, put_back, failures, skipped } = of;
    let told = [
        (kills, "the worker ended without a word and was started again"),
        (cut_short, "turns were cut short"),
        (retries, "turns were tried again: the agent was out of reach"),
        (repairs, "attempts mended what the one before had left wrong"),
        (diagnoses, "diagnoses of the architect"),
        (put_back, "paths were put back: they lay outside the role's room"),
        (failures, "works failed for good"),
        (skipped, "works were skipped by a person"),
    ];
    told.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count}: {what}")).collect()
}

fn works(milestone: &Milestone, lines: &mut Vec<String>) {
    if milestone.account.works.is_empty() {
        return;
    }
    let head = [
        "work", "role", "agent", "attempts", "failed", "turns", "time", "input", "cached", "output", "cost",
        "commit",
    ];
    table(lines, "Works", &head, |rows| {
        for work in &milestone.account.works {
            let agents: Vec<String> = work.agents.iter().map(ToString::to_string).collect();
            let mut cells = vec![
                work.work.to_string(),
                role(work.role.as_ref()),
                agents.join(", "),
                work.attempts.to_string(),
                work.failures.to_string(),
            ];
            cells.extend(numbers(&work.spent));
            let skipped = if work.skipped { "skipped".to_owned() } else { String::new() };
            cells.push(work.commit.as_ref().map_or(skipped, |commit| commit.short().to_owned()));
            rows.push(cells);
        }
        let mut all = vec!["all".to_owned(), String::new(), String::new(), milestone.attempts.to_string()];
        all.push(milestone.account.recoveries.failures.to_string());
        all.extend(numbers(&milestone.spent));
        all.push(String::new());
        rows.push(all);
    });
}

fn roles(milestone: &Milestone, lines: &mut Vec<String>) {
    if milestone.roles.is_empty() {
        return;
    }
    table(lines, "Roles", &["role", "turns", "time", "input", "cached", "output", "cost"], |rows| {
        for of in &milestone.roles {
            rows.push(std::iter::once(role(of.role.as_ref())).chain(numbers(&of.spent)).collect());
        }
    });
}

fn unmetered(milestone: &Milestone, lines: &mut Vec<String>) {
    let unmetered = &milestone.account.unmetered;
    let named = unmetered.iter().map(|one| format!("- {} of {}: {}", one.turn, one.work, cell(&one.outcome)));
    section(
        lines,
        "Turns without usage",
        at_least(&milestone.spent).into_iter().flat_map(|said| [said, String::new()]).chain(named),
    );
}

fn tests(account: &Account, lines: &mut Vec<String>) {
    if account.tests.is_empty() {
        return;
    }
    table(lines, "Tests", &["command", "green", "red"], |rows| {
        for (command, test) in &account.tests {
            rows.push(vec![cell(command), test.green.to_string(), test.red.to_string()]);
        }
    });
}

fn files(files: &Files, lines: &mut Vec<String>) {
    let line = |file: &File| {
        let works: Vec<String> = file.works.iter().map(ToString::to_string).collect();
        let lines = match (file.added, file.removed) {
            (Some(added), Some(removed)) => format!("+{added} −{removed}"),
            (Some(_) | None, _) => "binary".to_owned(),
        };
        format!("- {} {lines} ({})", cell(&file.path.to_string()), works.join(", "))
    };
    let missing =
        files.missing.iter().map(|work| format!("- the commit of {work} is not in this repository any more"));
    section(lines, "Files", files.changed.iter().map(line).chain(missing));
}

/// Turns, time, tokens and money, for a row.
fn numbers(spent: &Spent) -> [String; 6] {
    let usage = spent.usage;
    let turns = match spent.without_usage {
        0 => spent.turns.to_string(),
        unknown => format!("{} ({unknown} without usage)", spent.turns),
    };
    [
        turns,
        took(spent.seconds),
        usage.input.to_string(),
        usage.cached.to_string(),
        usage.output.to_string(),
        cost(spent),
    ]
}

fn role(role: Option<&RoleId>) -> String {
    role.map_or_else(|| "?".to_owned(), ToString::to_string)
}

fn took(seconds: Seconds) -> String {
    duration(Duration::from_secs(seconds.0))
}

/// A part of the page, where there is anything in it.
fn section(lines: &mut Vec<String>, title: &str, content: impl Iterator<Item = String>) {
    let content: Vec<String> = content.collect();
    if !content.is_empty() {
        lines.extend([String::new(), format!("## {title}"), String::new()]);
        lines.extend(content);
    }
}

fn table(lines: &mut Vec<String>, title: &str, head: &[&str], fill: impl FnOnce(&mut Vec<Vec<String>>)) {
    let mut rows = Vec::new();
    fill(&mut rows);
    let row = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let rule: Vec<String> = head.iter().map(|_| "---".to_owned()).collect();
    let all = [row(&head), row(&rule)].into_iter().chain(rows.iter().map(|cells| row(cells)));
    section(lines, title, all);
}

/// Words of others on one line: no table ends by them, and no page loads anything because of them.
fn cell(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe = String::with_capacity(words.len());
    for c in shown(words).chars() {
        if matches!(c, '|' | '<' | '[' | ']') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_make_nothing_of_the_page() {
        assert_eq!(
            cell("a | b\n# c <img> ![x](http://example.com) \u{1b}[2J"),
            "a \\| b # c \\<img> !\\[x\\](http://example.com) \\u{1b}\\[2J"
        );
    }
}
