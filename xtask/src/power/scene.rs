//! The project on the disk: what a person has in it, what is planned, and what must be there after a cut and at the end.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use orchestra_testkit::{Milestone, TestProject};

use super::life::Start;

/// Two phases, a red one on the way, a review with a blocking finding, one fix.
const SCRIPT: &str = r##"
version: 1
turns:
  - when: { work: rfc }
    steps:
      - write: { path: ".orchestra/milestones/${milestone}/rfc.md", content: "# Design\nOne way.\n" }
    report: { summary: designed }
  - when: { work: phase-1, attempt: 1 }
    steps:
      - write: { path: src/one.txt, content: "a BUG\n" }
    report: { summary: first try, commit: { type: feat, scope: one, subject: add the first part } }
  - when: { work: phase-1, attempt: 2 }
    steps:
      - write: { path: src/one.txt, content: "good\n" }
      - write: { path: src/deep/er/two.txt, content: "fine\n" }
    report: { summary: repaired, commit: { type: feat, scope: one, subject: add the first part } }
  - when: { work: phase-2 }
    steps:
      - write: { path: web/page.txt, content: "new page\n" }
    report: { summary: page, commit: { type: feat, scope: page, subject: add the page } }
  - when: { work: review-1 }
    report:
      verdict: changes-requested
      findings: [ { severity: blocking, file: src/one.txt, line: 1, message: say better } ]
  - when: { work: "fix-1-*" }
    steps:
      - write: { path: src/one.txt, content: "better\n" }
    report: { summary: better, commit: { type: fix, scope: one, subject: say it better } }
  - when: { work: "review-*" }
    report: { verdict: approved }
"##;

/// The works in the order of their commits, and what comes last before each is prepared. The first answer is that the
/// person's changes stay.
pub(super) const WORKS: [(&str, Start); 5] = [
    ("rfc", Start::Answered(2)),
    ("phase-1", Start::Verified(2)),
    ("phase-2", Start::Verified(3)),
    ("fix-1-backend-engineer", Start::Verified(4)),
    ("close", Start::Answered(3)),
];

/// Green unless there is a BUG. A green end adds a byte to a file beside the work tree: the first is the base's.
const CHECK: &str = "if grep -rqs BUG src web; then echo 'found a BUG'; exit 1; fi\nprintf x >> ../green\n";

/// What the person has that is not committed, by path.
const PERSONS: [(&str, &str); 4] = [
    ("README.md", "# A project\nmy notes\n"),
    ("staged.txt", "staged\n"),
    ("both.txt", "as changed\n"),
    ("untracked.txt", "never added\n"),
];

/// Where everything is. It holds nothing open on the disk.
pub(super) struct Scene {
    root: PathBuf,
    /// Grows by a byte with each green verification.
    green: PathBuf,
    remote: PathBuf,
    remote_as_it_was: PathBuf,
    program: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    /// What the person had staged.
    staged: String,
}

impl Scene {
    /// Sets the project up on a disk that is mounted, its remote in a folder elsewhere.
    pub(super) fn make(disk: &Path, elsewhere: &Path, program: &Path) -> anyhow::Result<Self> {
        let project = TestProject::new_in(disk, program);
        project.script(SCRIPT);
        project.write("check.sh", CHECK);
        project.commit_all("chore: script");
        let remote = elsewhere.join("remote.git");
        let remote_as_it_was = elsewhere.join("remote-as-it-was.git");
        fs::rename(project.remote(), &remote).or_else(|_| copy(&project.remote(), &remote))?;
        let url = remote.to_str().context("a folder whose name is no text")?;
        project.git(&["remote", "set-url", "origin", url]);
        project.git(&["push", "--quiet", "origin", "main"]);
        copy(&remote, &remote_as_it_was)?;
        project.write("both.txt", "as staged\n");
        for (path, text) in PERSONS.iter().filter(|(path, _)| *path != "both.txt") {
            project.write(path, text);
        }
        project.git(&["add", "staged.txt", "both.txt"]);
        project.write("both.txt", PERSONS[2].1);
        project
            .add(&Milestone::new("M1-cut").phase("backend").phase_with("frontend", "files: [\"web/**\"]\n"));
        project.trust();
        let (root, environment) = (project.root(), project.environment());
        let green = project.top().join("green");
        let staged = project.git(&["diff", "--cached"]);
        let program = program.to_owned();
        // Its folder is the image's, and goes with it.
        let _kept = project.keep();
        Ok(Self { root, green, remote, remote_as_it_was, program, environment, staged })
    }

    /// Makes the remote what it was: it stands elsewhere, and keeps its power.
    pub(super) fn reset_remote(&self) -> anyhow::Result<()> {
        fs::remove_dir_all(&self.remote).with_context(|| format!("remove `{}`", self.remote.display()))?;
        copy(&self.remote_as_it_was, &self.remote)
    }

    /// The worker, unattended. Below another program where one is given with its arguments.
    pub(super) fn worker(&self, below: &[OsString], arguments: &[&str]) -> Command {
        let mut line = below.iter().map(OsString::as_os_str).chain([self.program.as_os_str()]);
        let mut command = Command::new(line.next().unwrap_or(self.program.as_os_str()));
        command.args(line).args(["start", "--auto", "--once"]).args(arguments);
        command.current_dir(&self.root).env_clear().envs(self.environment.clone()).stdin(Stdio::null());
        command
    }

    /// How many verifications were green.
    pub(super) fn green_count(&self) -> u64 {
        fs::metadata(&self.green).map_or(0, |file| file.len())
    }

    /// Text in the environment of every process of the project.
    pub(super) fn mark(&self) -> &[u8] {
        self.root.parent().unwrap_or(&self.root).as_os_str().as_bytes()
    }

    /// What is missing or broken, though these works were shown as done and the rest was synced. None where all is well.
    pub(super) fn losses(&self, shown: &[String]) -> Vec<String> {
        let mut losses = Vec::new();
        match self.ledger() {
            Ok(ledger) => {
                let missing = shown.iter().filter(|work| !ledger.contains(&format!("M1-cut {work}")));
                losses.extend(missing.map(|work| format!("{work} was shown as done and is not in history")));
            }
            Err(error) => losses.push(format!("history cannot be read: {error:#}")),
        }
        if let Err(error) = self.is_sound() {
            losses.push(format!("{error:#}"));
        }
        if let Err(error) = self.documents_are_whole() {
            losses.push(format!("{error:#}"));
        }
        if let Err(error) = self.has_what_the_person_had() {
            losses.push(format!("{error:#}"));
        }
        losses
    }

    /// Everything that must be the same at the end, however it came to be.
    pub(super) fn outcome(&self) -> anyhow::Result<Vec<String>> {
        self.is_sound()?;
        self.documents_are_whole()?;
        self.has_what_the_person_had()?;
        for lock in ["index.lock", "HEAD.lock", "refs/heads/main.lock"] {
            ensure!(!self.root.join(".git").join(lock).exists(), "left behind: {lock}");
        }
        let mut outcome = self.ledger()?;
        outcome.push(self.git(&["log", "--reverse", "--format=%B"])?);
        let remote = self.remote.to_str().context("a folder whose name is no text")?;
        outcome.push(self.git(&["--git-dir", remote, "log", "--reverse", "--format=%B", "main"])?);
        for commit in self.git(&["log", "--reverse", "--format=%H"])?.lines() {
            let tree = self.git(&["ls-tree", "-r", commit])?;
            outcome.extend(tree.lines().map(|line| match line.split_once('\t') {
                // Times and ids in it differ from run to run.
                Some((_, path)) if path.starts_with(".orchestra/milestones") => path.to_owned(),
                _ => line.to_owned(),
            }));
        }
        outcome.push(self.git(&["status", "--porcelain"])?);
        // At the end the index is as the last commit, but for what the person staged.
        let staged = self.git(&["diff", "--cached"])?;
        ensure!(staged == self.staged, "the index is behind: {staged}");
        Ok(outcome)
    }

    /// Works with their commits, oldest first.
    fn ledger(&self) -> anyhow::Result<Vec<String>> {
        let format = "--format=%(trailers:key=Orchestra-Milestone,valueonly,separator=) \
                      %(trailers:key=Orchestra-Phase,valueonly,separator=)";
        let log = self.git(&["log", "--reverse", format, "main"])?;
        Ok(log.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    fn is_sound(&self) -> anyhow::Result<()> {
        let said = self.git(&["fsck", "--strict", "--no-dangling"])?;
        ensure!(said.trim().is_empty(), "git fsck: {}", said.trim());
        Ok(())
    }

    /// Every document of the milestone and of the set-up is there with its head and its end.
    fn documents_are_whole(&self) -> anyhow::Result<()> {
        let milestone = ".orchestra/milestones/M1-cut";
        let must_be = ["config.yaml", "roles/architect.md", "roles/backend-engineer.md", "script.yaml"]
            .map(|path| format!(".orchestra/{path}"))
            .into_iter()
            .chain(
                ["milestone.md", "prd.md", "grooming.md", "phases/phase-1.md", "phases/phase-2.md"]
                    .map(|path| format!("{milestone}/{path}")),
            );
        for path in must_be {
            ensure!(self.root.join(&path).is_file(), "{path} is gone");
        }
        let mut folders = vec![self.root.join(".orchestra")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("list `{}`", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() && !path.ends_with(".orchestra/.state") {
                    folders.push(path);
                } else if path.extension().is_some_and(|ext| ext == "md" || ext == "yaml") {
                    is_whole(&path)?;
                }
            }
        }
        Ok(())
    }

    fn has_what_the_person_had(&self) -> anyhow::Result<()> {
        for (path, text) in PERSONS {
            let found = fs::read(self.root.join(path)).with_context(|| format!("the person's {path}"))?;
            ensure!(found == text.as_bytes(), "the person's {path} is another");
        }
        // Only these: between the move of the branch and the next start the index may be behind in what was committed.
        let paths = PERSONS.map(|(path, _)| path);
        let staged = self.git(&[&["diff", "--cached", "--"], &paths[..]].concat())?;
        ensure!(staged == self.staged, "the index is not what the person staged: {staged}");
        Ok(())
    }

    /// What git printed, complaints of a git that succeeded included.
    fn git(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(&self.root).env_clear().envs(self.environment.clone());
        let output = command.stdin(Stdio::null()).output().context("start git")?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(output.status.success(), "git {}: {}", arguments[0], said.trim());
        Ok(said)
    }
}

/// A document that was cut off ends anywhere, or is empty, or is zeros.
fn is_whole(path: &Path) -> anyhow::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).with_context(|| format!("read `{name}`"))?;
    let is_phase = path.parent().is_some_and(|folder| folder.ends_with("phases"));
    ensure!(text.ends_with('\n') && !text.contains('\0'), "{name} is cut off ({} bytes)", text.len());
    ensure!(!text.starts_with("---") || text.contains("\n---\n"), "{name} has no end of its head");
    ensure!(!is_phase || text.contains("\n## Result\n"), "{name} has lost its end");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let output = Command::new("cp").arg("-a").args([from, to]).output().context("start cp")?;
    ensure!(output.status.success(), "cp: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_was_cut_off_is_told_from_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let is_whole = |text: &str| {
            let path = folder.path().join("phases/phase-1.md");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            is_whole(&path).is_ok()
        };
        let whole = "---\nid: a\n---\n## Objective\n\n## Result\nfine\n";
        assert!(is_whole(whole));
        for end in [0, 1, 9, 14, whole.len() - 1, whole.len() - 6] {
            assert!(!is_whole(&whole[..end]), "{}", &whole[..end]);
        }
        assert!(!is_whole(&format!("{whole}\0\0\n")));
    }
}
