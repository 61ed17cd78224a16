//! How attention holds its scores, on every device.

/// How attention's scores are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttentionMethod {
    /// All at once.
    Full,
    /// For so many heads (of all pictures) at a time.
    Sliced(usize),
    /// Blocks of queries and keys with a online softmax: constant memory.
    Tiled,
    /// The device's own fused kernel.
    Flash,
}
