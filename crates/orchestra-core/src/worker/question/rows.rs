//! The table of questions, in words: for the documentation, and what [`super::Question::resolve`] must do.

/// A row of the table of questions: who answers, in words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Row {
    /// The name that records use.
    pub name: &'static str,
    /// The question.
    pub question: &'static str,
    /// With a person at a terminal.
    pub terminal: &'static str,
    /// Under `--auto`.
    pub auto: &'static str,
    /// Without a terminal and without `--auto`.
    pub headless: &'static str,
}

/// The table of questions, one row for each variant, with the push gate's two faces.
pub const ROWS: [Row; 13] = [
    Row {
        name: "rfc",
        question: "May the design be built?",
        terminal: "approve · revise, with feedback (three times) · stop",
        auto: "approved, `by: auto`; waits where `hold` names it",
        headless: "exit 3; with `--wait` it stays until `orchestra answer`",
    },
    Row {
        name: "push",
        question: "May this be published?",
        terminal: "approve · revise, with feedback · finish without a push · push to another branch · stop",
        auto: "approved, `by: auto`; waits where `hold` names it, with `--auto=rfc`, without a remote, or with a \
               blocking finding left",
        headless: "exit 3; with `--wait` it stays until `orchestra answer`",
    },
    Row {
        name: "push-foreign",
        question: "The push would also publish commits that are not this milestone's. Publish them?",
        terminal: "as `push`, with these commits listed apart",
        auto: "not pushed: waits at its gate, the next milestone runs",
        headless: "exit 3; with `--wait` it stays until `orchestra answer`",
    },
    Row {
        name: "dirty",
        question: "Files are changed already. Keep them as they are?",
        terminal: "keep (closed to agents) · commit them, then retry · stop",
        auto: "keep",
        headless: "keep",
    },
    Row {
        name: "red-base",
        question: "Verify commands of the configuration are red before anything was done. Do they count?",
        terminal: "keep (do not count them) · verify, by another command · stop",
        auto: "does not block; named at the push gate",
        headless: "does not block; named at the push gate",
    },
    Row {
        name: "failed",
        question: "A phase failed. What now?",
        terminal: "retry · retry with a note · skip · stop",
        auto: "parked",
        headless: "exit 1",
    },
    Row {
        name: "may-be-yours",
        question: "Files outside the role's room changed during the turn. Are they yours?",
        terminal: "keep (mine, leave them) · restore (the agent's, put them back)",
        auto: "put back, saved, a concern",
        headless: "put back, saved, a concern",
    },
    Row {
        name: "trust",
        question: "May these commands be run here?",
        terminal: "approve · stop (the default)",
        auto: "exit 2, before anything runs",
        headless: "exit 2, before anything runs",
    },
    Row {
        name: "history",
        question: "The branch, or its history, is not what the milestone was built on. What now?",
        terminal: "retry, once it is mended · keep (a phase without a commit counts as yours) · stop",
        auto: "set aside",
        headless: "exit 3",
    },
    Row {
        name: "rejected",
        question: "The push was not taken. What now?",
        terminal: "back to the gate, with the server's words",
        auto: "waits at its gate, the next milestone runs",
        headless: "exit 3",
    },
    Row {
        name: "interrupted",
        question: "The turn was interrupted. Go on?",
        terminal: "retry · retry with a note · stop",
        auto: "does not arise: the first `ctrl-c` leaves",
        headless: "does not arise: the first signal leaves",
    },
    Row {
        name: "locked",
        question: "A lock of git that is none of Orchestra's has been in the way for ten seconds, or a merge or the like was \
                   begun meanwhile. Go on?",
        terminal: "retry, once it is gone or ended · stop",
        auto: "exit 3",
        headless: "exit 3",
    },
    Row {
        name: "too-large",
        question: "There is more uncommitted work than is saved without asking. Save it all the same?",
        terminal: "approve · stop",
        auto: "set aside",
        headless: "exit 3",
    },
];

/// The table of questions as Markdown, for the documentation.
pub fn table() -> String {
    let mut text =
        "| question | on a terminal | `--auto` | no terminal, no `--auto` |\n|---|---|---|---|\n".to_owned();
    for row in &ROWS {
        let line = format!(
            "| `{}`: {} | {} | {} | {} |\n",
            row.name, row.question, row.terminal, row.auto, row.headless
        );
        text.push_str(&line);
    }
    text
}
