//! What a `PyTorch` pickle is made of, as far as tensors need it.

/// A tensor as the pickle describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PickledTensor {
    /// The entry in the zip file, below `data/`.
    pub storage: String,
    /// `FloatStorage`, `HalfStorage`, …
    pub storage_kind: String,
    /// In elements.
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// The place of a value in the list of all values.
pub(crate) type Id = u32;

/// One value on the way through a pickle.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// `None`, numbers that nobody asks for, and every object that is not understood.
    Other,
    Mark,
    Int(i64),
    Text(String),
    Sequence(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(String),
    Storage {
        kind: String,
        key: String,
    },
    Tensor(PickledTensor),
}
