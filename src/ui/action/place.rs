//! What can be asked for with the place of the chosen layer.

/// What of a layer's frame is taken by the pointer. Sides and corners are -1, 0 or 1 from the frame's middle, before it
/// is turned: across, down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grip {
    Inside,
    Edge(i8, i8),
    Turn,
}

/// Places are in picture pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlaceAction {
    /// Handles around the chosen layer, or none any more.
    Toggle,
    Take {
        grip: Grip,
        at: [f32; 2],
    },
    /// `evenly` keeps the proportions, a straight way, or steps of 15 degrees.
    MoveTo {
        at: [f32; 2],
        evenly: bool,
    },
    /// It stays so: one step.
    Release,
    /// It lies as it did when it was taken; where nothing is, the handles go.
    GiveUp,
}
