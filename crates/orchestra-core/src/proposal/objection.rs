//! What is wrong with a proposal, and what is odd about it.

use std::fmt;

use serde::Serialize;

/// One thing for which a proposal is sent back. Its text is what the model is told.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Objection {
    /// Where it stands in the proposal: `phases[2].files[0]`, counted from 0 as JSON does; empty where it is about the whole.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do instead.
    pub hint: String,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at)?;
        }
        f.write_str(&self.what)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

/// Words all objections for the model, a line each.
pub fn listed(objections: &[Objection]) -> String {
    objections.iter().map(|objection| format!("- {objection}")).collect::<Vec<_>>().join("\n")
}

/// How many objections are told at once; more help nobody.
const MOST: usize = 60;

/// What the checks have come to so far.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    objections: Vec<Objection>,
    /// What is odd and stops nothing: shown to the person and told to the model.
    pub(super) remarks: Vec<String>,
}

impl Sheet {
    pub(super) fn object(&mut self, at: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) {
        if self.objections.len() < MOST {
            self.objections.push(Objection { at: at.into(), what: what.into(), hint: hint.into() });
        }
    }

    pub(super) fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.remarks.len() < MOST && !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    pub(super) fn is_clean(&self) -> bool {
        self.objections.is_empty()
    }

    /// The remarks, or everything for which the proposal is sent back.
    pub(super) fn finish(self) -> Result<Vec<String>, Vec<Objection>> {
        if self.objections.is_empty() { Ok(self.remarks) } else { Err(self.objections) }
    }
}
