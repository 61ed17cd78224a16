//! Which ended jobs are let go: by age, and the oldest first where they hold too much.

use std::time::{Duration, Instant};

/// Of one ended job: when it ended and what it holds. `jobs` is in the order in which they were asked for; the answer
/// says which are let go.
pub(super) fn expired(jobs: &[(Option<Instant>, u64)], now: Instant, keep: Duration, most_bytes: u64) -> Vec<bool> {
    let mut gone: Vec<bool> =
        jobs.iter().map(|(ended, _)| ended.is_some_and(|ended| now.duration_since(ended) > keep)).collect();
    let mut kept: Vec<usize> = (0..jobs.len()).filter(|at| jobs[*at].0.is_some() && !gone[*at]).collect();
    kept.sort_by_key(|at| jobs[*at].0);
    let mut bytes: u64 = kept.iter().map(|at| jobs[*at].1).sum();
    for at in kept {
        if bytes <= most_bytes {
            break;
        }
        bytes -= jobs[at].1;
        gone[at] = true;
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_and_the_oldest_go_and_nothing_that_runs() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let jobs = [(Some(at(9)), 10), (None, 1000), (Some(at(1)), 10), (Some(at(8)), 10), (Some(at(10)), 10)];
        let hour = Duration::from_hours(1);
        assert_eq!(expired(&jobs, at(10), hour, 1000), [false; 5]);
        assert_eq!(expired(&jobs, at(10), Duration::from_secs(5), 1000), [false, false, true, false, false]);
        assert_eq!(expired(&jobs, at(10), hour, 20), [false, false, true, true, false]);
        assert_eq!(expired(&jobs, at(10), hour, 0), [true, false, true, true, true]);
    }
}
