//! `inkwick upscale`: a picture made larger by a network made for that.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::arguments::values::number_in;
use super::backend::backend;
use super::job_runs::JobRuns;
use super::report::Report;
use super::settings::settings;
use super::words::{self, FAILED};
use crate::engine::device::{DeviceChoice, DtypeChoice};
use crate::job::{Destination, Saver, UpscaleRequest, with_remedy};
use crate::store::models::upscalers;
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::picture_file;
use crate::store::pictures::saver::PictureSaver;

#[derive(Debug, Args)]
pub(super) struct UpscaleArguments {
    /// The picture to enlarge
    #[arg(value_name = "FILE")]
    pub picture: PathBuf,
    /// The large picture's file: .png, .jpg or .webp
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A network of the ESRGAN family (.safetensors or .pth): a file, or its name in the models folder's `upscalers` or in
    /// other programs' folders [default: the first there is]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// How many times as large [default: as the network does it]
    #[arg(long, value_name = "F", value_parser = number_in(UpscaleRequest::MIN_SCALE, UpscaleRequest::MAX_SCALE))]
    pub scale: Option<f64>,
    /// One event a line on stdout, as JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(arguments: &UpscaleArguments) -> ExitCode {
    let report = Report::new(arguments.json);
    match upscale(arguments, &report) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            report.failed(&message);
            ExitCode::from(FAILED)
        }
    }
}

fn upscale(arguments: &UpscaleArguments, report: &Report) -> Result<u8, String> {
    let mut paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
    paths.other_folders = settings(&paths, |problem| report.notice(problem)).known_models;
    let model = upscalers::find(arguments.model.as_deref(), &paths).map_err(|error| error.to_string())?;
    if arguments.model.is_none() && upscalers::list(&paths).len() > 1 {
        report.notice(&format!("of several upscalers {} is taken; --model names another", upscalers::name_of(&model)));
    }
    let mut notices = Vec::new();
    let picture = picture_file::read_noting(&arguments.picture, &mut notices).map_err(|error| error.to_string())?;
    for notice in notices {
        report.notice(&with_remedy(&notice.message, notice.remedy, words::remedy));
    }
    let made_by = picture_file::read_request(&arguments.picture).ok().flatten().unwrap_or_default();
    let request = UpscaleRequest { picture: Arc::new(picture), model, scale: arguments.scale, made_by };
    let destination = Destination::File { path: arguments.out.clone(), previews: None };
    let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
    saver.check(&destination).map_err(|error| error.sentence(words::remedy))?;
    let failure_file = paths.device_failure_file.clone();
    let backend = move |_| backend(DeviceChoice::Cpu, DtypeChoice::Auto, &failure_file);
    let runs = JobRuns::start(backend, 1, saver)?;
    runs.run(request, destination, report)
}
