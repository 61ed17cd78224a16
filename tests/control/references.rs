//! Reference pictures through IP-Adapters against diffusers (`tests/reference/ip_adapter.py`).

use inkwick::job::{Reference, ReferenceAdapter, ReferenceUse};

use super::*;

fn file(kind: &str, form: &str) -> PathBuf {
    let ending = if (kind, form) == ("sd1", "base") { "bin" } else { "safetensors" };
    data().join(format!("ip-adapter/{kind}-{form}.{ending}"))
}

fn seen(name: &str) -> Arc<Picture> {
    if name == "smooth" {
        return picture(name);
    }
    let pixels = image::open(data().join(format!("ip-adapter/{name}.png"))).unwrap().to_rgba8();
    Arc::new(Picture::from_rgba(pixels.width(), pixels.height(), pixels.into_raw()).unwrap())
}

fn reference(kind: &str, form: &str, name: &str) -> Reference {
    Reference::through(ReferenceAdapter { file: file(kind, form), encoder: None }, seen(name))
}

fn area(name: &str) -> Arc<MaskPlane> {
    let pixels = image::open(data().join(format!("ip-adapter/{name}.png"))).unwrap().to_luma8();
    Arc::new(MaskPlane::from_values(pixels.width(), pixels.height(), pixels.into_raw()).unwrap())
}

#[test]
fn pictures_with_references_are_those_of_diffusers() {
    let folder = data().join("ip-adapter");
    let tensors = candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap();
    let runs: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("reference.json")).unwrap()).unwrap();
    let by_device = Execution::Candle(Operators::on(&CPU, DType::F32));
    let mut pipelines: HashMap<(String, bool), Pipeline> = HashMap::new();
    let mut broken = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let kind = run["kind"].as_str().unwrap();
        let of = |one: &Value| Reference {
            weight: one["weight"].as_f64().unwrap(),
            used: ReferenceUse::from_id(one["use"].as_str().unwrap()).unwrap(),
            mask: one["mask"].as_str().map(area),
            ..reference(kind, one["adapter"].as_str().unwrap(), one["picture"].as_str().unwrap())
        };
        let mut alone = run.clone();
        alone["controls"] = Value::Array(Vec::new());
        let request = Request {
            references: run["references"].as_array().unwrap().iter().map(of).collect(),
            ..request_of(&alone, &ControlNetworkRef::Scribble)
        };
        let wanted = tensors[&index.to_string()].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        for on_device in [false, true] {
            if on_device && index % 3 != 0 {
                continue;
            }
            let execution = if on_device { &by_device } else { &Execution::Kernels };
            let model = data().join(kind).join("model");
            let pipeline =
                pipelines.entry((kind.to_owned(), on_device)).or_insert_with(|| pipeline_by(&model, execution));
            let mean = mean_difference(&drawn(pipeline, &request), &wanted);
            println!("{index} {kind} on a device {on_device}: mean difference {mean:.5} of 255");
            if mean >= 1.0 {
                broken.push(format!("{index}, on a device {on_device}, is off by a mean of {mean}: {run}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn what_adapters_cannot_be_is_said() {
    let mut sd1 = model("sd1");
    let with = |one: Reference| Request { references: vec![one], ..plain(Vec::new()) };
    let alone = drawn(&mut sd1, &plain(Vec::new()));
    let off = Reference { weight: 0.0, ..reference("sd1", "base", "flower") };
    assert!(drawn(&mut sd1, &with(off)).rgba() == alone.rgba());
    let never = Reference { from: 0.4, to: 0.6, ..reference("sd1", "base", "flower") };
    assert!(drawn(&mut sd1, &with(never)).rgba() == alone.rgba());
    assert!(drawn(&mut sd1, &with(reference("sd1", "base", "flower"))).rgba() != alone.rgba());
    for kind in ["sd2", "sdxl"] {
        let said = refused(&mut sd1, &with(reference(kind, "base", "flower")));
        assert!(said.contains(kind) && said.contains("the model is") && said.contains("choose"), "{said}");
    }
    let sides = Request { guidance: None, width: Some(48), height: Some(48), ..Request::default() };
    let asked = Request { references: vec![reference("sd1", "base", "flower")], steps: 2, ..sides };
    let said = refused(&mut model("klein"), &asked);
    assert!(said.contains("cross-attention"), "{said}");
    let unet = data().join("sd1/model/unet/diffusion_pytorch_model.safetensors");
    let mut other = reference("sd1", "base", "flower");
    other.adapter = Some(ReferenceAdapter { file: unet, encoder: None });
    let said = refused(&mut sd1, &with(other.clone()));
    assert!(said.contains("something else"), "{said}");
    other.adapter =
        Some(ReferenceAdapter { file: file("sd1", "base"), encoder: Some(data().join("sd1/model/text_encoder")) });
    let said = refused(&mut sd1, &with(other));
    assert!(said.contains("CLIPVisionModelWithProjection"), "{said}");
    let wide = Reference { mask: Some(Arc::new(MaskPlane::empty(90, 40))), ..reference("sd1", "base", "flower") };
    let said = refused(&mut sd1, &with(wide));
    assert!(said.contains("90×40") && said.contains("48×40"), "{said}");
}

#[test]
fn an_estimate_counts_adapters_where_they_count() {
    let files = ModelFiles::Folder(data().join("sd1/model"));
    let spec = ModelSpec::read(&files, None).unwrap();
    let costs = |references: &[Reference]| {
        let load = SteeringLoad::of(&spec, &[], references, 10).unwrap();
        let model = CostModel::read(&files).unwrap().with_steering(load);
        model.costs(model.native_workload(), ExecutionPlan::plain(None, DType::F32)).unwrap()
    };
    let of = |form: &str| Reference { picture: None, ..reference("sd1", form, "flower") };
    let (none, one) = (costs(&[]), costs(&[of("base")]));
    let extra = |found: &inkwick::job::Work| found.product - none.step.product;
    assert!(extra(&one.step) > 0.0 && one.control.product > 0.0, "{one:?}");
    assert!(one.control_weights > 0 && one.image_bytes > 0);
    let half = costs(&[Reference { to: 0.5, ..of("base") }]);
    assert!((extra(&half.step) * 2.0 - extra(&one.step)).abs() < 1e-6 * extra(&one.step));
    let twice = costs(&[of("base"), of("base")]);
    assert_eq!(twice.control_weights, one.control_weights, "an adapter is there once");
    assert!((twice.control.product - 2.0 * one.control.product).abs() < 1e-6 * one.control.product);
    assert!(costs(&[of("base"), of("plus")]).control_weights > one.control_weights);
    let off = costs(&[Reference { weight: 0.0, ..of("base") }]);
    assert_eq!((off.control_weights, off.image_bytes), (0, 0), "what does not count is not read");
    assert!(SteeringLoad::of(&spec, &[], &[reference("sdxl", "base", "flower")], 10).is_err());
    // It counts where what is free is held against it.
    let fits = |references: &[Reference], free: u64| {
        let request = Request { references: references.to_vec(), width: None, height: None, ..plain(Vec::new()) };
        let constraints = Constraints::new(DType::F32, Some(free));
        let fitted = spec.plan(&request, &Execution::Kernels, &constraints).unwrap();
        spec.check_fits(&fitted).is_ok()
    };
    let with = [reference("sd1", "base", "flower")];
    let sizes = std::iter::successors(Some(100_000_u64), |free| Some(free + free / 50)).take(600);
    let both: Vec<_> = sizes.map(|free| (fits(&[], free), fits(&with, free))).collect();
    assert!(both.contains(&(true, false)) && both.contains(&(true, true)) && !both.contains(&(false, true)));
}
