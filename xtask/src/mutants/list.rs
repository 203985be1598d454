//! The mutations.

use super::Mutation;

/// All of them, grouped by what they break; the number is the promise of DESIGN.md.
pub(super) const MUTATIONS: &[Mutation] = &[
    Mutation {
        name: "answer-not-recorded",
        file: "ask.rs",
        find: "        self.record(Record::Answered {",
        replace: "        self.state.seen.memory.take(&Record::Answered {",
        breaks: "2: an answer is acted upon and is nowhere on record",
    },
    Mutation {
        name: "older-findings-forgotten",
        file: "push.rs",
        find: "known.reviews.iter().flat_map(of_review).collect()",
        replace: "known.reviews.last().into_iter().flat_map(of_review).collect()",
        breaks: "2: what a review found and nobody mended is published because a later one read something else",
    },
    Mutation {
        name: "closed-with-what-came-meanwhile",
        file: "push.rs",
        find: "Answer::Approve | Answer::Finish => self.advance(),",
        replace: "Answer::Approve | Answer::Finish => self.close(),",
        breaks: "1: a phase that was planned while the gate was open is never built",
    },
    Mutation {
        name: "push-unasked",
        file: "push.rs",
        find: "words.is_none() && (is_settled(shown.hash()) || is_settled(survey.hash()))",
        replace: "words.is_none()",
        breaks: "2: everything is pushed without an answer",
    },
    Mutation {
        name: "push-other-than-shown",
        file: "push.rs",
        find: "settles(&answered.answer) && answered.of == of",
        replace: "settles(&answered.answer) || answered.of == of",
        breaks: "2: an answer counts for commits that came after it",
    },
    Mutation {
        name: "rfc-other-than-shown",
        file: "next.rs",
        find: r"            Some((Answer::Approve, of)) if shown == Some(of) => {
                if self.state.seen.private {
                    None
                } else {
                    Some(Next::RfcCommit(of))",
        replace: r"            Some((Answer::Approve, _)) if shown.is_some() => {
                if self.state.seen.private {
                    None
                } else {
                    shown.map(Next::RfcCommit)",
        breaks: "2: an approval counts for a design that was changed after it",
    },
    Mutation {
        name: "rfc-unasked",
        file: "next.rs",
        find: "            _ if known.rfc_ready.is_some() && shown.is_some() => Some(Next::RfcGate),",
        replace: "            _ if known.rfc_ready.is_some() && shown.is_some() => shown.map(Next::RfcCommit),",
        breaks: "2: the design is built on without an answer",
    },
    Mutation {
        name: "old-answer-counts",
        file: "answer.rs",
        find: "filter(|asked| asked.gate == *gate)",
        replace: "filter(|asked| asked.gate >= *gate || asked.gate < *gate)",
        breaks: "2: an answer to one question counts for another",
    },
    Mutation {
        name: "auto-publishes-foreign",
        file: "question.rs",
        find: "                if answers(GateKind::Push) && push.foreign.is_empty() && push.can_be_pushed_unseen() =>",
        replace: "                if answers(GateKind::Push) && push.can_be_pushed_unseen() =>",
        breaks: "2: nobody is asked before somebody else's commits are published",
    },
    Mutation {
        name: "auto-publishes-blocked",
        file: "question.rs",
        find: "matches!(self.survey.target, PushTarget::Remote { .. }) && !self.is_blocked()",
        replace: "matches!(self.survey.target, PushTarget::Remote { .. })",
        breaks: "2: nobody is asked before a blocking finding is published",
    },
    Mutation {
        name: "hold-ignored",
        file: "policy.rs",
        find: "named && !milestone.hold.contains(&gate)",
        replace: "named",
        breaks: "2: a gate that is held is answered by nobody",
    },
    Mutation {
        name: "auto-rfc-pushes",
        file: "policy.rs",
        find: "GateKind::Push => auto.push,",
        replace: "GateKind::Push => auto.rfc,",
        breaks: "2: `--auto=rfc` pushes",
    },
    Mutation {
        name: "history-not-believed",
        file: "open.rs",
        find: "    let done = history.commits.iter().map(|entry| (entry.work.clone(), entry.commit.clone())).collect();",
        replace: "    let done = Vec::new();",
        breaks: "1: what is committed is done once more after a restart",
    },
    Mutation {
        name: "claimed-is-done",
        file: "next.rs",
        find: r"            || phase.status == PhaseStatus::Skipped
            ||",
        replace: r"            || matches!(phase.status, PhaseStatus::Skipped | PhaseStatus::Done)
            ||",
        breaks: "1: a document's word counts though there is no commit",
    },
    Mutation {
        name: "blocked-phase-begun",
        file: "next.rs",
        find: "running.or(ready.first())",
        replace: "running.or(open.last())",
        breaks: "1: a phase is built before those that it waits for",
    },
    Mutation {
        name: "second-close",
        file: "push.rs",
        find: "return if is_closed { self.push(survey) } else { self.close() };",
        replace: "return self.close();",
        breaks: "1: the milestone is closed again and again",
    },
    Mutation {
        name: "intended-not-recorded",
        file: "commit.rs",
        find: r"        self.record(Record::Intended {
            milestone,
            work: id.clone(),
            commit: commit.clone(),
            before_hooks,
            documents,
            decisions,
        });
",
        replace: r"        let _ = (milestone, before_hooks, documents, decisions);
",
        breaks: "1: after a crash nobody knows that a commit was just made",
    },
    Mutation {
        name: "recovery-leaves-documents",
        file: "open.rs",
        find: r"            self.act(Effect::Recover {
                milestone: milestone.clone(),
                work: work.clone(),
                commit: commit.clone(),
            });
",
        replace: "",
        breaks: "1: after a crash index and documents are not what the commit says",
    },
    Mutation {
        name: "no-snapshot",
        file: "work.rs",
        find: r"        let limit = self.state.seen.policy.config.limits.snapshot;
        self.snapshot(work, Some(limit));",
        replace: "        self.start_turn(work);",
        breaks: "1: an agent begins before what the person has is saved",
    },
    Mutation {
        name: "late-turn-unsaved",
        file: "turn.rs",
        find: r"        self.save_found(&work);
        self.start_turn(work);",
        replace: "        self.start_turn(work);",
        breaks: "1: what a person changed since the snapshot is not saved before the next turn",
    },
    Mutation {
        name: "resumed-turn-unsaved",
        file: "work.rs",
        find: r"        if work.tell.contains(&Tell::CutShort) {
            self.save_found(&work);
        }
",
        replace: "",
        breaks: "1: what a turn that was cut short left is not saved before the next",
    },
    Mutation {
        name: "baseline-of-each-attempt",
        file: "fail.rs",
        find: r"        work.attempt += 1;
        work.tell = tell;",
        replace: r"        work.attempt += 1;
        work.baseline = work.attempt;
        work.tell = tell;",
        breaks: "1: what an earlier attempt changed is taken for the person's",
    },
    Mutation {
        name: "cut-short-not-inspected",
        file: "start.rs",
        find: "        let Some((id, unchecked)) = left.next() else { return false };",
        replace: "        let Some((id, unchecked)) = left.next().filter(|_| false) else { return false };",
        breaks: "3: documents are believed that an agent wrote before a crash",
    },
    Mutation {
        name: "inspection-not-recorded",
        file: "inspect.rs",
        find: r"            self.record(Record::Inspected { milestone, work: work.id.clone() });
",
        replace: r"            let _ = milestone;
",
        breaks: "1: the same turn is looked at for ever",
    },
    Mutation {
        name: "room-ignored",
        file: "inspect.rs",
        find: r"            && room.place(&change.path, &beside) != Place::Outside
",
        replace: r"            && room.place(&change.path, &beside) != Place::Beyond
",
        breaks: "3: what lies outside the role's room is committed",
    },
    Mutation {
        name: "outside-left",
        file: "inspect.rs",
        find: r"        if outside.is_empty() {
            return self.accept(work, after);",
        replace: r"        if outside.len() < 100 {
            return self.accept(work, after);",
        breaks: "3: what lies outside the role's room stays in the tree",
    },
    Mutation {
        name: "dirty-before-committed",
        file: "inspect.rs",
        find: r"        !change.dirty_before
            && !is_steering(&change.path)",
        replace: "        !is_steering(&change.path)",
        breaks: "1: what the person had not committed is committed with a phase",
    },
    Mutation {
        name: "both-changed-merged",
        file: "inspect.rs",
        find: "        let both = found.changes.iter().find(is_overtaken)?;",
        replace: "        let both = found.changes.iter().find(is_overtaken).filter(|_| false)?;",
        breaks: "1: what a person committed meanwhile is overwritten by the phase's commit",
    },
    Mutation {
        name: "hook-leaves-room",
        file: "commit.rs",
        find: "            left_out = Self::outside_of(&work, changed_by_hooks);",
        replace: "            left_out.extend(Self::outside_of(&work, &[]));",
        breaks: "3: what a hook changed outside the room is committed",
    },
    Mutation {
        name: "empty-phase-done",
        file: "inspect.rs",
        find: "        work.inside.is_empty() && !may_be_empty",
        replace: "        work.inside.is_empty() && may_be_empty",
        breaks: "1: a phase whose agent changed nothing is done",
    },
    Mutation {
        name: "red-committed",
        file: "verify.rs",
        find: "results.iter().find(|result| !result.green)",
        replace: "results.iter().find(|result| !result.green && result.command.is_empty())",
        breaks: "1: work is committed though verification is red",
    },
    Mutation {
        name: "changed-while-verifying",
        file: "inspect.rs",
        find: "if gone.is_empty() && (is_same || work.reverified > 0) {",
        replace: "if gone.is_empty() && (is_same || work.reverified == 0) {",
        breaks: "1: what changed while verify ran is committed unverified",
    },
    Mutation {
        name: "moved-while-verifying",
        file: "inspect.rs",
        find: "        if work.verified_on.as_ref() != self",
        replace: "        if work.verified_on.is_none() && work.verified_on.as_ref() != self",
        breaks: "1: what is committed on a head that moved during verification was not verified",
    },
    Mutation {
        name: "skipped-close-puts-back",
        file: "inspect.rs",
        find: "        if !self.has_snapshot(&work) {",
        replace: "        if !self.has_snapshot(&work) && work.baseline > 1_000 {",
        breaks: "1: without a snapshot a person's changes are taken for a turn's",
    },
    Mutation {
        name: "park-keeps-changes",
        file: "park.rs",
        find: r"                work.failures.push(reason);
                self.inspect(work, After::GivingUp(GivingUp::Parking));",
        replace: r"                work.failures.push(reason);
                self.gave_up(work, After::GivingUp(GivingUp::Parking));",
        breaks: "1: what a parked work changed stays in the tree",
    },
    Mutation {
        name: "skip-keeps-changes",
        file: "answer.rs",
        find: "            self.inspect(work, After::GivingUp(GivingUp::Skipping));",
        replace: "            self.gave_up(work, After::GivingUp(GivingUp::Skipping));",
        breaks: "1: what a skipped work changed stays in the tree",
    },
    Mutation {
        name: "park-with-diagnosis",
        file: "park.rs",
        find: ".map(|work| self.diagnosed_work(work))",
        replace: "",
        breaks: "1: what a work changed stays in the tree when it is parked during its diagnosis",
    },
    Mutation {
        name: "repairs-uncounted",
        file: "fail.rs",
        find: r"        work.attempt += 1;
        work.tell = tell;",
        replace: "        work.tell = tell;",
        breaks: "1: a work goes back to its agent for ever",
    },
    Mutation {
        name: "diagnoses-uncounted",
        file: "fail.rs",
        find: "        let is_first_time = work.tries() == self.state.seen.policy.config.limits.repair_attempts + 1;",
        replace: "        let is_first_time = true;",
        breaks: "1: the architect is asked for ever",
    },
    Mutation {
        name: "committed-unheard",
        file: "inspect.rs",
        find: "After::Turn | After::Verify) && self.has_untold(&work.id) {",
        replace: "After::Verify) && self.has_untold(&work.id) && work.id == WorkId::Base {",
        breaks: "1: a work is committed whose agent has not heard what a person said to it",
    },
    Mutation {
        name: "words-told-to-whom-they-came-after",
        file: "said.rs",
        find: "queued.behind.as_ref() != Some(&work.id)",
        replace: "queued.behind.is_some()",
        breaks: "1: what was queued behind a work is told to it, and not to the next",
    },
    Mutation {
        name: "words-of-the-queue-forgotten",
        file: "said.rs",
        find: "work.standing.extend(said.into_iter().map(Tell::Person));",
        replace: "drop(said);",
        breaks: "1: what a person said is told to nobody",
    },
    Mutation {
        name: "survey-of-any-branch",
        file: "push.rs",
        find: "        if survey.head.as_ref() != self.state.seen.head.as_ref().map(|head| &head.commit) {",
        replace: "        if survey.head.is_none() {",
        breaks: "2: what another branch has is taken for what the milestone has",
    },
    Mutation {
        name: "dependency-believed",
        file: "start.rs",
        find: r"            self.state.seen.memory.recall(id).unchecked.is_none()
                && self",
        replace: "            self",
        breaks: "3: a milestone begins because an agent wrote that another is done",
    },
];
