//! The program `orchestra`: commands, wiring, exit codes.
//!
//! Everything that comes from outside of files and git enters here: the environment, the home folder, arguments and
//! the terminal are read in `context`, and everything is printed through `out`.
//!
//! Absent on purpose: decisions (`orchestra-core`) and effects (the crates between).

#[cfg(unix)]
mod ask;
#[cfg(unix)]
mod cli;
#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod context;
#[cfg(unix)]
mod failure;
#[cfg(unix)]
mod out;
#[cfg(unix)]
mod typing;
mod view;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    // A guard is this program too. It must be one before there is any thread or runtime.
    if std::env::args_os().nth(1).is_some_and(|first| first == context::GUARD) {
        return orchestra_agent::guard::serve();
    }
    if std::env::args_os().nth(1).is_some_and(|first| first == commands::KEEPER) {
        return commands::keep();
    }
    commands::main()
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    use std::io::Write as _;

    let line = "Orchestra runs on Linux and macOS. On Windows, run it inside WSL: https://aka.ms/wsl\n";
    // There is nobody left to tell where this fails.
    let _unheard = std::io::stderr().write_all(line.as_bytes());
    ExitCode::from(2)
}
