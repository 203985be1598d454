//! How programs are called.

use std::ffi::OsString;

use orchestra_core::config::{CommandAgent, Preset};

use crate::agent::TurnRequest;

/// Stands for the path of the prompt in a template.
const PROMPT_FILE: &str = "{prompt_file}";

/// One call of a program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Invocation {
    pub(super) program: OsString,
    pub(super) args: Vec<OsString>,
    /// Set besides everything else.
    pub(super) env: &'static [(&'static str, &'static str)],
    pub(super) stdin: Vec<u8>,
    pub(super) wants_prompt_file: bool,
}

impl Invocation {
    /// `None` where the configuration names nothing to run.
    pub(super) fn new(config: &CommandAgent, request: &TurnRequest) -> Option<Self> {
        let Some(preset) = config.preset else { return template(&config.run, request) };
        let model = request.model.as_deref().or(config.model.as_deref());
        let (name, flags, env): (_, _, &[_]) = match preset {
            Preset::ClaudeCode => ("claude", claude_flags(request, model), CLAUDE_ENV),
            Preset::Codex => ("codex", codex_flags(request, model), &[]),
        };
        let mut words = if config.run.is_empty() { vec![name.to_owned()] } else { config.run.clone() };
        let program = words.remove(0).into();
        let args = words.into_iter().map(OsString::from).chain(flags).collect();
        let stdin = format!("{}{}", request.prompt.whole(), how_to_report(request.writes)).into_bytes();
        Some(Self { program, args, env, stdin, wants_prompt_file: false })
    }
}

/// Three tries of its own are enough, for the worker has its own patience; a command in the background would
/// keep the program alive after its answer; and no program changes itself in the middle of a milestone.
const CLAUDE_ENV: &[(&str, &str)] = &[
    ("CLAUDE_CODE_MAX_RETRIES", "3"),
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
];

fn claude_flags(request: &TurnRequest, model: Option<&str>) -> Vec<OsString> {
    let mut flags: Vec<OsString> = [
        "-p",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
        "--strict-mcp-config",
        // The person's login and cloud stay; what the repository brings along has no say.
        "--setting-sources",
        "user",
        "--settings",
        r#"{"disableAllHooks":true}"#,
    ]
    .map(OsString::from)
    .into();
    if request.writes {
        flags.extend(["--permission-mode", "acceptEdits", "--allowedTools", "Bash"].map(OsString::from));
    } else {
        flags.extend(["--tools", "Read,Grep,Glob"].map(OsString::from));
    }
    flags.extend(model.into_iter().flat_map(|model| ["--model".into(), model.into()]));
    if let Some(session) = &request.session {
        flags.extend(["--resume".into(), OsString::from(&session.0)]);
    }
    flags
}

fn codex_flags(request: &TurnRequest, model: Option<&str>) -> Vec<OsString> {
    let sandbox = if request.writes { "workspace-write" } else { "read-only" };
    let mut flags: Vec<OsString> = vec!["exec".into()];
    if request.session.is_some() {
        // Resuming takes neither `--sandbox` nor `-C`, and remembers neither.
        flags.extend(["resume", "--json", "-c"].map(OsString::from));
        flags.push(format!("sandbox_mode=\"{sandbox}\"").into());
    } else {
        flags.extend(["--json", "--sandbox", sandbox, "--skip-git-repo-check", "-C"].map(OsString::from));
        flags.push(request.workspace.clone().into());
    }
    // One phase is the goal; a second one of its own would outlive it.
    flags.extend(["-c", "features.goals=false"].map(OsString::from));
    if let Some(model) = model {
        flags.extend(["-c".into(), format!("model={}", toml_string(model)).into()]);
    }
    flags.extend(request.session.iter().map(|session| OsString::from(&session.0)));
    flags.push("-".into());
    flags
}

/// A basic string of TOML: JSON's escapes are a part of its.
fn toml_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn template(run: &[String], request: &TurnRequest) -> Option<Invocation> {
    let (program, args) = run.split_first()?;
    let wants_prompt_file = args.iter().any(|arg| arg.contains(PROMPT_FILE));
    let fill = |arg: &String| -> OsString {
        let mut filled = OsString::new();
        for (index, part) in arg.split(PROMPT_FILE).enumerate() {
            if index > 0 {
                filled.push(&request.prompt_file);
            }
            filled.push(part);
        }
        filled
    };
    Some(Invocation {
        program: program.into(),
        args: args.iter().map(fill).collect(),
        env: &[],
        stdin: if wants_prompt_file { Vec::new() } else { request.prompt.whole().into_bytes() },
        wants_prompt_file,
    })
}

/// What a program with a preset is told about its report, after everything else.
fn how_to_report(writes: bool) -> String {
    let file = if writes {
        "If you cannot, write the same object to the file that the environment variable ORCHESTRA_REPORT names.\n"
    } else {
        ""
    };
    format!(
        "\n\n---\n\
        When you are done, and only then, end your answer with your report: one block fenced with three backticks \
        and `json`, and nothing after it. Every key is optional; leave out what does not apply:\n\n\
        ```json\n\
        {{ \"summary\": \"what was done\",\n  \
        \"commit\": {{ \"type\": \"feat\", \"scope\": \"\", \"subject\": \"in the imperative\", \"body\": \"\" }},\n  \
        \"decisions\": [ {{ \"title\": \"\", \"risk\": \"low\", \"why\": \"\" }} ],\n  \
        \"concerns\": [ \"what you saw and left alone\" ],\n  \
        \"verdict\": \"a review only: approved, approved-with-comments or changes-requested\",\n  \
        \"findings\": [ {{ \"severity\": \"blocking, important, suggestion or praise\", \"file\": \"\", \"line\": 1, \
        \"message\": \"\" }} ] }}\n\
        ```\n{file}"
    )
}

#[cfg(test)]
mod tests {
    use orchestra_core::id::SessionId;

    use super::*;

    fn call(preset: Option<Preset>, run: &[&str], change: impl FnOnce(&mut TurnRequest)) -> Invocation {
        let mut request = TurnRequest::new("Do it.", "/repo", "/scratch", Vec::new());
        change(&mut request);
        let run = run.iter().map(|word| (*word).to_owned()).collect();
        Invocation::new(&CommandAgent { preset, run, ..CommandAgent::default() }, &request).unwrap()
    }

    fn line(invocation: &Invocation) -> String {
        let words = std::iter::once(&invocation.program).chain(&invocation.args);
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn claude_writes_in_its_folder_and_runs_commands_or_only_reads() {
        let start = "claude -p --output-format stream-json --verbose --include-partial-messages \
                     --strict-mcp-config --setting-sources user --settings {\"disableAllHooks\":true} ";
        let writing = call(Some(Preset::ClaudeCode), &[], |_| {});
        assert_eq!(line(&writing), format!("{start}--permission-mode acceptEdits --allowedTools Bash"));
        let reading = call(Some(Preset::ClaudeCode), &[], |request| {
            request.writes = false;
            request.model = Some("opus".to_owned());
            request.session = Some(SessionId("s1".to_owned()));
        });
        assert_eq!(line(&reading), format!("{start}--tools Read,Grep,Glob --model opus --resume s1"));
        assert!(reading.env.contains(&("CLAUDE_CODE_MAX_RETRIES", "3")));
    }

    #[test]
    fn codex_is_called_differently_when_it_goes_on() {
        let fresh = call(Some(Preset::Codex), &[], |request| request.writes = false);
        assert_eq!(
            line(&fresh),
            "codex exec --json --sandbox read-only --skip-git-repo-check -C /repo -c features.goals=false -"
        );
        let resumed = call(Some(Preset::Codex), &["npx", "codex"], |request| {
            request.model = Some("a\"b".to_owned());
            request.session = Some(SessionId("t1".to_owned()));
        });
        assert_eq!(
            line(&resumed),
            "npx codex exec resume --json -c sandbox_mode=\"workspace-write\" -c features.goals=false \
             -c model=\"a\\\"b\" t1 -"
        );
    }

    #[test]
    fn the_prompt_goes_to_standard_input_or_to_a_file_but_not_to_both() {
        let piped = call(None, &["my-agent", "--fast"], |_| {});
        assert_eq!((line(&piped).as_str(), piped.stdin.as_slice()), ("my-agent --fast", &b"Do it."[..]));
        let filed = call(None, &["my-agent", "--prompt={prompt_file}"], |_| {});
        assert_eq!(line(&filed), "my-agent --prompt=/scratch/prompt.md");
        assert!(filed.wants_prompt_file && filed.stdin.is_empty());
    }

    #[test]
    fn a_known_program_is_asked_for_a_report_that_it_can_hand_in() {
        let prompt = |writes| {
            let invocation = call(Some(Preset::Codex), &[], |request| request.writes = writes);
            String::from_utf8(invocation.stdin).unwrap()
        };
        assert!(prompt(true).starts_with("Do it.\n\n---\n") && prompt(true).contains("ORCHESTRA_REPORT"));
        assert!(!prompt(false).contains("ORCHESTRA_REPORT"));
    }
}
