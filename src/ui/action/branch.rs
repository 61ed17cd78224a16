//! What can be done with the steps of a picture.

use crate::job::JobId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchAction {
    /// Looks through the steps of this picture.
    Open(JobId),
    Close,
    /// Looks at the step of this number, from 1.
    To(u32),
    /// So many steps further.
    By(isize),
    /// Makes another picture from the step that is seen.
    GoOn,
}
