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
    /// What is made of it
    ///
    ///   canny: thin edges
    ///   scribble: strokes
    ///   lineart: lines
    ///   blur, tile: what is large
    ///   grey, gray: brightness alone
    ///   invert: dark on white becomes white on black
    ///   inpaint: what --mask masks is left open
    ///   normal-of-depth: where surfaces face, of a depth map
    ///   segmentation: areas in ADE20K's colours, as --area says what is where
    ///
    /// By networks, whose weights are fetched once, as is said then:
    ///
    ///   depth: how near things are
    ///   normal: where surfaces face
    ///   soft-edge, hed: soft outlines
    ///   lineart-realistic, lineart-coarse: pencil drawings
    #[arg(long, value_name = "KIND", value_parser = one_of(&KINDS, kind_from_id), verbatim_doc_comment)]
    pub kind: Kind,
    /// The file that is written: .png, .jpg or .webp
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Of canny: from here an edge goes on [default: 100]
    #[arg(long, value_name = "N", value_parser = threshold())]
    pub low: Option<u32>,
    /// Of canny: from here an edge begins [default: 200]
    #[arg(long, value_name = "N", value_parser = threshold())]
    pub high: Option<u32>,
    /// Of blur: how far it reaches [default: 9]
    #[arg(long, value_name = "PX", value_parser = number_in(0.1, 200.0))]
    pub radius: Option<f64>,
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

impl PreprocessArguments {
    /// What is asked and not done, and what is done otherwise.
    fn without_effect(&self, settings: &PreprocessSettings) -> Vec<String> {
        let plain = |wanted| self.kind == Kind::Plain(wanted);
        let (canny, blur, inpaint) =
            (plain(Preprocessor::Canny), plain(Preprocessor::Blur), plain(Preprocessor::Inpaint));
        let mut said: Vec<String> = [
            ("--low", "canny", self.low.is_some() && !canny),
            ("--high", "canny", self.high.is_some() && !canny),
            ("--radius", "blur", self.radius.is_some() && !blur),
            ("--mask", "inpaint", self.mask.is_some() && !inpaint),
            ("--area", SEGMENTATION, !self.areas.is_empty() && self.kind != Kind::Areas),
        ]
        .into_iter()
        .filter(|(.., is_idle)| *is_idle)
        .map(|(flag, kind, _)| format!("{flag} is for --kind {kind} and changes nothing here"))
        .collect();
        let PreprocessSettings { low, high, .. } = settings;
        if canny && low > high {
            said.push(format!(
                "--low {low} is more than --high {high}, so they are taken the other way round: edges begin at {low} and \
                 go on from {high}"
            ));
        }
        said
    }
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
    let usual = PreprocessSettings::default();
    let settings = PreprocessSettings {
        low: arguments.low.unwrap_or(usual.low),
        high: arguments.high.unwrap_or(usual.high),
        radius_px: arguments.radius.map_or(usual.radius_px, |radius| radius as f32),
    };
    for sentence in arguments.without_effect(&settings) {
        explain(&format!("note: {sentence}"));
    }
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: PreprocessArguments,
    }

    fn said(line: &str) -> Vec<String> {
        let words = ["preprocess", "a.png", "--out", "b.png"].into_iter().chain(line.split(' '));
        let PreprocessArguments { low, high, .. } = Line::try_parse_from(words.clone()).unwrap().arguments;
        let usual = PreprocessSettings::default();
        let settings = PreprocessSettings { low: low.unwrap_or(usual.low), high: high.unwrap_or(usual.high), ..usual };
        Line::try_parse_from(words).unwrap().arguments.without_effect(&settings)
    }

    #[test]
    fn what_changes_nothing_is_said() {
        let all = said("--kind grey --low 5 --high 9 --radius 3 --mask m.png --area tree=t.png");
        let flags: Vec<_> = all.iter().filter_map(|sentence| sentence.split(' ').next()).collect();
        assert_eq!(flags, ["--low", "--high", "--radius", "--mask", "--area"]);
        for line in [
            "--kind canny --low 5 --high 9",
            "--kind blur --radius 3",
            "--kind tile --radius 3",
            "--kind inpaint --mask m.png",
            "--kind segmentation --area tree=t.png",
            "--kind depth",
        ] {
            assert_eq!(said(line), Vec::<String>::new(), "{line}");
        }
        assert!(said("--kind canny --low 300 --high 20")[0].contains("begin at 300 and go on from 20"));
        assert!(said("--kind canny --low 300")[0].contains("--high 200"));
    }

    #[test]
    fn the_help_names_the_defaults_that_are_used() {
        let PreprocessSettings { low, high, radius_px } = PreprocessSettings::default();
        let help = <Line as clap::CommandFactory>::command().render_help().to_string();
        for default in [low.to_string(), high.to_string(), radius_px.to_string()] {
            assert!(help.contains(&format!("[default: {default}]")), "{help}");
        }
    }
}
