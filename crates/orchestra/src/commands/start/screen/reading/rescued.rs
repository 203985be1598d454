//! What was saved before it was taken out of the tree.

use orchestra_git::rescue::{self, PatchFor, Rescued};
use orchestra_tui::{Reading, Want};

use super::{PATCH, Place};
use crate::commands::rescue::{facts_of, name_of, stat_of};

impl Place {
    /// Everything that was saved, of which one can be opened.
    pub(super) fn rescued(&self) -> Reading {
        match rescue::list(&self.repo) {
            Ok(saved) if saved.is_empty() => {
                Reading::Nothing("nothing was ever taken out of this tree".to_owned())
            }
            Ok(saved) => {
                let row = |saved: &Rescued| {
                    let name = name_of(&saved.reference).to_owned();
                    (format!("{name}  {}  {}", facts_of(saved), saved.subject), Want::Saved { name })
                };
                // What was saved last is what one looks for.
                let mut saved: Vec<&Rescued> = saved.iter().collect();
                saved.sort_by_key(|saved| std::cmp::Reverse(saved.saved_at));
                let head = "`orchestra rescue restore NAME` brings one back.\n\n".to_owned();
                Reading::List { head, rows: saved.into_iter().map(row).collect() }
            }
            Err(error) => Reading::Nothing(error.to_string()),
        }
    }

    /// One of them: its files with what they differ by, and the patch against what it was saved over.
    pub(super) fn saved(&self, name: &str) -> Reading {
        let shown = match rescue::show(&self.repo, name, PatchFor::Reading { limit: PATCH }) {
            Ok(shown) => shown,
            Err(error) => return Reading::Nothing(error.to_string()),
        };
        let files: Vec<String> =
            shown.paths.iter().map(|path| format!("  {path}{}", stat_of(&shown, path))).collect();
        let cut = match shown.cut {
            0 => String::new(),
            cut => format!("\n… cut here: {cut} more bytes\n"),
        };
        let text = format!(
            "{}  {}\n{}\nback: orchestra rescue restore {name}\n\n{}{cut}",
            facts_of(&shown.what),
            shown.what.subject,
            files.join("\n"),
            String::from_utf8_lossy(&shown.patch),
        );
        Reading::Patch(text)
    }
}
