use std::fs;

use orchestra_project::lock::WorkerLock;
use orchestra_project::stop::{self, StopWhen};

use crate::project::Project;

#[test]
fn without_a_worker_there_is_nothing_to_stop() {
    let project = Project::set_up();
    assert_eq!(project.run(["stop"]).well(), "No worker runs here.\n");
    assert!(!project.layout().stop_request().exists());
}

#[test]
fn the_worker_that_runs_is_asked_and_no_other() {
    let project = Project::set_up();
    let layout = project.layout();
    let mut worker = WorkerLock::try_acquire(&layout, "1").unwrap();
    worker.describe("M1-x phase-2", false).unwrap();
    let pid = std::process::id();
    assert_eq!(
        project.run(["stop"]).well(),
        format!("Asked the worker (process {pid}, which runs M1-x phase-2) to leave after its phase.\n")
    );
    assert_eq!(stop::take(&layout, worker.holder()).unwrap(), Some(StopWhen::AfterPhase));
    project.run(["stop", "--now"]).well();
    assert_eq!(stop::take(&layout, worker.holder()).unwrap(), Some(StopWhen::Now));
}

#[test]
fn a_worker_that_does_not_say_who_it_is_cannot_be_asked() {
    let project = Project::set_up();
    let _worker = WorkerLock::try_acquire(&project.layout(), "1").unwrap();
    fs::write(project.layout().worker_lock(), "not json").unwrap();
    let said = project.run(["stop"]).badly(2);
    assert!(said.contains("cannot be read") && said.contains("ctrl-c"), "{said}");
}
