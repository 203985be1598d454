//! The policy a project is run by: read in layers, merged into one [`Config`], and what of it is asked about.
//!
//! Layers are project < user < environment < flags. The project's is committed and may come from a stranger: what it
//! would run or open is listed by [`trust::commands_of`] before anything of it counts.

mod agents;
pub mod http;
pub mod keys;
pub mod layer;
pub mod resolve;
mod setting;
mod shown;
pub mod trust;
mod value;

use std::collections::BTreeMap;
use std::time::Duration;

use self::http::{HttpAgent, Price};
use self::keys::KeySetting;
use crate::id::{AgentName, MilestoneId};
use crate::plan::{Complexity, GateKind};

/// What `config.yaml`, the user's configuration, the environment and flags come to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Who answers at the gates.
    pub gates: Gates,
    /// When and how often work is reviewed.
    pub review: ReviewPolicy,
    /// What must be green before a commit.
    pub verify: VerifyPlan,
    /// The agents that can play a role.
    pub agents: BTreeMap<AgentName, AgentConfig>,
    /// The agent that plays a role that names none.
    pub default_agent: Option<AgentName>,
    /// Models by agent and a phase's complexity.
    pub models: BTreeMap<AgentName, BTreeMap<Complexity, String>>,
    /// What tokens cost, by models.
    pub prices: BTreeMap<String, Price>,
    /// Bounds on time, size and repetition.
    pub limits: Limits,
    /// Where finished work goes.
    pub push: PushPolicy,
    /// Keys of the screen that the person has set, by the names of actions.
    pub keys: BTreeMap<String, KeySetting>,
    /// How the person is told when they look elsewhere.
    pub notify: Notify,
    /// How often it is told how far a run is; never where there is nothing. The person's alone to set.
    pub progress: Option<Duration>,
    /// Whether the screen takes the mouse, which the terminal then no longer selects text with. The person's alone to set.
    pub mouse: bool,
}

/// How the person is told when they look elsewhere. Theirs alone to set.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Notify {
    /// By a bell, and by a notice where the terminal says who looks.
    #[default]
    Auto,
    /// By a bell alone.
    Bell,
    /// By a notice as iTerm2 takes it (OSC 9).
    Osc9,
    /// By a notice as urxvt takes it (OSC 777).
    Osc777,
    /// Not at all.
    Off,
    /// By a program with its arguments; the text comes as its last one.
    Command(Vec<String>),
}

/// Who answers at the gates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gates {
    /// Before anything is built on a design.
    pub rfc: GatePolicy,
    /// Before anything is published.
    pub push: GatePolicy,
}

impl Gates {
    /// The policy of one gate.
    pub fn of(&self, gate: GateKind) -> GatePolicy {
        match gate {
            GateKind::Rfc => self.rfc,
            GateKind::Push => self.push,
        }
    }
}

/// Who answers at one gate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GatePolicy {
    /// A person, or `--auto`.
    Ask,
    /// Answered yes, recorded as `by: policy`.
    Auto,
    /// There is no such gate: no design is made, or nothing is pushed.
    Never,
}

/// When and how often work is reviewed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReviewPolicy {
    /// Whether there is a review at all.
    pub always: bool,
    /// How many times findings may be mended.
    pub fix_rounds: u32,
    /// Whether a fix is reviewed again.
    pub again: bool,
}

/// What must be green before a commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum VerifyPlan {
    /// The same commands for every phase.
    Always(Vec<String>),
    /// Commands by the paths that changed: globs with their commands, in order.
    ByPath(Vec<(String, Vec<String>)>),
}

/// How one agent is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AgentConfig {
    /// Plays a script of text and real tool calls.
    Scripted {
        /// The script, relative to the top of the repository.
        script: String,
    },
    /// A program run once a turn.
    Command(CommandAgent),
    /// A program that speaks the Agent Client Protocol.
    Acp(AcpAgent),
    /// A model behind an HTTP endpoint.
    Http(Box<HttpAgent>),
}

/// A program that speaks the Agent Client Protocol on its standard streams.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AcpAgent {
    /// The program and its arguments.
    pub run: Vec<String>,
    /// Environment variables passed on besides the usual ones.
    pub env: Vec<String>,
    /// The model, where the agent lets one be chosen.
    pub model: Option<String>,
    /// The mode in which it works for a role that writes, by the agent's own name.
    pub mode: Option<String>,
}

/// A program that is run once a turn.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CommandAgent {
    /// A program whose flags and output Orchestra knows.
    pub preset: Option<Preset>,
    /// The program and its arguments; replaces a preset's program where both are given.
    pub run: Vec<String>,
    /// How its output is read, where there is no preset.
    pub output: OutputFormat,
    /// What it reads, where there is no preset.
    pub input: InputFormat,
    /// Environment variables passed on besides the usual ones.
    pub env: Vec<String>,
    /// The model, where the program takes one.
    pub model: Option<String>,
}

/// A program whose flags and output Orchestra knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preset {
    /// `claude -p`, stream-json.
    ClaudeCode,
    /// `codex exec --json`.
    Codex,
}

/// What a program without a preset reads from its standard input.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum InputFormat {
    /// The prompt, up to the end.
    #[default]
    Prompt,
    /// One JSON object a line: the prompt, then what the person says while it works.
    JsonLines,
}

impl AgentConfig {
    /// Whether an agent of this kind can be spoken to while it works.
    pub fn hears(&self) -> bool {
        match self {
            Self::Scripted { .. } | Self::Http(_) => true,
            // The protocol has no words for it.
            Self::Acp(_) => false,
            Self::Command(command) => match command.preset {
                Some(Preset::ClaudeCode) => true,
                Some(Preset::Codex) => false,
                None => command.input == InputFormat::JsonLines,
            },
        }
    }
}

/// How the output of a program without a preset is read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum OutputFormat {
    /// As text, shown as it comes.
    #[default]
    Text,
    /// As one JSON object of [`crate::report::AgentEvent`] a line; other lines are text.
    JsonLines,
}

/// Bounds on time, size and repetition.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Phases that run at once.
    pub jobs: u32,
    /// How often a transient error is tried again at once.
    pub retries: u32,
    /// The wait before the first of these; it doubles.
    pub backoff: Duration,
    /// How long an outage is sat out.
    pub outage: Duration,
    /// How often a failure goes back to the agent before the architect is asked.
    pub repair_attempts: u32,
    /// Failures in a row after which an agent rests.
    pub circuit_failures: u32,
    /// How long one turn may take.
    pub phase_timeout: Duration,
    /// How long one verify command may take.
    pub verify_timeout: Duration,
    /// How long one hook may take.
    pub hook_timeout: Duration,
    /// How long an agent may say nothing before that is shown.
    pub silence: Duration,
    /// How many bytes of an agent's output are kept.
    pub output: u64,
    /// How many bytes of dirty files are saved before a turn without asking.
    pub snapshot: u64,
}

/// Where finished work goes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PushPolicy {
    /// The remote; where none is named it is found as `git push` would.
    pub remote: Option<String>,
    /// The branch on the remote's side, with `{milestone}` filled in; the current one where none is named.
    pub branch: Option<String>,
}

impl PushPolicy {
    /// The branch on the remote's side for one milestone; `None` for the current one.
    pub fn branch_for(&self, milestone: &MilestoneId) -> Option<String> {
        self.branch.as_ref().map(|branch| branch.replace("{milestone}", milestone.as_str()))
    }
}

const MINUTE: Duration = Duration::from_mins(1);
const MEBIBYTE: u64 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            jobs: 1,
            retries: 3,
            backoff: Duration::from_secs(2),
            outage: 240 * MINUTE,
            repair_attempts: 2,
            circuit_failures: 10,
            phase_timeout: 120 * MINUTE,
            verify_timeout: 20 * MINUTE,
            hook_timeout: 10 * MINUTE,
            silence: 10 * MINUTE,
            output: 64 * MEBIBYTE,
            snapshot: 256 * MEBIBYTE,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            gates: Gates { rfc: GatePolicy::Ask, push: GatePolicy::Ask },
            review: ReviewPolicy { always: true, fix_rounds: 1, again: false },
            verify: VerifyPlan::Always(Vec::new()),
            agents: BTreeMap::new(),
            default_agent: None,
            models: BTreeMap::new(),
            prices: BTreeMap::new(),
            limits: Limits::default(),
            push: PushPolicy::default(),
            keys: BTreeMap::new(),
            notify: Notify::default(),
            progress: Some(30 * MINUTE),
            mouse: false,
        }
    }
}
