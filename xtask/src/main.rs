//! Chores of this repository: `cargo xtask NAME …`.

mod check;
mod generate;
mod mutants;
mod power;
mod proof;
mod screenshots;
mod simulate;
mod tally;
mod transcripts;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

const USAGE: &str = "\
usage: cargo xtask CHORE
  check [--transcripts DIR]   everything that must hold before a change is handed in; replays recordings too
  generate                    writes the documents that are made from code
  mutants [NAME]              breaks the worker's machine in many ways; the simulation must see each
  power [--cuts N] [--first SEED]   cuts the power of a disk under the real program; as root, on Linux
  proof --minutes N [--first SEED]   schedules, kills, faults and power cuts, into docs/proof.json
  screenshots                 makes the pictures of the screen anew: docs/pictures; on Linux
  simulate [--schedules N] [--first SEED]   plays crash schedules: a million, where nothing else is said
  transcripts DIR             replays recorded runs of coding programs through our readers";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            // Not by returning it: a back-trace of a chore helps nobody. Where this cannot be told, the code tells it.
            let _unheard = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> anyhow::Result<ExitCode> {
    match args {
        ["power", options @ ..] => power::run(options),
        ["power-inside", folder] => power::run_inside(folder),
        others => run_to_its_end(others).map(|()| ExitCode::SUCCESS),
    }
}

fn run_to_its_end(args: &[&str]) -> anyhow::Result<()> {
    match args {
        ["check"] => check::run(None),
        ["check", "--transcripts", dir] => check::run(Some(Path::new(dir))),
        ["generate"] => generate::run(),
        ["mutants"] => mutants::run(None),
        ["mutants", name] => mutants::run(Some(name)),
        ["proof", options @ ..] => proof::run(options),
        ["screenshots"] => screenshots::run(),
        ["simulate", options @ ..] => simulate::run(options),
        ["transcripts", dir] => transcripts::run(Path::new(dir)),
        _ => bail!("{USAGE}"),
    }
}

/// The top of the repository.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}
