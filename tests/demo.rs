//! The demo, as a newcomer runs it.

use std::path::Path;
use std::process::{Command, Stdio};

use orchestra_testkit::{TestProject, until};

use crate::terminal::Terminal;

/// The demo's environment is the test project's; cargo finds its tools as it does for this test.
fn demo(project: &TestProject, folder: &Path) -> Command {
    demo_with(project, folder, "--auto")
}

fn demo_with(project: &TestProject, folder: &Path, flag: &str) -> Command {
    let mut command = project.orchestra(&["demo", flag, "--dir", folder.to_str().unwrap()]);
    for name in ["PATH", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if let Some(home) = std::env::var_os("HOME").map(std::path::PathBuf::from) {
        for (name, below) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            if std::env::var_os(name).is_none() && home.join(below).is_dir() {
                command.env(name, home.join(below));
            }
        }
    }
    command
}

#[test]
fn killed_half_way_it_goes_on_and_everything_is_pushed() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let folder = project.top().join("demo");
    let shop = folder.join("shop-api");
    let mut first = demo(&project, &folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = shop.join(".orchestra/milestones/M1-coupon-codes/rfc.md");
    until("there is a design", || begun.is_file() || first.try_wait().unwrap().is_some());
    first.kill().unwrap();
    first.wait().unwrap();

    let output = demo(&project, &folder).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in
        ["is red; back to the agent", "changes-requested", "M1-coupon-codes done.", "What to try next"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let log = |at: &Path| project.git_at(at, &["log", "--reverse", "--format=%s", "main"]);
    let subjects = log(&shop);
    assert_eq!(
        subjects.lines().collect::<Vec<_>>(),
        [
            "feat: a small shop",
            "chore: set up orchestra",
            "docs(rfc): Coupon codes at checkout",
            "feat(coupons): let a cart hold a coupon",
            "feat(coupons): apply and remove coupons over the API",
            "feat(page): add a coupon form to the cart",
            "fix(coupons): never take off more than the cart costs",
            "chore(orchestra): close M1-coupon-codes",
        ]
    );
    assert_eq!(log(&folder.join("remote.git")), subjects);
    assert_eq!(project.git_at(&shop, &["status", "--porcelain"]), "");
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let output = demo(&project, &project.root()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not empty"));
}

#[test]
fn a_second_milestone_is_planned_in_another_terminal_while_the_first_is_built() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let folder = project.top().join("demo");
    let shop = folder.join("shop-api");
    let worker = demo(&project, &folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It is read by a thread, so that a full pipe stops nobody.
    let worker = std::thread::spawn(|| worker.wait_with_output().unwrap());
    let design = shop.join(".orchestra/milestones/M1-coupon-codes/rfc.md");
    until("there is a design", || design.is_file() || worker.is_finished());

    let planned = shop.join(".orchestra/milestones/M2-health-check");
    let mut planner = Terminal::run(demo_with(&project, &folder, "--pm"));
    planner.wait_for("Say what you want to build");
    planner.line("is the shop up?");
    planner.wait_for("Who will ask for it?");
    planner.wait_for("words of your own");
    planner.line("2");
    planner.wait_for("1 create");
    assert!(!planned.exists(), "nothing is written before it is approved");
    planner.line("1");
    planner.wait_for("begins with the same proposal");
    assert!(planned.join("milestone.md").is_file());
    planner.line("and now?");
    planner.wait_for("so I have no answer");
    // Ctrl-d.
    planner.write("\u{4}");
    let (code, said) = planner.end();
    assert_eq!(code, 0, "{said}");
    // What is named works: nothing else finds the demo's own files.
    let again = format!("demo --dir {} --pm`", folder.display());
    assert!(said.contains("Talk again: `") && said.contains(&again) && !said.contains("--project"), "{said}");

    let output = worker.join().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let again = format!("demo --dir {} --pm", folder.display());
    assert_eq!(said.matches(&again).count(), 2, "named at the begin and at the end: {said}");
    assert!(said.contains("M1-coupon-codes done.") && said.contains("M2-health-check done."), "{said}");
    let subjects = project.git_at(&shop, &["log", "--reverse", "--format=%s", "main"]);
    assert!(
        subjects.ends_with(
            "chore(orchestra): close M1-coupon-codes\nfeat(api): say whether the shop is up\n\
             chore(orchestra): close M2-health-check\n"
        ),
        "{subjects}"
    );
    assert_eq!(
        project.git_at(&folder.join("remote.git"), &["log", "--reverse", "--format=%s", "main"]),
        subjects
    );
    let grooming = std::fs::read_to_string(planned.join("grooming.md")).unwrap();
    assert!(grooming.contains("People on call"), "what was answered: {grooming}");
}

#[test]
fn without_a_project_of_the_demo_there_is_nobody_to_plan_with() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let folder = project.top().join("demo");
    let output = demo_with(&project, &folder, "--pm").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no project of the demo") && said.contains("demo --dir"), "{said}");
    assert!(!folder.exists(), "a question makes nothing");
}
