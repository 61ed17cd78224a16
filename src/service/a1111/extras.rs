//! `extra-single-image`: a picture enlarged by an upscaler. Everything else of that tab (faces, a second upscaler) is named
//! as not done.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::refused::Refused;
use crate::job::{JobError, Outcome, Request, UpscaleRequest};
use crate::mask::PixelRect;
use crate::raster::{self, Picture};
use crate::service::answer::{Refusal, ok};
use crate::service::body;
use crate::service::pictures::{encoded, picture_of};
use crate::service::state::Service;
use crate::store::models::upscalers;
use crate::store::pictures::picture_file;

/// What a client may ask for besides, and what it is called there.
const NOT_DONE: [(&str, &str); 4] = [
    ("gfpgan_visibility", "GFPGAN"),
    ("codeformer_visibility", "CodeFormer"),
    ("extras_upscaler_2_visibility", "a second upscaler"),
    ("upscale_first", "upscaling before faces are restored"),
];

pub(super) async fn single_image(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (given, place) = body::object(&service, &headers, body).await?;
    drop(place);
    Ok(ok(&service.aside(move |service| enlarge(service, &given)).await??))
}

fn enlarge(service: &Service, given: &Map<String, Value>) -> Result<Value, Refusal> {
    let mut notices = Vec::new();
    let image = given.get("image").and_then(Value::as_str).unwrap_or_default();
    let picture = picture_of("image", image, UpscaleRequest::MAX_PIXELS, &mut notices)?;
    let wanted = Wanted::of(given, &picture)?;
    let name = given.get("upscaler_1").and_then(Value::as_str).unwrap_or("None");
    let large = match name {
        "None" => picture,
        "Lanczos" => {
            let [width, height] = wanted.size_of(&picture)?;
            raster::resized(&picture, width, height)
        }
        name => {
            let model = upscalers::find(Some(name), service.catalogue.paths())
                .map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "not_found", no_upscaler(name)))?;
            let picture = Arc::new(picture);
            let scale = Some(wanted.scale);
            let request = UpscaleRequest { picture, model, scale, made_by: Request::default() };
            by_engine(service, request).map_err(|error| service.refusal(error))?
        }
    };
    let large = wanted.cut(large);
    let mut said: Vec<String> = notices.into_iter().map(|notice| notice.message).collect();
    said.extend(
        NOT_DONE
            .iter()
            .filter(|(field, _)| is_set(given.get(*field)))
            .map(|(_, what)| format!("{what} is not done here")),
    );
    let png = picture_file::encode(std::path::Path::new("large.png"), &large, None)
        .map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string()))?;
    Ok(json!({"html_info": said.join("; "), "image": encoded(&png)}))
}

fn by_engine(service: &Service, request: UpscaleRequest) -> Result<Picture, JobError> {
    match service.jobs.run_aside(request)? {
        Outcome::Finished(finished) => Ok((*finished.picture).clone()),
        Outcome::Failed(error) => Err(error),
        Outcome::Cancelled => Err(JobError::new(crate::job::ErrorKind::Stopped, "it was interrupted")),
    }
}

fn no_upscaler(name: &str) -> String {
    let name: String = name.chars().filter(|letter| !letter.is_control()).take(80).collect();
    format!("there is no upscaler {name}; upscalers lists what there is")
}

fn is_set(value: Option<&Value>) -> bool {
    value.is_some_and(|value| value.as_bool() == Some(true) || value.as_f64().is_some_and(|number| number > 0.0))
}

/// How large it shall become.
struct Wanted {
    scale: f64,
    /// What is kept of it, from its middle.
    cut_to: Option<[u32; 2]>,
}

impl Wanted {
    /// By a factor, or (`resize_mode` 1) to a size, of which `upscaling_crop` leaves nothing over.
    fn of(given: &Map<String, Value>, picture: &Picture) -> Result<Self, Refusal> {
        let number = |field: &str, otherwise: f64| given.get(field).and_then(Value::as_f64).unwrap_or(otherwise);
        let refused = |field: &str, words: String| Refusal {
            field: Some(field.to_owned()),
            ..Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "request", words)
        };
        let range = UpscaleRequest::MIN_SCALE..=UpscaleRequest::MAX_SCALE;
        let words =
            |scale: f64| format!("a picture is enlarged {} to {} times, found {scale}", range.start(), range.end());
        if number("resize_mode", 0.0) < 1.0 {
            let scale = number("upscaling_resize", 2.0);
            return if range.contains(&scale) {
                Ok(Self { scale, cut_to: None })
            } else {
                Err(refused("upscaling_resize", words(scale)))
            };
        }
        let (width, height) = (number("upscaling_resize_w", 512.0), number("upscaling_resize_h", 512.0));
        let crops = given.get("upscaling_crop").and_then(Value::as_bool).unwrap_or(true);
        let (across, down) = (width / f64::from(picture.width()), height / f64::from(picture.height()));
        let scale = if crops { across.max(down) } else { across.min(down) };
        if !range.contains(&scale) {
            return Err(refused("upscaling_resize_w", words(scale)));
        }
        Ok(Self { scale, cut_to: crops.then_some([width as u32, height as u32]) })
    }

    fn size_of(&self, picture: &Picture) -> Result<[u32; 2], Refusal> {
        let side = |side: u32| (f64::from(side) * self.scale).round().max(1.0);
        let (width, height) = (side(picture.width()), side(picture.height()));
        if width * height > UpscaleRequest::MAX_PIXELS as f64 {
            let words = format!("{width}×{height} is larger than any picture that is opened here");
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "request", words));
        }
        Ok([width as u32, height as u32])
    }

    fn cut(&self, picture: Picture) -> Picture {
        let Some([width, height]) = self.cut_to else { return picture };
        let (width, height) = (width.clamp(1, picture.width()), height.clamp(1, picture.height()));
        let (left, top) = ((picture.width() - width) / 2, (picture.height() - height) / 2);
        raster::crop(&picture, PixelRect::new(left, top, left + width, top + height))
    }
}
