//! `inkwick models`: what there is, what a file is, fetching and taking away.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::inspect_picture;
use super::output::{explain, say};
use super::settings::{note, settings};
use crate::checkpoint::{CheckpointError, ControlFile, FileReport, LoraFacts, ModelFiles, inspect_file, profile_of};
use crate::hub::{self, DownloadProgress, Hub, STARTERS, Starter};
use crate::job::{Annotator, ModelDefaults, ModelProfile, WeightSource};
use crate::sampling::SchedulerName;
use crate::store::hub_cache::CachedRepository;
use crate::store::models::entry::ModelEntry;
use crate::store::paths::Paths;
use crate::store::{hash, models, unfinished};
use crate::system::trash::move_to_trash;

/// Keys of a file's own words that a person asks for first.
const FIRST_KEYS: [&str; 10] = [
    "modelspec.title",
    "modelspec.architecture",
    "modelspec.trigger_phrase",
    "modelspec.license",
    "ss_base_model_version",
    "ss_sd_model_name",
    "ss_output_name",
    "ss_network_dim",
    "ss_network_alpha",
    "name",
];

/// Unmatched names that are printed before they are only counted.
const LISTED: usize = 8;

#[derive(Debug, Subcommand)]
pub(super) enum ModelsCommand {
    /// All models that --model takes by name, with what they are
    List,
    /// Show what a file or folder is: architecture, precision, size, hash, and whether every tensor has its place.
    /// Of a picture: which program made it, and with what settings
    ///
    /// Pictures of AUTOMATIC1111, Forge, SD.Next, ComfyUI, InvokeAI, Fooocus, SwarmUI, NovelAI, Draw Things, Mochi
    /// Diffusion, stable-diffusion.cpp, Krita's plugin and Inkwick are read.
    Inspect {
        #[arg(value_name = "PATH")]
        path: PathBuf,
        #[allow(clippy::doc_markdown)] // Shown as help.
        /// One JSON object; of a picture {"program": …, "request": {…}, "notices": […]}: the request has what the picture
        /// says, by the names prompt, negative, steps, guidance, guidance_rescale, seed, width, height, scheduler, sigmas,
        /// sampler (as its program calls it), noise, variation, strength, clip_skip, model, model_hash, vae, loras, inpaint
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model from the Hugging Face Hub into the cache of its libraries, unless it is there; run again, it resumes where it broke off
    Pull {
        /// OWNER/NAME, or OWNER/NAME:FILE for one file; left out, a few to begin with are listed
        #[arg(value_name = "REPO")]
        repository: Option<String>,
    },
    /// Move a model, LoRA, VAE or embedding from the models folder or the Hub's cache to the system's trash, or take away
    /// what was fetched of an unfinished download (OWNER/NAME)
    Remove {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

pub(super) fn run(command: &ModelsCommand) -> ExitCode {
    let outcome = Paths::of_this_machine().map_err(|error| error.to_string()).and_then(|paths| match command {
        ModelsCommand::List => {
            list(&paths);
            Ok(())
        }
        ModelsCommand::Inspect { path, json } => inspect(path, *json, &paths),
        ModelsCommand::Pull { repository: Some(name) } => pull(name, &paths),
        ModelsCommand::Pull { repository: None } => {
            for Starter { repository, size_gb, licence, what } in STARTERS {
                say(&format!("{repository}\n    {what} ({size_gb} GB, {licence})"));
            }
            for annotator in Annotator::ALL.into_iter().filter(|annotator| *annotator != Annotator::Normal) {
                let WeightSource { megabytes, licence, .. } = annotator.weights();
                let what = annotator.id();
                say(&format!(
                    "{}\n    preprocess --kind {what} ({megabytes} MB, {licence})",
                    annotator.weights().name()
                ));
            }
            Ok(())
        }
        ModelsCommand::Remove { name } => remove(name, &paths),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            explain(&format!("inkwick: {sentence}"));
            ExitCode::FAILURE
        }
    }
}

fn list(paths: &Paths) {
    let known = settings(paths, note).known_models;
    for ModelEntry { name, kind, .. } in models::list::list(&Paths { other_folders: known, ..paths.clone() }) {
        say(&format!("{name:32} {kind}"));
    }
    for (title, files) in models::extras::beside_models(paths) {
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            say(&format!("{name:32} {title}: {}", file.display()));
        }
    }
    for left in unfinished::list(paths) {
        let (done, total) = (left.bytes_done as f64 / 1e9, left.bytes_total as f64 / 1e9);
        say(&format!(
            "{:32} unfinished, {done:.1} of {total:.1} GB: models pull goes on, models remove takes it away",
            left.name
        ));
    }
}

fn inspect(path: &Path, as_json: bool, paths: &Paths) -> Result<(), String> {
    let known = settings(paths, note).known_models;
    if let Some(answer) = inspect_picture::inspect(path, as_json, &Paths { other_folders: known, ..paths.clone() })? {
        for line in &answer.lines {
            say(line);
        }
        return answer.failure.map_or(Ok(()), Err);
    }
    if let Some(weights) = ControlFile::weights_in(path) {
        return inspect(&weights, as_json, paths);
    }
    if path.is_dir() {
        let entry = models::list::inspect(path).map_err(|error| error.to_string())?;
        if as_json {
            say(&json!({ "name": entry.name, "kind": entry.kind }).to_string());
            return Ok(());
        }
        say(&format!("{}: {}", entry.name, entry.kind));
        let profile = profile_of(&ModelFiles::Folder(path.to_owned())).map_err(|error| error.to_string())?;
        for line in profile_lines(&profile) {
            say(&line);
        }
        return Ok(());
    }
    let report = inspect_file(path).map_err(|error| match error {
        CheckpointError::Missing { .. } if !path.exists() => {
            format!("there is no such file or folder; check the path: {}", path.display())
        }
        error => error.to_string(),
    })?;
    if as_json {
        say(&json_of(&report, &sha256(path)?).to_string());
        return Ok(());
    }
    for line in lines(&report) {
        say(&line);
    }
    // Only what can draw has one.
    let profile = models::list::inspect(path).ok().and_then(|_| ModelFiles::open_file(path).ok());
    if let Some(profile) = profile.and_then(|files| profile_of(&files).ok()) {
        for line in profile_lines(&profile) {
            say(&line);
        }
    }
    let hash = sha256(path)?;
    say(&format!("sha256        {hash}"));
    say(&format!("short hash    {}", &hash[..10]));
    Ok(())
}

fn sha256(path: &Path) -> Result<String, String> {
    hash::sha256(path).map_err(|error| format!("the file cannot be read ({error}): {}", path.display()))
}

fn json_of(report: &FileReport, sha256: &str) -> serde_json::Value {
    let FileReport { kind, family, precision, bytes, tensors, matched, unmatched, metadata, lora } = report;
    json!({
        "kind": kind.label(),
        "architecture": family,
        "precision": precision,
        "bytes": bytes,
        "tensors": tensors,
        "matched": matched,
        "unmatched": unmatched,
        "metadata": metadata,
        "lora": lora.as_ref().map(|facts| json!({
            "forms": facts.forms,
            "layers": facts.layers,
            "without_place": facts.without_place,
            "words": facts.words,
        })),
        "sha256": sha256,
    })
}

fn lines(report: &FileReport) -> Vec<String> {
    let FileReport { kind, family, precision, bytes, tensors, matched, unmatched, metadata, lora } = report;
    let mut lines = vec![
        format!("kind          {}", kind.label()),
        format!("architecture  {}", family.as_deref().unwrap_or("not named by the file")),
        format!("precision     {precision}"),
        format!("size          {:.1} MB", *bytes as f64 / 1e6),
        format!("tensors       {matched} of {tensors} have their place"),
    ];
    let facts = lora.iter().flat_map(LoraFacts::lines);
    lines.extend(facts.map(|(name, text)| format!("{:13} {}", name.to_lowercase(), one_line(&text))));
    lines.extend(unmatched.iter().take(LISTED).map(|name| format!("  without     {name}")));
    if unmatched.len() > LISTED {
        lines.push(format!("  and         {} more", unmatched.len() - LISTED));
    }
    for key in FIRST_KEYS {
        lines.extend(metadata.get(key).map(|value| format!("{key}  {}", one_line(value))));
    }
    let others = metadata.keys().filter(|key| !FIRST_KEYS.contains(&key.as_str())).count();
    if others > 0 {
        lines.push(format!("metadata      {others} more entries"));
    }
    lines
}

/// What the model wants of a picture, and how that was found.
fn profile_lines(profile: &ModelProfile) -> Vec<String> {
    let ModelProfile { family, input, distillation, prediction, latent_channels, latent_factor, .. } = profile;
    let ModelDefaults { width, height, guidance, steps, scheduler } = profile.defaults();
    let mut lines = vec![
        format!("family        {} ({})", family.value.name(), family.reason),
        format!(
            "draws         {width}×{height} pixels, {latent_channels} latent channels of 1/{latent_factor} of a side"
        ),
        format!("takes         {}", input.accepts()),
        format!("predicts      {} ({})", prediction.value.id(), prediction.reason),
        format!("scheduler     {}", scheduler.map_or("none that Inkwick has", SchedulerName::id)),
        format!("begins with   {steps} steps, guidance {guidance}"),
    ];
    if let Some(distillation) = distillation {
        lines.push(format!("distilled     {} ({})", distillation.value.name(), distillation.reason));
    }
    lines
}

/// A file's own words must not write over the screen.
fn one_line(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

fn pull(name: &str, paths: &Paths) -> Result<(), String> {
    let stopped = Arc::new(AtomicBool::new(false));
    let for_signal = Arc::clone(&stopped);
    if let Err(error) = ctrlc::set_handler(move || for_signal.store(true, Ordering::Relaxed)) {
        tracing::warn!("Ctrl+C will end the program at once: {error}");
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bytes}/{total_bytes} {wide_bar} {bytes_per_sec} {eta} {msg}") {
        bar.set_style(style);
    }
    let mut on_progress = |progress: &DownloadProgress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_done);
        bar.set_message(progress.file.clone());
        !stopped.load(Ordering::Relaxed)
    };
    let outcome = hub::pull(&Hub::of_this_machine(), name, paths, &mut on_progress);
    bar.finish_and_clear();
    say(&outcome.map_err(|error| error.to_string())?.display().to_string());
    Ok(())
}

fn remove(name: &str, paths: &Paths) -> Result<(), String> {
    if unfinished::discard(name, paths) {
        say(&format!("what was fetched of {name} is taken away"));
        return Ok(());
    }
    let path = models::extras::find(name, paths).ok_or_else(|| {
        format!("there is no {name} in the models folder or the Hub's cache; inkwick models list shows what there is")
    })?;
    let path = match CachedRepository::around(&path) {
        Some(repository) => repository.detach(&path).map_err(|error| {
            format!("it cannot be taken out of the Hub's cache ({error}); remove it yourself: {}", path.display())
        })?,
        None => path,
    };
    move_to_trash(&path).map_err(|error| {
        format!("it could not be moved to the trash ({error}); remove it yourself: {}", path.display())
    })?;
    say(&format!("moved to the trash: {}", path.display()));
    Ok(())
}
