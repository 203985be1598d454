//! Copying: to the terminal (OSC 52), which may be far away, and to the clipboard of this machine by a program that is there.
//!
//! Whether a terminal takes what it is sent it does not say; so nothing here claims that.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use orchestra_agent::environment::{Environment, clean_path, get};
use orchestra_agent::probe::find_program;
use orchestra_core::words::counted;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

/// The longest sequence that terminals take, in bytes: xterm and others cut off or ignore what is longer.
const LONGEST: usize = 100_000;
/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The sequence that copies a text, for the terminal; nothing where it would be too long for one. In base64 no text can end
/// it, or begin another.
pub(in crate::commands) fn sequence(text: &str) -> Option<String> {
    let sequence = format!("\u{1b}]52;c;{}\u{1b}\\", base64(text.as_bytes()));
    Some(sequence).filter(|sequence| sequence.len() <= LONGEST)
}

/// A sequence as tmux hands it through to its own terminal, where it may (`allow-passthrough`).
pub(in crate::commands) fn through_tmux(sequence: &str) -> String {
    format!("\u{1b}Ptmux;{}\u{1b}\\", sequence.replace('\u{1b}', "\u{1b}\u{1b}"))
}

/// Copies a text by a program of this machine, and says what became of it. `is_sent` says whether the terminal got it.
pub(in crate::commands) async fn copy(
    text: String,
    is_sent: bool,
    environment: Environment,
    root: &Path,
) -> String {
    let found = programs(&environment, cfg!(target_os = "macos")).into_iter().find_map(|(name, args)| {
        find_program(name.as_ref(), &environment, root).map(|path| (name, path, args))
    });
    let lines = counted(text.lines().count(), "line");
    let Some((name, path, args)) = found else { return said(&lines, is_sent, None) };
    let copied = feed(&path, args, text, environment, root).await;
    said(&lines, is_sent, Some((name, copied)))
}

/// The programs that copy here, with their arguments: that of the desktop, then tmux, which has a clipboard of its own and
/// hands it on where it may (`set-clipboard`).
fn programs(environment: &Environment, is_macos: bool) -> Vec<(&'static str, &'static [&'static str])> {
    let is_set = |name: &str| get(environment, name).is_some_and(|value| !value.is_empty());
    let mut programs: Vec<(&str, &[&str])> = Vec::new();
    if is_macos {
        programs.push(("pbcopy", &[]));
    }
    if is_set("WAYLAND_DISPLAY") {
        programs.push(("wl-copy", &["--type", "text/plain"]));
    }
    if is_set("DISPLAY") {
        programs.push(("xclip", &["-selection", "clipboard"]));
        programs.push(("xsel", &["--input", "--clipboard"]));
    }
    if is_set("TMUX") {
        programs.push(("tmux", &["load-buffer", "-w", "-"]));
    }
    programs
}

/// Starts a program, hands it a text, and waits until it has taken it. Those of X and Wayland go on behind, to hand it to others.
async fn feed(
    program: &Path,
    args: &[&str],
    text: String,
    environment: Environment,
    root: &Path,
) -> Result<(), String> {
    let path = get(&environment, "PATH").map(|path| clean_path(path, root));
    let mut command = Command::new(program);
    command.args(args).env_clear().envs(environment).process_group(0).kill_on_drop(true);
    if let Some(path) = path {
        // What it starts itself is none that an agent may have put into the repository.
        command.env("PATH", path);
    }
    // What goes on behind would hold what it inherits.
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let stdin = child.stdin.take();
    let fed = async {
        if let Some(mut stdin) = stdin {
            // One that does not read to the end says so by how it ends.
            let _unread = stdin.write_all(text.as_bytes()).await;
        }
        child.wait().await
    };
    match timeout(PATIENCE, fed).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!(
            "it ended with {}",
            status.code().map_or_else(|| status.to_string(), |code| format!("code {code}"))
        )),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it took too long".to_owned()),
    }
}

/// What is told: what is known, and nothing else.
fn said(lines: &str, is_sent: bool, by: Option<(&str, Result<(), String>)>) -> String {
    let sent = "sent to the terminal (OSC 52)";
    match (by, is_sent) {
        (Some((name, Ok(()))), true) => format!("copied {lines} by {name}, and {sent}"),
        (Some((name, Ok(()))), false) => format!("copied {lines} by {name}"),
        (Some((name, Err(why))), true) => format!("{lines} {sent}; {name}: {why}"),
        (Some((name, Err(why))), false) => format!("not copied; {name}: {why}"),
        (None, true) => format!("{lines} {sent}"),
        (None, false) => {
            "not copied: too long for the terminal, and no wl-copy, xclip or xsel here".to_owned()
        }
    }
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for index in 0..4 {
            let sign = (bits >> (18 - 6 * index)) & 63;
            let is_padding = index > three.len();
            text.push(if is_padding { '=' } else { char::from(SIGNS[sign as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(names: &[&str]) -> Environment {
        names.iter().map(|name| ((*name).into(), ":0".into())).collect()
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("\u{3ff}\u{ffff}>?", "z7/vv78+Pw=="),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded, "{text}");
        }
    }

    #[test]
    fn no_text_gets_out_of_its_sequence() {
        for text in ["\u{1b}\\\u{1b}[2J", "\u{7}\u{9c}", "\u{1b}]52;c;ZXZpbA==\u{7}", "x"] {
            let sequence = sequence(text).unwrap();
            let inside = sequence.strip_prefix("\u{1b}]52;c;").unwrap().strip_suffix("\u{1b}\\").unwrap();
            assert!(
                inside.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)),
                "{inside}"
            );
            let wrapped = through_tmux(&sequence);
            assert_eq!(wrapped, format!("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;{inside}\u{1b}\u{1b}\\\u{1b}\\"));
        }
        assert!(sequence(&"x".repeat(74_000)).is_some());
        assert_eq!(sequence(&"x".repeat(76_000)), None);
    }

    #[test]
    fn the_programs_of_what_is_there_are_tried() {
        let names = |set: &[&str], is_macos| {
            programs(&environment(set), is_macos).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[], false), [] as [&str; 0]);
        assert_eq!(names(&["DISPLAY", "WAYLAND_DISPLAY"], false), ["wl-copy", "xclip", "xsel"]);
        assert_eq!(names(&["TMUX"], true), ["pbcopy", "tmux"]);
    }

    #[test]
    fn what_is_told_is_true() {
        assert_eq!(said("12 lines", true, None), "12 lines sent to the terminal (OSC 52)");
        assert_eq!(
            said("1 line", true, Some(("xclip", Ok(())))),
            "copied 1 line by xclip, and sent to the terminal (OSC 52)"
        );
        let failed = Some(("xclip", Err("it ended with code 1".to_owned())));
        assert_eq!(said("1 line", false, failed), "not copied; xclip: it ended with code 1");
    }

    #[tokio::test]
    async fn a_program_gets_the_text_and_its_end_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clipboard");
        let sh = Path::new("/bin/sh");
        let args = |script: &str| ["-c".to_owned(), script.to_owned()];
        let feed = async |script: String, text: &str| {
            let args = args(&script);
            super::feed(
                sh,
                &args.each_ref().map(String::as_str),
                text.to_owned(),
                Environment::new(),
                Path::new("/nowhere"),
            )
            .await
        };
        // What it leaves behind holds nothing up.
        let script = format!("/bin/cat > '{}'; /bin/sleep 100 & exit 0", file.display());
        assert_eq!(feed(script, "two\nlines").await, Ok(()));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two\nlines");
        assert_eq!(
            feed("exit 3".to_owned(), &"x".repeat(1 << 20)).await,
            Err("it ended with code 3".to_owned())
        );
    }
}
