//! Any agent: a shell script of ten lines, a program that asks for patience, a coding program by its preset.

use std::os::unix::fs::PermissionsExt as _;

use orchestra_testkit::{Milestone, TestProject};

/// A project whose one agent is this program, with this line of configuration.
pub(crate) fn project(agent: &str, program: &str) -> TestProject {
    let project = TestProject::new(env!("CARGO_BIN_EXE_orchestra"));
    let bin = project.home().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("claude"), program).unwrap();
    std::fs::set_permissions(bin.join("claude"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let agent = agent.replace("BIN", bin.to_str().unwrap());
    project.write(
        ".orchestra/config.yaml",
        &format!(
            "version: 1\nverify: [\"sh check.sh\"]\nlimits: {{ backoff: 50ms }}\nagents:\n  default: mine\n  mine: {agent}\n"
        ),
    );
    project.commit_all("chore: agent");
    project.git(&["push", "--quiet", "origin", "main"]);
    // The sign of a login that is looked for before anything runs unattended.
    std::fs::create_dir_all(project.home().join(".claude")).unwrap();
    std::fs::write(project.home().join(".claude/.credentials.json"), "{}").unwrap();
    project.add(&Milestone::new("M1-any").with("rfc: skip").phase("backend"));
    project.trust();
    project
}

/// As simple as an agent can be: it reads its prompt, writes a file and hands in a report.
pub(crate) const TEN_LINES: &str = r#"#!/bin/sh
grep -q "Part 1" || exit 3
case "$ORCHESTRA_PHASE" in
  review) echo '{ "verdict": "approved" }' > "$ORCHESTRA_REPORT" ;;
  *)
    echo "working on $ORCHESTRA_MILESTONE $ORCHESTRA_PHASE as $ORCHESTRA_ROLE, try $ORCHESTRA_ATTEMPT"
    echo hello > src/hello.txt
    echo '{ "summary": "said hello", "commit": { "type": "feat", "scope": "hello", "subject": "say hello" } }' \
      > "$ORCHESTRA_REPORT" ;;
esac
"#;

#[test]
fn a_shell_script_of_ten_lines_is_an_agent() {
    let project = project("{ kind: command, run: [\"BIN/claude\"] }", TEN_LINES);
    let _ran = project.build().expect(0).says("working on M1-any phase-1 as backend-engineer, try 1");
    assert_eq!(project.ledger(), ["M1-any phase-1", "M1-any close"]);
    assert_eq!(project.subjects()[2], "feat(hello): say hello");
    assert!(project.read(".orchestra/milestones/M1-any/phases/phase-1.md").contains("said hello"));
    project.check();
}

#[test]
fn f57_try_again_later_costs_no_attempt() {
    let program = TEN_LINES.replace(
        "case \"$ORCHESTRA_PHASE\"",
        "[ -e ../tried ] || { touch ../tried; echo 'too many requests' >&2; exit 75; }\ncase \"$ORCHESTRA_PHASE\"",
    );
    let project = project("{ kind: command, run: [\"BIN/claude\"] }", &program);
    let _ran = project.build().expect(0).says("again at").says("try 1");
    assert!(project.read(".orchestra/milestones/M1-any/phases/phase-1.md").contains("attempts: 1"));
}

#[test]
fn f55_a_broken_report_is_a_failure_and_never_made_up() {
    let project = project(
        "{ kind: command, run: [\"BIN/claude\"] }",
        "#!/bin/sh\necho x > src/x.txt\necho '{ \"summary\": [1' > \"$ORCHESTRA_REPORT\"\n",
    );
    let _ran = project.build().expect(1).says("M1-any is set aside");
    assert_eq!(project.ledger(), [] as [&str; 0]);
    project.check();
}

/// Speaks as `claude -p --output-format stream-json` does, on one turn.
const LIKE_CLAUDE: &str = r#"#!/bin/sh
read -r prompt
say() { printf '%s\n' "$1"; }
say '{"type":"system","subtype":"init","session_id":"s-1","model":"m","cwd":".","tools":[],"mcp_servers":[]}'
case "$ORCHESTRA_PHASE" in
  review) answer='Read it.\n\n```json\n{\"verdict\":\"approved\"}\n```' ;;
  *)
    say '{"type":"assistant","message":{"id":"1","model":"m","content":[{"type":"tool_use","id":"t1","name":"Write","input":{"file_path":"src/c.txt"}}]},"session_id":"s-1"}'
    echo c > src/c.txt
    say '{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"}]},"tool_use_result":{"filePath":"src/c.txt","type":"create"},"session_id":"s-1"}'
    answer='Done.\n\n```json\n{\"summary\":\"wrote c\",\"commit\":{\"type\":\"feat\",\"subject\":\"write c\"}}\n```' ;;
esac
say "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"$answer\",\"session_id\":\"s-1\",\"total_cost_usd\":0.01,\"modelUsage\":{\"m\":{\"inputTokens\":1200,\"outputTokens\":80,\"cacheReadInputTokens\":0,\"cacheCreationInputTokens\":0}}}"
"#;

#[test]
fn a_coding_program_is_spoken_to_by_its_preset() {
    let project = project("{ kind: command, preset: claude-code, run: [\"BIN/claude\"] }", LIKE_CLAUDE);
    let ran = project.build().expect(0).says("Write");
    assert!(ran.said().contains("tok"), "{}", ran.said());
    assert_eq!(project.subjects()[2], "feat: write c");
    project.check();
}

/// Calls Orchestra's own tools as Claude Code does: through the server that `--mcp-config` names.
const WITH_TOOLS: &str = r#"#!/bin/sh
read -r prompt
say() { printf '%s\n' "$1"; }
for arg in "$@"; do
  case "$arg" in *mcpServers*) server=$arg ;; esac
done
program=$(say "$server" | sed 's/.*"command":"\([^"]*\)".*/\1/')
socket=$(say "$server" | sed 's/.*"mcp","\([^"]*\)".*/\1/')
case "$ORCHESTRA_PHASE" in review) answers=/dev/null ;; *) answers=src/answers.txt ;; esac
mkfifo "$TMPDIR/to" "$TMPDIR/from"
"$program" mcp "$socket" < "$TMPDIR/to" > "$TMPDIR/from" &
exec 3> "$TMPDIR/to" 4< "$TMPDIR/from"
ask() { say "$1" >&3; read -r answer <&4; say "$answer" >> "$answers"; }
call() { ask "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"$1\",\"arguments\":$2}}"; }
ask '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"sh","version":"1"}}}'
say '{"jsonrpc":"2.0","method":"notifications/initialized"}' >&3
say '{"type":"system","subtype":"init","session_id":"s-1","model":"m","cwd":".","tools":[],"mcp_servers":[{"name":"orchestra","status":"connected"}]}'
case "$ORCHESTRA_PHASE" in
  review)
    call raise_concern '{"text":"The file is world-readable"}'
    call report_result '{"verdict":"approved"}' ;;
  *)
    call request_decision '{"title":"Where sessions are kept","risk":"medium","choice":"in a file","why":"one machine"}'
    call raise_concern '{"text":"No rate limit"}'
    [ -e ../tried ] || { touch ../tried; say '{"type":"result","subtype":"success","is_error":true,"api_error_status":529,"result":"overloaded","session_id":"s-1"}'; exit 1; }
    call report_result '{"summary":"wrote c","concerns":["no rate limit."]}' ;;
esac
exec 3>&- 4<&-
say '{"type":"result","subtype":"success","is_error":false,"result":"Done.","session_id":"s-1"}'
"#;

#[test]
fn what_a_coding_program_decides_and_raises_over_mcp_is_in_the_documents_once() {
    let project = project("{ kind: command, preset: claude-code, run: [\"BIN/claude\"] }", WITH_TOOLS);
    let _ran = project.build().expect(0).says("again at");
    let folder = ".orchestra/milestones/M1-any";
    let phase = project.read(&format!("{folder}/phases/phase-1.md"));
    for text in ["Where sessions are kept: in a file (risk: medium): one machine", "No rate limit", "wrote c"]
    {
        assert_eq!(phase.matches(text).count(), 1, "{text} in {phase}");
    }
    assert!(!phase.contains("no rate limit."), "it was said before: {phase}");
    let context = project.read(&format!("{folder}/context.md"));
    for text in ["Where sessions are kept: in a file", "No rate limit", "The file is world-readable"] {
        assert!(context.contains(text), "{text} is not in {context}");
    }
    assert!(
        project.read("src/answers.txt").contains("go on with your choice"),
        "{}",
        project.read("src/answers.txt")
    );
    project.check();
}
