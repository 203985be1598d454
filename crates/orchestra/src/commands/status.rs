//! `orchestra status`, and `orchestra` alone: what is planned, running and waiting, and what to type next.

pub(super) mod model;
mod text;

use std::sync::mpsc;
use std::time::Duration;

use jiff::Zoned;
use orchestra_project::layout::{Layout, LayoutError};
use orchestra_project::watch;

use self::model::{Reader, Status};
use crate::cli::StatusArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{FAINT, STRONG, TYPED, shown, styled};

/// How often it is looked again although nothing was told: a lock that is let go tells nobody.
const SLOW: Duration = Duration::from_secs(1);

/// What a terminal understands as: away with everything, and begin at the top.
const CLEAR: &[u8] = b"\x1b[2J\x1b[H";

pub(super) fn run(context: &Context, args: &StatusArgs) -> Result<Exit, Failure> {
    let layout = context.layout()?;
    if args.watch {
        return follow(context, &layout, args.json);
    }
    if args.json {
        super::print_json(context, &Reader::default().read(context, &layout)?);
    } else {
        print(context, &Reader::read_open(context, &layout)?);
    }
    Ok(Exit::DONE)
}

/// `orchestra` alone: the status, or how to begin.
pub(super) fn overview(context: &Context) -> Result<Exit, Failure> {
    let (what, command) = match context.layout() {
        Err(Failure::NoWorkTree { .. }) => {
            ("This folder is in no git repository.".to_owned(), context.typed_git_init())
        }
        Err(Failure::Layout(LayoutError::Missing { root })) => {
            (format!("{} is not set up for Orchestra yet.", shown(root.display())), context.typed("init"))
        }
        layout => {
            print(context, &Reader::read_open(context, &layout?)?);
            return Ok(Exit::DONE);
        }
    };
    context
        .out
        .line(styled(STRONG, "Orchestra turns one repository and any coding agent into a small team."));
    context.out.line(what);
    context.out.line(format_args!("next: {}", styled(TYPED, shown(command))));
    let demo = styled(TYPED, "orchestra demo");
    context.out.line(format_args!("      {demo}  shows the whole flow first; it needs no agent"));
    Ok(Exit::DONE)
}

/// Prints only what to type next.
pub(super) fn print_next(context: &Context, layout: &Layout) -> Result<(), Failure> {
    let status = Reader::read_open(context, layout)?;
    context.out.line(text::next(&status.next));
    Ok(())
}

fn print(context: &Context, status: &Status) {
    // At once: a thousand lines are not a thousand writes.
    context.out.line(text::lines(status).join("\n"));
}

/// Prints the status again whenever it is another one, until nobody reads it any more.
fn follow(context: &Context, layout: &Layout, json: bool) -> Result<Exit, Failure> {
    let (wake, hints) = mpsc::sync_channel(1);
    let mut watch = watch::watch(layout, move |_hint| {
        // Where one is on its way already, one is enough.
        let _full = wake.try_send(());
    });
    let mut reader = Reader::default();
    let mut last: Option<Status> = None;
    let clears = can_clear(context);
    loop {
        watch.refresh();
        let status = reader.read(context, layout)?;
        if last.as_ref() != Some(&status) {
            if json {
                let line = serde_json::to_string(&status).expect("plain data with text keys makes JSON");
                context.out.data(line);
            } else {
                if clears {
                    // Past what takes colours out: who wants none still wants to see one status at a time.
                    context.out.bytes(CLEAR);
                } else if last.is_some() {
                    let now = Zoned::now().strftime("%H:%M:%S").to_string();
                    context.out.line(styled(FAINT, format_args!("── {now}")));
                }
                print(context, &status);
            }
            context.out.text("");
            last = Some(status);
        }
        if context.out.is_closed() {
            return Ok(Exit::DONE);
        }
        // Told, or time to look again: both mean to look.
        let _either = hints.recv_timeout(SLOW);
    }
}

/// Whether there is a screen that can be cleared. Where there is none, a line parts one status from the next.
fn can_clear(context: &Context) -> bool {
    let term = context.environment.iter().find(|(name, _)| name == "TERM");
    context.out.is_terminal() && term.is_some_and(|(_, term)| !term.is_empty() && term != "dumb")
}
