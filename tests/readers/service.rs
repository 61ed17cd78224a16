//! What other programs send to the service: each kind of body goes to its route, in process, and gets an answer that is
//! no failure of the server.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use inkwick::engine::{Backend, BackendError, EngineHandle};
use inkwick::job::{CancelToken, Drawn, Progress, Task};
use inkwick::service::{Service, ServiceOptions, router};
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::saver::PictureSaver;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// An answer that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(9);

/// What is looked at are bodies: no picture is made.
struct Nothing;

impl Backend for Nothing {
    fn run(&mut self, _: &Task, _: &CancelToken, _: &mut dyn FnMut(Progress)) -> Result<Drawn, BackendError> {
        Err(BackendError::Cancelled)
    }

    fn reset(&mut self) {}
}

struct Served {
    router: Router,
    runtime: tokio::runtime::Runtime,
    /// Of a conversation at /mcp.
    session: String,
    _home: TempDir,
}

impl Served {
    fn start() -> Self {
        let home = TempDir::new().expect("a folder");
        let paths = Paths::under(home.path());
        let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
        let engine = EngineHandle::start(|| Nothing, saver, Arc::new(|| {})).expect("a thread");
        // As large as what a fuzzer sends can be, and no larger.
        let options =
            ServiceOptions { max_picture_pixels: 1 << 20, max_ended_bytes: 1 << 20, ..ServiceOptions::default() };
        let router = router(Service::start(&engine, paths, options).expect("a thread"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut served = Self { router, runtime, session: String::new(), _home: home };
        let about =
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}});
        let begin = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": about});
        let answer = served.runtime.block_on(async { served.router.clone().oneshot(conversation(&begin, "")).await });
        let answer = answer.expect("an answer");
        answer.headers()["mcp-session-id"].to_str().expect("an id").clone_into(&mut served.session);
        served.ask(conversation(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), &served.session));
        served
    }

    fn ask(&self, request: Request<Body>) {
        let answered = self.runtime.block_on(async {
            let answered = async {
                let answer = self.router.clone().oneshot(request).await.expect("an answer");
                (answer.status(), to_bytes(answer.into_body(), usize::MAX).await)
            };
            tokio::time::timeout(PATIENCE, answered).await
        });
        let (status, body) = answered.expect("an answer in time");
        assert!(!status.is_server_error(), "{status}: {:?}", body.expect("a whole body"));
    }
}

fn conversation(message: &Value, session: &str) -> Request<Body> {
    let request = Request::post("/mcp").header("host", "localhost").header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream");
    let request = if session.is_empty() { request } else { request.header("mcp-session-id", session) };
    request.body(Body::from(message.to_string())).expect("a request")
}

fn ask(request: impl FnOnce(&Served) -> Request<Body>) {
    thread_local! {
        static SERVED: Served = Served::start();
    }
    SERVED.with(|served| served.ask(request(served)));
}

fn post(path: &str, kind: &str, body: &[u8]) {
    let request = Request::post(path).header("content-type", kind).body(Body::from(body.to_vec()));
    ask(|_| request.expect("a request"));
}

/// The first line chooses one of `paths`.
fn chosen<'a>(bytes: &'a [u8], paths: &[&'static str]) -> Option<(&'static str, &'a [u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let path = paths.iter().find(|path| path.as_bytes() == &bytes[..end])?;
    Some((path, &bytes[end + 1..]))
}

/// Our own interface: a job, a prompt to be counted.
pub(crate) fn own(bytes: &[u8]) {
    if let Some((path, body)) = chosen(bytes, &["jobs", "tokens"]) {
        post(&format!("/v1/{path}"), "application/json", body);
    }
}

pub(crate) fn a1111(bytes: &[u8]) {
    if let Some((path, body)) = chosen(bytes, &["txt2img", "img2img", "options", "png-info"]) {
        post(&format!("/sdapi/v1/{path}"), "application/json", body);
    }
}

pub(crate) fn openai(bytes: &[u8]) {
    post("/v1/images/generations", "application/json", bytes);
}

/// A form with pictures, between lines of `--XyZ`.
pub(crate) fn form(bytes: &[u8]) {
    post("/v1/images/edits", "multipart/form-data; boundary=XyZ", bytes);
}

/// A tool's name, and its arguments.
pub(crate) fn mcp(bytes: &[u8]) {
    let Some((tool, body)) = chosen(bytes, &["generate", "edit", "inpaint", "models"]) else { return };
    let Ok(arguments) = serde_json::from_slice::<Value>(body) else { return };
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": 1}});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    ask(|served| conversation(&message, &served.session));
}
