//! Why a file of tensors is not read: damaged, whole but not known here, or something else altogether.

/// What a file is that was taken for weights and is none, and what to do then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// "a page of a web site".
    pub found: String,
    pub remedy: &'static str,
}

impl Foreign {
    #[must_use]
    pub(crate) fn new(found: impl Into<String>, remedy: &'static str) -> Self {
        Self { found: found.into(), remedy }
    }
}

/// In a few words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Damaged(String),
    /// It is whole, and written or packed in a way that is not read here.
    Unread(String),
    Foreign(Foreign),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Self::Damaged(reason.to_owned())
    }
}

impl From<Foreign> for Refusal {
    fn from(foreign: Foreign) -> Self {
        Self::Foreign(foreign)
    }
}
