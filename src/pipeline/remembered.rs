//! What the last picture's words, picture and mask came to: the next picture takes from it whatever is the same. Each is
//! kept with all that it follows from, so that one other letter or pixel is noticed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Tensor};
use sha2::{Digest, Sha256};

use super::canvas::MaskWork;
use super::execution_plan::ExecutionPlan;
use super::prompt_plan::PromptPlan;
use crate::model::{AttentionMethod, LatentDistribution, Tiling};

/// The picture and, for models that are given a mask, the picture without what is masked.
const MOST_PICTURES: usize = 2;

/// Of one pipeline; other adapters make another one.
#[derive(Default)]
pub(super) struct Remembered {
    pub texts: RefCell<Texts>,
    pub pictures: RefCell<Pictures>,
    pub mask: RefCell<Option<MaskWork>>,
}

/// One prompt, encoded.
pub(super) struct EncodedText {
    /// `(1, tokens, context_width)`
    pub context: Tensor,
    /// `(1, pooled_width)`; of SDXL's second encoder.
    pub pooled: Option<Tensor>,
    /// Tokens of it that the encoder does not read.
    pub cut: usize,
}

/// One text, whether its brackets are weights, its windows of tokens, and its clip skip.
pub(super) type TextKey = (String, bool, usize, u32);

/// What is given until a step.
#[derive(Clone)]
pub(super) struct StageTexts {
    /// A row for each of the prompt's parts, the negative one before them.
    pub rows: Vec<Arc<EncodedText>>,
    /// Of each region the prompt and, where it has one and it is compared, the negative prompt, equally long.
    pub regions: Vec<(Arc<EncodedText>, Option<Arc<EncodedText>>)>,
}

/// The texts of each stage.
pub(super) type StageRows = Vec<StageTexts>;

/// All that a picture's prompts come from.
#[derive(Clone, PartialEq)]
pub(super) struct TextsKey {
    pub plan: PromptPlan,
    pub is_weighted: bool,
    pub clip_skip: u32,
    pub has_negative: bool,
    pub is_pair: bool,
}

/// The last picture's texts, each and as they were put together.
#[derive(Default)]
pub(super) struct Texts {
    pub each: HashMap<TextKey, Arc<EncodedText>>,
    pub all: Option<(TextsKey, StageRows)>,
}

/// What a picture is encoded from, and how.
#[derive(Clone, PartialEq)]
pub(super) struct PictureKey {
    digest: [u8; 32],
    shape: Vec<usize>,
    tiling: Option<Tiling>,
    attention: AttentionMethod,
    dtype: DType,
}

impl PictureKey {
    /// `pixels` by a digest of all their numbers: the pixels themselves would be a second picture in memory.
    pub(crate) fn new(pixels: &Tensor, plan: &ExecutionPlan, dtype: DType) -> Result<Self, candle_core::Error> {
        let numbers = pixels.flatten_all()?.to_vec1::<f32>()?;
        let digest = Sha256::digest(bytemuck::cast_slice::<f32, u8>(&numbers)).into();
        let shape = pixels.dims().to_vec();
        Ok(Self { digest, shape, tiling: plan.tiling, attention: plan.attention, dtype })
    }
}

/// The newest pictures' latents.
#[derive(Default)]
pub(super) struct Pictures {
    newest_last: Vec<(PictureKey, LatentDistribution)>,
}

impl Pictures {
    pub(crate) fn get(&mut self, key: &PictureKey) -> Option<LatentDistribution> {
        let at = self.newest_last.iter().position(|(known, _)| known == key)?;
        let found = self.newest_last.remove(at);
        let latents = found.1.clone();
        self.newest_last.push(found);
        Some(latents)
    }

    pub(crate) fn keep(&mut self, key: PictureKey, latents: LatentDistribution) {
        self.newest_last.push((key, latents));
        let surplus = self.newest_last.len().saturating_sub(MOST_PICTURES);
        self.newest_last.drain(..surplus);
    }
}
