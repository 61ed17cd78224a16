//! Words to what the UNet is given: contexts, and for SDXL the pooled text and the size ids.

use candle_core::{Device, IndexOp, Tensor};

use super::load::TextStage;
use super::{Pipeline, PipelineError, Plan};
use crate::job::{PromptSyntax, Request};
use crate::model::{AddedConditioning, ModelError, TextEmbedding, join_windows};
use crate::prompt::{TokenWindow, WeightedText, parse};

/// What is given at every step. With guidance both rows come in one batch, the negative first.
pub(super) struct Conditioning {
    /// `(1 or 2, tokens, context_width)`
    pub context: Tensor,
    pub added: Option<AddedConditioning>,
}

/// One prompt, encoded.
struct Encoded {
    /// `(1, tokens, context_width)`
    context: Tensor,
    /// `(1, pooled_width)`; of SDXL's second encoder.
    pooled: Tensor,
}

impl Pipeline {
    pub(super) fn condition(&self, request: &Request, plan: &Plan) -> Result<Conditioning, PipelineError> {
        let read = |text: &str| match request.prompt_syntax {
            PromptSyntax::Weighted => parse(text),
            PromptSyntax::Plain => vec![WeightedText { text: text.to_owned(), weight: 1.0 }],
        };
        let words = read(&request.prompt);
        if plan.guidance <= 1.0 {
            let only = self.encode_prompt(&words, 1)?;
            let added = self.added_conditioning(only.pooled, plan, 1);
            return Ok(Conditioning { context: only.context, added });
        }
        let against = read(request.negative.as_deref().unwrap_or_default());
        // Both rows of a batch have as many windows as the longer prompt.
        let windows = self.window_count(&words)?.max(self.window_count(&against)?);
        let positive = self.encode_prompt(&words, windows)?;
        let negative = if request.negative.is_none() && self.zeros_for_absent_negative {
            Encoded { context: positive.context.zeros_like()?, pooled: positive.pooled.zeros_like()? }
        } else {
            self.encode_prompt(&against, windows)?
        };
        let pooled = Tensor::cat(&[&negative.pooled, &positive.pooled], 0)?;
        Ok(Conditioning {
            context: Tensor::cat(&[&negative.context, &positive.context], 0)?,
            added: self.added_conditioning(pooled, plan, 2),
        })
    }

    fn window_count(&self, words: &[WeightedText]) -> Result<usize, PipelineError> {
        let counts = self.text.iter().map(|stage| stage.tokenizer.windows(words, 1).map(|windows| windows.len()));
        Ok(counts.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(1))
    }

    fn encode_prompt(&self, words: &[WeightedText], at_least: usize) -> Result<Encoded, PipelineError> {
        let mut contexts = Vec::new();
        let mut pooled = None;
        for stage in &self.text {
            let windows = stage.tokenizer.windows(words, at_least)?;
            let embedding = encode_windows(stage, &windows)?;
            // A pair of encoders is read at the layer before the last, a single one at the last, through its norm.
            let hidden = if self.text.len() > 1 { penultimate(&embedding)? } else { &embedding.last };
            contexts.push(join_windows(&weighted(hidden, &windows, &self.device)?)?);
            pooled = Some(embedding.pooled.i(..1)?);
        }
        let pooled = pooled.ok_or_else(|| ModelError::Misfit("the model has no text encoder".to_owned()))?;
        let context = Tensor::cat(&contexts, 2)?;
        if let Some(wanted) = self.unet.config().context_width()
            && context.dim(2)? != wanted
        {
            let found = context.dim(2)?;
            return Err(ModelError::Misfit(format!(
                "the text encoder gives {found} numbers a token and the UNet wants {wanted}"
            ))
            .into());
        }
        Ok(Encoded { context, pooled })
    }

    fn added_conditioning(&self, pooled_text: Tensor, plan: &Plan, rows: usize) -> Option<AddedConditioning> {
        self.unet.config().added.as_ref()?;
        let (width, height) = (plan.width as f32, plan.height as f32);
        let ids = [height, width, 0.0, 0.0, height, width];
        Some(AddedConditioning { pooled_text, time_ids: ids.repeat(rows) })
    }
}

fn encode_windows(stage: &TextStage, windows: &[TokenWindow]) -> Result<TextEmbedding, ModelError> {
    let ids: Vec<Vec<u32>> = windows.iter().map(|window| window.ids.clone()).collect();
    stage.encoder.forward(&ids)
}

fn penultimate(embedding: &TextEmbedding) -> Result<&Tensor, ModelError> {
    let states = &embedding.hidden_states;
    states
        .len()
        .checked_sub(2)
        .and_then(|index| states.get(index))
        .ok_or_else(|| ModelError::Misfit("the text encoder has no layer before its last".to_owned()))
}

/// AUTOMATIC1111's rule: each token's embedding times its weight, then the window's mean as it was.
fn weighted(hidden: &Tensor, windows: &[TokenWindow], device: &Device) -> Result<Tensor, ModelError> {
    if windows.iter().flat_map(|window| &window.weights).all(|weight| weight.to_bits() == 1f32.to_bits()) {
        return Ok(hidden.clone());
    }
    let (count, tokens, _) = hidden.dims3()?;
    let weights: Vec<f32> = windows.iter().flat_map(|window| window.weights.iter().copied()).collect();
    let weights = Tensor::from_vec(weights, (count, tokens, 1), device)?.to_dtype(hidden.dtype())?;
    let scaled = hidden.broadcast_mul(&weights)?;
    let mean = |x: &Tensor| x.mean_keepdim((1, 2));
    let factor = (mean(hidden)? / mean(&scaled)?)?;
    Ok(scaled.broadcast_mul(&factor)?)
}
