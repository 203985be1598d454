//! Chores of this repository: `cargo xtask NAME …`.

mod mutants;
mod simulate;
mod transcripts;

use std::path::Path;

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["transcripts", dir] => transcripts::run(Path::new(dir)),
        ["simulate", options @ ..] => simulate::run(options),
        ["mutants"] => mutants::run(None),
        ["mutants", name] => mutants::run(Some(name)),
        _ => bail!(
            "usage: cargo xtask transcripts DIR | simulate [--schedules N] [--first SEED] | mutants [NAME]"
        ),
    }
}
