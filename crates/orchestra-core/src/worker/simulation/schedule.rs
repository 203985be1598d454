//! What happens to a run, and when: made from a seed, shrunk when it fails.

use std::fmt;

use crate::config::{Config, GatePolicy, Gates, ReviewPolicy};
use crate::plan::{ARCHITECT, Phase, REVIEWER};

/// Numbers that look random and are not (`SplitMix64`, Steele and others 2014).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// Something that happens at a tick of the world, or at the next occasion after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Disturbance {
    /// The worker is killed.
    Kill,
    /// The power goes: what was not synced may be lost.
    PowerCut,
    /// The person sends SIGTERM.
    Terminate,
    /// The person presses `ctrl-c` once.
    Pause,
    /// An effect fails because the disk is full.
    DiskFull,
    /// The next agent ends like this.
    Agent(Misdeed),
    /// The next verification of a turn's work takes a file back.
    VerifyTakesBack,
    /// A hook refuses the next commit.
    HookRefuses,
    /// A hook changes a file outside the room.
    HookWanders,
    /// Somebody holds a lock of git at the next commit.
    Locked,
    /// There is more uncommitted work than is saved without asking.
    TooLarge,
    /// The remote refuses the next push.
    PushRefused,
    /// Somebody pushed in between.
    Overtaken,
    /// The person does this.
    Person(Deed),
}

/// How an agent misbehaves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Misdeed {
    Transient,
    Failed,
    TimedOut,
    UsageLimit,
    Unusable,
    Nothing,
    Red,
    OutOfRoom,
    ForgesDocuments,
    OwnCommit,
    TouchesDirty,
    TouchesDirtyAndFails,
    OverwritesPerson,
    Deletes,
    NoVerdict,
    StopsHalfway,
    ElsewhereInRoom,
}

/// What a person does meanwhile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Deed {
    EditsElsewhere,
    EditsInside,
    Stages,
    StagesThenEdits,
    CommitsElsewhere,
    CommitsInside,
    EditsDocument,
    ClaimsDone,
    SwitchesBranch,
    Amends,
    EditsRfc,
    AddsPhase,
}

const KINDS: [Disturbance; 36] = {
    use Deed as D;
    use Disturbance as X;
    use Misdeed as M;
    [
        X::Kill,
        X::PowerCut,
        X::Terminate,
        X::Pause,
        X::DiskFull,
        X::HookRefuses,
        X::HookWanders,
        X::Locked,
        X::TooLarge,
        X::PushRefused,
        X::Overtaken,
        X::Agent(M::Transient),
        X::Agent(M::Failed),
        X::Agent(M::TimedOut),
        X::Agent(M::UsageLimit),
        X::Agent(M::Unusable),
        X::Agent(M::Nothing),
        X::Agent(M::Red),
        X::Agent(M::OutOfRoom),
        X::Agent(M::ForgesDocuments),
        X::Agent(M::OwnCommit),
        X::Agent(M::TouchesDirty),
        X::Agent(M::TouchesDirtyAndFails),
        X::Agent(M::OverwritesPerson),
        X::Agent(M::Deletes),
        X::Agent(M::NoVerdict),
        X::Agent(M::StopsHalfway),
        X::Person(D::EditsElsewhere),
        X::Person(D::EditsInside),
        X::Person(D::Stages),
        X::Person(D::StagesThenEdits),
        X::Person(D::CommitsElsewhere),
        X::Person(D::CommitsInside),
        X::Person(D::EditsDocument),
        X::Person(D::ClaimsDone),
        X::Person(D::SwitchesBranch),
    ]
};

/// Who sits there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    Terminal,
    Auto,
    AutoRfcOnly,
    Headless,
    HeadlessWaiting,
}

/// A run: who sits there, what the project is like, and what happens to it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and every mixture is meant")]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) mode: Mode,
    pub(super) rfc: bool,
    pub(super) phases: u64,
    pub(super) second_milestone: bool,
    /// Whether the second milestone waits for the first.
    pub(super) depends: bool,
    pub(super) verifies: bool,
    pub(super) red_base: bool,
    /// Whether the first phase has a verify command of its own, which is red until it is built.
    pub(super) own_check: bool,
    pub(super) dirty: bool,
    pub(super) private: bool,
    pub(super) hold_push: bool,
    pub(super) finds_fault: bool,
    pub(super) hopeless: bool,
    /// Whether the plan names a phase of the architect before all others and one of the reviewer after them.
    pub(super) names_stages: bool,
    /// Whether the person goes on without what failed, more often than not.
    pub(super) skips_often: bool,
    /// Whether the person speaks to those who work.
    pub(super) speaks: bool,
    pub(super) config: Settings,
    pub(super) disturbances: Vec<(u64, Disturbance)>,
}

/// What the person has configured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Settings {
    pub(super) gates: Gates,
    pub(super) review: ReviewPolicy,
}

impl Default for Settings {
    fn default() -> Self {
        let Config { gates, review, .. } = Config::default();
        Self { gates, review }
    }
}

impl Schedule {
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x0bad_cafe);
        let mode = dice.pick(&[
            Mode::Terminal,
            Mode::Terminal,
            Mode::Auto,
            Mode::Auto,
            Mode::AutoRfcOnly,
            Mode::Headless,
            Mode::HeadlessWaiting,
        ]);
        let mut schedule = Self {
            seed,
            mode,
            rfc: dice.chance(70),
            phases: 1 + dice.below(3),
            second_milestone: dice.chance(30),
            depends: dice.chance(50),
            verifies: dice.chance(80),
            red_base: dice.chance(10),
            own_check: false,
            dirty: dice.chance(40),
            private: dice.chance(5),
            hold_push: dice.chance(10),
            finds_fault: dice.chance(50),
            hopeless: dice.chance(10),
            names_stages: false,
            skips_often: false,
            speaks: false,
            config: Settings::default(),
            disturbances: Vec::new(),
        };
        // Kills are what this is about: they come most often, and in rows.
        let count = dice.below(8);
        for _ in 0..count {
            let kind = match dice.below(10) {
                0..=3 => Disturbance::Kill,
                4 => Disturbance::PowerCut,
                _ => {
                    let rare = [Deed::Amends, Deed::EditsRfc, Deed::AddsPhase].map(Disturbance::Person);
                    if dice.chance(10) { dice.pick(&rare) } else { dice.pick(&KINDS) }
                }
            };
            schedule.disturbances.push((dice.below(260), kind));
        }
        if dice.chance(10) {
            schedule.follow(&mut dice);
        }
        schedule.vary();
        schedule.disturbances.sort_by_key(|(at, _)| *at);
        schedule
    }

    /// What the person has configured and planned, by dice of its own: what happens to a seed stays the same.
    fn vary(&mut self) {
        let mut dice = Dice::new(self.seed ^ 0x5e77_1e5e);
        self.own_check = dice.chance(20);
        self.names_stages = dice.chance(20);
        self.skips_often = dice.chance(20);
        self.speaks = Dice::new(self.seed ^ 0x005a_1d00).chance(30);
        if dice.chance(30) {
            let gates = [GatePolicy::Ask, GatePolicy::Auto, GatePolicy::Never];
            self.config.gates = Gates { rfc: dice.pick(&gates), push: dice.pick(&gates) };
        }
        if dice.chance(30) {
            let (always, again) = (dice.chance(70), dice.chance(50));
            let fix_rounds = dice.pick(&[0, 1, 2]);
            self.config.review = ReviewPolicy { always, fix_rounds, again };
        }
        if dice.chance(15) {
            self.disturbances.push((dice.below(120), Disturbance::VerifyTakesBack));
        }
    }

    /// Adds what must come together to hurt, and seldom does by chance.
    fn follow(&mut self, dice: &mut Dice) {
        use Deed as D;
        use Disturbance as X;
        use Misdeed as M;
        let at = dice.below(120);
        let mut add = |later: u64, kind| self.disturbances.push((at + later, kind));
        match dice.below(4) {
            0 => {
                // While an agent is waited for a person writes what it then writes over.
                add(0, X::Agent(M::Transient));
                add(0, X::Agent(M::OverwritesPerson));
                add(dice.below(25), X::Person(D::EditsInside));
            }
            1 => {
                // An agent writes that all is done and is cut short where it cannot be looked at.
                add(0, X::Agent(M::ForgesDocuments));
                add(dice.below(25), X::Kill);
                add(dice.below(25), X::Person(D::SwitchesBranch));
                (self.mode, self.second_milestone, self.depends) = (Mode::Auto, true, true);
            }
            2 => {
                // Something comes between a diagnosis and what it is about.
                let between = [X::TooLarge, X::Person(D::SwitchesBranch), X::Person(D::CommitsInside)];
                add(dice.below(100), dice.pick(&between));
                (self.mode, self.hopeless, self.verifies) = (Mode::Auto, true, true);
            }
            _ => {
                for _ in 0..4 {
                    add(dice.below(60), X::Person(D::CommitsInside));
                }
                self.verifies = true;
            }
        }
    }

    /// Whether some policy may answer the push gate.
    pub(super) fn pushes_unseen(&self) -> bool {
        self.mode == Mode::Auto || self.config.gates.push == GatePolicy::Auto
    }

    /// Of a phase that is a stage: whether the configuration has that stage.
    pub(super) fn wants_stage(&self, phase: &Phase) -> Option<bool> {
        match phase.role.as_str() {
            // Where the milestone asks for no design it is a phase like any other.
            ARCHITECT => self.rfc.then_some(self.config.gates.rfc != GatePolicy::Never),
            REVIEWER => Some(self.config.review.always),
            _ => None,
        }
    }

    pub(super) fn undisturbed() -> Self {
        Self {
            seed: 0,
            mode: Mode::Auto,
            rfc: true,
            phases: 2,
            second_milestone: false,
            depends: false,
            verifies: true,
            red_base: false,
            own_check: false,
            dirty: true,
            private: false,
            hold_push: false,
            finds_fault: true,
            hopeless: false,
            names_stages: false,
            skips_often: false,
            speaks: false,
            config: Settings::default(),
            disturbances: Vec::new(),
        }
    }

    /// Leaves out whatever is not needed to fail.
    pub(super) fn least(&self, fails: impl Fn(&Self) -> bool) -> Self {
        let mut least = self.clone();
        let mut at = 0;
        while at < least.disturbances.len() {
            let mut fewer = least.clone();
            fewer.disturbances.remove(at);
            if fails(&fewer) { least = fewer } else { at += 1 }
        }
        let simpler: [fn(&mut Self); 14] = [
            |schedule| schedule.speaks = false,
            |schedule| schedule.own_check = false,
            |schedule| schedule.names_stages = false,
            |schedule| schedule.skips_often = false,
            |schedule| schedule.config = Settings::default(),
            |schedule| schedule.second_milestone = false,
            |schedule| schedule.depends = false,
            |schedule| schedule.private = false,
            |schedule| schedule.red_base = false,
            |schedule| schedule.hopeless = false,
            |schedule| schedule.finds_fault = false,
            |schedule| schedule.dirty = false,
            |schedule| schedule.rfc = false,
            |schedule| schedule.phases = 1,
        ];
        for simplify in simpler {
            let mut simple = least.clone();
            simplify(&mut simple);
            if fails(&simple) {
                least = simple;
            }
        }
        least
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
