//! `unet/config.json`: the conditional UNet of SD 1.x, 2.x, XL and their distillations.

use serde_json::Value;

use super::{Fields, MOST_CHANNELS, MOST_LATENTS, MOST_LAYERS, MOST_LEVELS, MOST_SIDE};
use crate::checkpoint::{CheckpointError, ModelFiles};

/// One resolution level of the UNet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockConfig {
    pub channels: usize,
    /// Resnets on the way down; one more on the way up.
    pub layers: usize,
    /// `None`: resnets alone.
    pub down_attention: Option<AttentionConfig>,
    pub up_attention: Option<AttentionConfig>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionConfig {
    pub heads: usize,
    pub context_width: usize,
    /// Transformer blocks behind each resnet.
    pub depths: Vec<usize>,
}

/// SDXL's second conditioning: pooled text and the six size ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedEmbedding {
    pub time_width: usize,
    /// Pooled text and embedded ids together.
    pub width: usize,
}

#[derive(Clone, Debug)]
pub struct UnetConfig {
    pub in_channels: usize,
    pub out_channels: usize,
    /// From the finest to the coarsest.
    pub blocks: Vec<BlockConfig>,
    /// `None`: distilled away.
    pub mid_attention: Option<AttentionConfig>,
    pub groups: usize,
    pub norm_eps: f64,
    pub downsample_padding: usize,
    pub linear_projection: bool,
    pub cosine_first: bool,
    pub frequency_shift: f64,
    pub added: Option<AddedEmbedding>,
    /// Width of the guidance's embedding, for networks that were distilled with it (latent consistency models).
    pub guidance_width: Option<usize>,
    /// Of the latents, in a picture of the size that the network is made for.
    pub sample_size: usize,
}

impl UnetConfig {
    /// Of a level's maps, in a picture of the size that the network is made for.
    #[must_use]
    pub(crate) fn map_side(&self, level: usize) -> usize {
        self.sample_size >> level
    }

    /// Reads `unet/config.json`.
    ///
    /// # Errors
    /// When it is missing, unreadable, or asks for something that is not supported.
    pub fn read(files: &ModelFiles) -> Result<Self, CheckpointError> {
        let fields = Fields::open(files, "unet/config.json", "the UNet's config")?;
        fields.only("_class_name", &["UNet2DConditionModel".into()])?;
        Self::of(&fields)
    }

    /// What these fields say; a control network's config has those of the half of a UNet that it is.
    ///
    /// # Errors
    /// When they ask for something that is not supported.
    pub(super) fn of(fields: &Fields) -> Result<Self, CheckpointError> {
        refuse_what_changes_the_computation(fields)?;
        let channels: Vec<usize> = fields.get("block_out_channels", vec![320, 640, 1280, 1280])?;
        let count = channels.len();
        let groups = fields.get("norm_num_groups", 32)?;
        if count == 0 || groups == 0 || !channels.iter().all(|channels| channels.is_multiple_of(groups)) {
            return Err(fields.unsupported("norm_num_groups", "a divisor of every block_out_channels"));
        }
        if count > MOST_LEVELS {
            return Err(fields.unsupported("block_out_channels", format!("a list of at most {MOST_LEVELS}")));
        }
        fields.up_to("block_out_channels", MOST_CHANNELS, &channels)?;
        let layers = fields.per_block("layers_per_block", 2, count)?;
        fields.up_to("layers_per_block", MOST_LAYERS, &layers)?;
        // diffusers' name for the number of heads is, for history's sake, `attention_head_dim`.
        let heads_field = if fields.optional::<Value>("num_attention_heads")?.is_some() {
            "num_attention_heads"
        } else {
            "attention_head_dim"
        };
        let heads = fields.per_block(heads_field, 8, count)?;
        if channels.iter().zip(&heads).any(|(channels, heads)| *heads == 0 || !channels.is_multiple_of(*heads)) {
            return Err(fields.unsupported(heads_field, "a divisor of block_out_channels"));
        }
        let context = fields.per_block("cross_attention_dim", 1280, count)?;
        fields.up_to("cross_attention_dim", MOST_CHANNELS, &context)?;
        let down = attention_of(fields, "down_block_types", ["CrossAttnDownBlock2D", "DownBlock2D"], count)?;
        let mut up = attention_of(fields, "up_block_types", ["CrossAttnUpBlock2D", "UpBlock2D"], count)?;
        up.reverse();
        let down_layers = layers.clone();
        let up_layers: Vec<usize> = layers.iter().map(|layers| layers + 1).collect();
        let (down_depths, up_depths) = transformer_depths(fields, &down_layers, &up_layers)?;

        let blocks = (0..count)
            .map(|level| {
                let attention = |with: bool, depths: &[Vec<usize>]| {
                    with.then(|| AttentionConfig {
                        heads: heads[level],
                        context_width: context[level],
                        depths: depths[level].clone(),
                    })
                };
                BlockConfig {
                    channels: channels[level],
                    layers: layers[level],
                    down_attention: attention(down[level], &down_depths),
                    up_attention: attention(up[level], &up_depths),
                }
            })
            .collect::<Vec<_>>();
        let last = count - 1;
        let mid = AttentionConfig {
            heads: heads[last],
            context_width: context[last],
            depths: vec![down_depths[last].last().copied().unwrap_or(1)],
        };
        let (in_channels, out_channels) = (fields.get("in_channels", 4)?, fields.get("out_channels", 4)?);
        let guidance_width = fields.optional::<usize>("time_cond_proj_dim")?;
        fields.up_to("time_cond_proj_dim", MOST_CHANNELS, guidance_width.as_slice())?;
        fields.up_to("in_channels", MOST_LATENTS, &[in_channels])?;
        fields.up_to("out_channels", MOST_LATENTS, &[out_channels])?;
        Ok(Self {
            in_channels,
            out_channels,
            blocks,
            mid_attention: has_mid_block(fields)?.then_some(mid),
            groups,
            norm_eps: fields.get("norm_eps", 1e-5)?,
            downsample_padding: fields.get("downsample_padding", 1)?,
            linear_projection: fields.get("use_linear_projection", false)?,
            cosine_first: fields.get("flip_sin_to_cos", true)?,
            frequency_shift: fields.get("freq_shift", 0.0)?,
            added: added_embedding(fields)?,
            guidance_width,
            sample_size: sample_size(fields)?,
        })
    }

    /// Width of the timestep's embedding.
    #[must_use]
    pub fn time_width(&self) -> usize {
        self.blocks[0].channels * 4
    }

    /// Width of the text embeddings that it wants.
    #[must_use]
    pub fn context_width(&self) -> Option<usize> {
        let mut attentions = self.blocks.iter().flat_map(|block| [&block.down_attention, &block.up_attention]);
        attentions.find_map(|attention| attention.as_ref().map(|attention| attention.context_width))
    }

    /// The cross-attentions by name, each with its width: those of the way down, of the way up, and of the middle, in which
    /// order adapters count them.
    #[must_use]
    pub fn cross_layers(&self) -> Vec<(String, usize)> {
        let mut layers = Vec::new();
        let mut add = |place: String, attention: Option<&AttentionConfig>, width: usize| {
            for (index, depth) in attention.iter().flat_map(|attention| attention.depths.iter().enumerate()) {
                let block = |number| format!("{place}.attentions.{index}.transformer_blocks.{number}.attn2");
                layers.extend((0..*depth).map(|number| (block(number), width)));
            }
        };
        for (level, block) in self.blocks.iter().enumerate() {
            add(format!("down_blocks.{level}"), block.down_attention.as_ref(), block.channels);
        }
        for (index, block) in self.blocks.iter().rev().enumerate() {
            add(format!("up_blocks.{index}"), block.up_attention.as_ref(), block.channels);
        }
        let coarsest = self.blocks.last().map_or(0, |block| block.channels);
        add("mid_block".to_owned(), self.mid_attention.as_ref(), coarsest);
        layers
    }
}

fn refuse_what_changes_the_computation(fields: &Fields) -> Result<(), CheckpointError> {
    fields.only("act_fn", &["silu".into(), "swish".into()])?;
    fields.only("time_embedding_type", &["positional".into()])?;
    fields.only("resnet_time_scale_shift", &["default".into()])?;
    fields.only("attention_type", &["default".into()])?;
    for field in ["conv_in_kernel", "conv_out_kernel"] {
        fields.only(field, &[Value::from(3)])?;
    }
    for field in ["mid_block_scale_factor", "resnet_out_scale_factor"] {
        fields.only(field, &[Value::from(1)])?;
    }
    for field in
        ["center_input_sample", "dual_cross_attention", "resnet_skip_time_act", "mid_block_only_cross_attention"]
    {
        fields.only(field, &[false.into()])?;
    }
    if let Some(Value::Array(list)) = fields.map.get("only_cross_attention") {
        if list.iter().any(|value| value != &Value::Bool(false)) {
            return Err(fields.unsupported("only_cross_attention", "only false"));
        }
    } else {
        fields.only("only_cross_attention", &[false.into()])?;
    }
    for field in [
        "encoder_hid_dim",
        "encoder_hid_dim_type",
        "class_embed_type",
        "num_class_embeds",
        "time_embedding_dim",
        "time_embedding_act_fn",
        "timestep_post_act",
        "cross_attention_norm",
    ] {
        fields.only(field, &[])?;
    }
    Ok(())
}

/// For each level, in the config's order, whether the block has attention.
fn attention_of(
    fields: &Fields,
    field: &str,
    [with, without]: [&str; 2],
    count: usize,
) -> Result<Vec<bool>, CheckpointError> {
    let mut default = vec![with.to_owned(); count];
    // The coarsest level has none in diffusers' default.
    let coarsest = if field == "down_block_types" { count - 1 } else { 0 };
    without.clone_into(&mut default[coarsest]);
    let names: Vec<String> = fields.get(field, default)?;
    let known = names.iter().all(|name| name == with || name == without);
    if !known || names.len() != count {
        return Err(
            fields.unsupported(field, format!("only {with} and {without}, one for each of block_out_channels,"))
        );
    }
    Ok(names.iter().map(|name| name == with).collect())
}

fn has_mid_block(fields: &Fields) -> Result<bool, CheckpointError> {
    fields.only("mid_block_type", &["UNetMidBlock2DCrossAttn".into()])?;
    // Absent is the default, null is "none".
    Ok(fields.map.get("mid_block_type") != Some(&Value::Null))
}

/// For each level, the transformer blocks behind each of its resnets.
type Depths = Vec<Vec<usize>>;

/// Down and up, both from the finest level on.
fn transformer_depths(
    fields: &Fields,
    down_layers: &[usize],
    up_layers: &[usize],
) -> Result<(Depths, Depths), CheckpointError> {
    const DOWN: &str = "transformer_layers_per_block";
    const UP: &str = "reverse_transformer_layers_per_block";
    let spread = |field: &str, value: &Value, layers: usize| -> Result<Vec<usize>, CheckpointError> {
        let whole = |value: &Value| value.as_u64().map(|depth| depth as usize).filter(|depth| *depth <= MOST_LAYERS);
        let depths = match value {
            Value::Array(list) => {
                list.iter().map(whole).collect::<Option<Vec<_>>>().filter(|list| list.len() == layers)
            }
            single => whole(single).map(|depth| vec![depth; layers]),
        };
        depths.ok_or_else(|| fields.unsupported(field, "a number, or a list with one for each layer,"))
    };
    let levels = |field: &str, layers: &[usize]| -> Result<Option<Depths>, CheckpointError> {
        let values = match fields.map.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) if list.len() == layers.len() => list.clone(),
            Some(Value::Array(_)) => return Err(fields.unsupported(field, "a list with one for each block")),
            Some(single) => vec![single.clone(); layers.len()],
        };
        values
            .iter()
            .zip(layers)
            .map(|(value, layers)| spread(field, value, *layers))
            .collect::<Result<_, _>>()
            .map(Some)
    };
    let down =
        levels(DOWN, down_layers)?.unwrap_or_else(|| down_layers.iter().map(|layers| vec![1; *layers]).collect());
    let mut coarse_first = up_layers.to_vec();
    coarse_first.reverse();
    let up = match levels(UP, &coarse_first)? {
        Some(mut up) => {
            up.reverse();
            up
        }
        None if matches!(fields.map.get(DOWN), Some(Value::Array(list)) if list.iter().any(Value::is_array)) => {
            return Err(fields.unsupported(UP, "a list, where transformer_layers_per_block has lists,"));
        }
        None => down
            .iter()
            .zip(up_layers)
            .map(|(depths, layers)| vec![depths.first().copied().unwrap_or(1); *layers])
            .collect(),
    };
    Ok((down, up))
}

fn added_embedding(fields: &Fields) -> Result<Option<AddedEmbedding>, CheckpointError> {
    fields.only("addition_embed_type", &["text_time".into()])?;
    if fields.optional::<String>("addition_embed_type")?.is_none() {
        return Ok(None);
    }
    let (time, whole) = ("addition_time_embed_dim", "projection_class_embeddings_input_dim");
    let (time_width, width) = (fields.require(time)?, fields.require(whole)?);
    fields.up_to(time, MOST_CHANNELS, &[time_width])?;
    fields.up_to(whole, MOST_CHANNELS, &[width])?;
    Ok(Some(AddedEmbedding { time_width, width }))
}

/// A number, or (in some folders) `[height, width]`.
fn sample_size(fields: &Fields) -> Result<usize, CheckpointError> {
    let side = match fields.map.get("sample_size") {
        Some(Value::Array(_)) => fields.require::<Vec<usize>>("sample_size")?.first().copied().unwrap_or(64),
        // diffusers' pipelines fall back to 64 latent pixels.
        _ => fields.get("sample_size", 64)?,
    };
    fields.up_to("sample_size", MOST_SIDE, &[side])?;
    Ok(side)
}
