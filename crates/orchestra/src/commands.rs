//! What each command does, a file a command.

mod add;
mod answer;
mod check;
mod completions;
mod config;
mod demo;
mod doctor;
mod init;
mod mcp;
mod next;
mod pm;
mod preflight;
mod prompt;
mod propose;
mod report;
mod rescue;
mod schema;
mod start;
mod status;
mod stop;
mod trust;

use std::process::ExitCode;

use clap::Parser as _;

pub(crate) use self::start::screen::keeper::{KEEPER, keep};
use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Runs the command that was typed.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(asked) => {
            // Help, the version, or what is wrong with what was typed. A reader that is gone wants no more of it.
            let _unheard = asked.print();
            return ExitCode::from(u8::try_from(asked.exit_code()).unwrap_or(Exit::USAGE.0));
        }
    };
    let settings = cli.command.as_ref().map(Command::settings).unwrap_or_default().to_vec();
    let context = Context::observe(cli.project, settings);
    let ended = run(&context, cli.command);
    let ended = match (context.out.finish(), ended) {
        // A terminal that was closed takes no last words: how it ended is what matters.
        (Err(_), Ok(ended @ Exit(129 | 130 | 143))) => Ok(ended),
        (finished, ended) => finished.map_err(Failure::Output).and(ended),
    };
    ended.unwrap_or_else(|failure| failure.tell(&context)).into()
}

fn run(context: &Context, command: Option<Command>) -> Result<Exit, Failure> {
    match command {
        None => status::overview(context),
        Some(Command::Init(args)) => init::run(context, &args),
        Some(Command::Start(args)) => start::run(context, &args),
        Some(Command::Pm(args)) => pm::run(context, &args),
        Some(Command::Role(args)) => pm::run_role(context, &args),
        Some(Command::Prompt(args)) => prompt::run(context, &args),
        Some(Command::Demo(args)) => demo::run(context, &args),
        Some(Command::Status(args)) => status::run(context, &args),
        Some(Command::Answer(args)) => answer::run(context, args),
        Some(Command::Stop(args)) => stop::run(context, &args),
        Some(Command::Add(args)) => add::run(context, &args),
        Some(Command::Propose(args)) => propose::run(context, &args),
        Some(Command::Trust(args)) => trust::run(context, &args),
        Some(Command::Report(args)) => report::run(context, &args),
        Some(Command::Rescue(args)) => rescue::run(context, args),
        Some(Command::Doctor(args)) => Ok(doctor::run(context, &args)),
        Some(Command::Config(args)) => config::run(context, &args),
        Some(Command::Schema { which }) => Ok(schema::run(context, which)),
        Some(Command::Mcp { socket }) => mcp::run(socket.as_deref()),
        Some(Command::Completions { shell }) => Ok(completions::run(context, shell)),
        Some(Command::Man) => completions::man(context),
    }
}

/// Prints a value for a script, as one document of JSON.
fn print_json(context: &Context, value: &impl serde::Serialize) {
    let text = serde_json::to_string_pretty(value).expect("plain data with text keys makes JSON");
    context.out.data(text);
}
