//! What the server has: models, LoRAs, schedulers, devices.

use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use crate::engine::device::{DeviceChoice, cards};
use crate::job::{ControlNetworkRef, Family, ModelDefaults, ModelRef};
use crate::sampling::{SchedulerName, SigmaChoice};
use crate::service::answer::{Refusal, ok};
use crate::service::catalogue::stem;
use crate::service::state::Service;
use crate::store::models::entry::ModelEntry;
use crate::store::models::extras::bytes_of;
use crate::store::models::image_adapters::AdapterEntry;
use crate::system::memory::{available_memory_bytes, total_memory_bytes};

type Shared = State<Arc<Service>>;

/// `GET /v1/models`: as OpenAI lists them, with what a picture takes in each entry.
pub(in crate::service) async fn models(State(service): Shared) -> Result<Response, Refusal> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    let data: Vec<Value> = list.entries.iter().map(model).collect();
    Ok(ok(&json!({"object": "list", "data": data})))
}

/// One entry of the list.
#[must_use]
pub(in crate::service) fn model(entry: &ModelEntry) -> Value {
    let ModelEntry { name, kind, defaults, facts, reference, .. } = entry;
    let ModelDefaults { width, height, guidance, steps, scheduler } = defaults;
    json!({
        "id": name,
        "object": "model",
        "created": created(reference),
        "owned_by": "inkwick",
        "description": kind,
        "family": facts.family,
        "bytes": facts.bytes,
        "precision": facts.precision,
        "licence": facts.licence,
        "defaults": {
            "width": width,
            "height": height,
            "guidance_scale": guidance,
            "steps": steps,
            "scheduler": scheduler.map(SchedulerName::id),
        },
    })
}

/// When its file was written, in seconds since 1970.
fn created(model: &ModelRef) -> u64 {
    let Some(path) = model.path() else { return 0 };
    let time = std::fs::metadata(path).and_then(|file| file.modified()).ok();
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
}

/// `GET /v1/schedulers`.
pub(in crate::service) async fn schedulers() -> Response {
    let schedulers: Vec<Value> = SchedulerName::ALL
        .into_iter()
        .map(|name| {
            let sigmas: Vec<&str> =
                SigmaChoice::ALL.into_iter().filter(|sigmas| name.allows(*sigmas)).map(SigmaChoice::id).collect();
            let (id, label, hint) = (name.id(), name.label(), name.hint());
            json!({"id": id, "label": label, "description": hint, "sigmas": sigmas, "calls_per_step": name.calls_per_step()})
        })
        .collect();
    ok(&json!({ "schedulers": schedulers }))
}

/// `GET /v1/loras`.
pub(in crate::service) async fn loras(State(service): Shared) -> Result<Response, Refusal> {
    let files = service.aside(|service| service.catalogue.loras()).await?;
    Ok(ok(&json!({ "loras": files.iter().map(|file| file_entry(file)).collect::<Vec<_>>() })))
}

/// `GET /v1/embeddings`.
pub(in crate::service) async fn embeddings(State(service): Shared) -> Result<Response, Refusal> {
    let known = service.aside(|service| service.catalogue.embeddings()).await?;
    Ok(ok(&json!({ "embeddings": known.iter().map(|one| file_entry(&one.file)).collect::<Vec<_>>() })))
}

/// `GET /v1/vaes`.
pub(in crate::service) async fn vaes(State(service): Shared) -> Result<Response, Refusal> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    Ok(ok(&json!({ "vaes": list.vaes.iter().map(|file| file_entry(file)).collect::<Vec<_>>() })))
}

/// `GET /v1/controls`: networks that a job's `controls` may name.
pub(in crate::service) async fn controls(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    let own = json!({"name": ControlNetworkRef::SCRIBBLE, "family": Family::BuiltIn.name(), "needs_type": false});
    let others = list.controls.iter().map(|known| {
        let family = known.family.map(Family::name);
        json!({"name": known.name, "family": family, "needs_type": known.is_union})
    });
    let all: Vec<Value> = std::iter::once(own).chain(others).collect();
    Ok(ok(&json!({ "controls": all })))
}

/// `GET /v1/adapters`: IP-Adapters that a job's `references` may name.
pub(in crate::service) async fn adapters(State(service): State<Arc<Service>>) -> Result<Response, Refusal> {
    let list = service.aside(|service| service.catalogue.list()).await?;
    let one = |known: &AdapterEntry| {
        let family = known.family.map(Family::name);
        json!({"name": known.name, "family": family, "has_encoder": known.has_encoder})
    };
    Ok(ok(&json!({ "adapters": list.image_adapters.iter().map(one).collect::<Vec<_>>() })))
}

fn file_entry(file: &Path) -> Value {
    json!({"name": stem(file), "bytes": bytes_of(file)})
}

/// `GET /v1/devices`: what could compute, and what does.
pub(in crate::service) async fn devices(State(service): Shared) -> Result<Response, Refusal> {
    let answer = service.aside(|service| {
        let chosen: Vec<DeviceChoice> = service.options.devices.iter().map(DeviceChoice::resolved).collect();
        let mut tried = vec![DeviceChoice::Cpu, DeviceChoice::Metal, DeviceChoice::Cuda(0)];
        tried.extend(cards().iter().map(|card| DeviceChoice::Cuda(card.number)).chain(chosen.iter().copied()));
        let mut devices: Vec<Value> = Vec::new();
        for (at, choice) in tried.iter().copied().enumerate() {
            if tried[..at].contains(&choice) {
                continue;
            }
            let problem = choice.open().err().map(|error| error.to_string());
            devices.push(json!({
                "id": choice.to_string(),
                "label": choice.label(),
                "available": problem.is_none(),
                "problem": problem,
                "is_used": chosen.contains(&choice),
            }));
        }
        let memory = json!({"free_bytes": available_memory_bytes(), "total_bytes": total_memory_bytes()});
        json!({"devices": devices, "memory": memory, "version": env!("CARGO_PKG_VERSION")})
    });
    Ok(ok(&answer.await?))
}
