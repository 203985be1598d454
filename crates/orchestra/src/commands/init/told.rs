//! What `init` says.

use orchestra_core::repo::Obstacle;
use orchestra_core::words::counted;
use orchestra_git::standing::standing;
use orchestra_project::scaffold::Written;

use super::Setting;
use crate::commands::preflight::HOW_TO_GET_ONE;
use crate::failure::Failure;
use crate::out::{FAINT, GOOD, STRONG, TYPED, WAITS, shown, styled};

pub(super) fn project(setting: &Setting<'_>) {
    let (root, kind) = (shown(setting.root.display()), shown(&setting.detection.kind));
    setting.context.out.line(format_args!("{}  {kind}", styled(STRONG, root)));
    notes(setting, &setting.detection.notes);
}

pub(super) fn notes(setting: &Setting<'_>, notes: &[String]) {
    for note in notes {
        setting.context.out.line(format_args!("  {} {}", styled(WAITS, "note:"), shown(note)));
    }
}

pub(super) fn written(setting: &Setting<'_>, written: &Written) {
    let out = &setting.context.out;
    let count = written.files.len() + usize::from(written.excluded.is_some());
    out.line(format_args!("{} Wrote {}:", styled(GOOD, "✔"), counted(count, "file")));
    for path in &written.files {
        out.line(format_args!("    {}", shown(path)));
    }
    if let Some(path) = &written.excluded {
        let note = styled(FAINT, "(keeps `.orchestra` out of git)");
        out.line(format_args!("    {}  {note}", shown(path.display())));
    }
}

/// Which agent plays the roles, or how to get one. What was configured before stays as it is, here or not.
pub(super) fn agents(setting: &Setting<'_>, written: &Written) -> Result<(), Failure> {
    let (context, agents) = (setting.context, &setting.agents);
    let out = &context.out;
    if !written.files.iter().any(|path| path == ".orchestra/config.yaml") {
        return Ok(());
    }
    let loaded = context.load(&context.layout()?)?;
    let Ok(resolved) = &loaded.config.result else { return Ok(()) };
    let config = &resolved.config;
    let Some(chosen) = &config.default_agent else {
        out.line(format_args!("{} No agent was found on this machine.", styled(WAITS, "·")));
        out.line(format_args!("    {HOW_TO_GET_ONE}"));
        return Ok(());
    };
    out.line(format_args!("{} `{chosen}` plays every role.", styled(GOOD, "✔")));
    if !agents.found.iter().any(|agent| agent.name == *chosen) {
        let note = "was not found on this machine: `orchestra doctor` says what it needs";
        out.line(format_args!("    {chosen}: {}", styled(WAITS, note)));
    }
    let described = agents.found.iter().zip(&agents.lines);
    for (agent, line) in described.filter(|(agent, _)| config.agents.contains_key(&agent.name)) {
        let note = if agent.name == *chosen { "" } else { "  (described too)" };
        out.line(format_args!("    {}{}", shown(line), styled(FAINT, note)));
    }
    Ok(())
}

/// What is in the way of a start, such as a branch without a commit: better now than when work is wanted.
pub(super) fn obstacle(setting: &Setting<'_>) -> Result<(), Failure> {
    if let Err(Obstacle { what, hint }) = standing(&setting.repo)? {
        let out = &setting.context.out;
        out.line(format_args!("{} {} `orchestra start` needs this first:", styled(WAITS, "·"), shown(what)));
        out.line(format_args!("    {}", styled(TYPED, shown(hint))));
    }
    Ok(())
}
