//! The demo, as a newcomer runs it.

use std::path::Path;
use std::process::{Command, Stdio};

use orchestra_testkit::{TestProject, until};

/// The demo's environment is the test project's; cargo finds its tools as it does for this test.
fn demo(project: &TestProject, folder: &Path) -> Command {
    let mut command = project.orchestra(&["demo", "--auto", "--dir", folder.to_str().unwrap()]);
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
