//! Prompts to what a transformer is given where a language model reads them: each distinct text once, alone.

use std::collections::HashMap;
use std::rc::Rc;

use super::PipelineError;
use super::conditioning::{Encoded, Passes, PromptConditioning};
use super::load::Pipeline;
use super::networks::Reporter;
use super::prompt_plan::PromptPlan;
use super::resolved::ResolvedRequest;
use crate::job::{Progress, PromptSyntax, Request};
use crate::model::{AttentionMethod, ForwardOptions, Qwen3};
use crate::prompt::{ChatTokenizer, Prompt, parse, words_of};

impl Pipeline {
    /// Encodes each text of the prompts once. `steps` are those that are taken.
    pub(super) fn condition_by_language(
        &self,
        request: &Request,
        resolved: &ResolvedRequest,
        steps: usize,
        (tokenizer, encoder): (&ChatTokenizer, &Qwen3),
        reporter: &Reporter,
    ) -> Result<PromptConditioning, PipelineError> {
        let plan = PromptPlan::new(request, steps);
        let is_weighted = request.prompt_syntax == PromptSyntax::Weighted;
        let read = |text: &String| if is_weighted { parse(text) } else { Prompt::plain(text) };
        let prompts: Vec<Prompt> = plan.texts.iter().map(read).collect();
        let options = ForwardOptions { attention: AttentionMethod::Tiled, cancel_check: reporter.cancel_check };
        let mut cut = 0;
        let mut known: HashMap<usize, Rc<Encoded>> = HashMap::new();
        let mut encoded = |place: usize| -> Result<Rc<Encoded>, PipelineError> {
            if let Some(known) = known.get(&place) {
                return Ok(Rc::clone(known));
            }
            let tokens = tokenizer.tokens(&words_of(&prompts[place]))?;
            cut = cut.max(tokens.cut);
            let context = encoder.forward(&tokens.ids, tokens.words, &options)?;
            let fresh = Rc::new(Encoded { context, pooled: None });
            known.insert(place, Rc::clone(&fresh));
            Ok(fresh)
        };
        let mut stages = Vec::with_capacity(plan.stages.len());
        for stage in &plan.stages {
            let negative = Some(stage.negative).filter(|_| resolved.is_pair);
            let rows = negative.iter().chain(&stage.parts).map(|place| encoded(*place));
            stages.push(rows.collect::<Result<Vec<_>, _>>()?);
        }
        for sentence in unread(request, &prompts, cut, self.spec().profile().family.value.name()) {
            reporter.report(Progress::Notice(sentence.into()));
        }
        let passes = if resolved.is_pair { Passes::Pair } else { Passes::Alone };
        Ok(PromptConditioning::new(plan, passes, stages, None))
    }
}

/// What was asked of the words that a language model does not do.
fn unread(request: &Request, prompts: &[Prompt], cut: usize, family: &str) -> Vec<String> {
    let mut said = Vec::new();
    let pieces = prompts.iter().flat_map(|prompt| &prompt.sections).flatten();
    if pieces.into_iter().any(|piece| piece.weight.to_bits() != 1f32.to_bits()) {
        said.push(format!(
            "weights of words have no effect: {family} reads the prompt as a sentence, so say in words what matters"
        ));
    }
    if request.clip_skip.is_some_and(|skip| skip > 1) {
        said.push(format!("clip skip has no effect: {family} has no CLIP"));
    }
    if cut > 0 {
        let most = ChatTokenizer::MOST_TOKENS;
        said.push(format!(
            "the prompt is {cut} tokens longer than the {most} that this model reads; its end is left out"
        ));
    }
    said
}
