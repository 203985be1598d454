//! What a model can call in one turn, whoever carries it out.

use futures_util::future::BoxFuture;
use orchestra_core::own_tool::OwnTool;
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use crate::own::OwnTools;
use crate::tools::{Access, Answer, Spec, Toolbox};

/// Tools that are carried out here: reading, writing, searching, running.
pub trait Tools: Send + Sync {
    /// What the model is told of them.
    fn specs(&self) -> Vec<Spec>;

    /// Calls one by its name. `None` where there is none of this name. What it prints meanwhile goes to `output`.
    ///
    /// Dropping the future ends what runs.
    fn call<'a>(
        &'a self,
        name: &'a str,
        input: &'a Value,
        output: &'a Sender<String>,
    ) -> BoxFuture<'a, Option<Answer>>;
}

/// A turn without such tools.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTools;

impl Tools for NoTools {
    fn specs(&self) -> Vec<Spec> {
        Vec::new()
    }

    fn call<'a>(&'a self, _: &'a str, _: &'a Value, _: &'a Sender<String>) -> BoxFuture<'a, Option<Answer>> {
        Box::pin(async { None })
    }
}

/// The built-in ones.
impl Tools for Toolbox {
    fn specs(&self) -> Vec<Spec> {
        Self::specs(self)
    }

    fn call<'a>(
        &'a self,
        name: &'a str,
        input: &'a Value,
        output: &'a Sender<String>,
    ) -> BoxFuture<'a, Option<Answer>> {
        Box::pin(Self::call(self, name, input, output))
    }
}

/// What the model is told of everything that it can call: always in the same order, for the sake of caches.
pub(super) fn specs(tools: &dyn Tools, own: Option<&OwnTools>) -> Vec<Spec> {
    let own = own.map(OwnTools::offered).unwrap_or_default();
    let own = own.iter().map(|tool: &OwnTool| Spec {
        name: tool.name().to_owned(),
        description: tool.description().to_owned(),
        schema: tool.schema(),
        access: Access::Writes,
    });
    tools.specs().into_iter().chain(own).collect()
}
