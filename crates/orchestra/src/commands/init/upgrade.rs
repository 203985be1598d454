//! `orchestra init --upgrade`: what is planned is shown, and what replaces a person's text is asked about.

use orchestra_core::plan::Format;
use orchestra_project::scaffold::{self, Plan, Written};
use orchestra_project::upgrade::{self, Change, LegacySection, Step};

use super::{Setting, told};
use crate::ask;
use crate::failure::Failure;
use crate::out::{BAD, FAINT, GOOD, STRONG, WAITS, block, shown, styled};

/// Brings the project up to date. `None` where nothing was written.
pub(super) fn run(setting: &Setting<'_>) -> Result<Option<Written>, Failure> {
    let out = &setting.context.out;
    let upgrade = upgrade::plan(setting.root, &setting.detection, &setting.agents.found, &setting.options)?;
    told::notes(setting, &upgrade.notes);
    for step in &upgrade.steps {
        out.line(format_args!("  {}", line_of(step)));
    }
    let replaces = replace_legacy(setting, &upgrade.legacy)?;
    let mut written = upgrade::write(setting.root, &upgrade, replaces)?;
    let rewritten = rewrite_milestones(setting)?;
    written.files.extend(rewritten.files);
    if written.files.is_empty() && written.excluded.is_none() {
        out.line(format_args!("{} Nothing was changed: this is up to date.", styled(STRONG, "✔")));
        return Ok(None);
    }
    Ok(Some(written))
}

fn line_of(step: &Step) -> String {
    let path = shown(&step.path);
    match &step.change {
        Change::Added => format!("{} {path}  new", styled(GOOD, "+")),
        Change::Replaced => format!("{} {path}  brought up to date", styled(GOOD, "~")),
        Change::Beside { path: beside } => {
            let beside = shown(beside);
            format!("{} {path}  has your changes and stays; ours is {beside}", styled(WAITS, "≠"))
        }
        Change::Kept => format!("{} {path}  has your changes and stays", styled(FAINT, "=")),
        Change::StaysDeleted => format!("{} {path}  was deleted and stays deleted", styled(FAINT, "=")),
        Change::GivenFrontMatter => {
            format!("{} {path}  gets front matter; its text stays", styled(GOOD, "~"))
        }
        Change::Released => format!("{} {path}  is yours alone from now on", styled(FAINT, "=")),
        Change::SectionRefreshed => {
            format!("{} {path}  our section is brought up to date", styled(GOOD, "~"))
        }
    }
}

/// Shows each section of 1.7 with what would take its place, and asks.
fn replace_legacy(setting: &Setting<'_>, sections: &[LegacySection]) -> Result<bool, Failure> {
    let context = setting.context;
    if sections.is_empty() {
        return Ok(false);
    }
    for section in sections {
        let path = shown(&section.path);
        context.out.line(format_args!("{} has a section of Orchestra 1.7:", styled(STRONG, path)));
        context.out.line(styled(BAD, block(&section.old, "  - ")));
        if section.new.is_empty() {
            context.out.line(styled(FAINT, "  (this version's section is there already)"));
        } else {
            context.out.line(styled(GOOD, block(&section.new, "  + ")));
        }
    }
    let asked = asked(setting, "Replace it so?", true)?;
    if !asked {
        let note = "The section of 1.7 stays. It may tell agents to commit, which the worker does now.";
        context.out.line(format_args!("{} {note}", styled(WAITS, "·")));
    }
    Ok(asked)
}

/// Offers to rewrite milestones of 1.7, which work as they are.
fn rewrite_milestones(setting: &Setting<'_>) -> Result<Written, Failure> {
    let context = setting.context;
    let plan = context.load(&context.layout()?)?.plan;
    let (mut files, mut names) = (Vec::new(), Vec::new());
    for milestone in plan.milestones.iter().filter(|milestone| milestone.format == Format::V17) {
        let rewrite = upgrade::milestone::rewrite(setting.root, milestone, &plan.roles)?;
        told::notes(setting, &rewrite.notes);
        if !rewrite.files.is_empty() {
            names.push(milestone.folder.clone());
            files.extend(rewrite.files);
        }
    }
    if files.is_empty() {
        return Ok(Written::default());
    }
    let list = shown(names.join(", "));
    context.out.line(format_args!("Milestones of Orchestra 1.7, which work as they are: {list}"));
    let question = "Rewrite them with front matter? Their text stays.";
    if !asked(setting, question, false)? {
        return Ok(Written::default());
    }
    Ok(scaffold::write(setting.root, &Plan { files, ..Plan::default() })?)
}

/// Yes by `--yes`, what the person says at a terminal, else no.
fn asked(setting: &Setting<'_>, question: &str, default: bool) -> Result<bool, Failure> {
    if setting.args.yes {
        return Ok(true);
    }
    if !setting.context.is_terminal {
        return Ok(false);
    }
    ask::yes_or_no(setting.context, question, default)
}
