//! What an agent puts on record while it works, apart from its report.
//!
//! Invariants: what was answered as "on record" is part of the report, whether that comes by a call, a file or a text, and
//! whether the turn that said it came to its end; and it is there once, although the report says it again.
//!
//! Absent on purpose: who decides what is of a higher risk. It is recorded with its risk, and the agent goes on.

use super::{Concern, DecisionRequest, Risk};
use crate::report::{Decision, Report};

/// How many decisions, and how many concerns, one work may have on record.
pub const MAX_ON_RECORD: usize = 50;
/// How long what one call puts on record may be, in bytes.
pub const MAX_ENTRY: usize = 8 * 1024;

/// Decisions and concerns that were put on record, in their order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OnRecord {
    /// What was decided.
    pub decisions: Vec<Decision>,
    /// What was seen and left alone.
    pub concerns: Vec<String>,
}

impl OnRecord {
    /// Puts a decision on record. Both results are words for the agent.
    ///
    /// # Errors
    /// What keeps it from being recorded.
    pub fn decide(&mut self, request: &DecisionRequest) -> Result<String, String> {
        let DecisionRequest { title, choice, why, alternatives, risk } = request;
        if title.trim().is_empty() || choice.trim().is_empty() {
            return Err("say what is to be decided (`title`) and what you would do (`choice`)".to_owned());
        }
        let decision = request.as_decided();
        let bytes = decision.title.len() + decision.why.len();
        // What is left out of the sentence is not kept either.
        let all =
            title.len() + choice.len() + why.len() + alternatives.iter().map(String::len).sum::<usize>();
        check_room(bytes.max(all), self.decisions.len())?;
        if !self.decisions.contains(&decision) {
            self.decisions.push(decision);
        }
        Ok(format!("On record: {} (risk: {}); go on with your choice.", title.trim(), risk.as_str()))
    }

    /// Puts a concern on record. Both results are words for the agent.
    ///
    /// # Errors
    /// What keeps it from being recorded.
    pub fn raise(&mut self, concern: &Concern) -> Result<String, String> {
        let text = concern.text.trim();
        if text.is_empty() {
            return Err("say what it is (`text`)".to_owned());
        }
        check_room(text.len(), self.concerns.len())?;
        if !self.concerns.iter().any(|known| is_same(known, text)) {
            self.concerns.push(text.to_owned());
        }
        Ok("On record: the person is shown it; leave it alone and go on.".to_owned())
    }

    /// Adds what was put on record later, without what is there.
    pub fn extend(&mut self, later: Self) {
        for decision in later.decisions {
            if !self.decisions.contains(&decision) {
                self.decisions.push(decision);
            }
        }
        for concern in later.concerns {
            if !self.concerns.iter().any(|known| is_same(known, &concern)) {
                self.concerns.push(concern);
            }
        }
    }

    /// Puts it at the head of what a report says, in place of what says the same there.
    pub fn lead(&self, report: &mut Report) {
        report.decisions.retain(|said| !self.decisions.iter().any(|known| is_same_decision(known, said)));
        report.decisions.splice(0..0, self.decisions.iter().cloned());
        report.concerns.retain(|said| !self.concerns.iter().any(|known| is_same(known, said)));
        report.concerns.splice(0..0, self.concerns.iter().cloned());
    }
}

impl DecisionRequest {
    /// The decision that it is once the agent goes on with its choice.
    pub fn as_decided(&self) -> Decision {
        let others: Vec<&str> = self.alternatives.iter().map(|other| other.trim()).collect();
        let others: Vec<&str> = others.into_iter().filter(|other| !other.is_empty()).collect();
        let why = self.why.trim();
        let why = match (why.is_empty(), others.is_empty()) {
            (_, true) => why.to_owned(),
            (true, false) => format!("rather than {}", others.join(", or ")),
            (false, false) => format!("{why}; rather than {}", others.join(", or ")),
        };
        let title = format!("{}: {}", self.title.trim(), self.choice.trim());
        Decision { title, risk: self.risk.as_str().to_owned(), why }
    }
}

impl Risk {
    /// The word that documents have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

fn check_room(bytes: usize, count: usize) -> Result<(), String> {
    if bytes > MAX_ENTRY {
        return Err(format!("this is longer than {MAX_ENTRY} bytes: put the gist of it on record"));
    }
    if count >= MAX_ON_RECORD {
        return Err(format!("there are {MAX_ON_RECORD} on record already, and no more are taken"));
    }
    Ok(())
}

/// Whether a report says a recorded decision again: as a whole, or only what was decided on, or only the choice.
fn is_same_decision(known: &Decision, said: &Decision) -> bool {
    let (known, said) = (plain(&known.title), plain(&said.title));
    known == said
        || known.strip_prefix(&said).is_some_and(|choice| choice.starts_with(": "))
        || known.strip_suffix(&said).is_some_and(|title| title.ends_with(": "))
}

fn is_same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// A text without what a second writing of it changes: case, spaces, a period.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '!']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(title: &str, choice: &str) -> DecisionRequest {
        DecisionRequest {
            title: title.to_owned(),
            risk: Risk::Medium,
            choice: choice.to_owned(),
            why: "it is there".to_owned(),
            alternatives: vec!["Redis".to_owned(), " ".to_owned()],
        }
    }

    fn concern(text: &str) -> Concern {
        Concern { text: text.to_owned() }
    }

    fn decision(title: &str) -> Decision {
        Decision { title: title.to_owned(), ..Decision::default() }
    }

    #[test]
    fn a_decision_is_recorded_with_its_choice_its_risk_and_what_it_was_taken_over() {
        let mut record = OnRecord::default();
        let answer = record.decide(&request("Where sessions are kept", "a file")).unwrap();
        assert_eq!(answer, "On record: Where sessions are kept (risk: medium); go on with your choice.");
        assert_eq!(record.decide(&request("Where sessions are kept", "a file")).as_ref(), Ok(&answer));
        let wanted = Decision {
            title: "Where sessions are kept: a file".to_owned(),
            risk: "medium".to_owned(),
            why: "it is there; rather than Redis".to_owned(),
        };
        assert_eq!(record.decisions, [wanted], "the same call twice is one decision");
    }

    #[test]
    fn what_a_report_says_again_is_there_once_and_everything_else_stays() {
        let mut record = OnRecord::default();
        record.decide(&request("Where sessions are kept", "a file")).unwrap();
        record.raise(&concern("The lock is never released.")).unwrap();
        let mut report = Report {
            decisions: [
                "where sessions  are kept",
                "A file.",
                "Where sessions are kept: a file",
                "Where sessions",
                "kept: a file, always",
            ]
            .map(decision)
            .to_vec(),
            concerns: vec!["the lock is never  released".to_owned(), "another".to_owned()],
            ..Report::default()
        };
        record.lead(&mut report);
        let titles: Vec<&str> = report.decisions.iter().map(|decision| decision.title.as_str()).collect();
        assert_eq!(titles, ["Where sessions are kept: a file", "Where sessions", "kept: a file, always"]);
        assert_eq!(report.concerns, ["The lock is never released.", "another"]);
        let once = report.clone();
        record.lead(&mut report);
        assert_eq!(report, once, "it leads once");
    }

    #[test]
    fn what_came_in_an_earlier_turn_stays_in_front_of_what_came_later() {
        let of = |words: &[&str]| {
            let mut record = OnRecord::default();
            for word in words {
                record.raise(&concern(word)).unwrap();
                record.decide(&request("Which", word)).unwrap();
            }
            record
        };
        let mut record = of(&["one", "two"]);
        record.extend(of(&["two", "three"]));
        assert_eq!(record, of(&["one", "two", "three"]));
    }

    #[test]
    fn what_says_nothing_or_too_much_is_not_taken_and_the_agent_is_told() {
        let mut record = OnRecord::default();
        assert!(record.decide(&request(" ", "a file")).unwrap_err().contains("`title`"));
        assert!(record.decide(&request("Where", "")).unwrap_err().contains("`choice`"));
        assert!(record.raise(&concern("\n")).unwrap_err().contains("`text`"));
        let long = "x".repeat(MAX_ENTRY + 1);
        assert!(record.raise(&concern(&long)).unwrap_err().contains("the gist"));
        let many = DecisionRequest { alternatives: vec![long], ..request("Where", "there") };
        assert!(record.decide(&many).unwrap_err().contains("the gist"));
        assert_eq!(record, OnRecord::default());
        for number in 0..MAX_ON_RECORD {
            record.raise(&concern(&number.to_string())).unwrap();
        }
        assert!(record.raise(&concern("one more")).unwrap_err().contains("no more"));
        assert_eq!(record.concerns.len(), MAX_ON_RECORD);
    }
}
