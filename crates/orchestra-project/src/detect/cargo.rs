//! What a `Cargo.toml` says, read line by line: enough to tell a workspace and a front end.

use super::part::{Part, Stack, is_beneath};
use super::tree::Tree;

/// Crates that draw a page or a window, with their names.
const UI_CRATES: [(&str, &str); 8] = [
    ("leptos", "Leptos"),
    ("yew", "Yew"),
    ("dioxus", "Dioxus"),
    ("sycamore", "Sycamore"),
    ("egui", "egui"),
    ("eframe", "egui"),
    ("iced", "iced"),
    ("slint", "Slint"),
];

/// A crate, or a workspace of crates.
#[derive(Debug)]
pub(super) struct CargoPart {
    /// Whether it is a workspace's top.
    pub(super) is_workspace: bool,
    /// Whether it is one of a workspace's crates.
    pub(super) is_member: bool,
    /// What it draws with, where it is a front end.
    pub(super) ui: Option<&'static str>,
}

impl CargoPart {
    pub(super) fn describe(&self) -> String {
        match (self.is_workspace, self.ui) {
            (true, _) => "Cargo workspace".to_owned(),
            (false, Some(ui)) => format!("{ui} crate"),
            (false, None) => "Rust crate".to_owned(),
        }
    }
}

/// Reads the crate in `dir`. A member of a workspace is a part of its own only if it is a front end.
pub(super) fn read(tree: &Tree, dir: &str, before: &[Part]) -> Option<CargoPart> {
    let text = tree.text(dir, "Cargo.toml")?;
    let (mut is_package, mut has_workspace, mut has_members, mut ui, mut section) =
        (false, false, false, None, "");
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_matches(['[', ']']).trim();
            is_package |= section == "package";
            has_workspace |= section == "workspace";
        }
        has_members |= section == "workspace" && line.starts_with("members");
        let name = if section.ends_with("dependencies") {
            line.split(['=', '.', ' ']).next().unwrap_or_default()
        } else {
            section.rsplit_once("dependencies.").map_or("", |(_, name)| name)
        };
        ui = ui.or_else(|| UI_CRATES.iter().find(|(ui, _)| *ui == name).map(|(_, name)| *name));
    }
    // A crate says `[workspace]` alone to stay out of one around it.
    let is_workspace = has_workspace && (has_members || !is_package);
    let is_member = !has_workspace
        && before.iter().any(|part| {
            matches!(&part.stack, Stack::Cargo(other) if other.is_workspace) && is_beneath(dir, &part.dir)
        });
    // A workspace's list of versions says nothing about who uses them.
    let ui = ui.filter(|_| !is_workspace);
    (!is_member || ui.is_some()).then_some(CargoPart { is_workspace, is_member, ui })
}
