//! Where a push would go, and whether the remote would take one.

use std::time::Duration;

use orchestra_core::config::GatePolicy;
use orchestra_core::plan::MilestoneStatus;
use orchestra_core::repo::{CommitId, PushTarget};
use orchestra_core::schedule;
use orchestra_git::fault::Fault;
use orchestra_git::push::{PushOrder, PushOutcome, push_dry_run};
use orchestra_git::standing::head;
use orchestra_git::survey::survey;

use super::Subject;
use crate::commands::check::{Check, with_causes};
use crate::failure::Failure;

const NAME: &str = "push";
/// How long the remote may take to answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks the remote whether it would take the branch as it is now.
pub(super) fn try_push(subject: &Subject<'_>) -> Check {
    let (commit, target) = match find(subject) {
        Ok(found) => found,
        Err(check) => return check,
    };
    let PushTarget::Remote { name, url, branch } = target else { return without_target(&target) };
    let to = format!("{name} ({url}), branch {branch}");
    if !subject.is_trusted {
        return Check::note(
            NAME,
            format!("would go to {to}; not tried, because this project is not trusted"),
        );
    }
    let order = PushOrder { remote: name, url: Some(url), commit, branch, timeout: PATIENCE };
    match push_dry_run(subject.repo, &order) {
        Ok(PushOutcome::Accepted) => Check::good(NAME, format!("{to} would take it")),
        Ok(PushOutcome::Rejected { words }) => Check::bad(
            NAME,
            format!("{to} would not take it:\n{words}"),
            "git pull --rebase, or ask its owner",
        ),
        Ok(PushOutcome::Unreachable { words }) => {
            let hint =
                "git push --dry-run has to work without a question: an agent for keys, stored credentials";
            Check::bad(NAME, format!("{to} could not be reached:\n{words}"), hint)
        }
        Err(error) => {
            let found = format!("{to}: {}", with_causes(&error));
            Check::bad(NAME, found, "git push --dry-run shows it")
        }
    }
}

/// Says where a push would go, without asking anybody.
pub(super) fn look_at_target(subject: &Subject<'_>) -> Check {
    match find(subject) {
        Ok((_, PushTarget::Remote { name, url, branch })) => {
            Check::good(NAME, format!("would go to {name} ({url}), branch {branch}"))
        }
        Ok((_, target)) => Check::note(NAME, without_target(&target).found),
        Err(check) => check,
    }
}

fn find(subject: &Subject<'_>) -> Result<(CommitId, PushTarget), Check> {
    let config = &subject.resolved.config;
    if config.gates.push == GatePolicy::Never {
        return Err(Check::good(NAME, "nothing is pushed here (gates.push: never)"));
    }
    // A branch that is named after the milestone is tried with the one that comes next.
    let mut waiting: Vec<_> =
        subject.plan.milestones.iter().filter(|one| one.status != MilestoneStatus::Done).collect();
    waiting.sort_by(|one, two| schedule::picking_order(one, two));
    let branch = match (&config.push.branch, waiting.first()) {
        (Some(branch), None) if branch.contains("{milestone}") => {
            return Err(Check::note(NAME, format!("no milestone is there yet to fill in `{branch}`")));
        }
        (_, Some(next)) => config.push.branch_for(&next.id),
        (branch, None) => branch.clone(),
    };
    let looked = head(subject.repo).and_then(|head| {
        let found = survey(subject.repo, config.push.remote.as_deref(), branch.as_deref(), &head.commit)?;
        Ok((head.commit, found.target))
    });
    looked.map_err(|fault| match fault {
        Fault::NoHead => Check::note(NAME, "not looked at, because the branch has no commit"),
        fault => Check::failed(subject.context, NAME, &Failure::Git(fault)),
    })
}

fn without_target(target: &PushTarget) -> Check {
    match target {
        PushTarget::Ambiguous { remotes } => Check::bad(
            NAME,
            format!("there are several remotes: {}", remotes.join(", ")),
            "name one under `push:` in .orchestra/config.yaml",
        ),
        PushTarget::Missing | PushTarget::Remote { .. } => Check::bad(
            NAME,
            "there is no remote",
            "git remote add origin URL, or `gates: { push: never }` in .orchestra/config.yaml",
        ),
    }
}
