//! Writes a queue's files, on a thread of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::LeftBehind;
use super::desk::{Command, Desk};
use super::entry;
use super::error::QueueError;
use super::folder::Folder;
use super::list::List;
use crate::job::{Destination, JobId, JobNote, Task};
use crate::store::atomic;

/// All jobs together. A photo of 24 megapixels is about 30 MB.
const MOST_BYTES: u64 = 2 << 30;

/// How often it looks for steps.
const LOOK: Duration = Duration::from_millis(200);

pub(super) struct Writer {
    folder: Folder,
    list: List,
    /// What the list on the disk says.
    saved: List,
    keys: HashMap<JobId, u64>,
    /// Of each job's file.
    bytes: BTreeMap<u64, u64>,
    next_key: u64,
    running: Vec<u64>,
    shared: Arc<Desk>,
    step_pause: Duration,
    steps_written: Instant,
    /// A disk that fails is reported once, until it works again.
    has_failed: bool,
    /// In a sentence, until somebody asks whether all is written.
    unwritten: Option<String>,
}

impl Writer {
    /// Reads the folder first.
    pub(super) fn begin(folder: Folder, shared: Arc<Desk>, step_pause: Duration) -> Self {
        let (left, list) = folder.read().unwrap_or_else(|problem| {
            shared.report(problem);
            <(LeftBehind, List)>::default()
        });
        shared.leave(left);
        let size = |key: &u64| (*key, fs::metadata(folder.job(*key)).map_or(0, |file| file.len()));
        let bytes: BTreeMap<u64, u64> = list.order.iter().map(size).collect();
        // Files that could not be read now are not written over either.
        let taken = fs::read_dir(&folder.path).into_iter().flatten().flatten();
        let taken = taken.filter_map(|file| file.path().file_stem()?.to_str()?.parse::<u64>().ok());
        let next_key = taken.max().unwrap_or(0) + 1;
        Self {
            saved: List::load(&folder.path),
            folder,
            list,
            keys: HashMap::new(),
            bytes,
            next_key,
            running: Vec::new(),
            shared,
            step_pause,
            steps_written: Instant::now(),
            has_failed: false,
            unwritten: None,
        }
    }

    /// Until it is closed.
    pub(super) fn work(&mut self, commands: &Receiver<Command>) {
        loop {
            let first = match commands.recv_timeout(self.step_pause.min(LOOK)) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Command::Close),
            };
            let batch: Vec<Command> = first.into_iter().chain(commands.try_iter()).collect();
            let ended: HashSet<JobId> = batch
                .iter()
                .filter_map(|command| if let Command::End(job) = command { Some(*job) } else { None })
                .collect();
            let (mut is_closing, mut flushed) = (false, Vec::new());
            for command in batch {
                is_closing |= matches!(command, Command::Close);
                self.take(command, &ended, &mut flushed);
            }
            if is_closing {
                // Whoever closes the program has not seen a job fail.
                for key in std::mem::take(&mut self.running) {
                    self.list.begun.remove(&key);
                }
            }
            // The first step of a job at once: from there it never starts from nothing again.
            let has_no_step = self.running.iter().any(|key| self.list.begun.contains_key(key));
            if is_closing || has_no_step || self.steps_written.elapsed() >= self.step_pause {
                self.write_steps();
            }
            self.write_list();
            if !flushed.is_empty() {
                let unwritten = self.unwritten.take();
                for done in flushed {
                    let _ = done.send(unwritten.clone());
                }
            }
            if is_closing {
                return;
            }
        }
    }

    fn take(&mut self, command: Command, ended: &HashSet<JobId>, flushed: &mut Vec<Sender<Option<String>>>) {
        match command {
            // It has come and gone.
            Command::Add { job, .. } if ended.contains(&job) => {}
            Command::Add { job, task, destination, note } => self.add(job, &task, &destination, &note),
            Command::Know { job, key } => {
                self.keys.insert(job, key);
            }
            Command::Order(waiting) => {
                // What one device has handed to another waits again, and has begun all the same.
                let keys = waiting.iter().filter_map(|job| self.keys.get(job).copied());
                let keys = keys.filter(|key| !self.running.contains(key));
                let mut order: Vec<u64> = self.running.iter().copied().chain(keys).collect();
                // What nobody has submitted again yet.
                let known: HashSet<u64> = self.keys.values().copied().collect();
                order.extend(self.list.order.iter().filter(|key| !known.contains(key)));
                self.list.order = order;
            }
            Command::Begin(job) => {
                if let Some(key) = self.keys.get(&job) {
                    self.running.push(*key);
                    *self.list.begun.entry(*key).or_default() += 1;
                }
            }
            Command::End(job) => {
                let Some(key) = self.keys.remove(&job) else { return };
                self.folder.remove(key);
                self.bytes.remove(&key);
                self.list.order.retain(|known| *known != key);
                self.list.begun.remove(&key);
                self.running.retain(|running| *running != key);
            }
            Command::Flush(done) => flushed.push(done),
            Command::Close => {}
        }
    }

    fn add(&mut self, job: JobId, task: &Task, destination: &Destination, note: &JobNote) {
        let Some(bytes) = entry::job_bytes(task, destination, note) else {
            let source = io::Error::other("a picture could not be packed");
            return self.failed(QueueError::Disk { source, folder: self.folder.path.clone() });
        };
        if self.bytes.values().sum::<u64>() + bytes.len() as u64 > MOST_BYTES {
            return self.failed(QueueError::Full { most_gb: MOST_BYTES >> 30 });
        }
        let key = self.next_key;
        self.next_key += 1;
        let written = atomic::write(&self.folder.job(key), &bytes);
        if self.succeeded(written) {
            self.keys.insert(job, key);
            self.bytes.insert(key, bytes.len() as u64);
        }
    }

    fn write_steps(&mut self) {
        self.steps_written = Instant::now();
        for (job, state) in self.shared.take_steps() {
            let Some(key) = self.keys.get(&job).copied() else { continue };
            let Some(bytes) = entry::step_bytes(&state) else { continue };
            let written = atomic::write(&self.folder.step(key), &bytes);
            if self.succeeded(written) {
                self.list.begun.remove(&key);
            }
        }
    }

    fn write_list(&mut self) {
        if self.list == self.saved {
            return;
        }
        let saved = self.list.save(&self.folder.path);
        if self.succeeded(saved) {
            self.saved.clone_from(&self.list);
        }
    }

    fn succeeded(&mut self, outcome: io::Result<()>) -> bool {
        match outcome {
            Ok(()) => {
                self.has_failed = false;
                true
            }
            Err(source) => {
                self.failed(QueueError::Disk { source, folder: self.folder.path.clone() });
                false
            }
        }
    }

    fn failed(&mut self, problem: QueueError) {
        self.unwritten = Some(problem.to_string());
        if !std::mem::replace(&mut self.has_failed, true) {
            self.shared.report(problem);
        }
    }
}
