//! `orgward mcp`: questions for assistants over standard input and output.
//!
//! Each call runs this program again, with the arguments that a person would give it and confined to one folder. So the
//! answer is the one of the command line, and what breaks, hangs or is cancelled ends with its own process.

mod answer;
mod tools;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use miette::Diagnostic;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, ServerInitializeError};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ErrorData, RoleServer, ServerHandler, serve_server};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::again::{self, Again};
use crate::arguments::McpArguments;
use crate::exit::Exit;
use crate::progress;

/// Bytes of a message.
const MESSAGE: usize = 4 << 20;
/// Calls that run at a time; further ones wait.
const AT_A_TIME: usize = 2;
/// How long calls that still run may take to end once the assistant is gone.
const END: Duration = Duration::from_secs(2);

/// Why the server does not start, or stops.
#[derive(Debug, Error, Diagnostic)]
enum McpError {
    #[error("cannot find the current folder")]
    Folder(#[source] std::io::Error),
    #[error("cannot start the server")]
    Start(#[source] std::io::Error),
    #[error("the assistant does not speak the protocol: {}", orgward_report::escape(.0))]
    #[diagnostic(help(
        "start `orgward mcp` from an assistant: it speaks JSON-RPC over standard input and output"
    ))]
    Protocol(String),
}

struct Server {
    folder: PathBuf,
    limit: Duration,
    running: Semaphore,
    /// The assistant is gone: what still runs ends.
    over: Arc<AtomicBool>,
}

/// Serves until the assistant closes standard input.
pub(crate) fn run(arguments: &McpArguments) -> Result<Exit, Box<dyn Diagnostic + Send + Sync>> {
    progress::end();
    let folder = std::env::current_dir().and_then(std::fs::canonicalize).map_err(McpError::Folder)?;
    let over = Arc::new(AtomicBool::new(false));
    let server = Server {
        folder,
        limit: Duration::from_secs(arguments.time_limit),
        running: Semaphore::new(AT_A_TIME),
        over: Arc::clone(&over),
    };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(McpError::Start)?;
    let outcome = runtime.block_on(async {
        let transport =
            AsyncRwTransport::new(tokio::io::stdin(), tokio::io::stdout()).with_max_line_length(MESSAGE);
        let service = match serve_server(server, transport).await {
            Ok(service) => service,
            Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(McpError::Protocol(error.to_string())),
        };
        // The only other reason to end is a defect of the runtime.
        service.waiting().await.map(|_| ()).map_err(|error| McpError::Start(error.into()))
    });
    over.store(true, Ordering::Relaxed);
    runtime.shutdown_timeout(END);
    outcome?;
    Ok(Exit::Clean)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut config = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        config.server_info = Implementation::new("orgward", env!("CARGO_PKG_VERSION"));
        config.instructions = Some(tools::INSTRUCTIONS.to_owned());
        config
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::TOOLS.iter().map(tools::Tool::described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = tools::TOOLS.iter().find(|tool| tool.name == request.name) else {
            let names: Vec<_> = tools::TOOLS.iter().map(|tool| tool.name).collect();
            let name = orgward_report::escape(&request.name);
            let text = format!("there is no tool `{name}`: the tools are {}", names.join(", "));
            return Err(ErrorData::invalid_params(text, None));
        };
        let call = match tool.call(request.arguments.unwrap_or_default()) {
            Ok(call) => call,
            Err(why) => return Ok(failed(why).into()),
        };
        // The semaphore is never closed.
        let Ok(_permit) = self.running.acquire().await else {
            return Ok(failed("it is over".to_owned()).into());
        };
        let (folder, limit, over) = (self.folder.clone(), self.limit, Arc::clone(&self.over));
        let is_over = move || over.load(Ordering::Relaxed) || context.ct.is_cancelled();
        let done = tokio::task::spawn_blocking(move || {
            let again =
                Again { arguments: &call.arguments, input: call.input.as_deref(), folder: &folder, limit };
            again::run(&again, &is_over).map(|run| answer::Answer::of(&call, &run))
        });
        let answer = match done.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => return Ok(failed(why).into()),
            Err(_) => return Err(ErrorData::internal_error("orgward broke while it answered", None)),
        };
        let blocks = answer.blocks.into_iter().map(ContentBlock::text).collect();
        let result =
            if answer.is_error { CallToolResult::error(blocks) } else { CallToolResult::success(blocks) };
        Ok(result.into())
    }
}

fn failed(why: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}
