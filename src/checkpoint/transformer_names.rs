//! Names of a transformer's tensors as its layers ask for them: fused matrices are taken apart where they are read.

use super::single_file::TensorSlice;

/// diffusers' folder of a denoiser that is a transformer.
pub(crate) const TRANSFORMER: &str = "transformer";

/// Our tensors that this one holds: itself, or parts of its rows.
pub(crate) fn transformer_parts(name: &str, shape: &[usize]) -> Vec<(String, TensorSlice)> {
    let (at, kind) = name.rsplit_once('.').unwrap_or((name, ""));
    if let Some(block) = at.strip_suffix(".attn.to_qkv_mlp_proj") {
        return single_block(block, kind, shape);
    }
    if let Some(block) = at.strip_suffix(".linear_in") {
        let half =
            |(index, half)| (format!("{block}.{half}.{kind}"), TensorSlice::Rows { first: index, count: 1, of: 2 });
        return ["gate", "up"].into_iter().enumerate().map(half).collect();
    }
    vec![(name.to_owned(), TensorSlice::Whole)]
}

/// Query, key, value, then the gate and what it gates, which are as wide as each other.
fn single_block(block: &str, kind: &str, shape: &[usize]) -> Vec<(String, TensorSlice)> {
    let (Some(&rows), Some(&width)) = (shape.first(), shape.last()) else { return Vec::new() };
    let hidden = rows.saturating_sub(width.saturating_mul(3)) / 2;
    let unit = greatest_common_divisor(width, hidden).max(1);
    let of = rows / unit;
    let mut first = 0;
    let parts =
        [("attn.to_q", width), ("attn.to_k", width), ("attn.to_v", width), ("ff.gate", hidden), ("ff.up", hidden)];
    let part = |(name, rows): (&str, usize)| {
        let cut = TensorSlice::Rows { first, count: rows / unit, of };
        first += rows / unit;
        (format!("{block}.{name}.{kind}"), cut)
    };
    parts.into_iter().map(part).collect()
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fused_matrix_is_taken_apart_without_a_rest() {
        let parts = transformer_parts("single_transformer_blocks.3.attn.to_qkv_mlp_proj.weight", &[36, 4]);
        let rows = |cut: TensorSlice| cut.shape_after(&[36, 4])[0];
        let found: Vec<_> = parts.iter().map(|(name, cut)| (name.as_str(), rows(*cut))).collect();
        let at = |name| format!("single_transformer_blocks.3.{name}.weight");
        let wanted = [("attn.to_q", 4), ("attn.to_k", 4), ("attn.to_v", 4), ("ff.gate", 12), ("ff.up", 12)];
        assert!(
            found.iter().zip(wanted).all(|(found, wanted)| *found == (at(wanted.0).as_str(), wanted.1)),
            "{found:?}"
        );
        assert_eq!(parts[4].1, TensorSlice::Rows { first: 6, count: 3, of: 9 });
        let halves = transformer_parts("transformer_blocks.0.ff_context.linear_in.weight", &[48, 8]);
        assert_eq!(
            halves[1],
            ("transformer_blocks.0.ff_context.up.weight".into(), TensorSlice::Rows { first: 1, count: 1, of: 2 })
        );
        assert_eq!(transformer_parts("x_pad_token", &[1, 8]), [("x_pad_token".to_owned(), TensorSlice::Whole)]);
    }
}
