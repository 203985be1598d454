//! Questions to a person at a terminal, one line each.

use std::io::{self, BufRead as _};

use rustix::termios::{QueueSelector, tcflush};

use crate::context::Context;
use crate::failure::Failure;
use crate::out::{STRONG, styled};

/// How often an answer that is neither yes nor no is asked for again.
const ROUNDS: u32 = 3;

/// Asks for yes or no. Without an answer that can be understood it is no.
///
/// What was typed before the question was shown is dropped: it was meant for something else.
pub(crate) fn yes_or_no(context: &Context, question: &str, default: bool) -> Result<bool, Failure> {
    let choice = if default { "[Y/n]" } else { "[y/N]" };
    let stdin = io::stdin();
    for _ in 0..ROUNDS {
        // Where it is no terminal after all there is nothing to drop.
        let _not_a_terminal = tcflush(&stdin, QueueSelector::IFlush);
        context.out.text(format_args!("{} {choice} ", styled(STRONG, question)));
        let mut line = String::new();
        let read = stdin.lock().read_line(&mut line);
        let count = read.map_err(|source| Failure::Input { path: "-".into(), source })?;
        if count == 0 {
            context.out.line("");
            return Ok(false);
        }
        match line.trim().to_lowercase().as_str() {
            "" => return Ok(default),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => context.out.line("Please type y or n."),
        }
    }
    Ok(false)
}
