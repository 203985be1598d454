//! Plays a schedule: lives and deaths of the worker, until it ends or waits for a person for good.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::iter::Sum;
use std::panic::catch_unwind;

use jiff::Timestamp;

use super::disk::{Author, Commit, Content, Disk, Hashed, Tree};
use super::oracle::Oracle;
use super::person::MADE;
use super::schedule::{Dice, Schedule};
use super::view::{milestone, phase};
use super::world::{Coming, Cut, Done, World, folder, path};
use crate::id::{MilestoneId, WorkId};
use crate::plan::{ARCHITECT, MilestoneStatus, Phase, REVIEWER};
use crate::record::{Answer, Record};
use crate::worker::{Effect, Event, Fact, Memory, Note, Recalled, State, step_from};

/// How many times the steps of an undisturbed run are the end of patience, counted from the last disturbance.
const PATIENCE: u64 = 10;
/// The events of one work, from its snapshot to its commit, with a question.
const STEPS_OF_WORK: u64 = 10;

/// What a run came to.
#[derive(Debug)]
pub(super) struct CameTo {
    pub(super) code: Option<u8>,
    pub(super) lives: u32,
    pub(super) ledger: Vec<String>,
    parked: bool,
    recovered: bool,
    all_done: bool,
    steps: u64,
}

pub(super) fn run(schedule: &Schedule) -> Result<CameTo, String> {
    // A panic of the machine breaks a promise like anything else; its words are on standard error.
    let result = catch_unwind(|| live(&mut world(schedule, None)));
    result.unwrap_or_else(|_| Err("it panicked".to_owned()))
}

pub(super) fn with_log(schedule: &Schedule) -> (String, Result<CameTo, String>) {
    let mut world = world(schedule, Some(Vec::new()));
    let result = live(&mut world);
    (world.log.take().unwrap_or_default().join("\n"), result)
}

/// What the worker does in its first life, each effect with its moment.
pub(super) fn first_life(schedule: &Schedule) -> Vec<(Timestamp, Effect)> {
    let mut world = world(schedule, None);
    world.decided = Some(Vec::new());
    let end = Course::default().life(&mut world);
    assert!(end.is_ok(), "a promise is broken: {}", end.err().unwrap_or_default());
    world.decided.take().unwrap_or_default()
}

/// After how many steps without a disturbance a run is said to have no end.
fn patience(schedule: &Schedule) -> u64 {
    // Base, review and close, and what the schedule adds; a second milestone has one phase.
    let works = |phases: u64| phases + 3 + u64::from(schedule.rfc) + 2 * u64::from(schedule.finds_fault);
    let all = works(schedule.phases) + if schedule.second_milestone { works(1) } else { 0 };
    all * STEPS_OF_WORK * PATIENCE
}

/// How far a run has come.
#[derive(Default)]
struct Course {
    lives: u32,
    answers: u32,
    steps: u64,
    calm_since: u64,
    parked: bool,
    recovered: bool,
}

/// How one life of the worker ends.
enum End {
    Waits,
    Killed,
    Left(u8),
}

fn live(world: &mut World) -> Result<CameTo, String> {
    let mut course = Course::default();
    let code = loop {
        let end = course.life(world)?;
        match end {
            End::Waits => break None,
            End::Killed => world.die(),
            End::Left(code) => {
                world.die();
                if course.answers > 40 || !world.returns(code, &mut course.answers) {
                    break Some(code);
                }
            }
        }
        course.calm_since = course.steps;
    };
    world.judge_end(code)?;
    let plan = world.plan();
    Ok(CameTo {
        code,
        lives: course.lives,
        ledger: ledger(world),
        parked: course.parked,
        recovered: course.recovered,
        all_done: plan.milestones.iter().all(|milestone| milestone.status == MilestoneStatus::Done),
        steps: course.steps,
    })
}

impl Course {
    fn life(&mut self, world: &mut World) -> Result<End, String> {
        self.lives += 1;
        world.say(|| format!("life {}", self.lives));
        let mut state = State::default();
        let mut fact = Fact::Started(Ok(Box::new(world.observe())));
        loop {
            self.steps += 1;
            if world.disturbed_at == world.ticks {
                self.calm_since = self.steps;
            }
            if self.steps - self.calm_since > patience(&world.schedule) {
                return Err(format!(
                    "does not come to an end: {} steps, at {:?}",
                    self.steps,
                    state.active()
                ));
            }
            world.say(|| format!(" {fact:?}"));
            let at = world.clock;
            let (next, effects) = step_from(state, Event { at, fact });
            state = next;
            if let Some(decided) = &mut world.decided {
                decided.extend(effects.iter().map(|effect| (at, effect.clone())));
            }
            for effect in &effects {
                self.parked |= matches!(effect, Effect::Note(Note::Parked { .. }));
                self.recovered |= matches!(effect, Effect::Note(Note::Recovered { .. }));
            }
            let next = world.perform_all(effects).and_then(|()| next_fact(world, &mut self.answers));
            fact = match next {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(End::Waits),
                Err(Cut::Failed(failure)) => Fact::EffectFailed(failure),
                Err(Cut::Killed) => return Ok(End::Killed),
                Err(Cut::Left(code)) => return Ok(End::Left(code)),
                Err(Cut::Broken(why)) => return Err(why),
            };
        }
    }
}

/// The next thing that happens to a worker that waits.
fn next_fact(world: &mut World, answers: &mut u32) -> Result<Option<Fact>, Cut> {
    loop {
        if let Some(stop) = world.stop.take() {
            return Ok(Some(Fact::StopRequested(stop)));
        }
        if let Some(fact) = world.speaks() {
            return Ok(Some(fact));
        }
        if let Some(fact) = world.queue.pop_front() {
            if let Fact::TurnEnded { outcome, .. } = &fact {
                use crate::report::{Fault, Outcome};
                let is_outage =
                    matches!(outcome, Outcome::Faulted(Fault::Transient { .. } | Fault::UsageLimit { .. }));
                world.oracle.excused = is_outage;
            }
            return Ok(Some(fact));
        }
        if world.running.is_some() {
            world.agent_acts()?;
            continue;
        }
        if let Some(at) = world.wake.take() {
            world.clock = world.clock.max(at);
            return Ok(Some(Fact::Woke));
        }
        world.tick()?;
        if !world.queue.is_empty() || world.stop.is_some() {
            continue;
        }
        let Some(asked) = world.asked.values().next_back().cloned() else {
            return Err(Cut::Broken("waits for nothing".to_owned()));
        };
        if *answers > 40 {
            return Ok(None);
        }
        *answers += 1;
        if world.dice.chance(5) && !world.oracle.given.is_empty() {
            // Somebody answers a question of long ago once more.
            let nth = usize::try_from(world.dice.below(world.oracle.given.len() as u64)).unwrap();
            let (gate, answer) = world.oracle.given[nth].clone();
            return Ok(Some(Fact::Answered { gate, answer, by: crate::plan::By::User }));
        }
        let answer = world.answer_to(&asked, *answers);
        world.oracle.given.push((asked.gate.clone(), answer.clone()));
        if world.dice.chance(3) {
            // The same answer twice: the second is to a question that is no longer open.
            let (gate, answer) = (asked.gate.clone(), answer.clone());
            world.queue.push_back(Fact::Answered { gate, answer, by: crate::plan::By::User });
        }
        return Ok(Some(Fact::Answered { gate: asked.gate, answer, by: crate::plan::By::User }));
    }
}

impl World {
    /// In order, and the first that fails ends the list.
    fn perform_all(&mut self, effects: Vec<Effect>) -> Done {
        let done = effects.into_iter().try_for_each(|effect| self.perform(effect));
        if let Err(Cut::Failed(_)) = done {
            self.queue.clear();
        }
        done
    }

    /// The process is gone, and with it what runs and waits; a power cut takes what was not synced.
    fn die(&mut self) {
        self.queue.clear();
        self.narrow = false;
        self.running = None;
        self.wake = None;
        self.stop = None;
        self.asked.clear();
        if self.killed.take() == Some(true) {
            for (path, before) in std::mem::take(&mut self.disk.unsynced) {
                if self.dice.chance(50) {
                    self.disk.write(&path, before, true);
                }
            }
        }
        self.disk.unsynced.clear();
    }

    /// Whether the person starts the worker again after it left by itself, having answered what is open.
    fn returns(&mut self, code: u8, answers: &mut u32) -> bool {
        if matches!(code, 129 | 130 | 143) {
            return true;
        }
        let memory = self.memory.clone();
        let mut answered = false;
        for (gate, open) in memory.open {
            *answers += 1;
            let tired = *answers > 12;
            let answer = match open.question.as_str() {
                "rfc" | "push" | "too-large" => Answer::Approve,
                "failed" if tired && open.answers.iter().any(|word| word == "skip") => Answer::Skip,
                "failed" => Answer::Retry { note: None },
                _ => {
                    self.switch_back();
                    Answer::Retry { note: None }
                }
            };
            if !open.answers.iter().any(|word| word == answer.word()) {
                continue;
            }
            // Where another milestone is under way, what is written is taken for what a work that was cut short left.
            let others = self.memory.milestones.iter().filter(|(id, _)| Some(*id) != open.milestone.as_ref());
            let is_calm = others.map(|(_, known)| known).all(is_calm)
                && self.memory.milestones.values().all(|known| known.unchecked.is_none());
            if open.question == "failed" && is_calm {
                self.mends(open.work.as_ref().and_then(WorkId::phase), *answers);
            }
            answered = true;
            self.oracle.given.push((gate.clone(), answer.clone()));
            let record = Record::Answered {
                gate,
                question: open.question,
                milestone: open.milestone,
                work: open.work,
                of: open.of,
                answer,
                by: crate::plan::By::User,
            };
            self.oracle.records(&record, &self.schedule).unwrap();
            self.remember(record);
        }
        *answers += 1;
        answered || (code == 1 && *answers < 20)
    }
}

/// Whether nothing of a milestone is under way: it was not begun, or it was closed.
fn is_calm(known: &Recalled) -> bool {
    known.picked.is_none() || known.committed.iter().any(|work| matches!(work, WorkId::Close(_)))
}

fn ledger(world: &World) -> Vec<String> {
    let mut ids = world.disk.below(&world.disk.branches["main"]);
    ids.reverse();
    let of = ids.iter().filter_map(|id| world.disk.commits[id].of.as_ref());
    of.map(|(milestone, work): &(MilestoneId, WorkId)| format!("{milestone} {work}")).collect()
}

fn world(schedule: &Schedule, log: Option<Vec<String>>) -> World {
    let mut world = World {
        schedule: schedule.clone(),
        dice: Dice::new(schedule.seed),
        disk: Disk { branch: "main".to_owned(), ..Disk::default() },
        journal: Vec::new(),
        memory: Memory::default(),
        clock: Timestamp::from_second(1_700_000_000).unwrap(),
        ticks: 0,
        disturbed_at: 0,
        queue: VecDeque::new(),
        running: None,
        wake: None,
        asked: BTreeMap::new(),
        misdeeds: VecDeque::new(),
        hook: None,
        coming: Coming::default(),
        refusals: 0,
        stop: None,
        killed: None,
        narrow: false,
        deferred: Vec::new(),
        texts: 0,
        authors: BTreeMap::new(),
        bad: BTreeSet::new(),
        at_leisure: BTreeSet::new(),
        oracle: Oracle::default(),
        log,
        decided: None,
    };
    let mut tree = Tree::new();
    for name in ["src/lib.rs", "src/shared.rs", "web/page.html", "docs/guide.md"] {
        let text = world.text(Author::Person);
        tree.insert(path(name), text);
    }
    world.disk.files = tree.clone();
    world.disk.index = tree.clone();
    let root = world.disk.commit(Commit { parent: None, tree, of: None, author: Author::Person });
    world.disk.branches.insert("main".to_owned(), root.clone());
    world.disk.remote.insert("main".to_owned(), root.clone());
    world.disk.tracking.insert("main".to_owned(), root);
    let first = MilestoneId::parse("M1-first").unwrap();
    plant(&mut world, &first, &[], schedule.phases);
    if schedule.second_milestone {
        let after = if schedule.depends { vec![first] } else { Vec::new() };
        plant(&mut world, &MilestoneId::parse("M2-second").unwrap(), &after, 1);
    }
    if schedule.dirty {
        for name in ["src/mine.rs", "docs/guide.md"] {
            let text = world.text(Author::Person);
            world.disk.write(&path(name), Some(text), true);
        }
    }
    world
}

fn plant(world: &mut World, id: &MilestoneId, after: &[MilestoneId], phases: u64) {
    let schedule = world.schedule.clone();
    let planned = milestone(id, after, schedule.rfc, schedule.hold_push);
    let own = folder(id);
    world.disk.write(
        &path(&format!("{own}/milestone.md")),
        Some(Content::Milestone(Hashed::new(planned))),
        true,
    );
    if schedule.names_stages {
        for (number, role) in [(0, ARCHITECT), (9, REVIEWER)] {
            let stage = Phase { depends_on: Vec::new(), ..phase(number, role) };
            let content = Content::Phase(Hashed::new(stage));
            world.disk.write(&path(&format!("{own}/phases/phase-{number}.md")), Some(content), true);
        }
    }
    for number in 1..=phases {
        let role = if number == 2 { "frontend-engineer" } else { "backend-engineer" };
        // Some plans name what the person has not committed.
        let names_dirty = schedule.dirty && schedule.seed % 5 == 1 && number == 1;
        let files = if names_dirty { vec!["src/mine.rs".to_owned()] } else { Vec::new() };
        let mut phase = Phase { files, ..phase(number, role) };
        if number == 1 && schedule.own_check {
            phase.verify = Some(vec![format!("{MADE}src/{id}-phase-1.rs")]);
        }
        let content = Content::Phase(Hashed::new(phase));
        world.disk.write(&path(&format!("{own}/phases/phase-{number}.md")), Some(content), true);
    }
}

/// What many runs came to: a simulation that never reaches something proves nothing about it.
#[derive(Default)]
pub(super) struct Sums {
    all_done: u64,
    parked: u64,
    recovered: u64,
    many_lives: u64,
    waiting: u64,
    fixed: u64,
    steps: u64,
}

impl Sums {
    pub(super) fn add(&mut self, came_to: &CameTo) {
        self.all_done += u64::from(came_to.all_done);
        self.parked += u64::from(came_to.parked);
        self.recovered += u64::from(came_to.recovered);
        self.many_lives += u64::from(came_to.lives > 3);
        self.waiting += u64::from(came_to.code == Some(3) || came_to.code.is_none());
        self.fixed += u64::from(came_to.ledger.iter().any(|line| line.contains("fix-")));
        self.steps += came_to.steps;
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            all_done: self.all_done + other.all_done,
            parked: self.parked + other.parked,
            recovered: self.recovered + other.recovered,
            many_lives: self.many_lives + other.many_lives,
            waiting: self.waiting + other.waiting,
            fixed: self.fixed + other.fixed,
            steps: self.steps + other.steps,
        }
    }

    pub(super) fn reach_everything(&self, count: u64) {
        let least = count / 200;
        for (what, times) in [
            ("everything done", self.all_done),
            ("parked", self.parked),
            ("recovered", self.recovered),
            ("several lives", self.many_lives),
            ("fixed", self.fixed),
        ] {
            assert!(times >= least.max(1), "too few schedules reach: {what} ({times} of {count})");
        }
    }
}

impl Sum for Sums {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sums, part| sums.plus(&part))
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} all done, {} parked, {} recovered a commit, {} with over three lives, {} ended waiting, {} with a \
             fix, {} steps",
            self.all_done, self.parked, self.recovered, self.many_lives, self.waiting, self.fixed, self.steps
        )
    }
}
