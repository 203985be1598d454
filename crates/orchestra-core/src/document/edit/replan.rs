//! Changes of a plan that a person approved: a phase's place and words, one more criterion.

use super::super::{body, front};
use super::{EditError, Target, splice};
use crate::document::front::{Change, New};
use crate::edit::PlanEdit;
use crate::plan::Order;

pub(super) fn apply(target: &Target, text: &str, edit: &PlanEdit) -> Result<String, EditError> {
    match edit {
        PlanEdit::Order(order) => {
            let change = Change { key: "order", value: Some(new_order(*order)) };
            target.front(text, &[change], &["role", "title", "status", "order"])
        }
        PlanEdit::Section { name, text: words } => {
            if body::section(text, name).unwrap_or_default() == words {
                return Ok(text.to_owned());
            }
            let content = if words.is_empty() { String::new() } else { format!("\n{words}") };
            splice::replace_section(target, text, name, "its words", &content)
        }
        PlanEdit::Criterion(words) => {
            let before = body::criteria(text);
            let entry = format!("- [ ] {words}");
            let Some(added) = body::criteria(&format!("## Acceptance criteria\n\n{entry}\n")).pop() else {
                return Err(target.unverified("a criterion"));
            };
            if before.iter().any(|(_, known)| *known == added.1) {
                return Ok(text.to_owned());
            }
            let wanted = [before, vec![added]].concat();
            let holds = |edited: &str| body::criteria(edited) == wanted;
            splice::add_to_section(target, text, "Acceptance criteria", "a criterion", &entry, holds)
        }
    }
}

fn new_order(order: Order) -> New {
    let whole = u32::try_from(order.0 / 1_000_000).ok().filter(|_| order.0 % 1_000_000 == 0);
    whole.map_or_else(|| New::Decimal(order.to_string()), New::Count)
}

/// What the front matter of a phase says under a key.
pub(super) fn value_of(text: &str, key: &str) -> Option<String> {
    let source = super::super::source::Source::split(text).ok()?;
    let entries = front::read(source.front_text()?).ok()?;
    let entry = entries.into_iter().find(|entry| entry.key == key)?;
    match entry.node.value {
        crate::document::yaml::Value::Text(text) => Some(text),
        _ => None,
    }
}
