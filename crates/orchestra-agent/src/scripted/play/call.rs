//! Calls of Orchestra's own tools by a script.

use orchestra_core::report::AgentEvent;

use super::{Halt, Player};
use crate::scripted::script::CallStep;

impl Player<'_> {
    /// Calls a tool and waits for its answer, however long a person takes, within the turn's time.
    pub(super) async fn call(&mut self, step: &CallStep) -> Result<(), Halt> {
        let input = self.fill_value(step.input.clone());
        let id = self.start_tool(&step.tool, &input.to_string()).await;
        let own = self.request.own.clone();
        let calling = async {
            match &own {
                Some(own) => own.call(&step.tool, &input).await,
                None => None,
            }
        };
        let far = self.clock.now() + std::time::Duration::from_hours(24);
        let answered = tokio::select! {
            biased;
            () = self.request.cancel.cancelled() => Err(Halt::Cancelled),
            () = self.clock.wait_until(self.deadline.unwrap_or(far)) => Err(Halt::TimedOut),
            answer = calling => Ok(answer),
        };
        let (text, is_error) = match &answered {
            Ok(Some(answer)) => (answer.text.clone(), answer.is_error),
            Ok(None) => ("there is no such tool in this turn".to_owned(), true),
            Err(_) => ("interrupted".to_owned(), true),
        };
        self.emit(AgentEvent::ToolFinished { id, ok: !is_error, output: text.clone() }).await;
        answered?;
        if is_error && !step.may_fail {
            return Err(Halt::Failed(format!("`{}` was refused: {text}", step.tool)));
        }
        self.answer = text;
        Ok(())
    }
}
