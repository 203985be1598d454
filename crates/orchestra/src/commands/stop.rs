//! `orchestra stop`: leaves a request for the worker that runs now, and for no later one.

use orchestra_project::lock::{self, Held, HeldBy};
use orchestra_project::stop::{self, StopWhen};

use crate::cli::StopArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::shown;

pub(super) fn run(context: &Context, args: &StopArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("stop")?;
    let layout = context.layout()?;
    let Some(held) = lock::peek(&layout)? else {
        context.out.line("No worker runs here.");
        return Ok(Exit::DONE);
    };
    let Held { holder: Some(holder), by, .. } = held else {
        let what = "a worker holds the lock, and what it wrote about itself cannot be read";
        return Err(Failure::usage_with(what, "stop it in its own terminal, with ctrl-c"));
    };
    if by == HeldBy::Guard {
        context.out.line("The worker is gone; its guard is ending what it left.");
        return Ok(Exit::DONE);
    }
    let when = if args.now { StopWhen::Now } else { StopWhen::AfterPhase };
    stop::request(&layout, &holder, when)?;
    let pid = holder.process.pid;
    let running = if holder.running.is_empty() {
        String::new()
    } else {
        format!(", which runs {}", shown(&holder.running))
    };
    context.out.line(match when {
        StopWhen::AfterPhase => {
            format!("Asked the worker (process {pid}{running}) to leave after its phase.")
        }
        StopWhen::Now => format!("Asked the worker (process {pid}{running}) to stop now."),
    });
    Ok(Exit::DONE)
}
