//! Ends long operators early, one of which takes minutes in a very large picture: before each part of its work whoever computes looks whether somebody has asked for that.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static FLAG: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// While it lives, the operators of the thread that made it can be stopped.
#[derive(Debug)]
pub struct Stoppable {
    before: Option<Arc<AtomicBool>>,
}

/// From now on, once `flag` is set, operators that this thread asks for leave the rest of their work undone. What they give
/// is then worthless: whoever calls them looks at the flag before using it.
#[must_use = "it holds as long as this value"]
pub fn stopped_by(flag: Arc<AtomicBool>) -> Stoppable {
    Stoppable { before: FLAG.replace(Some(flag)) }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        FLAG.set(self.before.take());
    }
}

/// Whether an operator that was just asked for shall stop.
pub(super) struct Asked(Option<Arc<AtomicBool>>);

impl Asked {
    /// By whoever may stop the calling thread's operators.
    pub(super) fn here() -> Self {
        Self(FLAG.with_borrow(Clone::clone))
    }

    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Heads, Level, Map, Scores, attention};

    #[test]
    fn a_stopped_operator_leaves_its_work_undone_and_others_do_not() {
        // Values of their own each time: memory that is used again holds those of the time before.
        let is_done = |value: f32| {
            let x = Map::from_vec(vec![value; 600 * 16], 1, 1, 600, 16).unwrap();
            let attended = attention(&x, &x, &x, Heads::plain(1), Scores::Tiled, Level::current()).unwrap();
            attended.values().iter().all(|found| (found - value).abs() < 1e-5)
        };
        let flag = Arc::new(AtomicBool::new(false));
        let stoppable = stopped_by(Arc::clone(&flag));
        assert!(is_done(1.0));
        flag.store(true, Ordering::Relaxed);
        assert!(!is_done(2.0));
        assert!(std::thread::spawn(move || is_done(3.0)).join().unwrap(), "another thread's are its own");
        drop(stoppable);
        assert!(is_done(4.0));
    }
}
