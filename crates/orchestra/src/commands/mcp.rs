//! `orchestra mcp`: what an agent's program starts as its server of Orchestra's own tools.
//!
//! It only stands between that program and the worker, or the product manager's screen, that runs the turn. What is
//! printed here is the protocol's and nothing else.

use std::io;
use std::path::Path;

use orchestra_agent::mcp;

use crate::failure::{Exit, Failure};

pub(super) fn run(socket: Option<&Path>) -> Result<Exit, Failure> {
    let Some(socket) = socket else {
        let what = "this is started by an agent's program, which Orchestra tells the socket of its turn";
        return Err(Failure::usage(what));
    };
    mcp::relay(socket, io::stdin(), io::stdout())
        .map(|()| Exit::DONE)
        .map_err(|source| Failure::Tools { socket: socket.to_owned(), source })
}
