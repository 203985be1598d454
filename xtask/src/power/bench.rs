//! Cuts, one after the other: each on a fresh copy of the disk.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::disk::Disk;
use super::inside::Order;
use super::life::Life;
use super::scene::{Scene, WORKS};
use super::{Control, Plan, Report};

/// Cuts without syncing: half of them after done, half within the commit.
const CONTROLS: u64 = 6;
/// How often a cut may come beside the commit before that is no bad luck any more.
const TRIES: u32 = 12;
/// "Within the second after it was shown."
const A_SECOND_IN_MS: u64 = 1000;

/// Everything that cuts need.
pub(super) struct Bench {
    folder: PathBuf,
    /// Never mounted again: each cut has a copy.
    original: Disk,
    scene: Scene,
    strace: Option<PathBuf>,
    undisturbed: Vec<String>,
    /// How long each work's commit takes, from its start to the news of it.
    spans: BTreeMap<&'static str, Duration>,
    disks: u32,
}

/// Which moments are looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    AfterDone,
    WithinCommit,
}

/// What is left after a cut.
struct Left {
    disk: Disk,
    /// The kind of cut it turned out to be.
    fell: Fell,
    shown: Vec<String>,
    /// Where and when, in words.
    what: String,
    /// What the worker printed.
    said: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fell {
    AsMeant,
    /// The commit was shown before the power went.
    Beside,
}

/// Numbers that look random and are printed with a failure.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

impl Bench {
    /// Sets the project up, and sees what an undisturbed run comes to.
    pub(super) fn make(folder: &Path, order: &Order) -> anyhow::Result<Self> {
        let at = folder.join("disk");
        let original = Disk::make(&folder.join("original.img"), &at)?;
        original.mount()?;
        let scene = Scene::make(&at, folder, &order.program)?;
        original.unmount()?;
        let mut bench = Self {
            folder: folder.to_owned(),
            original,
            scene,
            strace: order.strace.clone(),
            undisturbed: Vec::new(),
            spans: BTreeMap::new(),
            disks: 0,
        };
        bench.measure()?;
        Ok(bench)
    }

    /// Runs the plan.
    pub(super) fn run(mut self, plan: &Plan) -> anyhow::Result<Report> {
        let end = Instant::now() + plan.time;
        let mut report = Report { first_seed: plan.first, last_seed: plan.first, ..Report::default() };
        report.control = self.control(plan.first)?;
        for seed in plan.first.. {
            let is_enough = report.after_done >= plan.least && report.within_commit >= plan.least;
            if is_enough && Instant::now() >= end {
                break;
            }
            report.last_seed = seed;
            self.cut_both_ways(seed, &mut report)?;
        }
        let Control { cuts, lost, .. } = report.control;
        if cuts > 0 && lost == 0 {
            report
                .failures
                .push("without syncing nothing was lost either: these cuts prove nothing".to_owned());
        }
        Ok(report)
    }

    /// One cut of each kind.
    fn cut_both_ways(&mut self, seed: u64, report: &mut Report) -> anyhow::Result<()> {
        let mut dice = Dice(seed);
        let fell = self.cut_and_look(Kind::AfterDone, seed, &mut dice, report)?;
        ensure!(fell == Fell::AsMeant, "the worker left without showing what it does in every run");
        report.after_done += 1;
        for _ in 0..TRIES {
            match self.cut_and_look(Kind::WithinCommit, seed, &mut dice, report)? {
                Fell::AsMeant => {
                    report.within_commit += 1;
                    return Ok(());
                }
                Fell::Beside => report.beside += 1,
            }
        }
        bail!("seed {seed}: {TRIES} cuts came beside the commit")
    }

    /// Cuts, looks at what is left, and goes on to the end.
    fn cut_and_look(
        &mut self,
        kind: Kind,
        seed: u64,
        dice: &mut Dice,
        report: &mut Report,
    ) -> anyhow::Result<Fell> {
        let left = self.cut(kind, dice, &[]).with_context(|| format!("seed {seed}"))?;
        let fell = left.fell;
        let mut faults = self.scene.losses(&left.shown);
        if let Err(error) = self.go_on() {
            faults.push(format!("then: {error:#}"));
        }
        let word = match (faults.is_empty(), fell) {
            (false, _) => "LOST",
            (true, Fell::AsMeant) => "whole",
            (true, Fell::Beside) => "whole, beside",
        };
        writeln!(io::stdout(), "seed {seed}: {}: {word}", left.what)?;
        if !faults.is_empty() {
            writeln!(io::stdout(), "{}\n{}", faults.join("\n"), left.said)?;
            report.failures.push(format!("seed {seed}: {}: {}", left.what, faults.join("; ")));
        }
        left.disk.unmount()?;
        left.disk.remove()?;
        Ok(fell)
    }

    /// The same without syncing: something must be lost.
    fn control(&mut self, first: u64) -> anyhow::Result<Control> {
        let mut control = Control::default();
        let Some(strace) = self.strace.clone() else {
            let why = "`strace` is not there, which would switch syncing off".to_owned();
            writeln!(io::stdout(), "SKIPPED: the control: {why}")?;
            control.skipped = Some(why);
            return Ok(control);
        };
        let calls = "fsync,fdatasync,sync,syncfs,sync_file_range,msync";
        let below = [
            strace.into_os_string(),
            "-f".into(),
            "--seccomp-bpf".into(),
            "-qq".into(),
            "-o".into(),
            self.folder.join("calls").into(),
            "-e".into(),
            format!("trace={calls}").into(),
            "-e".into(),
            format!("inject={calls}:retval=0").into(),
        ];
        for number in 0..CONTROLS {
            let kind = if number % 2 == 0 { Kind::AfterDone } else { Kind::WithinCommit };
            let mut dice = Dice(first + number);
            let left = self.cut(kind, &mut dice, &below).context("the control")?;
            let losses = self.scene.losses(&left.shown);
            control.cuts += 1;
            control.lost += u32::from(!losses.is_empty());
            let first = losses.first().map_or("nothing lost", String::as_str);
            let first = first.lines().next().unwrap_or_default();
            writeln!(io::stdout(), "without syncing: {}: {first}", left.what)?;
            control.example = control.example.or_else(|| losses.into_iter().next());
            left.disk.unmount()?;
            left.disk.remove()?;
        }
        let swallowed = fs::read_to_string(self.folder.join("calls")).unwrap_or_default();
        ensure!(swallowed.contains("(INJECTED)"), "strace has not kept a single call from the disk");
        Ok(control)
    }

    /// A run that nobody disturbs, twice: what it comes to must not be a matter of luck.
    fn measure(&mut self) -> anyhow::Result<()> {
        let mut outcomes = Vec::new();
        for _ in 0..2 {
            let disk = self.fresh()?;
            let mut spans = BTreeMap::new();
            let mut life = self.start(&[])?;
            for (work, start) in WORKS {
                let begun = life.until_started(start)?;
                let shown = life.until_shown(work)?;
                let (Some(begun), Some(shown)) = (begun, shown) else {
                    bail!("undisturbed it ended without {work}:\n{}{}", life.said, self.complaints());
                };
                spans.insert(work, shown.saturating_duration_since(begun));
            }
            let (status, said) = life.wait()?;
            ensure!(status.success(), "an undisturbed run ended with {status}:\n{said}{}", self.complaints());
            outcomes.push(self.scene.outcome().context("an undisturbed run")?);
            disk.unmount()?;
            disk.remove()?;
            self.spans = spans;
        }
        ensure!(outcomes[0] == outcomes[1], "two undisturbed runs differ");
        self.undisturbed = outcomes.swap_remove(0);
        let spans: Vec<String> =
            self.spans.iter().map(|(work, span)| format!("{work} {} ms", span.as_millis())).collect();
        writeln!(io::stdout(), "undisturbed, a commit takes: {}", spans.join(", "))?;
        Ok(())
    }

    /// Runs the worker, takes the power away, ends what still runs, and mounts what is left.
    fn cut(&mut self, kind: Kind, dice: &mut Dice, below: &[OsString]) -> anyhow::Result<Left> {
        let (work, start) = WORKS[usize::try_from(dice.below(WORKS.len() as u64)).unwrap_or(0)];
        let span = self.spans.get(work).copied().unwrap_or_default().as_millis();
        let delay = Duration::from_millis(match kind {
            Kind::AfterDone => dice.below(A_SECOND_IN_MS),
            Kind::WithinCommit => dice.below(u64::try_from(span).unwrap_or(u64::MAX)),
        });
        let disk = self.fresh()?;
        let switch = disk.switch()?;
        let mut life = self.start(below)?;
        let begun = match kind {
            Kind::AfterDone => life.until_shown(work)?,
            Kind::WithinCommit => life.until_started(start)?,
        };
        if let Some(begun) = begun {
            life.take_in(begun + delay);
        }
        switch.turn_off()?;
        life.take_in(Instant::now());
        let is_shown = life.shown.iter().any(|(shown, _)| shown == work);
        let fell = match kind {
            Kind::AfterDone if is_shown => Fell::AsMeant,
            Kind::WithinCommit if !is_shown && begun.is_some() => Fell::AsMeant,
            Kind::AfterDone | Kind::WithinCommit => Fell::Beside,
        };
        let (shown, said) = life.kill()?;
        disk.unmount()?;
        disk.mount()?;
        let when = match kind {
            Kind::AfterDone => "was shown as done",
            Kind::WithinCommit => "began to be committed",
        };
        let what = format!("{} ms after {work} {when}", delay.as_millis());
        Ok(Left { disk, fell, shown, what, said })
    }

    /// Starts the program again: it must come to the end of an undisturbed run.
    fn go_on(&self) -> anyhow::Result<()> {
        let (status, said) = self.start(&[])?.wait()?;
        ensure!(status.success(), "started again it ended with {status}:\n{said}{}", self.complaints());
        let outcome = self.scene.outcome().context("at the end")?;
        let mut pairs = outcome.iter().zip(&self.undisturbed);
        if let Some((here, there)) = pairs.find(|(here, there)| here != there) {
            bail!("it ends as\n{here}\nand undisturbed as\n{there}");
        }
        ensure!(outcome.len() == self.undisturbed.len(), "more or fewer files than undisturbed");
        Ok(())
    }

    /// The project on a disk of its own, mounted, and the remote as it was.
    fn fresh(&mut self) -> anyhow::Result<Disk> {
        self.disks += 1;
        // A name of its own each time: a loop device lets go of a file a little after it is unmounted.
        let disk = self.original.copy(&self.folder.join(format!("disk-{}.img", self.disks)))?;
        disk.mount()?;
        self.scene.reset_remote()?;
        Ok(disk)
    }

    fn start(&self, below: &[OsString]) -> anyhow::Result<Life<'_>> {
        let command = self.scene.worker(below, &["--output", "json"]);
        Life::start(&self.scene, command, &self.complaints_file())
    }

    fn complaints(&self) -> String {
        fs::read_to_string(self.complaints_file()).unwrap_or_default()
    }

    fn complaints_file(&self) -> PathBuf {
        self.folder.join("complaints")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_every_moment() {
        let throw = |seed| {
            let mut dice = Dice(seed);
            [5, 1000, 300].map(|bound| dice.below(bound))
        };
        assert_eq!(throw(7), throw(7));
        assert_ne!(throw(7), throw(8));
        // A commit that took no measurable time.
        assert_eq!(Dice(1).below(0), 0);
    }
}
