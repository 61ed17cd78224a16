//! What became of a LoRA's layers while a model was read, and what is said of it: nothing, a notice, or a refusal.

use std::collections::{BTreeMap, BTreeSet};

use super::PatchKey;

/// Why a layer was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no such layer.
    Absent,
    /// Its numbers do not fit the layer, whose sides these are.
    Shape(Vec<usize>),
    /// The layer has no bias to change; the rest of the change was made.
    NoBias,
    /// Its form is known, and cannot be merged.
    Form(&'static str),
    /// Some of its tensors are not in the file.
    Incomplete,
}

impl Reason {
    fn sentence(&self, layer: &str) -> String {
        match self {
            Self::Absent => format!("{layer} is not in this model"),
            Self::Shape(shape) => format!("its {layer} does not fit {shape:?}"),
            Self::NoBias => format!("{layer} has no bias in this model"),
            Self::Form(form) => format!("{layer} is in the form of {form}, which cannot be merged"),
            Self::Incomplete => format!("{layer} lacks some of its tensors"),
        }
    }
}

/// What became of a file while a model was read. A network may be read again and again.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub fitting: BTreeSet<PatchKey>,
    pub left_out: BTreeMap<PatchKey, Reason>,
    pub has_effect: bool,
    /// Why a tensor of the file cannot be used at all.
    pub broken: Option<String>,
}

/// What is said in the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Fits,
    /// The picture is drawn without these.
    Partly(String),
    Refused(String),
}

impl Outcome {
    /// Judges all layers of the file `keys`. Families share names, and many sizes: what tells them apart is how wide the
    /// text is that cross-attention reads. So its keys and values decide where the file has any with a place in the
    /// model; else half of the layers must fit. A file of which more than a quarter
    /// has another size than the model is of another kind, whatever text it reads.
    pub(super) fn judge(&self, keys: &[&PatchKey], file_name: &str) -> Verdict {
        if let Some(broken) = &self.broken {
            return Verdict::Refused(broken.clone());
        }
        let left_out: Vec<(&PatchKey, &Reason)> = keys
            .iter()
            .filter_map(|key| match self.left_out.get(*key) {
                Some(reason) => Some((*key, reason)),
                None if self.fitting.contains(*key) => None,
                None => Some((*key, &Reason::Absent)),
            })
            .collect();
        let Some((first, reason)) = left_out.iter().min_by_key(|(_, reason)| **reason == Reason::Absent) else {
            return Verdict::Fits;
        };
        let example = reason.sentence(&first.layer);
        let (all, out) = (keys.len(), left_out.len());
        let is_misfit = |key: &PatchKey| matches!(self.left_out.get(key), Some(Reason::Shape(_)));
        if self.fitting.is_empty() {
            return Verdict::Refused(match reason {
                Reason::Shape(_) => other_kind(&example),
                Reason::Form(form) => format!("is in the form of {form}, which Inkwick cannot merge; get it as a LoRA"),
                Reason::Incomplete => format!("is not whole ({example}); get another copy of it"),
                Reason::Absent | Reason::NoBias => format!(
                    "would change nothing: none of its {all} layers is in this model, {} for one; choose a model of its kind",
                    first.layer
                ),
            });
        }
        let telling: Vec<&&PatchKey> = keys.iter().filter(|key| key.reads_text()).collect();
        let misfits = telling.iter().filter(|key| is_misfit(key)).count();
        let fits = telling.iter().filter(|key| self.fitting.contains(**key)).count();
        let all_misfits = keys.iter().filter(|key| is_misfit(key)).count();
        let is_other = if misfits + fits > 0 { misfits > fits } else { self.fitting.len() * 2 < all };
        let is_other = is_other || all_misfits * 4 > all;
        if is_other {
            let text_example =
                telling.iter().find(|key| is_misfit(key)).and_then(|key| Some((key, self.left_out.get(**key)?)));
            let reason = text_example.map_or(example, |(key, reason)| reason.sentence(&key.layer));
            return Verdict::Refused(other_kind(&format!("{out} of its {all} layers have no place here; {reason}")));
        }
        let were = if out == 1 { "was" } else { "were" };
        let for_one = if out == 1 { "" } else { ", for one" };
        Verdict::Partly(format!("{out} of {all} layers of the LoRA {file_name} {were} left out: {example}{for_one}"))
    }
}

fn other_kind(reason: &str) -> String {
    format!("was made for another kind of model ({reason}); choose a model of its kind")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(layer: &str) -> PatchKey {
        PatchKey { network: "unet", layer: layer.to_owned(), adapter: String::new() }
    }

    fn judged(fitting: &[&str], misfits: &[&str], absent: &[&str]) -> Verdict {
        let all: Vec<PatchKey> = [fitting, misfits, absent].concat().into_iter().map(key).collect();
        let left_out = misfits.iter().map(|layer| (key(layer), Reason::Shape(vec![320, 768])));
        let outcome = Outcome {
            fitting: fitting.iter().map(|layer| key(layer)).collect(),
            left_out: left_out.collect(),
            has_effect: true,
            broken: None,
        };
        outcome.judge(&all.iter().collect::<Vec<_>>(), "x.safetensors")
    }

    #[test]
    fn the_text_that_is_read_tells_families_apart_and_else_half_of_the_layers() {
        let (q, k) = ("mid_attn1_to_q", "mid_attn2_to_k");
        assert_eq!(judged(&[q, k], &[], &[]), Verdict::Fits);
        let said = judged(&[k], &["conv_in"], &["a", "b", "c", "d"]);
        let wanted =
            "5 of 6 layers of the LoRA x.safetensors were left out: its conv_in does not fit [320, 768], for one";
        assert_eq!(said, Verdict::Partly(wanted.to_owned()));
        let said = judged(&[q, "a", "b"], &[k], &[]);
        assert!(matches!(&said, Verdict::Refused(reason) if reason.contains("another kind of model")), "{said:?}");
        let said = judged(&[q], &[], &["a"]);
        assert!(
            matches!(&said, Verdict::Partly(reason) if reason.contains("1 of 2") && reason.contains("was")),
            "{said:?}"
        );
        let said = judged(&[q], &[], &["a", "b"]);
        assert!(matches!(&said, Verdict::Refused(reason) if reason.contains("2 of its 3")), "{said:?}");
        let said = judged(&[], &[], &["a", "b"]);
        assert!(matches!(&said, Verdict::Refused(reason) if reason.contains("would change nothing")), "{said:?}");
    }
}
