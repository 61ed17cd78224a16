//! Which of a job's previews its readers are shown.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Previews {
    None,
    /// Each, while it is the newest.
    Newest,
    /// So many, spread evenly over the steps, and kept until the job is let go: nobody is too slow for them.
    Kept(u32),
}

impl Previews {
    /// Whether the preview of step `step` of `total` is shown, when `shown` were before it.
    #[must_use]
    pub(super) fn is_due(self, step: u32, total: u32, shown: u32) -> bool {
        match self {
            Self::None => false,
            Self::Newest => true,
            Self::Kept(most) => {
                shown < most && u64::from(step) * u64::from(most + 1) >= u64::from(total) * u64::from(shown + 1)
            }
        }
    }

    #[must_use]
    pub(super) fn are_kept(self) -> bool {
        matches!(self, Self::Kept(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_kept_are_spread_over_the_steps() {
        for (most, total, wanted) in
            [(2, 4, vec![2, 3]), (3, 20, vec![5, 10, 15]), (3, 2, vec![1, 2]), (1, 1, vec![1]), (0, 9, vec![])]
        {
            let mut shown = 0;
            let mut due = Vec::new();
            for step in 1..=total {
                if Previews::Kept(most).is_due(step, total, shown) {
                    shown += 1;
                    due.push(step);
                }
            }
            assert_eq!(due, wanted, "{most} of {total}");
        }
    }
}
