//! The order in which `ComfyUI`'s nodes keep their values in a `workflow`, which has no names for them.

/// Names of a kind's values; values beyond them have none.
pub(crate) fn widgets_of(kind: &str) -> &'static [&'static str] {
    // The second value of a seed is what becomes of it after the run.
    match kind {
        "KSampler" | "KSampler (Efficient)" => {
            &["seed", "after", "steps", "cfg", "sampler_name", "scheduler", "denoise"]
        }
        "KSamplerAdvanced" => &[
            "add_noise",
            "noise_seed",
            "after",
            "steps",
            "cfg",
            "sampler_name",
            "scheduler",
            "start_at_step",
            "end_at_step",
            "return_with_leftover_noise",
        ],
        "SamplerCustom" => &["add_noise", "noise_seed", "after", "cfg"],
        "RandomNoise" => &["noise_seed", "after"],
        "KSamplerSelect" => &["sampler_name"],
        "BasicScheduler" => &["scheduler", "steps", "denoise"],
        "KarrasScheduler" | "ExponentialScheduler" | "PolyexponentialScheduler" => {
            &["steps", "sigma_max", "sigma_min", "rho"]
        }
        "AlignYourStepsScheduler" => &["model_type", "steps", "denoise"],
        "SDTurboScheduler" => &["steps", "denoise"],
        "CFGGuider" => &["cfg"],
        "DualCFGGuider" => &["cfg_conds", "cfg_cond2_negative"],
        "FluxGuidance" => &["guidance"],
        "CheckpointLoaderSimple" | "CheckpointLoader|pysssss" => &["ckpt_name"],
        "CheckpointLoader" => &["config_name", "ckpt_name"],
        "UNETLoader" | "UnetLoaderGGUF" => &["unet_name", "weight_dtype"],
        "VAELoader" => &["vae_name"],
        "LoraLoader" | "LoraLoader|pysssss" => &["lora_name", "strength_model", "strength_clip"],
        "LoraLoaderModelOnly" => &["lora_name", "strength_model"],
        "CLIPSetLastLayer" => &["stop_at_clip_layer"],
        "CLIPTextEncode" => &["text"],
        "CLIPTextEncodeSDXL" => {
            &["width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"]
        }
        "CLIPTextEncodeSDXLRefiner" => &["ascore", "width", "height", "text"],
        "CLIPTextEncodeFlux" => &["clip_l", "t5xxl", "guidance"],
        "EmptyLatentImage" | "EmptySD3LatentImage" => &["width", "height", "batch_size"],
        "RepeatLatentBatch" => &["amount"],
        "ControlNetLoader" => &["control_net_name"],
        "ControlNetApply" => &["strength"],
        "ControlNetApplyAdvanced" => &["strength", "start_percent", "end_percent"],
        "LoadImage" | "LoadImageMask" => &["image"],
        "VAEEncodeForInpaint" => &["grow_mask_by"],
        "ModelSamplingDiscrete" => &["sampling", "zsnr"],
        "RescaleCFG" => &["multiplier"],
        "LatentUpscale" => &["upscale_method", "width", "height", "crop"],
        "LatentUpscaleBy" => &["upscale_method", "scale_by"],
        "StringConcatenate" => &["string_a", "string_b", "delimiter"],
        "PrimitiveNode"
        | "PrimitiveInt"
        | "PrimitiveFloat"
        | "PrimitiveString"
        | "PrimitiveStringMultiline"
        | "String Literal"
        | "Seed (rgthree)"
        | "INTConstant"
        | "FloatConstant"
        | "StringConstant"
        | "Text Multiline"
        | "easy seed" => &["value"],
        _ => &[],
    }
}
