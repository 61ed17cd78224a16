//! What is estimated for Macs of 8, 16 and 24 GB, held against the table in `packaging/macos/MEMORY.md`; with
//! `UPDATE_SNAPSHOTS=1` the table is written anew.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)] // helpers of tests are tests

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use candle_core::DType;
use inkwick::checkpoint::ModelFiles;
use inkwick::job::Compute;
use inkwick::model::{AttentionMethod, Card, Execution, MemoryTracker, Operators};
use inkwick::pipeline::{Constraints, CostModel, FittedPlan, Workload};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The published models' configs, as far as they decide what is computed.
struct Published {
    name: &'static str,
    text: Vec<Value>,
    unet: Value,
    vae_scale: f64,
}

fn clip(width: usize, layers: usize, heads: usize, projected: Option<usize>) -> Value {
    json!({
        "architectures": [if projected.is_some() { "CLIPTextModelWithProjection" } else { "CLIPTextModel" }],
        "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
        "num_attention_heads": heads, "projection_dim": projected.unwrap_or(width), "vocab_size": 49408,
        "hidden_act": if layers == 12 { "quick_gelu" } else { "gelu" },
    })
}

fn unet(sample_size: usize, context_width: usize, heads: &Value, more: &Value) -> Value {
    let mut config = json!({
        "sample_size": sample_size, "cross_attention_dim": context_width, "attention_head_dim": heads,
        "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    });
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

fn published() -> [Published; 3] {
    let xl = json!({
        "block_out_channels": [320, 640, 1280], "transformer_layers_per_block": [1, 2, 10],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "use_linear_projection": true, "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    });
    let linear = json!({"use_linear_projection": true});
    [
        Published {
            name: "SD 1.5",
            text: vec![clip(768, 12, 12, None)],
            unet: unet(64, 768, &json!(8), &json!({})),
            vae_scale: 0.18215,
        },
        Published {
            name: "SD 2.1",
            text: vec![clip(1024, 23, 16, None)],
            unet: unet(96, 1024, &json!([5, 10, 20, 20]), &linear),
            vae_scale: 0.18215,
        },
        Published {
            name: "SDXL",
            text: vec![clip(768, 12, 12, None), clip(1280, 32, 20, Some(1280))],
            unet: unet(128, 2048, &json!([5, 10, 20]), &xl),
            vae_scale: 0.13025,
        },
    ]
}

impl Published {
    fn costs(&self) -> CostModel {
        let folder = TempDir::new().unwrap();
        let write = |part: &str, config: &Value| {
            fs::create_dir_all(folder.path().join(part)).unwrap();
            fs::write(folder.path().join(part).join("config.json"), config.to_string()).unwrap();
        };
        for (config, part) in self.text.iter().zip(["text_encoder", "text_encoder_2"]) {
            write(part, config);
        }
        write("unet", &self.unet);
        let four = |kind: &str| vec![kind.to_owned(); 4];
        write(
            "vae",
            &json!({
                "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4,
                "down_block_types": four("DownEncoderBlock2D"), "up_block_types": four("UpDecoderBlock2D"),
                "scaling_factor": self.vae_scale, "force_upcast": true, "act_fn": "silu",
                "in_channels": 3, "out_channels": 3,
            }),
        );
        CostModel::read(&ModelFiles::Folder(folder.path().to_owned())).unwrap()
    }
}

/// Of a Mac of so many GB: macOS recommends two thirds of the memory as Metal's working set.
fn working_set(machine_gib: u64) -> u64 {
    (machine_gib << 30) * 2 / 3
}

fn planned(model: &CostModel, workload: Workload, machine_gib: u64) -> FittedPlan {
    let metal = Execution::Candle(Operators::dry_run(Card::Metal, &MemoryTracker::of_metal(), DType::F16));
    let constraints = Constraints { may_halve: true, ..Constraints::new(DType::F16, Some(working_set(machine_gib))) };
    model.plan(&metal, workload, Compute::default(), &constraints).unwrap()
}

fn table() -> String {
    let mut rows = String::new();
    for published in published() {
        let model = published.costs();
        let workload = model.native_workload();
        for machine in [8, 16, 24] {
            let chosen = planned(&model, workload, machine);
            let attention = if chosen.plan.attention == AttentionMethod::Flash { "sdpa" } else { "tiled" };
            let vae = if chosen.plan.tiling.is_some() { "in tiles" } else { "whole" };
            let passes = if chosen.plan.sequential_guidance { "apart" } else { "together" };
            let networks = if chosen.plan.sequential_offload { "one at a time" } else { "all at once" };
            let gb = |bytes: u64| bytes as f64 / 1e9;
            let (name, width, height) = (published.name, workload.width, workload.height);
            let (peak, budget) = (gb(chosen.costs.working_set_bytes() as u64), gb(working_set(machine)));
            let verdict = if peak <= budget { "fits" } else { "does not fit" };
            writeln!(
                rows,
                "| {name} | {width}×{height} | {machine} GB | {budget:.1} GB | {peak:.1} GB | {verdict} | {attention} | {vae} | {passes} | {networks} |"
            )
            .unwrap();
        }
    }
    rows
}

#[test]
fn the_table_says_what_is_chosen() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/macos/MEMORY.md");
    let text = fs::read_to_string(&path).unwrap();
    let is_row = |line: &&str| line.contains(" GB |");
    let written: Vec<&str> = text.lines().filter(is_row).collect();
    let estimated = table();
    let wanted: Vec<&str> = estimated.lines().collect();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() && written != wanted {
        let (before, after) =
            text.split_once("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n").unwrap();
        let rest: String = after.split_inclusive('\n').filter(|line| !is_row(line)).collect();
        let rule = "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        fs::write(&path, format!("{before}{rule}{estimated}{rest}")).unwrap();
        return;
    }
    assert_eq!(written, wanted, "write the table anew with UPDATE_SNAPSHOTS=1");
}

#[test]
fn every_published_model_fits_where_it_is_said_to() {
    let [one, two, xl] = published().map(|published| published.costs());
    for (model, machine) in [(&one, 8), (&two, 8), (&xl, 8)] {
        let chosen = planned(model, model.native_workload(), machine);
        assert!(
            chosen.costs.working_set_bytes() as u64 <= working_set(machine),
            "{machine} GB: {:?}",
            chosen.fallback_steps
        );
    }
    // Less memory never means more.
    let large = Workload { width: 2048, height: 2048, ..xl.native_workload() };
    let peaks = [64, 24, 16, 8].map(|machine| planned(&xl, large, machine).costs.working_set_bytes());
    assert!(peaks.windows(2).all(|pair| pair[0] >= pair[1]), "{peaks:?}");
}
