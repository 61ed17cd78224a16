//! The forms of LoRAs that are read, as a table for people; how each is merged stands beside it.

use crate::job::FileFormat;

const fn row(name: &'static str, note: &'static str) -> FileFormat {
    FileFormat { name, endings: &[], note }
}

/// In any file of tensors.
pub(crate) const FORMS: [FileFormat; 12] = [
    row(
        "LoRA",
        "`lora_down`/`lora_up` (kohya), `lora_A`/`lora_B` (PEFT, diffusers), `lora.down`/`lora.up` (older diffusers); of linear layers and convolutions",
    ),
    row("LoCon, with a middle (Tucker)", "`lora_mid`"),
    row("LoHa", "`hada_w1_a` … `hada_w2_b`, `hada_t1`, `hada_t2`"),
    row("LoKr", "`lokr_w1`, `lokr_w2`, either in two halves, `lokr_t2`"),
    row("DoRA", "`dora_scale`, `lora_magnitude_vector`, on any of the above"),
    row("OFT", "`oft_blocks`, `oft_diag` (kohya, LyCORIS), `oft_R` (PEFT), with `constraint` and `rescale`"),
    row("BOFT", "`oft_blocks` and `oft_diag` of four dimensions"),
    row("GLoRA", "`a1`, `a2`, `b1`, `b2`"),
    row("IA3", "`weight` and `on_input`"),
    row("PEFT's biases", "`lora_B.bias`"),
    row("Words inside", "`bundle_emb.WORD.string_to_param.*`: taught as an embedding is"),
    row("Whole differences", "`diff`, `diff_b`, `w_norm`, `b_norm`"),
];
