//! What a `PyTorch` pickle is made of, as far as tensors need it.

/// A tensor as the pickle describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PickledTensor {
    /// In a zip file the entry below `data/`, before that the storage's key.
    pub storage: String,
    /// `FloatStorage`, or, of a storage without a type, the tensor's own `float8_e4m3fn`.
    pub kind: String,
    /// In numbers.
    pub offset: usize,
    pub shape: Vec<usize>,
    /// In numbers.
    pub strides: Vec<usize>,
}

/// The place of a value in the list of all values.
pub(crate) type Id = u32;

/// One value on the way through a pickle.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// `None`, numbers that nobody asks for, and what is not understood.
    Other,
    Mark,
    Int(i64),
    Text(String),
    Sequence(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(String),
    /// An object of a class, which is never made: its class's name, and what it would be filled with.
    Object {
        class: Id,
        state: Id,
    },
    Storage {
        kind: String,
        key: String,
        /// Where it begins in the storage of that key, in numbers.
        begin: usize,
    },
    Tensor(PickledTensor),
    /// A tensor that is written in a way that is not read, with the function that would make it.
    UnreadTensor(Id),
}
