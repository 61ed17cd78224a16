//! The layers of today's transformers in the spellings of LoRAs: the original code's names, and matrices that a file has in
//! one and the network here in several.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::checkpoint::single_file::{TensorSlice, transformer_places};

/// Of a block with two streams.
const DOUBLE: [&str; 8] = [
    "img_attn.qkv",
    "img_attn.proj",
    "img_mlp.0",
    "img_mlp.2",
    "txt_attn.qkv",
    "txt_attn.proj",
    "txt_mlp.0",
    "txt_mlp.2",
];
const FLUX2: [&str; 9] = [
    "img_in",
    "txt_in",
    "time_in.in_layer",
    "time_in.out_layer",
    "double_stream_modulation_img.lin",
    "double_stream_modulation_txt.lin",
    "single_stream_modulation.lin",
    "final_layer.linear",
    "final_layer.adaLN_modulation.1",
];
const Z_IMAGE: [&str; 3] = ["x_embedder", "final_layer.linear", "final_layer.adaLN_modulation.1"];

/// A layer of ours, and what of a file's layer it is.
pub(super) type Target = (String, TensorSlice);

/// Every other spelling of a transformer's layers, with underscores for dots, and the layers that it is made of.
/// `tensors` are the network's shapes by name.
#[must_use]
pub(super) fn spellings(tensors: &BTreeMap<&str, &[usize]>) -> HashMap<String, Vec<Target>> {
    let blocks = |kind: &str| -> BTreeSet<String> {
        let number = |name: &&str| Some(name.strip_prefix(kind)?.strip_prefix('.')?.split('.').next()?.to_owned());
        tensors.keys().filter_map(number).collect()
    };
    let side = |name: &str, axis: usize| tensors.get(name).and_then(|shape| shape.get(axis)).copied().unwrap_or(0);
    let is_flux2 = tensors.contains_key("double_stream_modulation_img.linear.weight");
    let mut found = HashMap::new();
    let mut add = |layer: &str, shape: &[usize]| {
        let places = transformer_places(&format!("{layer}.weight"), shape, is_flux2);
        let targets =
            places.into_iter().filter_map(|(name, cut)| Some((name.strip_suffix(".weight")?.to_owned(), cut)));
        found.insert(layer.replace('.', "_"), targets.collect());
    };
    if is_flux2 {
        for block in blocks("transformer_blocks") {
            for part in DOUBLE {
                add(&format!("double_blocks.{block}.{part}"), &[]);
            }
            for part in ["ff.linear_in", "ff_context.linear_in"] {
                add(&format!("transformer_blocks.{block}.{part}"), &[]);
            }
        }
        for block in blocks("single_transformer_blocks") {
            let at = format!("single_transformer_blocks.{block}");
            let (query, gate) = (format!("{at}.attn.to_q.weight"), format!("{at}.ff.gate.weight"));
            let shape =
                [side(&query, 0).saturating_mul(3).saturating_add(side(&gate, 0).saturating_mul(2)), side(&query, 1)];
            add(&format!("{at}.attn.to_qkv_mlp_proj"), &shape);
            add(&format!("single_blocks.{block}.linear1"), &shape);
            add(&format!("single_blocks.{block}.linear2"), &[]);
        }
        for layer in FLUX2 {
            add(layer, &[]);
        }
        return found;
    }
    for kind in ["layers", "noise_refiner", "context_refiner"] {
        for block in blocks(kind) {
            for part in ["attention.qkv", "attention.out"] {
                add(&format!("{kind}.{block}.{part}"), &[]);
            }
        }
    }
    for layer in Z_IMAGE {
        add(layer, &[]);
    }
    found
}

/// The rows of a file's layer that stand where each of its rows does when `ours` rows of it are known: what is not known
/// is filled with what is, so that a change of the whole can be laid over it; and where ours begin.
#[must_use]
pub(super) fn rows_around(cut: TensorSlice, ours: usize) -> Option<(Vec<u32>, usize)> {
    match cut {
        TensorSlice::Rows { first, count, of } => {
            let unit = ours / count.max(1);
            let (whole, before) = (unit * of, unit * first);
            // Begun by as many rows that ours end up at their own place.
            let shift = before.div_ceil(ours.max(1)) * ours - before;
            Some(((0..whole).map(|row| ((row + shift) % ours.max(1)) as u32).collect(), before))
        }
        TensorSlice::HalvesSwapped => {
            let half = ours / 2;
            Some(((0..ours).map(|row| ((row + half) % ours.max(1)) as u32).collect(), 0))
        }
        TensorSlice::Whole | TensorSlice::Transposed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_known_keep_their_place() {
        for first in 0..3 {
            let (rows, start) = rows_around(TensorSlice::third(first), 4).unwrap();
            assert_eq!((rows.len(), start), (12, 4 * first));
            assert_eq!(rows[start..start + 4], [0, 1, 2, 3]);
        }
        let (rows, start) = rows_around(TensorSlice::Rows { first: 6, count: 3, of: 9 }, 12).unwrap();
        assert_eq!((rows.len(), start, rows[24], rows[35]), (36, 24, 0, 11));
        assert_eq!(rows_around(TensorSlice::HalvesSwapped, 4).unwrap().0, [2, 3, 0, 1]);
        assert_eq!(rows_around(TensorSlice::Whole, 4), None);
    }
}
