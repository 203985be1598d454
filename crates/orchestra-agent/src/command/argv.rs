//! How programs are called.

use std::ffi::OsString;
use std::path::Path;

use orchestra_core::config::{CommandAgent, Preset};
use orchestra_core::own_tool::OwnTool;
use serde_json::json;

use super::claude;
use crate::agent::TurnRequest;
use crate::own::OwnTools;

/// The name under which Orchestra's own tools are served.
pub(crate) const OWN_SERVER: &str = "orchestra";
/// What Claude Code puts before the names of the tools of that server.
pub(crate) const OWN_PREFIX: &str = "mcp__orchestra__";
/// The longest argument that Linux takes (`MAX_ARG_STRLEN`), less the zero at its end.
const LONGEST_ARGUMENT: usize = 128 * 1024 - 1;
/// How long a call of an own tool may take, in milliseconds: a person may be asleep.
const CALL_TIMEOUT: u32 = 24 * 60 * 60 * 1000;

/// Stands for the path of the prompt in a template.
const PROMPT_FILE: &str = "{prompt_file}";

/// One call of a program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Invocation {
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    /// Set besides everything else.
    pub(crate) env: &'static [(&'static str, &'static str)],
    pub(crate) stdin: Vec<u8>,
    pub(crate) wants_prompt_file: bool,
}

/// Where a program finds Orchestra's own tools.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolServer<'a> {
    /// Our own program.
    pub(crate) program: &'a Path,
    /// The socket of the turn.
    pub(crate) socket: &'a Path,
}

impl Invocation {
    /// `None` where the configuration names nothing to run.
    pub(crate) fn new(
        config: &CommandAgent,
        request: &TurnRequest,
        tools: Option<ToolServer<'_>>,
    ) -> Option<Self> {
        let Some(preset) = config.preset else { return template(&config.run, request) };
        let model = request.model.as_deref().or(config.model.as_deref());
        let (name, flags, stdin, env): (_, _, _, &[_]) = match preset {
            Preset::ClaudeCode => {
                let standing = standing_argument(request);
                let prompt = if standing.is_some() { request.prompt.turn() } else { request.prompt.whole() };
                let prompt = format!("{prompt}{}", how_to_report(request, tools.is_some()));
                let flags = claude_flags(request, model, standing, tools);
                ("claude", flags, claude::user_line(&prompt), CLAUDE_ENV)
            }
            Preset::Codex => {
                let prompt = format!("{}{}", request.prompt.whole(), how_to_report(request, false));
                ("codex", codex_flags(request, model), prompt.into_bytes(), &[])
            }
        };
        let mut words = if config.run.is_empty() { vec![name.to_owned()] } else { config.run.clone() };
        let program = words.remove(0).into();
        let args = words.into_iter().map(OsString::from).chain(flags).collect();
        Some(Self { program, args, env, stdin, wants_prompt_file: false })
    }
}

/// Three tries of its own are enough, for the worker has its own patience; a command in the background would
/// keep the program alive after its answer; no program changes itself in the middle of a milestone; and a call of an
/// own tool waits for a person, not in the background and not for half an hour at most.
const CLAUDE_ENV: &[(&str, &str)] = &[
    ("CLAUDE_CODE_MAX_RETRIES", "3"),
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    ("CLAUDE_CODE_MCP_AUTO_BACKGROUND_MS", "0"),
    ("CLAUDE_CODE_MCP_TOOL_IDLE_TIMEOUT", "0"),
    ("MCP_TOOL_TIMEOUT", "86400000"),
];

/// What is the same in every turn, where it can be an argument.
fn standing_argument(request: &TurnRequest) -> Option<String> {
    let standing = request.prompt.standing();
    let is_fine = !standing.is_empty() && standing.len() <= LONGEST_ARGUMENT && !standing.contains('\0');
    is_fine.then_some(standing)
}

fn claude_flags(
    request: &TurnRequest,
    model: Option<&str>,
    standing: Option<String>,
    tools: Option<ToolServer<'_>>,
) -> Vec<OsString> {
    let mut flags: Vec<OsString> = [
        "-p",
        "--input-format",
        "stream-json",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
        "--replay-user-messages",
        "--strict-mcp-config",
        // The person's login and cloud stay; what the repository brings along has no say.
        "--setting-sources",
        "user",
        "--settings",
        r#"{"disableAllHooks":true}"#,
    ]
    .map(OsString::from)
    .into();
    let mut allowed = Vec::new();
    if request.writes {
        // With a room each edit is asked for, and the room answers.
        let mode: &[_] = match &request.room {
            Some(_) => &["--permission-mode", "default", "--permission-prompt-tool", "stdio"],
            None => &["--permission-mode", "acceptEdits"],
        };
        flags.extend(mode.iter().map(OsString::from));
        allowed.push("Bash".to_owned());
    } else {
        flags.extend(["--permission-mode", "default", "--tools", "Read,Grep,Glob"].map(OsString::from));
    }
    if let Some(tools) = tools {
        flags.extend(["--mcp-config".into(), mcp_config(tools).into()]);
        let own = request.own.iter().flat_map(OwnTools::offered);
        allowed.extend(own.map(|tool| format!("{OWN_PREFIX}{}", tool.name())));
    }
    if !allowed.is_empty() {
        flags.push("--allowedTools".into());
        flags.extend(allowed.into_iter().map(OsString::from));
    }
    flags.extend(standing.into_iter().flat_map(|text| ["--append-system-prompt".into(), text.into()]));
    flags.extend(model.into_iter().flat_map(|model| ["--model".into(), model.into()]));
    if let Some(session) = &request.session {
        flags.extend(["--resume".into(), OsString::from(&session.0)]);
    }
    flags
}

/// Without `alwaysLoad` a model sees only the names of the tools, in a list to be searched.
fn mcp_config(tools: ToolServer<'_>) -> String {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let server = json!({
        "type": "stdio",
        "command": text(tools.program),
        "args": ["mcp", text(tools.socket)],
        "alwaysLoad": true,
        "timeout": CALL_TIMEOUT,
    });
    json!({ "mcpServers": { OWN_SERVER: server } }).to_string()
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

/// Whether the turn is to end with a report: one with own tools of which reporting is none is a conversation.
pub(crate) fn wants_report(request: &TurnRequest) -> bool {
    request.own.as_ref().is_none_or(|own| own.offered().contains(&OwnTool::ReportResult))
}

/// What a program with a preset is told about its report, after everything else.
fn how_to_report(request: &TurnRequest, has_tools: bool) -> String {
    let is_tool = has_tools && request.own.is_some();
    let tool = format!("`{OWN_PREFIX}{}`", OwnTool::ReportResult.name());
    how_to_report_by(request, is_tool.then_some(tool.as_str()))
}

/// The same with the words for the tool by which it is called, where there is one.
pub(crate) fn how_to_report_by(request: &TurnRequest, tool: Option<&str>) -> String {
    if !wants_report(request) {
        return String::new();
    }
    let tool = tool.map_or_else(String::new, |tool| {
        format!("When you are done, and only then, call {tool}, once. Only if there is no such tool:\n\n")
    });
    let file = if request.writes {
        "If you cannot, write the same object to the file that the environment variable ORCHESTRA_REPORT names.\n"
    } else {
        ""
    };
    format!(
        "\n\n---\n{tool}\
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
    use orchestra_core::ownership::Room;
    use orchestra_core::prompt::{Prompt, Stays};

    use super::*;

    fn call(preset: Option<Preset>, run: &[&str], change: impl FnOnce(&mut TurnRequest)) -> Invocation {
        let mut request = TurnRequest::new("Do it.", "/repo", "/scratch", Vec::new());
        change(&mut request);
        let run = run.iter().map(|word| (*word).to_owned()).collect();
        let tools = ToolServer { program: Path::new("/bin/orchestra"), socket: Path::new("/s") };
        let tools = request.own.is_some().then_some(tools);
        Invocation::new(&CommandAgent { preset, run, ..CommandAgent::default() }, &request, tools).unwrap()
    }

    /// The prompt that Claude Code is given.
    fn message(invocation: &Invocation) -> String {
        let line: serde_json::Value = serde_json::from_slice(&invocation.stdin).unwrap();
        line["message"]["content"].as_str().unwrap().to_owned()
    }

    fn line(invocation: &Invocation) -> String {
        let words = std::iter::once(&invocation.program).chain(&invocation.args);
        words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    const START: &str = "claude -p --input-format stream-json --output-format stream-json --verbose \
                         --include-partial-messages --replay-user-messages --strict-mcp-config \
                         --setting-sources user --settings {\"disableAllHooks\":true} ";

    #[test]
    fn claude_writes_in_its_folder_and_runs_commands_or_only_reads() {
        let writing = call(Some(Preset::ClaudeCode), &[], |_| {});
        assert_eq!(line(&writing), format!("{START}--permission-mode acceptEdits --allowedTools Bash"));
        let reading = call(Some(Preset::ClaudeCode), &[], |request| {
            request.writes = false;
            request.model = Some("opus".to_owned());
            request.session = Some(SessionId("s1".to_owned()));
        });
        let flags = "--permission-mode default --tools Read,Grep,Glob --model opus --resume s1";
        assert_eq!(line(&reading), format!("{START}{flags}"));
        assert!(reading.env.contains(&("CLAUDE_CODE_MAX_RETRIES", "3")));
    }

    #[test]
    fn with_a_room_claude_asks_before_each_edit_and_is_given_own_tools_by_name() {
        let tools = ToolServer { program: Path::new("/bin/orchestra"), socket: Path::new("/s") };
        let config = mcp_config(tools);
        let server = json!({
            "type": "stdio", "command": "/bin/orchestra", "args": ["mcp", "/s"], "alwaysLoad": true, "timeout": 86_400_000,
        });
        let read: serde_json::Value = serde_json::from_str(&config).unwrap();
        assert_eq!(read, json!({ "mcpServers": { "orchestra": server } }));
        let working = call(Some(Preset::ClaudeCode), &[], |request| {
            request.room = Some(Room::closed());
            request.own = Some(OwnTools::new(&[OwnTool::ReportResult, OwnTool::RaiseConcern]).0);
        });
        let own = "mcp__orchestra__report_result mcp__orchestra__raise_concern";
        assert_eq!(
            line(&working),
            format!(
                "{START}--permission-mode default --permission-prompt-tool stdio --mcp-config {config} --allowedTools Bash {own}"
            )
        );
        assert!(message(&working).contains("call `mcp__orchestra__report_result`, once"));
        let planning = call(Some(Preset::ClaudeCode), &[], |request| {
            request.writes = false;
            request.own = Some(OwnTools::new(&[OwnTool::AskUser]).0);
        });
        let flags = "--permission-mode default --tools Read,Grep,Glob";
        assert_eq!(
            line(&planning),
            format!("{START}{flags} --mcp-config {config} --allowedTools mcp__orchestra__ask_user")
        );
        assert_eq!(message(&planning), "Do it.", "a conversation is asked for no report");
    }

    #[test]
    fn what_stays_is_a_part_of_claudes_instructions_as_long_as_it_fits_an_argument() {
        let with = |standing: String| {
            call(Some(Preset::ClaudeCode), &[], |request| {
                let mut prompt = Prompt::new();
                prompt.add(Stays::Project, "role", standing);
                prompt.add(Stays::Turn, "phase", "Phase 1.");
                request.prompt = prompt;
            })
        };
        let short = with("You are the architect.".to_owned());
        assert!(line(&short).ends_with(" --append-system-prompt You are the architect."));
        assert!(message(&short).starts_with("Phase 1.\n"));
        for standing in ["x".repeat(LONGEST_ARGUMENT + 1), "You are\0".to_owned()] {
            let long = with(standing.clone());
            assert!(!line(&long).contains("--append-system-prompt"));
            assert!(message(&long).starts_with(&format!("{standing}\n\nPhase 1.\n")));
        }
        assert!(line(&with("x".repeat(LONGEST_ARGUMENT))).contains("--append-system-prompt"));
    }

    #[test]
    fn a_call_of_an_own_tool_may_take_as_long_as_a_person() {
        let invocation = call(Some(Preset::ClaudeCode), &[], |_| {});
        let timeout = CALL_TIMEOUT.to_string();
        assert!(invocation.env.contains(&("MCP_TOOL_TIMEOUT", &timeout)));
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
