//! How far the tour is. It is shown at the very first start, and never again.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tour {
    #[default]
    Over,
    At(Step),
}

/// One after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Words,
    Generate,
    Results,
    OwnPicture,
}

impl Step {
    pub const ALL: [Self; 4] = [Self::Words, Self::Generate, Self::Results, Self::OwnPicture];

    /// Counted from 1.
    #[must_use]
    pub fn number(self) -> usize {
        self as usize + 1
    }

    #[must_use]
    pub fn next(self) -> Tour {
        Self::ALL.get(self.number()).map_or(Tour::Over, |step| Tour::At(*step))
    }
}

impl Tour {
    #[must_use]
    pub fn is_over(self) -> bool {
        self == Self::Over
    }
}
