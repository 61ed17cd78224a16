//! What can be asked for with the people of a layer.

use crate::canvas::LayerId;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PoseAction {
    /// A point is taken by the pointer; with `whole` all of its person goes along.
    Take {
        person: usize,
        point: usize,
        /// In picture pixels.
        at: [f32; 2],
        whole: bool,
    },
    /// It goes there, in picture pixels.
    MoveTo([f32; 2]),
    /// It stays where it is: one step.
    Release,
    /// A point is hidden, or shown again.
    Toggle {
        person: usize,
        point: usize,
    },
    AddPerson(LayerId),
    /// Takes the person away that was moved last, or the newest.
    RemovePerson(LayerId),
}
