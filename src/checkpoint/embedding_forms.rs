//! The forms of embeddings (textual inversions) that are read, as a table for people.

use crate::job::FileFormat;

const fn row(name: &'static str, note: &'static str) -> FileFormat {
    FileFormat { name, endings: &["safetensors", "pt", "bin"], note }
}

/// In any file of tensors.
pub(crate) const FORMS: [FileFormat; 4] = [
    row("AUTOMATIC1111", "`string_to_param`, a dictionary or a `ParameterDict`, with one or several vectors"),
    row("kohya", "`emb_params`"),
    row("diffusers", "one tensor that is named as the word"),
    row("SDXL", "`clip_l` and `clip_g`, one for each text encoder"),
];
