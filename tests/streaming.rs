//! Weights that wait on the host and go to a device layer by layer: the same pictures, in less of the device's memory, and
//! only where nothing else helps.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::sync::Arc;

use candle_core::{DType, Device};
use inkwick::checkpoint::{ModelFiles, builtin_model};
use inkwick::job::{CancelToken, Compute, MemoryMode, Request};
use inkwick::model::{Card, Execution, MemoryTracker, Operators, Watch};
use inkwick::pipeline::{
    Adapters, Constraints, CostModel, ExecutionPlan, FittedPlan, LoadOptions, ModelSpec, Pipeline,
};
use inkwick::raster::Picture;
use serde_json::{Value, json};
use tempfile::TempDir;

fn request() -> Request {
    Request {
        prompt: "a red apple".to_owned(),
        width: Some(64),
        height: Some(64),
        steps: 3,
        seed: 3,
        ..Request::default()
    }
}

/// Draws twice by one pipeline, and counts what went to the device.
fn drawn(dtype: DType, streamed_weights: bool) -> (Vec<Picture>, usize) {
    let watch = Arc::new(Watch::default());
    let execution = Execution::Candle(Operators::on(&Device::Cpu, dtype).watched(&watch));
    let plan =
        ExecutionPlan { streamed_weights, sequential_offload: true, ..ExecutionPlan::plain(Some(Card::Cpu), dtype) };
    let spec = ModelSpec::read(&builtin_model().unwrap(), None).unwrap();
    let options = LoadOptions::of(&execution, &plan);
    let mut pipeline = Pipeline::load_planned(spec, &Adapters::default(), &options, &|_, _| Ok(())).unwrap();
    let mut draw = || {
        let fitted = pipeline.plan(&request()).unwrap();
        assert_eq!(fitted.plan.streamed_weights, streamed_weights, "as the networks are loaded");
        pipeline.run_planned(&request(), &fitted, &CancelToken::default(), &mut |_| ()).unwrap().0
    };
    let pictures = vec![draw(), draw()];
    let uploads = watch.used().iter().filter(|((operator, _), _)| *operator == "upload").map(|(_, count)| count).sum();
    (pictures, uploads)
}

#[test]
fn weights_that_wait_on_the_host_draw_the_same_picture_to_the_last_bit() {
    for dtype in [DType::F32, DType::F16] {
        let (wanted, before) = drawn(dtype, false);
        let (pictures, uploads) = drawn(dtype, true);
        assert!(pictures == wanted, "{dtype:?}");
        assert!(uploads > before + 6, "{dtype:?}: nothing was fetched on the way, {uploads} uploads after {before}");
    }
}

/// SDXL by its published configs, as far as they decide what is computed.
fn sdxl() -> CostModel {
    let folder = TempDir::new().unwrap();
    let write = |part: &str, config: Value| {
        std::fs::create_dir_all(folder.path().join(part)).unwrap();
        std::fs::write(folder.path().join(part).join("config.json"), config.to_string()).unwrap();
    };
    let clip = |kind: &str, width: usize, layers: usize, heads: usize, act: &str| {
        json!({
            "architectures": [kind], "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
            "num_attention_heads": heads, "projection_dim": width, "vocab_size": 49408, "hidden_act": act,
        })
    };
    write("text_encoder", clip("CLIPTextModel", 768, 12, 12, "quick_gelu"));
    write("text_encoder_2", clip("CLIPTextModelWithProjection", 1280, 32, 20, "gelu"));
    write(
        "unet",
        json!({
            "sample_size": 128, "cross_attention_dim": 2048, "attention_head_dim": [5, 10, 20],
            "block_out_channels": [320, 640, 1280], "layers_per_block": 2, "transformer_layers_per_block": [1, 2, 10],
            "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
            "use_linear_projection": true, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        }),
    );
    let four = |kind: &str| vec![kind.to_owned(); 4];
    write(
        "vae",
        json!({
            "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4,
            "down_block_types": four("DownEncoderBlock2D"), "up_block_types": four("UpDecoderBlock2D"),
            "scaling_factor": 0.13025, "force_upcast": true, "act_fn": "silu", "in_channels": 3, "out_channels": 3,
        }),
    );
    CostModel::read(&ModelFiles::Folder(folder.path().to_owned())).unwrap()
}

fn plan(model: &CostModel, card: Card, wanted: Compute, constraints: &Constraints) -> FittedPlan {
    let tracker = MemoryTracker::of_card();
    let execution = Execution::Candle(Operators::dry_run(card, &tracker, DType::F16));
    model.plan(&execution, model.native_workload(), wanted, constraints).unwrap()
}

/// What it takes of the card with networks read one at a time, and with the largest one layer by layer.
fn needs(model: &CostModel) -> [u64; 2] {
    [false, true].map(|streamed_weights| {
        let plain = ExecutionPlan::plain(Some(Card::Cuda), DType::F16);
        let tiling = Some(inkwick::model::Tiling::default());
        let plan =
            ExecutionPlan { streamed_weights, sequential_offload: true, sequential_guidance: true, tiling, ..plain };
        model.costs(model.native_workload(), plan).unwrap().working_set_bytes() as u64
    })
}

#[test]
fn a_card_gets_its_weights_layer_by_layer_only_where_nothing_else_helps() {
    let model = sdxl();
    let auto = Compute::default();
    let [one_at_a_time, by_layer] = needs(&model);
    assert!(by_layer * 2 < one_at_a_time, "{by_layer} of {one_at_a_time} bytes are left");
    let within = |bytes: u64| Constraints::new(DType::F16, Some(bytes));
    let roomy = plan(&model, Card::Cuda, auto, &within(one_at_a_time));
    assert!(roomy.plan.sequential_offload && !roomy.plan.streamed_weights);
    let tight = plan(&model, Card::Cuda, auto, &within(one_at_a_time - 1));
    assert!(tight.plan.streamed_weights);
    model.check_fits(&tight).unwrap();
    assert!((tight.costs.working_set_bytes() as u64) < one_at_a_time);
    // All of the network that is large goes over in each pass, of which there are two.
    let weights = roomy.costs.weights[1];
    let share = tight.costs.streamed_bytes as f64 / (2.0 * weights as f64);
    assert!((0.9..=1.0).contains(&share), "{share} of the weights");
    assert!(tight.costs.streaming_seconds() > 0.0 && roomy.costs.streaming_seconds() == 0.0);
    // Where nothing fits it is refused, as before.
    let hopeless = plan(&model, Card::Cuda, auto, &within(by_layer / 2));
    assert!(model.check_fits(&hopeless).is_err());
}

#[test]
fn it_is_left_where_the_host_has_no_room_or_memory_was_to_be_spent() {
    let model = sdxl();
    let [one_at_a_time, _] = needs(&model);
    let within = Constraints::new(DType::F16, Some(one_at_a_time - 1));
    let little = Constraints { host_bytes: Some(1 << 20), ..within.clone() };
    assert!(!plan(&model, Card::Cuda, Compute::default(), &little).plan.streamed_weights);
    let enough = Constraints { host_bytes: Some(1 << 40), ..within.clone() };
    assert!(plan(&model, Card::Cuda, Compute::default(), &enough).plan.streamed_weights);
    let fast = Compute { memory: MemoryMode::High, ..Compute::default() };
    assert!(!plan(&model, Card::Cuda, fast, &within).plan.streamed_weights);
    let sparing = Compute { memory: MemoryMode::Low, ..Compute::default() };
    assert!(plan(&model, Card::Cuda, sparing, &within).plan.streamed_weights);
    // Where it would save nothing, since the VAE takes the most, no step is made slower for it.
    let small = CostModel::read(&builtin_model().unwrap()).unwrap();
    let constraints = Constraints::new(DType::F16, Some(1 << 20));
    assert!(!plan(&small, Card::Cuda, Compute::default(), &constraints).plan.streamed_weights);
    // Metal and the processor have one memory, in which nothing is saved by it.
    for card in [Card::Metal, Card::Cpu] {
        assert!(
            !plan(&model, card, Compute::default(), &Constraints::new(DType::F16, Some(1 << 20))).plan.streamed_weights
        );
    }
}
