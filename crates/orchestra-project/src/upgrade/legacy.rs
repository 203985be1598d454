//! What the original orchestrator (1.7) left in a project.

use std::ops::Range;
use std::path::Path;

use crate::file::FileError;
use crate::layout::MAX_ENTRIES;
use crate::scaffold::section::{self, MARKDOWN, fence_after, line_ending};
use crate::scaffold::{AGENTS_SECTION, FileToWrite, Place, ScaffoldError, find_folder, look};

/// The folder with the role files.
const ROLES: &str = ".orchestra/roles";
/// How many files in it are looked at.
const MAX_ROLES: usize = 200;

/// A section of 1.7 in `CLAUDE.md` or `AGENTS.md`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LegacySection {
    /// The file, below the top of the project.
    pub path: String,
    /// The section as it is.
    pub old: String,
    /// What takes its place; empty where our own section is there already.
    pub new: String,
    pub(super) file: FileToWrite,
}

/// A role file of 1.7.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct OldRole {
    /// Its path below the top of the project.
    pub(super) path: String,
    /// All of it.
    pub(super) text: Vec<u8>,
    id: &'static str,
}

/// The roles of the template with the names that their files had or could have had.
const NAMES: [(&str, &[&str]); 6] = [
    ("product-manager", &["product-manager", "pm"]),
    ("architect", &["architect"]),
    ("backend-engineer", &["backend-engineer", "backend"]),
    ("frontend-engineer", &["frontend-engineer", "frontend"]),
    ("code-reviewer", &["code-reviewer", "reviewer"]),
    ("owner", &["owner"]),
];

impl OldRole {
    /// Tells whether this is the role of a file of the template.
    pub(super) fn is_of(&self, template_path: &str) -> bool {
        template_path.strip_prefix("roles/").and_then(|name| name.strip_suffix(".md")) == Some(self.id)
    }

    /// The front matter of `template`, then this file's text, every byte of it.
    pub(super) fn with_front_matter(&self, template: &str) -> Vec<u8> {
        let end = template.match_indices("\n---\n").next().map_or(0, |(at, fence)| at + fence.len());
        let front = template[..end].replace('\n', line_ending(&self.text));
        let text = self.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.text);
        [front.as_bytes(), text].concat()
    }
}

/// Finds the role files that have no front matter. Those that are none of ours are named and stay as they are.
pub(super) fn roles_without_front_matter(
    root: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<OldRole>, ScaffoldError> {
    let mut found: Vec<OldRole> = Vec::new();
    let Some(folder) = find_folder(root, ROLES)? else { return Ok(found) };
    let names = folder.list(MAX_ENTRIES)?.into_iter().filter_map(|(name, _)| name.into_string().ok());
    for name in names.take(MAX_ROLES) {
        let Some(stem) = name.strip_suffix(".md") else { continue };
        let path = format!("{ROLES}/{name}");
        let Some(text) = look(root, &path)? else { continue };
        if has_front_matter(&text) {
            continue;
        }
        let stem = stem.to_ascii_lowercase().replace(['_', ' '], "-");
        let id = NAMES.iter().find(|(_, names)| names.contains(&stem.as_str())).map(|(id, _)| *id);
        match id {
            Some(id) if !found.iter().any(|other| other.id == id) => found.push(OldRole { path, text, id }),
            _ => notes.push(format!(
                "`{path}` has no front matter, so this role may write nothing; add one with `writes`."
            )),
        }
    }
    Ok(found)
}

fn has_front_matter(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|byte| *byte == b'\n').next().is_some_and(|line| line.trim_ascii_end() == b"---")
}

/// Finds the sections of 1.7 in the files that agents read, with what would take their place.
pub(super) fn sections(root: &Path) -> Result<Vec<LegacySection>, ScaffoldError> {
    let mut found = Vec::new();
    for path in ["AGENTS.md", "CLAUDE.md"] {
        let text = match look(root, path) {
            Ok(Some(text)) => text,
            Ok(None) | Err(FileError::Link { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let Some(range) = find_legacy_section(&text) else { continue };
        let new = match MARKDOWN.find(&text) {
            Ok(None) => {
                let plain = MARKDOWN.set(b"", AGENTS_SECTION).unwrap_or_default();
                String::from_utf8_lossy(&plain).replace('\n', line_ending(&text))
            }
            Ok(Some(_)) | Err(_) => String::new(),
        };
        let old = String::from_utf8_lossy(&text[range.clone()]).into_owned();
        // Between ours and a heading that follows stays the blank line that was there.
        let gap = if !new.is_empty() && old.ends_with("\n\n") { "\n" } else { "" };
        let bytes = [&text[..range.start], new.as_bytes(), gap.as_bytes(), &text[range.end..]].concat();
        let file = FileToWrite { place: Place::Project(path.to_owned()), old: Some(text), new: bytes };
        found.push(LegacySection { path: path.to_owned(), old, new, file });
    }
    Ok(found)
}

/// Finds the section that 1.7 put into a file for agents.
///
/// What its marks looked like is known only so far: it was a marked section. So this is the rule, outside of code
/// blocks and of our own section:
///
/// 1. A line that is an HTML comment with `orchestra` in it (in any letter case, so `orchestrator` too) and no word
///    for an end, up to the next such comment with one of `end`, `stop`, `finish` or a `/` before the name.
/// 2. Else a heading of the second level or below with `orchestrat` in it, up to the next heading of its level or
///    above, or the end of the file, if the text below it speaks of `.orchestra`, milestones or phases.
///
/// It is a guess, so the person is shown the section before it is replaced.
pub fn find_legacy_section(text: &[u8]) -> Option<Range<usize>> {
    let own = section::MARKDOWN.find(text).ok().flatten();
    let mut lines = Vec::new();
    let (mut at, mut fence) = (0, None);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let trimmed = line.trim_ascii();
        let was_open = fence.is_some();
        fence = fence_after(fence, trimmed);
        let is_ours = own.is_some_and(|(start, end)| at >= start && at < end);
        if !was_open && fence.is_none() && !is_ours {
            let words = String::from_utf8_lossy(trimmed).to_lowercase();
            lines.push((at..at + line.len(), words));
        }
        at += line.len();
    }
    by_comments(&lines).or_else(|| by_heading(&lines, text))
}

fn by_comments(lines: &[(Range<usize>, String)]) -> Option<Range<usize>> {
    let comment = |words: &str| -> Option<bool> {
        let inner = words.strip_prefix("<!--")?.strip_suffix("-->")?;
        let names = inner.contains("orchestra") && inner.len() < 200;
        let ends =
            inner.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "end" | "stop" | "finish"))
                || inner.contains("/orchestra")
                || inner.trim_start().starts_with('/');
        names.then_some(ends)
    };
    let begin = lines.iter().position(|(_, words)| comment(words) == Some(false))?;
    let end = lines[begin..].iter().find(|(_, words)| comment(words) == Some(true))?;
    Some(lines[begin].0.start..end.0.end)
}

fn by_heading(lines: &[(Range<usize>, String)], text: &[u8]) -> Option<Range<usize>> {
    let level = |words: &str| {
        let level = words.bytes().take_while(|byte| *byte == b'#').count();
        ((1..=6).contains(&level) && words[level..].starts_with(' ')).then_some(level)
    };
    lines.iter().enumerate().find_map(|(index, (range, words))| {
        let depth = level(words).filter(|depth| *depth >= 2 && words.contains("orchestrat"))?;
        let next =
            lines[index + 1..].iter().find(|(_, words)| level(words).is_some_and(|other| other <= depth));
        let section = range.start..next.map_or(text.len(), |(range, _)| range.start);
        let body = String::from_utf8_lossy(&text[range.end..section.end]).to_lowercase();
        ["`.orchestra", ".orchestra/", "milestone", "phase"]
            .iter()
            .any(|word| body.contains(word))
            .then_some(section)
    })
}
