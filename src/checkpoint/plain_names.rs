//! Names of tensors without what wrappers around a network put into them: torch.compile, data parallel training, and the
//! like.

use std::borrow::Cow;

/// Parts of a name that say how the network was run and not what the tensor is. No network here has a part of that name.
const WRAPPERS: [&str; 5] =
    ["_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];

/// The name without the parts of it that are wrappers', wherever they stand.
#[must_use]
pub(crate) fn plain(name: &str) -> Cow<'_, str> {
    let is_wrapper = |part: &str| WRAPPERS.contains(&part);
    if !name.split('.').any(is_wrapper) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.split('.').filter(|part| !is_wrapper(part)).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_go_wherever_they_stand() {
        for name in
            ["conv_in.weight", "_orig_mod.conv_in.weight", "module.conv_in.weight", "module._orig_mod.conv_in.weight"]
        {
            assert_eq!(plain(name), "conv_in.weight", "{name}");
        }
        assert_eq!(plain("unet._orig_mod.module.conv_in.weight"), "unet.conv_in.weight");
        assert_eq!(plain("modules.conv_in.weight"), "modules.conv_in.weight");
    }
}
