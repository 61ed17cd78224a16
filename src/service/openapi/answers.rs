//! What the service answers, by name: jobs, lists, refusals.

use serde_json::{Map, Value};

use super::schema::{Object, anything, flag, list, number, of, or_null, text, whole, word_of};

/// How a job can stand.
const STATES: [&str; 5] = ["queued", "running", "complete", "cancelled", "failed"];

/// All that is named; `job` is what a job's body may hold, `in_lists` what stands in its lists.
pub(super) fn all(job: Value, in_lists: Vec<(&'static str, Value)>) -> Map<String, Value> {
    let mut named = own();
    named.extend(refusals());
    named.extend(in_lists);
    named.extend([("Job", job), ("Model", model())]);
    named.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect()
}

fn links() -> Object {
    Object::with([("job_id", text()), ("sse_url", text()), ("image_url", text())])
}

fn error() -> Object {
    Object::with([("kind", text()), ("message", text())]).may([("field", text())])
}

fn refusals() -> Vec<(&'static str, Value)> {
    let theirs =
        Object::with([("message", text()), ("type", text()), ("param", or_null(text())), ("code", or_null(text()))]);
    vec![
        ("Refusal", Object::with([("error", error().into())]).into()),
        ("RefusalOfA1111", Object::with([("error", text()), ("detail", text())]).into()),
        ("RefusalOfOpenAi", Object::with([("error", theirs.into())]).into()),
    ]
}

fn own() -> Vec<(&'static str, Value)> {
    let view = links().needs("state", word_of(STATES)).may([
        ("created", whole()),
        ("position", whole()),
        ("seed", whole()),
        ("notices", list(text())),
        ("progress", or_null(of("Progress"))),
        ("metadata", of("Metadata")),
        ("error", error().into()),
    ]);
    let progress = Object::with([
        ("step", whole()),
        ("total", whole()),
        ("percent", number()),
        ("seconds_per_step", number()),
        ("seconds_left", number()),
    ]);
    let metadata = Object::with([
        ("width", whole()),
        ("height", whole()),
        ("seconds", number()),
        ("peak_memory_bytes", or_null(whole())),
        ("parameters", text()),
        ("settings", anything()),
    ]);
    let estimate = Object::with([
        ("seconds", number()),
        ("seconds_per_call", number()),
        ("calls", whole()),
        ("peak_bytes", whole()),
        ("free_bytes", or_null(whole())),
        ("fits", flag()),
        ("width", whole()),
        ("height", whole()),
        ("pictures", whole()),
    ]);
    let lora = Object::strict().needs("name", text()).may([("weight", number()), ("text_weight", number())]);
    vec![
        ("Lora", lora.into()),
        ("Links", links().into()),
        ("Accepted", links().may([("notices", list(text()))]).needs("jobs", list(of("Links"))).into()),
        ("JobView", view.into()),
        ("Progress", progress.into()),
        ("Metadata", metadata.into()),
        ("File", Object::with([("name", text()), ("bytes", whole())]).into()),
        ("Estimate", estimate.into()),
    ]
}

fn model() -> Value {
    let defaults = Object::with([
        ("width", whole()),
        ("height", whole()),
        ("guidance_scale", number()),
        ("steps", whole()),
        ("scheduler", or_null(text())),
    ]);
    let model = Object::with([
        ("id", text()),
        ("object", text()),
        ("created", whole()),
        ("owned_by", text()),
        ("description", text()),
        ("defaults", defaults.into()),
    ]);
    model
        .may([("family", anything()), ("bytes", anything()), ("precision", anything()), ("licence", anything())])
        .into()
}
