//! What a person points at in a picture, to have the thing there masked.

/// A click, in the picture's pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Click {
    /// In the picture's pixels.
    pub at: [f32; 2],
    /// Whether the thing is there; else it is what lies elsewhere.
    pub belongs: bool,
}

/// Clicks, a box, or both.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SelectPrompt {
    pub clicks: Vec<Click>,
    /// Two opposite corners around the thing, in the picture's pixels.
    pub around: Option<[[f32; 2]; 2]>,
}

impl SelectPrompt {
    /// A single click may mean several things.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.around.is_none() && self.clicks.len() == 1
    }
}
