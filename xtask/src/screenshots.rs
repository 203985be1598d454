//! `cargo xtask screenshots`: makes the pictures of the screen anew, from the real program.
//!
//! The tests of the whole program that hold the pictures against what is shown (`tests/pictures.rs`) write them instead.

use std::fs;
use std::io::{self, Write};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::simulate::cargo;

const FOLDER: &str = "docs/pictures";

pub(crate) fn run() -> anyhow::Result<()> {
    ensure!(
        cfg!(target_os = "linux"),
        "a terminal of its own takes `setsid --ctty` of util-linux: on Linux only"
    );
    let status = Command::new(cargo())
        .args(["test", "--quiet", "--locked", "--package", "orchestra", "--test", "main", "pictures::"])
        .env("ORCHESTRA_PICTURES", "write")
        .current_dir(crate::top())
        .status()
        .context("start cargo")?;
    ensure!(status.success(), "the program does not show what is to be in the pictures");
    let folder = crate::top().join(FOLDER);
    let files = fs::read_dir(&folder).with_context(|| format!("read `{}`", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        names.push(file.context("read the folder of pictures")?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(writeln!(io::stdout(), "{FOLDER}: {}", names.join(", "))?)
}
