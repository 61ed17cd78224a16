//! Prompts to what a transformer is given where a language model reads them: each distinct text once, alone.

use std::collections::HashMap;
use std::sync::Arc;

use super::PipelineError;
use super::load::Pipeline;
use super::networks::Reporter;
use super::remembered::{EncodedText, StageRows, StageTexts, TextKey, Texts, TextsKey};
use crate::job::Progress;
use crate::model::{AttentionMethod, ForwardOptions, Qwen3};
use crate::prompt::{ChatTokenizer, Prompt, parse, words_of};

impl Pipeline {
    /// The prompts' rows, each text encoded once; texts of the last picture are taken from it.
    pub(super) fn language_rows(
        &self,
        key: &TextsKey,
        (tokenizer, encoder): (&ChatTokenizer, &Qwen3),
        reporter: &Reporter,
    ) -> Result<StageRows, PipelineError> {
        let TextsKey { plan, is_weighted, is_pair, .. } = key;
        let options = ForwardOptions { attention: AttentionMethod::Tiled, cancel_check: reporter.cancel_check };
        let mut before = self.remembered.texts.take().each;
        let mut known = HashMap::new();
        let mut encoded = |place: usize| -> Result<Arc<EncodedText>, PipelineError> {
            let text = &plan.texts[place];
            let key: TextKey = (text.clone(), *is_weighted, 0, 0);
            if let Some(known) = known.get(&key) {
                return Ok(Arc::clone(known));
            }
            let found = if let Some(found) = before.remove(&key) {
                found
            } else {
                let tokens = tokenizer.tokens(&words_of(&read(text, *is_weighted)))?;
                let context = encoder.forward(&tokens.ids, tokens.words, &options)?;
                Arc::new(EncodedText { context, pooled: None, cut: tokens.cut })
            };
            known.insert(key, Arc::clone(&found));
            Ok(found)
        };
        let mut stages = Vec::with_capacity(plan.stages.len());
        for stage in &plan.stages {
            let negative = Some(stage.negative).filter(|_| *is_pair);
            let rows = negative.iter().chain(&stage.parts).map(|place| encoded(*place));
            stages.push(StageTexts { rows: rows.collect::<Result<Vec<_>, _>>()?, regions: Vec::new() });
        }
        *self.remembered.texts.borrow_mut() = Texts { each: known, all: Some((key.clone(), stages.clone())) };
        Ok(stages)
    }

    /// Says what was asked of the words that a language model does not do.
    pub(super) fn report_unread(&self, key: &TextsKey, stages: &StageRows, reporter: &Reporter) {
        let family = self.spec().profile().family.value;
        if !family.row().text.is_language_model() {
            return;
        }
        let family = family.name();
        let mut said = Vec::new();
        let is_weighed = |text: &String| {
            let prompt = read(text, key.is_weighted);
            prompt.sections.iter().flatten().any(|piece| piece.weight.to_bits() != 1f32.to_bits())
        };
        if key.plan.texts.iter().any(is_weighed) {
            said.push(format!(
                "weights of words have no effect: {family} reads the prompt as a sentence, so say in words what matters"
            ));
        }
        if key.clip_skip > 1 {
            said.push(format!("clip skip has no effect: {family} has no CLIP"));
        }
        let cut = stages.iter().flat_map(|stage| &stage.rows).map(|row| row.cut).max().unwrap_or(0);
        if cut > 0 {
            let most = ChatTokenizer::MOST_TOKENS;
            said.push(format!(
                "the prompt is {cut} tokens longer than the {most} that this model reads; its end is left out"
            ));
        }
        for sentence in said {
            reporter.report(Progress::Notice(sentence.into()));
        }
    }
}

fn read(text: &str, is_weighted: bool) -> Prompt {
    if is_weighted { parse(text) } else { Prompt::plain(text) }
}
