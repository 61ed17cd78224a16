//! The UNet's names in the original code (LDM and SGM) and in diffusers', both ways.

use std::collections::BTreeSet;

/// What stands at one place of the original network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Resnet,
    /// The same names inside.
    Transformer,
    /// A convolution called `op` there and `conv` here.
    Downsampler,
    /// A convolution called `conv` in both.
    Upsampler,
}

#[derive(Clone, Debug)]
struct NamePair {
    original: String,
    diffusers: String,
    kind: Kind,
}

/// One resolution level: for each resnet, whether a transformer follows it; then whether the size changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LevelShape {
    pub transformers: Vec<bool>,
    pub resizes: bool,
}

/// The levels of a UNet, finest first on the way down, coarsest first on the way up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnetShape {
    pub down: Vec<LevelShape>,
    pub up: Vec<LevelShape>,
}

/// The table of places.
#[derive(Clone, Debug)]
pub(crate) struct UnetNames {
    places: Vec<NamePair>,
}

const RESNET: [(&str, &str); 6] = [
    ("in_layers.0", "norm1"),
    ("in_layers.2", "conv1"),
    ("emb_layers.1", "time_emb_proj"),
    ("out_layers.0", "norm2"),
    ("out_layers.3", "conv2"),
    ("skip_connection", "conv_shortcut"),
];

const ENDS: [(&str, &str); 8] = [
    ("time_embed.0", "time_embedding.linear_1"),
    ("time_embed.2", "time_embedding.linear_2"),
    ("label_emb.0.0", "add_embedding.linear_1"),
    ("label_emb.0.2", "add_embedding.linear_2"),
    ("input_blocks.0.0", "conv_in"),
    ("out.0", "conv_norm_out"),
    ("out.2", "conv_out"),
    ("time_embed.cond_proj", "time_embedding.cond_proj"),
];

impl UnetShape {
    /// From the names of the original code, `model.diffusion_model.` taken off.
    #[must_use]
    pub(crate) fn of_original(names: &BTreeSet<&str>) -> Self {
        let has = |start: String| names.range(start.as_str()..).next().is_some_and(|name| name.starts_with(&start));
        let mut shape = Self::default();
        let mut level = LevelShape::default();
        for index in 1.. {
            let at = format!("input_blocks.{index}.");
            if has(format!("{at}0.op.")) {
                level.resizes = true;
                shape.down.push(std::mem::take(&mut level));
            } else if has(format!("{at}0.in_layers.")) {
                level.transformers.push(has(format!("{at}1.norm.")));
            } else {
                break;
            }
        }
        shape.down.push(std::mem::take(&mut level));
        for index in 0.. {
            let at = format!("output_blocks.{index}.");
            if !has(format!("{at}0.in_layers.")) {
                break;
            }
            level.transformers.push(has(format!("{at}1.norm.")));
            if has(format!("{at}1.conv.")) || has(format!("{at}2.conv.")) {
                level.resizes = true;
                shape.up.push(std::mem::take(&mut level));
            }
        }
        shape.up.push(level);
        shape
    }
}

impl UnetShape {
    /// From diffusers' names.
    #[must_use]
    pub(crate) fn of_diffusers(names: &BTreeSet<&str>) -> Self {
        let has = |start: &str| names.range(start..).next().is_some_and(|name| name.starts_with(start));
        let level = |at: String, resize: &str| -> Option<LevelShape> {
            let layers = (0..names.len()).take_while(|layer| has(&format!("{at}resnets.{layer}."))).count();
            let transformers = (0..layers).map(|layer| has(&format!("{at}attentions.{layer}."))).collect();
            (layers > 0).then(|| LevelShape { transformers, resizes: has(&format!("{at}{resize}.")) })
        };
        Self {
            down: (0..).map_while(|index| level(format!("down_blocks.{index}."), "downsamplers")).collect(),
            up: (0..).map_while(|index| level(format!("up_blocks.{index}."), "upsamplers")).collect(),
        }
    }
}

impl UnetNames {
    #[must_use]
    pub(crate) fn new(shape: &UnetShape) -> Self {
        let mut places = Vec::new();
        let mut add = |original: String, diffusers: String, kind| places.push(NamePair { original, diffusers, kind });
        let mut index = 1;
        for (number, level) in shape.down.iter().enumerate() {
            for (layer, transformer) in level.transformers.iter().enumerate() {
                let at = format!("down_blocks.{number}");
                add(format!("input_blocks.{index}.0."), format!("{at}.resnets.{layer}."), Kind::Resnet);
                if *transformer {
                    add(format!("input_blocks.{index}.1."), format!("{at}.attentions.{layer}."), Kind::Transformer);
                }
                index += 1;
            }
            if level.resizes {
                let here = format!("down_blocks.{number}.downsamplers.0.");
                add(format!("input_blocks.{index}.0."), here, Kind::Downsampler);
                index += 1;
            }
        }
        for (original, diffusers, kind) in [
            ("middle_block.0.", "mid_block.resnets.0.", Kind::Resnet),
            ("middle_block.1.", "mid_block.attentions.0.", Kind::Transformer),
            ("middle_block.2.", "mid_block.resnets.1.", Kind::Resnet),
        ] {
            add(original.to_owned(), diffusers.to_owned(), kind);
        }
        let mut index = 0;
        for (number, level) in shape.up.iter().enumerate() {
            for (layer, transformer) in level.transformers.iter().enumerate() {
                let at = format!("up_blocks.{number}");
                add(format!("output_blocks.{index}.0."), format!("{at}.resnets.{layer}."), Kind::Resnet);
                if *transformer {
                    add(format!("output_blocks.{index}.1."), format!("{at}.attentions.{layer}."), Kind::Transformer);
                }
                if level.resizes && layer + 1 == level.transformers.len() {
                    let place = 1 + usize::from(*transformer);
                    add(format!("output_blocks.{index}.{place}."), format!("{at}.upsamplers.0."), Kind::Upsampler);
                }
                index += 1;
            }
        }
        Self { places }
    }

    /// diffusers' name of a tensor or layer that the original code calls `name`.
    #[must_use]
    pub(crate) fn to_diffusers(&self, name: &str) -> Option<String> {
        if let Some(found) = renamed(name, &ENDS, false) {
            return Some(found);
        }
        self.places.iter().find_map(|place| {
            let rest = name.strip_prefix(&place.original)?;
            let rest = match place.kind {
                Kind::Resnet => renamed(rest, &RESNET, false)?,
                Kind::Downsampler => renamed(rest, &[("op", "conv")], false)?,
                Kind::Upsampler => rest.starts_with("conv").then(|| rest.to_owned())?,
                Kind::Transformer => rest.to_owned(),
            };
            Some(format!("{}{rest}", place.diffusers))
        })
    }

    /// The original code's name of what diffusers calls `name`.
    #[must_use]
    pub(crate) fn to_original(&self, name: &str) -> Option<String> {
        if let Some(found) = renamed(name, &ENDS, true) {
            return Some(found);
        }
        self.places.iter().find_map(|place| {
            let rest = name.strip_prefix(&place.diffusers)?;
            let rest = match place.kind {
                Kind::Resnet => renamed(rest, &RESNET, true)?,
                Kind::Downsampler => renamed(rest, &[("op", "conv")], true)?,
                Kind::Upsampler | Kind::Transformer => rest.to_owned(),
            };
            Some(format!("{}{rest}", place.original))
        })
    }
}

/// `name` with its first part taken from one side of the table to the other.
fn renamed(name: &str, table: &[(&str, &str)], backwards: bool) -> Option<String> {
    table.iter().find_map(|&(original, diffusers)| {
        let (from, to) = if backwards { (diffusers, original) } else { (original, diffusers) };
        let rest = name.strip_prefix(from)?;
        (rest.is_empty() || rest.starts_with('.')).then(|| format!("{to}{rest}"))
    })
}
