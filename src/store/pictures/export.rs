//! Pictures of the gallery as copies for elsewhere: in another format, with their settings or without, under other names.
//!
//! Nothing is ever written over: a name that is taken gets a number behind it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;
use std::{fs, io};

use crate::job::{InitPicture, InpaintMask, ModelRef};
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::pictures::export_name;
use crate::store::pictures::export_name::Named;
use crate::store::pictures::metadata::settings_in;
use crate::store::pictures::picture_file::{self, Notes, PictureFileError, PictureFormat};
use crate::store::pictures::programs::{PictureSettings, bare_name};
use crate::store::pictures::saving::Saving;

/// What shall be written, and how.
#[derive(Clone, Debug)]
pub struct ExportOrder {
    /// In the order of their numbers.
    pub files: Vec<PathBuf>,
    /// Made if need be.
    pub folder: PathBuf,
    pub format: PictureFormat,
    /// Of a JPEG, 1 to 100.
    pub quality: u8,
    /// With how they were made.
    pub with_settings: bool,
    /// See [`export_name`].
    pub pattern: String,
    /// Set from elsewhere: ends after the picture that is being written.
    pub cancelled: Arc<AtomicBool>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub folder: PathBuf,
    pub written: usize,
    pub asked: usize,
    /// Written under another name than the pattern's, which was taken.
    pub renamed: usize,
    /// Painted with a mask, or steered by a picture, that the format has no place for.
    pub without_mask: usize,
    /// Made by another program whose settings are no text that another format takes.
    pub without_settings: usize,
    /// A sentence each.
    pub failed: Vec<String>,
}

/// Writes them one after the other; `report` hears how many are done.
pub fn export(order: &ExportOrder, report: &mut dyn FnMut(usize), is_closing: &dyn Fn() -> bool) -> Exported {
    let mut exported = Exported { folder: order.folder.clone(), asked: order.files.len(), ..Exported::default() };
    if let Err(error) = fs::create_dir_all(&order.folder) {
        exported.failed.push(format!("the folder could not be made ({error}): {}", order.folder.display()));
        return exported;
    }
    // So many names of a kind were taken so far: the next is looked for behind them.
    let mut taken = HashMap::new();
    for (index, file) in order.files.iter().enumerate() {
        if order.cancelled.load(Ordering::Relaxed) || is_closing() {
            break;
        }
        if let Err(sentence) = one(file, index + 1, order, &mut taken, &mut exported) {
            exported.failed.push(sentence);
        }
        report(index + 1);
    }
    exported
}

fn one(
    file: &Path,
    number: usize,
    order: &ExportOrder,
    taken: &mut HashMap<String, usize>,
    exported: &mut Exported,
) -> Result<(), String> {
    let settings = settings_in::read(file).map_err(|error| error.to_string())?;
    let has_size_in_name = order.pattern.to_lowercase().contains("{size}");
    let is_same_format = PictureFormat::of_path(file).is_ok_and(|format| format == order.format);
    let keeps_file = is_same_format && order.with_settings;
    let picture = if keeps_file && !has_size_in_name {
        None
    } else {
        Some(Arc::new(picture_file::read(file).map_err(|error| error.to_string())?))
    };
    let named = Named {
        file,
        modified: fs::metadata(file).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH),
        number,
        size_px: picture.as_ref().map(|picture| [picture.width(), picture.height()]),
        request: settings.as_ref().map(|settings| &settings.request),
        model: &settings.as_ref().map(model_name).unwrap_or_default(),
    };
    let name = export_name::of(&order.pattern, &named)
        .map_err(|word| format!("{{{word}}} in the name's pattern stands for nothing"))?;
    let bytes = match picture.filter(|_| !keeps_file) {
        None => fs::read(file).map_err(|error| format!("{} could not be read ({error})", file.display()))?,
        Some(picture) => {
            let notes = if order.with_settings {
                notes_of(file, &picture, settings, order.format, exported)
            } else {
                Notes::default()
            };
            let encoded = picture_file::encode_as(order.format, order.quality, file, &picture, &notes);
            encoded.map_err(|error| error.to_string())?
        }
    };
    write(&name, order, &bytes, taken, exported)
}

/// Writes one picture in the format that the name `to` asks for, with its settings, over whatever file is there.
///
/// # Errors
/// When `from` cannot be read, or `to` has an unknown ending or cannot be written.
pub(crate) fn copy_as(from: &Path, to: &Path) -> Result<(), PictureFileError> {
    let format = PictureFormat::of_path(to)?;
    let picture = Arc::new(picture_file::read(from)?);
    let notes = notes_of(from, &picture, settings_in::read(from)?, format, &mut Exported::default());
    let bytes = picture_file::encode_as(format, Saving::DEFAULT_QUALITY, to, &picture, &notes)?;
    atomic::write(to, &bytes).map_err(|source| PictureFileError::Write { source, path: to.to_path_buf() })
}

/// How the picture was made: our own settings whole; of another program the text that its kin reads too.
fn notes_of(
    file: &Path,
    picture: &Arc<Picture>,
    settings: Option<PictureSettings>,
    format: PictureFormat,
    exported: &mut Exported,
) -> Notes {
    let Some(settings) = settings else { return Notes::default() };
    if settings.is_exact {
        let notes = exact_notes(file, picture, settings);
        let is_steered = notes.controls.iter().any(|control| control.picture.is_some())
            || !notes.regions.is_empty()
            || !notes.references.is_empty();
        if format != PictureFormat::Png && (notes.mask.is_some() || is_steered) {
            exported.without_mask += 1;
        }
        return notes;
    }
    let parameters = fs::read(file).ok().and_then(|bytes| settings_in::parameters_in(&bytes));
    if parameters.is_none() {
        exported.without_settings += 1;
    }
    Notes { parameters, ..Notes::default() }
}

/// Our own settings, with what stands beside the request in the file: the strength, and the mask.
fn exact_notes(file: &Path, picture: &Arc<Picture>, settings: PictureSettings) -> Notes {
    let mut request = settings.request;
    let init = |strength| InitPicture { picture: Arc::clone(picture), strength };
    request.init = settings.strength.map(init);
    request.mask = picture_file::read_painting(file).mask.map(|plane| InpaintMask { plane: Arc::new(plane) });
    Notes::of(&request)
}

/// As a person calls it.
fn model_name(settings: &PictureSettings) -> String {
    match &settings.request.model {
        ModelRef::Folder(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ModelRef::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        built_in => match &settings.model {
            Some(theirs) => bare_name(theirs).to_owned(),
            None => built_in.built_in_id().unwrap_or_default().to_owned(),
        },
    }
}

fn write(
    name: &str,
    order: &ExportOrder,
    bytes: &[u8],
    taken: &mut HashMap<String, usize>,
    exported: &mut Exported,
) -> Result<(), String> {
    let count = taken.entry(name.to_lowercase()).or_default();
    loop {
        *count += 1;
        let numbered = if *count == 1 { name.to_owned() } else { format!("{name} ({count})") };
        let path = order.folder.join(format!("{numbered}.{}", order.format.ending()));
        match atomic::write_new(&path, bytes) {
            Ok(()) => {
                exported.written += 1;
                exported.renamed += usize::from(*count > 1);
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("a picture could not be written ({error}): {}", path.display())),
        }
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
