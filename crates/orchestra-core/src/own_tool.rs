//! Orchestra's own tools: what an agent may ask of Orchestra. Each is defined once, here, and served in-process and over MCP.

pub mod on_record;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::proposal::{ChangeProposal, MilestoneProposal};
use crate::report::Report;

/// The most questions that are asked at once.
pub const MAX_QUESTIONS: usize = 4;

/// One of Orchestra's own tools.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum OwnTool {
    /// Proposes a new milestone.
    ProposeMilestone,
    /// Proposes a change of one that exists.
    ProposeChange,
    /// Asks the person.
    AskUser,
    /// Hands in the turn's report.
    ReportResult,
    /// Asks for a decision, or puts one on record.
    RequestDecision,
    /// Names something that lies outside of the work.
    RaiseConcern,
}

/// A call of one of them, with arguments of the right shape.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnCall {
    /// A new milestone.
    ProposeMilestone(Box<MilestoneProposal>),
    /// A change.
    ProposeChange(Box<ChangeProposal>),
    /// Questions for the person.
    AskUser(Form),
    /// The report.
    ReportResult(Box<Report>),
    /// A decision.
    RequestDecision(DecisionRequest),
    /// A concern.
    RaiseConcern(Concern),
}

/// One to four questions that are shown together.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The questions, one to four.
    #[schemars(length(min = 1, max = 4))]
    pub questions: Vec<FormQuestion>,
}

/// One question. The person may always answer in words of their own.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FormQuestion {
    /// The question, in one sentence.
    pub question: String,
    /// Answers to choose from; none where only words will do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<FormOption>,
    /// Whether several of them may be chosen.
    #[serde(default)]
    pub several: bool,
}

/// One answer to choose.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FormOption {
    /// A few words.
    pub label: String,
    /// What it would mean.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
}

/// What the person answered to one question.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct FormAnswer {
    /// The labels that they chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// What they wrote.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub words: String,
}

/// A decision that somebody has to make.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRequest {
    /// What is to be decided, in one line.
    pub title: String,
    /// How much depends on it.
    pub risk: Risk,
    /// What the agent would do.
    pub choice: String,
    /// Why.
    pub why: String,
    /// What else could be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
}

/// How much depends on a decision.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Easily undone: taken and recorded.
    Low,
    /// Others build on it.
    Medium,
    /// Hard to undo, or seen by users.
    High,
}

/// Something that the agent saw and leaves alone.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Concern {
    /// What it is, in a sentence or two.
    pub text: String,
}

impl OwnTool {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::ProposeMilestone,
        Self::ProposeChange,
        Self::AskUser,
        Self::ReportResult,
        Self::RequestDecision,
        Self::RaiseConcern,
    ];
    /// What a product manager has.
    pub const PLANNING: &'static [Self] = &[Self::ProposeMilestone, Self::ProposeChange, Self::AskUser];
    /// What a role has that works on a phase.
    pub const WORKING: &'static [Self] = &[Self::ReportResult, Self::RequestDecision, Self::RaiseConcern];
    /// What a reviewer has, who decides nothing but the verdict.
    pub const REVIEWING: &'static [Self] = &[Self::ReportResult, Self::RaiseConcern];

    /// The name by which it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProposeMilestone => "propose_milestone",
            Self::ProposeChange => "propose_change",
            Self::AskUser => "ask_user",
            Self::ReportResult => "report_result",
            Self::RequestDecision => "request_decision",
            Self::RaiseConcern => "raise_concern",
        }
    }

    /// The tool of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|tool| tool.name() == name)
    }

    /// What a model is told of it.
    pub fn description(self) -> &'static str {
        match self {
            Self::ProposeMilestone => {
                "Propose a new milestone to the person. Call it only when scope and criteria are clear. What does not fit is \
                 returned to you to be mended; otherwise the person decides, and their answer is returned. Nothing is written \
                 before they say yes."
            }
            Self::ProposeChange => {
                "Propose a change of a milestone that exists: a phase more, another order of pending phases, other words for \
                 one, a criterion more. The person decides, and their answer is returned."
            }
            Self::AskUser => {
                "Ask the person one to four questions at once, with answers to choose from. Only what you cannot find out by \
                 reading, and what changes the plan."
            }
            Self::ReportResult => {
                "Hand in the report of your work, once, when you are done: a summary, the commit message that fits, \
                 decisions, concerns; as a reviewer the verdict and the findings."
            }
            Self::RequestDecision => {
                "Put a decision on record before you act on it, with its risk and what else could be done: one on which \
                 others build, or that is hard to undo. You are not kept waiting: go on with your choice. It becomes part \
                 of your report by itself."
            }
            Self::RaiseConcern => {
                "Name something that you saw and that lies outside of your work or your role. It is shown to the person, \
                 and becomes part of your report by itself."
            }
        }
    }

    /// The JSON schema of its arguments, without references.
    pub fn schema(self) -> Value {
        match self {
            Self::ProposeMilestone => schema_of::<MilestoneProposal>(),
            Self::ProposeChange => schema_of::<ChangeProposal>(),
            Self::AskUser => schema_of::<Form>(),
            Self::ReportResult => schema_of::<Report>(),
            Self::RequestDecision => schema_of::<DecisionRequest>(),
            Self::RaiseConcern => schema_of::<Concern>(),
        }
    }

    /// Reads a call's arguments. The error is for the model: what does not fit.
    pub fn read(self, input: &Value) -> Result<OwnCall, String> {
        Ok(match self {
            Self::ProposeMilestone => OwnCall::ProposeMilestone(read(input)?),
            Self::ProposeChange => OwnCall::ProposeChange(read(input)?),
            Self::AskUser => {
                let form: Form = read(input)?;
                if form.questions.is_empty() || form.questions.len() > MAX_QUESTIONS {
                    return Err(format!("ask one to {MAX_QUESTIONS} questions at once"));
                }
                OwnCall::AskUser(form)
            }
            Self::ReportResult => OwnCall::ReportResult(read(input)?),
            Self::RequestDecision => OwnCall::RequestDecision(read(input)?),
            Self::RaiseConcern => OwnCall::RaiseConcern(read(input)?),
        })
    }
}

impl OwnCall {
    /// The tool that is called.
    pub fn tool(&self) -> OwnTool {
        match self {
            Self::ProposeMilestone(_) => OwnTool::ProposeMilestone,
            Self::ProposeChange(_) => OwnTool::ProposeChange,
            Self::AskUser(_) => OwnTool::AskUser,
            Self::ReportResult(_) => OwnTool::ReportResult,
            Self::RequestDecision(_) => OwnTool::RequestDecision,
            Self::RaiseConcern(_) => OwnTool::RaiseConcern,
        }
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, String> {
    serde_json::from_value(input.clone()).map_err(|error| error.to_string())
}

/// The schema of a type as models take it: one object, nothing to look up elsewhere.
pub fn schema_of<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut value = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = value.as_object_mut() {
        object.remove("title");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_schema_of_an_object_that_refers_to_nothing_elsewhere() {
        for tool in OwnTool::ALL {
            let schema = tool.schema();
            assert_eq!(schema["type"], "object", "{}", tool.name());
            assert!(!schema.to_string().contains("$ref"), "{schema}");
            assert_eq!(OwnTool::parse(tool.name()), Some(*tool));
        }
    }

    #[test]
    fn arguments_that_do_not_fit_say_what_is_wrong() {
        let error = OwnTool::AskUser.read(&serde_json::json!({ "questions": [] })).unwrap_err();
        assert_eq!(error, "ask one to 4 questions at once");
        let error = OwnTool::RaiseConcern.read(&serde_json::json!({ "txt": "x" })).unwrap_err();
        assert!(error.contains("unknown field `txt`"), "{error}");
    }
}
