//! The command line, as it is typed.

mod examples;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use orchestra_core::id::MilestoneId;

/// Turns one repository and any coding agent into a small software team.
#[derive(Debug, Parser)]
#[command(name = "orchestra", version, after_help = examples::TOP, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// The project: the work tree around this folder [default: around the current folder]
    #[arg(long, global = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) project: Option<PathBuf>,
    /// Without a command: status, and the next command to type.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set up `.orchestra` in this repository, or bring it up to date
    #[command(after_help = examples::INIT)]
    Init(InitArgs),
    /// Plan with the product manager: talk, answer, approve
    #[command(after_help = examples::PM)]
    Pm(PmArgs),
    /// Talk to any role
    #[command(after_help = examples::ROLE)]
    Role(RoleArgs),
    /// Run the worker: build what is planned, one commit a phase
    #[command(after_help = examples::START)]
    Start(StartArgs),
    /// Say what is planned, running and waiting
    #[command(after_help = examples::STATUS)]
    Status(StatusArgs),
    /// Answer a question of the worker
    #[command(after_help = examples::ANSWER, override_usage = examples::ANSWER_USAGE)]
    Answer(AnswerArgs),
    /// Stop the worker after its phase, or now
    #[command(after_help = examples::STOP)]
    Stop(StopArgs),
    /// Add one milestone with one phase, without asking a model
    #[command(after_help = examples::ADD)]
    Add(AddArgs),
    /// Add a milestone, or change one, as a file proposes it
    #[command(after_help = examples::PROPOSE)]
    Propose(ProposeArgs),
    /// Agree to what this project would run
    #[command(after_help = examples::TRUST)]
    Trust(TrustArgs),
    /// Say what work came to: time, tokens, money, tests, decisions, recoveries
    #[command(after_help = examples::REPORT)]
    Report(ReportArgs),
    /// Find what was saved before it was taken out of the work tree
    #[command(after_help = examples::RESCUE)]
    Rescue(RescueArgs),
    /// Print what an agent is told for a phase, with the size of each part
    #[command(after_help = examples::PROMPT)]
    Prompt(PromptArgs),
    /// Look whether everything is there that a run needs
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorArgs),
    /// Show every setting, and where it comes from
    #[command(after_help = examples::CONFIG)]
    Config(ConfigArgs),
    /// Watch the whole flow on a throw-away project, with a scripted agent
    #[command(after_help = examples::DEMO)]
    Demo(DemoArgs),
    /// Print the JSON schema of a report, of config.yaml or of a proposal
    #[command(after_help = examples::SCHEMA)]
    Schema {
        /// Which one
        #[arg(value_enum)]
        which: SchemaName,
    },
    /// For agents' programs: hand them Orchestra's own tools, over MCP
    #[command(after_help = examples::MCP)]
    Mcp {
        /// The socket of a turn
        #[arg(value_name = "SOCKET", env = "ORCHESTRA_MCP", value_hint = clap::ValueHint::FilePath)]
        socket: Option<PathBuf>,
    },
    /// Print completions for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = examples::MAN)]
    Man,
}

impl Command {
    /// What `-c` sets, in the order in which it was typed.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        match self {
            Self::Start(args) => &args.settings.pairs,
            Self::Pm(args) => &args.talk.settings.pairs,
            Self::Role(args) => &args.talk.settings.pairs,
            Self::Prompt(args) => &args.settings.pairs,
            Self::Status(args) => &args.settings.pairs,
            Self::Doctor(args) => &args.settings.pairs,
            Self::Config(args) => &args.settings.pairs,
            Self::Init(_)
            | Self::Answer(_)
            | Self::Stop(_)
            | Self::Add(_)
            | Self::Propose(_)
            | Self::Trust(_)
            | Self::Report(_)
            | Self::Rescue(_)
            | Self::Demo(_)
            | Self::Schema { .. }
            | Self::Mcp { .. }
            | Self::Completions { .. }
            | Self::Man => &[],
        }
    }
}

/// Settings of the command line.
///
/// Not one for all commands: given before and behind the command's name, clap would keep one of them and drop the other
/// in silence, and most commands have nothing to set.
#[derive(Args, Debug, Default)]
pub(crate) struct Settings {
    /// Set a value for this run, above every file and variable: limits.retries=5
    #[arg(short = 'c', long = "config", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub(crate) pairs: Vec<(String, String)>,
}

/// `orchestra init`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct InitArgs {
    /// Bring an existing `.orchestra` up to date, and keep your edits
    #[arg(long)]
    pub(crate) upgrade: bool,
    /// Keep `.orchestra` out of git, by git's own exclude file; refused where git tracks it
    #[arg(long)]
    pub(crate) private: bool,
    /// Commit what was written, without asking
    #[arg(long)]
    pub(crate) commit: bool,
    /// Do not commit, and do not ask
    #[arg(long, conflicts_with = "commit")]
    pub(crate) no_commit: bool,
    /// Answer every question with yes
    #[arg(long)]
    pub(crate) yes: bool,
}

/// `orchestra start`.
#[derive(Args, Debug)]
pub(crate) struct StartArgs {
    /// Answer gates with yes, or only those that are named, and ask nothing
    #[arg(long, value_name = "GATES", value_enum, value_delimiter = ',', num_args = 0..=2)]
    #[arg(require_equals = true, default_missing_values = ["rfc", "push"])]
    pub(crate) auto: Option<Vec<Gate>>,
    /// Leave when nothing more can be run
    #[arg(long)]
    pub(crate) once: bool,
    /// Without a terminal: stay at a question until `orchestra answer`
    #[arg(long)]
    pub(crate) wait: bool,
    /// Run this milestone only
    #[arg(long, value_name = "M1")]
    pub(crate) milestone: Option<MilestoneId>,
    /// How many phases run at once: 1, in this version
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<u32>,
    /// What is printed without a terminal
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
    /// Lines and typed answers instead of a screen; also where ACCESSIBLE is set
    #[arg(long)]
    pub(crate) plain_ui: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `orchestra pm`.
#[derive(Args, Debug)]
pub(crate) struct PmArgs {
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// `orchestra role`.
#[derive(Args, Debug)]
pub(crate) struct RoleArgs {
    /// The role, by id or alias: backend, #reviewer
    #[arg(value_name = "ROLE")]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
}

/// How a conversation is held.
#[derive(Args, Debug)]
pub(crate) struct TalkArgs {
    /// Go on with an earlier conversation; without a name they are listed
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    pub(crate) resume: Option<String>,
    /// Say this, print the answer and leave
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) print: Option<String>,
    /// How `--print` prints
    #[arg(long, value_enum, default_value_t = Output::Text, requires = "print")]
    pub(crate) output: Output,
    /// Lines instead of a screen; also where ACCESSIBLE is set
    #[arg(long)]
    pub(crate) plain_ui: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `orchestra prompt`.
#[derive(Args, Debug)]
pub(crate) struct PromptArgs {
    /// The milestone
    #[arg(value_name = "M1")]
    pub(crate) milestone: MilestoneId,
    /// The phase, or `rfc`
    #[arg(value_name = "PHASE")]
    pub(crate) work: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Only the parts and their sizes
    #[arg(long)]
    pub(crate) sizes: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// A gate that `--auto` may answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Gate {
    /// The design's
    Rfc,
    /// The push's
    Push,
}

/// How events are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Output {
    /// A line an event, for people
    Text,
    /// A line of JSON an event
    Json,
}

/// `orchestra demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Answer the gates by itself
    #[arg(long)]
    pub(crate) auto: bool,
    /// Lines and typed answers instead of a screen; also where ACCESSIBLE is set
    #[arg(long)]
    pub(crate) plain_ui: bool,
    /// Where the project is made [default: a temporary folder]
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
    /// In another terminal: plan a second milestone with a scripted product manager
    #[arg(long, requires = "dir", conflicts_with = "auto")]
    pub(crate) pm: bool,
}

/// `orchestra status`.
#[derive(Args, Debug, Default)]
pub(crate) struct StatusArgs {
    /// Print JSON, with the phases also of milestones that are over
    #[arg(long)]
    pub(crate) json: bool,
    /// Print it again whenever something changes
    #[arg(long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// A command that can print JSON.
#[derive(Args, Debug)]
pub(crate) struct JsonArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orchestra config`.
#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// `orchestra answer`.
#[derive(Args, Debug)]
pub(crate) struct AnswerArgs {
    /// The gate as `status` prints it (may be left out on a terminal), the word, and its text
    #[arg(value_name = "WORDS", required = true, num_args = 1..)]
    pub(crate) words: Vec<String>,
    /// The text: feedback, a note, a branch or a command
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "file")]
    pub(crate) note: Option<String>,
    /// A file with the text; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
}

/// `orchestra stop`.
#[derive(Args, Debug)]
pub(crate) struct StopArgs {
    /// End the running turn; its changes stay in the tree
    #[arg(long)]
    pub(crate) now: bool,
}

/// `orchestra add`.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// What should be done, in your words
    #[arg(value_name = "TEXT", required = true, num_args = 1..)]
    pub(crate) text: Vec<String>,
    /// Who does it: a role's id or alias [default: backend-engineer, else the first that may write]
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Option<String>,
    /// How urgent it is: P0, P1 or P2
    #[arg(long, value_name = "P", default_value = "P1", value_parser = parse_priority)]
    pub(crate) priority: orchestra_core::plan::Priority,
}

/// `orchestra propose`.
#[derive(Args, Debug)]
pub(crate) struct ProposeArgs {
    /// The proposal, as JSON or YAML; `-` is standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Only say whether it could be taken, and what is wrong with it
    #[arg(long, conflicts_with = "yes")]
    pub(crate) check: bool,
    /// Write it without being asked
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orchestra trust`.
#[derive(Args, Debug)]
pub(crate) struct TrustArgs {
    /// Agree without being asked
    #[arg(long, conflicts_with = "show")]
    pub(crate) yes: bool,
    /// Only list what it is about
    #[arg(long)]
    pub(crate) show: bool,
}

/// `orchestra report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    /// The milestone [default: all, a line each]
    #[arg(value_name = "M1")]
    pub(crate) milestone: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `orchestra rescue`.
#[derive(Args, Debug)]
pub(crate) struct RescueArgs {
    #[command(subcommand)]
    pub(crate) what: Option<RescueCommand>,
}

/// What to do with what was saved.
#[derive(Debug, Subcommand)]
pub(crate) enum RescueCommand {
    /// List everything that was saved
    List(JsonArgs),
    /// Show one of them, with its changes
    Show {
        /// The name, as `list` prints it
        #[arg(value_name = "REF")]
        reference: String,
    },
    /// Bring files back into the work tree; what is there now is saved first
    Restore {
        /// The name, as `list` prints it
        #[arg(value_name = "REF")]
        reference: String,
        /// Only these, as `show` prints them [default: all]
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
    },
}

/// `orchestra doctor`.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Also try what could ask at night: signing, the push, each agent
    #[arg(long)]
    pub(crate) auto: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

/// A schema that is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SchemaName {
    /// What an agent may write to `ORCHESTRA_REPORT`
    Report,
    /// A new milestone, for `orchestra propose`
    Proposal,
    /// A change of a milestone, for `orchestra propose`
    Change,
    /// `.orchestra/config.yaml`
    Config,
}

/// A setting as `-c` takes it. Which keys there are, and what they take, says the configuration.
fn parse_setting(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(key, _)| !key.trim().is_empty());
    let (key, value) = pair.ok_or("expected KEY=VALUE, as in limits.retries=5")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

fn parse_priority(text: &str) -> Result<orchestra_core::plan::Priority, String> {
    let words = orchestra_core::plan::Priority::WORDS.join(", ");
    orchestra_core::plan::Priority::parse(&text.to_uppercase())
        .ok_or_else(|| format!("expected one of {words}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn start(args: &[&str]) -> StartArgs {
        match Cli::try_parse_from([&["orchestra", "start"][..], args].concat()).unwrap().command {
            Some(Command::Start(start)) => start,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples_in_its_help() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("  orchestra "), "{}", command.get_name());
        }
    }

    #[test]
    fn settings_are_taken_in_their_order_where_they_have_an_effect_and_refused_elsewhere() {
        let settings = |args: &[&str]| {
            let cli = Cli::try_parse_from([&["orchestra"][..], args].concat())?;
            Ok::<_, clap::Error>(cli.command.as_ref().map(|command| command.settings().to_vec()))
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        for command in ["start", "status", "doctor", "config", "pm"] {
            assert_eq!(
                settings(&[command, "-c", "a=1", "--config", " b =x=y", "-ca=2", "--config=c="]).unwrap(),
                Some(vec![pair("a", "1"), pair("b", "x=y"), pair("a", "2"), pair("c", "")])
            );
            assert!(settings(&[command, "-c", "a"]).is_err());
            assert!(settings(&[command, "-c", "=a"]).is_err());
        }
        assert!(settings(&["stop", "-c", "a=1"]).is_err());
        assert!(settings(&["-c", "a=1", "start"]).is_err());
    }

    #[test]
    fn auto_names_all_gates_or_those_that_are_named() {
        assert_eq!(start(&[]).auto, None);
        assert_eq!(start(&["--auto"]).auto, Some(vec![Gate::Rfc, Gate::Push]));
        assert_eq!(start(&["--auto=rfc"]).auto, Some(vec![Gate::Rfc]));
        assert_eq!(start(&["--auto=rfc,push", "--once"]).auto, Some(vec![Gate::Rfc, Gate::Push]));
        assert!(Cli::try_parse_from(["orchestra", "start", "--auto=all"]).is_err());
    }
}
