//! `orchestra propose`: a plan from a file, checked and shown like one of the product manager's.
//!
//! Invariants: without `--check` never below a guard, so that no agent approves what it proposes; nothing is written
//! before a yes to exactly what was shown; the record is the one that the product manager's screen leaves.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use jiff::{Timestamp, Zoned};
use orchestra_core::plan::By;
use orchestra_core::proposal::{
    self, ChangeDraft, ChangeProposal, Draft, Ground, MAX_BYTES, MilestoneProposal, Objection, Proposal,
};
use orchestra_project::documents::CreateError;
use orchestra_project::journal::Journal;
use orchestra_project::layout::Layout;
use orchestra_project::load::Loaded;
use orchestra_project::plans::Agreement;
use orchestra_project::{lock, plans};
use serde::Serialize;

use super::{print_json, status};
use crate::ask;
use crate::cli::ProposeArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{BAD, FAINT, GOOD, STRONG, WAITS, block, shown, styled};

/// How often another number is taken because somebody else took this one.
const ROUNDS: u32 = 10;

/// What a check came to, for a script.
#[derive(Default, Serialize)]
struct Checked<'a> {
    /// Whether it can be taken as it is.
    fits: bool,
    /// The milestone that it is about, or would be.
    milestone: Option<&'a str>,
    objections: &'a [Objection],
    remarks: &'a [String],
    /// What would change, of a change.
    changes: &'a [String],
    /// Commands that would be run.
    commands: &'a [String],
    /// Every file that would be written, by its path below the milestone's folder.
    files: Vec<(&'a str, &'a str)>,
    /// Whether it is written.
    written: bool,
}

pub(super) fn run(context: &Context, args: &ProposeArgs) -> Result<Exit, Failure> {
    if !args.check {
        context.refuse_below_the_worker("propose")?;
    }
    let layout = context.layout()?;
    let text = read(&args.file)?;
    let loaded = context.load(&layout)?;
    let ground = plans::ground(&layout, &loaded.plan);
    match proposal::parse(&text) {
        Err(objection) => Ok(refused(context, args, &[objection])),
        Ok(Proposal::Milestone(proposal)) => milestone(context, args, &layout, &loaded, &ground, &proposal),
        Ok(Proposal::Change(proposal)) => change(context, args, &layout, &loaded, &ground, &proposal),
    }
}

fn milestone(
    context: &Context,
    args: &ProposeArgs,
    layout: &Layout,
    loaded: &Loaded,
    ground: &Ground,
    proposal: &MilestoneProposal,
) -> Result<Exit, Failure> {
    let mut draft = match proposal::draft(proposal, ground, Zoned::now().date()) {
        Ok(draft) => draft,
        Err(objections) => return Ok(refused(context, args, &objections)),
    };
    for _ in 0..ROUNDS {
        show(context, args, &draft.folder, &checked(&draft));
        if args.check {
            return Ok(Exit::DONE);
        }
        if !agrees(context, args, &format!("Create {}?", draft.id))? {
            context.out.line("Nothing was written.");
            return Ok(Exit::USAGE);
        }
        let agreement = trust(context, loaded, &draft.commands)?;
        let (mut journal, _) = Journal::open(layout)?;
        match plans::create(layout, &draft, &mut journal, By::User) {
            Ok(_) => {
                settle(context, agreement)?;
                let Draft { id, .. } = &draft;
                said(context, args, &Checked { written: true, ..checked(&draft) }, || {
                    format!("{} {} is ready.", styled(GOOD, "✔"), styled(STRONG, id))
                });
                if !args.json {
                    status::print_next(context, layout)?;
                }
                return Ok(Exit::DONE);
            }
            Err(CreateError::Exists { .. } | CreateError::NumberTaken { .. }) => {
                // It is shown once more, since it was approved under another name.
                let ground = plans::ground(layout, &context.load(layout)?.plan);
                draft = match draft.renumbered(&ground) {
                    Ok(draft) => draft,
                    Err(objections) => return Ok(refused(context, args, &objections)),
                };
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::usage("others are adding milestones at the same moment; try again"))
}

fn change(
    context: &Context,
    args: &ProposeArgs,
    layout: &Layout,
    loaded: &Loaded,
    ground: &Ground,
    proposal: &ChangeProposal,
) -> Result<Exit, Failure> {
    let draft = match proposal::draft_change(proposal, ground) {
        Ok(draft) => draft,
        Err(objections) => return Ok(refused(context, args, &objections)),
    };
    show(context, args, &draft.folder, &checked_change(&draft));
    if args.check {
        return Ok(Exit::DONE);
    }
    if !agrees(context, args, &format!("Change {}?", draft.milestone))? {
        context.out.line("Nothing was written.");
        return Ok(Exit::USAGE);
    }
    let agreement = trust(context, loaded, &draft.commands)?;
    let (mut journal, _) = Journal::open(layout)?;
    plans::change(layout, &draft, &mut journal, By::User)?;
    settle(context, agreement)?;
    said(context, args, &Checked { written: true, ..checked_change(&draft) }, || {
        format!("{} {} is changed.", styled(GOOD, "✔"), styled(STRONG, &draft.milestone))
    });
    if !args.json && lock::peek(layout)?.is_some() {
        context.out.line("The worker that runs takes it up between phases.");
    }
    Ok(Exit::DONE)
}

fn checked(draft: &Draft) -> Checked<'_> {
    Checked {
        fits: true,
        milestone: Some(draft.id.as_str()),
        remarks: &draft.remarks,
        commands: &draft.commands,
        files: draft.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect(),
        ..Checked::default()
    }
}

fn checked_change(draft: &ChangeDraft) -> Checked<'_> {
    Checked {
        fits: true,
        milestone: Some(draft.milestone.as_str()),
        remarks: &draft.remarks,
        changes: &draft.changes,
        commands: &draft.commands,
        files: draft.files.iter().map(|file| (file.path.as_str(), file.after.as_str())).collect(),
        ..Checked::default()
    }
}

/// Shows all that would be written. A script that wants JSON is told at the end, once.
fn show(context: &Context, args: &ProposeArgs, folder: &str, checked: &Checked<'_>) {
    if args.json {
        if args.check {
            print_json(context, checked);
        }
        return;
    }
    let out = &context.out;
    for (path, text) in &checked.files {
        let path = format!(".orchestra/milestones/{folder}/{path}");
        out.line(styled(STRONG, shown(path)));
        out.line(block(text.trim_end(), "  "));
        out.line("");
    }
    for change in checked.changes {
        out.line(format_args!("· {}", shown(change)));
    }
    for command in checked.commands {
        out.line(format_args!("{} {}", styled(WAITS, "would run:"), shown(command)));
    }
    for remark in checked.remarks {
        out.line(format_args!("{} {}", styled(FAINT, "note:"), shown(remark)));
    }
}

/// Says that it is written, to a person or to a script.
fn said(context: &Context, args: &ProposeArgs, checked: &Checked<'_>, words: impl Fn() -> String) {
    if args.json {
        print_json(context, checked);
    } else {
        context.out.line(words());
    }
}

/// Says everything that is wrong with a proposal.
fn refused(context: &Context, args: &ProposeArgs, objections: &[Objection]) -> Exit {
    if args.json {
        print_json(context, &Checked { objections, ..Checked::default() });
        return Exit::FAILED;
    }
    let out = &context.out;
    out.error(format_args!(
        "{} {}",
        styled(BAD.bold(), "error:"),
        styled(STRONG, "the proposal cannot be taken as it is")
    ));
    for objection in objections {
        out.error(format_args!("  - {}", shown(objection)));
    }
    Exit::FAILED
}

fn agrees(context: &Context, args: &ProposeArgs, question: &str) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    if context.is_terminal && !args.json {
        return ask::yes_or_no(context, question, false);
    }
    let file = if args.file == Path::new("-") { "-".to_owned() } else { crate::context::quoted(&args.file) };
    Err(Failure::usage_with(
        "nobody sits at a terminal to be asked",
        format!("read what would be written, then: {}", context.typed(&format!("propose {file} --yes"))),
    ))
}

/// Who approves commands trusts them by that, before a worker can see them.
fn trust(context: &Context, loaded: &Loaded, commands: &[String]) -> Result<Option<Agreement>, Failure> {
    if commands.is_empty() {
        return Ok(None);
    }
    Ok(Some(plans::trust(&context.trust_store()?, &loaded.trust, commands, Timestamp::now())?))
}

fn settle(context: &Context, agreement: Option<Agreement>) -> Result<(), Failure> {
    match agreement {
        Some(agreement) => Ok(agreement.settle(&context.trust_store()?, Timestamp::now())?),
        None => Ok(()),
    }
}

/// Reads the proposal; `-` is standard input. Not longer than one may be.
fn read(path: &Path) -> Result<String, Failure> {
    let input = |source| Failure::Input { path: path.to_owned(), source };
    let most = MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin().take(most).read_to_end(&mut bytes).map_err(input)?;
    } else {
        File::open(path).map_err(input)?.take(most).read_to_end(&mut bytes).map_err(input)?;
    }
    let text = String::from_utf8(bytes);
    text.map_err(|_not_text| Failure::usage(format!("`{}` is not UTF-8 text", shown(path.display()))))
}
