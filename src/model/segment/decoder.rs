//! From a picture and what was pointed at to masks: tokens and picture look at each other twice, then each mask's token
//! describes what its pixels look like.

use super::super::ModelError;
use super::super::tensors::Place;
use super::prompt::PromptEncoder;
use super::{Segment, WIDTH};
use crate::kernels::{
    self, Activation, Epilogue, Heads, LayerNorm, Level, Linear, Map, Packing, Precision, Scores, WeightSlice,
};

/// One answer for an unambiguous prompt, three for an ambiguous one.
const MASKS: usize = 4;
const HEADS: usize = 8;
const INNER: usize = 2048;
const BLOCKS: usize = 2;
const SMALL: usize = WIDTH / 8;

pub(crate) struct MaskDecoder {
    /// The score's token, then those of the masks.
    tokens: Vec<f32>,
    blocks: Vec<Block>,
    last: Attention,
    last_norm: LayerNorm,
    enlarge: [Enlarging; 2],
    enlarge_norm: LayerNorm,
    looks: Vec<Layers>,
    scores: Layers,
}

impl MaskDecoder {
    pub(crate) fn new(at: &Place) -> Result<Self, ModelError> {
        let mut tokens = at.values("iou_token.weight", &[1, WIDTH])?;
        tokens.extend(at.values("mask_tokens.weight", &[MASKS, WIDTH])?);
        let transformer = at.at("transformer");
        let looks = (0..MASKS).map(|mask| Layers::new(&at.at(format!("output_hypernetworks_mlps.{mask}")), SMALL));
        Ok(Self {
            tokens,
            blocks: (0..BLOCKS)
                .map(|block| Block::new(&transformer.at(format!("layers.{block}")), block > 0))
                .collect::<Result<_, _>>()?,
            last: Attention::new(&transformer.at("final_attn_token_to_image"), WIDTH / 2)?,
            last_norm: transformer.at("norm_final_attn").layer_norm(WIDTH)?,
            enlarge: [
                Enlarging::new(&at.at("output_upscaling.0"), WIDTH, WIDTH / 4)?,
                Enlarging::new(&at.at("output_upscaling.3"), WIDTH / 4, SMALL)?,
            ],
            enlarge_norm: at.at("output_upscaling.1").channel_norm(WIDTH / 4)?,
            looks: looks.collect::<Result<_, _>>()?,
            scores: Layers::new(&at.at("iou_prediction_head"), MASKS)?,
        })
    }

    /// All answers of the network to the prompt's tokens.
    pub(crate) fn forward(
        &self,
        picture: &Map,
        prompts: &PromptEncoder,
        prompt: &[f32],
    ) -> Result<Vec<Segment>, ModelError> {
        let mut tokens = self.tokens.clone();
        tokens.extend(prompt);
        let signs = Map::from_vec(tokens.clone(), 1, 1, tokens.len() / WIDTH, WIDTH)?;
        let values = picture.values().chunks_exact(WIDTH);
        let values = values.flat_map(|pixel| pixel.iter().zip(&prompts.no_mask).map(|(a, b)| a + b)).collect();
        let mut picture = Map::from_vec(values, 1, picture.height, picture.width, WIDTH)?;
        let mut tokens = signs.clone();
        for block in &self.blocks {
            (tokens, picture) = block.forward(&tokens, &picture, &signs, &prompts.places)?;
        }
        let (queries, keys) = (kernels::add(&tokens, &signs)?, kernels::add(&picture, &prompts.places)?);
        let tokens = kernels::add(&tokens, &self.last.forward(&queries, &keys, &picture)?)?;
        let tokens = self.last_norm.forward(&tokens)?;

        let level = Level::current();
        let large = self.enlarge_norm.forward(&self.enlarge[0].forward(&picture)?)?;
        let large = self.enlarge[1].forward(&kernels::activate(&large, Activation::Gelu, level))?;
        let large = kernels::activate(&large, Activation::Gelu, level);
        let token = |index: usize| Map::from_vec(tokens.values()[index * WIDTH..][..WIDTH].to_vec(), 1, 1, 1, WIDTH);
        let scores = self.scores.forward(&token(0)?)?;
        let mut segments = Vec::with_capacity(MASKS);
        for (mask, (layers, score)) in self.looks.iter().zip(scores.values()).enumerate() {
            let look = layers.forward(&token(1 + mask)?)?;
            let alike = |pixel: &[f32]| pixel.iter().zip(look.values()).map(|(a, b)| a * b).sum();
            let logits = large.values().chunks_exact(SMALL).map(alike).collect();
            segments.push(Segment { logits, score: *score });
        }
        Ok(segments)
    }
}

/// Tokens look at each other, then at the picture; then the picture looks at the tokens.
struct Block {
    among_tokens: Attention,
    /// Whether the tokens' signs count among themselves; they do not before anything else is known.
    signed: bool,
    to_picture: Attention,
    layers: [Linear; 2],
    to_tokens: Attention,
    norms: [LayerNorm; 4],
}

impl Block {
    fn new(at: &Place, signed: bool) -> Result<Self, ModelError> {
        let norm = |index: usize| at.at(format!("norm{index}")).layer_norm(WIDTH);
        Ok(Self {
            among_tokens: Attention::new(&at.at("self_attn"), WIDTH)?,
            signed,
            to_picture: Attention::new(&at.at("cross_attn_token_to_image"), WIDTH / 2)?,
            layers: [at.at("mlp.lin1").linear(WIDTH, INNER)?, at.at("mlp.lin2").linear(INNER, WIDTH)?],
            to_tokens: Attention::new(&at.at("cross_attn_image_to_token"), WIDTH / 2)?,
            norms: [norm(1)?, norm(2)?, norm(3)?, norm(4)?],
        })
    }

    fn forward(&self, tokens: &Map, picture: &Map, signs: &Map, places: &Map) -> Result<(Map, Map), ModelError> {
        let tokens = if self.signed {
            let signed = kernels::add(tokens, signs)?;
            kernels::add(tokens, &self.among_tokens.forward(&signed, &signed, tokens)?)?
        } else {
            self.among_tokens.forward(tokens, tokens, tokens)?
        };
        let tokens = self.norms[0].forward(&tokens)?;

        let placed = kernels::add(picture, places)?;
        let seen = self.to_picture.forward(&kernels::add(&tokens, signs)?, &placed, picture)?;
        let tokens = self.norms[1].forward(&kernels::add(&tokens, &seen)?)?;

        let inner = kernels::rectified(&self.layers[0].forward(&tokens, &Epilogue::default())?);
        let sum =
            self.layers[1].forward(&inner, &Epilogue { residual: Some(tokens.values()), ..Epilogue::default() })?;
        let tokens = self.norms[2].forward(&sum)?;

        let seen = self.to_tokens.forward(&placed, &kernels::add(&tokens, signs)?, &tokens)?;
        let picture = self.norms[3].forward(&kernels::add(picture, &seen)?)?;
        Ok((tokens, picture))
    }
}

struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
}

impl Attention {
    fn new(at: &Place, inner: usize) -> Result<Self, ModelError> {
        Ok(Self {
            query: at.at("q_proj").linear(WIDTH, inner)?,
            key: at.at("k_proj").linear(WIDTH, inner)?,
            value: at.at("v_proj").linear(WIDTH, inner)?,
            out: at.at("out_proj").linear(inner, WIDTH)?,
        })
    }

    fn forward(&self, query: &Map, key: &Map, value: &Map) -> Result<Map, ModelError> {
        let plain = Epilogue::default();
        let (query, key) = (self.query.forward(query, &plain)?, self.key.forward(key, &plain)?);
        let value = self.value.forward(value, &plain)?;
        let mixed = kernels::attention(&query, &key, &value, Heads::plain(HEADS), Scores::Tiled, Level::current())?;
        Ok(self.out.forward(&mixed, &plain)?)
    }
}

/// Three layers on one token.
struct Layers([Linear; 3]);

impl Layers {
    fn new(at: &Place, outputs: usize) -> Result<Self, ModelError> {
        let layer = |index: usize, outputs: usize| at.at(format!("layers.{index}")).linear(WIDTH, outputs);
        Ok(Self([layer(0, WIDTH)?, layer(1, WIDTH)?, layer(2, outputs)?]))
    }

    fn forward(&self, token: &Map) -> Result<Map, ModelError> {
        let [first, second, third] = &self.0;
        let inner = kernels::rectified(&first.forward(token, &Epilogue::default())?);
        let inner = kernels::rectified(&second.forward(&inner, &Epilogue::default())?);
        Ok(third.forward(&inner, &Epilogue::default())?)
    }
}

/// Twice the size: each pixel becomes four, each by a product of its own (a transposed 2×2 convolution).
struct Enlarging {
    products: Linear,
    outputs: usize,
}

impl Enlarging {
    fn new(at: &Place, inputs: usize, outputs: usize) -> Result<Self, ModelError> {
        let weight = at.values("weight", &[inputs, outputs, 2, 2])?;
        let bias = at.values("bias", &[outputs])?.repeat(4);
        // In the file `(inputs, outputs, place)`, for the product `(place, outputs, inputs)`.
        let weight: Vec<f32> = (0..4 * outputs * inputs)
            .map(|index| {
                let (place, rest) = (index / (outputs * inputs), index % (outputs * inputs));
                weight[(rest % inputs * outputs + rest / inputs) * 4 + place]
            })
            .collect();
        let packing = Packing { precision: Precision::F32, winograd: None, level: Level::current() };
        Ok(Self { products: Linear::new(WeightSlice::F32(&weight), Some(&bias), inputs, packing)?, outputs })
    }

    fn forward(&self, x: &Map) -> Result<Map, ModelError> {
        let products = self.products.forward(x, &Epilogue::default())?;
        let (outputs, width) = (self.outputs, x.width);
        let mut values = vec![0.0; products.values().len()];
        for (pixel, places) in products.values().chunks_exact(4 * outputs).enumerate() {
            for (place, channels) in places.chunks_exact(outputs).enumerate() {
                let (y, x) = (2 * (pixel / width) + place / 2, 2 * (pixel % width) + place % 2);
                values[(y * 2 * width + x) * outputs..][..outputs].copy_from_slice(channels);
            }
        }
        Ok(Map::from_vec(values, 1, 2 * x.height, 2 * width, outputs)?)
    }
}
