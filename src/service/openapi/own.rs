//! The addresses of our own interface.

use serde_json::Value;

use super::operation::{Dialect, EVENTS, JSON, Operation};
use super::schema::{Object, anything, events, file, flag, list, of, or_null, text, whole, whole_from, word_of};
use crate::engine::EngineHandle;

const OWN: Dialect = Dialect::Own;
const PLAIN: &str = "text/plain";

pub(super) fn all() -> Vec<Operation> {
    [jobs(), lists(), watching()].into_iter().flatten().collect()
}

fn jobs() -> Vec<Operation> {
    let place = Object::strict().needs("position", whole_from(0, EngineHandle::QUEUE_LENGTH - 1));
    vec![
        Operation::post(OWN, "/v1/jobs", "Ask for pictures.")
            .takes(JSON, of("Job"))
            .gives(202, "Taken; the addresses of its events and of its picture.", JSON, of("Accepted"))
            .refuses([429, 503]),
        Operation::get(OWN, "/v1/jobs", "All jobs, in the order in which they were asked for.").gives(
            200,
            "The jobs.",
            JSON,
            Object::with([("jobs", list(of("JobView")))]),
        ),
        Operation::get(OWN, "/v1/jobs/{id}", "One job.").gives(200, "How it stands.", JSON, of("JobView")),
        Operation::new(OWN, "delete", "/v1/jobs/{id}", "Cancel a job, or let an ended one go.")
            .gives(202, "It is being cancelled.", JSON, of("JobView"))
            .gives_nothing(204, "It had ended, and is let go."),
        Operation::post(OWN, "/v1/jobs/{id}/move", "Move a waiting job: 0 is the next to run.")
            .takes(JSON, place)
            .gives(200, "Where it stands now.", JSON, of("JobView"))
            .refuses([409]),
        Operation::get(OWN, "/v1/jobs/{id}/image", "The finished picture, with its settings inside.")
            .gives(200, "A PNG.", "image/png", file())
            .refuses([409, 410, 422, 429, 500, 503, 507]),
        Operation::get(OWN, "/v1/jobs/{id}/stream", "What happens to a job, up to its outcome.")
            .asks("header", "Last-Event-ID", "Goes on behind this event.", whole())
            .gives(
                200,
                "Server-sent events: queued, loading, progress, preview, notice, then complete, error or cancelled.",
                EVENTS,
                events(),
            )
            .gives_nothing(204, "All of it was read."),
    ]
}

fn files(name: &str) -> Value {
    Object::with([(name, list(of("File")))]).into()
}

fn lists() -> Vec<Operation> {
    let scheduler = Object::with([
        ("id", text()),
        ("label", text()),
        ("description", text()),
        ("sigmas", list(text())),
        ("calls_per_step", whole()),
    ]);
    let device = Object::with([
        ("id", text()),
        ("label", text()),
        ("available", flag()),
        ("problem", or_null(text())),
        ("is_used", flag()),
    ]);
    let devices = Object::with([("devices", list(device)), ("memory", anything()), ("version", text())]);
    let window = Object::with([("tokens", whole()), ("begins", text())]);
    let tokens = Object::with([("tokens", whole()), ("window_room", whole()), ("windows", list(window))]);
    let prompt = Object::strict().needs("prompt", text()).may([("model", text())]);
    vec![
        Operation::get(OWN, "/v1/models", "What can draw, as OpenAI lists it, with our fields in each entry.").gives(
            200,
            "The models.",
            JSON,
            Object::with([("object", text()), ("data", list(of("Model")))]),
        ),
        Operation::get(OWN, "/v1/schedulers", "Ways from noise to a picture.").gives(
            200,
            "The schedulers.",
            JSON,
            Object::with([("schedulers", list(scheduler))]),
        ),
        Operation::get(OWN, "/v1/loras", "Adapters by name.").gives(200, "The LoRAs.", JSON, files("loras")),
        Operation::get(OWN, "/v1/embeddings", "Learned words by name.").gives(
            200,
            "The embeddings.",
            JSON,
            files("embeddings"),
        ),
        Operation::get(OWN, "/v1/vaes", "VAE files by name.").gives(200, "The VAEs.", JSON, files("vaes")),
        Operation::get(OWN, "/v1/controls", "Control networks by name, the built-in one first.").gives(
            200,
            "The networks; type must be given with those that need it.",
            JSON,
            Object::with([(
                "controls",
                list(Object::with([("name", text()), ("family", or_null(text())), ("needs_type", flag())])),
            )]),
        ),
        Operation::get(OWN, "/v1/adapters", "IP-Adapters by name, for reference pictures.").gives(
            200,
            "The adapters; one without an image encoder beside it cannot be used.",
            JSON,
            Object::with([(
                "adapters",
                list(Object::with([("name", text()), ("family", or_null(text())), ("has_encoder", flag())])),
            )]),
        ),
        Operation::get(OWN, "/v1/devices", "What could compute here, and what does.").gives(
            200,
            "The devices.",
            JSON,
            devices,
        ),
        Operation::post(OWN, "/v1/estimate", "What a picture will take, before it is asked for.")
            .takes(JSON, of("Job"))
            .gives(200, "Time and memory.", JSON, of("Estimate"))
            .refuses([422]),
        Operation::post(OWN, "/v1/tokens", "How long a prompt is, as the model reads it.")
            .takes(JSON, prompt)
            .gives(200, "Tokens, by window.", JSON, tokens)
            .refuses([422]),
    ]
}

fn watching() -> Vec<Operation> {
    let status = |word: &'static str| Object::with([("status", word_of([word]))]);
    vec![
        Operation::get(OWN, "/health", "Whether the server lives.")
            .gives(200, "It does.", JSON, Object::with([("status", text()), ("version", text())]))
            .open(),
        Operation::get(OWN, "/ready", "Whether a job would be taken.")
            .gives(200, "It would.", JSON, status("ready"))
            .gives(
                503,
                "The server is shutting down (`stopping`), or its queue is full (`full`).",
                JSON,
                Object::with([("status", text())]),
            )
            .open(),
        Operation::get(OWN, "/metrics", "Numbers for Prometheus.").gives(200, "The numbers.", PLAIN, text()),
        Operation::get(OWN, "/openapi.json", "This document.").gives(200, "OpenAPI 3.1.", JSON, anything()),
        Operation::post(OWN, "/mcp", "The Model Context Protocol over streamable HTTP: tools for language models.")
            .takes(JSON, Object::open())
            .gives(200, "The answer.", JSON, Object::open())
            .gives(200, "The answer, with progress before it.", EVENTS, events())
            .gives_nothing(202, "Taken.")
            .gives(400, "This is no message of the protocol.", PLAIN, text())
            .gives(413, "The body is too large.", PLAIN, text())
            .gives(404, "There is no such conversation.", PLAIN, text())
            .gives(406, "Both application/json and text/event-stream must be accepted.", PLAIN, text())
            .gives(415, "The body must be application/json.", PLAIN, text())
            .gives(422, "This is no message that opens a conversation.", PLAIN, text()),
        Operation::get(OWN, "/docs", "A page to try it.").gives(200, "The page.", "text/html", text()),
    ]
}
