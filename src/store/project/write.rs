//! Writes a project, whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::read::MAX_PIXEL_BYTES;
use super::{
    MANIFEST_ENTRY, MASK_ENTRY, MIME_ENTRY, MIME_TYPE, Manifest, PICTURE_ENTRY, Project, ProjectError, VERSION,
    WrittenCanvas, WrittenContent, WrittenLayer, layer_entry, layer_mask_entry,
};
use crate::canvas::{Content, Layer};
use crate::store::atomic;
use crate::store::pictures::metadata::{png_mask, png_text};

/// Writes a project over whatever file is there. The folder must exist.
///
/// # Errors
/// When the disk does not take it, or it is larger than what could be opened again.
pub fn write(path: &Path, project: &Project) -> Result<(), ProjectError> {
    if pixel_bytes(project) > MAX_PIXEL_BYTES {
        return Err(ProjectError::TooLarge { most_bytes: MAX_PIXEL_BYTES, path: path.to_path_buf() });
    }
    let manifest = serde_json::to_vec_pretty(&manifest_of(project))
        .map_err(|error| ProjectError::Encode { reason: error.to_string(), path: path.to_path_buf() })?;
    atomic::write_by(path, |file| fill(file, &manifest, project))
        .map_err(|source| ProjectError::Write { source, path: path.to_path_buf() })
}

/// Of all that the reader unpacks.
fn pixel_bytes(project: &Project) -> u64 {
    let area = |[width, height]: [u32; 2]| u64::from(width) * u64::from(height);
    let canvas = project.canvas.size_px().map_or(0, |size_px| 5 * area(size_px));
    let layers = project.canvas.stack().layers().iter().map(|layer| {
        let channels = if matches!(layer.content, Content::Picture(_)) { 4 } else { 1 };
        let mask = layer.mask.as_ref().map_or(0, |mask| area(mask.plane().size_px()));
        channels * area(layer.content.size_px()) + mask
    });
    canvas + layers.sum::<u64>()
}

fn manifest_of(project: &Project) -> Manifest {
    let canvas = &project.canvas;
    let written = canvas.size_px().map(|[width, height]| {
        let origin = canvas.origin();
        // A painted picture is no file's any more; a name that is no text cannot be written.
        let file = origin.file.clone().filter(|file| file.to_str().is_some() && !canvas.is_painted());
        let layers = canvas.stack().layers().iter().map(written_layer).collect();
        WrittenCanvas { width, height, file, made_here: origin.made_here, base: *canvas.stack().base(), layers }
    });
    Manifest {
        version: VERSION,
        program: format!("Inkwick {}", env!("CARGO_PKG_VERSION")),
        draft: project.draft.clone(),
        loras: project.loras.iter().filter(|lora| lora.file.to_str().is_some()).cloned().collect(),
        canvas: written,
    }
}

fn written_layer(layer: &Layer) -> WrittenLayer {
    let mut settings = layer.settings.clone();
    settings.layer_use = settings.layer_use.writable();
    let [width, height] = layer.content.size_px();
    let content = match &layer.content {
        Content::Drawing(_) => WrittenContent::Drawing(width, height),
        Content::Picture(_) => WrittenContent::Picture(width, height),
    };
    WrittenLayer { settings, content, has_mask: layer.mask.is_some() }
}

fn fill(file: &mut File, manifest: &[u8], project: &Project) -> io::Result<()> {
    let mut zip = ZipWriter::new(BufWriter::new(file));
    let mut entry = |name: &str, bytes: &[u8]| -> io::Result<()> {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(name, stored).map_err(io::Error::other)?;
        zip.write_all(bytes)
    };
    entry(MIME_ENTRY, MIME_TYPE.as_bytes())?;
    entry(MANIFEST_ENTRY, manifest)?;
    if let Some(picture) = project.canvas.whole_picture() {
        entry(PICTURE_ENTRY, &png_text::encode(&picture, None).map_err(io::Error::other)?)?;
        entry(MASK_ENTRY, &png_mask::encode(project.canvas.mask()).map_err(io::Error::other)?)?;
    }
    for (place, layer) in project.canvas.stack().layers().iter().enumerate() {
        let bytes = match &layer.content {
            Content::Drawing(drawing) => png_mask::encode(drawing.plane()),
            Content::Picture(picture) => png_text::encode(picture, None),
        };
        entry(&layer_entry(place), &bytes.map_err(io::Error::other)?)?;
        if let Some(mask) = &layer.mask {
            entry(&layer_mask_entry(place), &png_mask::encode(mask.plane()).map_err(io::Error::other)?)?;
        }
    }
    zip.finish().map_err(io::Error::other)?.flush()
}
