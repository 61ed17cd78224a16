//! The canvas on disk: every step is added to one file as it ends, so that nothing is lost, however the program ends.
//!
//! Lives on the store's thread. One program at a time keeps a journal; a second one works without.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::canvas::{Document, Record};
use crate::job::{ErrorKind, JobError};
use crate::store::atomic;
use crate::store::canvas::journal_format;

/// A longer row is made shorter at the next start.
const CONDENSE_FROM_RECORDS: usize = 160;
/// And one that has become large, if it has more than a picture and a few strokes.
const CONDENSE_FROM_BYTES: u64 = 192 << 20;
const CONDENSE_FROM_FEW: usize = 8;
/// While the program runs, so much and twice what it came to when it was made short last.
const CONDENSE_RUNNING_BYTES: u64 = 384 << 20;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("another Inkwick keeps its canvas here, so this window's canvas is not kept for the next start; close the other one first: {}", .0.display())]
    InUse(PathBuf),
    #[error("the canvas cannot be kept for the next start ({source}); check the disk and the folder's rights: {}", path.display())]
    Disk { source: io::Error, path: PathBuf },
}

impl From<JournalError> for JobError {
    fn from(error: JournalError) -> Self {
        let kind = match error {
            JournalError::InUse(_) => ErrorKind::Busy,
            JournalError::Disk { .. } => ErrorKind::Storage,
        };
        Self::caused(kind, error)
    }
}

/// An open journal. The lock is held as long as it lives.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// So long may the file become before it is made short.
    most_bytes: u64,
    _lock: File,
}

impl Journal {
    /// Opens the journal in `folder`, making both if need be, and rebuilds the canvas from it.
    ///
    /// # Errors
    /// When another program has it open, or the disk does not allow it.
    pub fn open(folder: &Path) -> Result<(Self, Document), JournalError> {
        let path = folder.join("journal");
        let failed = |source| JournalError::Disk { source, path: path.clone() };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock = open_file(&folder.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(folder.to_path_buf())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut file = open_file(&path).map_err(failed)?;
        let (mut document, records, good_bytes) = replay(&mut file);
        let is_long =
            records > CONDENSE_FROM_RECORDS || (good_bytes > CONDENSE_FROM_BYTES && records > CONDENSE_FROM_FEW);
        if is_long {
            let records = document.condensed();
            file = rewrite(&path, &records).map_err(failed)?;
        } else {
            cut_to(&mut file, good_bytes).map_err(failed)?;
        }
        let most_bytes = most_bytes(&file);
        Ok((Self { path, file, most_bytes, _lock: lock }, document))
    }

    /// Adds steps. They survive the program's end at once, and a power cut when the disk has taken them.
    ///
    /// # Errors
    /// When the disk does not take them.
    pub fn append(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let written = records.iter().try_for_each(|record| {
            let bytes = journal_format::encode(record)?;
            self.file.write_all(&bytes)
        });
        let flushed = written.and_then(|()| self.file.sync_data());
        flushed
            .and_then(|()| self.condense_when_long())
            .map_err(|source| JournalError::Disk { source, path: self.path.clone() })
    }

    /// A long session keeps the steps that can still be taken back, and forgets the others.
    fn condense_when_long(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() <= self.most_bytes {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(0))?;
        let (mut document, ..) = replay(&mut self.file);
        match rewrite(&self.path, &document.condensed()) {
            Ok(file) => self.file = file,
            Err(error) => {
                // As it is it serves as well.
                tracing::warn!("the canvas's journal could not be made short: {error}");
                self.file.seek(SeekFrom::End(0))?;
            }
        }
        self.most_bytes = most_bytes(&self.file);
        Ok(())
    }
}

fn most_bytes(file: &File) -> u64 {
    let now = file.metadata().map_or(0, |file| file.len());
    CONDENSE_RUNNING_BYTES.max(now.saturating_mul(2))
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// The canvas, the number of records, and how many bytes of the file are good.
fn replay(file: &mut File) -> (Document, usize, u64) {
    let mut document = Document::default();
    let mut reader = BufReader::new(&mut *file);
    let mut header = vec![0; journal_format::HEADER.len()];
    if reader.read_exact(&mut header).is_err() || header != journal_format::HEADER {
        return (document, 0, 0);
    }
    let (mut records, mut good_bytes) = (0, header.len() as u64);
    while let Some((record, bytes)) = journal_format::read_next(&mut reader) {
        document.replay(record);
        records += 1;
        good_bytes += bytes;
    }
    (document, records, good_bytes)
}

/// Takes off what was not written to its end, so that the next record is found.
fn cut_to(file: &mut File, good_bytes: u64) -> io::Result<()> {
    file.set_len(good_bytes)?;
    file.seek(SeekFrom::End(0))?;
    if good_bytes == 0 {
        file.write_all(journal_format::HEADER)?;
    }
    Ok(())
}

fn rewrite(path: &Path, records: &[Record]) -> io::Result<File> {
    let mut bytes = journal_format::HEADER.to_vec();
    for record in records {
        bytes.extend(journal_format::encode(record)?);
    }
    atomic::write(path, &bytes)?;
    let mut file = open_file(path)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::canvas::{Content, Ink, Layer, LayerPart, LayerSettings, LayerUse, Origin, RegionLayer};
    use crate::job::{Reference, ReferenceAdapter, ReferenceUse, Region};
    use crate::mask::{Brush, BrushPoint};
    use crate::raster::Extension;
    use crate::raster::Picture;

    fn picture(seed: u8) -> Arc<Picture> {
        let pixels =
            (0..200u32 * 150).flat_map(|at| [at as u8, (at / 200) as u8, seed, if seed > 9 { 255 } else { 90 }]);
        Arc::new(Picture::from_rgba(200, 150, pixels.collect()).unwrap())
    }

    fn stroke(document: &mut Document, ink: Ink, x: f32) {
        document.begin_stroke(ink, Brush { diameter_px: 17.0, hardness: 0.5, opacity: 0.9 });
        document.stroke_to(BrushPoint::at(x, 10.0));
        document.stroke_to(BrushPoint::at(x + 30.0, 140.0));
        document.end_stroke();
    }

    /// Picture, mask, and the layers in front of them.
    type Look = (Option<Vec<u8>>, Vec<u8>, Vec<(LayerSettings, Arc<Picture>, Option<Vec<u8>>)>);

    fn pixels(document: &Document) -> Look {
        let picture = document.whole_picture().map(|picture| picture.rgba().to_vec());
        let layers = document.stack().layers().iter();
        let mask = |layer: &Layer| layer.mask.as_ref().map(|mask| mask.plane().values().to_vec());
        let layers = layers.map(|layer| (layer.settings.clone(), layer.content.seen(), mask(layer))).collect();
        (picture, document.mask().plane().values().to_vec(), layers)
    }

    /// Every look of a canvas from now back to the first step.
    fn all_looks(mut document: Document) -> Vec<Look> {
        let mut looks = vec![pixels(&document)];
        while document.can_undo() {
            document.undo();
            looks.push(pixels(&document));
        }
        looks
    }

    fn worked_on() -> Document {
        let mut document = Document::default();
        document.replace(Some((picture(3), Origin { file: Some("/a/photo.png".into()), made_here: false })));
        stroke(&mut document, Ink::Mask, 40.0);
        stroke(&mut document, Ink::Colour([9, 200, 77]), 120.0);
        stroke(&mut document, Ink::Eraser, 50.0);
        let mut settings = LayerSettings { name: "Lines".into(), ..LayerSettings::default() };
        settings.layer_use.control_mut().unwrap().weight = 0.4;
        let drawing = Content::empty_drawing([200, 150]);
        document.change(|canvas| Some(canvas.with_layer(settings, drawing, None, [8, 8])));
        let (lines, hard) = (document.stack().layers()[0].id, Brush { diameter_px: 9.0, hardness: 1.0, opacity: 1.0 });
        document.begin_stroke_on(Some(LayerPart::Drawing(lines)), Ink::Mask, hard);
        document.stroke_to(BrushPoint::at(20.0, 20.0));
        document.stroke_to(BrushPoint::at(160.0, 90.0));
        document.change(|canvas| canvas.with_layer_mask(lines, Some));
        document.begin_stroke_on(Some(LayerPart::Mask(lines)), Ink::Mask, hard);
        document.stroke_to(BrushPoint::at(100.0, 20.0));
        document.end_stroke();
        let content = Content::Picture(picture(50));
        document.change(|canvas| Some(canvas.with_layer(LayerSettings::default(), content, Some(lines), [8, 8])));
        let region = Region { prompt: "a fox".into(), negative: Some("fog".into()), weight: 0.5, ..Region::default() };
        let region = RegionLayer { region, softness_px: 9, colour: 2 };
        let area = LayerSettings { layer_use: LayerUse::Region(region), ..LayerSettings::default() };
        let drawing = Content::empty_drawing([200, 150]);
        document.change(|canvas| Some(canvas.with_layer(area, drawing, None, [8, 8])));
        let id = document.stack().layers()[0].id;
        document.begin_stroke_on(Some(LayerPart::Drawing(id)), Ink::Mask, hard);
        document.stroke_to(BrushPoint::at(60.0, 60.0));
        let adapter = ReferenceAdapter { file: "/a/ip.bin".into(), encoder: None };
        let reference =
            Reference { adapter: Some(adapter), to: 0.5, used: ReferenceUse::Style, ..Reference::default() };
        let reference = LayerSettings { layer_use: LayerUse::Reference(reference), ..LayerSettings::default() };
        let seen = Content::Picture(picture(70));
        document.change(|canvas| Some(canvas.with_layer(reference, seen, None, [8, 8])));
        document.edit_stack(|stack| stack.base.picture_is_off = true);
        document.change(|canvas| canvas.extended(Extension { right: 40, ..Extension::default() }));
        document.replace(Some((picture(200), Origin { file: None, made_here: true })));
        stroke(&mut document, Ink::Mask, 90.0);
        document.undo();
        document.undo();
        document.redo();
        document
    }

    #[test]
    fn the_next_start_finds_the_same_canvas_and_the_same_steps() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, empty) = Journal::open(folder.path()).unwrap();
        assert!(empty.picture().is_none());
        let mut document = worked_on();
        journal.append(&document.take_records()).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::InUse(_))));
        drop(journal);
        let (mut journal, mut again) = Journal::open(folder.path()).unwrap();
        assert_eq!(again.origin(), document.origin());
        assert!(again.can_redo());
        // And it goes on from there.
        stroke(&mut again, Ink::Mask, 10.0);
        stroke(&mut document, Ink::Mask, 10.0);
        journal.append(&again.take_records()).unwrap();
        drop(journal);
        let (_journal, third) = Journal::open(folder.path()).unwrap();
        assert!(all_looks(third) == all_looks(document));
    }

    #[test]
    fn a_record_that_was_cut_off_costs_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let mut document = worked_on();
        let (mut journal, _) = Journal::open(folder.path()).unwrap();
        journal.append(&document.take_records()).unwrap();
        let path = folder.path().join("journal");
        let whole = fs::metadata(&path).unwrap().len();
        stroke(&mut document, Ink::Mask, 70.0);
        journal.append(&document.take_records()).unwrap();
        drop(journal);
        document.undo();
        let bytes = fs::read(&path).unwrap();
        for length in [whole + 1, whole + 12, whole + 30, bytes.len() as u64 - 1] {
            fs::write(&path, &bytes[..length as usize]).unwrap();
            let (_journal, again) = Journal::open(folder.path()).unwrap();
            assert!(pixels(&again) == pixels(&document), "{length}");
            assert_eq!(fs::metadata(&path).unwrap().len(), whole);
        }
        let mut spoilt = bytes.clone();
        spoilt[whole as usize + 20] ^= 0x40;
        fs::write(&path, &spoilt).unwrap();
        assert!(pixels(&Journal::open(folder.path()).unwrap().1) == pixels(&document));
        fs::write(&path, b"something else entirely").unwrap();
        assert!(Journal::open(folder.path()).unwrap().1.picture().is_none());
    }

    #[test]
    fn a_long_session_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, mut document) = Journal::open(folder.path()).unwrap();
        document.replace(Some((picture(44), Origin::default())));
        journal.append(&document.take_records()).unwrap();
        let mut shortened = 0;
        let mut before = 0;
        for round in 0..200 {
            // In a test every few strokes are many.
            journal.most_bytes = journal.most_bytes.min(180_000);
            stroke(&mut document, Ink::Mask, (round % 50) as f32 * 3.0);
            journal.append(&document.take_records()).unwrap();
            let now = fs::metadata(folder.path().join("journal")).unwrap().len();
            shortened += usize::from(now < before);
            before = now;
        }
        assert!(shortened > 0, "{before}");
        drop(journal);
        let (_journal, again) = Journal::open(folder.path()).unwrap();
        assert!(all_looks(again) == all_looks(document));
    }

    #[test]
    fn a_long_journal_is_made_short_without_losing_a_step() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, mut document) = Journal::open(folder.path()).unwrap();
        document.replace(Some((picture(44), Origin::default())));
        for round in 0..150 {
            stroke(&mut document, Ink::Mask, (round % 50) as f32 * 3.0);
            if round % 3 == 0 {
                document.undo();
            }
        }
        journal.append(&document.take_records()).unwrap();
        drop(journal);
        let path = folder.path().join("journal");
        let before = fs::metadata(&path).unwrap().len();
        let (journal, again) = Journal::open(folder.path()).unwrap();
        assert!(fs::metadata(&path).unwrap().len() < before);
        assert!(pixels(&again) == pixels(&document));
        drop(journal);
        let (_journal, third) = Journal::open(folder.path()).unwrap();
        assert!(all_looks(third) == all_looks(document));
    }
}
