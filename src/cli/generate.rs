//! `inkwick generate`: arguments to requests, one picture after the other.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use super::report::Report;
use crate::engine::device::{DeviceChoice, DtypeChoice};
use crate::engine::{CandleBackend, EngineHandle};
use crate::job::{Destination, EventKind, InitPicture, JobId, ModelRef, PromptSyntax, Request, fresh_seed};
use crate::sampling::SchedulerName;
use crate::store::gallery::Gallery;
use crate::store::paths::Paths;
use crate::store::picture_file;
use crate::store::saver::PictureSaver;

const DONE: u8 = 0;
const FAILED: u8 = 1;
const CANCELLED: u8 = 130;

#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// What should be in the picture
    #[arg(long, value_name = "TEXT")]
    pub prompt: String,
    /// What should not; "" is an empty negative prompt, leaving it out is none
    #[arg(long, value_name = "TEXT")]
    pub negative: Option<String>,
    /// The picture's file: .png, .jpg or .webp
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A model folder in diffusers' layout, or the name of one in the models folder [default: the built-in model]
    #[arg(long, value_name = "NAME|FOLDER")]
    pub model: Option<String>,
    /// Whether (brackets:1.2) weigh words or are text
    #[arg(long, value_name = "SYNTAX", default_value = "weighted", value_parser = one_of(&["weighted", "plain"], syntax_from_id))]
    pub prompt_syntax: PromptSyntax,
    /// Denoising steps
    #[arg(long, value_name = "N", default_value_t = Request::DEFAULT_STEPS, value_parser = clap::value_parser!(u32).range(1..=i64::from(Request::MAX_STEPS)))]
    pub steps: u32,
    /// How strictly the words are followed [default: the model's own, else 7]
    #[arg(long, value_name = "F", value_parser = number_in(0.0, Request::MAX_GUIDANCE))]
    pub guidance: Option<f64>,
    /// [default: the model's own]
    #[arg(long, value_name = "NAME", value_parser = one_of(&SchedulerName::ALL.map(SchedulerName::id), SchedulerName::from_id))]
    pub scheduler: Option<SchedulerName>,
    /// Where the noise comes from [default: a fresh one, printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Pixels [default: the model's own]
    #[arg(long, value_name = "N", value_parser = side_px())]
    pub width: Option<u32>,
    /// Pixels [default: the model's own]
    #[arg(long, value_name = "N", value_parser = side_px())]
    pub height: Option<u32>,
    /// So many pictures: name.png, name-2.png, … with seed, seed + 1, …
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub count: u32,
    /// A picture to start from (img2img)
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// How much of that picture is made anew, 0 to 1
    #[arg(long, value_name = "F", default_value_t = 0.75, requires = "init", value_parser = number_in(0.0, 1.0))]
    pub strength: f64,
    /// auto, cpu, metal, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceChoice::Auto)]
    pub device: DeviceChoice,
    /// Number format of the weights and the computation
    #[arg(long, value_name = "DTYPE", default_value = "auto", value_parser = one_of(&["auto", "f32", "f16", "bf16"], dtype_from_id))]
    pub dtype: DtypeChoice,
    /// Writes step-001.png, step-002.png, … into this folder
    #[arg(long, value_name = "FOLDER")]
    pub previews: Option<PathBuf>,
    /// One event a line on stdout, as JSON
    #[arg(long)]
    pub json: bool,
}

/// A parser that lists the allowed names when it meets another.
fn one_of<T: Clone + Send + Sync + 'static>(
    names: &[&'static str],
    from_id: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names.to_vec())
        .try_map(move |name| from_id(&name).ok_or_else(|| format!("unknown name {name}")))
}

fn syntax_from_id(id: &str) -> Option<PromptSyntax> {
    match id {
        "weighted" => Some(PromptSyntax::Weighted),
        "plain" => Some(PromptSyntax::Plain),
        _ => None,
    }
}

fn dtype_from_id(id: &str) -> Option<DtypeChoice> {
    match id {
        "auto" => Some(DtypeChoice::Auto),
        "f32" => Some(DtypeChoice::F32),
        "f16" => Some(DtypeChoice::F16),
        "bf16" => Some(DtypeChoice::Bf16),
        _ => None,
    }
}

fn side_px() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(i64::from(Request::MIN_SIDE_PX)..=i64::from(Request::MAX_SIDE_PX))
}

fn number_in(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text: &str| {
        f64::from_str(text)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("allowed is a number from {least} to {most}"))
    }
}

pub(super) fn run(arguments: &GenerateArguments) -> ExitCode {
    let report = Report::new(arguments.json);
    match generate(arguments, &report) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            report.failed(&message);
            ExitCode::from(FAILED)
        }
    }
}

fn generate(arguments: &GenerateArguments, report: &Report) -> Result<u8, String> {
    let paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
    let request = request_of(arguments, &paths)?;
    let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
    let (device, dtype) = (arguments.device, arguments.dtype);
    let backend = move || CandleBackend::new(device, dtype);
    let engine = EngineHandle::start(backend, saver, Arc::new(|| {})).map_err(|error| error.to_string())?;
    let engine = Arc::new(engine);
    let for_signal = Arc::downgrade(&engine);
    let on_interrupt = move || {
        if let Some(engine) = for_signal.upgrade() {
            engine.cancel_all();
        }
    };
    if let Err(error) = ctrlc::set_handler(on_interrupt) {
        tracing::warn!("Ctrl+C will end the program at once: {error}");
    }
    for index in 0..arguments.count {
        let destination = Destination::File {
            path: numbered(&arguments.out, index),
            previews: arguments.previews.as_deref().map(|folder| preview_folder(folder, index)),
        };
        let request = Request { seed: request.seed.wrapping_add(u64::from(index)), ..request.clone() };
        let job = engine.submit(request, destination).map_err(|error| error.to_string())?;
        let code = follow(&engine, job, report)?;
        if code != DONE {
            return Ok(code);
        }
    }
    Ok(DONE)
}

/// Reports one job to its end.
fn follow(engine: &EngineHandle, job: JobId, report: &Report) -> Result<u8, String> {
    loop {
        let Some(event) = engine.recv_timeout(Duration::from_mins(1)) else { continue };
        if event.job != job {
            continue;
        }
        match event.kind {
            EventKind::Queued => {}
            EventKind::Loading { part, fraction } => report.loading(part, fraction),
            EventKind::Step { done, total, seconds, .. } => report.step(done, total, seconds),
            EventKind::Decoded { seconds } => report.decoded(seconds),
            EventKind::Finished(finished) => {
                report.finished(&finished);
                return Ok(DONE);
            }
            EventKind::Cancelled => {
                report.cancelled();
                return Ok(CANCELLED);
            }
            EventKind::Failed { message } => return Err(message),
        }
    }
}

fn request_of(arguments: &GenerateArguments, paths: &Paths) -> Result<Request, String> {
    let init = arguments.init.as_deref().map(|file| -> Result<InitPicture, String> {
        let picture = picture_file::read(file).map_err(|error| error.to_string())?;
        Ok(InitPicture { picture: Arc::new(picture), strength: arguments.strength })
    });
    Ok(Request {
        prompt: arguments.prompt.clone(),
        negative: arguments.negative.clone(),
        prompt_syntax: arguments.prompt_syntax,
        model: arguments.model.as_deref().map_or(Ok(ModelRef::BuiltIn), |model| model_of(model, paths))?,
        scheduler: arguments.scheduler,
        steps: arguments.steps,
        guidance: arguments.guidance,
        seed: arguments.seed.unwrap_or_else(fresh_seed),
        width: arguments.width,
        height: arguments.height,
        init: init.transpose()?,
        ..Request::default()
    })
}

/// A folder as given, else a folder of that name among the models.
fn model_of(name: &str, paths: &Paths) -> Result<ModelRef, String> {
    if name.eq_ignore_ascii_case("built-in") || name.eq_ignore_ascii_case("builtin") {
        return Ok(ModelRef::BuiltIn);
    }
    let given = Path::new(name);
    if given.is_dir() {
        return Ok(ModelRef::Folder(given.to_owned()));
    }
    if given.is_file() {
        return Err(format!("a model is a folder in diffusers' layout, and this is a file: {name}"));
    }
    let known = paths.models_folder.join(name);
    if known.is_dir() {
        return Ok(ModelRef::Folder(known));
    }
    let among = paths.models_folder.display();
    Err(format!(
        "there is no model folder {name}, neither here nor among the models; check --model, or put it into {among}"
    ))
}

/// `name.png`, `name-2.png`, `name-3.png`, …
fn numbered(path: &Path, index: u32) -> PathBuf {
    if index == 0 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-{}.{extension}", index + 1))
}

/// Previews of the second picture and later ones have folders of their own inside.
fn preview_folder(folder: &Path, index: u32) -> PathBuf {
    if index == 0 { folder.to_owned() } else { folder.join((index + 1).to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_pictures_are_numbered_from_two() {
        let names: Vec<_> = (0..3).map(|index| numbered(Path::new("a/b.c.png"), index)).collect();
        assert_eq!(names, [Path::new("a/b.c.png"), Path::new("a/b.c-2.png"), Path::new("a/b.c-3.png")]);
    }
}
