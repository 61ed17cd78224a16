//! What rmcp asks: who we are, which tools there are, and to call one.

use std::sync::Arc;

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};

use super::arguments::fields_of;
use super::call::drawn;
use super::tools::{MODELS, NAMES, tools};
use crate::service::answer::Refusal;
use crate::service::routes::lists;
use crate::service::state::Service;

const INSTRUCTIONS: &str = "Makes pictures with Stable Diffusion on this machine. Every picture comes with an id; give \
    it as `image` to edit or inpaint it further. Prompts name what is seen. The tool models lists what can draw; the \
    built-in model draws simple objects at 256×256.";

pub(in crate::service) struct Handler {
    service: Arc<Service>,
}

impl Handler {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    async fn models(&self) -> Result<CallToolResult, Refusal> {
        let list = self.service.aside(|service| service.catalogue.list()).await?;
        let models: Vec<_> = list.entries.iter().map(lists::model).collect();
        Ok(CallToolResult::structured(serde_json::json!({ "models": models })))
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let name = Implementation::new("inkwick", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(name).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = match self.service.aside(tools).await {
            Ok(tools) => tools.map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        };
        let tools = tools.map_err(|refusal| ErrorData::internal_error(refusal.message, None))?;
        Ok(ListToolsResult::with_all_items(tools))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools(&self.service).ok()?.into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        let outcome = if name == MODELS {
            self.models().await
        } else if let Some(tool) = NAMES.into_iter().find(|tool| *tool == name) {
            match self.service.aside(move |service| fields_of(tool, request.arguments, service)).await {
                Ok(Ok(fields)) => drawn(&self.service, fields, &context).await,
                Ok(Err(error)) => Err(error.into()),
                Err(refusal) => Err(refusal),
            }
        } else {
            let shown: String = name.chars().filter(|letter| !letter.is_control()).take(64).collect();
            let known = NAMES.join(", ");
            return Err(ErrorData::invalid_params(
                format!("there is no tool {shown}; there are {known}, {MODELS}"),
                None,
            ));
        };
        // What went wrong is for whoever chose the arguments to read.
        let failed = |refusal: Refusal| CallToolResult::error(vec![ContentBlock::text(refusal.message)]);
        Ok(outcome.unwrap_or_else(failed).into())
    }
}
