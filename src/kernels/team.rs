//! Who computes: a thread and its helpers.

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The helpers of one thread, which end with this value.
#[derive(Debug)]
pub struct Team(#[expect(dead_code, reason = "its end is its purpose")] Option<ThreadPool>);

/// From now on the calling thread computes too, beside helpers of its own: as many threads in all as there are processors,
/// or as `RAYON_NUM_THREADS` says. A thread that only hands work over sleeps and is woken for each of the hundreds of
/// operators of a network, which took a quarter of a small one's time.
///
/// Without an effect where the system has no threads left, or this thread has helpers already.
#[must_use = "the helpers end with it"]
pub fn compute_here() -> Team {
    let name = |number| format!("inkwick-compute-{number}");
    Team(ThreadPoolBuilder::new().use_current_thread().thread_name(name).build().ok())
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn the_thread_that_asks_is_one_of_those_that_compute() {
        let asked = std::thread::spawn(|| {
            assert_eq!(rayon::current_thread_index(), None);
            let team = compute_here();
            let index = rayon::current_thread_index();
            let sum: u64 = (0..1_000_u64).into_par_iter().sum();
            drop((team, compute_here()));
            (index, sum, rayon::current_num_threads())
        });
        let (index, sum, threads) = asked.join().unwrap();
        assert_eq!((index, sum), (Some(0), 499_500));
        assert_eq!(threads, rayon::current_num_threads(), "no more than elsewhere");
    }
}
