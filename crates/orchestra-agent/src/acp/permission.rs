//! Answers what the agent asks permission for, in place of the person: the role's room decides, and the option is chosen
//! by its kind. Labels, ids and the order of options say nothing.

use serde_json::{Value, json};

use super::tool::Tool;
use crate::command::claude::Permissions;
use crate::command::event::text_at;

/// Says whether a tool may be used; if not, why.
pub(super) fn check(tool: &Tool, permissions: &Permissions) -> Result<(), String> {
    if let Some(own) = tool.own() {
        let why = || format!("`{}` is not a part of this turn", own.name());
        return permissions.offers(own).then_some(()).ok_or_else(why);
    }
    if tool.is_of_a_server {
        return Err("tools of other servers are not allowed".to_owned());
    }
    let is_harmless = matches!(tool.kind.as_str(), "read" | "search" | "think") && tool.changed.is_empty();
    if is_harmless && (permissions.writes() || !tool.has_command()) {
        return Ok(());
    }
    if !permissions.writes() {
        return Err("this turn only reads".to_owned());
    }
    match tool.kind.as_str() {
        "edit" | "delete" | "move" => check_files(tool.changed.iter().chain(&tool.paths), permissions),
        "execute" if tool.changed.is_empty() => Ok(()),
        "execute" | "read" | "search" | "think" => check_files(tool.changed.iter(), permissions),
        _ => Err(format!("{} is not allowed in this turn", tool.label())),
    }
}

fn check_files<'a>(
    mut paths: impl Iterator<Item = &'a String>,
    permissions: &Permissions,
) -> Result<(), String> {
    let first = paths.next().ok_or("it does not say which file it would write")?;
    std::iter::once(first).chain(paths).try_for_each(|path| permissions.check_path(path))
}

/// The answer to a question: an option of the kind that is meant. A lasting yes is never given. Where there is none that
/// can be meant, nothing is chosen, which no agent takes for a yes; the second value says whether one was.
pub(super) fn answer(options: &Value, is_allowed: bool) -> (Value, bool) {
    let kinds: &[&str] = if is_allowed { &["allow_once"] } else { &["reject_once", "reject_always"] };
    let options: Vec<(&str, &str)> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(|option| (text_at(option, "optionId"), text_at(option, "kind")))
        .collect();
    // An id that stands for two things may mean the other one.
    let is_clear = |id: &str, kind: &str| options.iter().all(|(other, of)| *other != id || *of == kind);
    let chosen = kinds.iter().find_map(|wanted| {
        let mut fitting = options.iter().filter(|(id, kind)| kind == wanted && is_clear(id, kind));
        fitting.next().map(|(id, _)| *id)
    });
    match chosen {
        Some(id) => (json!({ "outcome": { "outcome": "selected", "optionId": id } }), true),
        None => (cancelled(), false),
    }
}

/// The answer that chooses nothing.
pub(super) fn cancelled() -> Value {
    json!({ "outcome": { "outcome": "cancelled" } })
}

#[cfg(test)]
mod tests;
