//! Pictures that the prompt speaks of: `--reference [ADAPTER,]image=FILE,…`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::keyed::{keyed, named, number, unknown_key};
use crate::job::{Notice, Reference, ReferenceAdapter, ReferenceUse, Request};
use crate::store::models::extras::find_image_adapter;
use crate::store::paths::Paths;
use crate::store::pictures::mask_file::MaskChannel;
use crate::store::pictures::{mask_file, picture_file};

const FORM: &str = "[ADAPTER,]image=FILE[,weight=F][,from=F][,to=F][,use=NAME][,encoder=FOLDER][,mask=FILE]";
const KEYS: [&str; 7] = ["image", "weight", "from", "to", "use", "encoder", "mask"];

#[derive(Debug, Args)]
#[command(next_help_heading = "Steering by pictures and areas")]
pub(crate) struct ReferenceArguments {
    /// A picture that the prompt speaks of; Stable Diffusion wants ADAPTER,image=FILE; up to 4, in their order
    ///
    /// As in --reference ip-adapter-plus,image=cat.png,weight=0.6,use=style
    ///
    /// Models that read pictures (FLUX.2 klein) take image=FILE alone.
    ///
    ///   ADAPTER: an IP-Adapter's file, or its name in the models folder
    ///   image=FILE: the picture
    ///   weight=F: 1 as trained
    ///   from=F, to=F: shares of the steps, 0 to 1
    ///   use=NAME: all, style or composition
    ///   encoder=FOLDER: the image encoder, else the one beside the adapter's file
    ///   mask=FILE: where it counts, in the picture's shape
    #[arg(long, value_name = "image=FILE", value_parser = reference_text, verbatim_doc_comment)]
    pub reference: Vec<ReferenceText>,
}

/// What stands behind one `--reference`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReferenceText {
    image: PathBuf,
    mask: Option<PathBuf>,
    /// Without pictures.
    settings: Reference,
}

impl ReferenceArguments {
    pub(crate) fn fill(&self, request: &mut Request, paths: &Paths, notices: &mut Vec<Notice>) -> Result<(), String> {
        for text in &self.reference {
            for file in [Some(&text.image), text.mask.as_ref()].into_iter().flatten() {
                unknown_key(file, &KEYS).map_or(Ok(()), |wrong| Err(format!("--reference: {wrong}")))?;
            }
            let picture = picture_file::read_noting(&text.image, notices).map_err(|error| error.to_string())?;
            let mask = match &text.mask {
                Some(file) => Some(Arc::new(
                    mask_file::read_channel(file, MaskChannel::Auto, notices).map_err(|error| error.to_string())?,
                )),
                None => None,
            };
            let mut reference = Reference { picture: Some(Arc::new(picture)), mask, ..text.settings.clone() };
            if let Some(adapter) = &mut reference.adapter {
                adapter.file = file_of(&adapter.file, paths);
            }
            request.references.push(reference);
        }
        Ok(())
    }
}

/// A file as given, else the one of that name among the IP-Adapters; where there is none, whoever reads it says so.
fn file_of(given: &Path, paths: &Paths) -> PathBuf {
    let known = |name| if given.exists() { None } else { find_image_adapter(name, paths) };
    given.to_str().and_then(known).unwrap_or_else(|| given.to_owned())
}

fn reference_text(text: &str) -> Result<ReferenceText, String> {
    let found = keyed(text, &KEYS, None)?;
    let mut settings = Reference::default();
    let (mut image, mut mask, mut encoder) = (None, None, None);
    for (key, value) in &found.pairs {
        match *key {
            "image" => image = Some(PathBuf::from(value)),
            "mask" => mask = Some(PathBuf::from(value)),
            "encoder" => encoder = Some(PathBuf::from(value)),
            "weight" => settings.weight = number(key, value, (-Reference::MAX_WEIGHT, Reference::MAX_WEIGHT))?,
            "from" => settings.from = number(key, value, (0.0, 1.0))?,
            "to" => settings.to = number(key, value, (0.0, 1.0))?,
            _ => settings.used = named(key, value, &ReferenceUse::ALL.map(ReferenceUse::id), ReferenceUse::from_id)?,
        }
    }
    let image = image.ok_or_else(|| format!("image=FILE is missing: {FORM}"))?;
    settings.validate_numbers().map_err(|error| error.to_string())?;
    if found.head.is_empty() {
        if let Some((key, _)) = found.pairs.iter().find(|(key, _)| *key != "image") {
            return Err(format!("{key}= is for adapters; put an IP-Adapter's file first: {FORM}"));
        }
    } else {
        settings.adapter = Some(ReferenceAdapter { file: found.head.into(), encoder });
    }
    Ok(ReferenceText { image, mask, settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_may_come_first() {
        let alone = reference_text("image=a, b.png").unwrap();
        assert_eq!((alone.image.to_str(), alone.settings.adapter), (Some("a, b.png"), None));
        let text = reference_text("ip, plus.bin,image=c.png,weight=0.5,use=style,encoder=e,mask=m.png,to=0.5").unwrap();
        let Reference { adapter, weight, to, used, .. } = text.settings;
        assert_eq!(adapter, Some(ReferenceAdapter { file: "ip, plus.bin".into(), encoder: Some("e".into()) }));
        assert_eq!((weight, to, used, text.mask), (0.5, 0.5, ReferenceUse::Style, Some("m.png".into())));
    }

    #[test]
    fn an_adapter_is_a_file_or_a_name_in_the_models_folder() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::under(home.path());
        let known = paths.models_folder.join("ip-adapters/plus.safetensors");
        std::fs::create_dir_all(known.parent().unwrap()).unwrap();
        std::fs::write(&known, b"").unwrap();
        assert_eq!(file_of(Path::new("plus"), &paths), known);
        assert_eq!(file_of(&known, &paths), known);
        assert_eq!(file_of(Path::new("another"), &paths), Path::new("another"));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        for (text, said) in [
            ("a.bin", "image=FILE is missing"),
            ("image=", "nothing"),
            ("image=a,weight=0.5", "weight= is for adapters"),
            ("a.bin,image=a,use=face", "all, style, composition"),
            ("a.bin,image=a,from=0.5,to=0.5", "later one"),
        ] {
            let refused = reference_text(text).unwrap_err();
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }
}
