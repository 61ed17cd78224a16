//! Brings the index to what the folders hold: new and changed files are read, those that are gone are forgotten.

use std::collections::HashMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Transaction, TransactionBehavior, params};

use super::Index;
use crate::job::ModelRef;
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};
use crate::store::pictures::picture_key::key_of;
use crate::store::pictures::programs::{PictureSettings, bare_name};

/// So many files are read between two looks whether to go on, and are written at once.
const BATCH: usize = 256;

impl Index {
    /// `read` gives a file's settings. `go_on` is asked between batches, with how many files are known by then. Gives
    /// whether anything is different now.
    ///
    /// # Errors
    /// When the file is damaged or the disk full.
    pub(crate) fn refresh(
        &mut self,
        days: &[GalleryDay],
        read: &(dyn Fn(&Path) -> Option<PictureSettings> + Sync),
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> rusqlite::Result<bool> {
        let mut known = self.known()?;
        let mut fresh: Vec<(&str, &GalleryPicture, &str)> = Vec::new();
        for day in days {
            for picture in &day.pictures {
                // A name that is no text cannot be typed either.
                let Some(path) = picture.path.to_str() else { continue };
                if known.remove(path) != Some(ticks(picture.modified)) {
                    fresh.push((path, picture, &day.date));
                }
            }
        }
        let is_changed = !known.is_empty() || !fresh.is_empty();
        let gone: Vec<String> = known.into_keys().collect();
        // From its beginning the only one that writes: one that has read before is refused at once, and waits for nobody.
        let writing = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for path in &gone {
            forget(&writing, path)?;
        }
        writing.commit()?;
        for (done, batch) in fresh.chunks(BATCH).enumerate() {
            if !go_on(done * BATCH) {
                return Ok(is_changed);
            }
            // Read before the transaction begins: nobody waits for a slow disk.
            let settings: Vec<Option<PictureSettings>> =
                batch.iter().map(|(_, picture, _)| read(&picture.path)).collect();
            let writing = self.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut row = writing.prepare_cached(
                    "INSERT INTO pictures (path, modified, day, seed, width, height, steps, model, made_from) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )?;
                let mut key = writing.prepare_cached("INSERT INTO keys (id, key) VALUES (?, ?)")?;
                let mut words = writing.prepare_cached(
                    "INSERT INTO words (rowid, prompt, negative, model, lora, sampler, name) VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?;
                for ((path, picture, day), settings) in batch.iter().zip(settings) {
                    forget(&writing, path)?;
                    let of_file = Words::of(settings.as_ref());
                    let request = settings.map(|settings| settings.request);
                    let seed = request.as_ref().map(|request| request.seed).or(picture.seed);
                    let size = request.as_ref().map(|request| (request.width, request.height)).unwrap_or_default();
                    let steps = request.as_ref().map(|request| request.steps);
                    let parent = request.as_ref().and_then(|request| request.made_from.as_deref());
                    let (modified, seed) = (ticks(picture.modified), seed.map(|seed| seed.to_string()));
                    row.execute(params![path, modified, day, seed, size.0, size.1, steps, of_file.model, parent])?;
                    let id = writing.last_insert_rowid();
                    key.execute(params![id, key_of(&picture.path)])?;
                    let name = picture.path.file_stem().unwrap_or_default().to_string_lossy();
                    let (prompt, negative) = request.as_ref().map_or(("", ""), |request| {
                        (request.prompt.as_str(), request.negative.as_deref().unwrap_or_default())
                    });
                    let Words { model, loras, sampler } = of_file;
                    words.execute(params![id, prompt, negative, model, loras, sampler, name])?;
                }
            }
            writing.commit()?;
        }
        Ok(is_changed)
    }

    /// What each file was like when it was read.
    fn known(&self) -> rusqlite::Result<HashMap<String, i64>> {
        let mut statement = self.database.prepare("SELECT path, modified FROM pictures")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    }
}

fn forget(writing: &Transaction<'_>, path: &str) -> rusqlite::Result<()> {
    writing
        .prepare_cached("DELETE FROM words WHERE rowid IN (SELECT id FROM pictures WHERE path = ?)")?
        .execute(params![path])?;
    writing
        .prepare_cached("DELETE FROM keys WHERE id IN (SELECT id FROM pictures WHERE path = ?)")?
        .execute(params![path])?;
    writing.prepare_cached("DELETE FROM pictures WHERE path = ?")?.execute(params![path])?;
    Ok(())
}

/// What of a picture is found by name, as its own program wrote it.
#[derive(Default)]
struct Words {
    model: String,
    loras: String,
    sampler: String,
}

impl Words {
    fn of(settings: Option<&PictureSettings>) -> Self {
        let Some(PictureSettings { request, is_exact, model, loras, sampler, .. }) = settings else {
            return Self::default();
        };
        let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let model = match &request.model {
            ModelRef::Folder(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            ModelRef::File(path) => stem(path),
            built_in if *is_exact => built_in.built_in_id().unwrap_or_default().to_owned(),
            // Where another program named its model, ours is only what a request begins with.
            _ => model.as_deref().map(bare_name).unwrap_or_default().to_owned(),
        };
        let ours = request.loras.iter().map(|lora| stem(&lora.file));
        let loras: Vec<String> = ours.chain(loras.iter().map(|lora| bare_name(&lora.name).to_owned())).collect();
        let own = request.scheduler.map(|scheduler| scheduler.label().to_owned());
        Self { model, loras: loras.join(" "), sampler: own.or_else(|| sampler.clone()).unwrap_or_default() }
    }
}

/// Nanoseconds, as far as a database's numbers reach: the year 2262.
fn ticks(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}
