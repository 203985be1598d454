//! A new milestone as it would be written: every file, the commands it brings, and what is odd about it.

use jiff::civil::Date;

use super::objection::{Objection, Sheet};
use super::render::{self, Whole};
use super::text::{self, CRITERION, DOCUMENT, PASSAGE, TITLE};
use super::{Ground, MAX_BYTES, MilestoneProposal, naming, overlap, phases};
use crate::diagnostic::Diagnostic;
use crate::document::findings::{hint_for, shown};
use crate::document::{self, MilestoneSource, SourceFile};
use crate::id::{MilestoneId, PhaseId};
use crate::path::ContentHash;
use crate::plan::{Complexity, Milestone, MilestoneStatus, Priority};

/// How many phases a milestone has at most: one goal that a user would recognise.
pub const MAX_PHASES: usize = 8;
/// How many criteria it has at most.
pub const MAX_CRITERIA: usize = 12;

/// A new milestone as it would be written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draft {
    /// Its id.
    pub id: MilestoneId,
    /// Its title.
    pub title: String,
    /// The folder's name below `milestones/`: the id.
    pub folder: String,
    /// Every file by its path below the folder, with its text.
    pub files: Vec<(String, String)>,
    /// Commands that its phases would run. Who approves the draft trusts them by that.
    pub commands: Vec<String>,
    /// What is odd about it and stops nothing: for the person and for the model.
    pub remarks: Vec<String>,
    /// The hash of all of it: what an approval is bound to.
    pub of: ContentHash,
}

/// Checks a proposal and writes the documents that it would become, or says everything that is wrong with it.
pub fn draft(proposal: &MilestoneProposal, ground: &Ground, created: Date) -> Result<Draft, Vec<Objection>> {
    let mut sheet = Sheet::default();
    too_long(&mut sheet, proposal);
    if !sheet.is_clean() {
        return Err(sheet.finish().err().unwrap_or_default());
    }
    let title = title(&mut sheet, &proposal.title);
    let priority = priority(&mut sheet, proposal.priority.as_deref());
    let depends_on = depends_on(&mut sheet, ground, &proposal.depends_on);
    text::needed_prose(&mut sheet, "summary", &proposal.summary, PASSAGE);
    text::needed_prose(&mut sheet, "prd", &proposal.prd, DOCUMENT);
    text::prose(&mut sheet, "grooming", &proposal.grooming, DOCUMENT);
    let count = proposal.criteria.len();
    some(&mut sheet, "criteria", count, MAX_CRITERIA, "how can somebody tell that it works?");
    let criteria = text::criteria(&mut sheet, "criteria", &proposal.criteria, &[]);
    let count = proposal.out_of_scope.len();
    some(
        &mut sheet,
        "out_of_scope",
        count,
        MAX_CRITERIA,
        "say what one could take for a part of it and is none",
    );
    let out_of_scope: Vec<String> = proposal
        .out_of_scope
        .iter()
        .enumerate()
        .map(|(index, text)| text::line(&mut sheet, &format!("out_of_scope[{index}]"), text, CRITERION))
        .collect();
    let count = proposal.phases.len();
    some(&mut sheet, "phases", count, MAX_PHASES, "one phase is one commit of one role");
    let planned = phases::all(&mut sheet, &proposal.phases, &ground.plan.roles);
    skip(&mut sheet, proposal, &planned);
    let id = naming::next_id(&title, &naming::taken(&ground.plan));
    let id = id.map_err(|error| sheet.object("title", error.to_string(), "")).ok();
    let (true, Some(id)) = (sheet.is_clean(), id) else {
        return Err(sheet.finish().err().unwrap_or_default());
    };
    for remark in overlap::remarks(ground, &planned, &criteria) {
        sheet.remark(remark);
    }
    let files = render::files(&Whole {
        id: &id,
        title: &title,
        priority,
        depends_on: &depends_on,
        created,
        summary: &proposal.summary,
        criteria: &criteria,
        out_of_scope: &out_of_scope,
        prd: &proposal.prd,
        grooming: &proposal.grooming,
        skip_rfc: proposal.skip_rfc.as_deref(),
        phases: &planned,
    });
    Draft::of_files(&id, files, ground, sheet)
}

impl Draft {
    /// The same milestone with files that a person has edited: read again, and refused only where it cannot be read.
    pub fn with_files(&self, files: Vec<(String, String)>, ground: &Ground) -> Result<Self, Vec<Objection>> {
        let mut sheet = Sheet::default();
        for (path, _) in &files {
            let is_phase = path
                .strip_prefix("phases/")
                .and_then(|name| name.strip_suffix(".md"))
                .is_some_and(|id| PhaseId::parse(id).is_ok());
            if !is_phase && !["milestone.md", "prd.md", "grooming.md"].contains(&path.as_str()) {
                sheet.object(path.clone(), "this is none of a new milestone's files", "take it out");
            }
        }
        for remark in &self.remarks {
            sheet.remark(remark.clone());
        }
        Self::of_files(&self.id, files, ground, sheet)
    }

    /// The same milestone under the next free number, where somebody else took this one meanwhile.
    pub fn renumbered(&self, ground: &Ground) -> Result<Self, Vec<Objection>> {
        let failed =
            |what: String| vec![Objection { at: "milestone.md".to_owned(), what, hint: String::new() }];
        let id = naming::next_id(&self.title, &naming::taken(&ground.plan))
            .map_err(|error| failed(error.to_string()))?;
        let mut files = self.files.clone();
        for (_, text) in files.iter_mut().filter(|(path, _)| path == "milestone.md") {
            *text = document::with_id(text, &id).map_err(|error| failed(error.to_string()))?;
        }
        Self { id, ..self.clone() }.with_files(files, ground)
    }

    /// Reads files as the worker will.
    fn of_files(
        id: &MilestoneId,
        files: Vec<(String, String)>,
        ground: &Ground,
        mut sheet: Sheet,
    ) -> Result<Self, Vec<Objection>> {
        let milestone = match read(id.as_str(), &files, ground) {
            Ok((milestone, warnings)) => {
                for warning in &warnings {
                    sheet.remark(in_a_line(warning));
                }
                Some(milestone)
            }
            Err(faults) => {
                for fault in faults {
                    let at = format!("{}:{}:{}", fault.path, fault.line, fault.column);
                    sheet.object(at, fault.expected, fault.hint);
                }
                None
            }
        };
        if let Some(found) = milestone.as_ref().filter(|found| found.id != *id) {
            sheet.object(
                "milestone.md",
                format!("its id is {} and was {id}", found.id),
                "leave the id as it was",
            );
        }
        let remarks = sheet.finish()?;
        let Some(milestone) = milestone else { return Err(Vec::new()) };
        let mut commands: Vec<String> =
            milestone.phases.iter().flat_map(|phase| phase.verify.clone().unwrap_or_default()).collect();
        commands.sort();
        commands.dedup();
        let parts = files.iter().flat_map(|(path, text)| [path.as_bytes(), text.as_bytes()]);
        let of = ContentHash::of_parts(std::iter::once(id.as_str().as_bytes()).chain(parts));
        let (title, folder) = (milestone.title, id.to_string());
        Ok(Self { id: id.clone(), title, folder, files, commands, remarks, of })
    }
}

/// Reads a milestone's files and checks it among the others. Only what concerns it is told.
pub(super) fn read(
    folder: &str,
    files: &[(String, String)],
    ground: &Ground,
) -> Result<(Milestone, Vec<Diagnostic>), Vec<Diagnostic>> {
    let source =
        |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let find = |name: &str| files.iter().find(|(path, _)| path == name);
    let phases = files.iter().filter(|(path, _)| path.starts_with("phases/"));
    let source = MilestoneSource {
        folder: folder.to_owned(),
        milestone: find("milestone.md").map(|(path, text)| source(path, text)),
        context: None,
        phases: phases.map(|(path, text)| source(path, text)).collect(),
        rfc: None,
    };
    let parsed = document::parse_milestone(&source, &ground.plan.roles);
    let (read, mut warnings) = (parsed.result?, parsed.warnings);
    let own = read.milestone.id.clone();
    let others = ground.plan.milestones.iter().filter(|other| other.id != own && other.folder != folder);
    let at = document::Place::START;
    let others = others.map(|other| document::ReadMilestone {
        milestone: other.clone(),
        path: other.folder.clone(),
        id_at: at,
        depends_on_at: vec![at; other.depends_on.len()],
    });
    let all = others.chain([read]).collect();
    let mut plan = document::check_plan(all, Vec::new(), ground.plan.set_aside.clone());
    if let Some(aside) = plan.set_aside.iter().position(|aside| aside.folder == folder) {
        return Err(plan.set_aside.swap_remove(aside).diagnostics);
    }
    warnings.extend(plan.warnings.iter().filter(|warning| warning.path == "milestone.md").cloned());
    match plan.find(&own) {
        Some(milestone) => Ok((milestone.clone(), warnings)),
        None => Err(Vec::new()),
    }
}

/// A diagnostic of a document that is not written yet.
pub(super) fn in_a_line(warning: &Diagnostic) -> String {
    format!("{}: {} ({})", warning.path, warning.expected, warning.hint)
}

fn too_long(sheet: &mut Sheet, proposal: &MilestoneProposal) {
    // A value of plain data always becomes JSON.
    let bytes = serde_json::to_vec(proposal).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_BYTES {
        sheet.object("", format!("{bytes} bytes are too many"), format!("at most {MAX_BYTES} in all"));
    }
}

fn title(sheet: &mut Sheet, title: &str) -> String {
    let title = text::line(sheet, "title", title, TITLE);
    if !title.is_empty() && !title.chars().any(char::is_alphanumeric) {
        sheet.object("title", "no word is in it", "name the goal in a few words");
    }
    if title.to_lowercase().contains(" and ") {
        sheet.remark("title: two goals in one milestone? One that a user would recognise is easier to build and to review");
    }
    title
}

fn priority(sheet: &mut Sheet, word: Option<&str>) -> Priority {
    let Some(word) = word else { return Priority::P1 };
    Priority::parse(word).unwrap_or_else(|| {
        let what = format!("{} is no priority", shown(word));
        sheet.object("priority", what, hint_for(word, Priority::WORDS));
        Priority::P1
    })
}

fn depends_on(sheet: &mut Sheet, ground: &Ground, named: &[String]) -> Vec<MilestoneId> {
    let known: Vec<&str> = ground.plan.milestones.iter().map(|milestone| milestone.id.as_str()).collect();
    let mut found = Vec::new();
    for (index, name) in named.iter().enumerate() {
        let at = format!("depends_on[{index}]");
        match MilestoneId::parse(name.trim()).ok().and_then(|id| ground.plan.resolve(&id)) {
            None => {
                let what = format!("there is no milestone {}", shown(name));
                sheet.object(at, what, hint_for(name, &known));
            }
            Some(other) if other.status == MilestoneStatus::Dropped => {
                let what = format!("{} was dropped: this would wait for ever", other.id);
                sheet.object(at, what, "take it out");
            }
            Some(other) if found.contains(&other.id) => {}
            Some(other) => found.push(other.id.clone()),
        }
    }
    found
}

fn some(sheet: &mut Sheet, at: &str, count: usize, most: usize, hint: &str) {
    if count == 0 {
        sheet.object(at, "there are none", hint);
    }
    if count > most {
        let what = format!("{count} are too many for one milestone");
        sheet.object(at, what, format!("at most {most}: propose a smaller one, and the rest as another"));
    }
}

/// Without a design only what needs none is built.
fn skip(sheet: &mut Sheet, proposal: &MilestoneProposal, planned: &[phases::Planned]) {
    let Some(reason) = &proposal.skip_rfc else { return };
    text::needed_prose(sheet, "skip_rfc", reason, PASSAGE);
    let needs_one = |phase: &&phases::Planned| {
        let is_small = matches!(phase.complexity, Some(Complexity::Trivial | Complexity::Quick));
        !is_small && phase.role.id.as_str() != crate::plan::REVIEWER
    };
    if let Some(phase) = planned.iter().find(needs_one) {
        sheet.object(
            "skip_rfc",
            format!("the phase {} is neither trivial nor quick", shown(&phase.title)),
            "leave `skip_rfc` out, or say of every phase that it is trivial or quick where that is true",
        );
    }
    if planned.first().is_some_and(|phase| phase.role.id.as_str() == crate::plan::ARCHITECT) {
        sheet.object("skip_rfc", "the first phase is the design", "leave one of the two out");
    }
}
