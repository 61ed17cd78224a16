//! `DINOv2`, which sees a picture as patches of 14×14 pixels ("`DINOv2`: Learning Robust Visual Features without Supervision"),
//! by the names of its makers or of transformers.

use super::super::tensors::{Place, Tensors};
use super::super::{CancelCheck, ModelError};
use super::maps::{Border, smoothly_resized, wide};
use crate::kernels::{
    Activation, Epilogue, Heads, LayerNorm, Level, Linear, Map, Scores, add, attention, join_tokens, narrow_tokens,
    scaled_onto,
};

/// Side of a patch in pixels.
pub(super) const PATCH_PX: usize = 14;
/// Numbers of a head in every size that was published.
const HEAD: usize = 64;
const NORM_EPS: f64 = 1e-6;
const GELU: Epilogue = Epilogue { per_picture: None, activation: Activation::Gelu, residual: None };
/// How many depths the picture's features are taken from.
const TAKEN: usize = 4;

/// Whose names a file has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    Makers,
    Transformers,
}

impl Naming {
    /// The one or the other.
    pub(super) fn of<T>(self, makers: T, transformers: T) -> T {
        if self == Self::Makers { makers } else { transformers }
    }
}

pub(super) struct Vision {
    pub width: usize,
    patches: Linear,
    /// `(1, 1, width)`
    class: Map,
    /// Of the class, and of a square of patches.
    positions: (Map, Map),
    blocks: Vec<Block>,
    norm: LayerNorm,
}

struct Block {
    norms: [LayerNorm; 2],
    /// Query, key, value.
    seen: [Linear; 3],
    out: Linear,
    layers: [Linear; 2],
    scales: [Vec<f32>; 2],
}

impl Vision {
    pub(super) fn new(tensors: &Tensors, naming: Naming) -> Result<Self, ModelError> {
        let root = tensors.at(naming.of("pretrained", "backbone"));
        let embeddings = naming.of(root.clone(), root.at("embeddings"));
        let patches = embeddings.at(naming.of("patch_embed.proj", "patch_embeddings.projection"));
        let [width, ..] = patches.shape::<4>("weight")?;
        let names = naming.of("pos_embed", "position_embeddings");
        let [_, count, _] = embeddings.shape::<3>(names)?;
        let side = count.saturating_sub(1).isqrt();
        if side == 0 || side * side + 1 != count || width == 0 || !width.is_multiple_of(HEAD) {
            return Err(root.wrong(format!("has {count} places of {width} numbers")));
        }
        let positions = embeddings.values(names, &[1, count, width])?;
        let (class, square) = positions.split_at(width);
        let places = root.at(naming.of("blocks", "encoder.layer"));
        let blocks = (0..).map(|index| places.at(index)).take_while(|at| at.has("norm1.weight"));
        let blocks: Vec<Block> = blocks.map(|at| Block::new(&at, width, naming)).collect::<Result<_, _>>()?;
        if blocks.is_empty() || !blocks.len().is_multiple_of(TAKEN) {
            return Err(root.wrong(format!("has {} blocks", blocks.len())));
        }
        Ok(Self {
            width,
            patches: patches.wide_convolution(3, width, PATCH_PX)?,
            class: Map::from_vec(embeddings.values("cls_token", &[1, 1, width])?, 1, 1, 1, width)?,
            positions: (
                Map::from_vec(class.to_vec(), 1, 1, 1, width)?,
                Map::from_vec(square.to_vec(), 1, side, side, width)?,
            ),
            blocks,
            norm: root.at(naming.of("norm", "layernorm")).norm(width, NORM_EPS)?,
        })
    }

    /// `(height, width, 3)`, both multiples of [`PATCH_PX`], to four maps of its patches, from the shallow to the deep.
    pub(super) fn forward(&self, picture: &Map, cancel_check: CancelCheck) -> Result<Vec<Map>, ModelError> {
        let patches = wide(picture, &self.patches, [PATCH_PX; 2], self.width, Border::Inside)?;
        let (rows, columns) = (patches.height, patches.width);
        let (class, square) = &self.positions;
        let placed = add(&patches, &smoothly_resized(square, (rows, columns))?)?.resized(1, rows * columns)?;
        let mut x = join_tokens(&add(&self.class, class)?, &placed)?;
        let taken = self.taken();
        let mut features = Vec::with_capacity(TAKEN);
        for (index, block) in self.blocks.iter().enumerate() {
            cancel_check()?;
            x = block.forward(&x)?;
            if taken.contains(&index) {
                let patches = narrow_tokens(&self.norm.forward(&x)?, 1, rows * columns)?;
                features.push(patches.resized(rows, columns)?);
            }
        }
        Ok(features)
    }

    /// The blocks behind which features are taken: the largest network's stand in a list of its own.
    fn taken(&self) -> [usize; TAKEN] {
        let quarter = self.blocks.len() / TAKEN;
        if self.blocks.len() == 24 { [4, 11, 17, 23] } else { std::array::from_fn(|index| (index + 1) * quarter - 1) }
    }
}

impl Block {
    fn new(at: &Place, width: usize, naming: Naming) -> Result<Self, ModelError> {
        let seen = match naming {
            Naming::Makers => {
                let part =
                    |index: usize| at.at("attn.qkv").linear_rows(width, index * width..(index + 1) * width, 3 * width);
                [part(0)?, part(1)?, part(2)?]
            }
            Naming::Transformers => {
                let part = |name: &str| at.at("attention.attention").at(name).linear(width, width);
                [part("query")?, part("key")?, part("value")?]
            }
        };
        let [inner, _] = at.shape::<2>("mlp.fc1.weight")?;
        let scale = |index: usize| {
            let name = naming.of(format!("ls{index}.gamma"), format!("layer_scale{index}.lambda1"));
            at.values(&name, &[width])
        };
        Ok(Self {
            norms: [at.at("norm1").norm(width, NORM_EPS)?, at.at("norm2").norm(width, NORM_EPS)?],
            seen,
            out: at.at(naming.of("attn.proj", "attention.output.dense")).linear(width, width)?,
            layers: [at.at("mlp.fc1").linear(width, inner)?, at.at("mlp.fc2").linear(inner, width)?],
            scales: [scale(1)?, scale(2)?],
        })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        let plain = Epilogue::default();
        let normed = self.norms[0].forward(x)?;
        let [q, k, v] = &self.seen;
        let (q, k, v) = (q.forward(&normed, &plain)?, k.forward(&normed, &plain)?, v.forward(&normed, &plain)?);
        let heads = Heads::plain(x.channels / HEAD);
        let mixed = attention(&q, &k, &v, heads, Scores::Tiled, Level::current())?;
        let x = scaled_onto(&self.out.forward(&mixed, &plain)?, &self.scales[0], x)?;
        let [widen, narrow] = &self.layers;
        let inner = widen.forward(&self.norms[1].forward(&x)?, &GELU)?;
        Ok(scaled_onto(&narrow.forward(&inner, &plain)?, &self.scales[1], &x)?)
    }
}
