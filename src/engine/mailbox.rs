//! What the engine has told and nobody has read yet.
//!
//! A bounded channel would make the engine wait for a window that is hidden. Here it never waits: a preview that is
//! overtaken before it was read gives up its pixels (the step itself stays countable), so a slow reader sees only the
//! newest, and what remains is small and limited by the queue.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::job::{Event, EventKind, Progress, Wake};

pub struct Mailbox {
    events: Mutex<VecDeque<Event>>,
    arrived: Condvar,
    wake: Wake,
}

impl Mailbox {
    pub fn new(wake: Wake) -> Self {
        Self { events: Mutex::default(), arrived: Condvar::new(), wake }
    }

    pub fn post(&self, event: Event) {
        {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            match &event.kind {
                EventKind::Progress(Progress::Step { .. }) => drop_older_previews(&mut events, &event),
                EventKind::Progress(Progress::Loading { .. }) => {
                    let is_loading = |kind: &EventKind| matches!(kind, EventKind::Progress(Progress::Loading { .. }));
                    events.retain(|old| old.job != event.job || !is_loading(&old.kind));
                }
                _ => {}
            }
            events.push_back(event);
        }
        self.arrived.notify_one();
        (self.wake)();
    }

    pub fn try_take(&self) -> Option<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub fn take_timeout(&self, timeout: Duration) -> Option<Event> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut events, _) = self
            .arrived
            .wait_timeout_while(events, timeout, |events| events.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        events.pop_front()
    }
}

fn drop_older_previews(events: &mut VecDeque<Event>, newer: &Event) {
    for old in events.iter_mut().filter(|old| old.job == newer.job) {
        if let EventKind::Progress(Progress::Step { preview, .. }) = &mut old.kind {
            *preview = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::job::{JobId, ModelPart};
    use crate::raster::Picture;

    fn step(job: u64, done: u32) -> Event {
        let preview = Some(Arc::new(Picture::filled(2, 2, [0; 4])));
        let step = Progress::Step { done, total: 20, seconds: 0.1, preview };
        Event { job: JobId(job), kind: EventKind::Progress(step) }
    }

    #[test]
    fn a_slow_reader_counts_every_step_and_sees_only_the_newest_preview() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let mailbox = Mailbox::new(Arc::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        for done in 1..=3 {
            mailbox.post(step(1, done));
        }
        mailbox.post(step(2, 1));
        let seen: Vec<_> = std::iter::from_fn(|| mailbox.try_take())
            .map(|event| match event.kind {
                EventKind::Progress(Progress::Step { done, preview, .. }) => (event.job.0, done, preview.is_some()),
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(seen, [(1, 1, false), (1, 2, false), (1, 3, true), (2, 1, true)]);
        assert_eq!(woken.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn only_the_newest_loading_fraction_waits() {
        let mailbox = Mailbox::new(Arc::new(|| {}));
        for fraction in [0.1, 0.5, 0.9] {
            let loading = Progress::Loading { part: ModelPart::Unet, fraction };
            mailbox.post(Event { job: JobId(1), kind: EventKind::Progress(loading) });
        }
        let event = mailbox.take_timeout(Duration::ZERO).unwrap();
        assert!(
            matches!(event.kind, EventKind::Progress(Progress::Loading { fraction, .. }) if (fraction - 0.9).abs() < 1e-6)
        );
        assert!(mailbox.try_take().is_none());
    }
}
