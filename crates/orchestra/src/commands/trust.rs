//! `orchestra trust`: what a project would run by itself, and whether the person agrees to it.

use jiff::Timestamp;
use orchestra_core::config::trust::{TrustItem, TrustKind};
use orchestra_project::trust::{Agreed, Trust};

use crate::ask;
use crate::cli::TrustArgs;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::out::{BAD, FAINT, GOOD, WAITS, shown, styled};

const QUESTION: &str = "May Orchestra run these here?";

pub(super) fn run(context: &Context, args: &TrustArgs) -> Result<Exit, Failure> {
    if !args.show {
        context.refuse_below_the_worker("trust")?;
    }
    let loaded = context.load(&context.layout()?)?;
    // A configuration that cannot be read names commands that cannot be shown.
    Context::config(&loaded)?;
    let items = &loaded.trust;
    let trust = context.trust(items)?;
    show(context, items, &trust);
    if args.show {
        return Ok(Exit::DONE);
    }
    if trust == Trust::Given {
        context.out.line(styled(GOOD, "You have agreed to this."));
        return Ok(Exit::DONE);
    }
    let agrees = if args.yes {
        true
    } else if context.is_terminal {
        ask::yes_or_no(context, QUESTION, false)?
    } else {
        let what = "nobody sits at a terminal to be asked";
        return Err(Failure::usage_with(
            what,
            format!("read the list above, then: {}", context.typed("trust --yes")),
        ));
    };
    if !agrees {
        context.out.line("Not trusted. Nothing was changed.");
        return Ok(Exit::USAGE);
    }
    context.trust_store()?.remember(items, Timestamp::now())?;
    context.out.line(styled(GOOD, "Trusted. You are asked again when one of them changes."));
    Ok(Exit::DONE)
}

/// Shows what a project would run and asks whether it may; a yes is remembered.
pub(super) fn ask(context: &Context, items: &[TrustItem]) -> Result<bool, Failure> {
    show(context, items, &context.trust(items)?);
    let agrees = ask::yes_or_no(context, QUESTION, false)?;
    if agrees {
        context.trust_store()?.remember(items, Timestamp::now())?;
    }
    Ok(agrees)
}

/// Lists every item with its place, and what is new where the person has agreed to something before.
fn show(context: &Context, items: &[TrustItem], trust: &Trust) {
    if items.is_empty() {
        context.out.line("This project names nothing that would be run.");
        return;
    }
    context.out.line("This project would run, or let happen by itself:");
    let before: &[Agreed] = match trust {
        Trust::Changed { before } => before,
        Trust::Given | Trust::Unknown => &[],
    };
    let is_new =
        |item: &TrustItem| matches!(trust, Trust::Changed { .. }) && !before.contains(&Agreed::from(item));
    // What a role may write is many globs and one thing to think about.
    let is_one_thing = |one: &TrustItem, next: &TrustItem| {
        one.kind == TrustKind::RoleWrites
            && (next.kind, &next.path, is_new(next)) == (one.kind, &one.path, is_new(one))
    };
    for group in items.chunk_by(is_one_thing) {
        let Some(first) = group.first() else { continue };
        let place = match first.line {
            Some(line) => format!("{}:{line}", shown(&first.path)),
            None => shown(&first.path),
        };
        let (_, rest) = group.split_at(1);
        let more = rest.iter().map(|item| item.text.split_once(": ").map_or(&*item.text, |(_, glob)| glob));
        let texts: Vec<String> = std::iter::once(&*first.text).chain(more).map(shown).collect();
        let text = format!("{}: {}", first.kind.as_str(), texts.join(", "));
        let text = if is_new(first) { styled(WAITS, format_args!("+ {text}")) } else { format!("  {text}") };
        context.out.line(format_args!("{text}  {}", styled(FAINT, format_args!("({place})"))));
    }
    for gone in before.iter().filter(|agreed| !items.iter().any(|item| Agreed::from(item) == **agreed)) {
        let text = format!("- {}: {}  (you agreed to this before)", shown(&gone.kind), shown(&gone.text));
        context.out.line(styled(BAD, text));
    }
}
