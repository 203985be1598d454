//! The documents of a milestone that is added in one line, without a model.

use jiff::civil::Date;
use orchestra_core::id::{IdError, MilestoneId, RoleId};
use orchestra_core::plan::Priority;
use orchestra_core::proposal::naming;

use super::render::{fill, quoted, visible};

const MILESTONE: &str = include_str!("../../../../template/new-milestone/milestone.md");
const PRD: &str = include_str!("../../../../template/new-milestone/prd.md");
const PHASE: &str = include_str!("../../../../template/new-milestone/phase-1.md");

/// How long a title may be, in characters.
const TITLE: usize = 72;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewMilestone<'a> {
    /// The person's words.
    pub request: &'a str,
    /// Who builds it.
    pub role: &'a RoleId,
    /// How urgent it is.
    pub priority: Priority,
    /// Today.
    pub created: Date,
}

/// A milestone's documents, to be written as one folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MilestoneFiles {
    /// Its id, which is also its folder's name.
    pub id: MilestoneId,
    /// Texts by their paths below the folder.
    pub files: Vec<(&'static str, String)>,
}

/// Writes the documents of one milestone with one phase. Its number is the one after the highest in `existing`.
pub fn new_milestone<'a>(
    new: &NewMilestone<'_>,
    existing: impl IntoIterator<Item = &'a MilestoneId>,
) -> Result<MilestoneFiles, IdError> {
    let id = naming::next_id(new.request, existing)?;
    let title = title(new.request);
    let (quoted_title, request) = (quoted(&title), quote(new.request));
    let (priority, created) = (new.priority.to_string(), new.created.to_string());
    // A heading is one line of text; a sign at its front would make it something else.
    let heading = title.trim_start_matches(['#', '>', '-', '+', '*', ' ']).to_owned();
    let values = [
        ("id", id.as_str()),
        ("title", &quoted_title),
        ("heading", if heading.is_empty() { id.as_str() } else { &heading }),
        ("priority", &priority),
        ("created", &created),
        ("role", new.role.as_str()),
        ("request", &request),
    ];
    let files = [("milestone.md", MILESTONE), ("prd.md", PRD), ("phases/phase-1.md", PHASE)]
        .map(|(path, text)| (path, fill(text, &values)))
        .to_vec();
    Ok(MilestoneFiles { id, files })
}

/// The first line that says something, cut to the length of a title.
fn title(request: &str) -> String {
    let words = request.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line = visible(&words.split_whitespace().collect::<Vec<_>>().join(" "));
    if line.chars().count() <= TITLE {
        return line;
    }
    let cut: String = line.chars().take(TITLE - 1).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole_words}…")
}

/// The request as a block quote: whatever it holds, a heading or a fence, ends with the quote.
fn quote(request: &str) -> String {
    let lines = request.trim().lines().map(|line| format!("> {}", visible(line)).trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
