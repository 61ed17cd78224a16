//! What the gallery is searched by: one row a picture, and a full-text index over its words, in `SQLite`.
//!
//! Everything in it comes from the picture files and can be read from them again: a file that is lost, damaged or of
//! another version is begun anew. Several programs may use one at the same time.

mod found;
mod query;
mod refresh;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, params_from_iter};

pub use found::{Facets, Found};
use query::Query;

use crate::store::pictures::labels::Labels;

/// Of the tables below: another number begins the file anew.
const VERSION: i32 = 2;

/// How long one program waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// `words` holds no text of its own, only where each word stands: the texts are in the files. `keys` has what a search
/// gives (see [`Found`]) in few pages, so that finding nearly everything is quick as well.
const TABLES: &str = "
    CREATE TABLE pictures (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        modified INTEGER NOT NULL,
        day TEXT NOT NULL,
        seed TEXT,
        width INTEGER,
        height INTEGER,
        steps INTEGER,
        model TEXT,
        made_from TEXT
    );
    CREATE INDEX pictures_by_seed ON pictures (seed);
    CREATE INDEX pictures_by_parent ON pictures (made_from);
    CREATE TABLE keys (id INTEGER PRIMARY KEY, key INTEGER NOT NULL);
    CREATE VIRTUAL TABLE words USING fts5(
        prompt, negative, model, lora, sampler, name,
        content='', contentless_delete=1, prefix='2 3', tokenize='unicode61 remove_diacritics 2'
    );";

/// An open index.
#[derive(Debug)]
pub(crate) struct Index {
    database: Connection,
    /// `None` while it lives in memory only.
    file: Option<PathBuf>,
}

impl Index {
    /// Opens the index at `file`, or begins one. Where none can be kept it lives in memory, for this run.
    ///
    /// # Errors
    /// When `SQLite` cannot even do that.
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let opened = connect(file).or_else(|error| {
            tracing::warn!("the gallery's index is begun anew: {error}");
            remove(file);
            connect(file)
        });
        match opened {
            Ok(database) => Ok(Self { database, file: Some(file.to_owned()) }),
            Err(error) => {
                tracing::warn!("the gallery's index is kept in memory only ({error}): {}", file.display());
                let database = Connection::open_in_memory()?;
                prepare(&database)?;
                Ok(Self { database, file: None })
            }
        }
    }

    /// The pictures that fit what was typed (see [`Query`]); `None` for a text that says nothing.
    ///
    /// # Errors
    /// When the file is damaged; it is begun anew by [`Self::mend`].
    pub(crate) fn search(&self, text: &str, labels: &Labels) -> rusqlite::Result<Option<Found>> {
        let query = Query::parse(text, labels);
        if query.is_empty() {
            return Ok(None);
        }
        let (sql, values) = query.sql();
        let mut statement = self.database.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut found = Found::default();
        while let Some(row) = rows.next()? {
            found.add(row.get(0)?);
        }
        Ok(Some(found))
    }

    /// The pictures that were made from the one of this name (see `Request::made_from`), oldest first.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub(crate) fn made_from(&self, name: &str) -> rusqlite::Result<Vec<PathBuf>> {
        /// As many as anybody looks through.
        const MOST: usize = 64;
        let mut statement = self
            .database
            .prepare_cached(&format!("SELECT path FROM pictures WHERE made_from = ? ORDER BY modified LIMIT {MOST}"))?;
        let rows = statement.query_map([name], |row| row.get::<_, String>(0))?;
        rows.map(|path| path.map(PathBuf::from)).collect()
    }

    /// What there is to choose among: models and sizes, the most used first.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub(crate) fn facets(&self) -> rusqlite::Result<Facets> {
        /// More would be no menu.
        const MOST: usize = 12;
        let listed = |what: &str| -> rusqlite::Result<Vec<String>> {
            let sql = format!(
                "SELECT {what} AS what, count(*) FROM pictures WHERE what <> '' GROUP BY what ORDER BY 2 DESC, 1 LIMIT {MOST}"
            );
            self.database.prepare_cached(&sql)?.query_map([], |row| row.get(0))?.collect()
        };
        Ok(Facets { models: listed("model")?, sizes: listed("width || 'x' || height")? })
    }

    /// After an error: a damaged file is begun anew, empty. `false` where the error is another one.
    pub(crate) fn mend(&mut self, error: &rusqlite::Error) -> bool {
        let is_damaged = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown)
        );
        let Some(file) = self.file.clone().filter(|_| is_damaged) else { return false };
        tracing::warn!("the gallery's index is damaged and is begun anew: {error}");
        // Closed before its file goes.
        let Ok(memory) = Connection::open_in_memory() else { return false };
        self.database = memory;
        remove(&file);
        Self::open(&file).map(|fresh| *self = fresh).is_ok()
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    if let Some(folder) = file.parent() {
        // Where this fails, opening says so.
        let _ = fs::create_dir_all(folder);
    }
    let database = Connection::open(file)?;
    prepare(&database)?;
    Ok(database)
}

fn prepare(database: &Connection) -> rusqlite::Result<()> {
    database.busy_timeout(PATIENCE)?;
    // Readers do not wait for the writer, and a power cut costs at most what was written last.
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "NORMAL")?;
    let version: i32 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == VERSION {
        return Ok(());
    }
    // Two programs may be here at once: the second finds the tables of the first.
    database.execute_batch("BEGIN IMMEDIATE")?;
    let version: i32 = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        database
            .execute_batch("DROP TABLE IF EXISTS pictures; DROP TABLE IF EXISTS keys; DROP TABLE IF EXISTS words;")?;
        database.execute_batch(TABLES)?;
        database.pragma_update(None, "user_version", VERSION)?;
    }
    database.execute_batch("COMMIT")
}

/// The database and what `SQLite` keeps beside it.
fn remove(file: &Path) {
    for ending in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        let _ = fs::remove_file(PathBuf::from(name));
    }
}

#[cfg(test)]
mod tests;
