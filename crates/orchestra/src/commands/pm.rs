//! `orchestra pm` and `orchestra role`: conversations with roles, one after the other.

mod beside;
mod holding;
mod lines;
mod opening;
mod question;
mod screen;
mod seat;
mod words;

use orchestra_core::conversation::ConversationId;
use orchestra_core::plan::PLANNER;
use orchestra_project::layout::Layout;
use orchestra_project::load::Scanner;

pub(super) use self::beside::Beside;
pub(super) use self::holding::typed_of;
use self::holding::{Ended, Face};
use self::lines::Manner;
use self::opening::Which;
use self::seat::Seat;
pub(super) use self::words::help;
use super::init;
use super::start::{self, Shown};
use crate::cli::{PmArgs, RoleArgs, TalkArgs};
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) fn run(context: &Context, args: &PmArgs) -> Result<Exit, Failure> {
    talk(context, None, &args.talk)
}

pub(super) fn run_role(context: &Context, args: &RoleArgs) -> Result<Exit, Failure> {
    talk(context, Some(&args.role), &args.talk)
}

/// A conversation that is wanted.
struct Call {
    /// With whom, by id or alias.
    role: String,
    /// Which one, where it is one of those held before.
    earlier: Option<ConversationId>,
    /// What is said at once.
    first: Option<String>,
}

impl Call {
    /// What was typed in the shell.
    fn of(context: &Context, layout: &Layout, named: Option<&str>, args: &TalkArgs) -> Result<Self, Failure> {
        let earlier = args.resume.as_deref().map(|name| opening::find_earlier(layout, name)).transpose()?;
        let role = match &earlier {
            Some(earlier) => opening::role_of_earlier(context, layout, earlier, named)?,
            None => named.unwrap_or(PLANNER).trim_start_matches(['#', '/']).to_owned(),
        };
        Ok(Self { role, earlier, first: args.print.clone() })
    }
}

/// Talks to one role, and then to whomever the person names there.
fn talk(context: &Context, named: Option<&str>, args: &TalkArgs) -> Result<Exit, Failure> {
    context.refuse_below_a_guard("pm")?;
    let lists = args.resume.as_deref() == Some("");
    if !lists && args.print.is_none() && !context.is_typed {
        return Err(no_terminal(context, named));
    }
    let layout = init::layout_or_set_up(context)?;
    layout.make_state()?;
    if lists {
        return opening::tell_earlier(context, &layout);
    }
    let mut call = Call::of(context, &layout, named, args)?;
    let mut seat: Option<Seat> = None;
    loop {
        let mut scanner = Scanner::default();
        let loaded = context.load_with(&mut scanner, &layout)?;
        let role = opening::find_role(&loaded.plan, &call.role)?;
        let shown = Shown::of_talk(context, args);
        // Somebody reads already what is typed: nobody else can ask there.
        let asked = if seat.is_some() { Shown::to_nobody(context) } else { shown };
        start::agree(context, asked, &loaded, &mut None)?;
        let which = match call.earlier.take() {
            Some(earlier) => Which::Earlier(earlier),
            None if args.print.is_some() => Which::New,
            None => Which::CutShort,
        };
        let opened = opening::open(context, &layout, (scanner, &loaded), role, which)?;
        if let Some(id) = &opened.goes_on {
            context.out.error(format_args!("Going on with {id}, which was cut short."));
        }
        let first = call.first.take().or_else(|| opening::first_words(&loaded.plan, &opened));
        let face = Face { context, shown, manner: Manner::of(args), first, trust: &loaded.trust };
        let seat = match &mut seat {
            Some(seat) => seat,
            none => none.insert(Seat::take()?),
        };
        match face.hold(seat, opened)? {
            Ended::Left(exit) => return Ok(exit),
            Ended::Switch { role, words } => {
                call = Call { role, earlier: None, first: (!words.is_empty()).then_some(words) };
            }
        }
    }
}

impl Shown {
    /// How a conversation is shown. `--print` asks nobody.
    fn of_talk(context: &Context, args: &TalkArgs) -> Self {
        if args.print.is_some() { Self::to_nobody(context) } else { start::shown(context, args.plain_ui) }
    }

    fn to_nobody(context: &Context) -> Self {
        Self::Printed(start::Printed::Text { asks: false, unicode: context.is_utf8() })
    }
}

/// What a pipe says is no person's word, and least of all their yes.
fn no_terminal(context: &Context, named: Option<&str>) -> Failure {
    let print = match named {
        Some(role) => format!("role {} --print \"…\"", role.trim_start_matches(['#', '/'])),
        None => "pm --print \"…\"".to_owned(),
    };
    let hint = format!(
        "`{}` asks one question, `{}` takes a plan",
        context.typed(&print),
        context.typed("propose FILE")
    );
    Failure::usage_with("a conversation needs a terminal to type at, and standard input is none", hint)
}
