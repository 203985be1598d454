//! The part that runs in namespaces of its own: its order, and the news that it sends back.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use super::bench::Bench;
use super::disk::Disk;
use super::{Outcome, Plan, read};

/// How long it takes to see that the caller is gone, and to remove everything.
const TAKING_DOWN: Duration = Duration::from_secs(1);

/// What is to be done with what.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Order {
    pub(super) plan: Plan,
    /// The program that is tried.
    pub(super) program: PathBuf,
    pub(super) strace: Option<PathBuf>,
}

impl Order {
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        write(&order_file(folder), &serde_json::to_string(self).context("write the order")?)
    }
}

/// What the inside came to.
pub(super) fn read_outcome(folder: &Path) -> anyhow::Result<Outcome> {
    serde_json::from_str(&read(&outcome_file(folder))?).context("read what the cuts came to")
}

/// Does it.
pub(super) fn run(folder: &Path) -> anyhow::Result<()> {
    let order: Order = serde_json::from_str(&read(&order_file(folder))?).context("read the order")?;
    ensure!(std::process::id() == 1, "this is for `cargo xtask power` alone, in namespaces of its own");
    end_with_our_caller(folder.to_owned());
    let outcome = match try_switch(folder) {
        Err(why) => Outcome::Skipped(format!("{why:#}")),
        Ok(()) => match Bench::make(folder, &order).and_then(|bench| bench.run(&order.plan)) {
            Ok(report) => Outcome::Tried(report),
            Err(error) => {
                // A signal that ended the caller may have ended a program here as well, and it is that which failed:
                // then everything is to be taken down before this ends.
                std::thread::sleep(TAKING_DOWN);
                return Err(error);
            }
        },
    };
    write(&outcome_file(folder), &serde_json::to_string(&outcome).context("write the outcome")?)
}

/// Takes the power of an empty disk away: where that does not do what it should, nothing can be tried here.
fn try_switch(folder: &Path) -> anyhow::Result<()> {
    let at = folder.join("disk");
    let disk = Disk::make(&folder.join("empty.img"), &at)?;
    disk.mount()?;
    let (synced, unsynced) = (at.join("synced"), at.join("unsynced"));
    write(&synced, "kept")?;
    let file = fs::File::open(&synced).context("open a file")?;
    file.sync_all().context("sync a file")?;
    fs::File::open(&at).and_then(|folder| folder.sync_all()).context("sync a folder")?;
    drop(file);
    write(&unsynced, "lost")?;
    let off = disk.switch()?.turn_off();
    disk.unmount()?;
    off?;
    disk.mount()?;
    let (kept, lost) = (fs::read(&synced), fs::read(&unsynced));
    disk.unmount()?;
    ensure!(kept.is_ok_and(|text| text == b"kept"), "what was synced is gone: these are no power cuts");
    ensure!(!lost.is_ok_and(|text| text == b"lost"), "what was not synced is there: these are no power cuts");
    disk.remove()
}

/// Leaves when the caller is gone: its end of our input is closed then, however it ended. What runs in this namespace
/// ends with us, and its mounts with it.
fn end_with_our_caller(folder: PathBuf) {
    std::thread::spawn(move || {
        let mut nothing = Vec::new();
        let _count = io::stdin().read_to_end(&mut nothing);
        // Hidden first, so that what is removed is the folder of images, and nothing waits for a busy disk.
        let _status =
            Command::new("umount").arg("-l").arg(folder.join("disk")).stderr(Stdio::null()).status();
        // What is being written at this very moment may come in between.
        let _removed = (0..3).any(|_| fs::remove_dir_all(&folder).is_ok());
        let _told = writeln!(io::stderr(), "nobody waits any more: everything is taken down");
        std::process::exit(1);
    });
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
}

fn order_file(folder: &Path) -> PathBuf {
    folder.join("order.json")
}

fn outcome_file(folder: &Path) -> PathBuf {
    folder.join("outcome.json")
}
