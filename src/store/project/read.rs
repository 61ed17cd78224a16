//! Reads a project. The file may be anybody's: nothing is unpacked that is larger than it says, and no more than a canvas
//! may take.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use zip::ZipArchive;

use super::{
    MANIFEST_ENTRY, MASK_ENTRY, MAX_LAYERS, Manifest, PICTURE_ENTRY, Project, ProjectError, VERSION, WrittenCanvas,
    WrittenContent, layer_entry, layer_mask_entry,
};
use crate::canvas::{
    Content, Document, LayerId, LayerSettings, LayerState, MaskLayer, Origin, Record, Sheet, StackChange,
};
use crate::job::Request;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::store::canvas::pieces;
use crate::store::pictures::metadata::png_mask;
use crate::store::pictures::picture_file::READ_EXTENSIONS;
use crate::system::link::is_share;

const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// Of all pixels together: the picture and two dozen layers of a camera's size.
pub(super) const MAX_PIXEL_BYTES: u64 = 2 << 30;
/// A hundred megapixels, as of any picture.
const MAX_PIXELS: u64 = 100_000_000;

/// # Errors
/// What is wrong with the file; nothing of it counts then.
pub fn read(path: &Path) -> Result<Project, ProjectError> {
    let file = File::open(path).map_err(|source| ProjectError::Open { source, path: path.to_path_buf() })?;
    let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        zip::result::ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            ProjectError::Open { source, path: path.to_path_buf() }
        }
        error if begins_as_zip(path) => damaged(path, error.to_string()),
        _ => ProjectError::NotAProject { path: path.to_path_buf() },
    })?;
    let mut entries = Entries { zip, path, bytes_left: MAX_PIXEL_BYTES };
    let manifest = entries.manifest()?;
    let document = match manifest.canvas {
        Some(canvas) => entries.canvas(canvas)?,
        None => Document::default(),
    };
    Ok(Project { draft: manifest.draft, loras: manifest.loras, canvas: document.snapshot() })
}

fn begins_as_zip(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"PK\x03\x04"
}

fn damaged(path: &Path, reason: impl Into<String>) -> ProjectError {
    ProjectError::Damaged { reason: reason.into(), path: path.to_path_buf() }
}

/// What is looked at before all else: the rest may be of another shape.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

struct Entries<'a> {
    zip: ZipArchive<BufReader<File>>,
    path: &'a Path,
    bytes_left: u64,
}

impl Entries<'_> {
    fn damaged(&self, reason: impl Into<String>) -> ProjectError {
        damaged(self.path, reason)
    }

    fn too_large(&self) -> ProjectError {
        ProjectError::TooLarge { most_bytes: MAX_PIXEL_BYTES, path: self.path.to_path_buf() }
    }

    fn manifest(&mut self) -> Result<Manifest, ProjectError> {
        if self.zip.index_for_name(MANIFEST_ENTRY).is_none() {
            return Err(ProjectError::NotAProject { path: self.path.to_path_buf() });
        }
        let bytes = self.bytes(MANIFEST_ENTRY, MAX_MANIFEST_BYTES)?;
        let unread = |error: serde_json::Error| damaged(self.path, format!("{MANIFEST_ENTRY}: {error}"));
        let Version { version } = serde_json::from_slice(&bytes).map_err(unread)?;
        if version > VERSION {
            return Err(ProjectError::Newer { found: version, most: VERSION, path: self.path.to_path_buf() });
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(unread)?;
        let draft = &manifest.draft;
        let request = draft.request.without_layers();
        request.validate().map_err(|error| self.damaged(error.to_string()))?;
        let are_shares = [draft.strength, draft.fill_strength].iter().all(|share| (0.0..=1.0).contains(share));
        let side = Request::MIN_SIDE_PX..=Request::MAX_SIDE_PX;
        let are_sides = draft.repaint_size.iter().flatten().all(|pixels| side.contains(pixels));
        if !are_shares || !are_sides || draft.pictures == 0 {
            return Err(self.damaged("its settings are out of their range"));
        }
        let layers = manifest.canvas.iter().flat_map(|canvas| &canvas.layers);
        for layer in layers {
            layer.settings.layer_use.validate().map_err(|error| self.damaged(error))?;
        }
        Ok(manifest)
    }

    fn canvas(&mut self, canvas: WrittenCanvas) -> Result<Document, ProjectError> {
        let WrittenCanvas { width, height, file, made_here, base, layers } = canvas;
        if layers.len() > MAX_LAYERS {
            return Err(self.damaged("it has too many layers"));
        }
        let picture = Arc::new(self.picture(PICTURE_ENTRY, (width, height))?);
        let mask = MaskLayer::new(self.plane(MASK_ENTRY, (width, height))?);
        let mut stack = StackChange { base, layers: Vec::with_capacity(layers.len()) };
        for (place, layer) in layers.into_iter().enumerate() {
            let name = layer_entry(place);
            let content = match layer.content {
                WrittenContent::Drawing(wide, tall) => {
                    if (wide, tall) != (width, height) {
                        return Err(self.damaged(format!("{name} is not as large as the canvas")));
                    }
                    Content::Drawing(MaskLayer::new(self.plane(&name, (wide, tall))?))
                }
                WrittenContent::Picture(wide, tall) => Content::Picture(Arc::new(self.picture(&name, (wide, tall))?)),
            };
            let id = LayerId(place as u32 + 1);
            let mask = if layer.has_mask {
                Some(MaskLayer::new(self.plane(&layer_mask_entry(place), (width, height))?))
            } else {
                None
            };
            let placement = layer.settings.placement.in_range();
            let settings = LayerSettings { placement, ..layer.settings };
            stack.layers.push(LayerState::new(id, settings, content, mask));
        }
        // Of a file that is not there, or that is no picture, nothing can be had.
        let is_picture = |file: &Path| {
            let ending = file.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            // A project may come from anybody: it makes this machine call no other one.
            !is_share(&file.to_string_lossy())
                && ending.is_some_and(|ending| READ_EXTENSIONS.contains(&ending.as_str()))
                && file.is_file()
        };
        let origin = Origin { file: file.filter(|file| is_picture(file)), made_here };
        let mut document = Document::default();
        document.replay(Record::Start(Box::new(Sheet::of(picture, origin, mask, stack))));
        Ok(document)
    }

    fn picture(&mut self, name: &str, size: (u32, u32)) -> Result<Picture, ProjectError> {
        let bytes = self.png(name, size, 4)?;
        pieces::picture_of(&bytes, size).ok_or_else(|| self.damaged(format!("{name} is not the PNG file that it was")))
    }

    fn plane(&mut self, name: &str, size: (u32, u32)) -> Result<MaskPlane, ProjectError> {
        let bytes = self.png(name, size, 1)?;
        let plane = png_mask::decoded(&bytes).filter(|plane| plane.size_px() == [size.0, size.1]);
        plane.ok_or_else(|| self.damaged(format!("{name} is not the grey PNG file that it was")))
    }

    /// The PNG file of a picture of this size, for which there must be room.
    fn png(&mut self, name: &str, (width, height): (u32, u32), channels: u64) -> Result<Vec<u8>, ProjectError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(self.damaged(format!("{name} has no pixels")));
        }
        let left = self.bytes_left.checked_sub(pixels.saturating_mul(channels));
        self.bytes_left = left.filter(|_| pixels <= MAX_PIXELS).ok_or_else(|| self.too_large())?;
        // What does not pack at all grows a little.
        let most = pixels * channels + pixels * channels / 64 + u64::from(height) + (1 << 20);
        self.bytes(name, most)
    }

    fn bytes(&mut self, name: &str, most_bytes: u64) -> Result<Vec<u8>, ProjectError> {
        let wrong = |error: String| damaged(self.path, format!("{name}: {error}"));
        let entry = self.zip.by_name(name).map_err(|error| wrong(error.to_string()))?;
        if entry.size() > most_bytes {
            return Err(ProjectError::TooLarge { most_bytes: MAX_PIXEL_BYTES, path: self.path.to_path_buf() });
        }
        let mut bytes = Vec::new();
        let length = entry.size();
        entry.take(most_bytes + 1).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() as u64 == length { Ok(bytes) } else { Err(wrong("it is cut short".into())) }
    }
}
