//! Calls of Orchestra's own tools in a conversation.

use orchestra_agent::own::OwnRequest;
use orchestra_agent::tools::Answer;
use orchestra_core::conversation::{CallId, Fact, ProposedKind};
use orchestra_core::own_tool::OwnCall;
use tokio::sync::oneshot;

/// A call that the person, or the checks of a proposal, have to answer.
pub(super) struct Called {
    asks: Asks,
    reply: oneshot::Sender<Answer>,
}

enum Asks {
    Proposal(ProposedKind),
    Form(orchestra_core::own_tool::Form),
}

impl Called {
    /// Takes a call. One that has no place in a conversation is answered at once.
    pub(super) fn of(request: OwnRequest) -> Option<Self> {
        let OwnRequest { call, reply } = request;
        let asks = match call {
            OwnCall::ProposeMilestone(proposal) => Asks::Proposal(ProposedKind::Milestone(proposal)),
            OwnCall::ProposeChange(change) => Asks::Proposal(ProposedKind::Change(change)),
            OwnCall::AskUser(form) => Asks::Form(form),
            OwnCall::ReportResult(_) | OwnCall::RequestDecision(_) | OwnCall::RaiseConcern(_) => {
                // A caller that is gone needs no answer.
                drop(reply.send(Answer::wrong("That is for a phase's work. Say it to the person instead.")));
                return None;
            }
        };
        Some(Self { asks, reply })
    }

    pub(super) fn into_fact(self, call: CallId) -> (Fact, oneshot::Sender<Answer>) {
        let fact = match self.asks {
            Asks::Proposal(what) => Fact::Proposes { call, what },
            Asks::Form(form) => Fact::Asks { call, form },
        };
        (fact, self.reply)
    }
}
