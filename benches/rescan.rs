//! Looking again after one file changed against loading everything, as the worker does both.

use std::fs;
use std::thread;
use std::time::Duration;

use orchestra_project::config_files::Sources;
use orchestra_project::layout::Layout;
use orchestra_project::load::{self, Scanner};

use crate::measure::{ROUNDS, in_turn, time};
use crate::plan;

pub(crate) fn run() {
    let project = plan::large("planning");
    let layout = Layout::open(&project.root()).unwrap();
    let sources = Sources::default();
    let mut scanner = Scanner::default();
    // What was written a moment ago is not relied upon.
    thread::sleep(Duration::from_secs(3));
    scanner.load(&layout, &sources).unwrap();
    let path = project.path(".orchestra/milestones/M950-work/phases/phase-3.md");
    let mut count = 0;
    let ours = || {
        count += 1;
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{count}\n")).unwrap();
        let took = time(|| drop(scanner.load(&layout, &sources).unwrap()));
        assert!(scanner.last_read() > 0, "the change was seen");
        took
    };
    let theirs = || time(|| drop(load::load(&layout, &sources).unwrap()));
    in_turn(3 * ROUNDS, ours, theirs).report("rescan after one file changed", "full load", 0.35);
}
