//! What became of jobs, for those who ask later: one file each, a header as JSON and a picture. Whoever keeps them says what
//! is in the header, and lets them go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::sealed::{opened, sealed};
use crate::store::atomic;

/// The last byte counts the layout's versions.
const MAGIC: [u8; 8] = *b"INKDONE\x01";
const ENDING: &str = "done";

/// A folder of them.
pub(crate) struct Outcomes {
    folder: PathBuf,
}

/// As it was written.
pub(crate) struct KeptOutcome {
    pub name: String,
    pub header: Vec<u8>,
    pub picture: Vec<u8>,
}

impl Outcomes {
    /// # Errors
    /// When the folder cannot be made.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        atomic::sweep(folder);
        Ok(Self { folder: folder.to_path_buf() })
    }

    /// All that can be read, the oldest first. What is damaged goes: nobody could be given it.
    pub(crate) fn read(&self) -> Vec<KeptOutcome> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|file| file.path());
        let mut files: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).collect();
        files.sort_by_key(|file| fs::metadata(file).and_then(|file| file.modified()).ok());
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).ok()?;
            let found = path.file_stem().and_then(|name| name.to_str()).and_then(|name| outcome(name, &bytes));
            if found.is_none() {
                tracing::warn!("an outcome is damaged and is taken away: {}", path.display());
                atomic::remove_quietly(&path);
            }
            found
        };
        files.into_iter().filter_map(read).collect()
    }

    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn save(&self, name: &str, header: &[u8], picture: &[u8]) -> io::Result<()> {
        let body = [&(header.len() as u32).to_le_bytes()[..], header, picture].concat();
        atomic::write(&self.file(name), &sealed(MAGIC, &body))
    }

    pub(crate) fn remove(&self, name: &str) {
        atomic::remove_quietly(&self.file(name));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ENDING}"))
    }
}

fn outcome(name: &str, bytes: &[u8]) -> Option<KeptOutcome> {
    let (length, rest) = opened(MAGIC, bytes)?.split_first_chunk()?;
    let (header, picture) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(KeptOutcome { name: name.to_owned(), header: header.to_vec(), picture: picture.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_back_and_a_damaged_one_goes() {
        let home = tempfile::tempdir().unwrap();
        let outcomes = Outcomes::open(home.path()).unwrap();
        outcomes.save("a-1", b"{}", b"picture").unwrap();
        outcomes.save("a-2", b"{\"b\":1}", b"").unwrap();
        outcomes.save("a-3", b"{}", b"").unwrap();
        outcomes.remove("a-3");
        fs::write(home.path().join(".inkwick-5-5.part"), b"half").unwrap();
        let file = home.path().join("a-2.done");
        let mut bytes = fs::read(&file).unwrap();
        let found = Outcomes::open(home.path()).unwrap().read();
        let of = |name: &str| found.iter().find(|outcome| outcome.name == name).map(|one| (&one.header, &one.picture));
        assert_eq!(of("a-1"), Some((&b"{}".to_vec(), &b"picture".to_vec())));
        assert_eq!(of("a-2"), Some((&b"{\"b\":1}".to_vec(), &Vec::new())));
        assert_eq!(found.len(), 2);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&file, &bytes).unwrap();
        assert_eq!(Outcomes::open(home.path()).unwrap().read().len(), 1);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
