//! Brings the index to what the folders hold: new and changed files are read, those that are gone are forgotten.

use std::collections::HashMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Statement, Transaction, params};

use super::Index;
use crate::job::{ModelRef, Request};
use crate::store::pictures::gallery::{GalleryDay, GalleryPicture};

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
        read: &(dyn Fn(&Path) -> Option<Request> + Sync),
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
        let writing = self.database.transaction()?;
        for path in &gone {
            forget(&writing, path)?;
        }
        writing.commit()?;
        for (done, batch) in fresh.chunks(BATCH).enumerate() {
            if !go_on(done * BATCH) {
                return Ok(is_changed);
            }
            // Read before the transaction begins: nobody waits for a slow disk.
            let settings: Vec<Option<Request>> = batch.iter().map(|(_, picture, _)| read(&picture.path)).collect();
            let writing = self.database.transaction()?;
            {
                let mut row = writing.prepare_cached(
                    "INSERT INTO pictures (path, modified, day, seed, width, height, steps) VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?;
                let mut words = writing.prepare_cached(
                    "INSERT INTO words (rowid, prompt, negative, model, lora, sampler, name) VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?;
                for ((path, picture, day), request) in batch.iter().zip(settings) {
                    forget(&writing, path)?;
                    let seed = request.as_ref().map(|request| request.seed).or(picture.seed);
                    let size = request.as_ref().map(|request| (request.width, request.height)).unwrap_or_default();
                    let steps = request.as_ref().map(|request| request.steps);
                    let (modified, seed) = (ticks(picture.modified), seed.map(|seed| seed.to_string()));
                    row.execute(params![path, modified, day, seed, size.0, size.1, steps])?;
                    insert_words(&mut words, writing.last_insert_rowid(), &picture.path, request.as_ref())?;
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
    writing.prepare_cached("DELETE FROM pictures WHERE path = ?")?.execute(params![path])?;
    Ok(())
}

fn insert_words(words: &mut Statement<'_>, id: i64, path: &Path, request: Option<&Request>) -> rusqlite::Result<()> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let Some(request) = request else {
        words.execute(params![id, "", "", "", "", "", name])?;
        return Ok(());
    };
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let model = match &request.model {
        ModelRef::Folder(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        ModelRef::File(path) => stem(path),
        built_in => built_in.built_in_id().unwrap_or_default().to_owned(),
    };
    let loras: Vec<String> = request.loras.iter().map(|lora| stem(&lora.file)).collect();
    let sampler = request.scheduler.map_or("", crate::sampling::SchedulerName::label);
    let negative = request.negative.as_deref().unwrap_or_default();
    words.execute(params![id, request.prompt, negative, model, loras.join(" "), sampler, name])?;
    Ok(())
}

/// Nanoseconds, as far as a database's numbers reach: the year 2262.
fn ticks(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}
