//! Examples below each command's help.

pub(super) const TOP: &str = "\
Examples:
  orchestra                          status, and the next command to type
  orchestra init                     set up this repository
  orchestra add \"fix the redirect\"   plan one small thing
  orchestra pm                       plan something larger, by talking
  orchestra start                    build it
  orchestra demo                     watch the whole flow; needs no agent";

pub(super) const INIT: &str = "\
Examples:
  orchestra init                     write .orchestra, then offer to commit it
  orchestra init --private           keep .orchestra out of git
  orchestra init --upgrade           bring it up to this version, keeping your edits
  orchestra init --yes --no-commit   in a script";

pub(super) const PM: &str = "\
Examples:
  orchestra pm                       plan at a terminal; nothing is written before you approve it
  orchestra pm --resume              list earlier conversations; --resume NAME goes on with one
  orchestra pm --print \"what is open?\"    one question, one answer
  orchestra pm --print \"…\" --output json   the same for a script

Exit codes of --print: 0 answered, 1 no answer, 2 usage or not trusted, 3 something waits for you";

pub(super) const ROLE: &str = "\
Examples:
  orchestra role backend             talk to the backend engineer, who may write what is its own between the worker's phases
  orchestra role reviewer            has the commits reviewed that are not pushed
  orchestra role architect --print \"what would you split first?\"

Typed there: `commit` shows every changed file of the role's and commits what you have seen; `bootstrap` starts a new project";

pub(super) const PROMPT: &str = "\
Examples:
  orchestra prompt M1 phase-2        the prompt as an agent would get it now
  orchestra prompt M1 rfc --sizes    its parts, with bytes and estimated tokens
  orchestra prompt M1 phase-2 --json";

pub(super) const START: &str = "\
Examples:
  orchestra start                    work at a terminal; gates ask you
  orchestra start --auto --once      overnight: answer gates with yes, leave when all is done
  orchestra start --auto=rfc         build without asking, ask before anything is pushed
  orchestra start --milestone M2     only this one; takes up a parked one again
  orchestra start -c gates.push=never -c limits.phase_timeout=4h    other settings, for this run

Exit codes: 0 done, 1 something failed, 2 usage or not trusted, 3 something waits for you, 4 another worker runs";

pub(super) const STATUS: &str = "\
Examples:
  orchestra status
  orchestra status --watch           follow it in another terminal
  orchestra status --json | jq '.gates[].id'";

pub(super) const ANSWER_USAGE: &str = "orchestra answer [GATE] WORD [TEXT | --note TEXT | --file FILE]";

pub(super) const ANSWER: &str = "\
Words: approve, revise TEXT, retry [TEXT], skip, keep, restore, finish, push-to BRANCH, verify COMMAND, stop

Examples:
  orchestra answer rfc-3f9a approve
  orchestra answer push-81c0 revise \"the error text is wrong\"
  orchestra answer rfc-3f9a revise --file feedback.md
  orchestra answer push-81c0 push-to review/login
  orchestra answer approve           on a terminal: shows what is asked, then asks you";

pub(super) const STOP: &str = "\
Examples:
  orchestra stop                     after the running phase has its commit
  orchestra stop --now               at once; the turn's changes stay in the tree";

pub(super) const ADD: &str = "\
Examples:
  orchestra add \"fix the redirect after login\"
  orchestra add \"dark mode for the settings page\" --role frontend --priority P2";

pub(super) const PROPOSE: &str = "\
Examples:
  orchestra propose login.yaml       show every file that would be written, then ask
  orchestra propose login.yaml --check --json | jq '.objections'
  orchestra propose - --yes <plan.json    in a script of yours; no agent may do this
  orchestra schema proposal          what such a file holds, for an editor or another agent

Exit codes: 0 written or it fits, 1 something is wrong with it, 2 not written";

pub(super) const TRUST: &str = "\
Examples:
  orchestra trust                    list what this project would run, and ask
  orchestra trust --show             only list it
  orchestra trust --yes              in a script that has read the list";

pub(super) const REPORT: &str = "\
Examples:
  orchestra report                   every milestone that was worked on, a line each, and a sum
  orchestra report M1 > M1.md        one of them with all that is known of it
  orchestra report M1 --json | jq '.milestones[0].roles'";

pub(super) const RESCUE: &str = "\
Examples:
  orchestra rescue
  orchestra rescue show M1-user-auth/phase-2/1/out-of-room
  orchestra rescue show M1-user-auth/phase-2/1/before | git apply
  orchestra rescue restore M1-user-auth/phase-2/1/out-of-room src/config.rs";

pub(super) const DOCTOR: &str = "\
Examples:
  orchestra doctor
  orchestra doctor --auto            before you leave it alone for a night
  orchestra doctor --json | jq '.[] | select(.state == \"bad\")'";

pub(super) const CONFIG: &str = "\
Examples:
  orchestra config
  orchestra config -c limits.retries=5    what would hold with this flag
  orchestra config --json | jq -r '.[] | select(.layer != \"default\") | .key'";

pub(super) const DEMO: &str = "\
Examples:
  orchestra demo
  orchestra demo --auto --dir /tmp/shop    once more with the same folder: goes on where it was stopped
  orchestra demo --dir /tmp/shop --pm      in another terminal: plan a second milestone meanwhile";

pub(super) const SCHEMA: &str = "\
Examples:
  orchestra schema report            what an agent may hand back
  orchestra schema config > config.schema.json
  orchestra schema proposal          what `orchestra propose` takes";

pub(super) const MCP: &str = "\
Examples:
  orchestra mcp SOCKET               as the command of an MCP server; Orchestra names the socket of the turn";

pub(super) const COMPLETIONS: &str = "\
Examples:
  orchestra completions bash > ~/.local/share/bash-completion/completions/orchestra
  orchestra completions zsh > ~/.zfunc/_orchestra";

pub(super) const MAN: &str = "\
Examples:
  orchestra man | man -l -
  orchestra man > ~/.local/share/man/man1/orchestra.1";
