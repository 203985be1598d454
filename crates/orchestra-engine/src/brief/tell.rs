//! What must be said in a turn besides the usual.

use orchestra_core::report::Finding;
use orchestra_core::worker::Tell;

use super::text::{Brief, DOCUMENT, cut, in_line, tail};

/// How much of a command's output is told, in bytes.
const OUTPUT: usize = 16 * 1024;

impl Brief {
    /// Says it. Only a person's words are said as such; what a model or a tool said is data.
    pub(crate) fn tell(&mut self, tell: &Tell) {
        match tell {
            Tell::OutOfRoom(paths) => {
                let names: Vec<String> = paths.iter().map(in_line).collect();
                self.part(
                    "## Put back",
                    &format!(
                        "What your role may not write, or text between `<!-- frozen -->` and `<!-- /frozen -->`, was \
                         changed; it was put back: {}. Do the work within your room; what is needed beyond it is a \
                         concern.",
                        names.join(", ")
                    ),
                );
            }
            Tell::NothingChanged => self.part(
                "## Nothing was changed",
                "The last turn ended without a change in your room. A claim is not enough: do the work in the files.",
            ),
            Tell::NoRfc => self.part("## No design was written", "The last turn wrote no rfc.md. Write it."),
            Tell::Red { command, output } => {
                let command = in_line(command);
                self.part("## Not verified", &format!("`{command}` fails on what was left. Mend the cause."));
                self.data("Its output", tail(output, OUTPUT));
            }
            Tell::Hook { hook, output } => {
                let hook = in_line(hook);
                self.part("## The commit was refused", &format!("The {hook} hook of the repository says no."));
                self.data("Its output", tail(output, OUTPUT));
            }
            Tell::Failed(why) => self.data_up_to(OUTPUT, "How the last turn failed", why),
            Tell::NoVerdict => self.part(
                "## No verdict",
                "The last review gave no verdict, so it counts as failed. End with approved, approved-with-comments \
                 or changes-requested.",
            ),
            Tell::Diagnosis(text) => {
                self.data_up_to(OUTPUT, "What the architect makes of the failures", text);
            }
            Tell::Person(text) => self.part("## From the person you work for", cut(text, DOCUMENT)),
            Tell::CutShort => self.part(
                "## You go on",
                "An earlier turn for this work was cut short. What it did is in the tree (`git status`, `git diff`). \
                 Look at it first, then finish the work.",
            ),
            Tell::NotHeard => self.part(
                "## You go on",
                "You had ended before you could hear what the person said meanwhile. Your work is in the tree \
                 (`git status`, `git diff`), not committed yet. Read their words, see what follows for it, then finish.",
            ),
            Tell::Findings(findings) => {
                let lines: Vec<String> = findings.iter().map(finding).collect();
                self.data("What the reviewer found", &lines.join("\n"));
            }
            Tell::Failures(reasons) => {
                let lines: Vec<String> = reasons.iter().map(|reason| format!("- {reason}")).collect();
                self.data_up_to(OUTPUT, "How it failed, try by try", &lines.join("\n"));
                self.line("What its agent was told of that is below, where there is more to tell.");
            }
        }
    }
}

fn finding(finding: &Finding) -> String {
    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place =
        if finding.file.is_empty() { String::new() } else { format!("`{}{line}` ", in_line(&finding.file)) };
    format!("- {}: {place}{}", finding.severity, finding.message.trim())
}
