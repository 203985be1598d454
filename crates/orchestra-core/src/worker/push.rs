//! The push gate, the close and the push.

use super::effect::Effect;
use super::next::Next;
use super::question::{PushQuestion, Question};
use super::state::At;
use super::{Machine, Note, Recalled, Review};
use crate::edit::{DocEdit, NewPhase};
use crate::id::{GateId, PhaseId, RoleId, WorkId};
use crate::plan::{Milestone, MilestoneStatus, Order, Phase, StageName};
use crate::record::{Answer, Record};
use crate::repo::{CommitId, PushCommit, PushTarget, Survey};
use crate::report::{Finding, Severity};

impl Machine {
    /// Finds out what a push would publish.
    pub(super) fn survey(&mut self, words: Option<String>) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        let branch = self.state.recalled().push_branch;
        self.go_to(At::Surveying { words });
        self.act(Effect::Survey { milestone, branch });
    }

    /// What a push would publish is known: where it was answered already, in this run or before a crash, it goes on;
    /// else it is asked.
    pub(super) fn surveyed(&mut self, survey: Survey) {
        let Some(At::Surveying { words }) = self.state.active().map(|active| active.at.clone()) else {
            return self.late("what a push would publish");
        };
        if survey.head.as_ref() != self.state.seen.head.as_ref().map(|head| &head.commit) {
            // Somebody committed, or switched the branch, since it was looked at.
            return self.look();
        }
        let known = self.state.recalled();
        let is_closed = self.is_closed();
        let says_done =
            self.state.milestone().is_some_and(|milestone| milestone.status == MilestoneStatus::Done);
        if is_closed && self.state.seen.private && !says_done {
            // A crash came between the record and the document.
            self.write(self.close_edits());
        }
        if is_closed && known.answer("push", None).is_some_and(|answered| answered.answer == Answer::Finish) {
            return self.finish(false);
        }
        let is_known_target = matches!(survey.target, PushTarget::Remote { .. });
        if is_closed && is_known_target && survey.commits.is_empty() {
            return self.is_published(&survey);
        }
        let is_settled = |of| {
            let settles = |answer: &Answer| matches!(answer, Answer::Approve | Answer::Finish);
            known.answer("push", None).is_some_and(|answered| settles(&answered.answer) && answered.of == of)
        };
        let shown = if is_closed { self.before_close(&survey) } else { survey.clone() };
        if words.is_none() && (is_settled(shown.hash()) || is_settled(survey.hash())) {
            // Closed and still here: the answer was to push.
            return if is_closed { self.push(survey) } else { self.close() };
        }
        self.ask_push(survey, words);
    }

    /// Tells whether the close is the last thing that was committed, and nobody has sent the milestone back since.
    pub(super) fn is_closed(&self) -> bool {
        let known = self.state.recalled();
        let last = self.state.active().and_then(|active| active.done.last());
        known.is_standing_close(last.map(|(work, _)| work)) || (self.state.seen.private && known.closed)
    }

    /// What the gate showed before the close was put on top.
    fn before_close(&self, survey: &Survey) -> Survey {
        let Some(active) = self.state.active() else { return survey.clone() };
        let is_close = |commit: &PushCommit| {
            commit
                .of
                .as_ref()
                .is_some_and(|(milestone, work)| *milestone == active.id && matches!(work, WorkId::Close(_)))
        };
        let mut shown = survey.clone();
        if shown.commits.last().is_some_and(is_close) {
            shown.commits.pop();
            let of_work = || active.done.iter().rev().nth(1).map(|(_, commit)| commit.clone());
            let base = || self.state.recalled().picked.map(|picked| picked.base);
            shown.head = shown.commits.last().map(|commit| commit.id.clone()).or_else(of_work).or_else(base);
        }
        shown
    }

    fn ask_push(&mut self, survey: Survey, words: Option<String>) {
        let Some(milestone) = self.state.milestone().cloned() else { return };
        let known = self.state.recalled();
        let is_foreign = |commit: &&PushCommit| commit.of.as_ref().is_none_or(|(of, _)| *of != milestone.id);
        let question = PushQuestion {
            milestone: milestone.id.clone(),
            foreign: survey.commits.iter().filter(is_foreign).cloned().collect(),
            verdict: known.reviews.last().map(|review| review.verdict),
            findings: self.findings_left(&known),
            red: self.red_base().into_iter().collect(),
            skipped: super::gates::skipped(&milestone, &known),
            words,
            survey,
        };
        let is_at_gate = self.state.active().is_some_and(|active| active.cursor.stage == StageName::PushGate);
        // After the close the documents are what is pushed: they are not touched again.
        if !is_at_gate && !self.is_closed() {
            let edit = DocEdit::Current(Some("push: waits for its answer".to_owned()));
            self.write_with_cursor(vec![edit], |cursor| cursor.stage = StageName::PushGate);
        }
        self.go_to(At::PushGate);
        let question = Box::new(question);
        let was_refused = question.words.is_some();
        self.ask(if was_refused { Question::Rejected(question) } else { Question::Push(question) });
    }

    /// Findings that nobody mended: a fix of their own round by the role that owns their file has no commit. A later
    /// review reads what came after, so its silence mends nothing; of an earlier one mere suggestions are let go.
    fn findings_left(&self, known: &Recalled) -> Vec<Finding> {
        let (Some(last), Some(milestone)) = (known.reviews.last(), self.state.milestone()) else {
            return Vec::new();
        };
        let roles = &self.state.seen.plan.roles;
        let is_left = |review: &Review, finding: &Finding| {
            let owner = super::gates::owner_of(finding, roles, milestone);
            let is_mended = owner.is_some_and(|role| {
                let work = WorkId::Fix { round: review.round, role };
                self.state.active().is_some_and(|active| active.commit_of(&work).is_some())
            });
            let counts = match finding.severity {
                Severity::Blocking | Severity::Important => true,
                Severity::Suggestion => review.round == last.round,
                Severity::Praise => false,
            };
            counts && !is_mended
        };
        let of_review = |review: &Review| {
            let left = review.findings.iter().filter(|finding| is_left(review, finding));
            left.cloned().collect::<Vec<_>>()
        };
        known.reviews.iter().flat_map(of_review).collect()
    }

    pub(super) fn push_answered(&mut self, push: &PushQuestion, gate: &GateId, answer: Answer) {
        match answer {
            Answer::Approve if self.is_closed() => self.push(push.survey.clone()),
            Answer::Finish if self.is_closed() => self.finish(false),
            // What was shown is looked at once more, and what came into the plan meanwhile is built first: as after a crash.
            Answer::Approve | Answer::Finish => self.advance(),
            Answer::Revise { feedback } => {
                self.plan_feedback(gate, &feedback);
                self.advance();
            }
            Answer::PushTo { .. }
            | Answer::Retry { .. }
            | Answer::Skip
            | Answer::Keep
            | Answer::Restore
            | Answer::Verify { .. }
            | Answer::Stop => self.survey(None),
        }
    }

    /// The answer is recorded: one commit sets `done`, and the push carries it.
    fn close(&mut self) {
        if !matches!(self.next(), Next::Push) {
            // Something came into the plan since the gate.
            return self.advance();
        }
        let Some(active) = self.state.active() else { return };
        let id = WorkId::Close(active.closes() + 1);
        if self.state.seen.private {
            let milestone = active.id.clone();
            self.record(Record::Closed { milestone });
            self.write(self.close_edits());
            return self.closed();
        }
        let Some(head) = self.state.seen.head.clone() else { return };
        let mut work = self.work_of(id, None, head.commit);
        work.attempt = active.cursor.attempt;
        self.prepare(work);
    }

    /// The close is committed: what follows was answered at the gate.
    pub(super) fn closed(&mut self) {
        if self.is_finished_without_push() { self.finish(false) } else { self.survey(None) }
    }

    fn push(&mut self, survey: Survey) {
        let (PushTarget::Remote { name, url, branch }, Some(commit), Some(active)) =
            (survey.target.clone(), survey.head.clone(), self.state.active())
        else {
            return self.survey(None);
        };
        let milestone = active.id.clone();
        self.go_to(At::Pushing { survey: Box::new(survey) });
        self.act(Effect::Push { milestone, commit, remote: name, url, branch });
    }

    pub(super) fn pushed(&mut self, commit: CommitId) {
        let Some(At::Pushing { survey }) = self.state.active().map(|active| active.at.clone()) else {
            return self.late("a push");
        };
        if let PushTarget::Remote { name, branch, .. } = &survey.target {
            self.state.tally.pushes.push(format!("{name}/{branch}"));
            self.note(Note::Pushed { commit, remote: name.clone(), branch: branch.clone() });
        }
        self.is_published(&survey);
    }

    /// The remote has everything: that is recorded, and the milestone has come to its end.
    fn is_published(&mut self, survey: &Survey) {
        let Some(active) = self.state.active() else { return };
        let milestone = active.id.clone();
        let closing = active.done.last().map(|(_, commit)| commit.clone()).or_else(|| survey.head.clone());
        if let (PushTarget::Remote { name, branch, .. }, Some(commit)) = (&survey.target, closing) {
            let (remote, branch) = (name.clone(), branch.clone());
            self.record(Record::Pushed { milestone, commit, remote, branch });
        }
        self.finish(true);
    }

    pub(super) fn not_pushed(&mut self, words: &str) {
        let Some(At::Pushing { .. }) = self.state.active().map(|active| &active.at) else {
            return self.late("a refused push");
        };
        self.note(Note::NotPushed { words: words.to_owned() });
        self.survey(Some(words.to_owned()));
    }

    fn finish(&mut self, pushed: bool) {
        let Some(milestone) = self.state.active().map(|active| active.id.clone()) else { return };
        self.state.tally.done.push(milestone.clone());
        let untold: Vec<String> = self.state.recalled().queue.into_iter().map(|queued| queued.text).collect();
        if !untold.is_empty() {
            self.note(Note::NeverTold { texts: untold });
        }
        self.note(Note::MilestoneDone { milestone, pushed });
        self.look();
    }

    /// Makes phases of a person's words: lines that name a file go to the role that owns it, the rest to the role of
    /// the last phase.
    pub(super) fn plan_feedback(&mut self, gate: &GateId, feedback: &str) {
        let Some(milestone) = self.state.milestone().cloned() else { return };
        let shares = self.share_out(&milestone, gate, feedback);
        let mut edits = Vec::new();
        let mut order = milestone.phases.iter().map(|phase| phase.order).max().unwrap_or_default();
        let mut number = last_number(&milestone);
        let is_of_gate = |phase: &&Phase| phase.feedback.as_ref() == Some(gate);
        let last = milestone.phases.iter().rev().find(|phase| !is_of_gate(phase));
        let mut before: Vec<PhaseId> = last.map(|phase| phase.id.clone()).into_iter().collect();
        for (role, objective) in shares {
            // Before a crash some may have been written.
            let written = milestone.phases.iter().filter(is_of_gate).find(|phase| phase.role == role);
            if let Some(written) = written {
                before = vec![written.id.clone()];
                continue;
            }
            number += 1;
            order = Order(order.0 + 1_000_000);
            let Ok(id) = PhaseId::parse(&format!("phase-{number}")) else { continue };
            edits.push(DocEdit::NewPhase(NewPhase {
                id: id.clone(),
                role,
                title: title_of(&objective),
                order,
                depends_on: std::mem::replace(&mut before, vec![id]),
                objective,
                feedback: gate.clone(),
            }));
        }
        edits.push(DocEdit::MilestoneStatus { status: MilestoneStatus::InProgress, reason: None });
        self.write(edits);
        self.record(Record::Planned { milestone: milestone.id, gate: gate.clone() });
    }

    fn share_out(&self, milestone: &Milestone, gate: &GateId, feedback: &str) -> Vec<(RoleId, String)> {
        let roles = &self.state.seen.plan.roles;
        let is_builder = |phase: &&Phase| {
            phase.role.as_str() != crate::plan::REVIEWER && phase.feedback.as_ref() != Some(gate)
        };
        let last = milestone.phases.iter().rev().find(is_builder).or_else(|| milestone.phases.last());
        let fallback = last.map(|phase| phase.role.clone());
        let mut shares: Vec<(RoleId, String)> = Vec::new();
        let lines: Vec<&str> = feedback.lines().collect();
        // Up to where the comment goes that a line began.
        let (mut until, mut commented) = (0, None);
        for (index, line) in lines.iter().enumerate() {
            let owner = match file_of(line) {
                Some(path) => {
                    let owner = super::gates::owner_of_path(path, roles, milestone, None);
                    (until, commented) = (end_of_comment(&lines, index), owner.clone());
                    owner
                }
                None if index <= until => commented.clone(),
                None => None,
            };
            let Some(role) = owner.or_else(|| fallback.clone()) else { continue };
            match shares.iter_mut().find(|(known, _)| *known == role) {
                Some((_, words)) => *words = format!("{words}\n{line}"),
                None => shares.push((role, (*line).to_owned())),
            }
        }
        shares
    }
}

/// The highest number that a phase's name ends in.
fn last_number(milestone: &Milestone) -> u32 {
    let number = |id: &PhaseId| id.as_str().rsplit('-').next().and_then(|digits| digits.parse::<u32>().ok());
    milestone.phases.iter().filter_map(|phase| number(&phase.id)).max().unwrap_or(0)
}

/// The file that a line is about: `src/auth.rs: …`, or with a line of it, `src/auth.rs:42: …`.
fn file_of(line: &str) -> Option<&str> {
    line.split_once(':')
        .map(|(path, _)| path)
        .filter(|path| path.contains(['/', '.']) && !path.starts_with('>'))
}

/// Where a comment ends that begins with this line: with the line that it quotes, where it quotes one.
fn end_of_comment(lines: &[&str], begin: usize) -> usize {
    let rest = lines.iter().enumerate().skip(begin + 1);
    let mut rest = rest.take_while(|(_, line)| !line.trim().is_empty() && file_of(line).is_none());
    rest.find(|(_, line)| line.starts_with('>')).map_or(begin, |(end, _)| end)
}

/// The first words of an objective, without the place that a comment begins with.
fn title_of(objective: &str) -> String {
    let line = objective.lines().find(|line| !line.trim().is_empty()).unwrap_or("Feedback").trim();
    let said = file_of(line).and_then(|path| line[path.len() + 1..].split_once(':'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let said = said.filter(|(number, said)| is_number(number) && !said.trim().is_empty());
    let line = said.map_or(line, |(_, said)| said.trim());
    let short: String = line.chars().take(60).collect();
    if short.len() < line.len() { format!("{}…", short.trim_end()) } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_told_apart_from_what_follows_it_and_is_no_title_by_its_place() {
        let lines = ["src/a.rs:42: in German", "please", "> +let a: B;", "", "faster", "web/a.js: x", "y"];
        assert_eq!(file_of(lines[0]), Some("src/a.rs"));
        assert_eq!(file_of(lines[2]), None, "what is quoted names no file");
        assert_eq!([0, 5].map(|begin| end_of_comment(&lines, begin)), [2, 5]);
        assert_eq!(title_of(&lines.join("\n")), "in German");
        for line in ["web/a.js: x", "src/a.rs:42:", "at 12:30: late", "faster"] {
            assert_eq!(title_of(line), line);
        }
    }
}
