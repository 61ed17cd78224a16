//! The forms of LoRAs that are read, as a table for people; how each is merged stands beside it.

use crate::job::FileFormat;

const fn row(name: &'static str, note: &'static str) -> FileFormat {
    FileFormat { name, endings: &[], note }
}

/// In any file of tensors.
pub(crate) const FORMS: [FileFormat; 12] = [
    row(
        "LoRA",
        "`lora_down`/`lora_up` (kohya), `lora_A`/`lora_B` (PEFT, diffusers), `lora.down`/`lora.up` (older diffusers); of linear layers, convolutions and (`lora_embedding_A`) of tokens; without an `alpha`, PEFT's settings in the file or beside it count",
    ),
    row("LoCon, with a middle (Tucker)", "`lora_mid`"),
    row("LoHa", "`hada_w1_a` … `hada_w2_b`, `hada_t1`, `hada_t2`"),
    row("LoKr", "`lokr_w1`, `lokr_w2`, either in two halves, `lokr_t2`"),
    row("DoRA", "`dora_scale`, `lora_magnitude_vector`, on any of the above"),
    row(
        "OFT",
        "`oft_blocks`, `oft_diag` (kohya, LyCORIS), with a limit in `alpha` and `rescale`; `oft_R` (PEFT), by the inverse or its series",
    ),
    row("BOFT", "`oft_blocks` of four dimensions (LyCORIS), `boft_R` and `boft_s` (PEFT)"),
    row("GLoRA", "`a1`, `a2`, `b1`, `b2`, either way round; not PEFT's `glora_A` to `glora_E`"),
    row("IA3", "`weight` and `on_input` (LyCORIS), `ia3_l` (PEFT)"),
    row("PEFT's biases", "`lora_B.bias`"),
    row("Words inside", "`bundle_emb.WORD.…` with any form of an embedding: taught as it is"),
    row("Whole differences", "`diff`, `diff_b`, `w_norm`, `b_norm`"),
];

#[cfg(test)]
mod tests {
    use super::FORMS;
    use crate::checkpoint::lora::layer_patch;

    #[test]
    fn every_form_that_is_merged_is_told_of() {
        for (form, _) in layer_patch::FORMS {
            let is_told = |name: &str| name.eq_ignore_ascii_case(form) || form == "a bias" && name == "PEFT's biases";
            assert!(FORMS.iter().any(|row| is_told(row.name)), "{form}");
        }
    }
}
