//! The person's editor and pager, for which the terminal is given back for a while.
//!
//! What `$VISUAL`, `$EDITOR` and `$PAGER` say is a piece of a command line and goes through the shell as with git: `sh -c
//! 'what it says "$@"'`, with the file as an argument of its own. It is the person's environment; no text of a project, a model
//! or an agent is part of that line. Programs are in our group of processes: `ctrl-z` stops all of us and `fg` goes on with all.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};

use orchestra_agent::environment::{Environment, clean_path, get};
use orchestra_agent::guard::GuardLauncher;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::start::standing::stand_still;

/// What is opened, and how.
pub(in crate::commands) enum Opened {
    /// Files, in the editor.
    Files(Vec<PathBuf>),
    /// A text, in the pager.
    Text(String),
}

impl Opened {
    /// The variable that names the program, and what it says; or what is usual.
    fn program(&self, environment: &Environment) -> (&'static str, String) {
        let (variables, usual) = match self {
            Self::Files(_) => (&["VISUAL", "EDITOR"][..], "vi"),
            Self::Text(_) => (&["PAGER"][..], "less -R"),
        };
        let said = |name: &&'static str| {
            let value = get(environment, name)?.to_str()?.trim();
            (!value.is_empty()).then(|| (*name, value.to_owned()))
        };
        let usually = || (variables[variables.len() - 1], usual.to_owned());
        variables.iter().find_map(said).unwrap_or_else(usually)
    }

    /// Runs the program on the terminal, and waits until it has ended. What is to be told about that is returned.
    pub(in crate::commands) async fn run(
        self,
        environment: &Environment,
        root: &Path,
        launchers: &[GuardLauncher],
    ) -> Option<String> {
        let (variable, program) = self.program(environment);
        let mut command = Command::new("/bin/sh");
        // The shell makes room for a simple command, so that a signal reaches the program itself.
        let exec = if is_simple(&program) { "exec " } else { "" };
        command.arg("-c").arg(format!("{exec}{program} \"$@\"")).arg(&program).current_dir(root).env_clear();
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        if let Some(path) = get(environment, "PATH") {
            // No program that an agent may have put into the repository under the name of an editor.
            command.env("PATH", clean_path(path, root));
        }
        let text = match self {
            Self::Files(paths) => {
                command.args(paths);
                None
            }
            Self::Text(text) => {
                command.stdin(Stdio::piped());
                if get(environment, "LESS").is_none() {
                    // Colours are shown as colours, whichever way `less` is named.
                    command.env("LESS", "R");
                }
                Some(text)
            }
        };
        let ended = match command.spawn() {
            Ok(child) => end_of(child, text, launchers).await,
            Err(error) => Err(error),
        };
        match ended {
            Ok(status) => told(status, variable, &program),
            Err(error) => Some(format!("`{program}` could not be started: {error}")),
        }
    }
}

/// Whether a piece of a command line is a program with arguments and nothing else: no second command, no redirection, no variable
/// set for it.
fn is_simple(program: &str) -> bool {
    let first = program.split_whitespace().next().unwrap_or_default();
    !program.contains([';', '&', '|', '(', ')', '<', '>', '{', '}', '`', '\n', '!']) && !first.contains('=')
}

/// Hands a program its text, and waits for its end. Where we are told to end meanwhile, so is the program: it knows how to leave
/// the terminal, and nobody else would tell it. Where it stops, so do we, and whoever works: the shell waits for us, and not for it.
async fn end_of(
    mut child: Child,
    text: Option<String>,
    launchers: &[GuardLauncher],
) -> io::Result<ExitStatus> {
    let mut told_to_end = signal(SignalKind::terminate())?;
    let mut children = signal(SignalKind::child())?;
    let (stdin, pid) = (child.stdin.take(), child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())));
    let fed = async {
        if let (Some(mut stdin), Some(text)) = (stdin, text) {
            // A pager that is left before its end reads no more.
            let _unread = stdin.write_all(text.as_bytes()).await;
        }
        // The other end is closed by now, so that the pager knows that this was all.
    };
    let mut ended = pin!(async { tokio::join!(child.wait(), fed).0 });
    loop {
        if let Some(pid) = pid.filter(|pid| has_stopped(*pid)) {
            stand_still(launchers).await?;
            // `fg` tells all of us, but whoever lets us go on may know of us alone. One that has ended needs it no more.
            let _gone = kill_process(pid, Signal::CONT);
        }
        tokio::select! {
            ended = &mut ended => return ended,
            Some(()) = children.recv() => {}
            Some(()) = told_to_end.recv() => {
                if let Some(pid) = pid {
                    // One that has just ended by itself needs it no more.
                    let _gone = kill_process(pid, Signal::TERM);
                }
            }
        }
    }
}

/// Whether a child has stopped since this was asked last. Its end is left to be found by whoever waits for that.
fn has_stopped(pid: Pid) -> bool {
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG)
        .is_ok_and(|status| status.is_some_and(|status| status.stopped()))
}

/// What is to be told about how a program ended. A shell says so by 126 and 127 where it could not start it.
fn told(status: ExitStatus, variable: &str, program: &str) -> Option<String> {
    match status.code() {
        Some(0) => None,
        Some(126 | 127) => Some(format!("`{program}` was not found; set {variable} to what you have")),
        Some(code) => Some(format!("`{program}` ended with code {code}")),
        None => Some(format!("`{program}` was ended: {status}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn environment(of: &[(&str, &str)]) -> Environment {
        of.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    /// Below its guards nothing runs.
    fn launcher() -> GuardLauncher {
        GuardLauncher::new("guard", Vec::new(), None)
    }

    fn file(path: &Path) -> Opened {
        Opened::Files(vec![path.to_owned()])
    }

    #[test]
    fn the_program_is_the_one_that_the_person_says() {
        let editor = |of| file(Path::new("x")).program(&environment(of));
        assert_eq!(editor(&[]), ("EDITOR", "vi".to_owned()));
        assert_eq!(editor(&[("VISUAL", " "), ("EDITOR", "nano -w")]), ("EDITOR", "nano -w".to_owned()));
        assert_eq!(
            editor(&[("VISUAL", "code --wait"), ("EDITOR", "ed")]),
            ("VISUAL", "code --wait".to_owned())
        );
        let pager = |of| Opened::Text(String::new()).program(&environment(of));
        assert_eq!(pager(&[]), ("PAGER", "less -R".to_owned()));
        assert_eq!(pager(&[("PAGER", "more")]), ("PAGER", "more".to_owned()));
    }

    #[tokio::test]
    async fn arguments_are_split_as_git_splits_them_and_a_file_is_one_argument() {
        let folder = tempfile::tempdir().unwrap();
        let (odd, said) = (folder.path().join("a $(touch evil) 'b.md"), folder.path().join("said"));
        let of = environment(&[("EDITOR", "printf '%s|' -w 'two words'"), ("PATH", "/usr/bin:/bin")]);
        // What it prints would go to the terminal.
        let editor = format!("f() {{ {} \"$@\" > '{}'; }}; f", "printf '%s|' 'two words'", said.display());
        let own = environment(&[("VISUAL", &editor), ("PATH", "/usr/bin:/bin")]);
        assert_eq!(file(&odd).run(&own, folder.path(), &[launcher()]).await, None);
        assert_eq!(std::fs::read_to_string(&said).unwrap(), format!("two words|{}|", odd.display()));
        assert!(!folder.path().join("evil").exists());
        assert_eq!(file(&odd).program(&of).1, "printf '%s|' -w 'two words'");
    }

    #[test]
    fn a_program_with_arguments_takes_the_place_of_the_shell() {
        for simple in ["vi", "code --wait", "'/a path/vi' -u \"no ne\"", "$HOME/bin/ed"] {
            assert!(is_simple(simple), "{simple}");
        }
        for other in ["LANG=C vi", "cd x && vi", "vi;", "f() { vi; }; f", "less | cat", "! vi"] {
            assert!(!is_simple(other), "{other}");
        }
    }

    #[tokio::test]
    async fn how_it_ended_is_told_and_what_is_in_the_repository_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let run = async |editor: &str| {
            let path = format!("{}:.:/usr/bin:/bin", folder.path().display());
            file(Path::new("x"))
                .run(&environment(&[("EDITOR", editor), ("PATH", &path)]), folder.path(), &[launcher()])
                .await
        };
        assert_eq!(run("exit 3;").await.as_deref(), Some("`exit 3;` ended with code 3"));
        let planted = folder.path().join("planted");
        std::fs::write(&planted, "#!/bin/sh\nexit 0\n").unwrap();
        std::fs::set_permissions(&planted, std::fs::Permissions::from_mode(0o755)).unwrap();
        let missing = "`planted` was not found; set EDITOR to what you have";
        assert_eq!(
            run("planted 2>/dev/null").await.map(|said| said.replace(" 2>/dev/null", "")).as_deref(),
            Some(missing)
        );
    }

    #[tokio::test]
    async fn a_pager_gets_the_text_and_may_be_left_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("read");
        let run = async |pager: &str, text: &str| {
            let of = environment(&[("PAGER", pager), ("PATH", "/usr/bin:/bin")]);
            Opened::Text(text.to_owned()).run(&of, folder.path(), &[launcher()]).await
        };
        let pager = format!("f() {{ cat > '{}'; }}; f", file.display());
        assert_eq!(run(&pager, "one\ntwo\n").await, None);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\ntwo\n");
        assert_eq!(run("true", &"x".repeat(1 << 20)).await, None);
    }
}
