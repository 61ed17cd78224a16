//! The queue as a person sees it: rows of pictures that were asked for at once, in the order in which they will be made.

use crate::job::JobId;
use crate::ui::action::Press;
use crate::ui::results::candidate::{Candidate, Candidates, Kind, Stage};

/// A row that waits.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    pub press: Press,
    /// At least one.
    pub pictures: Vec<&'a Candidate>,
}

/// A picture that is being made, and the row that it is of.
#[derive(Clone, Debug)]
pub struct RunningRow<'a> {
    pub picture: &'a Candidate,
    /// Which of the row it is, from 1, and of how many.
    pub number: usize,
    pub count: usize,
    /// Those of the row that are stopped with it: the rest that waits, and what is being made of it beside this one. They
    /// stand with the first of them alone.
    pub rest: Vec<&'a Candidate>,
    /// Whether another picture of the row, which is made at the same time, stands before it.
    pub is_beside: bool,
}

impl Candidates {
    /// Those that wait, without the rest of the row that is being made.
    #[must_use]
    pub fn rows(&self) -> Vec<Row<'_>> {
        self.grouped(&self.running_presses())
    }

    fn running_presses(&self) -> Vec<Press> {
        self.all_running().iter().map(|candidate| candidate.press).collect()
    }

    fn grouped(&self, without: &[Press]) -> Vec<Row<'_>> {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for candidate in self.waiting().filter(|candidate| !without.contains(&candidate.press)) {
            match rows.iter_mut().find(|row| row.press == candidate.press) {
                Some(row) => row.pictures.push(candidate),
                None => rows.push(Row { press: candidate.press, pictures: vec![candidate] }),
            }
        }
        rows
    }

    /// Of the first that is being made.
    #[must_use]
    pub fn running_row(&self) -> Option<RunningRow<'_>> {
        self.running_rows().into_iter().next()
    }

    /// Of each picture that is being made.
    #[must_use]
    pub fn running_rows(&self) -> Vec<RunningRow<'_>> {
        let running = self.all_running();
        let mut rows = Vec::new();
        for (at, picture) in running.iter().copied().enumerate() {
            let is_of_it = |candidate: &&Candidate| candidate.press == picture.press;
            let of_it: Vec<&Candidate> = self.list.iter().filter(is_of_it).collect();
            let number = 1 + of_it.iter().position(|candidate| candidate.job == picture.job).unwrap_or_default();
            let is_beside = running[..at].iter().any(is_of_it);
            let beside = running[at + 1..].iter().copied().filter(is_of_it);
            let rest = if is_beside { Vec::new() } else { beside.chain(self.waiting().filter(is_of_it)).collect() };
            rows.push(RunningRow { picture, number, count: of_it.len(), rest, is_beside });
        }
        rows
    }

    /// In the order in which they will be made.
    pub fn waiting(&self) -> impl Iterator<Item = &Candidate> {
        self.list.iter().filter(|candidate| self.is_waiting(candidate))
    }

    fn is_waiting(&self, candidate: &Candidate) -> bool {
        matches!(candidate.stage, Stage::Waiting) && !self.begun.contains(&candidate.job)
    }

    /// Of a row that waits, or of the rest of the one that is being made.
    #[must_use]
    pub fn waiting_of(&self, press: Press) -> Vec<JobId> {
        self.waiting().filter(|candidate| candidate.press == press).map(|candidate| candidate.job).collect()
    }

    /// The order of all that waits once `press` stands at `row` of the other rows. At the front it goes before the rest of
    /// what is being made, too. Empty where it does not wait.
    #[must_use]
    pub fn order_with(&self, press: Press, row: usize) -> Vec<JobId> {
        let running = self.running_presses();
        let mut rows = self.grouped(&[]);
        let Some(index) = rows.iter().position(|row| row.press == press && !running.contains(&press)) else {
            return Vec::new();
        };
        let moved = rows.remove(index);
        let mut seen = (0..rows.len()).filter(|index| !running.contains(&rows[*index].press));
        let place = if row == 0 { 0 } else { seen.nth(row).unwrap_or(rows.len()) };
        rows.insert(place, moved);
        rows.into_iter().flat_map(|row| row.pictures).map(|candidate| candidate.job).collect()
    }

    /// Lays those that wait in this order, each into a place that one of them had.
    pub fn arrange(&mut self, order: &[JobId]) {
        let place = |candidate: &Candidate| order.iter().position(|job| *job == candidate.job).unwrap_or(usize::MAX);
        let slots: Vec<usize> = (0..self.list.len()).filter(|index| self.is_waiting(&self.list[*index])).collect();
        let mut waiting: Vec<Candidate> = self.waiting().cloned().collect();
        waiting.sort_by_key(place);
        slots.into_iter().zip(waiting).for_each(|(slot, candidate)| self.list[slot] = candidate);
    }

    /// What a row will take, where that can be said.
    #[must_use]
    pub fn seconds_of(&self, pictures: &[&Candidate]) -> Option<f64> {
        pictures.iter().map(|candidate| self.whole_seconds(candidate)).sum()
    }
}

/// "×4 · 20 steps", "fill, 20 steps · 512 × 512".
#[must_use]
pub(super) fn facts(pictures: &[&Candidate]) -> String {
    let Some(first) = pictures.first() else { return String::new() };
    let request = &first.request;
    if let Kind::Upscale(upscale) = &first.kind {
        return match first.size_px() {
            Some([width, height]) => format!("upscale · {width} × {height}"),
            None => format!("upscale of {} × {}", upscale.picture.width(), upscale.picture.height()),
        };
    }
    if !first.kind.words().is_empty() {
        return format!("{} · {} to draw", first.kind.words(), pictures.len());
    }
    let kind = match (&request.mask, &request.init) {
        (Some(_), _) => "fill, ",
        (None, Some(_)) => "edit, ",
        (None, None) => "",
    };
    let begun = if request.from_step.is_some() { " · begun" } else { "" };
    let steps = format!("{kind}{} steps{begun}", request.steps);
    match (pictures.len(), first.size_px()) {
        (1, Some([width, height])) => format!("{steps} · {width} × {height}"),
        (1, None) => steps,
        (count, _) => format!("×{count} · {steps}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Request;
    use crate::ui::results::candidate::Progress;

    fn candidates(of: &[(u64, u64)]) -> Candidates {
        let mut candidates = Candidates::default();
        for (job, press) in of {
            let request = Request { width: Some(256), height: Some(256), ..Request::default() };
            let stage = Stage::Waiting;
            let (job, frame, estimated_seconds) = (JobId(*job), None, None);
            let kind = Kind::Drawn;
            candidates.list.push(Candidate { job, press: *press, kind, request, frame, estimated_seconds, stage });
        }
        candidates
    }

    fn jobs(order: &[JobId]) -> Vec<u64> {
        order.iter().map(|job| job.0).collect()
    }

    #[test]
    fn pictures_of_one_press_are_one_row_and_move_together() {
        let mut candidates = candidates(&[(1, 7), (2, 7), (3, 8), (4, 9), (5, 9)]);
        candidates.list[0].stage = Stage::Running(Progress { done: 1, total: 20, ..Progress::default() });
        let rows: Vec<(u64, usize)> = candidates.rows().iter().map(|row| (row.press, row.pictures.len())).collect();
        assert_eq!(rows, [(8, 1), (9, 2)]);
        let running = candidates.running_row().unwrap();
        assert_eq!((running.number, running.count, running.rest.len()), (1, 2, 1));
        let order = candidates.order_with(9, 0);
        assert_eq!(jobs(&order), [4, 5, 2, 3]);
        candidates.arrange(&order);
        let list: Vec<u64> = candidates.list.iter().map(|candidate| candidate.job.0).collect();
        assert_eq!(list, [1, 4, 5, 2, 3]);
        assert_eq!(jobs(&candidates.order_with(9, 99)), [2, 3, 4, 5], "behind the last is last");
        assert!(candidates.order_with(7, 0).is_empty(), "what is being made does not move");
    }

    #[test]
    fn of_what_is_made_at_once_the_first_of_a_row_stands_for_the_rest() {
        let mut candidates = candidates(&[(1, 7), (2, 7), (3, 7), (4, 8), (5, 9)]);
        candidates.begun = vec![JobId(1), JobId(2), JobId(4)];
        candidates.list[1].stage = Stage::Running(Progress { done: 1, total: 20, ..Progress::default() });
        let rows = candidates.running_rows();
        let told: Vec<(u64, usize, usize, bool)> =
            rows.iter().map(|row| (row.picture.job.0, row.number, row.rest.len(), row.is_beside)).collect();
        assert_eq!(told, [(2, 2, 2, false), (1, 1, 0, true), (4, 1, 0, false)]);
        let waiting: Vec<u64> = candidates.rows().iter().map(|row| row.press).collect();
        assert_eq!(waiting, [9], "the rest of what is being made stands with it");
        assert!(candidates.order_with(8, 0).is_empty(), "what is being made does not move");
        assert_eq!(jobs(&candidates.order_with(9, 0)), [5, 3]);
    }

    #[test]
    fn a_row_says_what_it_is() {
        let four = candidates(&[(1, 7), (2, 7), (3, 7), (4, 7)]);
        assert_eq!(facts(&four.rows()[0].pictures), "×4 · 20 steps");
        let one = candidates(&[(1, 7)]);
        assert_eq!(facts(&one.rows()[0].pictures), "20 steps · 256 × 256");
    }
}
