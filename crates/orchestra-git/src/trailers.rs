//! The trailers by which a commit says which work it is.

use orchestra_core::id::{MilestoneId, WorkId};

/// Names the milestone.
pub(crate) const MILESTONE: &str = "Orchestra-Milestone";
/// Names the work.
pub(crate) const WORK: &str = "Orchestra-Phase";

/// The milestone and the work that a commit belongs to.
pub(crate) type Pair = (MilestoneId, WorkId);

/// Reads every pair of our trailers in a message, in order.
///
/// Not only from the last paragraph: a squash, by git or by a forge, keeps the messages of all its commits one after
/// the other, indented or not. A pair stands in one paragraph.
pub(crate) fn pairs(message: &[u8]) -> Vec<Pair> {
    let text = String::from_utf8_lossy(message);
    let (mut found, mut milestone, mut work) = (Vec::new(), None, None);
    for line in text.lines() {
        if line.trim().is_empty() {
            (milestone, work) = (None, None);
        } else if let Some(value) = value_of(line, MILESTONE) {
            milestone = MilestoneId::parse(value).ok();
        } else if let Some(value) = value_of(line, WORK) {
            work = WorkId::parse(value).ok();
        }
        if milestone.is_some() && work.is_some() {
            found.extend(milestone.take().zip(work.take()));
        }
    }
    found
}

/// The value of a line, where it is this trailer. Keys are compared without regard to case, as git does.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (name, value) = line.trim().split_once(':')?;
    name.trim_end().eq_ignore_ascii_case(key).then(|| value.trim())
}

/// Takes every line away that looks like one of our trailers.
fn without_ours(message: &str) -> String {
    let is_ours = |line: &&str| value_of(line, MILESTONE).is_some() || value_of(line, WORK).is_some();
    message.lines().filter(|line| !is_ours(line)).collect::<Vec<_>>().join("\n")
}

/// Gives a message exactly this pair, at its end, whatever a hook made of it.
pub(crate) fn repaired(message: &str, pair: &Pair) -> String {
    let is_in_place = git2::message_trailers_bytes(message.as_bytes()).is_ok_and(|trailers| {
        let has = |key: &str, value: &str| {
            trailers
                .iter()
                .any(|(name, found)| name.eq_ignore_ascii_case(key.as_bytes()) && found == value.as_bytes())
        };
        has(MILESTONE, pair.0.as_str()) && has(WORK, &pair.1.to_string())
    });
    if is_in_place && pairs(message.as_bytes()).as_slice() == std::slice::from_ref(pair) {
        return message.to_owned();
    }
    let rest = without_ours(message);
    let rest = rest.trim_end();
    let has_trailers =
        git2::message_trailers_bytes(format!("{rest}\n").as_bytes()).is_ok_and(|trailers| trailers.len() > 0);
    let gap = if has_trailers { "\n" } else { "\n\n" };
    format!("{rest}{gap}{MILESTONE}: {}\n{WORK}: {}\n", pair.0, pair.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(milestone: &str, work: &str) -> Pair {
        (MilestoneId::parse(milestone).unwrap(), WorkId::parse(work).unwrap())
    }

    #[test]
    fn a_squash_of_two_works_keeps_both() {
        let message = b"one\n\nOrchestra-Milestone: M1-a\nOrchestra-Phase: phase-1\n\ntwo\n\n    \
            Orchestra-Milestone: M1-a\n    orchestra-phase: fix-1-x\n";
        assert_eq!(pairs(message), [pair("M1-a", "phase-1"), pair("M1-a", "fix-1-x")]);
        assert_eq!(pairs(b"x\n\nOrchestra-Milestone: M1\n\nOrchestra-Phase: phase-1\n"), []);
    }

    #[test]
    fn whatever_a_hook_does_to_the_trailers_they_come_out_once_and_right() {
        let ours = pair("M1-a", "phase-2");
        let trailers = "Orchestra-Milestone: M1-a\nOrchestra-Phase: phase-2\n";
        let whole = format!("feat: x\n\nbody\n\n{trailers}");
        assert_eq!(repaired(&whole, &ours), whole);
        assert_eq!(repaired("feat: x\n\nbody\n", &ours), whole);
        let forged = "feat: x\n\nbody\nOrchestra-Phase: phase-9\n\nOrchestra-Milestone: M1-a\n";
        assert_eq!(repaired(forged, &ours), whole);
        let signed = format!("feat: x\n\nSigned-off-by: A <a@b.c>\n{trailers}");
        assert_eq!(repaired("feat: x\n\nSigned-off-by: A <a@b.c>\n", &ours), signed);
        let moved = format!("feat: x\n\n{trailers}\nChange made by a hook.\n");
        assert_eq!(repaired(&moved, &ours), format!("feat: x\n\n\nChange made by a hook.\n\n{trailers}"));
    }
}
