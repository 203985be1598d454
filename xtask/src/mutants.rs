//! `cargo xtask mutants [NAME]`: breaks the worker on purpose, one promise at a time, and sees whether the simulation
//! notices. A mutation that nobody notices is a hole in the simulation, not in the worker.
//!
//! First the copy is played without a mutation: only where that passes does a failure mean that one was noticed.
//! Each mutation is made in a copy of `orchestra-core` under `target/mutants`, never in the sources.

mod list;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};
use list::MUTATIONS;

use crate::simulate::cargo;
use crate::top;

/// Where the mutated files lie.
const WORKER: &str = "crates/orchestra-core/src/worker";

/// A deliberate fault of the worker.
struct Mutation {
    name: &'static str,
    /// Relative to [`WORKER`].
    file: &'static str,
    /// Text that the file has exactly once.
    find: &'static str,
    replace: &'static str,
    /// Which promise it breaks, and how.
    breaks: &'static str,
}

/// What became of a mutation.
enum Fate {
    /// The simulation objected, with these words.
    Caught(String),
    Survived,
}

/// Makes every mutation, or the one named, and fails if one survives.
pub(crate) fn run(only: Option<&str>) -> anyhow::Result<()> {
    let chosen: Vec<&Mutation> =
        MUTATIONS.iter().filter(|mutation| only.is_none_or(|only| mutation.name == only)).collect();
    ensure!(!chosen.is_empty(), "there is no such mutation; xtask/src/mutants/list.rs has them all");
    let copy = Copy::make()?;
    copy.control()?;
    let mut survivors = 0_usize;
    for mutation in &chosen {
        let fate = copy.try_out(mutation)?;
        let (word, why) = match &fate {
            Fate::Caught(why) => ("caught", why.as_str()),
            Fate::Survived => ("NOT CAUGHT", mutation.breaks),
        };
        survivors += usize::from(matches!(fate, Fate::Survived));
        writeln!(io::stdout(), "{word:>10}  {}: {why}", mutation.name)?;
    }
    writeln!(io::stdout(), "{} mutations, {survivors} not caught", chosen.len())?;
    ensure!(survivors == 0, "the simulation does not notice {survivors} of them");
    Ok(())
}

/// A workspace of its own with nothing but `orchestra-core`; its builds are kept for the next mutation.
struct Copy {
    folder: PathBuf,
    cargo: PathBuf,
}

impl Copy {
    fn make() -> anyhow::Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| top().join("target"), PathBuf::from);
        let copy = top().join(target).join("mutants");
        let manifest = read(&top().join("Cargo.toml"))?;
        let members = r#"members = ["crates/*", "xtask"]"#;
        let defaults = r#"default-members = ["crates/orchestra"]"#;
        ensure!(
            manifest.contains(members) && manifest.contains(defaults),
            "Cargo.toml has other members now"
        );
        let manifest = manifest.replace(members, r#"members = ["crates/orchestra-core"]"#);
        put(&copy.join("Cargo.toml"), &manifest.replace(defaults, ""))?;
        put(&copy.join("Cargo.lock"), &read(&top().join("Cargo.lock"))?)?;
        copy_folder(&top().join("crates/orchestra-core"), &copy.join("crates/orchestra-core"))?;
        Ok(Self { folder: copy, cargo: cargo() })
    }

    /// Plays the worker as it is: where that is objected to, an objection says nothing about a mutation.
    fn control(&self) -> anyhow::Result<()> {
        match self.play("the worker as it is")? {
            Fate::Survived => Ok(()),
            Fate::Caught(why) => bail!(
                "the simulation objects to the worker as it is, so no mutation can be judged: {why}\n\
                 mend that first: `cargo test --package orchestra-core --lib schedules_keep`"
            ),
        }
    }

    /// Makes a mutation, plays schedules until one objects, and takes it back.
    fn try_out(&self, mutation: &Mutation) -> anyhow::Result<Fate> {
        let file = self.folder.join(WORKER).join(mutation.file);
        let whole = read(&file)?;
        put(&file, &mutated(mutation, &whole)?)?;
        let fate = self.play(mutation.name);
        put(&file, &whole)?;
        fate
    }

    fn play(&self, name: &str) -> anyhow::Result<Fate> {
        let built = self.cargo(&["--no-run"])?;
        if !built.status.success() {
            bail!("{name} does not build:\n{}", String::from_utf8_lossy(&built.stderr));
        }
        let played = self.cargo(&["schedules_keep", "--", "--nocapture"])?;
        if played.status.success() {
            return Ok(Fate::Survived);
        }
        // Standard error has the panic: a line that names the place, then the words.
        let words = String::from_utf8_lossy(&played.stderr);
        let mut lines = words.lines().skip_while(|line| !line.contains("panicked at")).skip(1);
        // A run without an end prints where it stands: the beginning says enough.
        Ok(Fate::Caught(lines.next().unwrap_or("it ended").chars().take(100).collect()))
    }

    fn cargo(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Command::new(&self.cargo)
            .args(["test", "--package", "orchestra-core", "--lib"])
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("RUST_BACKTRACE", "0")
            .output()
            .context("start cargo")
    }
}

/// The file's text with the mutation in it.
fn mutated(mutation: &Mutation, text: &str) -> anyhow::Result<String> {
    let count = text.matches(mutation.find).count();
    ensure!(count == 1, "{}: {} has its text {count} times, not once", mutation.name, mutation.file);
    ensure!(mutation.find != mutation.replace, "{}: it changes nothing", mutation.name);
    Ok(text.replace(mutation.find, mutation.replace))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("read `{}`", path.display()))
}

/// Writes a file if it holds anything else: cargo builds again what was written again.
fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    if fs::read_to_string(path).is_ok_and(|held| held == text) {
        return Ok(());
    }
    let folder = path.parent().context("a file without a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
    fs::write(path, text).with_context(|| format!("write `{}`", path.display()))
}

/// Makes one folder's text files what another's are, and removes what is not there.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    let names = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("list `{}`", folder.display()))?;
        entries.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect()
    };
    fs::create_dir_all(to).with_context(|| format!("make `{}`", to.display()))?;
    let wanted = names(from)?;
    for gone in names(to)?.iter().filter(|name| !wanted.contains(name)).map(|name| to.join(name)) {
        let removed = if gone.is_dir() { fs::remove_dir_all(&gone) } else { fs::remove_file(&gone) };
        removed.with_context(|| format!("remove `{}`", gone.display()))?;
    }
    for name in wanted {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else if from.extension().is_some_and(|extension| extension == "rs" || extension == "toml") {
            put(&to, &read(&from)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_mutation_finds_its_text_exactly_once() {
        for mutation in MUTATIONS {
            let text = read(&top().join(WORKER).join(mutation.file)).unwrap();
            mutated(mutation, &text).unwrap();
        }
    }

    /// A copy whose cargo builds everything, and ends like this when schedules are played.
    fn played(ends: &str) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir()?;
        let cargo = folder.path().join("cargo");
        fs::write(&cargo, format!("#!/bin/sh\ncase \"$*\" in *schedules_keep*) {ends};; esac\n"))?;
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755))?;
        Copy { folder: folder.path().to_owned(), cargo }.control()
    }

    #[test]
    fn nothing_is_judged_where_the_worker_as_it_is_is_objected_to() {
        played("exit 0").unwrap();
        let why =
            played("echo 'panicked at oracle.rs' >&2; echo 'committed twice' >&2; exit 101").unwrap_err();
        assert!(why.to_string().contains("no mutation can be judged: committed twice"), "{why}");
    }

    #[test]
    fn every_mutation_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = MUTATIONS.iter().map(|mutation| mutation.name).collect();
        assert_eq!(names.len(), MUTATIONS.len());
    }
}
