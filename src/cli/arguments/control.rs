//! Pictures that steer: `--control NETWORK,image=FILE,…`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::job::{Control, ControlKind, ControlMode, ControlNetworkRef, Notice, Request};
use crate::raster::ResizeMode;
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::pictures::mask_file::MaskChannel;
use crate::store::pictures::{mask_file, picture_file};

const FORM: &str = "NETWORK,image=FILE[,weight=F][,from=F][,to=F][,type=NAME][,mode=MODE][,resize=MODE][,mask=FILE]";
const KEYS: [&str; 8] = ["image", "weight", "from", "to", "type", "mode", "resize", "mask"];

#[derive(Debug, Args)]
pub(crate) struct ControlArguments {
    /// Steers by a picture through a ControlNet or a T2I-Adapter: a file, a folder in diffusers' layout, the name of one
    /// in the models folder, or scribble, which comes with the built-in model. weight: 1 as trained. from, to: shares of
    /// the steps, 0 to 1. type: what the picture shows (canny, depth, pose, …), needed by networks for several kinds.
    /// mode: balanced, prompt or control, whom the network helps. resize: stretch, crop, fit or pad, where the picture
    /// has another shape. mask: where it counts. May be given several times
    #[arg(long, value_name = FORM, value_parser = control_text)]
    pub control: Vec<ControlText>,
}

/// What stands behind one `--control`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ControlText {
    network: String,
    image: PathBuf,
    mask: Option<PathBuf>,
    /// Without network and pictures.
    settings: Control,
}

impl ControlArguments {
    pub(crate) fn fill(&self, request: &mut Request, paths: &Paths, notices: &mut Vec<Notice>) -> Result<(), String> {
        for text in &self.control {
            let picture = picture_file::read_noting(&text.image, notices).map_err(|error| error.to_string())?;
            let mask = match &text.mask {
                Some(file) => Some(Arc::new(
                    mask_file::read_channel(file, MaskChannel::Auto, notices).map_err(|error| error.to_string())?,
                )),
                None => None,
            };
            let network = network_of(&text.network, paths)?;
            let picture = Some(Arc::new(picture));
            request.controls.push(Control { network, picture, mask, ..text.settings.clone() });
        }
        Ok(())
    }
}

/// A file or folder as given, else one of that name among the control networks; `scribble` is the built-in one.
fn network_of(name: &str, paths: &Paths) -> Result<ControlNetworkRef, String> {
    if name.eq_ignore_ascii_case(ControlNetworkRef::SCRIBBLE) {
        return Ok(ControlNetworkRef::Scribble);
    }
    let given = Path::new(name);
    if given.exists() {
        return Ok(ControlNetworkRef::Path(given.to_owned()));
    }
    models::extras::find_control(name, paths).map(ControlNetworkRef::Path).ok_or_else(|| {
        let folder = models::extras::control_folder(paths);
        format!(
            "there is no control network {name}, neither here nor among the models; check --control, put it into {}, or \
             use scribble, which is built in",
            folder.display()
        )
    })
}

/// Splits only at a comma before a known key and its `=`: paths hold commas.
fn control_text(text: &str) -> Result<ControlText, String> {
    let mut cuts: Vec<(usize, &str)> = KEYS
        .iter()
        .flat_map(|key| text.match_indices(&format!(",{key}=")).map(|(at, _)| (at, *key)).collect::<Vec<_>>())
        .collect();
    cuts.sort_unstable();
    let network = cuts.first().map_or(text, |(at, _)| &text[..*at]);
    if network.is_empty() {
        return Err(format!("a network comes first: {FORM}"));
    }
    let mut control = Control::default();
    let (mut image, mut mask) = (None, None);
    for (index, (at, key)) in cuts.iter().enumerate() {
        let end = cuts.get(index + 1).map_or(text.len(), |(next, _)| *next);
        let value = &text[at + key.len() + 2..end];
        if cuts[..index].iter().any(|(_, other)| other == key) {
            return Err(format!("{key}= is there twice"));
        }
        if value.is_empty() {
            return Err(format!("behind {key}= there is nothing"));
        }
        let number = |least: f64, most: f64| {
            let found = value.parse().ok().filter(|number: &f64| (least..=most).contains(number));
            found.ok_or_else(|| format!("{key}={value}: allowed is a number from {least} to {most}"))
        };
        let one_of = |names: Vec<&str>| format!("{key}={value}: allowed are {}", names.join(", "));
        match *key {
            "image" => image = Some(PathBuf::from(value)),
            "mask" => mask = Some(PathBuf::from(value)),
            "weight" => control.weight = number(-Control::MAX_WEIGHT, Control::MAX_WEIGHT)?,
            "from" => control.from = number(0.0, 1.0)?,
            "to" => control.to = number(0.0, 1.0)?,
            "type" => {
                let names = ControlKind::ALL.map(ControlKind::id).to_vec();
                control.kind = Some(ControlKind::from_id(value).ok_or_else(|| one_of(names))?);
            }
            "mode" => {
                let names = ControlMode::ALL.map(ControlMode::id).to_vec();
                control.mode = ControlMode::from_id(value).ok_or_else(|| one_of(names))?;
            }
            _ => {
                let names = ResizeMode::ALL.map(ResizeMode::id).to_vec();
                control.resize = Some(ResizeMode::from_id(value).ok_or_else(|| one_of(names))?);
            }
        }
    }
    let image = image.ok_or_else(|| format!("image=FILE is missing: {FORM}"))?;
    if control.from >= control.to {
        return Err(format!("from={} must be less than to={}", control.from, control.to));
    }
    Ok(ControlText { network: network.to_owned(), image, mask, settings: control })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_hold_commas_and_only_known_keys_cut() {
        let text = control_text("a, b.safetensors,image=c,d=e,weigh=1.png,weight=0.5,to=0.75,type=depth,mask=m,1.png");
        let text = text.unwrap();
        assert_eq!((text.network.as_str(), text.image.to_str().unwrap()), ("a, b.safetensors", "c,d=e,weigh=1.png"));
        assert_eq!(text.mask, Some(PathBuf::from("m,1.png")));
        let Control { weight, from, to, kind, .. } = text.settings;
        assert_eq!((weight, from, to, kind), (0.5, 0.0, 0.75, Some(ControlKind::Depth)));
        let other = control_text("n,mode=control,resize=crop,image=x.png").unwrap().settings;
        assert_eq!((other.mode, other.resize), (ControlMode::Control, Some(ResizeMode::Crop)));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (text, said) in [
            ("n", "image=FILE is missing"),
            (",image=x.png", "a network comes first"),
            ("n,image=", "nothing"),
            ("n,image=x,weight=much", "from -10 to 10"),
            ("n,image=x,from=2", "from 0 to 1"),
            ("n,image=x,from=0.5,to=0.5", "less than"),
            ("n,image=x,mode=strict", "balanced, prompt, control"),
            ("n,image=x,resize=big", "stretch, crop, fit, pad"),
            ("n,image=x,type=sound", "canny"),
            ("n,image=x,image=y", "twice"),
        ] {
            let refused = control_text(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
