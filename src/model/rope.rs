//! Rotary positions over several axes: each has some of a head's channels, one after the other.

use super::ModelError;
use super::feature::Execution;
use super::token_ops::Rotation;
use crate::kernels::RotaryPairs;

/// Axes with the channels of a head that each turns.
pub(crate) struct Axes<'a> {
    pub theta: f64,
    pub channels: &'a [usize],
    /// Whether angles are rounded to single precision before their sine is taken.
    pub rounds: bool,
}

impl Axes<'_> {
    /// `places`: for each token one place on each axis.
    pub(crate) fn rotation(&self, places: &[Vec<usize>], execution: &Execution) -> Result<Rotation, ModelError> {
        let frequencies: Vec<Vec<f64>> = self
            .channels
            .iter()
            .map(|channels| {
                let exponent = |pair: usize| (2 * pair) as f64 / *channels as f64;
                (0..channels / 2).map(|pair| 1.0 / self.theta.powf(exponent(pair))).collect()
            })
            .collect();
        let half = self.channels.iter().sum::<usize>() / 2;
        let mut angles = Vec::with_capacity(places.len() * half);
        for place in places {
            for (place, frequencies) in place.iter().zip(&frequencies) {
                angles.extend(frequencies.iter().map(|frequency| {
                    let angle = *place as f64 * frequency;
                    if self.rounds { f64::from(angle as f32) } else { angle }
                }));
            }
        }
        Rotation::new(&angles, half, RotaryPairs::Neighbours, execution)
    }
}
