//! A job's events from the engine to its front, without ever making the engine wait.
//!
//! A preview that was overtaken before it was read gives up its pixels: a slow reader sees only the newest, and what
//! remains is small.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::job::{Event, EventKind, JobId, Outcome, Progress, Wake};

pub(super) struct Mailbox {
    job: JobId,
    mail: Mutex<Mail>,
    arrived: Condvar,
    wake: Wake,
}

struct Mail {
    events: VecDeque<Event>,
    /// Stays when its event was read.
    outcome: Option<Outcome>,
}

impl Mailbox {
    /// `Queued` lies in it from the start, so that nothing can come before.
    pub(super) fn new(job: JobId, wake: Wake) -> Self {
        let events = VecDeque::from([Event { job, kind: EventKind::Queued }]);
        Self { job, mail: Mutex::new(Mail { events, outcome: None }), arrived: Condvar::new(), wake }
    }

    /// Has the front look.
    pub(super) fn wake(&self) {
        self.arrived.notify_all();
        (self.wake)();
    }

    pub(super) fn post(&self, kind: EventKind) {
        {
            let mut mail = self.lock();
            match &kind {
                EventKind::Progress(Progress::Step { .. }) => drop_previews(&mut mail.events),
                EventKind::Progress(Progress::Loading { .. }) => {
                    mail.events.retain(|old| !matches!(old.kind, EventKind::Progress(Progress::Loading { .. })));
                }
                EventKind::Ended(outcome) => mail.outcome = Some(outcome.clone()),
                EventKind::Queued
                | EventKind::Progress(
                    Progress::Resolved { .. } | Progress::Decoded { .. } | Progress::Reached(_) | Progress::Notice(_),
                ) => {}
            }
            mail.events.push_back(Event { job: self.job, kind });
        }
        self.wake();
    }

    pub(super) fn try_take(&self) -> Option<Event> {
        self.lock().events.pop_front()
    }

    pub(super) fn take_timeout(&self, timeout: Duration) -> Option<Event> {
        let is_waiting = |mail: &mut Mail| mail.events.is_empty() && mail.outcome.is_none();
        let (mut mail, _) =
            self.arrived.wait_timeout_while(self.lock(), timeout, is_waiting).unwrap_or_else(PoisonError::into_inner);
        mail.events.pop_front()
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.lock().outcome.clone()
    }

    /// Sleeps until the job has ended.
    pub(super) fn wait(&self) -> Outcome {
        let mut mail = self.lock();
        loop {
            if let Some(outcome) = &mail.outcome {
                return outcome.clone();
            }
            mail = self.arrived.wait(mail).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether the job has ended and every event was read.
    pub(super) fn is_read(&self) -> bool {
        let mail = self.lock();
        mail.outcome.is_some() && mail.events.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_previews(events: &mut VecDeque<Event>) {
    for old in events {
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
    use crate::job::ModelPart;
    use crate::raster::Picture;

    #[test]
    fn a_slow_reader_counts_every_step_and_sees_only_the_newest_preview() {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let wake = move || {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let mailbox = Mailbox::new(JobId(1), Arc::new(wake));
        for done in 1..=3 {
            let preview = Some(Arc::new(Picture::filled(2, 2, [0; 4])));
            mailbox.post(EventKind::Progress(Progress::Step { done, total: 20, seconds: 0.1, preview }));
        }
        let seen: Vec<_> = std::iter::from_fn(|| mailbox.try_take())
            .filter_map(|event| match event.kind {
                EventKind::Progress(Progress::Step { done, preview, .. }) => Some((done, preview.is_some())),
                _ => None,
            })
            .collect();
        assert_eq!(seen, [(1, false), (2, false), (3, true)]);
        assert_eq!(woken.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn only_the_newest_loading_fraction_waits() {
        let mailbox = Mailbox::new(JobId(1), Arc::new(|| {}));
        for fraction in [0.1, 0.5, 0.9] {
            mailbox.post(EventKind::Progress(Progress::Loading { part: ModelPart::Unet, fraction }));
        }
        assert!(matches!(mailbox.take_timeout(Duration::ZERO).unwrap().kind, EventKind::Queued));
        let event = mailbox.take_timeout(Duration::ZERO).unwrap();
        let EventKind::Progress(Progress::Loading { fraction, .. }) = event.kind else { panic!("{event:?}") };
        assert!((fraction - 0.9).abs() < 1e-6);
        assert!(mailbox.try_take().is_none());
    }

    #[test]
    fn the_outcome_stays_when_its_event_was_read() {
        let mailbox = Mailbox::new(JobId(1), Arc::new(|| {}));
        mailbox.post(EventKind::Ended(Outcome::Cancelled));
        assert!(matches!(mailbox.try_take().unwrap().kind, EventKind::Queued));
        assert!(!mailbox.is_read());
        assert!(matches!(mailbox.try_take().unwrap().kind, EventKind::Ended(Outcome::Cancelled)));
        assert!(mailbox.is_read() && matches!(mailbox.wait(), Outcome::Cancelled));
        assert!(mailbox.take_timeout(Duration::from_mins(1)).is_none(), "nobody waits for what cannot come");
    }
}
