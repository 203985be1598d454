//! Verification: which commands count, on the untouched base and after a turn.

use std::collections::BTreeSet;

use super::effect::{Effect, Tell};
use super::event::Checked;
use super::question::Question;
use super::seen::Untrusted;
use super::state::{After, At, Pending, Progress, Work};
use super::{Base, Machine, Note};
use crate::config::VerifyPlan;
use crate::id::WorkId;
use crate::ownership::Globs;
use crate::path::RepoPath;
use crate::plan::{Milestone, Phase};
use crate::record::{Answer, Record};
use crate::repo::History;

impl Machine {
    /// Runs what must be green before the work is committed.
    pub(super) fn verify(&mut self, mut work: Work) {
        if let Some(Untrusted { of, lines }) = self.state.seen.untrusted.clone() {
            work.progress = Progress::Asking(Pending::Trust);
            self.state.keep(work);
            return self.ask(Question::Trust { of, lines });
        }
        let commands = self.commands_for(&work);
        if commands.is_empty() {
            return self.prepare(work);
        }
        self.note(Note::Verifying { work: work.id.clone(), commands: commands.clone() });
        self.act(Effect::Verify { work: work.id.clone(), commands, all: false });
        work.verified.clone_from(&work.inside);
        work.verified_on = self.state.seen.head.as_ref().map(|head| head.commit.clone());
        work.progress = Progress::Verifying;
        self.state.keep(work);
    }

    pub(super) fn verified(&mut self, mut work: Work, results: Vec<Checked>) {
        if work.progress != Progress::Verifying {
            self.state.keep(work);
            return self.late("the end of verification");
        }
        for Checked { command, output, .. } in results.iter().filter(|result| !result.green) {
            let (work, command, output) = (work.id.clone(), command.clone(), output.clone());
            self.note(Note::Red { work, command, output });
        }
        let commands = |green: bool| {
            let chosen = results.iter().filter(|result| result.green == green);
            chosen.map(|result| result.command.clone()).collect::<Vec<_>>()
        };
        let (green, red) = (commands(true), commands(false));
        if work.id == WorkId::Base {
            if let Some(tree) = self.state.recalled().picked.map(|picked| picked.tree) {
                self.record(Record::BaseVerified { tree, green, red });
            }
            return self.inspect(work, After::Verify);
        }
        if let Some(milestone) = self.state.active().map(|active| active.id.clone()) {
            self.record(Record::Verified { milestone, work: work.id.clone(), green, red });
        }
        if let Some(red) = results.iter().find(|result| !result.green) {
            let (command, output) = (red.command.clone(), red.output.clone());
            let reason = format!("`{command}` is red");
            return self.repair(work, Tell::Red { command, output }, reason);
        }
        work.green = results.into_iter().map(|result| result.command).collect();
        self.inspect(work, After::Verify);
    }

    /// What counts for a work, whichever paths it changes: a phase's own commands, which say what it is to achieve and
    /// always count, else the configuration's.
    /// Works that are no code have none.
    pub(super) fn verify_plan(&self, work: &Work) -> VerifyPlan {
        if !matches!(work.id, WorkId::Phase(_) | WorkId::Fix { .. }) {
            return VerifyPlan::Always(Vec::new());
        }
        match (&work.what, &self.state.seen.policy.config.verify) {
            (Some(Phase { verify: Some(own), .. }), _) => VerifyPlan::Always(own.clone()),
            (_, VerifyPlan::Always(commands)) => VerifyPlan::Always(self.counted(commands.clone())),
            (_, VerifyPlan::ByPath(rules)) => {
                let counted =
                    |(glob, commands): &(String, Vec<String>)| (glob.clone(), self.counted(commands.clone()));
                VerifyPlan::ByPath(rules.iter().map(counted).collect())
            }
        }
    }

    /// The commands for a work's changes.
    fn commands_for(&self, work: &Work) -> Vec<String> {
        let paths: Vec<&RepoPath> = work.inside.iter().map(|change| &change.path).collect();
        chosen(&self.verify_plan(work), &paths)
    }

    /// Commands of the configuration without what was red before anything was done, if a person or the policy said not
    /// to count it.
    fn counted(&self, commands: Vec<String>) -> Vec<String> {
        let known = self.state.recalled();
        let Some(answered) = known.answer("red-base", None) else { return commands };
        let red = self.red_base();
        let is_red = |command: &String| red.contains(command);
        match &answered.answer {
            Answer::Verify { command: other } => {
                let mut counted: Vec<String> = Vec::new();
                for command in commands {
                    let command = if is_red(&command) { other.clone() } else { command };
                    if !counted.contains(&command) {
                        counted.push(command);
                    }
                }
                counted
            }
            _ => commands.into_iter().filter(|command| !is_red(command)).collect(),
        }
    }

    /// Commands that were red on the milestone's base.
    pub(super) fn red_base(&self) -> BTreeSet<String> {
        let tree = self.state.recalled().picked.map(|picked| picked.tree);
        let base = tree.and_then(|tree| self.state.seen.memory.bases.get(&tree));
        base.map(|base| base.red.clone()).unwrap_or_default()
    }

    /// Verifies the base before anything is done, once a tree; tells whether that, or a question about it, comes
    /// first.
    pub(super) fn verifies_base(&mut self, milestone: &Milestone, history: &History) -> bool {
        let (known, head) = (self.state.recalled(), self.state.seen.head.clone());
        let is_untouched = history.commits.is_empty() && known.attempts.is_empty();
        let picked = known
            .picked
            .as_ref()
            .filter(|picked| Some(&picked.base) == head.as_ref().map(|head| &head.commit));
        let Some(picked) = picked.filter(|_| is_untouched) else { return false };
        let commands = all_commands(&self.state.seen.policy.config.verify);
        let base = self.state.seen.memory.bases.get(&picked.tree).cloned().unwrap_or_default();
        if commands.iter().any(|command| !base.knows(command)) {
            self.begin(WorkId::Base, Vec::new());
            return true;
        }
        self.asks_about_red_base(milestone, &commands)
    }

    fn asks_about_red_base(&mut self, milestone: &Milestone, commands: &[String]) -> bool {
        let red = self.red_base();
        let commands: Vec<String> =
            commands.iter().filter(|command| red.contains(*command)).cloned().collect();
        let question = Question::RedBase { milestone: milestone.id.clone(), commands: commands.clone() };
        let known = self.state.recalled();
        let is_answered =
            known.answer("red-base", None).is_some_and(|answered| answered.of == question.hash());
        if commands.is_empty() || is_answered {
            return false;
        }
        self.note(Note::RedBase { commands });
        self.go_to(At::Opening);
        self.ask(question);
        true
    }

    pub(super) fn verify_base(&mut self, mut work: Work) {
        let commands = all_commands(&self.state.seen.policy.config.verify);
        self.note(Note::Verifying { work: WorkId::Base, commands: commands.clone() });
        self.act(Effect::Verify { work: WorkId::Base, commands, all: true });
        work.progress = Progress::Verifying;
        self.state.keep(work);
    }

    /// The base is verified, and what the commands changed was put back or left to the person.
    pub(super) fn base_verified(&mut self, _work: Work) {
        let Some(milestone) = self.state.milestone().cloned() else { return };
        let commands = all_commands(&self.state.seen.policy.config.verify);
        if !self.asks_about_red_base(&milestone, &commands) {
            self.advance();
        }
    }
}

impl Base {
    fn knows(&self, command: &str) -> bool {
        self.green.contains(command) || self.red.contains(command)
    }
}

/// A plan's commands for changed paths, each once, in the order of the plan.
fn chosen(plan: &VerifyPlan, paths: &[&RepoPath]) -> Vec<String> {
    match plan {
        VerifyPlan::Always(commands) => commands.clone(),
        VerifyPlan::ByPath(rules) => {
            let mut chosen: Vec<String> = Vec::new();
            for (glob, commands) in rules {
                let globs = Globs::parse([glob.as_str()]).unwrap_or_default();
                if paths.iter().any(|path| globs.contains(path)) {
                    let fresh: Vec<&String> =
                        commands.iter().filter(|command| !chosen.contains(command)).collect();
                    chosen.extend(fresh.into_iter().cloned().collect::<Vec<_>>());
                }
            }
            chosen
        }
    }
}

/// Every command of the configuration. A phase's own are none of them: what they ask for is yet to be built.
fn all_commands(plan: &VerifyPlan) -> Vec<String> {
    let commands: Vec<&String> = match plan {
        VerifyPlan::Always(commands) => commands.iter().collect(),
        VerifyPlan::ByPath(rules) => rules.iter().flat_map(|(_, commands)| commands).collect(),
    };
    let mut all: Vec<String> = Vec::new();
    for command in commands {
        if !all.contains(command) {
            all.push(command.clone());
        }
    }
    all
}
