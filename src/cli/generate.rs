//! `inkwick generate`: arguments to requests, one picture after the other.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::arguments::{
    ComputeArguments, ControlArguments, ModelArguments, PaintArguments, PromptArguments, ReferenceArguments,
    RegionArguments, SamplingArguments,
};
use super::backend::backends;
use super::job_runs::JobRuns;
use super::report::Report;
use super::settings::settings;
use super::words::{self, FAILED};
use crate::job::{Destination, Notice, Request, Saver, with_remedy};
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::saver::PictureSaver;

/// A heading of the help; the groups have theirs.
const OUTPUT: &str = "Output";

#[derive(Debug, Args)]
pub(super) struct GenerateArguments {
    #[command(flatten)]
    pub prompt: PromptArguments,
    #[command(flatten)]
    pub model: ModelArguments,
    #[command(flatten)]
    pub sampling: SamplingArguments,
    #[command(flatten)]
    pub paint: PaintArguments,
    #[command(flatten)]
    pub reference: ReferenceArguments,
    #[command(flatten)]
    pub control: ControlArguments,
    #[command(flatten)]
    pub region: RegionArguments,
    #[command(flatten)]
    pub compute: ComputeArguments,
    /// The picture's file: .png, .jpg or .webp
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub out: PathBuf,
    /// So many pictures: name.png, name-2.png, … with seed, seed + 1, …
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = OUTPUT)]
    pub count: u32,
    /// Writes step-001.png, step-002.png, … into this folder
    #[arg(long, value_name = "FOLDER", help_heading = OUTPUT)]
    pub previews: Option<PathBuf>,
    /// One event a line on stdout, as JSON
    #[arg(long, help_heading = OUTPUT)]
    pub json: bool,
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
    let mut paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
    settings(&paths, |problem| report.notice(problem)).direct(&mut paths);
    let (asked, mut notices) = request_of(arguments, &paths)?;
    let mut first = asked.clone();
    notices.extend(models::prompt_references::resolve(&mut first, &paths).map_err(|error| error.to_string())?);
    let mut reported = HashSet::new();
    let mut report_once = |notices: Vec<Notice>| {
        for notice in notices {
            let sentence = with_remedy(&notice.message, notice.remedy, words::remedy);
            if reported.insert(sentence.clone()) {
                report.notice(&sentence);
            }
        }
    };
    report_once(notices);
    let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
    // All of them before the first is drawn: the last place is not found out after an hour.
    let destinations: Vec<Destination> = (0..arguments.count).map(|index| destination(arguments, index)).collect();
    for destination in &destinations {
        saver.check(destination).map_err(|error| error.sentence(words::remedy))?;
    }
    let (devices, dtype) = (&arguments.compute.device.device, arguments.compute.device.dtype);
    let (count, backends) = (arguments.count, backends(devices, dtype, paths.device_failure_file.clone()));
    let runs = JobRuns::start(move |number| backends(number).for_pictures(count), devices.count(), saver)?;
    let tasks = (0..).zip(destinations).map(|(index, destination)| {
        let (request, notices) =
            models::prompt_references::of_batch(&asked, &first, index, &paths).map_err(|error| error.to_string())?;
        report_once(notices);
        Ok((request.into(), destination))
    });
    runs.run_all(tasks, report)
}

/// What is asked, and what of it is read otherwise than it says.
fn request_of(arguments: &GenerateArguments, paths: &Paths) -> Result<(Request, Vec<Notice>), String> {
    let mut notices = Vec::new();
    let mut request = Request::default();
    arguments.prompt.fill(&mut request);
    arguments.model.fill(&mut request, paths)?;
    arguments.sampling.fill(&mut request);
    arguments.paint.fill(&mut request, &mut notices)?;
    arguments.reference.fill(&mut request, paths, &mut notices)?;
    arguments.control.fill(&mut request, paths, &mut notices)?;
    arguments.region.fill(&mut request, &mut notices)?;
    arguments.compute.fill(&mut request);
    Ok((request, notices))
}

fn destination(arguments: &GenerateArguments, index: u32) -> Destination {
    Destination::File {
        path: numbered(&arguments.out, index),
        previews: arguments.previews.as_deref().map(|folder| preview_folder(folder, index)),
    }
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
