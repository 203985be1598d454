//! The log's lines.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use orchestra_core::id::{RoleId, WorkId};
use orchestra_core::path::RepoPath;
use orchestra_core::plan::{By, Plan};
use orchestra_core::record::Answer;
use orchestra_core::report::{Finding, Severity, Usage};
use orchestra_core::words::{counted, duration, thousands};
use orchestra_core::worker::Note;

use crate::out::block;

/// Words notes for people. Roles are shown as the project's role files say.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    /// The documents, for roles.
    pub(crate) plan: &'a Plan,
    /// Whether the signs of roles are shown, which may be any.
    pub(crate) unicode: bool,
}

impl Lines<'_> {
    /// A note as one line or a few; nothing where the log has no line for it.
    #[expect(clippy::too_many_lines, reason = "one flat arm a note")]
    pub(crate) fn of(&self, note: &Note) -> Option<String> {
        Some(match note {
            Note::Starting { milestone, resumed: false } => {
                format!("📋 Starting {milestone}")
            }
            Note::Starting { milestone, resumed: true } => {
                format!("📋 Going on with {milestone}")
            }
            Note::TurnBegan { work, role, title, attempt, .. } => {
                let again = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
                let what = match work {
                    WorkId::Phase(phase) => format!("{phase}: {title}"),
                    WorkId::Fix { .. } => format!("{work}: {title}"),
                    WorkId::Base
                    | WorkId::Rfc
                    | WorkId::Review(_)
                    | WorkId::Diagnosis(_)
                    | WorkId::Close(_) => title.clone(),
                };
                format!("{} ▶ {what}…{again}", self.who(role))
            }
            Note::RfcReady { role, concerns } => {
                let mut text = format!("{} ✅ RFC ready", self.who(role));
                for concern in concerns {
                    text.push_str(&format_detail(&format!("found wanting in the grooming: {concern}")));
                }
                text
            }
            Note::Waiting { gate, text, answers } => {
                format!("🚦 {text} → waiting for {} (`orchestra answer {gate} …`)", answers.join(" / "))
            }
            Note::Answered { text, answer, by } => {
                format!("🚦 {text} → {} ({})", answer_in_words(answer), by_in_words(*by))
            }
            Note::Committed { work: WorkId::Close(_), .. } => return None,
            Note::Committed { work, role, subject, usage } => {
                let who = role.as_ref().map(|role| format!("{} ", self.who(role))).unwrap_or_default();
                format!("{who}✅ {work} done ({subject}){}", usage_in_words(*usage))
            }
            Note::Said { role, text, .. } => format!("💬 you → {}: {}", self.who(role), in_a_line(text)),
            Note::Queued { behind: Some(work), text } => {
                format!("💬 you → whoever comes after {work}: {}", in_a_line(text))
            }
            Note::Queued { behind: None, text } => {
                format!("💬 you → whoever comes next: {}", in_a_line(text))
            }
            Note::Unqueued { text } => format!("💬 taken back: {}", in_a_line(text)),
            Note::Told { role, texts, .. } => {
                let texts: Vec<String> = texts.iter().map(|text| in_a_line(text)).collect();
                format!("💬 {} is told: {}", self.who(role), texts.join(" · "))
            }
            Note::NeverTold { texts } => {
                let texts: Vec<String> = texts.iter().map(|text| in_a_line(text)).collect();
                format!("⚠ nobody came to be told: {}", texts.join(" · "))
            }
            Note::GoesOn { work, role } => {
                format!("{} ↻ {work}: goes on with what you said", self.who(role))
            }
            Note::Repairing { work, role, why } => {
                format!("{} ↻ {work}: {why}; back to the agent", self.who(role))
            }
            Note::Diagnosing { work } => {
                format!("📐 why does {work} keep failing? Asking the architect once")
            }
            Note::Retrying { agent, why, at, outage: false } => {
                format!("⏳ {agent}: {why}; again at {}", clock(*at))
            }
            Note::Retrying { agent, why, at, outage: true } => {
                format!("⏳ {agent} is out of reach ({why}); next try {}", clock(*at))
            }
            Note::AgentRests { agent, failures, until } => {
                format!("⏳ {agent} failed {failures} times; next try {}", clock(*until))
            }
            Note::RedBase { commands } => {
                format!("⚠ red before anything was done: {}", commands.join(", "))
            }
            Note::Red { command, output, .. } => {
                format!("✘ {command} is red:{}", format_detail(&last_lines(output)))
            }
            Note::Verifying { work, commands } => {
                format!("🧪 {work}: {}", commands.join(", "))
            }
            Note::PutBack { paths, reference } if paths.is_empty() => {
                format!("⚠ put back; it is kept: `orchestra rescue show {reference}`")
            }
            Note::PutBack { paths, reference } => {
                format!("⚠ put back {}; it is kept: `orchestra rescue show {reference}`", list(paths))
            }
            Note::HooksChanged { paths, left_out } if left_out.is_empty() => {
                format!("🪝 hooks changed {}", list(paths))
            }
            Note::HooksChanged { left_out, .. } => {
                format!("⚠ left out of the commit, a hook changed it outside the room: {}", list(left_out))
            }
            Note::Folded { reference } => format!(
                "⚠ the agent had made commits of its own; they are folded into the one (`orchestra rescue show {reference}`)"
            ),
            Note::Reviewed { role, verdict, findings } => {
                let mut text = format!("{} ✅ {verdict}", self.who(role));
                for finding in findings {
                    text.push_str(&format_detail(&self::finding(finding)));
                }
                text
            }
            Note::Failed { work, reason } => format!("✘ {work} failed: {reason}"),
            Note::Parked { milestone, reason } => {
                format!("🚧 {milestone} is set aside: {reason}")
            }
            Note::PassedOver { milestone, reason } => {
                format!("🚦 {milestone} waits, others go on: {reason}")
            }
            Note::SetAside { folder, diagnostics } => {
                let mut text = format!("⚠ {folder} cannot be read and is set aside");
                for diagnostic in diagnostics {
                    text.push_str(&format_detail(&diagnostic.to_string()));
                }
                text
            }
            Note::Odd { diagnostic } => format!("⚠ {diagnostic}"),
            Note::Adopted { works } => {
                let names: Vec<String> = works.iter().map(ToString::to_string).collect();
                format!("📋 done before Orchestra came: {}", names.join(", "))
            }
            Note::Recovered { work } => {
                format!("♻ {work} has its commit already; its documents were brought up to date")
            }
            Note::Reverted { work } => {
                format!("⚠ the commit of {work} was reverted; it is not done again")
            }
            Note::Pushed { commit, remote, branch } => {
                format!("🚀 pushed {} to {remote}/{branch}", commit.short())
            }
            Note::NotPushed { words } => format!("✘ not pushed:{}", format_detail(words.trim())),
            Note::MilestoneDone { milestone, pushed: true } => {
                format!("✅ {milestone} done.")
            }
            Note::MilestoneDone { milestone, pushed: false } => {
                format!("✅ {milestone} done, not pushed.")
            }
            Note::Idle => "All done. Waiting for new work.".to_owned(),
            Note::Progress {
                milestone,
                percent,
                done,
                phases,
                work,
                seconds,
                seconds_left,
                usage,
                decisions,
                recoveries,
            } => {
                let percent = percent.map(|percent| format!("{percent} %, ")).unwrap_or_default();
                let left = seconds_left.map(|left| format!(", about {} left", in_words(left)));
                let mut parts =
                    vec![format!("📋 {milestone}: {percent}{done} of {} over", counted(*phases, "phase"))];
                parts.extend(work.as_ref().map(|work| format!("at {work}")));
                parts.push(format!(
                    "{} since the start{}{}",
                    in_words(*seconds),
                    left.unwrap_or_default(),
                    usage_in_words(*usage)
                ));
                parts.extend((*decisions > 0).then(|| counted(*decisions, "decision")));
                parts.extend(match recoveries {
                    0 => None,
                    1 => Some("1 recovery".to_owned()),
                    more => Some(format!("{more} recoveries")),
                });
                parts.join(" · ")
            }
            Note::Stopping { why, hint } => format!("✘ {why}{}", format_detail(hint)),
            Note::Remark { text } => format!("· {text}"),
        })
    }

    /// A role with its sign: `🔧 #backend`.
    pub(crate) fn who(&self, role: &RoleId) -> String {
        let found = self.plan.find_role(role);
        let alias = found.and_then(|role| role.alias.clone()).unwrap_or_else(|| role.to_string());
        match found.and_then(|role| role.icon.as_ref()).filter(|_| self.unicode) {
            Some(icon) => format!("{icon} #{alias}"),
            None => format!("#{alias}"),
        }
    }
}

/// How many lines of a red command's output are shown: tools say at the end what is wrong.
const LAST_LINES: usize = 12;

/// How many characters of a person's words stand in the log.
const MOST_WORDS: usize = 200;

/// The end of an output.
fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let left_out = lines.len().saturating_sub(LAST_LINES);
    let head = if left_out > 0 { format!("({left_out} lines before)\n") } else { String::new() };
    head + &lines[left_out..].join("\n")
}

/// A reviewer's finding in one line.
pub(crate) fn finding(finding: &Finding) -> String {
    let mark = match finding.severity {
        Severity::Blocking => "✘",
        Severity::Important => "⚠",
        Severity::Suggestion | Severity::Praise => "·",
    };
    format!("{mark} {finding}")
}

/// A line below another, indented; each of its own lines too.
fn format_detail(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.fold(String::new(), |all, line| format!("{all}\n     {line}"))
}

/// What a person has answered.
pub(crate) fn answer_in_words(answer: &Answer) -> String {
    match answer {
        Answer::Approve => "yes".to_owned(),
        Answer::Revise { feedback } => format!("revise: {}", feedback.lines().next().unwrap_or_default()),
        Answer::Retry { note: Some(note) } => format!("retry: {}", note.lines().next().unwrap_or_default()),
        Answer::Retry { note: None } => "retry".to_owned(),
        Answer::PushTo { branch } => format!("push to {branch}"),
        Answer::Verify { command } => format!("verify by `{command}`"),
        Answer::Finish => "finish without a push".to_owned(),
        Answer::Skip | Answer::Keep | Answer::Restore | Answer::Stop => answer.word().to_owned(),
    }
}

/// Who has answered.
pub(crate) fn by_in_words(by: By) -> &'static str {
    match by {
        By::User => "you",
        By::Auto => "auto",
        By::Policy => "policy",
    }
}

fn usage_in_words(usage: Usage) -> String {
    match (usage.tokens(), usage.cost_usd) {
        (0, _) => String::new(),
        (tokens, Some(cost)) => format!(" · {} tok · ${cost:.2}", thousands(tokens)),
        (tokens, None) => format!(" · {} tok", thousands(tokens)),
    }
}

fn in_words(seconds: u64) -> String {
    duration(Duration::from_secs(seconds))
}

/// The time of day where the person is.
pub(crate) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// A person's words, as far as a line of the log has room for them.
fn in_a_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Names a few paths and counts the rest.
pub(crate) fn list(paths: &[RepoPath]) -> String {
    let named: Vec<String> = paths.iter().take(5).map(ToString::to_string).collect();
    let rest = paths.len().saturating_sub(5);
    if rest == 0 { named.join(", ") } else { format!("{} and {rest} more", named.join(", ")) }
}

/// Text from a model or a program, such that it cannot move a cursor.
pub(crate) fn visible(text: &str) -> String {
    block(text, "")
}

#[cfg(test)]
mod tests;
