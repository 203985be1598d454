//! `cargo xtask generate`: writes the documents that are made from code, and `check` says when one is stale.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, bail};
use orchestra_core::worker;

use crate::proof;

/// A document that is made from code.
struct Generated {
    /// From the top of the repository.
    path: &'static str,
    text: String,
}

fn all(top: &Path) -> anyhow::Result<Vec<Generated>> {
    let mut all = vec![
        Generated { path: "docs/questions.md", text: questions() },
        Generated { path: "docs/keys.md", text: keys() },
    ];
    all.extend(proof::readme(top)?.map(|text| Generated { path: "README.md", text }));
    Ok(all)
}

/// Writes every document that is not as it should be.
pub(crate) fn run() -> anyhow::Result<()> {
    let top = crate::top();
    for Generated { path, text } in stale(&top)? {
        let file = top.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("create `{}`", folder.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("write `{path}`"))?;
        writeln!(io::stdout(), "wrote {path}")?;
    }
    Ok(())
}

/// Fails where a document is not what its code says.
pub(crate) fn check() -> anyhow::Result<()> {
    let stale: Vec<&str> = stale(&crate::top())?.iter().map(|document| document.path).collect();
    if !stale.is_empty() {
        bail!("stale: {}; run `cargo xtask generate` and commit what it writes", stale.join(", "));
    }
    Ok(())
}

fn stale(top: &Path) -> anyhow::Result<Vec<Generated>> {
    let mut stale = Vec::new();
    for document in all(top)? {
        let found = match fs::read_to_string(top.join(document.path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some(read.with_context(|| format!("read `{}`", document.path))?),
        };
        if found.as_ref() != Some(&document.text) {
            stale.push(document);
        }
    }
    Ok(stale)
}

fn questions() -> String {
    format!(
        "# Every question, and who answers it

<!-- Made from `orchestra_core::worker::ROWS` by `cargo xtask generate`. -->

The first word of a row is the name that records use. The worker asks nothing else. What a coding program would ask its
user is answered by the role's policy and reaches nobody.

{}
`gates.rfc: auto` and `gates.push: auto` in `.orchestra/config.yaml` approve without a person where nothing speaks
against it, and the record says `by: policy`. With `gates.rfc: never` no design is made, with `gates.push: never` a
milestone ends without a push.
",
        worker::table()
    )
}

fn keys() -> String {
    format!(
        "# Keys

<!-- Made from `orchestra_tui::ROWS` by `cargo xtask generate`. -->

{}
A question in front says its own keys. It takes one only after it has been on the screen for 400 ms without any key, which
its hints show by being dim until then, and only if nothing follows within 50 ms: what was typed for something else, and
what is pasted, answers nothing.

The line below writes to those who work, and has the focus at start: letters are keys only where a pane has it. `enter` tells the
agent that runs, at once where its kind can hear and else when its turn ends; `tab` tells whoever comes after it. What waits
stands above the line; `up` in an empty line takes the last of it back. `esc` twice within a second interrupts the agent, and
asks what next. In an empty line `tab` goes to the panes, `?` shows these keys, `home` and `end` begin and end of what is said;
`esc` in a pane leads back to it. `#status`, `#help` and `#start` are answered where the agent speaks, and `#backend WORDS` talks to
that role in the same terminal while the worker goes on; `ctrl-c` twice leads back.

In a conversation (`orchestra pm`) the same keys do the same. `enter` says something, also while a turn runs; `tab` says it after
that turn. `@` names a file by a few letters of its path, `#` or `/` at the begin gives a command or calls another role: `up` and
`down` choose, `tab` or `enter` takes, `esc` does without. `ctrl-c` interrupts the turn that runs, or puts away what is half written
(`up` brings it back), and leaves where it is pressed twice within a second. `shift-tab` shows the milestones where there is no room for
them. On a proposal `a` creates, `r` sends it back with what you say and all comments, `e` opens its files in your editor, `d`
discards; `enter` folds the file that is chosen, `o` all of them. Questions are answered by `1` to `9`, or by arrows and `enter`, or in your own
words, and `enter` sends when all have an answer. `esc` puts either aside, and `ctrl-g` brings it back.

In a text, `enter` sends; `alt-enter`, `shift-enter`, `ctrl-j` or a `\\` before `enter` begin a new line; `esc` throws it
away. `up` and `down` at its first and last row bring back what you wrote before, `ctrl-r` searches in it; it is kept in
`.orchestra/.state/written.jsonl`, for you alone to read. A paste of more than ten lines or 2 kB is folded: it is sent whole,
deleted as one, and `ctrl-o` opens it. Other keys are those of readline: `ctrl-a`, `ctrl-e`, `ctrl-w`, `ctrl-u`, `ctrl-k`,
`ctrl-y`, `alt-b`, `alt-f`; `ctrl-_` undoes.

## The mouse

It is the terminal's: text is selected and copied as everywhere. With `mouse: on` in your own configuration, or `M` for one run, the wheel
scrolls what is beneath it, and a click chooses a pane, a row of the milestones, and opens or closes what a tool printed. A click never
answers a question. While the mouse is the screen's, most terminals select text with `shift` (iTerm2 with `alt`).

## Keys of your own

In your own configuration (`orchestra config` names the file; a project cannot set keys), by the names above:

```yaml
keys: {{ document: [\"D\", f2], journal: [], palette: ctrl-k }}
```

A key is a single letter or sign (`d` and `D` are two), one with `ctrl-` or `alt-` before it, `space`, `enter`, `tab`, `shift-tab`,
`backspace`, `insert`, `delete`, an arrow (`up`), `pgup`, `pgdn`, `home`, `end`, or `f1` to `f12`. What you write takes the place of all keys
of that action; `[]` leaves it to the palette. A key that would mean two things in one place is refused before anything
starts, and so is taking away `ctrl-c` or `esc`. Keys that answer questions stay as they are.

## Programs of your own

`e` opens a document in `$VISUAL`, else `$EDITOR`, else `vi`; `T` a transcript in `$PAGER`, else `less -R`. These variables go through
`sh` as with git, so that they may hold arguments. `y` copies by OSC 52, which reaches a terminal that is far away and may not be
allowed there, and by `wl-copy`, `xclip`, `xsel`, `pbcopy` or tmux where one is there.

```yaml
notify: auto          # bell, and a notice where the terminal says who looks; or: bell | osc9 | osc777 | off
notify_command: [notify-send, Orchestra]   # instead of `notify`; the text comes as the last argument
notify_progress: 30m  # how often a line says how far a run is; or: off
```

`notify_command` is told of the worker also where nobody looks and without a screen: [reports.md](reports.md) has its events and a webhook.
",
        orchestra_tui::key_table()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_that_are_made_from_code_are_what_the_code_says() {
        check().unwrap();
    }

    #[test]
    fn a_document_that_is_missing_or_changed_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("docs/questions.md");
        fs::create_dir_all(document.parent().unwrap()).unwrap();
        fs::write(folder.path().join("docs/keys.md"), keys()).unwrap();
        let count = || stale(folder.path()).unwrap().len();
        assert_eq!(count(), 1);
        fs::write(&document, questions()).unwrap();
        assert_eq!(count(), 0);
        fs::write(&document, questions().replace("exit 3", "exit 4")).unwrap();
        assert_eq!(count(), 1);
    }
}
