//! Programs that the repository's own configuration names: what a person is asked about before any of them may run.
//!
//! Only the files of the repository count, with what they include: the person's own and the machine's configuration are
//! the person's. A value is shown as it stands there. Reading runs nothing.

use std::fs;
use std::path::Path;

use crate::fault::{At as _, Fault};
use crate::program::Call;
use crate::repo::{OpenError, Repo, layout};

/// A key whose value git, or a program that git runs, takes for a command.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct NamedProgram {
    /// The key; section and variable in lower case.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Variables whose value is a command, or a folder of commands, in whatever section they stand (git-config(1)).
const VARIABLES: [&str; 30] = [
    "alternaterefscommand",
    "askpass",
    "cccmd",
    "clean",
    "cmd",
    "command",
    "defaultkeycommand",
    "difffilter",
    "driver",
    "editor",
    "external",
    "fsmonitor",
    "gitproxy",
    "headercmd",
    "helper",
    "hookspath",
    "packobjectshook",
    "pager",
    "process",
    "program",
    "receivepack",
    "recentobjectshook",
    "sendmailcmd",
    "smudge",
    "sshcommand",
    "textconv",
    "tocmd",
    "tunnel",
    "uploadpack",
    "vcs",
];

/// Sections in which a value may be a command, or lead to more configuration, under any name.
const SECTIONS: [&str; 7] = ["alias", "browser", "difftool", "include", "lfs", "mergetool", "pager"];

/// Tells whether the configuration of the repository around `root` may name a program at all. Looks at the bytes of its
/// files only, so that the usual repository costs no call of git.
pub fn may_name_programs(root: &Path) -> Result<bool, OpenError> {
    let layout::Layout { git_dir, common_dir } = layout::read(&root.canonicalize().at("find", root)?)?;
    Ok(may_name(&git_dir, &common_dir))
}

/// Lists the programs that the repository's own configuration names, each once.
pub fn named_programs(repo: &Repo) -> Result<Vec<NamedProgram>, Fault> {
    if !may_name(repo.git_dir(), repo.common_dir()) {
        return Ok(Vec::new());
    }
    let listed = Call::listing(repo, ["config", "--list", "--show-scope", "-z", "--includes"]).read()?;
    let mut named = parse(&listed);
    named.sort();
    named.dedup();
    Ok(named)
}

fn may_name(git_dir: &Path, common_dir: &Path) -> bool {
    // What cannot be read is for git to say.
    let says = |file: &Path| {
        fs::read(file).map_or_else(|error| error.kind() != std::io::ErrorKind::NotFound, |bytes| says(&bytes))
    };
    says(&common_dir.join("config")) || says(&git_dir.join("config.worktree"))
}

/// Names of sections and variables cannot be escaped or broken over lines, so that their letters stand in the file.
fn says(file: &[u8]) -> bool {
    // Git itself writes `logallrefupdates` into each repository.
    let text = String::from_utf8_lossy(file).to_ascii_lowercase().replace("logallrefupdates", "");
    // `submodule.<name>.update = !command`
    VARIABLES.iter().chain(&SECTIONS).chain(&["update"]).any(|word| text.contains(word))
}

/// Reads what `git config --list --show-scope -z` prints: scope, NUL, key, newline, value, NUL.
fn parse(listed: &[u8]) -> Vec<NamedProgram> {
    let mut fields = listed.split(|byte| *byte == 0);
    let mut named = Vec::new();
    while let (Some(scope), Some(entry)) = (fields.next(), fields.next()) {
        let entry = String::from_utf8_lossy(entry);
        // A key without `=` is a switch.
        let Some((key, value)) = entry.split_once('\n') else { continue };
        if matches!(scope, b"local" | b"worktree") && is_program(key, value) {
            named.push(NamedProgram { key: key.to_owned(), value: value.to_owned() });
        }
    }
    named
}

fn is_program(key: &str, value: &str) -> bool {
    let Some((section, rest)) = key.split_once('.') else { return false };
    let variable = rest.rsplit_once('.').map_or(rest, |(_, variable)| variable);
    match section {
        _ if value.is_empty() => false,
        "alias" => value.starts_with('!'),
        "submodule" => variable == "update" && value.starts_with('!'),
        "pager" => !is_switch(value),
        "core" if variable == "fsmonitor" => !is_switch(value),
        "include" | "includeif" | "lfs" | "difftool" | "mergetool" | "browser" if variable == "path" => true,
        _ => VARIABLES.contains(&variable),
    }
}

/// `core.fsmonitor` and `pager.<command>` may also be switches.
fn is_switch(value: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "0", "1"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_would_run_is_found_and_what_it_would_not_is_not() {
        let run = [
            ("core.fsmonitor", "watchman"),
            ("core.hookspath", ".husky"),
            ("core.hookspath", "on"),
            ("core.sshcommand", "ssh -i x"),
            ("credential.https://example.com/.helper", "store"),
            ("filter.a.b.clean", "x"),
            ("diff.external", "x"),
            ("diff.x.textconv", "x"),
            ("merge.x.driver", "x"),
            ("gpg.ssh.program", "x"),
            ("include.path", "../.gitconfig"),
            ("includeif.gitdir:/x/.path", "y"),
            ("remote.origin.receivepack", "x"),
            ("lfs.customtransfer.x.path", "x"),
            ("alias.st", "!x"),
            ("submodule.x.update", "!x"),
            ("pager.log", "x"),
            ("hook.x.command", "x"),
        ];
        let not = [
            ("core.fsmonitor", "true"),
            ("core.bare", "false"),
            ("alias.st", "status"),
            ("submodule.x.update", "rebase"),
            ("remote.origin.url", "x"),
            ("pager.log", "off"),
            ("submodule.x.path", "x"),
            ("user.name", "clean"),
            ("filter.x.clean", ""),
        ];
        assert!(run.iter().all(|(key, value)| is_program(key, value)), "{run:?}");
        for (key, value) in not {
            assert!(!is_program(key, value), "{key}={value}");
        }
        // None of them is missed by the look at the file's letters.
        for (key, value) in run {
            let (section, variable) = (key.split('.').next().unwrap(), key.rsplit('.').next().unwrap());
            assert!(
                says(format!("[{} \"x\"]\n\t{} = {value}\n", section.to_uppercase(), variable).as_bytes()),
                "{key}"
            );
        }
    }

    #[test]
    fn what_git_writes_into_a_clone_is_above_suspicion() {
        let usual = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\t\
                     logallrefupdates = true\n[remote \"origin\"]\n\turl = git@example.com:a/b.git\n\t\
                     fetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\n\tremote = origin\n\t\
                     merge = refs/heads/main\n";
        assert!(!says(usual.as_bytes()));
        assert!(says(format!("{usual}[submodule \"x\"]\n\tupdate = !x\n").as_bytes()));
    }

    #[test]
    fn only_the_repositorys_own_files_are_looked_at() {
        let listed = b"global\0core.pager\nless\0local\0core.pager\nmine\0local\0core.bare\nfalse\0\
                       command\0core.editor\nvi\0worktree\0core.editor\ned\nwith two lines\0local\0core.askpass\0";
        let named: Vec<(String, String)> =
            parse(listed).into_iter().map(|one| (one.key, one.value)).collect();
        let expected = [("core.pager", "mine"), ("core.editor", "ed\nwith two lines")];
        assert_eq!(named, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
