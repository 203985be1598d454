//! Commit messages: Conventional Commits, made from what an agent proposes. Trailers are added where the commit is made.
//!
//! A proposal is text from a model. It is repaired, never refused: what could pass for a trailer, skip a check,
//! close somebody's issue, pass for a revert or move a cursor is taken out. Rules: Conventional Commits 1.0.0, `git interpret-trailers`.

use unicode_segmentation::UnicodeSegmentation;

use crate::path::is_bidi_control;
use crate::report::CommitProposal;

/// The longest subject line, in characters as a reader counts them.
pub const SUBJECT_LIMIT: usize = 72;

const BODY_LIMIT: usize = 4_000;
const SCOPE_LIMIT: usize = 20;
const TYPES: [&str; 11] =
    ["feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert"];

/// What to say where an agent proposes nothing usable.
#[derive(Clone, Copy, Debug)]
pub struct Fallback<'a> {
    /// The type.
    pub kind: &'a str,
    /// The scope, or nothing.
    pub scope: &'a str,
    /// The subject: a phase's title, usually.
    pub subject: &'a str,
}

/// Makes the message of a work's commit, without the trailers: a subject of at most 72 characters, and a body.
pub fn compose(proposal: Option<&CommitProposal>, fallback: Fallback<'_>) -> String {
    let subject = subject(proposal, fallback);
    let body = proposal.map(|proposal| body(&proposal.body)).unwrap_or_default();
    if body.is_empty() { format!("{subject}\n") } else { format!("{subject}\n\n{body}\n") }
}

/// Makes the subject line.
pub fn subject(proposal: Option<&CommitProposal>, fallback: Fallback<'_>) -> String {
    let proposal = proposal.cloned().unwrap_or_default();
    let mut words = one_line(&proposal.subject);
    let (mut kind, mut scope) = (proposal.kind.trim().to_lowercase(), scope(&proposal.scope));
    // Agents like to put the whole header into the subject.
    if let Some((header, rest)) = words.split_once(": ")
        && let Some((its_kind, its_scope)) = parse_header(header)
    {
        kind = its_kind;
        scope = if its_scope.is_empty() { scope } else { its_scope };
        words = rest.to_owned();
    }
    if !TYPES.contains(&kind.as_str()) {
        fallback.kind.clone_into(&mut kind);
    }
    if scope.is_empty() {
        scope = self::scope(fallback.scope);
    }
    let mut words = tidy(&words);
    if words.is_empty() {
        words = tidy(&one_line(fallback.subject));
    }
    if words.is_empty() {
        "finish the work".clone_into(&mut words);
    }
    let header = if scope.is_empty() { format!("{kind}: ") } else { format!("{kind}({scope}): ") };
    let room = SUBJECT_LIMIT.saturating_sub(header.graphemes(true).count());
    format!("{header}{}", cut(&words, room))
}

/// Splits `feat(scope)!` into type and scope where it is such a header.
fn parse_header(header: &str) -> Option<(String, String)> {
    let header = header.trim_end_matches('!').to_lowercase();
    let (kind, its_scope) = match header.split_once('(') {
        Some((kind, rest)) => (kind, rest.strip_suffix(')')?),
        None => (header.as_str(), ""),
    };
    TYPES.contains(&kind).then(|| (kind.to_owned(), scope(its_scope)))
}

fn scope(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.');
    text.to_lowercase().chars().filter(fits).take(SCOPE_LIMIT).collect()
}

/// Folds text to one line without control or direction characters.
fn one_line(text: &str) -> String {
    let visible: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_bidi_control(*c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes out of a subject what has an effect beyond being read.
fn tidy(words: &str) -> String {
    let words = without_effects(words);
    let words = one_line(words.trim_start_matches(['-', '*', '#', ' ']));
    words.trim_end_matches(['.', ' ', ':', ';', ',']).to_owned()
}

/// Takes out orders to continuous integration, and makes "closes #1" a mere mention. By the words of `git revert` a
/// history says that a work was undone, so these are put in another way.
fn without_effects(text: &str) -> String {
    const REVERTS: &str = "reverts commit ";
    const ORDERS: [&str; 6] =
        ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]", "***no_ci***"];
    let mut text = text.to_owned();
    while let Some((at, order)) =
        ORDERS.iter().find_map(|order| Some((find_ignoring_case(&text, order)?, order)))
    {
        text.replace_range(at..at + order.len(), "");
    }
    while let Some(at) = find_ignoring_case(&text, REVERTS) {
        text.replace_range(at..at + REVERTS.len(), "undoes commit ");
    }
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 1..words.len() {
        let is_issue = words[at].contains('#') || words[at].contains("/issues/");
        let verb = words[at - 1].trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
        let closes =
            ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
        if is_issue && closes.contains(&verb.as_str()) {
            words[at - 1] = "see";
        }
    }
    words.join(" ")
}

/// Finds an ASCII needle, whatever its case.
fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Cuts at a word where one ends late enough, else between characters.
fn cut(words: &str, room: usize) -> String {
    if words.graphemes(true).count() <= room {
        return words.to_owned();
    }
    let short: String = words.graphemes(true).take(room).collect();
    let at_word =
        short.rfind(' ').filter(|at| *at * 2 > short.len()).map_or(short.as_str(), |at| &short[..at]);
    at_word.trim_end_matches(['.', ' ', ':', ';', ',']).to_owned()
}

/// Repairs a body: no trailer-shaped lines, no control characters, bounded.
fn body(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line: String =
            line.chars().filter(|c| (!c.is_control() || *c == '\t') && !is_bidi_control(*c)).collect();
        without_effects(line.trim_end())
    });
    let kept: Vec<String> = lines.filter(|line| !is_trailer_shaped(line)).collect();
    let mut body = String::new();
    for line in kept {
        if body.len() + line.len() > BODY_LIMIT {
            break;
        }
        // Two empty lines in a row say no more than one.
        if !(line.is_empty() && (body.is_empty() || body.ends_with("\n\n"))) {
            body.push_str(&line);
            body.push('\n');
        }
    }
    body.trim_end().to_owned()
}

/// Tells whether git, or a forge, could take a line for a trailer: a token of letters, digits and hyphens, then a
/// separator. Also what `git cherry-pick -x` writes.
fn is_trailer_shaped(line: &str) -> bool {
    let line = line.trim_start();
    let token = line.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    let rest = line[token..].trim_start();
    (token > 0 && (rest.starts_with(':') || rest.starts_with('=') || rest.starts_with('#')))
        || line.starts_with("(cherry picked from")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FALLBACK: Fallback<'_> = Fallback { kind: "feat", scope: "", subject: "Login endpoint" };

    fn propose(kind: &str, scope: &str, text: &str) -> String {
        let proposal = CommitProposal {
            kind: kind.to_owned(),
            scope: scope.to_owned(),
            subject: text.to_owned(),
            body: String::new(),
        };
        subject(Some(&proposal), FALLBACK)
    }

    #[test]
    fn a_subject_is_repaired() {
        let cases = [
            (propose("feat", "auth", "add login endpoint."), "feat(auth): add login endpoint"),
            (propose("Feature", "Auth Module", "add\nlogin"), "feat(authmodule): add login"),
            (propose("", "", "fix(db): close the pool"), "fix(db): close the pool"),
            (propose("feat", "", "note: this"), "feat: note: this"),
            (propose("fix", "", "crash, fixes #12 [skip ci]"), "fix: crash, see #12"),
            (propose("fix", "", "\u{202e}\x1b[2Jx"), "fix: [2Jx"),
            (propose("", "", ""), "feat: Login endpoint"),
        ];
        for (made, expected) in cases {
            assert_eq!(made, expected);
        }
        let long = propose("refactor", "a-very-long-scope-indeed", &"word ".repeat(40));
        assert!(long.graphemes(true).count() <= SUBJECT_LIMIT && long.ends_with("word"), "{long}");
    }

    #[test]
    fn a_body_can_hold_no_trailer() {
        let proposal = CommitProposal {
            subject: "x".to_owned(),
            body: "Why.\n\nOrchestra-Phase: close\nSigned-off-by: A <a@b>\n co-authored-by: B\n\n\nMore, see #3."
                .to_owned(),
            ..CommitProposal::default()
        };
        assert_eq!(compose(Some(&proposal), FALLBACK), "feat: x\n\nWhy.\n\nMore, see #3.\n");
    }

    #[test]
    fn a_body_cannot_pass_for_a_revert() {
        let id = "1".repeat(40);
        let proposal = CommitProposal {
            kind: "revert".to_owned(),
            subject: "the login".to_owned(),
            body: format!("This reverts commit {id}.\nthis [skip ci]Reverts commit {id}, too"),
            ..CommitProposal::default()
        };
        let expected =
            format!("revert: the login\n\nThis undoes commit {id}.\nthis undoes commit {id}, too\n");
        assert_eq!(compose(Some(&proposal), FALLBACK), expected);
    }
}
