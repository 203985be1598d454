//! One connection: the protocol's side of the tools.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orchestra_core::own_tool::{OwnCall, OwnTool};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorCode, ErrorData,
    Implementation, InitializeRequestParams, InitializeResult, JsonObject, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler, ServiceExt as _};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::{Instant, interval_at, timeout};

use super::Shared;
use crate::tools::Answer;

/// How often a client that waits hears that it goes on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// How long a client waits for one that is just leaving: programs start their servers anew.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server behind one connection.
pub(super) struct OwnServer {
    shared: Arc<Shared>,
    /// Whether another client came first.
    is_refused: bool,
}

impl OwnServer {
    /// Serves one connection to its end.
    pub(super) async fn serve(shared: Arc<Shared>, stream: UnixStream) {
        let seat = timeout(PATIENCE, Arc::clone(&shared.seat).acquire_owned()).await;
        let server = Self { shared, is_refused: seat.is_err() };
        // One that says nothing sensible is gone again: it is no client.
        if let Ok(running) = server.serve_stream(stream).await {
            let _ended = running.waiting().await;
        }
        drop(seat);
    }

    async fn serve_stream(
        self,
        stream: UnixStream,
    ) -> Result<rmcp::service::RunningService<RoleServer, Self>, rmcp::service::ServerInitializeError> {
        let over = self.shared.over.child_token();
        self.serve_with_ct(stream, over).await
    }

    fn check_seat(&self) -> Result<(), ErrorData> {
        if !self.is_refused {
            return Ok(());
        }
        Err(ErrorData::new(
            ErrorCode::INVALID_REQUEST,
            "these tools are taken: another client is connected",
            None,
        ))
    }

    async fn answer(&self, name: &str, input: &Value) -> Answer {
        let shared = &self.shared;
        let is_offered = |tool: OwnTool| tool.name() == name && shared.own.offered().contains(&tool);
        if is_offered(OwnTool::ReportResult) {
            return match OwnTool::ReportResult.read(input) {
                Ok(OwnCall::ReportResult(report)) => shared.hand_in(report),
                // It reads as what it is.
                Ok(_) => Answer::wrong("this is no report"),
                Err(wrong) => Answer::wrong(format!("the arguments do not fit: {wrong}")),
            };
        }
        let answered = shared.own.call(name, input).await;
        answered.unwrap_or_else(|| Answer::wrong(format!("there is no tool `{name}` in this turn")))
    }

    /// Waits for an answer, says now and then that it waits, and gives up when the client or the turn does.
    async fn wait_for_answer(
        &self,
        name: &str,
        input: &Value,
        context: RequestContext<RoleServer>,
    ) -> Answer {
        let _waiting = Waiting::begin(&self.shared.waiting);
        let token = context.meta.get_progress_token();
        let mut signs = interval_at(Instant::now() + SIGN_OF_LIFE, SIGN_OF_LIFE);
        let answer = self.answer(name, input);
        tokio::pin!(answer);
        let mut count = 0_u32;
        loop {
            tokio::select! {
                biased;
                () = self.shared.over.cancelled() => return Answer::wrong("nobody answers any more: the turn is over"),
                () = context.ct.cancelled() => return Answer::wrong("the call was taken back"),
                answer = &mut answer => return answer,
                _ = signs.tick() => {
                    count += 1;
                    if let Some(token) = token.clone() {
                        let going_on = ProgressNotificationParam::new(token, count.into())
                            .with_message("waiting for an answer");
                        // A client that is gone is noticed by its connection.
                        let _unheard = context.peer.notify_progress(going_on).await;
                    }
                }
            }
        }
    }
}

/// Counts a call for as long as it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ServerHandler for OwnServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("orchestra", env!("CARGO_PKG_VERSION")))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.check_seat()?;
        self.negotiate_initialize(&request)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.check_seat()?;
        self.shared.has_listed.store(true, Ordering::Relaxed);
        Ok(ListToolsResult::with_all_items(
            self.shared.own.offered().iter().copied().map(described).collect(),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.check_seat()?;
        let input = Value::Object(request.arguments.unwrap_or_default());
        let answer = self.wait_for_answer(&request.name, &input, context).await;
        let content = vec![ContentBlock::text(answer.text)];
        let result =
            if answer.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
        Ok(result.into())
    }
}

/// A tool as the protocol describes one.
fn described(tool: OwnTool) -> Tool {
    let schema = match tool.schema() {
        Value::Object(schema) => schema,
        // A test holds that every schema is an object.
        _ => JsonObject::new(),
    };
    Tool::new(tool.name(), tool.description(), Arc::new(schema))
}
