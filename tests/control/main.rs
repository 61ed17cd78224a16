//! Control networks against diffusers (`tests/reference/control.py`), in every form that their files have, and what is
//! said of those that cannot be used.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // The lints know tests by their attribute and not their helpers.

#[path = "../copied/mod.rs"]
mod copied;
mod naming;
mod outline;
mod references;
mod regions;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use inkwick::checkpoint::ModelFiles;
use inkwick::job::{
    CancelToken, Control, ControlKind, ControlMode, ControlNetworkRef, InitPicture, InpaintMask, InpaintSettings,
    Progress, PromptSyntax, Request,
};
use inkwick::mask::MaskPlane;
use inkwick::model::{Execution, Operators};
use inkwick::pipeline::{
    Adapters, Constraints, CostModel, ExecutionPlan, LoadOptions, ModelSpec, Pipeline, SteeringLoad,
};
use inkwick::raster::Picture;
use inkwick::sampling::SchedulerName;
use serde_json::Value;

use copied::copied;
use naming::{saved, weights_of};

const CPU: Device = Device::Cpu;

type Tensors = HashMap<String, Tensor>;

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference/data")
}

fn picture(name: &str) -> Arc<Picture> {
    let pixels = image::open(data().join("control").join(format!("{name}.png"))).unwrap().to_rgba8();
    Arc::new(Picture::from_rgba(pixels.width(), pixels.height(), pixels.into_raw()).unwrap())
}

fn mask() -> InpaintMask {
    let pixels = image::open(data().join("control/mask.png")).unwrap().to_luma8();
    let plane = MaskPlane::from_values(pixels.width(), pixels.height(), pixels.into_raw()).unwrap();
    InpaintMask { plane: Arc::new(plane) }
}

fn pipeline_by(folder: &Path, execution: &Execution) -> Pipeline {
    let spec = ModelSpec::read(&ModelFiles::Folder(folder.to_owned()), None).unwrap();
    let card = execution.operators().map(Operators::card);
    let options = LoadOptions::of(execution, &ExecutionPlan::plain(card, DType::F32));
    Pipeline::load_planned(spec, &Adapters::default(), &options, &|_, _| Ok(())).unwrap()
}

fn model(kind: &str) -> Pipeline {
    pipeline_by(&data().join(kind).join("model"), &Execution::Kernels)
}

fn network(name: &str) -> ControlNetworkRef {
    ControlNetworkRef::Path(data().join("control").join(name))
}

fn drawn(pipeline: &mut Pipeline, request: &Request) -> Picture {
    pipeline.run(request, &CancelToken::default(), &mut |_| ()).unwrap().0
}

fn refused(pipeline: &mut Pipeline, request: &Request) -> String {
    let answer = pipeline.run(request, &CancelToken::default(), &mut |_| ());
    let sentence = answer.map(|_| ()).unwrap_err().to_string();
    assert!(!sentence.contains('\n') && !sentence.contains("--"), "{sentence}");
    sentence
}

fn mean_difference(found: &Picture, wanted: &[u8]) -> f64 {
    let bytes = found.rgba().chunks_exact(4).flat_map(|pixel| &pixel[..3]);
    let sum: f64 = bytes.zip(wanted).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / wanted.len() as f64
}

/// A short run that differs from seed to seed.
fn plain(controls: Vec<Control>) -> Request {
    Request {
        prompt: "a red apple".into(),
        prompt_syntax: PromptSyntax::Plain,
        steps: 3,
        guidance: Some(5.0),
        seed: 7,
        width: Some(48),
        height: Some(40),
        controls,
        ..Request::default()
    }
}

fn lines(network: ControlNetworkRef) -> Control {
    Control::new(network, picture("lines"))
}

fn request_of(run: &Value, network: &ControlNetworkRef) -> Request {
    let control = |control: &Value| Control {
        weight: control["weight"].as_f64().unwrap(),
        from: control["from"].as_f64().unwrap(),
        to: control["to"].as_f64().unwrap(),
        kind: control["type"].as_u64().map(|kind| match kind {
            0 => ControlKind::Pose,
            1 => ControlKind::Depth,
            _ => ControlKind::Canny,
        }),
        mode: if run["guess"] == true { ControlMode::Control } else { ControlMode::Balanced },
        ..Control::new(network.clone(), picture(control["picture"].as_str().unwrap()))
    };
    let way = run["way"].as_str().unwrap();
    let strength = match way {
        "picture" => 0.6,
        "inpaint" => 0.8,
        _ => 1.0,
    };
    Request {
        prompt: "a red apple on a wooden table, it's  ripe, isn't it?".into(),
        negative: run["negative"].as_str().map(str::to_owned),
        prompt_syntax: PromptSyntax::Plain,
        scheduler: run["scheduler"].as_str().and_then(SchedulerName::from_id),
        steps: run["steps"].as_u64().unwrap() as u32,
        guidance: run["guidance"].as_f64(),
        seed: run["seed"].as_u64().unwrap(),
        width: Some(48),
        height: Some(40),
        init: (way != "text").then(|| InitPicture { picture: picture("smooth"), strength }),
        mask: way.starts_with("inpaint").then(mask),
        inpaint: InpaintSettings { composite: false, mask_blur_px: 0, ..InpaintSettings::default() },
        controls: run["controls"].as_array().unwrap().iter().map(control).collect(),
        ..Request::default()
    }
}

/// The model of `kind` with a first convolution for inpainting, and a network that is averaged over all pixels.
fn made_models(home: &Path, tensors: &Tensors) -> (PathBuf, ControlNetworkRef) {
    let wider = home.join("wider");
    copied(&data().join("sd1/model"), &wider);
    let edit = |file: &Path, change: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        change(&mut json);
        fs::write(file, json.to_string()).unwrap();
    };
    edit(&wider.join("model_index.json"), &|json| json["_class_name"] = "StableDiffusionInpaintPipeline".into());
    edit(&wider.join("unet/config.json"), &|json| json["in_channels"] = 9.into());
    let file = wider.join("unet/diffusion_pytorch_model.safetensors");
    let mut unet = candle_core::safetensors::load(&file, &CPU).unwrap();
    unet.insert("conv_in.weight".into(), tensors["sd1.conv_in"].clone());
    candle_core::safetensors::save(&unet, &file).unwrap();
    let pooled = home.join("pooled");
    copied(&data().join("control/sd1"), &pooled);
    edit(&pooled.join("config.json"), &|json| json["global_pool_conditions"] = true.into());
    (wider, ControlNetworkRef::Path(pooled))
}

#[test]
fn pictures_are_those_of_diffusers() {
    let folder = data().join("control");
    let tensors = candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap();
    let runs: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("reference.json")).unwrap()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let (wider, pooled) = made_models(home.path(), &tensors);
    let by_device = Execution::Candle(Operators::on(&CPU, DType::F32));
    let mut pipelines: HashMap<(String, bool), Pipeline> = HashMap::new();
    let mut broken = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let kind = run["kind"].as_str().unwrap();
        let is_wider = run["way"] == "inpaint-9";
        let path = if is_wider { wider.clone() } else { data().join(kind).join("model") };
        let network = match run["net"].as_str().unwrap() {
            "pooled" => pooled.clone(),
            name => network(name),
        };
        let wanted = tensors[&index.to_string()].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        // By the kernels all of them, by a device's operators some of each kind.
        for on_device in [false, true] {
            if on_device && index % 3 != 0 {
                continue;
            }
            let execution = if on_device { &by_device } else { &Execution::Kernels };
            let key = (path.display().to_string(), on_device);
            let pipeline = pipelines.entry(key).or_insert_with(|| pipeline_by(&path, execution));
            let found = drawn(pipeline, &request_of(run, &network));
            let mean = mean_difference(&found, &wanted);
            let way = if on_device { "operators" } else { "kernels" };
            println!("{index} {} {} by {way}: mean difference {mean:.5} of 255", run["net"], run["way"]);
            if mean >= 1.0 {
                broken.push(format!("{index} by {way} is off by a mean of {mean}: {run}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn bytes_of(picture: &Picture) -> Vec<u8> {
    picture.rgba().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

#[test]
fn a_control_that_is_off_changes_nothing_and_says_so() {
    let mut pipeline = model("sd1");
    let wanted = drawn(&mut pipeline, &plain(Vec::new()));
    for (off, words) in [
        (Control { weight: 0.0, ..lines(network("sd1")) }, "weight"),
        (Control { from: 0.4, to: 0.6, ..lines(network("sd1")) }, "0.4"),
        (Control { mask: Some(Arc::new(MaskPlane::empty(48, 40))), ..lines(network("full")) }, ""),
    ] {
        let mut notices = Vec::new();
        let found = pipeline.run(&plain(vec![off]), &CancelToken::default(), &mut |progress| {
            if let Progress::Notice(notice) = progress {
                notices.push(notice.message);
            }
        });
        assert_eq!(found.unwrap().0.rgba(), wanted.rgba());
        assert!(words.is_empty() || notices.iter().any(|notice| notice.contains(words)), "{notices:?}");
    }
}

#[test]
fn a_mask_keeps_a_control_to_its_part() {
    let mut pipeline = model("sd1");
    let plane = |value: u8| Some(Arc::new(MaskPlane::from_values(48, 40, vec![value; 48 * 40]).unwrap()));
    let all = drawn(&mut pipeline, &plain(vec![lines(network("sd1"))]));
    let masked = drawn(&mut pipeline, &plain(vec![Control { mask: plane(255), ..lines(network("sd1")) }]));
    assert_eq!(masked.rgba(), all.rgba());
    // Half a mask is half the weight.
    let half = drawn(&mut pipeline, &plain(vec![Control { mask: plane(51), ..lines(network("sd1")) }]));
    let light = drawn(&mut pipeline, &plain(vec![Control { weight: 0.2, ..lines(network("sd1")) }]));
    assert!(mean_difference(&half, &bytes_of(&light)) < 0.05);
}

#[test]
fn the_prompts_own_mode_is_weaker_than_a_balanced_one() {
    let mut pipeline = model("sd1");
    let without = bytes_of(&drawn(&mut pipeline, &plain(Vec::new())));
    let strength = |pipeline: &mut Pipeline, mode| {
        let found = drawn(pipeline, &plain(vec![Control { mode, ..lines(network("sd1")) }]));
        mean_difference(&found, &without)
    };
    let [balanced, prompt] = [ControlMode::Balanced, ControlMode::Prompt].map(|mode| strength(&mut pipeline, mode));
    assert!(prompt < balanced && prompt > 0.1, "{prompt} {balanced}");
}

#[test]
fn what_does_not_go_together_is_refused_with_the_reason() {
    let home = tempfile::tempdir().unwrap();
    let mut sd1 = model("sd1");
    let mut xl = model("sdxl");
    for (is_xl, name) in [(false, "sd2"), (false, "sdxl"), (false, "grey"), (true, "sd1"), (true, "full")] {
        let said = refused(if is_xl { &mut xl } else { &mut sd1 }, &plain(vec![lines(network(name))]));
        assert!(said.contains(name) && said.contains("the model is") && said.contains("choose"), "{said}");
    }
    // The built-in model's adapter on another model.
    let said = refused(&mut sd1, &plain(vec![lines(ControlNetworkRef::Scribble)]));
    assert!(said.contains("scribble") && said.contains("small"), "{said}");
    // A union network must be told what it is given, and know it.
    let said = refused(&mut xl, &plain(vec![lines(network("union"))]));
    assert!(said.contains("say which") && said.contains("canny"), "{said}");
    let tile = Control { kind: Some(ControlKind::Tile), ..lines(network("union")) };
    let said = refused(&mut xl, &plain(vec![tile]));
    assert!(said.contains("does not know the kind tile"), "{said}");
    // A picture of another shape.
    let wide = Control::new(network("sd1"), Arc::new(Picture::filled(90, 40, [9, 9, 9, 255])));
    let said = refused(&mut sd1, &plain(vec![wide.clone()]));
    assert!(said.contains("90×40") && said.contains("48×40"), "{said}");
    let fitted = Control { resize: Some(inkwick::raster::ResizeMode::Crop), ..wide };
    drawn(&mut sd1, &plain(vec![fitted]));
    let said = refused(&mut sd1, &plain(vec![Control { picture: None, ..lines(network("sd1")) }]));
    assert!(said.contains("no picture"), "{said}");
    // A folder whose config speaks of another network, and files of something else.
    let liar = home.path().join("liar");
    copied(&data().join("control/full"), &liar);
    fs::copy(data().join("control/sd1/config.json"), liar.join("config.json")).unwrap();
    let said = refused(&mut sd1, &plain(vec![lines(ControlNetworkRef::Path(liar))]));
    assert!(said.contains("a ControlNet by its config") && said.contains("T2I-Adapter"), "{said}");
    let unet = data().join("sd1/model/unet/diffusion_pytorch_model.safetensors");
    let said = refused(&mut sd1, &plain(vec![lines(ControlNetworkRef::Path(unet))]));
    assert!(said.contains("something else"), "{said}");
    let mut lora = weights_of("sd1");
    lora.insert("lora_controlnet".into(), Tensor::ones(1, DType::F32, &CPU).unwrap());
    let said = refused(&mut sd1, &plain(vec![lines(saved(&lora, home.path(), "lora.safetensors"))]));
    assert!(said.contains("Control-LoRA"), "{said}");
    // What is missing in the weights is said, and the next picture is drawn.
    let mut cut = weights_of("sd1");
    cut.remove("controlnet_mid_block.weight");
    let said = refused(&mut sd1, &plain(vec![lines(saved(&cut, home.path(), "cut.safetensors"))]));
    assert!(said.contains("1 missing"), "{said}");
    drawn(&mut sd1, &plain(vec![lines(network("sd1"))]));
}

#[test]
fn an_estimate_counts_control_networks_where_they_count() {
    let files = ModelFiles::Folder(data().join("sd1/model"));
    let spec = ModelSpec::read(&files, None).unwrap();
    let costs = |controls: &[Control]| {
        let load = SteeringLoad::of(&spec, controls, &[], 10).unwrap();
        let model = CostModel::read(&files).unwrap().with_steering(load);
        model.costs(model.native_workload(), ExecutionPlan::plain(None, DType::F32)).unwrap()
    };
    let one = lines(network("sd1"));
    let (none, all) = (costs(&[]), costs(std::slice::from_ref(&one)));
    let half = costs(&[Control { to: 0.5, ..one.clone() }]);
    let guess = costs(&[Control { mode: ControlMode::Control, ..one.clone() }]);
    let twice = costs(&[one.clone(), one.clone()]);
    let extra = |found: &inkwick::job::Work| found.convolution - none.step.convolution;
    assert!(extra(&all.step) > 0.2 * none.step.convolution, "{all:?}");
    assert!((extra(&half.step) * 2.0 - extra(&all.step)).abs() < 1e-6 * extra(&all.step));
    assert!((extra(&guess.step) * 2.0 - extra(&all.step)).abs() < 1e-6 * extra(&all.step));
    assert!((extra(&twice.step) - 2.0 * extra(&all.step)).abs() < 1e-6 * extra(&all.step));
    assert!(all.control_weights > 0 && all.control.convolution > 0.0);
    assert_eq!(twice.control_weights, all.control_weights, "a network is there once");
    assert!(all.working_set_bytes() > none.working_set_bytes());
    // It counts where what is free is held against it: there are machines with room for the picture and not for what
    // steers it, and none where it is the other way round.
    let fits = |controls: &[Control], free: u64| {
        let request = Request { width: None, height: None, ..plain(controls.to_vec()) };
        let constraints = Constraints::new(DType::F32, Some(free));
        let fitted = spec.plan(&request, &Execution::Kernels, &constraints).unwrap();
        spec.check_fits(&fitted).is_ok()
    };
    let sizes = std::iter::successors(Some(100_000_u64), |free| Some(free + free / 50)).take(600);
    let both: Vec<_> = sizes.map(|free| (fits(&[], free), fits(std::slice::from_ref(&one), free))).collect();
    assert!(both.contains(&(true, false)) && both.contains(&(true, true)) && !both.contains(&(false, true)));
}
