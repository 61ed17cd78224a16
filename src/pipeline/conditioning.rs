//! Prompts to what the UNet is given: contexts, and for SDXL the pooled text and the size ids.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{Device, IndexOp, Tensor};

use super::PipelineError;
use super::load::Pipeline;
use super::networks::Reporter;
use super::prompt_plan::{PlannedRegion, PromptPlan};
use super::remembered::{EncodedText, StageRows, StageTexts, TextKey, Texts, TextsKey};
use super::resolved::ResolvedRequest;
use super::text_networks::{PromptEncoder, TextNetworks};
use crate::job::{PromptSyntax, Request};
use crate::model::{AddedConditioning, ForwardOptions, ModelError, TextEmbedding, join_windows};
use crate::prompt::{Prompt, TokenWindow, parse, words_of};

/// What one model call is given, a row for each pass.
pub(super) struct Conditioning {
    /// For each row `(1, tokens, context_width)`.
    contexts: Vec<Tensor>,
    pub added: Option<AddedConditioning>,
    /// Of each region what each row is given, `(1, tokens, context_width)`; `None` where it has no words for a row.
    regions: Vec<Vec<Option<Tensor>>>,
}

impl Conditioning {
    pub(crate) fn count(&self) -> usize {
        self.contexts.len()
    }

    /// `(rows, tokens, context_width)`, of rows that are equally long.
    pub(crate) fn context(&self) -> Result<Tensor, PipelineError> {
        Ok(Tensor::cat(&self.contexts, 0)?)
    }

    /// So many rows of it.
    pub(crate) fn rows(&self, first: usize, count: usize) -> Result<Self, PipelineError> {
        let only = |tensor: &Tensor| tensor.narrow(0, first, count);
        let added = self.added.as_ref().map(|added| -> Result<_, PipelineError> {
            let ids = added.time_ids.len() / added.pooled_text.dim(0)?;
            let time_ids = added.time_ids[first * ids..][..count * ids].to_vec();
            Ok(AddedConditioning { pooled_text: only(&added.pooled_text)?, time_ids })
        });
        let regions = self.regions.iter().map(|rows| rows[first..first + count].to_vec()).collect();
        Ok(Self { contexts: self.contexts[first..first + count].to_vec(), added: added.transpose()?, regions })
    }

    /// What region `index` gives these rows, and which of them: `None` where it has no words for any.
    pub(crate) fn region(&self, index: usize) -> Result<Option<(Tensor, Vec<bool>)>, PipelineError> {
        let Some(rows) = self.regions.get(index) else { return Ok(None) };
        let Some(any) = rows.iter().flatten().next() else { return Ok(None) };
        // A row without words of its own is given others', which do not count there.
        let contexts: Vec<&Tensor> = rows.iter().map(|row| row.as_ref().unwrap_or(any)).collect();
        Ok(Some((Tensor::cat(&contexts, 0)?, rows.iter().map(Option::is_some).collect())))
    }
}

/// Which rows a model call has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passes {
    /// The prompt's parts.
    Alone,
    /// The negative prompt, then the parts.
    Pair,
    /// The negative prompt twice, without the picture and with it, then the parts.
    ThreeWays,
}

/// The prompts over all steps, encoded.
pub(super) struct PromptConditioning {
    plan: PromptPlan,
    pub passes: Passes,
    stages: StageRows,
    /// SDXL's size ids.
    time_ids: Option<[f32; 6]>,
}

impl PromptConditioning {
    /// Of the prompt's parts.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.plan.weights
    }

    /// What the calls of a step are given; steps count from 1.
    pub(crate) fn at(&self, step: usize, passes: Passes) -> Result<Conditioning, PipelineError> {
        let stage = self.plan.stages.iter().position(|stage| step <= stage.last_step);
        let StageTexts { rows, regions } = &self.stages[stage.unwrap_or(self.stages.len() - 1)];
        let (negative, parts) = rows.split_at(usize::from(rows.len() > self.plan.weights.len()));
        let before = match passes {
            Passes::Alone => Vec::new(),
            Passes::Pair => negative.to_vec(),
            Passes::ThreeWays => [negative, negative].concat(),
        };
        let of_region = |(prompt, negative): &(Arc<EncodedText>, Option<Arc<EncodedText>>)| {
            let against = before.iter().map(|_| negative.as_ref().map(|text| text.context.clone()));
            against.chain(parts.iter().map(|_| Some(prompt.context.clone()))).collect()
        };
        let regions = regions.iter().map(of_region).collect();
        let rows: Vec<&Arc<EncodedText>> = before.iter().chain(parts).collect();
        let added = match self.time_ids {
            Some(ids) => {
                let pooled: Vec<&Tensor> = rows.iter().filter_map(|row| row.pooled.as_ref()).collect();
                Some(AddedConditioning { pooled_text: Tensor::cat(&pooled, 0)?, time_ids: ids.repeat(rows.len()) })
            }
            None => None,
        };
        Ok(Conditioning { contexts: rows.iter().map(|row| row.context.clone()).collect(), added, regions })
    }
}

impl Pipeline {
    /// What the UNet is given for one prompt: `(1, tokens, context_width)`.
    ///
    /// # Errors
    /// When the prompt is too long, or the encoder has fewer layers than `clip_skip`.
    pub fn context_of(&self, prompt: &Prompt, clip_skip: u32) -> Result<Tensor, PipelineError> {
        let text = self.text(&|_, _| Ok(()))?;
        match &*text {
            TextNetworks::Clip(text) => {
                check_clip_skip(text, clip_skip)?;
                Ok(self.encode_prompt(text, prompt, 1, clip_skip)?.context)
            }
            TextNetworks::Language { tokenizer, encoder } => {
                let tokens = tokenizer.tokens(&words_of(prompt))?;
                Ok(encoder.forward(&tokens.ids, tokens.words, &ForwardOptions::PLAIN)?)
            }
        }
    }

    /// Encodes each text of the prompts once for each number of windows that it is needed with. `steps` are those that
    /// are taken.
    pub(super) fn condition(
        &self,
        request: &Request,
        resolved: &ResolvedRequest,
        steps: usize,
        reporter: &Reporter,
    ) -> Result<PromptConditioning, PipelineError> {
        let is_weighted = request.prompt_syntax == PromptSyntax::Weighted;
        let key = TextsKey {
            plan: PromptPlan::new(request, steps),
            is_weighted,
            clip_skip: request.clip_skip.unwrap_or(1),
            has_negative: request.negative.is_some(),
            is_pair: resolved.is_pair,
        };
        let stages = self.stage_rows(&key, reporter)?;
        let (width, height) = (resolved.width as f32, resolved.height as f32);
        let ids = [height, width, 0.0, 0.0, height, width];
        let unet = self.spec().configs.denoiser.unet();
        let time_ids = unet.and_then(|unet| unet.added.as_ref()).map(|_| ids);
        let passes = if resolved.is_pair { Passes::Pair } else { Passes::Alone };
        self.report_unread(&key, &stages, reporter);
        Ok(PromptConditioning { plan: key.plan, passes, stages, time_ids })
    }

    /// The prompts' rows: those of the last picture, as far as they are the same.
    fn stage_rows(&self, key: &TextsKey, reporter: &Reporter) -> Result<StageRows, PipelineError> {
        if let Some((_, rows)) = self.remembered.texts.borrow().all.as_ref().filter(|(known, _)| known == key) {
            return Ok(rows.clone());
        }
        let text = &self.text(&|part, fraction| reporter.loading(part, fraction))?;
        let text = match &**text {
            TextNetworks::Clip(text) => text,
            TextNetworks::Language { tokenizer, encoder } => {
                return self.language_rows(key, (tokenizer, encoder), reporter);
            }
        };
        let TextsKey { plan, is_weighted, clip_skip, has_negative, is_pair } = key;
        let (is_weighted, clip_skip) = (*is_weighted, *clip_skip);
        let read = |text: &String| if is_weighted { parse(text) } else { Prompt::plain(text) };
        let prompts: Vec<Prompt> = plan.texts.iter().map(read).collect();
        check_clip_skip(text, clip_skip)?;
        // AUTOMATIC1111, whose syntax the weighted one is, reads both prompts early; diffusers only what is wanted.
        let skip_of_negative = if is_weighted { clip_skip } else { 1 };
        let has_zeros = !has_negative && self.spec().zeros_for_absent_negative;
        let mut before = self.remembered.texts.take().each;
        let mut known = HashMap::new();
        let mut encoded = |place: usize, windows: usize, skip: u32| -> Result<Arc<EncodedText>, PipelineError> {
            let key: TextKey = (plan.texts[place].clone(), is_weighted, windows, skip);
            if let Some(known) = known.get(&key) {
                return Ok(Arc::clone(known));
            }
            (reporter.cancel_check)()?;
            let found = match before.remove(&key) {
                Some(found) => found,
                None => Arc::new(self.encode_prompt(text, &prompts[place], windows, skip)?),
            };
            known.insert(key, Arc::clone(&found));
            Ok(found)
        };
        let mut stages = Vec::with_capacity(plan.stages.len());
        for stage in &plan.stages {
            let compared = Some(stage.negative).filter(|_| *is_pair);
            // All rows of a batch have as many windows as the longest prompt.
            let mut windows = 1;
            for place in stage.parts.iter().chain(&compared) {
                windows = windows.max(window_count(text, &prompts[*place])?);
            }
            let parts = stage.parts.iter().map(|place| encoded(*place, windows, clip_skip));
            let mut rows = parts.collect::<Result<Vec<_>, _>>()?;
            if let Some(place) = compared {
                let negative = match rows.first().filter(|_| has_zeros) {
                    Some(part) => Arc::new(EncodedText {
                        context: part.context.zeros_like()?,
                        pooled: part.pooled.as_ref().map(Tensor::zeros_like).transpose()?,
                        cut: 0,
                    }),
                    None => encoded(place, windows, skip_of_negative)?,
                };
                rows.insert(0, negative);
            }
            let mut regions = Vec::with_capacity(stage.regions.len());
            for PlannedRegion { prompt, negative } in &stage.regions {
                let negative = negative.filter(|_| *is_pair);
                let mut windows = window_count(text, &prompts[*prompt])?;
                if let Some(place) = negative {
                    windows = windows.max(window_count(text, &prompts[place])?);
                }
                let negative = negative.map(|place| encoded(place, windows, skip_of_negative)).transpose()?;
                regions.push((encoded(*prompt, windows, clip_skip)?, negative));
            }
            stages.push(StageTexts { rows, regions });
        }
        *self.remembered.texts.borrow_mut() = Texts { each: known, all: Some((key.clone(), stages.clone())) };
        Ok(stages)
    }

    fn encode_prompt(
        &self,
        text: &[PromptEncoder],
        prompt: &Prompt,
        at_least: usize,
        clip_skip: u32,
    ) -> Result<EncodedText, PipelineError> {
        let mut contexts = Vec::new();
        let mut pooled = None;
        for stage in text {
            let windows = stage.tokenizer.windows(prompt, at_least)?;
            let embedding = encode_windows(stage, &windows)?;
            // A pair of encoders is read at the layer before the last, a single one at the last, through its norm.
            let is_pair = text.len() > 1;
            let hidden = match (is_pair, clip_skip) {
                (false, ..=1) => embedding.last.clone(),
                (false, _) => stage.encoder.normalize(layer_from_end(&embedding, clip_skip as usize)?)?,
                (true, _) => layer_from_end(&embedding, clip_skip as usize + 1)?.clone(),
            };
            contexts.push(join_windows(&weighted(&hidden, &windows)?)?);
            pooled = Some(embedding.pooled.i(..1)?);
        }
        let pooled = pooled.ok_or_else(|| ModelError::Misfit("the model has no text encoder".to_owned()))?;
        let context = Tensor::cat(&contexts, 2)?;
        if let Some(wanted) = self.spec().configs.denoiser.context_width()
            && context.dim(2)? != wanted
        {
            let found = context.dim(2)?;
            return Err(ModelError::Misfit(format!(
                "the text encoder gives {found} values a token and the UNet wants {wanted}"
            ))
            .into());
        }
        Ok(EncodedText { context, pooled: Some(pooled), cut: 0 })
    }
}

/// Clip skip may leave the embedding of the tokens and the first layer, no less.
fn check_clip_skip(text: &[PromptEncoder], clip_skip: u32) -> Result<(), PipelineError> {
    let layers = text.iter().map(|stage| stage.encoder.config().layers).min().unwrap_or(1);
    let most = layers.max(1);
    if (1..=most as u32).contains(&clip_skip) {
        return Ok(());
    }
    Err(PipelineError::Unsupported(format!("clip skip must be from 1 to {most} for this model, found {clip_skip}")))
}

fn window_count(text: &[PromptEncoder], prompt: &Prompt) -> Result<usize, PipelineError> {
    let counts = text.iter().map(|stage| stage.tokenizer.windows(prompt, 1).map(|windows| windows.len()));
    Ok(counts.collect::<Result<Vec<_>, _>>()?.into_iter().max().unwrap_or(1))
}

fn encode_windows(stage: &PromptEncoder, windows: &[TokenWindow]) -> Result<TextEmbedding, ModelError> {
    let ids: Vec<Vec<u32>> = windows.iter().map(|window| window.ids.clone()).collect();
    stage.encoder.forward(&ids)
}

/// 1 is the last layer.
fn layer_from_end(embedding: &TextEmbedding, number: usize) -> Result<&Tensor, ModelError> {
    let states = &embedding.hidden_states;
    states
        .len()
        .checked_sub(number)
        .and_then(|index| states.get(index))
        .ok_or_else(|| ModelError::Misfit("the text encoder has too few layers".to_owned()))
}

/// A mean below this share of the values' own size.
const MEANS_NOTHING: f32 = 1e-5;

/// AUTOMATIC1111's rule: each token's embedding times its weight, then the window's mean as it was.
fn weighted(hidden: &Tensor, windows: &[TokenWindow]) -> Result<Tensor, ModelError> {
    if windows.iter().flat_map(|window| &window.weights).all(|weight| weight.to_bits() == 1f32.to_bits()) {
        return Ok(hidden.clone());
    }
    let (count, tokens, _) = hidden.dims3()?;
    let weights: Vec<f32> = windows.iter().flat_map(|window| window.weights.iter().copied()).collect();
    let weights = Tensor::from_vec(weights, (count, tokens, 1), &Device::Cpu)?;
    let scaled = hidden.broadcast_mul(&weights)?;
    let of_windows = |x: &Tensor| x.mean((1, 2))?.to_vec1::<f32>();
    let (before, after, squares) = (of_windows(hidden)?, of_windows(&scaled)?, of_windows(&hidden.sqr()?)?);
    let factors = before.iter().zip(&after).zip(&squares).map(|((before, after), square)| {
        // A mean that is only rounding is no scale: a final norm without gain and bias leaves none.
        let least = MEANS_NOTHING * square.sqrt();
        if before.abs() > least && after.abs() > least { before / after } else { 1.0 }
    });
    let factors = Tensor::from_vec(factors.collect::<Vec<f32>>(), (count, 1, 1), &Device::Cpu)?;
    Ok(scaled.broadcast_mul(&factors)?)
}
