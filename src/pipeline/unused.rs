//! Settings that were chosen and that this model, or another setting, leaves without effect.
//!
//! A picture that ignores what was asked must say so: each is a sentence for a notice.

use super::resolved::ResolvedRequest;
use crate::job::{Control, ModelInput, Request};

/// One sentence for each setting of `request` that changes nothing in its picture.
pub(super) fn unused_settings(
    request: &Request,
    resolved: &ResolvedRequest,
    input: ModelInput,
    embeds_guidance: bool,
    reads_references: bool,
) -> Vec<String> {
    let mut unused = Vec::new();
    if !resolved.is_pair {
        let reason = if embeds_guidance {
            "this model's guidance is one pass with the prompt alone".to_owned()
        } else {
            format!("with guidance {} the prompt alone is followed; it counts from above 1", resolved.guidance)
        };
        let is_written = |text: &str| !text.trim().is_empty();
        let settings = [
            (request.negative.as_deref().is_some_and(is_written), "the negative prompt"),
            (
                request.regions.iter().any(|region| region.negative.as_deref().is_some_and(is_written)),
                "a region's negative prompt",
            ),
            (request.guidance_rescale > 0.0, "CFG rescale"),
            (request.guidance_until < 1.0, "the end of guidance"),
        ];
        let named = settings.iter().filter(|(is_chosen, _)| *is_chosen);
        unused.extend(named.map(|(_, name)| format!("{name} has no effect: {reason}")));
    }
    if request.image_guidance.is_some() && input != ModelInput::Instruction {
        unused.push("image guidance has no effect: it is for models that change a picture by instruction".to_owned());
    }
    if request.references.iter().any(|reference| reference.adapter.is_none()) && !reads_references {
        unused.push("reference pictures without an adapter have no effect: this model reads none".to_owned());
    }
    if request.references.iter().any(|reference| reference.adapter.is_some() && reference.weight == 0.0) {
        unused.push("a reference picture has no effect: its weight is 0".to_owned());
    }
    let weightless = request.regions.iter().filter(|region| region.weight == 0.0);
    unused.extend(weightless.map(|region| format!("the region “{}” has no effect: its weight is 0", region.name())));
    let wordless = request.regions.iter().filter(|region| region.prompt.trim().is_empty() && region.weight != 0.0);
    unused.extend(wordless.map(|region| format!("the region “{}” asks for nothing: it has no words", region.name())));
    unused
}

/// One sentence for each control that counts at none of so many model calls.
pub(super) fn unused_controls(request: &Request, calls: usize) -> Vec<String> {
    let unused = request.controls.iter().filter(|control| control.share_of(calls) <= 0.0);
    let sentence = |control: &Control| {
        let name = control.network.name();
        let reason = if control.weight == 0.0 {
            "its weight is 0".to_owned()
        } else {
            format!("none of the {calls} steps lies between {} and {} of them", control.from, control.to)
        };
        format!("the control {name} has no effect: {reason}")
    };
    unused.map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Region;

    fn unused(request: &Request, is_pair: bool, input: ModelInput) -> Vec<String> {
        let resolved = ResolvedRequest { width: 64, height: 64, guidance: if is_pair { 7.0 } else { 1.0 }, is_pair };
        unused_settings(request, &resolved, input, false, false)
    }

    #[test]
    fn what_was_chosen_and_changes_nothing_is_named() {
        let request = Request {
            negative: Some("blurred".into()),
            guidance_rescale: 0.5,
            guidance_until: 0.5,
            image_guidance: Some(1.5),
            ..Request::default()
        };
        let said = unused(&request, false, ModelInput::Plain);
        assert!(said.iter().map(|line| line.split(" has no").next().unwrap()).eq([
            "the negative prompt",
            "CFG rescale",
            "the end of guidance",
            "image guidance"
        ]));
        assert!(said[0].contains("guidance 1 "), "{said:?}");
        // All of them count where two passes are compared and a picture is changed by instruction.
        assert!(unused(&request, true, ModelInput::Instruction).is_empty());
    }

    #[test]
    fn a_control_that_never_counts_is_named() {
        let control = |weight: f64, from: f64, to: f64| Control { weight, from, to, ..Control::default() };
        let controls = vec![control(0.0, 0.0, 1.0), control(1.0, 0.45, 0.55), control(1.0, 0.0, 0.5)];
        let said = unused_controls(&Request { controls, ..Request::default() }, 4);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("weight") && said[1].contains("0.45"), "{said:?}");
    }

    #[test]
    fn a_region_without_words_or_weight_is_named_by_its_layer() {
        let region = |prompt: &str, weight| Region {
            prompt: prompt.into(),
            layer: Some("Region 2".into()),
            weight,
            ..Region::default()
        };
        let regions = vec![region("", 1.0), region("a fox", 1.0), region(" ", 0.0)];
        let said = unused(&Request { regions, ..Request::default() }, true, ModelInput::Plain);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said.iter().all(|sentence| sentence.contains("“Region 2”")), "{said:?}");
        assert!(said[0].contains("weight") && said[1].contains("no words"), "{said:?}");
    }

    #[test]
    fn what_was_left_alone_is_not_mentioned() {
        for negative in [None, Some(String::new()), Some(" \n".into())] {
            let request = Request { negative, ..Request::default() };
            assert!(unused(&request, false, ModelInput::Plain).is_empty());
        }
    }
}
