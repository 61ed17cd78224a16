//! Pictures that steer: `--control NETWORK,image=FILE,…`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::keyed::{keyed, named, number, unknown_key};
use crate::job::{Control, ControlKind, ControlMode, ControlNetworkRef, Notice, Request};
use crate::raster::ResizeMode;
use crate::store::models;
use crate::store::paths::Paths;
use crate::store::pictures::mask_file::MaskChannel;
use crate::store::pictures::{mask_file, picture_file};

const FORM: &str = "NETWORK,image=FILE[,weight=F][,from=F][,to=F][,type=NAME][,mode=MODE][,resize=MODE][,mask=FILE]";
const KEYS: [&str; 8] = ["image", "weight", "from", "to", "type", "mode", "resize", "mask"];

#[derive(Debug, Args)]
#[command(next_help_heading = "Steering by pictures and areas")]
pub(crate) struct ControlArguments {
    /// Steers by a picture through a ControlNet or a T2I-Adapter: NETWORK,image=FILE and more; may be given several times
    ///
    /// As in --control depth.safetensors,image=room.png,weight=0.8,to=0.5
    ///
    ///   NETWORK: a file, a folder in diffusers' layout, the name of one in the models folder, or scribble, which comes with the built-in model
    ///   image=FILE: the picture
    ///   weight=F: 1 as trained
    ///   from=F, to=F: shares of the steps, 0 to 1
    ///   type=NAME: what the picture shows (canny, depth, pose, …), needed by networks for several kinds
    ///   mode=MODE: balanced, prompt or control, whom the network helps
    ///   resize=MODE: stretch, crop, fit or pad, where the picture has another shape
    ///   mask=FILE: where it counts
    #[arg(long, value_name = "NETWORK,…", value_parser = control_text, verbatim_doc_comment)]
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
            for file in [Some(&text.image), text.mask.as_ref()].into_iter().flatten() {
                unknown_key(file, &KEYS).map_or(Ok(()), |wrong| Err(format!("--control: {wrong}")))?;
            }
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

fn control_text(text: &str) -> Result<ControlText, String> {
    let found = keyed(text, &KEYS, None)?;
    if found.head.is_empty() {
        return Err(format!("a network comes first: {FORM}"));
    }
    let mut control = Control::default();
    let (mut image, mut mask) = (None, None);
    for (key, value) in found.pairs {
        match key {
            "image" => image = Some(PathBuf::from(value)),
            "mask" => mask = Some(PathBuf::from(value)),
            "weight" => control.weight = number(key, value, (-Control::MAX_WEIGHT, Control::MAX_WEIGHT))?,
            "from" => control.from = number(key, value, (0.0, 1.0))?,
            "to" => control.to = number(key, value, (0.0, 1.0))?,
            "type" => {
                let kinds = ControlKind::ALL.map(ControlKind::id);
                control.kind = Some(named(key, value, &kinds, ControlKind::from_id)?);
            }
            "mode" => control.mode = named(key, value, &ControlMode::ALL.map(ControlMode::id), ControlMode::from_id)?,
            _ => control.resize = Some(named(key, value, &ResizeMode::ALL.map(ResizeMode::id), ResizeMode::from_id)?),
        }
    }
    let image = image.ok_or_else(|| format!("image=FILE is missing: {FORM}"))?;
    if control.from >= control.to {
        return Err(format!("from={} must be less than to={}", control.from, control.to));
    }
    Ok(ControlText { network: found.head.to_owned(), image, mask, settings: control })
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
