//! `orchestra answer`: a person's answer to an open question, left for the worker.
//!
//! Invariants: never below a guard; an answer names the question that was asked, and without a name only after what it
//! is about was shown here and confirmed; no text of a document, a model or a pipe becomes an answer by itself.

mod about;
mod typed;

use jiff::Timestamp;
use orchestra_core::id::GateId;
use orchestra_core::record::Answer;
use orchestra_core::worker::{Memory, Open};
use orchestra_project::answers;
use orchestra_project::journal;
use orchestra_project::layout::Layout;
use orchestra_project::lock;

use self::typed::Typed;
use crate::ask;
use crate::cli::AnswerArgs;
use crate::commands::status::model;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{GOOD, STRONG, TYPED, WAITS, shown, styled};

pub(super) fn run(context: &Context, args: AnswerArgs) -> Result<Exit, Failure> {
    context.refuse_below_the_worker("answer")?;
    let Typed { gate, answer } = typed::parse(args)?;
    let layout = context.layout()?;
    let memory = journal::fold(&layout)?.memory;
    let gate = match gate {
        Some(gate) if !memory.open.contains_key(&gate) => {
            list(context, &memory);
            return Err(Failure::usage_with(
                format!("no question `{gate}` is open"),
                if memory.open.is_empty() { "orchestra status" } else { "name one of those above" },
            ));
        }
        Some(gate) => gate,
        None => {
            let Some(gate) = choose(context, &layout, &memory, &answer)? else {
                context.out.line("Nothing was answered.");
                return Ok(Exit::USAGE);
            };
            gate
        }
    };
    answers::file(&layout, &memory, &gate, answer.clone(), Timestamp::now())?;
    let word = styled(STRONG, answer.word());
    context.out.line(format_args!("{} Answered {gate}: {word}.", styled(GOOD, "✔")));
    if lock::peek(&layout)?.is_none() {
        let start = styled(TYPED, shown(context.typed("start")));
        context.out.line(format_args!("No worker runs; the next one takes it up: {start}"));
    }
    Ok(Exit::DONE)
}

/// Finds the one question that this answer fits, shows what it is about, and asks whether that is meant.
fn choose(
    context: &Context,
    layout: &Layout,
    memory: &Memory,
    answer: &Answer,
) -> Result<Option<GateId>, Failure> {
    let word = answer.word();
    if memory.open.is_empty() {
        return Err(Failure::usage_with("nothing is asked at the moment", context.typed("status")));
    }
    let answered: Vec<GateId> = answers::find(layout, memory)?
        .into_iter()
        .filter_map(|found| found.answer.ok().map(|filed| filed.gate))
        .collect();
    let fits = |(gate, open): &(&GateId, &Open)| {
        open.answers.iter().any(|expected| expected == word) && !answered.contains(gate)
    };
    let fitting: Vec<(&GateId, &Open)> = memory.open.iter().filter(fits).collect();
    let refused = |what: String, hint: &str| {
        list(context, memory);
        Err(Failure::usage_with(what, hint))
    };
    match fitting.as_slice() {
        [] => refused(format!("`{word}` answers none of the open questions"), "type one of those above"),
        _ if !context.is_terminal => {
            refused("without a terminal the question must be named".to_owned(), "type one of those above")
        }
        [(gate, open)] => {
            about::show(context, layout, memory, gate, open)?;
            let question = format!("Answer {gate} with {word}?");
            Ok(ask::yes_or_no(context, &question, false)?.then(|| (*gate).clone()))
        }
        _ => refused(format!("`{word}` answers more than one open question"), "name one of those above"),
    }
}

/// Lists every open question with the commands that answer it, beside the error that follows.
fn list(context: &Context, memory: &Memory) {
    for (gate, open) in &memory.open {
        let of = open.milestone.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let id = styled(STRONG, gate);
        context.out.error(format_args!("{} {id}{of}  {}", styled(WAITS, "🚦"), shown(&open.text)));
        for word in &open.answers {
            let command = model::command(context, gate, word);
            context.out.error(format_args!("    {}", styled(TYPED, shown(command))));
        }
    }
}
