//! `txt2img` and `img2img`: asked, waited for, and answered in one go.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::dialect::translated;
use super::info::{Told, info};
use super::refused::Refused;
use crate::job::{Destination, InpaintArea, Notice, Request};
use crate::service::answer::{Refusal, name_of, ok, status_of};
use crate::service::body;
use crate::service::fields::renamed;
use crate::service::jobs::{Ended, Order, Picture, Previews, Record};
use crate::service::pictures::encoded;
use crate::service::request::{self, Manner};
use crate::service::state::Service;

pub(super) async fn txt2img(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    generate(service, headers, body, false).await
}

pub(super) async fn img2img(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    generate(service, headers, body, true).await
}

/// What they call fields of ours.
const NAMES: [(&str, &str); 2] = [("init_image", "init_images"), ("mask_image", "mask")];

/// What was asked for, until its client has the answer or goes away.
struct Waiting {
    service: Arc<Service>,
    records: Vec<Arc<Record>>,
    goes_on: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.service.a1111_groups.close(&self.records, self.goes_on);
    }
}

/// What an answer needs when the pictures are there.
struct Begun {
    waiting: Waiting,
    echo: Value,
    send_images: bool,
    /// What stands in an answer without a picture.
    asked: Told,
}

async fn generate(
    service: Arc<Service>,
    headers: HeaderMap,
    body: Body,
    is_img2img: bool,
) -> Result<Response, Refused> {
    let (body, place) = body::object(&service, &headers, body).await?;
    let shared = Arc::clone(&service);
    let begun = service.aside(move |_| begin(shared, body, is_img2img)).await??;
    drop(place);
    let mut ended = Vec::with_capacity(begun.waiting.records.len());
    for record in &begun.waiting.records {
        ended.push(record.wait().await);
    }
    answer(&service, &begun, &ended)
}

fn begin(service: Arc<Service>, body: Map<String, Value>, is_img2img: bool) -> Result<Begun, Refused> {
    let echo = echo_of(&body);
    let asked = translated(body, is_img2img, &service.a1111_options, &service.catalogue).map_err(Refusal::from)?;
    let fields = Value::Object(asked.fields);
    let read = request::read(fields, Manner::Lenient, &service.catalogue, &service.options)
        .map_err(|error| Refusal::from(error.called(&NAMES)))?;
    let mut notices = asked.notices;
    notices.extend(read.requests.first().and_then(other_size));
    for notice in &notices {
        tracing::info!("asked and not done: {notice}");
    }
    let found = read.notices.into_iter().map(|notice| Notice { message: renamed(&notice.message, &NAMES), ..notice });
    let said = notices.into_iter().map(Notice::from).chain(found).collect();
    let first = read.requests.first().map(Told::asked).unwrap_or_default();
    let destination = if asked.save_images { Destination::Gallery } else { Destination::Front };
    let order = Order { requests: read.requests, notices: said, previews: Previews::Newest, destination };
    let records = service.jobs.submit(order).map_err(|error| service.refusal(error))?;
    service.a1111_options.set(asked.kept);
    service.a1111_groups.open(records.clone());
    let waiting = Waiting { service, records, goes_on: asked.save_images };
    Ok(Begun { waiting, echo, send_images: asked.send_images, asked: first })
}

/// There a repainted picture has the size that was asked for, here its own.
fn other_size(request: &Request) -> Option<String> {
    let picture = &request.init.as_ref().filter(|_| request.mask.is_some())?.picture;
    let own = (picture.width(), picture.height());
    let asked = (request.width.unwrap_or(own.0), request.height.unwrap_or(own.1));
    let is_other = request.inpaint.area == InpaintArea::Whole && asked != own;
    is_other.then(|| {
        format!("a repainted picture keeps its size, {}×{}; it was worked on at {}×{}", own.0, own.1, asked.0, asked.1)
    })
}

fn answer(service: &Service, begun: &Begun, ended: &[Arc<Ended>]) -> Result<Response, Refused> {
    let mut pictures: Vec<&Picture> = Vec::new();
    let mut notices: Vec<String> = Vec::new();
    let mut is_stopped = false;
    for (record, ended) in begun.waiting.records.iter().zip(ended) {
        for notice in record.notices().iter().map(|notice| String::from(&**notice)) {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        match &**ended {
            Ended::Complete(picture) => pictures.push(picture),
            Ended::Cancelled => is_stopped = true,
            Ended::Failed { kind, message } => {
                let refusal = Refusal::new(status_of(*kind), &name_of(*kind), message.clone());
                return Err(refusal.into());
            }
        }
    }
    if is_stopped {
        notices.push("it was interrupted; pictures that were not finished are left out".to_owned());
    }
    // They are in this answer: nobody asks for them again.
    begun.waiting.records.iter().for_each(|record| service.jobs.forget(record));
    let text = |name: &str| begun.echo[name].as_str().unwrap_or_default().to_owned();
    let batch_size = begun.echo["batch_size"].as_u64().unwrap_or(1);
    let made: Vec<Told> = pictures.iter().map(|picture| Told::made(picture)).collect();
    let told = if made.is_empty() { std::slice::from_ref(&begun.asked) } else { &made };
    let info = info(told, &text("prompt"), &text("negative_prompt"), batch_size, &notices);
    let images: Vec<String> =
        if begun.send_images { pictures.iter().map(|picture| encoded(&picture.png)).collect() } else { Vec::new() };
    Ok(ok(&json!({"images": images, "parameters": begun.echo, "info": info.to_string()})))
}

/// The request as it comes back in the answer: without its pictures, unless they are asked for.
fn echo_of(body: &Map<String, Value>) -> Value {
    let with_pictures = body.get("include_init_images").and_then(Value::as_bool).unwrap_or(false);
    let is_picture = |name: &str| ["init_images", "mask"].contains(&name);
    let echoed = body.iter().map(|(name, value)| {
        let value = match name.as_str() {
            name if is_picture(name) && !with_pictures => Value::Null,
            "alwayson_scripts" if !with_pictures => without_pictures(value),
            _ => value.clone(),
        };
        (name.clone(), value)
    });
    Value::Object(echoed.collect())
}

/// What a script was given, but for long texts: they are pictures.
fn without_pictures(value: &Value) -> Value {
    const LONGEST: usize = 4096;
    match value {
        Value::String(text) if text.len() > LONGEST => Value::Null,
        Value::Array(items) => items.iter().map(without_pictures).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), without_pictures(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}
