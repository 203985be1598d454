//! What is a person's to decide is refused to whatever an agent starts.

use std::path::Path;

use orchestra_agent::guard::{GuardLauncher, Order, OutputLimits, run_to_end};
use orchestra_project::layout::Layout;
use orchestra_project::lock::WorkerLock;

use crate::project::{Asked, ORCHESTRA, Project};

/// Every command that decides something in a person's place.
const DECIDING: [&[&str]; 7] = [
    &["answer", "failed-1", "retry"],
    &["trust", "--yes"],
    &["init", "--upgrade", "--yes"],
    &["add", "x"],
    &["propose", "plan.json", "--yes"],
    &["stop", "--now"],
    &["rescue", "restore", "M1/phase-1/1/before"],
];

/// Runs the program below a real guard, with or without its mark in the environment.
fn below(project: &Project, args: &[&str], has_mark: bool) -> (Option<i32>, String) {
    let launcher = GuardLauncher::new(ORCHESTRA, vec!["__guard".into()], None);
    let env = project.environment();
    let mut order = Order::new(if has_mark { ORCHESTRA } else { "env" }, project.root());
    if !has_mark {
        // As an agent would that knows of the mark.
        order.args = vec!["-i".into()];
        let assignments =
            env.iter().map(|(name, value)| [name.as_os_str(), "=".as_ref(), value].join("".as_ref()));
        order.args.extend(assignments);
        order.args.push(ORCHESTRA.into());
    }
    order.args.extend(args.iter().map(Into::into));
    order.env = env;
    let output = run_to_end(&launcher, &order, Vec::new(), OutputLimits::default()).unwrap();
    let code = match output.status.exit {
        orchestra_agent::guard::Exit::Code(code) => Some(code),
        _ => None,
    };
    (code, output.stderr.text())
}

#[test]
fn nothing_that_an_agent_starts_decides_in_the_person_s_place() {
    let project = Project::set_up();
    project.ask("failed-1", &Asked::default());
    for args in DECIDING {
        for has_mark in [true, false] {
            if !has_mark && !Path::new("/proc/self").exists() {
                // Without a list of processes the mark is all there is.
                continue;
            }
            let (code, said) = below(&project, args, has_mark);
            assert_eq!(code, Some(2), "{args:?}, {has_mark}: {said}");
            let command = if args[0] == "rescue" { "rescue restore" } else { args[0] };
            assert!(
                said.contains(&format!("`orchestra {command}` is for a person"))
                    && said.contains("no agent answers for you"),
                "{said}"
            );
        }
    }
    assert_eq!(project.answer("failed-1"), None);
    assert!(!project.exists(".orchestra/milestones"));
}

/// What a killed guard leaves becomes a child of the worker, and has neither mark nor guard above it any more.
#[test]
fn nor_does_what_has_only_the_worker_above_it() {
    let project = Project::set_up();
    project.ask("failed-1", &Asked::default());
    let lock = WorkerLock::try_acquire(&Layout::open(&project.root()).unwrap(), "1.0.0").unwrap();
    let said = project.run(["answer", "failed-1", "retry"]).badly(2);
    assert!(said.contains("`orchestra answer` is for a person"), "{said}");
    assert_eq!(project.answer("failed-1"), None);
    drop(lock);
    let _said = project.run(["answer", "failed-1", "retry"]).well();
}

#[test]
fn looking_is_free_to_everybody() {
    let project = Project::set_up();
    for args in
        [&["status"][..], &["config"], &["trust", "--show"], &["rescue", "list"], &["schema", "report"]]
    {
        let (code, said) = below(&project, args, true);
        assert_eq!(code, Some(0), "{args:?}: {said}");
    }
}
