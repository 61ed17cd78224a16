//! What there is, in AUTOMATIC1111's shapes; files by their names.

use std::path::Path;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::refused::Refused;
use super::sampler::SCHEDULES;
use crate::job::ModelRef;
use crate::sampling::SchedulerName;
use crate::service::answer::ok;
use crate::service::catalogue::stem;
use crate::service::state::Service;
use crate::system::memory::{available_memory_bytes, total_memory_bytes};

type Shared = State<Arc<Service>>;

pub(super) async fn models(State(service): Shared) -> Result<Response, Refused> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    let model = |entry: &crate::store::models::entry::ModelEntry| {
        let title = match &entry.reference {
            ModelRef::File(path) => file_name(path),
            ModelRef::BuiltIn | ModelRef::BuiltInFourSteps | ModelRef::Folder(_) => entry.name.clone(),
        };
        json!({"title": title, "model_name": entry.name, "hash": null, "sha256": null, "filename": title, "config": null})
    };
    Ok(ok(&list.entries.iter().map(model).collect()))
}

pub(super) async fn samplers() -> Response {
    let sampler = |name: SchedulerName| json!({"name": name.label(), "aliases": [name.id()], "options": {}});
    ok(&SchedulerName::ALL.into_iter().map(sampler).collect())
}

pub(super) async fn schedulers() -> Response {
    let schedule = |(name, label): (&str, &str)| json!({"name": name, "label": label, "aliases": null, "default_rho": -1.0, "need_inner_model": false});
    ok(&SCHEDULES.into_iter().map(schedule).collect())
}

/// The one that does nothing, which clients want to choose, plain resizing, and the networks.
pub(super) async fn upscalers(State(service): Shared) -> Result<Response, Refused> {
    let files = service.aside(|service| crate::store::models::upscalers::list(service.catalogue.paths())).await?;
    let one = |name: &str, scale: f64| json!({"name": name, "model_name": null, "model_path": null, "model_url": null, "scale": scale});
    let plain = [one("None", 1.0), one("Lanczos", 4.0)];
    Ok(ok(&plain.into_iter().chain(files.iter().map(|file| one(&stem(file), 4.0))).collect()))
}

pub(super) async fn vaes(State(service): Shared) -> Result<Response, Refused> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    let vae = |file: &std::path::PathBuf| json!({"model_name": file_name(file), "filename": file_name(file)});
    Ok(ok(&list.vaes.iter().map(vae).collect()))
}

pub(super) async fn loras(State(service): Shared) -> Result<Response, Refused> {
    let files = service.aside(|service| service.catalogue.loras()).await?;
    let lora = |file: &std::path::PathBuf| json!({"name": stem(file), "alias": stem(file), "path": file_name(file), "metadata": {}});
    Ok(ok(&files.iter().map(lora).collect()))
}

pub(super) async fn embeddings(State(service): Shared) -> Result<Response, Refused> {
    let known = service.aside(|service| service.catalogue.embeddings()).await?;
    let unknown =
        json!({"step": null, "sd_checkpoint": null, "sd_checkpoint_name": null, "shape": null, "vectors": null});
    let loaded: Map<String, Value> = known.into_iter().map(|one| (one.word, unknown.clone())).collect();
    Ok(ok(&json!({"loaded": loaded, "skipped": {}})))
}

/// For what is not here: scripts, styles, networks of other kinds.
pub(super) async fn none() -> Response {
    ok(&json!([]))
}

pub(super) async fn scripts() -> Response {
    ok(&json!({"txt2img": [], "img2img": []}))
}

/// Folders are looked through by themselves.
pub(super) async fn refresh() -> Response {
    ok(&Value::Null)
}

pub(super) async fn cmd_flags(State(service): Shared) -> Response {
    let needs_token = service.options.token.is_some();
    ok(&json!({"api": true, "nowebui": true, "api_auth": needs_token.then_some("***"), "api_server_stop": false}))
}

pub(super) async fn memory() -> Response {
    let (free, total) = (available_memory_bytes(), total_memory_bytes());
    let used = total.zip(free).map(|(total, free)| total.saturating_sub(free));
    ok(&json!({"ram": {"free": free, "used": used, "total": total}, "cuda": {"error": "not reported"}}))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
