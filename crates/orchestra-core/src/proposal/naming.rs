//! What a new milestone is called.

use crate::id::{IdError, MilestoneId};
use crate::plan::Plan;

/// How long the name in an id may be, in bytes.
const NAME: usize = 40;

/// The id of a milestone of this title: the number after the highest there is, and a name made of the title.
pub fn next_id<'a>(
    title: &str,
    existing: impl IntoIterator<Item = &'a MilestoneId>,
) -> Result<MilestoneId, IdError> {
    let number = existing.into_iter().map(MilestoneId::number).max().unwrap_or(0).saturating_add(1);
    MilestoneId::parse(&format!("M{number}-{}", name(title)))
}

/// Every id that a plan's milestones and folders take, also of those that cannot be read.
pub fn taken(plan: &Plan) -> Vec<MilestoneId> {
    let folders = plan.milestones.iter().map(|milestone| &milestone.folder);
    let folders = folders.chain(plan.set_aside.iter().map(|set_aside| &set_aside.folder));
    let ids = plan.milestones.iter().map(|milestone| milestone.id.clone());
    ids.chain(folders.filter_map(|folder| MilestoneId::parse(folder).ok())).collect()
}

/// A name for the id: words of ASCII letters and digits, as many as fit.
fn name(title: &str) -> String {
    let lower = title.to_lowercase();
    let mut name = String::new();
    for word in lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if name.len() + 1 + word.len() > NAME {
            break;
        }
        if !name.is_empty() {
            name.push('-');
        }
        name.push_str(word);
    }
    if name.is_empty() { "change".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_the_next_and_the_name_made_of_the_first_words() {
        let id = |title: &str, existing: &[&str]| {
            let existing: Vec<MilestoneId> =
                existing.iter().map(|id| MilestoneId::parse(id).unwrap()).collect();
            next_id(title, &existing).unwrap().to_string()
        };
        assert_eq!(id("User login: it's *time*", &["M2-x", "M10-y"]), "M11-user-login-it-s-time");
        assert_eq!(id("日本語", &[]), "M1-change");
        assert_eq!(id(&"word ".repeat(20), &[]), "M1-word-word-word-word-word-word-word-word");
        assert_eq!(id(&format!("{} ab", "x".repeat(50)), &[]), "M1-change");
    }
}
