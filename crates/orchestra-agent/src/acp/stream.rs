//! One turn of a conversation, as a machine: lines in; events, and lines to be answered, out. No clock.

use std::path::PathBuf;

use orchestra_core::config::AcpAgent;
use orchestra_core::id::SessionId;
use orchestra_core::own_tool::OwnTool;
use orchestra_core::report::{AgentEvent, Fault, Outcome, Report, Usage};
use serde_json::{Value, json};

use super::end::{self, Beside, Ended};
use super::message::{self, Failure, Message};
use super::opening::{self, Going, Setting, Settings, Wanted};
use super::permission;
use super::update::Said;
use crate::agent::TurnRequest;
use crate::command::argv::{self, OWN_SERVER, ToolServer};
use crate::command::claude::Permissions;
use crate::command::event::{ending, notice, strange, text_at};
use crate::command::text::with_stderr;
use crate::guard::Exit;
use crate::report_file::{HandedIn, read_report, report_in_text};

/// How often an agent may leave the mode of its turn before that ends the turn.
const MOST_LEFT: u32 = 3;

/// A turn of an agent.
#[derive(Debug)]
pub(crate) struct AcpStream {
    wants: Wants,
    permissions: Permissions,
    wanted: Wanted,
    stage: Stage,
    /// What was asked and is not answered yet.
    asked: Vec<(u64, Asked)>,
    next_id: u64,
    /// Lines for the agent.
    out: Vec<u8>,
    session: String,
    /// How somebody logs in.
    logins: String,
    settings: Settings,
    said: Said,
    /// What the conversation had cost before this turn.
    cost_before: f64,
    usage: Option<Usage>,
    left: u32,
    last_refusal: Option<String>,
    is_cancelled: bool,
    /// What the agent said at its first end, where it was asked for its report then.
    before_reminder: Option<String>,
    end: Option<Result<(), Fault>>,
}

/// What the turn is about.
#[derive(Debug)]
struct Wants {
    workspace: String,
    servers: Value,
    prompt: String,
    /// The conversation to go on with.
    session: Option<SessionId>,
    report_path: PathBuf,
    /// Whether the turn ends with a report that a tool takes.
    is_reported: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Nothing was said yet.
    Hello,
    /// The conversation is being opened and set.
    Opening,
    /// The turn runs.
    Working,
}

/// What an answer will be to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Asked {
    Hello,
    New,
    Going,
    Setting(Setting),
    /// The mode of the turn, again.
    Back,
    Prompt,
}

impl AcpStream {
    pub(crate) fn new(agent: &AcpAgent, request: &TurnRequest, tools: Option<ToolServer<'_>>) -> Self {
        let model = request.model.as_ref().or(agent.model.as_ref());
        let wanted = Wanted { mode: agent.mode.clone(), model: model.cloned(), writes: request.writes };
        let tool = format!("the tool `{}` of the MCP server `{OWN_SERVER}`", OwnTool::ReportResult.name());
        let how_to_report = argv::how_to_report_by(request, tools.map(|_| tool.as_str()));
        let server = |tools: ToolServer<'_>| {
            json!({
                "name": OWN_SERVER, "command": tools.program.to_string_lossy(),
                "args": ["mcp", tools.socket.to_string_lossy()], "env": [],
            })
        };
        Self {
            wants: Wants {
                workspace: request.workspace.to_string_lossy().into_owned(),
                servers: tools.map_or_else(|| json!([]), |tools| json!([server(tools)])),
                prompt: as_prompt(&format!("{}{how_to_report}", request.prompt.whole())),
                session: request.session.clone(),
                report_path: request.report_path.clone(),
                is_reported: argv::wants_report(request) && tools.is_some(),
            },
            permissions: Permissions::of(request),
            wanted,
            stage: Stage::Hello,
            asked: vec![(opening::HELLO, Asked::Hello)],
            next_id: opening::HELLO + 1,
            out: Vec::new(),
            session: String::new(),
            logins: String::new(),
            settings: Settings::default(),
            said: Said::default(),
            cost_before: request.used_before.cost_usd.unwrap_or_default(),
            usage: None,
            left: 0,
            last_refusal: None,
            is_cancelled: false,
            before_reminder: None,
            end: None,
        }
    }

    /// Takes one line.
    pub(crate) fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let Ok(value) = serde_json::from_slice::<Value>(line) else { return strange(line) };
        match Message::parse(value) {
            Some(Message::Answer { id, result }) => self.answered(id, result),
            Some(Message::Request { id, method, params }) => self.requested(&id, &method, &params),
            Some(Message::Told { method, params }) if method == "session/update" => self.updated(&params),
            Some(Message::Told { .. }) => Vec::new(),
            None => strange(line),
        }
    }

    /// Whether the turn has come to its end, good or bad. What comes now is the agent's own leaving.
    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Whether no turn runs yet.
    pub(crate) fn is_opening(&self) -> bool {
        self.stage != Stage::Working && self.end.is_none()
    }

    /// Whether the turn came to a bad end.
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.end, Some(Err(_)))
    }

    /// A line that asks for the end of the turn; none where no turn runs.
    pub(crate) fn interrupt(&mut self) -> Option<Vec<u8>> {
        if self.stage != Stage::Working {
            return None;
        }
        self.is_cancelled = true;
        Some(message::told("session/cancel", &json!({ "sessionId": self.session })))
    }

    /// Takes what is to be said to the agent.
    pub(crate) fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Ends the tools that never came back.
    pub(crate) fn close(&mut self) -> Vec<AgentEvent> {
        self.said.tools.close()
    }

    /// Says what the run came to. How the program left after its turn says nothing.
    pub(crate) fn end(self, exit: Exit, stderr_tail: &str) -> Outcome {
        match self.end {
            Some(Ok(())) => {
                let summary = self.before_reminder.unwrap_or(self.said.last_text);
                let summary = ending(&summary, crate::command::event::MAX_SUMMARY).to_owned();
                Outcome::Reported(Box::new(Report { summary, usage: self.usage, ..Report::default() }))
            }
            Some(Err(fault)) => Outcome::Faulted(fault),
            None => Outcome::Faulted(without_end(self.stage, exit, stderr_tail)),
        }
    }

    fn ask(&mut self, asked: Asked, method: &str, params: &Value) {
        self.asked.push((self.next_id, asked));
        self.out.extend(message::request(self.next_id, method, params));
        self.next_id += 1;
    }

    fn fail(&mut self, fault: Fault) -> Vec<AgentEvent> {
        self.end.get_or_insert(Err(fault));
        Vec::new()
    }

    fn answered(&mut self, id: u64, result: Result<Value, Failure>) -> Vec<AgentEvent> {
        // An answer that nobody waits for: twice, or to nothing.
        let Some(at) = self.asked.iter().position(|(asked, _)| *asked == id) else { return Vec::new() };
        let (_, asked) = self.asked.remove(at);
        if self.is_over() {
            return Vec::new();
        }
        match (asked, result) {
            (Asked::Hello, Ok(hello)) => self.greeted(&hello),
            (Asked::New, Ok(opened)) => self.opened(&opened, None),
            (Asked::Going, Ok(opened)) => {
                let session = self.wants.session.take();
                self.opened(&opened, session)
            }
            (Asked::Going, Err(failure)) if failure.code != message::AUTH_REQUIRED => {
                let why = failure.message;
                self.start_afresh(&format!("the agent does not go on with its conversation ({why})"))
            }
            (Asked::Setting(_), Ok(_)) => self.set_next(),
            (Asked::Setting(setting), Err(failure)) => self.not_set(setting, &failure),
            (Asked::Back, Ok(_)) => Vec::new(),
            (Asked::Back, Err(failure)) => {
                let message =
                    format!("it left the mode of its turn and does not go back: {}", failure.message);
                self.stop(Fault::Failed { message })
            }
            (Asked::Prompt, Ok(result)) => self.prompted(&result),
            // The turn itself was done.
            (Asked::Prompt, Err(_)) if self.before_reminder.is_some() => self.done(),
            (Asked::Hello | Asked::New | Asked::Going | Asked::Prompt, Err(failure)) => {
                let fault = end::of_failure(&failure, &self.logins);
                self.fail(fault)
            }
        }
    }

    fn greeted(&mut self, hello: &Value) -> Vec<AgentEvent> {
        self.stage = Stage::Opening;
        self.logins = opening::logins(hello);
        let version = hello.get("protocolVersion").and_then(Value::as_u64);
        if version != Some(1) {
            let version = version.map_or_else(|| "unknown".to_owned(), |version| version.to_string());
            return self.fail(Fault::Unusable {
                message: format!("it speaks another version of the protocol ({version}) than 1"),
                hint: "install a version of it that speaks version 1".to_owned(),
            });
        }
        let Some(session) = self.wants.session.clone() else { return self.open_new() };
        let Some(going) = Going::of(hello) else {
            return self.start_afresh("the agent cannot go on with a conversation");
        };
        let params = json!({
            "sessionId": session.0, "cwd": self.wants.workspace, "mcpServers": self.wants.servers,
        });
        self.ask(Asked::Going, going.method(), &params);
        Vec::new()
    }

    fn start_afresh(&mut self, why: &str) -> Vec<AgentEvent> {
        self.wants.session = None;
        self.cost_before = 0.0;
        self.said.cost = None;
        self.open_new();
        vec![notice(format!("{why}: it starts afresh"))]
    }

    fn open_new(&mut self) -> Vec<AgentEvent> {
        let params = json!({ "cwd": self.wants.workspace, "mcpServers": self.wants.servers });
        self.ask(Asked::New, "session/new", &params);
        Vec::new()
    }

    fn opened(&mut self, opened: &Value, went_on: Option<SessionId>) -> Vec<AgentEvent> {
        let session = went_on.unwrap_or_else(|| SessionId(text_at(opened, "sessionId").to_owned()));
        if session.0.is_empty() {
            return self.fail(Fault::Failed { message: "it opened a conversation without an id".to_owned() });
        }
        session.0.clone_into(&mut self.session);
        let mut events = vec![AgentEvent::Session { session }];
        match Settings::of(opened, &self.wanted) {
            Ok((settings, remark)) => {
                self.settings = settings;
                events.extend(remark.map(notice));
                events.extend(self.set_next());
            }
            Err(opening::NotOffered { message, hint }) => {
                self.fail(Fault::Unusable { message, hint });
            }
        }
        events
    }

    fn set_next(&mut self) -> Vec<AgentEvent> {
        if let Some((setting, method, params)) = self.settings.next(&self.session) {
            self.ask(Asked::Setting(setting), method, &params);
            return Vec::new();
        }
        self.stage = Stage::Working;
        // What an opened conversation told of its cost is more exact than what we remember.
        self.cost_before = self.said.cost.unwrap_or(self.cost_before);
        let prompt = std::mem::take(&mut self.wants.prompt);
        self.prompt(&prompt);
        Vec::new()
    }

    fn not_set(&mut self, setting: Setting, failure: &Failure) -> Vec<AgentEvent> {
        let what = match setting {
            Setting::Mode => "mode",
            Setting::Model => "model",
        };
        let detail = text_at(&failure.data, "details");
        let message = format!("the agent does not take the {what}: {} {detail}", failure.message);
        self.fail(Fault::Unusable {
            message: message.trim_end().to_owned(),
            hint: format!("name another `{what}:` in the agent's configuration, or none"),
        })
    }

    fn prompt(&mut self, text: &str) {
        let params = json!({ "sessionId": self.session, "prompt": [ { "type": "text", "text": text } ] });
        self.ask(Asked::Prompt, "session/prompt", &params);
    }

    fn prompted(&mut self, result: &Value) -> Vec<AgentEvent> {
        self.count(result);
        let beside = Beside {
            last_text: &self.said.last_text,
            is_nameless: self.said.is_nameless(),
            logins: &self.logins,
        };
        let mut events: Vec<AgentEvent> =
            self.usage.map(|usage| AgentEvent::Usage { usage }).into_iter().collect();
        events.extend(match end::of_result(result, beside) {
            Ended::Done if self.wants_reminder() => self.remind(),
            Ended::Done => self.done(),
            Ended::Cancelled if self.is_cancelled => self.fail(Fault::Cancelled),
            _ if self.before_reminder.is_some() => self.done(),
            Ended::Cancelled => {
                let why = self.last_refusal.clone().unwrap_or_else(|| "it does not say why".to_owned());
                self.fail(Fault::Failed { message: format!("it gave up its turn: {why}") })
            }
            Ended::Failed(fault) => self.fail(fault),
        });
        events
    }

    fn done(&mut self) -> Vec<AgentEvent> {
        // What it says after the reminder is its answer only where the report is in it.
        if report_in_text(&self.said.last_text) != HandedIn::Nothing {
            self.before_reminder = None;
        }
        self.end.get_or_insert(Ok(()));
        Vec::new()
    }

    fn wants_reminder(&self) -> bool {
        self.wants.is_reported
            && self.before_reminder.is_none()
            && !self.is_cancelled
            && !self.said.tools.has_reported()
            && report_in_text(&self.said.last_text) == HandedIn::Nothing
            && read_report(&self.wants.report_path) == HandedIn::Nothing
    }

    fn remind(&mut self) -> Vec<AgentEvent> {
        self.before_reminder = Some(std::mem::take(&mut self.said.last_text));
        self.prompt(
            "You ended without handing in your report. Hand it in now, as you were told at the beginning, and change nothing else.",
        );
        vec![notice("it ended without a report and is asked for it once")]
    }

    /// Adds what a prompt consumed: tokens are told for each prompt, money as the sum of the conversation.
    fn count(&mut self, result: &Value) {
        let tokens = end::usage_of(result).or(self.said.usage.take());
        let cost = self.said.cost.map(|cost| (cost - self.cost_before).max(0.0));
        if tokens.is_none() && cost.is_none() {
            return;
        }
        let mut usage = self.usage.unwrap_or_default().plus(tokens.unwrap_or_default());
        usage.cost_usd = cost;
        self.usage = Some(usage);
    }

    fn requested(&mut self, id: &Value, method: &str, params: &Value) -> Vec<AgentEvent> {
        if method != "session/request_permission" {
            self.out.extend(message::not_served(id, method));
            return Vec::new();
        }
        let is_ours = self.stage == Stage::Working && text_at(params, "sessionId") == self.session;
        if self.is_cancelled || self.is_over() || !is_ours {
            self.out.extend(message::answer(id, &permission::cancelled()));
            return Vec::new();
        }
        let told = params.get("toolCall").unwrap_or(&Value::Null);
        let (tool, mut events) = self.said.tools.asked(told);
        let options = params.get("options").unwrap_or(&Value::Null);
        let checked = permission::check(&tool, &self.permissions);
        let (answer, is_chosen) = permission::answer(options, checked.is_ok());
        self.out.extend(message::answer(id, &answer));
        let why = match checked {
            Ok(()) if is_chosen => return events,
            Ok(()) => "it offers no way to allow it once".to_owned(),
            Err(why) => why,
        };
        self.said.tools.refuse(text_at(told, "toolCallId"), &why);
        let refusal = format!("{} was denied: {why}", tool.label());
        events.push(notice(refusal.clone()));
        self.last_refusal = Some(refusal);
        events
    }

    fn updated(&mut self, params: &Value) -> Vec<AgentEvent> {
        let update = params.get("update").unwrap_or(&Value::Null);
        if self.stage != Stage::Working {
            // A conversation that is told again; of it only its cost counts.
            self.said.take_cost(update);
            return Vec::new();
        }
        if self.is_over() || text_at(params, "sessionId") != self.session {
            return Vec::new();
        }
        match text_at(update, "sessionUpdate") {
            "current_mode_update" | "config_option_update" => self.mode_changed(update),
            _ => self.said.take(update),
        }
    }

    /// Keeps the agent in the mode of its turn: in another it might not ask.
    fn mode_changed(&mut self, update: &Value) -> Vec<AgentEvent> {
        let Some(mode) = self.settings.left_for(update) else { return Vec::new() };
        // Both kinds of update tell of one change.
        if self.asked.iter().any(|(_, asked)| *asked == Asked::Back) {
            return Vec::new();
        }
        self.left += 1;
        let kept = self.settings.kept().to_owned();
        if self.left > MOST_LEFT {
            let message =
                format!("it leaves the mode `{kept}` of its turn again and again, for `{mode}` at last");
            return self.stop(Fault::Failed { message });
        }
        if let Some((method, params)) = self.settings.back(&self.session) {
            self.ask(Asked::Back, method, &params);
        }
        vec![notice(format!("it went into the mode `{mode}` by itself, and is put back into `{kept}`"))]
    }

    /// Ends a turn that runs.
    fn stop(&mut self, fault: Fault) -> Vec<AgentEvent> {
        let cancel = self.interrupt();
        self.out.extend(cancel.unwrap_or_default());
        self.fail(fault)
    }
}

/// Keeps the agent from taking a prompt for one of its own commands, which begin with a slash.
fn as_prompt(text: &str) -> String {
    if text.trim_start().starts_with('/') { format!("The person says: {text}") } else { text.to_owned() }
}

fn without_end(stage: Stage, exit: Exit, stderr_tail: &str) -> Fault {
    let told = |what: &str| with_stderr(&format!("it ended with {exit} and {what}"), stderr_tail);
    match (stage, exit) {
        (Stage::Hello, _) => Fault::Unusable {
            message: told("without a word of the Agent Client Protocol"),
            hint: "look in a terminal whether the command in `run:` starts an agent that speaks it on its standard streams"
                .to_owned(),
        },
        (Stage::Opening, _) => Fault::Failed { message: told("without opening a conversation") },
        (Stage::Working, Exit::Code(130 | 143) | Exit::Signal(2 | 15)) => Fault::Cancelled,
        (Stage::Working, _) => Fault::Failed { message: told("in the middle of its turn") },
    }
}

#[cfg(test)]
mod replay;
#[cfg(test)]
mod tests;
