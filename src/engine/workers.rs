//! Which workers there are, one for each device: who is wanted, who has a thread, and whose device has failed.

/// By number, from 0.
#[derive(Debug, Default)]
pub(super) struct Workers {
    list: Vec<Worker>,
    /// The first so many shall work.
    wanted: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Worker {
    has_thread: bool,
    /// Its device has failed: others are better off with the jobs.
    is_resting: bool,
}

impl Workers {
    /// At least one. Whoever rested works again. Gives the numbers of those that need a thread, which count as having one.
    pub(super) fn set_wanted(&mut self, count: usize) -> Vec<usize> {
        self.wanted = count.max(1);
        self.list.resize(self.list.len().max(self.wanted), Worker::default());
        self.list.iter_mut().for_each(|worker| worker.is_resting = false);
        let new = self.list[..self.wanted].iter_mut().enumerate().filter(|(_, worker)| !worker.has_thread);
        new.map(|(number, worker)| {
            worker.has_thread = true;
            number
        })
        .collect()
    }

    pub(super) fn is_wanted(&self, worker: usize) -> bool {
        worker < self.wanted
    }

    pub(super) fn ended(&mut self, worker: usize) {
        if let Some(worker) = self.list.get_mut(worker) {
            worker.has_thread = false;
        }
    }

    pub(super) fn has_any(&self) -> bool {
        self.list.iter().any(|worker| worker.has_thread)
    }

    pub(super) fn is_resting(&self, worker: usize) -> bool {
        self.list.get(worker).is_some_and(|worker| worker.is_resting)
    }

    /// Not the last that works.
    pub(super) fn rest(&mut self, worker: usize) {
        if self.has_other(worker, &[])
            && let Some(worker) = self.list.get_mut(worker)
        {
            worker.is_resting = true;
        }
    }

    /// Whether somebody works besides `worker` and those in `without`.
    pub(super) fn has_other(&self, worker: usize, without: &[usize]) -> bool {
        self.working().any(|other| other != worker && !without.contains(&other))
    }

    /// How many work.
    pub(super) fn count(&self) -> usize {
        self.working().count()
    }

    fn working(&self) -> impl Iterator<Item = usize> {
        let wanted = self.list.iter().take(self.wanted).enumerate();
        wanted.filter(|(_, worker)| worker.has_thread && !worker.is_resting).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_without_a_thread_are_started_and_none_twice() {
        let mut workers = Workers::default();
        assert_eq!(workers.set_wanted(2), [0, 1]);
        assert_eq!(workers.set_wanted(3), [2]);
        assert!(workers.set_wanted(1).is_empty() && !workers.is_wanted(2));
        // It was wanted again before its thread had seen that it was not.
        assert!(workers.set_wanted(3).is_empty());
        workers.ended(1);
        assert_eq!(workers.set_wanted(3), [1]);
        assert!(workers.set_wanted(0).is_empty() && workers.is_wanted(0), "somebody works in any case");
    }

    #[test]
    fn the_last_that_works_never_rests_and_a_new_choice_wakes_all() {
        let mut workers = Workers::default();
        workers.set_wanted(2);
        workers.rest(0);
        workers.rest(1);
        assert!(workers.is_resting(0) && !workers.is_resting(1) && workers.count() == 1);
        assert!(!workers.has_other(1, &[]), "who rests is nobody to hand anything to");
        workers.set_wanted(2);
        assert!(workers.has_other(1, &[]) && !workers.has_other(1, &[0]));
    }
}
