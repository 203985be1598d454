//! What was tried and what came of it: as JSON, and as the README's figures.

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::power::Report;

const BEGIN: &str = "<!-- proof -->\n";
const END: &str = "<!-- /proof -->";

/// One run of the chore.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Proof {
    /// In UTC.
    pub(super) date: String,
    pub(super) commit: String,
    /// Whether the tree held something else than the commit.
    pub(super) changed: bool,
    /// What was asked for.
    pub(super) minutes: u64,
    /// What it took, without building.
    pub(super) seconds: u64,
    pub(super) cores: usize,
    pub(super) schedules: Schedules,
    pub(super) kills: Kills,
    pub(super) faults: Faults,
    /// None where no power could be cut.
    pub(super) power: Option<Report>,
    pub(super) power_seconds: u64,
    /// What could not be tried, and why.
    pub(super) skipped: Vec<String>,
    /// What failed, with its seed or its name.
    pub(super) failures: Vec<String>,
}

/// Schedules of the simulated world.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Schedules {
    pub(super) first_seed: u64,
    pub(super) played: u64,
    pub(super) seconds: u64,
}

/// SIGKILLs of the real program.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Kills {
    pub(super) first_seed: u64,
    pub(super) last_seed: u64,
    pub(super) count: u64,
    pub(super) seconds: u64,
}

/// Tests that are named after a row of the fault matrix.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Faults {
    pub(super) rows: Vec<String>,
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) seconds: u64,
}

impl Proof {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        serde_json::from_str(text).context("read the proof")
    }

    pub(super) fn to_json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self).context("write the proof")?;
        text.push('\n');
        Ok(text)
    }

    /// The README's section.
    fn figures(&self) -> String {
        let Self { schedules, kills, faults, .. } = self;
        let mut rows = vec![
            ("crash schedules against a simulated world".to_owned(), count(schedules.played)),
            ("SIGKILLs of the real program".to_owned(), count(kills.count)),
            (
                format!("injected faults ({} rows of a matrix)", faults.rows.len()),
                format!("{} tests", count(faults.passed + faults.failed)),
            ),
        ];
        if let Some(report) = &self.power {
            let cuts = |cuts: u32| count(u64::from(cuts));
            let beside = cuts(report.beside);
            rows.push((
                "power cuts in the second after `done` was shown".to_owned(),
                cuts(report.after_done),
            ));
            rows.push((
                "power cuts within a commit".to_owned(),
                format!("{} (and {beside} that came just after)", cuts(report.within_commit)),
            ));
        }
        let mut text = "| tried | how often |\n|---|---|\n".to_owned();
        for (what, how_often) in rows {
            text.extend(["| ", &what, " | ", &how_often, " |\n"]);
        }
        text.push('\n');
        text.push_str(&self.verdict());
        text
    }

    fn verdict(&self) -> String {
        let failed = match self.failures.len() {
            0 => "Nothing was lost, nothing was done twice.".to_owned(),
            1 => "**One of these failed.**".to_owned(),
            failures => format!("**{failures} of these failed.**"),
        };
        let control = match &self.power {
            Some(report) if report.control.cuts > 0 => format!(
                " With syncing switched off {} of {} power cuts lose something.",
                report.control.lost, report.control.cuts
            ),
            Some(_) | None => String::new(),
        };
        let skipped = match self.skipped.as_slice() {
            [] => String::new(),
            skipped => format!(" Not tried: {}.", skipped.join("; ")),
        };
        format!(
            "{failed}{control}{skipped}\n(`cargo xtask proof --minutes {}` on {}, {} cores: \
             [docs/proof.json](docs/proof.json))\n",
            self.minutes, self.date, self.cores
        )
    }
}

/// The README with the section between its marks made anew.
pub(super) fn put_in(readme: &str, proof: &Proof) -> anyhow::Result<String> {
    let (before, rest) = readme.split_once(BEGIN).with_context(|| format!("README.md has no {BEGIN}"))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("README.md has no {END}"))?;
    ensure!(!after.contains(BEGIN), "README.md has two sections for the proof");
    Ok(format!("{before}{BEGIN}{}{END}{after}", proof.figures()))
}

/// A number with a comma before each three digits.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::power::Control;

    fn proof() -> Proof {
        let control = Control { cuts: 6, lost: 5, ..Control::default() };
        let report = Report { after_done: 21, within_commit: 20, beside: 3, control, ..Report::default() };
        Proof {
            date: "2026-01-02".to_owned(),
            minutes: 15,
            cores: 2,
            schedules: Schedules { played: 1_234_567, ..Schedules::default() },
            kills: Kills { count: 120, ..Kills::default() },
            faults: Faults { rows: vec!["f01".to_owned()], passed: 3, ..Faults::default() },
            power: Some(report),
            ..Proof::default()
        }
    }

    #[test]
    fn the_figures_are_the_ones_of_the_proof() {
        let expected = "\
| tried | how often |
|---|---|
| crash schedules against a simulated world | 1,234,567 |
| SIGKILLs of the real program | 120 |
| injected faults (1 rows of a matrix) | 3 tests |
| power cuts in the second after `done` was shown | 21 |
| power cuts within a commit | 20 (and 3 that came just after) |

Nothing was lost, nothing was done twice. With syncing switched off 5 of 6 power cuts lose something.
(`cargo xtask proof --minutes 15` on 2026-01-02, 2 cores: [docs/proof.json](docs/proof.json))
";
        assert_eq!(proof().figures(), expected);
    }

    #[test]
    fn what_failed_and_what_was_not_tried_is_said() {
        let failures = vec!["seed 1".to_owned(), "seed 2".to_owned()];
        let skipped = vec!["power cuts: this needs root".to_owned()];
        let proof = Proof { failures, skipped, power: None, ..proof() };
        let figures = proof.figures();
        assert!(
            figures.contains("\n**2 of these failed.** Not tried: power cuts: this needs root.\n"),
            "{figures}"
        );
        assert!(!figures.contains("power cuts within"), "{figures}");
    }

    #[test]
    fn what_is_written_can_be_read() {
        let proof = proof();
        assert_eq!(Proof::parse(&proof.to_json().unwrap()).unwrap(), proof);
        let none = Proof { power: None, ..proof };
        assert_eq!(Proof::parse(&none.to_json().unwrap()).unwrap(), none);
    }

    #[test]
    fn only_what_is_between_the_marks_is_made_anew() {
        let readme = format!("# A\n{BEGIN}old\n{END}\nrest\n");
        let new = put_in(&readme, &proof()).unwrap();
        assert!(new.starts_with("# A\n<!-- proof -->\n| tried") && new.ends_with("<!-- /proof -->\nrest\n"));
        assert!(!new.contains("old"), "{new}");
        assert_eq!(put_in(&new, &proof()).unwrap(), new);
        for broken in ["# A\n", "# A\n<!-- proof -->\n"] {
            assert!(put_in(broken, &proof()).is_err());
        }
    }
}
