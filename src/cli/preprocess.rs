//! `inkwick preprocess`: a picture that steers, made of another one.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::arguments::{number_in, one_of};
use super::output::{explain, say};
use super::words::{DONE, FAILED};
use crate::engine::Annotators;
use crate::job::{Annotator, ErrorKind, WeightSource};
use crate::mask::MaskPlane;
use crate::raster::{AreaKind, Picture, PreprocessSettings, Preprocessor, areas_by_colour};
use crate::store::hub_cache::CachedRepository;
use crate::store::paths::Paths;
use crate::store::pictures::{mask_file, picture_file};

#[derive(Debug, Args)]
pub(super) struct PreprocessArguments {
    /// The picture
    #[arg(value_name = "FILE")]
    pub picture: PathBuf,
    /// canny: thin edges; scribble: strokes; lineart: lines; blur (tile): what is large; grey; invert: dark on white
    /// becomes white on black; inpaint: what is masked is left open; normal-of-depth: where surfaces face, of a depth map;
    /// segmentation: areas in ADE20K's colours, as --area says what is where.
    /// By networks whose weights are fetched once, as is said then: depth: how near things are; normal: where surfaces
    /// face; soft-edge (hed); lineart-realistic and lineart-coarse: pencil drawings
    #[arg(long, value_name = "KIND", value_parser = one_of(&KINDS, kind_from_id))]
    pub kind: Kind,
    /// The file that is written: .png, .jpg or .webp
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Of canny: from here an edge goes on
    #[arg(long, value_name = "N", default_value_t = PreprocessSettings::default().low, value_parser = threshold())]
    pub low: u32,
    /// Of canny: from here an edge begins
    #[arg(long, value_name = "N", default_value_t = PreprocessSettings::default().high, value_parser = threshold())]
    pub high: u32,
    /// Of blur: how far it reaches
    #[arg(long, value_name = "PX", default_value_t = f64::from(PreprocessSettings::default().radius_px), value_parser = number_in(0.1, 200.0))]
    pub radius: f64,
    /// Of inpaint: white is left open
    #[arg(long, value_name = "FILE", required_if_eq("kind", "inpaint"))]
    pub mask: Option<PathBuf>,
    /// Of segmentation: what is seen, by one of ADE20K's 150 names (sky, tree, person ...), and a mask's file that is white
    /// where it is. May be given several times, the nearest first
    #[arg(long = "area", value_name = "NAME=FILE", required_if_eq("kind", "segmentation"), value_parser = area)]
    pub areas: Vec<(AreaKind, PathBuf)>,
}

const KINDS: [&str; 17] = [
    "canny",
    "scribble",
    "lineart",
    "blur",
    "tile",
    "grey",
    "gray",
    "invert",
    "inpaint",
    "normal-of-depth",
    "depth",
    "normal",
    "soft-edge",
    "hed",
    "lineart-realistic",
    "lineart-coarse",
    SEGMENTATION,
];

const SEGMENTATION: &str = "segmentation";

/// By what the picture is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain(Preprocessor),
    Network(Annotator),
    /// Of masks that somebody names.
    Areas,
}

fn kind_from_id(id: &str) -> Option<Kind> {
    let made = Preprocessor::from_id(id).map(Kind::Plain).or_else(|| Annotator::from_id(id).map(Kind::Network));
    made.or_else(|| (id == SEGMENTATION).then_some(Kind::Areas))
}

/// `tree=tree.png`
fn area(text: &str) -> Result<(AreaKind, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("a name and a mask's file were wanted: tree=tree.png")?;
    let kind = AreaKind::named_in(name).ok_or_else(|| {
        let known: Vec<&str> = AreaKind::all().map(|kind| kind.name).collect();
        format!("{name} is none of the things that segmentation networks know, which are {}", known.join(", "))
    })?;
    Ok((kind, PathBuf::from(file)))
}

/// The networks, with what the Hub's tools have fetched.
pub(super) fn annotators(paths: &Paths) -> Annotators {
    let hub_cache = paths.hub_cache.clone();
    let cached = move |source: &WeightSource| {
        let snapshot = CachedRepository::new(&hub_cache, source.repository).current_snapshot();
        snapshot.map(|snapshot| snapshot.join(source.file))
    };
    Annotators::new(&paths.models_folder, Box::new(cached))
}

fn threshold() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=2040)
}

pub(super) fn run(arguments: &PreprocessArguments) -> ExitCode {
    match preprocess(arguments) {
        Ok(()) => {
            say(&arguments.out.display().to_string());
            ExitCode::from(DONE)
        }
        Err(sentence) => {
            explain(&format!("inkwick: {sentence}"));
            ExitCode::from(FAILED)
        }
    }
}

fn preprocess(arguments: &PreprocessArguments) -> Result<(), String> {
    let mut notices = Vec::new();
    let picture = picture_file::read_noting(&arguments.picture, &mut notices).map_err(|error| error.to_string())?;
    let mask = arguments.mask.as_deref().map(mask_file::read).transpose().map_err(|error| error.to_string())?;
    if let Some(mask) = &mask {
        check_size(mask, &picture, "the mask")?;
    }
    for notice in notices {
        explain(&format!("inkwick: {}", notice.message));
    }
    let settings = PreprocessSettings { low: arguments.low, high: arguments.high, radius_px: arguments.radius as f32 };
    let made = match arguments.kind {
        Kind::Areas => {
            let areas = arguments.areas.iter().map(|(kind, file)| {
                let mask = mask_file::read(file).map_err(|error| error.to_string())?;
                check_size(&mask, &picture, &format!("the mask of {}", kind.name))?;
                Ok((mask, *kind))
            });
            areas_by_colour([picture.width(), picture.height()], &areas.collect::<Result<Vec<_>, String>>()?)
        }
        Kind::Plain(kind) => kind.made_of(&picture, settings, mask.as_ref()),
        Kind::Network(annotator) => {
            let paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
            let made = annotators(&paths).made_of(annotator, &picture, &AtomicBool::new(false));
            made.map_err(|error| match error.kind {
                ErrorKind::NotFound => {
                    format!("{error}; inkwick models pull {} fetches it", annotator.weights().name())
                }
                _ => error.to_string(),
            })?
        }
    };
    picture_file::write(&arguments.out, &made, None).map_err(|error| error.to_string())
}

fn check_size(mask: &MaskPlane, picture: &Picture, name: &str) -> Result<(), String> {
    let ([wide, tall], [width, height]) = ([picture.width(), picture.height()], mask.size_px());
    if [wide, tall] == [width, height] {
        return Ok(());
    }
    Err(format!(
        "{name} must be as large as the picture, {wide}×{tall}, found {width}×{height}; save it again at the picture's size"
    ))
}
