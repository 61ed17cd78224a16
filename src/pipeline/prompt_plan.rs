//! Which texts the network is given at which step, before anything is encoded.

use std::collections::BTreeSet;

use crate::job::{PromptSyntax, Region, Request};
use crate::prompt::{Part, Stage, at_step, parts, stages, weights};

/// The prompts of a picture over its steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PromptPlan {
    /// Each text once.
    pub texts: Vec<String>,
    /// The last one goes on.
    pub stages: Vec<PlannedStage>,
    /// Of the prompt's parts.
    pub weights: Vec<f32>,
}

/// What is given until a step, by the texts' places.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlannedStage {
    /// Steps count from 1.
    pub last_step: usize,
    /// An index into the texts.
    pub negative: usize,
    /// The same of each part of an `AND`.
    pub parts: Vec<usize>,
    /// In the request's order.
    pub regions: Vec<PlannedRegion>,
}

/// A region's prompt and, where it has one, its negative prompt, by the texts' places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlannedRegion {
    pub prompt: usize,
    pub negative: Option<usize>,
}

impl PromptPlan {
    /// `steps` that are really taken: img2img counts from its first one.
    pub(crate) fn new(request: &Request, steps: usize) -> Self {
        let steps = steps.max(1);
        let (prompt, negative) = (request.settled_prompt(), request.settled_negative().unwrap_or_default());
        let (parts, negative) = match request.prompt_syntax {
            PromptSyntax::Weighted => (parts(&prompt, steps), stages(&negative, steps)),
            PromptSyntax::Plain => {
                let whole = |text: &str| vec![Stage { last_step: steps, text: text.to_owned() }];
                (vec![Part { weight: 1.0, stages: whole(&prompt) }], whole(&negative))
            }
        };
        let of_region = |text: &str| match request.prompt_syntax {
            PromptSyntax::Weighted => stages(text, steps),
            PromptSyntax::Plain => vec![Stage { last_step: steps, text: text.to_owned() }],
        };
        let of_region = |region: &Region| {
            let negative = request.settled_region_negative(region).map(|negative| of_region(&negative));
            (of_region(&request.settled_region(region)), negative)
        };
        let regions: Vec<(Vec<Stage>, Option<Vec<Stage>>)> = request.regions.iter().map(of_region).collect();
        let all = parts.iter().map(|part| &part.stages).chain([&negative]);
        let all = all.chain(regions.iter().flat_map(|(prompt, negative)| [prompt].into_iter().chain(negative)));
        let ends: BTreeSet<usize> = all.flatten().map(|stage| stage.last_step).collect();
        let mut plan =
            Self { texts: Vec::new(), stages: Vec::new(), weights: parts.iter().map(|part| part.weight).collect() };
        for last_step in ends {
            let mut place = |stages: &[Stage]| plan.place(at_step(stages, last_step).map_or("", |stage| &stage.text));
            let parts = parts.iter().map(|part| place(&part.stages)).collect();
            let negative = place(&negative);
            let regions = regions.iter().map(|(prompt, negative)| PlannedRegion {
                prompt: place(prompt),
                negative: negative.as_deref().map(&mut place),
            });
            let stage = PlannedStage { last_step, negative, parts, regions: regions.collect() };
            match plan.stages.last_mut() {
                Some(last) if *last == (PlannedStage { last_step: last.last_step, ..stage.clone() }) => {
                    last.last_step = last_step;
                }
                _ => plan.stages.push(stage),
            }
        }
        plan
    }

    fn place(&mut self, text: &str) -> usize {
        self.texts.iter().position(|known| known == text).unwrap_or_else(|| {
            self.texts.push(text.to_owned());
            self.texts.len() - 1
        })
    }
}

/// The weights of the prompt's parts, each of which is one pass.
pub(super) fn part_weights(request: &Request) -> Vec<f32> {
    match request.prompt_syntax {
        PromptSyntax::Weighted => weights(&request.settled_prompt()),
        PromptSyntax::Plain => vec![1.0],
    }
}

/// Whether these are the weights of a prompt of one part that counts as it is.
pub(super) fn is_undivided(weights: &[f32]) -> bool {
    matches!(weights, [weight] if weight.to_bits() == 1f32.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(prompt: &str, negative: &str, steps: usize) -> PromptPlan {
        let request = Request { prompt: prompt.into(), negative: Some(negative.into()), ..Request::default() };
        PromptPlan::new(&request, steps)
    }

    fn described(plan: &PromptPlan) -> Vec<String> {
        let text = |place: &usize| plan.texts[*place].as_str();
        let describe = |stage: &PlannedStage| {
            let parts: Vec<&str> = stage.parts.iter().map(text).collect();
            format!("{}: {} - {}", stage.last_step, parts.join(" + "), text(&stage.negative))
        };
        plan.stages.iter().map(describe).collect()
    }

    #[test]
    fn each_text_is_there_once_and_each_step_has_its_own() {
        let found = plan("a [b|c] AND [d:e:3] :0.5", "[x:y:0.5]", 4);
        assert_eq!(described(&found), ["1: a b +  d - x", "2: a c +  d - x", "3: a b +  d - y", "4: a c +  e - y"]);
        assert_eq!((found.texts.len(), found.weights), (6, vec![1.0, 0.5]));
    }

    #[test]
    fn what_never_changes_is_one_stage() {
        assert_eq!(described(&plan("a [b:b:3]", "", 9)), ["9: a b - "]);
        assert_eq!(described(&plan("a <lora:x:1>", "<lora:x:1>", 9)), ["9: a - <lora:x:1>"]);
        let plain =
            Request { prompt: "a [b:c:3] AND {d|e}".into(), prompt_syntax: PromptSyntax::Plain, ..Request::default() };
        assert_eq!(described(&PromptPlan::new(&plain, 9)), ["9: a [b:c:3] AND {d|e} - "]);
        assert_eq!(part_weights(&plain), [1.0]);
    }
}
