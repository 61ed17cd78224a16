//! The files of a queue: where each stands, what is read of them at the start, and what is set aside.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::LeftBehind;
use super::entry;
use super::error::QueueError;
use super::list::List;
use crate::job::{KeptJob, Notice, Task};
use crate::store::atomic;

/// A job that was begun so often and never came to a kept step ends the program, as far as anybody can see.
const MOST_BEGINNINGS: u32 = 10;
/// Files that were set aside and are kept for a look.
const MOST_ASIDE: usize = 16;

/// Locked as long as it lives.
pub(super) struct Folder {
    pub path: PathBuf,
    _lock: File,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, QueueError> {
        let failed = |source| QueueError::Disk { source, folder: path.to_path_buf() };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(QueueError::InUse(path.to_path_buf())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    pub(super) fn job(&self, key: u64) -> PathBuf {
        self.path.join(format!("{key}.job"))
    }

    pub(super) fn step(&self, key: u64) -> PathBuf {
        self.path.join(format!("{key}.step"))
    }

    /// Reads everything, takes away what a write was interrupted in, and sets aside what cannot be read.
    pub(super) fn read(&self) -> Result<(LeftBehind, List), QueueError> {
        atomic::sweep(&self.path);
        let failed = |source| QueueError::Disk { source, folder: self.path.clone() };
        let mut keys = Vec::new();
        for file in fs::read_dir(&self.path).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            let key = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
            match (key, path.extension().and_then(|kind| kind.to_str())) {
                (Some(key), Some("job")) => keys.push(key),
                // What is left of a job that ended while the program did.
                (Some(key), Some("step")) if !self.job(key).exists() => atomic::remove_quietly(&path),
                _ => {}
            }
        }
        let mut list = List::load(&self.path);
        keys.sort_by_key(|key| list.place(*key));
        let mut notices = Vec::new();
        let mut jobs: Vec<KeptJob> = Vec::new();
        for key in keys {
            let begun = list.begun.get(&key).copied().unwrap_or(0);
            match self.read_one(key, &mut notices) {
                Ok(_) if begun >= MOST_BEGINNINGS => {
                    let aside = self.set_aside(key);
                    notices.push(notice(&format!(
                        "a waiting picture ended the program {begun} times and was set aside; its file is {}",
                        aside.display()
                    )));
                }
                Ok(mut job) => {
                    share_picture(&mut job.task, jobs.last().map(|last| &last.task));
                    jobs.push(job);
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    let aside = self.set_aside(key);
                    notices.push(notice(&format!(
                        "a waiting picture's file is damaged and was set aside; ask for the picture again: {}",
                        aside.display()
                    )));
                }
                // It may be readable next time.
                Err(error) => notices.push(notice(&format!(
                    "a waiting picture's file cannot be read ({error}) and is left for the next start: {}",
                    self.job(key).display()
                ))),
            }
        }
        list.order = jobs.iter().map(|job| job.key).collect();
        list.begun.retain(|key, _| list.order.contains(key));
        Ok((LeftBehind { jobs, notices }, list))
    }

    fn read_one(&self, key: u64, notices: &mut Vec<Notice>) -> io::Result<KeptJob> {
        let job = entry::read_job(&fs::read(self.job(key))?);
        let (mut task, destination, note) = job.ok_or(io::ErrorKind::InvalidData)?;
        let file = self.step(key);
        if let (Task::Generate(request), Ok(bytes)) = (&mut task, fs::read(&file)) {
            request.from_step = entry::read_step(&bytes).map(Arc::new);
            if request.from_step.is_none() {
                atomic::remove_quietly(&file);
                notices.push(notice("the steps of the picture that was being made are damaged: it is begun anew"));
            }
        }
        Ok(KeptJob { key, task, destination, note })
    }

    /// Where the file lies then.
    fn set_aside(&self, key: u64) -> PathBuf {
        let aside = self.path.join("set-aside");
        let target = aside.join(format!("{key}.job"));
        let moved = fs::create_dir_all(&aside).and_then(|()| fs::rename(self.job(key), &target));
        atomic::remove_quietly(&self.step(key));
        thin_out(&aside);
        match moved {
            Ok(()) => target,
            Err(_) => self.job(key),
        }
    }

    /// Takes a job's files away.
    pub(super) fn remove(&self, key: u64) {
        // In this order: a step alone is nothing.
        atomic::remove_quietly(&self.job(key));
        atomic::remove_quietly(&self.step(key));
    }
}

fn notice(sentence: &str) -> Notice {
    sentence.to_owned().into()
}

/// The pictures of one press of the button are one, as they were.
fn share_picture(task: &mut Task, before: Option<&Task>) {
    let Task::Generate(request) = task else { return };
    let Some(Task::Generate(before)) = before else { return };
    if let (Some(init), Some(known)) = (&mut request.init, &before.init)
        && init.picture == known.picture
    {
        init.picture = Arc::clone(&known.picture);
    }
    if let (Some(mask), Some(known)) = (&mut request.mask, &before.mask)
        && mask.plane == known.plane
    {
        mask.plane = Arc::clone(&known.plane);
    }
}

/// Keeps the newest files of `folder`.
fn thin_out(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let mut files: Vec<_> = files.flatten().map(|file| file.path()).collect();
    files.sort_by_key(|file| fs::metadata(file).and_then(|file| file.modified()).ok());
    let surplus = files.len().saturating_sub(MOST_ASIDE);
    files[..surplus].iter().for_each(|file| atomic::remove_quietly(file));
}
