//! What a question is about, shown before it is answered without being named.
//!
//! An answer is bound to the hash of what was asked about. What has changed since is not shown as if it were that.

use std::ffi::OsStr;
use std::path::Path;

use orchestra_core::config::trust;
use orchestra_core::id::{GateId, MilestoneId};
use orchestra_core::path::ContentHash;
use orchestra_core::repo::{PushTarget, Survey};
use orchestra_core::worker::{Memory, Open};
use orchestra_git::standing::head;
use orchestra_git::survey::survey;
use orchestra_project::folder::Folder;
use orchestra_project::layout::{Layout, MAX_DOCUMENT, ORCHESTRA};

use crate::context::Context;
use crate::failure::Failure;
use crate::out::{FAINT, STRONG, WAITS, block, shown, styled};

/// Shows the question and what it is about. An error where that is not what was asked about any more.
pub(super) fn show(
    context: &Context,
    layout: &Layout,
    memory: &Memory,
    gate: &GateId,
    open: &Open,
) -> Result<(), Failure> {
    let changed = || {
        let what = format!(
            "what `{gate}` asks about has changed since it was asked, or the worker has other settings than this command"
        );
        let hint = "the worker asks anew when something has changed; name the gate to answer what it showed";
        Err(Failure::usage_with(what, hint))
    };
    match (open.question.as_str(), &open.milestone) {
        ("rfc", Some(milestone)) => {
            let (path, text) = rfc(context, layout, milestone)?;
            if ContentHash::of(&text) != open.of {
                return changed();
            }
            context.out.line(styled(FAINT, format_args!("── {}", shown(&path))));
            context.out.line(block(&String::from_utf8_lossy(&text), ""));
            context.out.line(styled(FAINT, "──"));
        }
        ("push", Some(milestone)) => {
            let found = find_survey(context, layout, memory, milestone)?;
            if found.hash() != open.of {
                return changed();
            }
            show_survey(context, milestone, &found);
        }
        ("trust", _) => {
            let items = context.load(layout)?.trust;
            if trust::hash_of(&items) != open.of {
                return changed();
            }
            for item in items {
                context.out.line(format_args!("  {item}"));
            }
        }
        // The question's own sentence says all of it.
        _ => {}
    }
    for line in &open.about {
        context.out.line(format_args!("  {} {}", styled(WAITS, "·"), shown(line)));
    }
    let of = open.milestone.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let id = styled(STRONG, gate);
    context.out.line(format_args!("{} {id}{of}  {}", styled(WAITS, "🚦"), shown(&open.text)));
    Ok(())
}

/// The design's document, with its path as git has it.
fn rfc(context: &Context, layout: &Layout, milestone: &MilestoneId) -> Result<(String, Vec<u8>), Failure> {
    let plan = context.load(layout)?.plan;
    let folder = plan.find(milestone).map_or(milestone.as_str(), |milestone| milestone.folder.as_str());
    let above = format!("{ORCHESTRA}/milestones/{folder}");
    let path = format!("{above}/rfc.md");
    let opened = Folder::open(layout.root())?.open_beneath(Path::new(&above))?;
    let text = opened.read(OsStr::new("rfc.md"), MAX_DOCUMENT)?.map(|plain| plain.bytes);
    Ok((path, text.unwrap_or_default()))
}

fn find_survey(
    context: &Context,
    layout: &Layout,
    memory: &Memory,
    milestone: &MilestoneId,
) -> Result<Survey, Failure> {
    let loaded = context.load(layout)?;
    let push = &Context::config(&loaded)?.config.push;
    let named = memory.recall(milestone).push_branch;
    let branch = named.or_else(|| push.branch_for(milestone));
    let repo = context.open_repo(None)?;
    Ok(survey(&repo, push.remote.as_deref(), branch.as_deref(), &head(&repo)?.commit)?)
}

fn show_survey(context: &Context, milestone: &MilestoneId, survey: &Survey) {
    match &survey.target {
        PushTarget::Remote { name, url, branch } => {
            let to = format!("{} ({}), branch {}", shown(name), shown(url), shown(branch));
            context.out.line(format_args!("to {}", styled(STRONG, to)));
        }
        PushTarget::Missing => context.out.line("There is no remote."),
        PushTarget::Ambiguous { remotes } => {
            context.out.line(format_args!("There are several remotes: {}", shown(remotes.join(", "))));
        }
    }
    for commit in &survey.commits {
        let is_own = commit.of.as_ref().is_some_and(|(of, _)| of == milestone);
        let note = if is_own { String::new() } else { styled(WAITS, "  not this milestone's") };
        context.out.line(format_args!("  {} {}{note}", commit.id.short(), shown(&commit.subject)));
    }
    for file in &survey.files {
        let stat = match (file.added, file.removed) {
            (Some(added), Some(removed)) => format!("+{added} −{removed}"),
            _ => "binary".to_owned(),
        };
        context.out.line(format_args!("    {}  {}", shown(&file.path), styled(FAINT, stat)));
    }
}
