//! Who looks on while operators are carried out: notes which are asked for, and can have one fail that would not.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::DType;

use super::{FailureKind, Operator};

/// A call that is to fail.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub operator: Operator,
    /// So many calls of it go well before, counted from the fault before this one.
    pub after: usize,
    pub kind: FailureKind,
}

#[derive(Debug, Default)]
struct Seen {
    used: BTreeMap<(&'static str, &'static str), usize>,
    faults: VecDeque<Fault>,
}

/// What a device was asked for, and what it is to fail at.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Seen>);

impl Watch {
    /// These fail, one after the other.
    #[must_use]
    pub fn with_faults(faults: impl IntoIterator<Item = Fault>) -> Self {
        Self(Mutex::new(Seen { used: BTreeMap::new(), faults: faults.into_iter().collect() }))
    }

    /// Every operator that was asked for with the number format of what it was given, and how often.
    #[must_use]
    pub fn used(&self) -> BTreeMap<(&'static str, &'static str), usize> {
        self.seen().used.clone()
    }

    /// How many faults are still to come.
    #[must_use]
    pub fn faults_left(&self) -> usize {
        self.seen().faults.len()
    }

    /// Notes a call; gives how it is to fail, if it is.
    pub(super) fn note(&self, operator: Operator, dtype: DType) -> Option<FailureKind> {
        let mut seen = self.seen();
        *seen.used.entry((operator.name(), dtype.as_str())).or_default() += 1;
        let fault = seen.faults.front_mut().filter(|fault| fault.operator == operator)?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        seen.faults.pop_front().map(|fault| fault.kind)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
