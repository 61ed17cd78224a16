//! What a tensor is to its layer's change, by the end of its name: one table for the names of kohya's scripts, of
//! diffusers, of PEFT (with any adapter's name), of `LyCORIS`, and of the forms that are known and cannot be merged.

/// What a tensor is to its layer's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Down,
    Up,
    Mid,
    UpBias,
    EmbeddingDown,
    EmbeddingUp,
    Alpha,
    /// `DoRA`'s lengths, per output or per input as its shape says.
    Magnitude,
    /// `DoRA`'s lengths, always per output.
    OutputMagnitude,
    HadaW1A,
    HadaW1B,
    HadaW2A,
    HadaW2B,
    HadaT1,
    HadaT2,
    KronW1,
    KronW1A,
    KronW1B,
    KronW2,
    KronW2A,
    KronW2B,
    KronT2,
    Difference,
    BiasDifference,
    /// What the layer learnt to rotate its outputs by, `(blocks, side, side)`, or with a stage before them (BOFT).
    OutputBlocks,
    /// The rotations themselves.
    OutputRotation,
    OutputScale,
    /// The upper triangles of what the layer's inputs are rotated by, `(blocks, numbers)`.
    InputTriangles,
    /// `(stages, blocks, side, side)` for the layer's inputs.
    InputBlocks,
    /// `(outputs, 1)` beside them.
    InputBlocksScale,
    GloraA1,
    GloraA2,
    GloraB1,
    GloraB2,
    GloraMid,
    /// What is added to a factor of 1; `Ia3OnInput` says of which side.
    Ia3Change,
    Ia3OnInput,
    /// The factor itself; its shape says of which side.
    Ia3Factor,
    /// Of a form that is known by this name and cannot be merged.
    Unmergeable(&'static str),
}

/// What may stand between a word of the table and the end of the name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nothing.
    Here,
    /// An adapter's name.
    Parameter,
    /// An adapter's name, then `weight`.
    Module,
    /// An adapter's name, then `bias`.
    Bias,
}

/// The word that says what a tensor is, with what stands before it: `.` after a layer's name, or `_` after the last
/// part of it.
const WORDS: [(&str, Ending, Role); 94] = [
    (".lora_down", Ending::Module, Role::Down),
    (".lora_up", Ending::Module, Role::Up),
    (".lora_mid", Ending::Module, Role::Mid),
    (".lora_A", Ending::Module, Role::Down),
    (".lora_B", Ending::Module, Role::Up),
    (".lora_up", Ending::Bias, Role::UpBias),
    (".lora_B", Ending::Bias, Role::UpBias),
    (".lora.down", Ending::Module, Role::Down),
    (".lora.up", Ending::Module, Role::Up),
    ("_lora.down", Ending::Module, Role::Down),
    ("_lora.up", Ending::Module, Role::Up),
    (".lora_linear_layer.down", Ending::Module, Role::Down),
    (".lora_linear_layer.up", Ending::Module, Role::Up),
    (".lora_embedding_A", Ending::Parameter, Role::EmbeddingDown),
    (".lora_embedding_B", Ending::Parameter, Role::EmbeddingUp),
    (".lora.alpha", Ending::Here, Role::Alpha),
    ("_lora.alpha", Ending::Here, Role::Alpha),
    (".lora_linear_layer.alpha", Ending::Here, Role::Alpha),
    (".alpha", Ending::Here, Role::Alpha),
    (".dora_scale", Ending::Parameter, Role::Magnitude),
    (".lora_magnitude_vector", Ending::Module, Role::OutputMagnitude),
    (".hada_w1_a", Ending::Parameter, Role::HadaW1A),
    (".hada_w1_b", Ending::Parameter, Role::HadaW1B),
    (".hada_w2_a", Ending::Parameter, Role::HadaW2A),
    (".hada_w2_b", Ending::Parameter, Role::HadaW2B),
    (".hada_t1", Ending::Parameter, Role::HadaT1),
    (".hada_t2", Ending::Parameter, Role::HadaT2),
    (".lokr_w1", Ending::Parameter, Role::KronW1),
    (".lokr_w1_a", Ending::Parameter, Role::KronW1A),
    (".lokr_w1_b", Ending::Parameter, Role::KronW1B),
    (".lokr_w2", Ending::Parameter, Role::KronW2),
    (".lokr_w2_a", Ending::Parameter, Role::KronW2A),
    (".lokr_w2_b", Ending::Parameter, Role::KronW2B),
    (".lokr_t2", Ending::Parameter, Role::KronT2),
    (".diff", Ending::Here, Role::Difference),
    (".diff_b", Ending::Here, Role::BiasDifference),
    (".w_norm", Ending::Here, Role::Difference),
    (".b_norm", Ending::Here, Role::BiasDifference),
    (".oft_blocks", Ending::Here, Role::OutputBlocks),
    (".oft_diag", Ending::Here, Role::OutputRotation),
    (".rescale", Ending::Here, Role::OutputScale),
    (".oft_R", Ending::Module, Role::InputTriangles),
    (".boft_R", Ending::Parameter, Role::InputBlocks),
    (".boft_s", Ending::Parameter, Role::InputBlocksScale),
    (".a1.weight", Ending::Here, Role::GloraA1),
    (".a2.weight", Ending::Here, Role::GloraA2),
    (".b1.weight", Ending::Here, Role::GloraB1),
    (".b2.weight", Ending::Here, Role::GloraB2),
    (".bm.weight", Ending::Here, Role::GloraMid),
    (".on_input", Ending::Here, Role::Ia3OnInput),
    (".ia3_l", Ending::Parameter, Role::Ia3Factor),
    (".lora_E", Ending::Parameter, Role::Unmergeable("AdaLoRA")),
    (".oft_r", Ending::Parameter, Role::Unmergeable("OFT as PEFT had it before 0.14")),
    (".lambda_layer", Ending::Here, Role::Unmergeable("T-LoRA")),
    (".vera_lambda_b", Ending::Parameter, Role::Unmergeable("VeRA")),
    (".vera_lambda_d", Ending::Parameter, Role::Unmergeable("VeRA")),
    (".vblora_logits_A", Ending::Parameter, Role::Unmergeable("VB-LoRA")),
    (".vblora_logits_B", Ending::Parameter, Role::Unmergeable("VB-LoRA")),
    (".fourierft_spectrum", Ending::Parameter, Role::Unmergeable("FourierFT")),
    (".waveft_spectrum", Ending::Parameter, Role::Unmergeable("WaveFT")),
    (".hra_u", Ending::Parameter, Role::Unmergeable("HRA")),
    (".ln_tuning_layers", Ending::Module, Role::Unmergeable("LN tuning")),
    (".c3a_kernel", Ending::Parameter, Role::Unmergeable("C3A")),
    (".miss_block", Ending::Parameter, Role::Unmergeable("MiSS")),
    (".bone_block", Ending::Parameter, Role::Unmergeable("Bone")),
    (".shira_weight", Ending::Parameter, Role::Unmergeable("SHiRA")),
    (".delora_lambda", Ending::Parameter, Role::Unmergeable("DeLoRA")),
    (".road_theta", Ending::Parameter, Role::Unmergeable("RoAd")),
    (".randlora_lambda", Ending::Parameter, Role::Unmergeable("RandLora")),
    (".poly_lora_A", Ending::Parameter, Role::Unmergeable("Poly")),
    (".poly_lora_B", Ending::Parameter, Role::Unmergeable("Poly")),
    (".hira_A", Ending::Parameter, Role::Unmergeable("HiRA")),
    (".hira_B", Ending::Parameter, Role::Unmergeable("HiRA")),
    (".gralora_A", Ending::Parameter, Role::Unmergeable("GraLoRA")),
    (".gralora_B", Ending::Parameter, Role::Unmergeable("GraLoRA")),
    (".glora_A", Ending::Parameter, Role::Unmergeable("PEFT's GLoRA")),
    (".glora_B", Ending::Parameter, Role::Unmergeable("PEFT's GLoRA")),
    (".glora_C", Ending::Parameter, Role::Unmergeable("PEFT's GLoRA")),
    (".glora_D", Ending::Parameter, Role::Unmergeable("PEFT's GLoRA")),
    (".glora_E", Ending::Parameter, Role::Unmergeable("PEFT's GLoRA")),
    (".pvera_lambda_b", Ending::Parameter, Role::Unmergeable("PVeRA")),
    (".pvera_lambda_d", Ending::Parameter, Role::Unmergeable("PVeRA")),
    (".psoft_R", Ending::Parameter, Role::Unmergeable("PSOFT")),
    (".oft_embedding_R", Ending::Parameter, Role::Unmergeable("OFT of embeddings")),
    (".deft_P", Ending::Parameter, Role::Unmergeable("DEFT")),
    (".deft_R", Ending::Parameter, Role::Unmergeable("DEFT")),
    (".lily_A", Ending::Parameter, Role::Unmergeable("Lily")),
    (".lily_B", Ending::Parameter, Role::Unmergeable("Lily")),
    (".tinylora_v", Ending::Parameter, Role::Unmergeable("TinyLoRA")),
    (".unilora_theta_d", Ending::Parameter, Role::Unmergeable("UniLoRA")),
    (".trainable_tokens_delta", Ending::Parameter, Role::Unmergeable("trainable tokens")),
    (".beft_bias", Ending::Parameter, Role::Unmergeable("BEFT")),
    (".set_weight", Ending::Here, Role::Unmergeable("ComfyUI's replaced weights")),
    (".reshape_weight", Ending::Here, Role::Unmergeable("ComfyUI's enlarged layers")),
];

/// A tensor's name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameParts<'a> {
    /// The layer's part.
    pub stem: &'a str,
    /// PEFT's name for the whole adapter; empty in most files.
    pub adapter: &'a str,
    pub role: Role,
}

/// A tensor's name, taken apart; `None` where it is no part of a layer's change.
#[must_use]
pub(crate) fn split(name: &str) -> Option<NameParts<'_>> {
    WORDS.iter().find_map(|(word, ending, role)| {
        let at = name.rfind(word)?;
        let adapter = adapter_in(&name[at + word.len()..], *ending)?;
        Some(NameParts { stem: &name[..at], adapter, role: *role }).filter(|parts| !parts.stem.is_empty())
    })
}

fn adapter_in(rest: &str, ending: Ending) -> Option<&str> {
    let named = |rest: &'_ str| rest.is_empty() || rest.starts_with('.') && !rest[1..].contains('.');
    let adapter = match ending {
        Ending::Here => return rest.is_empty().then_some(""),
        Ending::Parameter => rest,
        // PEFT kept DoRA's lengths as a parameter first, and some save modules without the last word.
        Ending::Module => rest.strip_suffix(".weight").unwrap_or(rest),
        Ending::Bias => rest.strip_suffix(".bias")?,
    };
    (named(adapter) && adapter != ".bias").then(|| adapter.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_with_every_ending_that_it_may_have() {
        for (word, ending, role) in WORDS {
            let ends: &[&str] = match ending {
                Ending::Here => &[""],
                Ending::Parameter => &["", ".default", ".my_style"],
                Ending::Module => &["", ".weight", ".default.weight", ".my-style_2.weight"],
                Ending::Bias => &[".bias", ".default.bias", ".my_style.bias"],
            };
            for end in ends {
                for stem in ["lora_unet_mid_block_attentions_0", "unet.mid_block.attentions.0.to_q"] {
                    let name = format!("{stem}{word}{end}");
                    let parts = split(&name).unwrap_or_else(|| panic!("{name} is not read"));
                    assert_eq!((parts.stem, parts.role), (stem, role), "{name}");
                    let adapter = end.trim_end_matches(".weight").trim_end_matches(".bias").trim_start_matches('.');
                    assert_eq!(parts.adapter, adapter, "{name}");
                }
            }
        }
        for other in ["to_q.weight", "to_q.bias", ".alpha", "x.alphabet", "x.lora_A.a.b.weight", "x.lora_A.bias"] {
            assert_eq!(split(other), None, "{other}");
        }
    }
}
