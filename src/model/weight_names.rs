//! Names of tensors: those that layers use, and lists of them for an error.

/// How many names an error lists before it only counts.
const LISTED: usize = 3;

/// The name that the layers use: transformers writes CLIP with and without a prefix, old VAEs name attention otherwise.
pub(super) fn layer_name(name: &str) -> String {
    let name = name.strip_prefix("text_model.").or_else(|| name.strip_prefix("model.")).unwrap_or(name);
    for (old, new) in [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")]
    {
        if name.contains("mid_block.attentions") && name.contains(old) {
            return name.replace(old, new);
        }
    }
    name.to_owned()
}

/// "4 missing (a, b, c, …)".
pub(super) fn listed(kind: &str, names: &[impl AsRef<str>]) -> String {
    let mut text = names.iter().take(LISTED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(", …");
    }
    format!("{} {kind} ({text})", names.len())
}
