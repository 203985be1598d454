//! What is in the pictures: a small shop that learns coupon codes, played by the scripted agent.

use orchestra_testkit::{Emulator, TestProject};

use super::compare;
use crate::screen::Barrier;

/// The size of most pictures, rows first.
const SIZE: (u16, u16) = (36, 120);
const SMALL: (u16, u16) = (15, 60);

const CONFIG: &str = "version: 1\nverify: [\"sh check.sh\"]\nlimits: { repair_attempts: 0, retries: 0 }\nagents:\n  \
                      default: scripted\n  scripted: { kind: scripted, script: .orchestra/script.yaml }\n";

/// The tests that a phase's agent runs: they wait until they may go on.
const TESTS: &str = "cat ../barrier\necho 'running 12 tests'\necho '12 passed'\n";

const CART: &str = "pub fn total(cart: &Cart) -> Cents {\n    cart.subtotal()\n}\n";

const SCRIPT: &str = r#"version: 1
turns:
  - when: { work: rfc }
    steps:
      - say: I read the milestone and `src/cart.rs`, because that is where the plan has to fit.
      - usage: { input: 11800, output: 900 }
      - write:
          path: ".orchestra/milestones/${milestone}/rfc.md"
          content: |
            # RFC: coupon codes at checkout

            ## Problem

            `total` in `src/cart.rs` is the subtotal: nothing could make it smaller.

            ## Options

            1. **The cart holds the coupon** and works the discount out when it is asked.
            2. **The cart holds the discount in cents.** Smaller, but the first change of a line that forgets to work it
               out again charges a wrong amount.

            ## Decision

            The first. What is derived cannot be out of date.

            | request | body | answer |
            |---|---|---|
            | `POST /api/cart/coupon` | `code=welcome10` | 200 and the cart; 422 where the code is unknown |
            | `DELETE /api/cart/coupon` | | 200 and the cart |
    report: { summary: one field on the cart, concerns: ["the plan does not say what an empty cart does with its coupon"] }
  - when: { work: phase-1 }
    steps:
      - say: The two coupons first, as a table that a test can read.
      - usage: { input: 24100, output: 2300 }
      - write:
          path: src/coupon.rs
          content: |
            /// What a customer may type, and what it takes off.
            pub const COUPONS: &[(&str, Off)] = &[("WELCOME10", Off::Percent(10)), ("FIVEOFF", Off::Cents(500))];
    report: { summary: coupons, commit: { type: feat, scope: coupon, subject: know the two coupons } }
  - when: { work: phase-2 }
    steps:
      - think: A coupon that is worth more than the cart must not make the total negative.
      - say: |
          The cart holds the coupon, and `total` asks it. Two cases need care:

          - a coupon that is **worth more than the cart** makes it free, and no more
          - an unknown code leaves the one that was applied before
      - usage: { input: 38200, output: 3100 }
      - edit:
          path: src/cart.rs
          old: "    cart.subtotal()\n"
          new: "    let subtotal = cart.subtotal();\n    subtotal - cart.coupon().map_or(0, |coupon| coupon.off(subtotal))\n"
      - run: sh tests.sh
    report: { summary: the cart asks its coupon, commit: { type: feat, scope: cart, subject: let a coupon lower the total } }
  - when: { work: "review-*" }
    steps:
      - say: I read both commits against the design.
    report: { verdict: approved, summary: as designed }
"#;

/// The second phase of the same milestone goes wrong, and nobody finds out why.
const FAILS: &str = r#"version: 1
turns:
  - when: { work: phase-1 }
    steps:
      - say: The total first.
      - edit: { path: src/cart.rs, old: "cart.subtotal()", new: "cart.subtotal() - cart.discount() // BUG" }
    report: { summary: the cart asks its coupon }
  - when: { work: "diagnosis-*" }
    report: { summary: "The discount is taken off twice: `subtotal` has it already." }
"#;

/// The shop, with what its agent does.
fn shop(script: &str) -> TestProject {
    let project = TestProject::named("shop-api", env!("CARGO_BIN_EXE_orchestra"));
    project.write(".orchestra/config.yaml", CONFIG);
    project.script(script);
    project.write("src/cart.rs", CART);
    project.write("tests.sh", TESTS);
    project.write(
        "check.sh",
        "if grep -rqs BUG src; then\n  echo 'running 12 tests'\n  printf '\\033[31mFAILED\\033[0m total_is_never_negative\\n'\n  \
         echo '  left: -100, right: 0'\n  echo '11 passed, 1 failed'\n  exit 1\nfi\n",
    );
    // No path of this machine is in a picture.
    project.git(&["remote", "set-url", "origin", "../remote.git"]);
    project.commit_all("feat: a small shop");
    project.git(&["push", "--quiet", "origin", "main"]);
    project.trust();
    project
}

fn plan(project: &TestProject, id: &str, title: &str, front: &str, phases: &[(&str, &str)]) {
    let folder = format!(".orchestra/milestones/{id}");
    let head = format!("---\nid: {id}\ntitle: {title}\nstatus: planning\n{front}---\n");
    let text = "## Summary\nAs its title says.\n\n## Acceptance criteria\n- [ ] it works\n";
    project.write(&format!("{folder}/milestone.md"), &format!("{head}{text}"));
    for (number, (role, title)) in (1..).zip(phases) {
        let front = format!("role: {role}\ntitle: {title}\nstatus: pending\norder: {number}");
        let text =
            format!("---\n{front}\n---\n## Objective\n{title}.\n\n## Scope\n\n## Context\n\n## Result\n");
        project.write(&format!("{folder}/phases/phase-{number}.md"), &text);
    }
}

fn coupons(project: &TestProject, front: &str, phases: &[(&str, &str)]) {
    plan(project, "M1-coupon-codes", "Coupon codes at checkout", front, phases);
    plan(project, "M2-order-mails", "Mails about orders", "rfc: skip\n", &[("backend", "A queue of mails")]);
}

fn start(project: &TestProject) -> Emulator {
    Emulator::start_with(project, &["start"], SIZE, &[("TZ", "UTC")])
}

#[test]
fn a_milestone_from_its_design_to_its_push() {
    let project = shop(SCRIPT);
    coupons(
        &project,
        "rfc: required\n",
        &[("backend", "Coupons in the domain"), ("backend", "A cart that holds a coupon")],
    );
    let barrier = Barrier::make(&project);
    let mut screen = start(&project);
    screen.wait_armed("a approve");
    compare("design", "The question about a design, before anything is built on it", &screen);

    screen.keys("a");
    let open = barrier.reach();
    screen.wait_for("run sh tests.sh");
    compare("running", "A phase in the middle of its work", &screen);
    screen.resize(SMALL.0, SMALL.1);
    screen.wait_until("it is small", |shown| {
        let text = shown.text();
        text.contains("? keys") && text.contains("run sh tests.sh") && !text.contains("Log")
    });
    compare("small", "The same in sixty columns and fifteen rows", &screen);
    screen.resize(SIZE.0, SIZE.1);
    screen.wait_for("Log");
    drop(open);

    screen.wait_armed("a push");
    compare("push", "The question before a push, with all that it would publish", &screen);
    while !screen.screen().contains("let subtotal") {
        screen.keys("\x1b[6~");
        screen.wait_for_frame();
    }
    screen.wait_armed("a push");
    compare("changes", "The same, further down: what was changed", &screen);
}

#[test]
fn a_phase_that_failed() {
    let project = shop(FAILS);
    coupons(&project, "rfc: skip\n", &[("backend", "A cart that holds a coupon")]);
    let mut screen = start(&project);
    screen.wait_armed("t try again");
    compare("failed", "The question about a phase that failed, with the last of its output", &screen);
}
