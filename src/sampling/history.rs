//! What a scheduler carries from one model call to the next, as plain values: with the latents and the noise's position it
//! is all that a walk needs to go on, bit for bit, where another run of the program stopped.

use std::collections::VecDeque;

/// Empty for a scheduler that looks at the present call alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Each as long as the latents, or empty where there is nothing yet.
    pub rows: Vec<Vec<f32>>,
    /// Orders, calls and numbers of rows, as each scheduler counts them.
    pub counts: Vec<u64>,
}

impl History {
    /// Rows alone, the newest first.
    pub(super) fn of_rows(rows: &VecDeque<Vec<f32>>) -> Self {
        Self { rows: rows.iter().cloned().collect(), counts: Vec::new() }
    }

    /// The rows, where there are at most `most` of them and nothing else.
    pub(super) fn into_rows(self, most: usize) -> Option<VecDeque<Vec<f32>>> {
        (self.counts.is_empty() && self.rows.len() <= most).then(|| self.rows.into())
    }

    /// Whether it can be of latents with so many values.
    #[must_use]
    pub fn fits(&self, latents: usize) -> bool {
        self.rows.iter().all(|row| row.is_empty() || row.len() == latents)
    }
}
