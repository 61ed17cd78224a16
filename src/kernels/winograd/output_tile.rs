//! How large the output tiles of a transform are.

/// Weights up to so many (of one tap) are transformed for output tiles of 4×4, at four times their memory. More of them
/// belong to pictures too small for such output tiles.
const MOST_OF_FOUR: usize = 1920 * 640;

/// The pixels that one transform gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputTile {
    TwoByTwo,
    FourByFour,
}

impl OutputTile {
    /// The largest that is worth its memory for a layer of so many channels.
    pub(in crate::kernels) fn of(inputs: usize, outputs: usize) -> Self {
        if inputs * outputs <= MOST_OF_FOUR { Self::FourByFour } else { Self::TwoByTwo }
    }

    /// Of the output.
    pub(super) fn side(self) -> usize {
        match self {
            Self::TwoByTwo => 2,
            Self::FourByFour => 4,
        }
    }

    /// Of the transform: those of the input that the output tile sees.
    pub(super) fn points(self) -> usize {
        (self.side() + 2).pow(2)
    }
}
