//! When a picture is drawn anew while one paints: at each pause of the hand, the newest wish alone, and never so often
//! that none comes to its end. Knows no window and no engine: times come in, decisions go out.

use std::time::{Duration, Instant};

use crate::job::JobId;

/// The hand rests when nothing has changed for so long.
pub(crate) const PAUSE: Duration = Duration::from_millis(120);

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Nothing,
    /// Ask again after this time.
    Wait(Duration),
    /// What runs is stale, and not worth its end.
    Cancel(JobId),
    /// Draw what is wished for now.
    Draw,
}

/// How far the newest drawing has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Run {
    /// On its way to the engine, by the number under which others answer.
    Preparing(u64),
    Job {
        id: JobId,
        progress: Progress,
        is_cancelled: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Progress {
    Waiting,
    /// A model that is half read would have to be read again.
    Loading,
    /// The share of its steps.
    Running(f32),
}

/// `W` is all that a picture is drawn from: where two are equal, so are their pictures.
#[derive(Debug)]
pub(crate) struct Pace<W> {
    wish: Option<W>,
    changed_at: Option<Instant>,
    /// What the newest drawing was begun from.
    begun: Option<W>,
    begun_at: Option<Instant>,
    run: Option<Run>,
}

impl<W> Default for Pace<W> {
    fn default() -> Self {
        Self { wish: None, changed_at: None, begun: None, begun_at: None, run: None }
    }
}

impl<W: PartialEq> Pace<W> {
    /// What is wished for at this moment; `None` where nothing can be drawn.
    pub(crate) fn wish(&mut self, wish: Option<W>, now: Instant) {
        if self.wish != wish {
            self.wish = wish;
            self.changed_at = Some(now);
        }
    }

    #[must_use]
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.run.is_none() && self.wish == self.begun
    }

    #[must_use]
    pub(crate) fn next(&self, now: Instant) -> Step {
        if self.wish.is_none() || self.wish == self.begun {
            return Step::Nothing;
        }
        let rested = self.changed_at.map_or(PAUSE, |changed_at| now.saturating_duration_since(changed_at));
        if rested < PAUSE {
            return Step::Wait(PAUSE.saturating_sub(rested));
        }
        match self.run {
            None | Some(Run::Preparing(_)) => Step::Draw,
            Some(Run::Job { is_cancelled: true, .. }) => Step::Nothing,
            Some(Run::Job { id, progress, .. }) => match progress {
                Progress::Running(share) if share > 0.5 => Step::Nothing,
                Progress::Loading => Step::Nothing,
                Progress::Waiting | Progress::Running(_) => Step::Cancel(id),
            },
        }
    }
}

impl<W: Clone> Pace<W> {
    /// The newest wish is on its way under this number; an earlier one that was is forgotten.
    pub(crate) fn begin(&mut self, ask: u64, now: Instant) {
        self.begun.clone_from(&self.wish);
        self.begun_at = Some(now);
        self.run = Some(Run::Preparing(ask));
    }
}

impl<W> Pace<W> {
    #[must_use]
    pub(crate) fn is_preparing(&self, ask: u64) -> bool {
        self.run == Some(Run::Preparing(ask))
    }

    /// The engine has it.
    pub(crate) fn submitted(&mut self, id: JobId) {
        self.run = Some(Run::Job { id, progress: Progress::Waiting, is_cancelled: false });
    }

    /// The job, if there is one.
    #[must_use]
    pub(crate) fn job(&self) -> Option<JobId> {
        match self.run {
            Some(Run::Job { id, .. }) => Some(id),
            Some(Run::Preparing(_)) | None => None,
        }
    }

    pub(crate) fn loading(&mut self) {
        if let Some(Run::Job { progress, .. }) = &mut self.run {
            *progress = Progress::Loading;
        }
    }

    /// So much of its steps is done, 0 to 1.
    pub(crate) fn running(&mut self, share: f32) {
        if let Some(Run::Job { progress, .. }) = &mut self.run {
            *progress = Progress::Running(share);
        }
    }

    pub(crate) fn cancelled(&mut self) {
        if let Some(Run::Job { is_cancelled, .. }) = &mut self.run {
            *is_cancelled = true;
        }
    }

    /// It has ended, however; after how long, from its wish.
    pub(crate) fn ended(&mut self, now: Instant) -> Option<Duration> {
        self.run = None;
        self.begun_at.map(|begun_at| now.saturating_duration_since(begun_at))
    }

    #[must_use]
    pub(crate) fn is_drawing(&self) -> bool {
        self.run.is_some()
    }

    #[must_use]
    pub(crate) fn is_loading(&self) -> bool {
        matches!(self.run, Some(Run::Job { progress: Progress::Loading, .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Hand {
        pace: Pace<u32>,
        now: Instant,
        ask: u64,
    }

    impl Hand {
        fn new() -> Self {
            Self { pace: Pace::default(), now: Instant::now(), ask: 0 }
        }

        /// Paints, and rests for so many milliseconds.
        fn paints(&mut self, wish: u32, rest_ms: u64) -> Step {
            self.pace.wish(Some(wish), self.now);
            self.now += Duration::from_millis(rest_ms);
            self.pace.wish(Some(wish), self.now);
            self.pace.next(self.now)
        }

        fn draws(&mut self) -> JobId {
            assert_eq!(self.pace.next(self.now), Step::Draw);
            self.ask += 1;
            self.pace.begin(self.ask, self.now);
            let job = JobId(self.ask);
            self.pace.submitted(job);
            job
        }
    }

    #[test]
    fn only_a_pause_draws_and_each_wish_once() {
        let mut hand = Hand::new();
        assert_eq!(hand.pace.next(hand.now), Step::Nothing, "nothing is wished for");
        assert_eq!(hand.paints(1, 100), Step::Wait(Duration::from_millis(20)));
        assert_eq!(hand.paints(2, 119), Step::Wait(Duration::from_millis(1)), "the hand went on");
        assert_eq!(hand.paints(2, 1), Step::Draw);
        hand.draws();
        assert_eq!(hand.paints(2, 5000), Step::Nothing);
        assert!(hand.pace.ended(hand.now).is_some_and(|took| took == Duration::from_secs(5)));
        assert_eq!(hand.paints(2, 5000), Step::Nothing, "it was drawn already");
        assert_eq!(hand.paints(3, 200), Step::Draw);
    }

    #[test]
    fn what_is_more_than_half_done_comes_to_its_end() {
        for (share, wanted) in [(0.0, true), (0.25, true), (0.5, true), (0.75, false), (1.0, false)] {
            let mut hand = Hand::new();
            hand.paints(1, 200);
            let job = hand.draws();
            hand.pace.running(share);
            let step = hand.paints(2, 200);
            assert_eq!(step, if wanted { Step::Cancel(job) } else { Step::Nothing }, "{share}");
            if wanted {
                hand.pace.cancelled();
                assert_eq!(hand.paints(3, 200), Step::Nothing, "cancelled once");
            }
            hand.pace.ended(hand.now);
            // Of all that was wished for meanwhile, the newest is drawn.
            hand.paints(4, 200);
            assert_eq!(hand.draws(), JobId(2));
            assert_eq!(hand.pace.begun, Some(4));
        }
    }

    #[test]
    fn what_waits_is_replaced_and_what_is_read_is_let_be() {
        let mut hand = Hand::new();
        hand.paints(1, 200);
        let job = hand.draws();
        assert_eq!(hand.paints(2, 200), Step::Cancel(job), "it waits behind another job");
        let mut hand = Hand::new();
        hand.paints(1, 200);
        hand.draws();
        hand.pace.loading();
        assert_eq!(hand.paints(2, 200), Step::Nothing, "or a slow model would never be read");
        let mut hand = Hand::new();
        hand.paints(1, 200);
        hand.pace.begin(1, hand.now);
        assert_eq!(hand.paints(2, 200), Step::Draw, "what is being prepared is overtaken");
        hand.pace.begin(2, hand.now);
        assert!(!hand.pace.is_preparing(1) && hand.pace.is_preparing(2));
    }

    #[test]
    fn where_nothing_can_be_drawn_nothing_is() {
        let mut hand = Hand::new();
        hand.paints(1, 200);
        hand.pace.wish(None, hand.now);
        hand.now += Duration::from_secs(1);
        assert_eq!(hand.pace.next(hand.now), Step::Nothing);
    }
}
