//! How fast it is, each number a ratio against something in the same run: `cargo bench`, or some of it by name:
//! `cargo bench -- status phase`.
//!
//! Throw-away repositories in the folder for temporary files, nothing of the machine's environment, no network. What
//! the numbers were when they were last written down is in `docs/performance.md`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a benchmark ends it")]

mod frame;
mod idle;
mod measure;
mod model;
mod part;
mod phase;
mod plan;
mod rescan;
mod screen;
mod status;

/// Each by the name that is typed for it.
const ALL: &[(&str, fn())] = &[
    ("status", status::run),
    ("rescan", rescan::run),
    ("phase-100", || phase::run(100, 2.0)),
    ("phase-5000", || phase::run(5_000, 1.3)),
    ("phase-50000", || phase::run(50_000, 1.3)),
    ("phase-history", phase::history),
    ("phase-count", phase::count),
    ("event", idle::event),
    ("idle", idle::rest),
    ("screen-frame", frame::frame),
    ("screen-word", frame::word),
    ("screen-first", screen::first_frame),
    ("screen-keys", screen::keys),
    ("screen-idle", screen::rest),
    ("screen-memory", screen::memory),
    ("model-token", model::token),
    ("model-turn", model::turn),
    ("model-first", model::first),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if part::play(&args) {
        return;
    }
    // `cargo test --all-targets` starts this too, and wants no numbers.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    // `phase` means all that begin so, `phase-5000` not `phase-50000`.
    let is_meant = |name: &str, typed: &str| {
        name.strip_prefix(typed).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    for (name, run) in ALL {
        if wanted.is_empty() || wanted.iter().any(|typed| is_meant(name, typed)) {
            run();
        }
    }
}
