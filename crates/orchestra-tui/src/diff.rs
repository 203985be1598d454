//! What is different between two texts, line by line.

use crate::spot::Fate;

/// How many lines around a change are shown.
const AROUND: usize = 3;
/// The largest table that is made to find lines that both texts have, in cells.
const CELLS: usize = 4_000_000;

/// A line of either text, with its number: in the new one, or in the old one where it is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part<'a> {
    Line {
        fate: Fate,
        number: usize,
        text: &'a str,
    },
    /// So many lines that are the same, and too far from any change to be shown.
    Same(usize),
}

/// The lines of both, those far from any change left out.
pub(crate) fn diff<'a>(before: &'a str, after: &'a str) -> Vec<Part<'a>> {
    let all = lines(before, after);
    let is_changed = |at: usize| all.get(at).is_some_and(|(fate, ..)| *fate != Fate::Kept);
    let is_near = |at: usize| (at.saturating_sub(AROUND)..=at + AROUND).any(is_changed);
    let mut parts = Vec::new();
    for (at, (fate, number, text)) in all.iter().enumerate() {
        match parts.last_mut() {
            _ if is_near(at) => parts.push(Part::Line { fate: *fate, number: *number, text }),
            Some(Part::Same(count)) => *count += 1,
            _ => parts.push(Part::Same(1)),
        }
    }
    parts
}

fn lines<'a>(before: &'a str, after: &'a str) -> Vec<(Fate, usize, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let alike = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = alike(&mut old.iter().zip(&new));
    let tail = alike(&mut old[head..].iter().rev().zip(new[head..].iter().rev()));
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut all: Vec<_> = (0..head).map(|at| (Fate::Kept, at + 1, new[at])).collect();
    changed(&old[head..old_end], &new[head..new_end], head, &mut all);
    all.extend((new_end..new.len()).map(|at| (Fate::Kept, at + 1, new[at])));
    all
}

/// The middle, of which neither the first nor the last line is the same; `head` lines stand before it.
fn changed<'a>(old: &[&'a str], new: &[&'a str], head: usize, all: &mut Vec<(Fate, usize, &'a str)>) {
    let removed = |at: usize| (Fate::Removed, head + at + 1, old[at]);
    let added = |at: usize| (Fate::Added, head + at + 1, new[at]);
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > CELLS {
        all.extend((0..old.len()).map(removed));
        all.extend((0..new.len()).map(added));
        return;
    }
    // How many lines both have from here on.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            all.push((Fate::Kept, head + j + 1, new[j]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1])
        {
            all.push(removed(i));
            i += 1;
        } else {
            all.push(added(j));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        let line = |part: Part<'_>| match part {
            Part::Line { fate: Fate::Kept, number, text } => format!("{number}  {text}"),
            Part::Line { fate: Fate::Added, number, text } => format!("{number} +{text}"),
            Part::Line { fate: Fate::Removed, number, text } => format!("{number} -{text}"),
            Part::Same(count) => format!("{count} the same"),
        };
        diff(before, after).into_iter().map(line).collect()
    }

    #[test]
    fn what_is_far_from_a_change_is_counted() {
        let before: String = (1..=20).flat_map(|number| [number.to_string(), "\n".to_owned()]).collect();
        let after = before.replace("\n10\n", "\nten\n");
        let wanted = [
            "6 the same",
            "7  7",
            "8  8",
            "9  9",
            "10 -10",
            "10 +ten",
            "11  11",
            "12  12",
            "13  13",
            "7 the same",
        ];
        assert_eq!(shown(&before, &after), wanted);
        assert_eq!(shown("a\n", "a\n"), ["1 the same"]);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_from_it(
            old in prop::collection::vec("[abc]", 0..30),
            new in prop::collection::vec("[abc]", 0..30),
        ) {
            let (before, after) = (old.join("\n"), new.join("\n"));
            let all = lines(&before, &after);
            let of = |not: Fate| -> Vec<&str> {
                all.iter().filter(|(fate, ..)| *fate != not).map(|(_, _, text)| *text).collect()
            };
            prop_assert_eq!(of(Fate::Added), before.lines().collect::<Vec<_>>());
            prop_assert_eq!(of(Fate::Removed), after.lines().collect::<Vec<_>>());
            for (fate, number, text) in &all {
                let of = if *fate == Fate::Removed { &before } else { &after };
                prop_assert_eq!(of.lines().nth(number - 1), Some(*text));
            }
        }
    }
}
