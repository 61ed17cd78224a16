//! A service with a scripted engine, asked in process.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crossbeam_channel::{Receiver, Sender, unbounded};
use inkwick::engine::{Backend, BackendError, EngineHandle, FakeBackend, FakeScript};
use inkwick::job::{CancelToken, Drawn, Progress, Task};
use inkwick::service::{KeptJobs, Service, ServiceOptions, router};
use inkwick::store::paths::Paths;
use inkwick::store::pictures::gallery::Gallery;
use inkwick::store::pictures::saver::PictureSaver;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

/// Longer than anything here takes; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Scene {
    pub(crate) router: Router,
    pub(crate) service: Arc<Service>,
    pub(crate) engine: EngineHandle,
    pub(crate) home: TempDir,
    runtime: tokio::runtime::Runtime,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Waits before each picture until it is let go; gone, it lets all go.
pub(crate) struct Gated {
    inner: FakeBackend,
    gate: Receiver<()>,
}

impl Backend for Gated {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        while self.gate.recv_timeout(Duration::from_millis(5)) == Err(crossbeam_channel::RecvTimeoutError::Timeout) {
            if cancel.is_cancelled() {
                return Err(BackendError::Cancelled);
            }
        }
        self.inner.run(task, cancel, progress)
    }

    fn reset(&mut self) {}
}

/// Waits after each step until it is let go; gone, it lets all go.
pub(crate) struct Stepped {
    inner: FakeBackend,
    gate: Receiver<()>,
}

impl Backend for Stepped {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let gate = self.gate.clone();
        let mut wait = |event: Progress| {
            let is_step = matches!(event, Progress::Step { .. });
            progress(event);
            if is_step {
                let _ = gate.recv();
            }
        };
        self.inner.run(task, cancel, &mut wait)
    }

    fn reset(&mut self) {}
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(ServiceOptions::default())
    }

    pub(crate) fn with(options: ServiceOptions) -> Self {
        Self::by(|| FakeBackend::new(FakeScript::default()), options)
    }

    /// Each picture waits for a message; dropping the sender lets all go.
    pub(crate) fn gated(options: ServiceOptions) -> (Self, Sender<()>) {
        let (open, gate) = unbounded();
        (Self::by(move || Gated { inner: FakeBackend::new(FakeScript::default()), gate }, options), open)
    }

    /// Each step waits for a message; dropping the sender lets all go.
    pub(crate) fn stepped(options: ServiceOptions) -> (Self, Sender<()>) {
        let (open, gate) = unbounded();
        (Self::by(move || Stepped { inner: FakeBackend::new(FakeScript::default()), gate }, options), open)
    }

    pub(crate) fn by<B: Backend>(backend: impl FnOnce() -> B + Send + 'static, options: ServiceOptions) -> Self {
        Self::in_home(TempDir::new().unwrap(), backend, options, false)
    }

    /// With what outlives the server, in a home that may hold some of it already.
    pub(crate) fn keeping<B: Backend>(
        home: TempDir,
        backend: impl FnOnce() -> B + Send + 'static,
        options: ServiceOptions,
    ) -> Self {
        Self::in_home(home, backend, options, true)
    }

    /// The same in a new home, with pictures that wait for a message each.
    pub(crate) fn keeping_gated() -> (Self, Sender<()>) {
        let (open, gate) = unbounded();
        let backend = move || Gated { inner: FakeBackend::new(FakeScript::default()), gate };
        (Self::keeping(TempDir::new().unwrap(), backend, ServiceOptions::default()), open)
    }

    /// Ends the server without a word to anybody, as if it were killed, and gives its home for the next one.
    pub(crate) fn end(self) -> TempDir {
        let Self { router, service, engine, home, runtime } = self;
        drop((runtime, router, service, engine));
        home
    }

    fn in_home<B: Backend>(
        home: TempDir,
        backend: impl FnOnce() -> B + Send + 'static,
        options: ServiceOptions,
        keeps: bool,
    ) -> Self {
        let paths = Paths::under(home.path());
        let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
        let kept = keeps.then(|| KeptJobs::open(&paths.service_folder()).unwrap());
        let keeper = kept.as_ref().map(KeptJobs::keeper);
        let engine = EngineHandle::start_keeping(backend, saver, keeper, Arc::new(|| {})).unwrap();
        let service = Service::start_keeping(&engine, paths, options, kept).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { router: router(Arc::clone(&service)), service, engine, home, runtime }
    }

    pub(crate) fn ask(&self, request: Request<Body>) -> Answer {
        self.finish(self.begin(request))
    }

    /// To the head of the answer.
    pub(crate) fn begin(&self, request: Request<Body>) -> Response {
        self.runtime.block_on(self.router.clone().oneshot(request)).unwrap()
    }

    pub(crate) fn finish(&self, response: Response) -> Answer {
        self.runtime.block_on(async {
            let (status, headers) = (response.status(), response.headers().clone());
            let body = tokio::time::timeout(PATIENCE, to_bytes(response.into_body(), usize::MAX));
            Answer { status, headers, body: body.await.expect("the answer does not end").unwrap() }
        })
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask(Request::delete(path).body(Body::empty()).unwrap())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Request::post(path).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string())).unwrap())
    }

    /// Asks for a picture that is taken; its id.
    #[track_caller]
    pub(crate) fn submit(&self, body: &Value) -> String {
        let answer = self.post("/v1/jobs", body);
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
        answer.json()["job_id"].as_str().unwrap().to_owned()
    }

    /// All events of a job up to its outcome.
    pub(crate) fn events(&self, id: &str) -> Vec<SseEvent> {
        let answer = self.get(&format!("/v1/jobs/{id}/stream"));
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        events_in(&answer.text())
    }

    pub(crate) fn state(&self, id: &str) -> String {
        self.get(&format!("/v1/jobs/{id}")).json()["state"].as_str().unwrap_or("gone").to_owned()
    }

    /// Looks again and again until it is so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let started = std::time::Instant::now();
        while !is_so(self) {
            assert!(started.elapsed() < PATIENCE, "{what} never came");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct SseEvent {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) data: Value,
}

pub(crate) fn events_in(text: &str) -> Vec<SseEvent> {
    let field = |block: &str, name: &str| {
        block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(|value| value.trim().to_owned())
    };
    let event = |block: &str| {
        let (id, name, data) = (field(block, "id")?, field(block, "event")?, field(block, "data")?);
        Some(SseEvent { id: id.parse().unwrap(), name, data: serde_json::from_str(&data).unwrap() })
    };
    text.split("\n\n").filter_map(event).collect()
}

pub(crate) fn names(events: &[SseEvent]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

/// A request that the scripted backend draws at once.
pub(crate) fn apple(seed: u64) -> Value {
    json!({"prompt": "a red apple", "steps": 3, "seed": seed, "width": 64, "height": 48})
}

/// A PNG of one colour, as base64.
pub(crate) fn png(width: u32, height: u32, colour: [u8; 4]) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbaImage::from_pixel(width, height, image::Rgba(colour));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    BASE64_STANDARD.encode(bytes.into_inner())
}

pub(crate) fn decoded(base64: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(base64).unwrap()
}

pub(crate) fn pixels(png: &[u8]) -> image::RgbaImage {
    image::load_from_memory(png).unwrap().to_rgba8()
}
