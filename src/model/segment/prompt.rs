//! Clicks and boxes as tokens, and every place's own sign.

use super::super::ModelError;
use super::super::tensors::Place;
use super::{PATCH_PX, SIDE_PX, WIDTH};
use crate::job::SelectPrompt;
use crate::kernels::Map;

pub(crate) struct PromptEncoder {
    /// `(2, 128)`
    frequencies: Vec<f32>,
    /// For what does not belong, for what does, and for a box's two corners.
    kinds: [Vec<f32>; 4],
    nothing: Vec<f32>,
    /// Added to every place of the picture while no mask is given.
    pub no_mask: Vec<f32>,
    /// `(1, 64, 64, 256)`
    pub places: Map,
}

impl PromptEncoder {
    pub(crate) fn new(at: &Place) -> Result<Self, ModelError> {
        let frequencies = at.values("pe_layer.positional_encoding_gaussian_matrix", &[2, WIDTH / 2])?;
        let embedding = |name: &str| at.values(&format!("{name}.weight"), &[1, WIDTH]);
        let grid = SIDE_PX / PATCH_PX;
        let middle = |place: usize| (place as f32 + 0.5) / grid as f32;
        let places = (0..grid * grid)
            .flat_map(|place| sign(&frequencies, [middle(place % grid), middle(place / grid)]))
            .collect();
        Ok(Self {
            kinds: [
                embedding("point_embeddings.0")?,
                embedding("point_embeddings.1")?,
                embedding("point_embeddings.2")?,
                embedding("point_embeddings.3")?,
            ],
            nothing: embedding("not_a_point_embed")?,
            no_mask: embedding("no_mask_embed")?,
            places: Map::from_vec(places, 1, grid, grid, WIDTH)?,
            frequencies,
        })
    }

    /// A row of tokens, each of 256 numbers. `factors` bring the picture's pixels to the network's.
    pub(crate) fn tokens(&self, prompt: &SelectPrompt, factors: [f32; 2]) -> Result<Vec<f32>, ModelError> {
        if prompt.clicks.is_empty() && prompt.around.is_none() {
            return Err(ModelError::Misfit("a click or a box was wanted to select by".to_owned()));
        }
        let mut tokens = Vec::new();
        for click in &prompt.clicks {
            self.add(&mut tokens, click.at, factors, usize::from(click.belongs));
        }
        if let Some([a, b]) = prompt.around {
            self.add(&mut tokens, [a[0].min(b[0]), a[1].min(b[1])], factors, 2);
            self.add(&mut tokens, [a[0].max(b[0]), a[1].max(b[1])], factors, 3);
        } else {
            tokens.extend(&self.nothing);
        }
        Ok(tokens)
    }

    fn add(&self, tokens: &mut Vec<f32>, at: [f32; 2], factors: [f32; 2], kind: usize) {
        // A pixel is meant by its middle.
        let at = [0, 1].map(|side| (at[side] * factors[side] + 0.5) / SIDE_PX as f32);
        tokens.extend(sign(&self.frequencies, at).into_iter().zip(&self.kinds[kind]).map(|(sign, kind)| sign + kind));
    }
}

/// A place's sign, from its share of the square's width and height.
fn sign(frequencies: &[f32], at: [f32; 2]) -> Vec<f32> {
    let (across, down) = frequencies.split_at(WIDTH / 2);
    let [x, y] = at.map(|share| 2.0 * share - 1.0);
    let angles: Vec<f32> =
        across.iter().zip(down).map(|(across, down)| std::f32::consts::TAU * (x * across + y * down)).collect();
    angles.iter().map(|angle| angle.sin()).chain(angles.iter().map(|angle| angle.cos())).collect()
}
