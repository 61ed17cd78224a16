//! The most memory that this process ever took: from `/proc` on Linux, from `getrusage` on macOS, and from samples on
//! Windows.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use super::memory::resident_memory_bytes;

/// Between two samples, where the system keeps no peak.
const INTERVAL: Duration = Duration::from_millis(50);

/// The most that was ever resident, or `None` where that is unknown. On Windows it is the most that was sampled by
/// this function or while a [`PeakWatch`] was there.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    own_peak_bytes().or_else(|| Samples::of_program().sample())
}

/// As the system itself keeps it.
#[cfg(target_os = "linux")]
fn own_peak_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(kib.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(target_os = "macos")]
fn own_peak_bytes() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    // In bytes, unlike on other systems.
    u64::try_from(getrusage(UsageWho::RUSAGE_SELF).ok()?.max_rss()).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn own_peak_bytes() -> Option<u64> {
    None
}

/// The most that was sampled.
struct Samples {
    most: AtomicU64,
    read: Box<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl Samples {
    fn new(read: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { most: AtomicU64::new(0), read: Box::new(read) })
    }

    fn of_program() -> &'static Arc<Self> {
        static SAMPLES: OnceLock<Arc<Samples>> = OnceLock::new();
        SAMPLES.get_or_init(|| Self::new(resident_memory_bytes))
    }

    /// Samples now, and gives the most so far.
    fn sample(&self) -> Option<u64> {
        let now = (self.read)()?;
        Some(self.most.fetch_max(now, Ordering::Relaxed).max(now))
    }
}

/// Sees to it that [`peak_memory_bytes`] misses nothing while this is there. Does nothing where the system keeps the
/// peak itself.
#[must_use]
pub struct PeakWatch {
    /// Samples until it is dropped.
    _watcher: Option<Watcher>,
}

impl PeakWatch {
    pub fn start() -> Self {
        let is_kept = own_peak_bytes().is_some();
        Self { _watcher: if is_kept { None } else { Watcher::start(Samples::of_program()) } }
    }
}

struct Watcher {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// `None` where the system gives no thread: the peak is then what was sampled otherwise.
    fn start(samples: &Arc<Samples>) -> Option<Self> {
        let ends = Arc::new(AtomicBool::new(false));
        let (samples, must_end) = (Arc::clone(samples), Arc::clone(&ends));
        let work = move || {
            while !must_end.load(Ordering::Relaxed) {
                samples.sample();
                std::thread::park_timeout(INTERVAL);
            }
        };
        let thread = std::thread::Builder::new().name("inkwick-memory".into()).spawn(work);
        let thread = thread.inspect_err(|error| tracing::warn!("memory is not watched: {error}")).ok()?;
        Some(Self { ends, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the thread that watches memory ended in a panic");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::memory::total_memory_bytes;

    #[test]
    fn the_peak_is_no_less_than_what_is_there_and_fits_into_the_machine() {
        let (resident, peak) = (resident_memory_bytes().unwrap(), peak_memory_bytes().unwrap());
        assert!(resident / 2 < peak && peak < total_memory_bytes().unwrap(), "{peak}, {resident} now");
    }

    /// What Windows does, on every system. Memory that other tests take meanwhile must not matter: so it is scripted.
    #[test]
    fn a_short_peak_is_sampled() {
        let (reads, resident) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(100)));
        let (counted, shown) = (Arc::clone(&reads), Arc::clone(&resident));
        let samples = Samples::new(move || {
            let now = shown.load(Ordering::SeqCst);
            counted.fetch_add(1, Ordering::SeqCst);
            Some(now)
        });
        let watcher = Watcher::start(&samples).unwrap();
        for bytes in [900, 50] {
            resident.store(bytes, Ordering::SeqCst);
            let until = reads.load(Ordering::SeqCst) + 2;
            while reads.load(Ordering::SeqCst) < until {
                std::thread::sleep(INTERVAL);
            }
        }
        drop(watcher);
        assert_eq!(samples.sample(), Some(900));
    }
}
