//! Areas with words of their own against an attention processor on diffusers (`tests/reference/regions.py`).

use inkwick::job::{InpaintArea, Region};
use inkwick::model::AttentionMethod;

use super::*;

fn area(name: &str) -> Arc<MaskPlane> {
    let pixels = image::open(data().join("regions").join(format!("{name}.png"))).unwrap().to_luma8();
    Arc::new(MaskPlane::from_values(pixels.width(), pixels.height(), pixels.into_raw()).unwrap())
}

fn request_of_regions(run: &Value) -> Request {
    let region = |region: &Value| Region {
        negative: region["negative"].as_str().map(str::to_owned),
        weight: region["weight"].as_f64().unwrap(),
        ..Region::new(area(region["mask"].as_str().unwrap()), region["prompt"].as_str().unwrap())
    };
    let mut run_alone = run.clone();
    run_alone["controls"] = Value::Array(Vec::new());
    Request {
        regions: run["regions"].as_array().unwrap().iter().map(region).collect(),
        ..request_of(&run_alone, &ControlNetworkRef::Scribble)
    }
}

fn runs() -> (Vec<Value>, Tensors) {
    let folder = data().join("regions");
    let runs = serde_json::from_slice(&fs::read(folder.join("reference.json")).unwrap()).unwrap();
    (runs, candle_core::safetensors::load(folder.join("reference.safetensors"), &CPU).unwrap())
}

#[test]
fn pictures_with_regions_are_those_of_the_reference() {
    let (runs, tensors) = runs();
    let by_device = Execution::Candle(Operators::on(&CPU, DType::F32));
    let mut pipelines: HashMap<(String, bool), Pipeline> = HashMap::new();
    let mut broken = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let kind = run["kind"].as_str().unwrap();
        let wanted = tensors[&index.to_string()].flatten_all().unwrap().to_vec1::<u8>().unwrap();
        for on_device in [false, true] {
            let execution = if on_device { &by_device } else { &Execution::Kernels };
            let folder = data().join(kind).join("model");
            let pipeline =
                pipelines.entry((kind.to_owned(), on_device)).or_insert_with(|| pipeline_by(&folder, execution));
            let mean = mean_difference(&drawn(pipeline, &request_of_regions(run)), &wanted);
            println!("{index} {kind} {} on a device {on_device}: mean difference {mean:.5} of 255", run["way"]);
            if mean >= 1.0 {
                broken.push(format!("{index}, on a device {on_device}, is off by a mean of {mean}: {run}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn with_regions(regions: Vec<Region>) -> Request {
    Request { regions, ..plain(Vec::new()) }
}

fn everywhere(value: u8) -> Arc<MaskPlane> {
    Arc::new(MaskPlane::from_values(48, 40, vec![value; 48 * 40]).unwrap())
}

#[test]
fn where_no_region_lies_the_picture_is_its_prompts_own() {
    for (kind, execution) in [("sd1", Execution::Kernels), ("sdxl", Execution::Candle(Operators::on(&CPU, DType::F32)))]
    {
        let mut pipeline = pipeline_by(&data().join(kind).join("model"), &execution);
        let alone = drawn(&mut pipeline, &with_regions(Vec::new()));
        let nowhere = Region { negative: Some("fog".into()), ..Region::new(everywhere(0), "a pear") };
        assert_eq!(drawn(&mut pipeline, &with_regions(vec![nowhere])).rgba(), alone.rgba());
        let off = Region { weight: 0.0, ..Region::new(everywhere(255), "a pear") };
        let mut notices = Vec::new();
        let found = pipeline.run(&with_regions(vec![off]), &CancelToken::default(), &mut |progress| {
            if let Progress::Notice(notice) = progress {
                notices.push(notice.message);
            }
        });
        assert_eq!(found.unwrap().0.rgba(), alone.rgba());
        assert!(
            notices.iter().any(|notice| notice.contains("a pear") && notice.contains("weight is 0")),
            "{notices:?}"
        );
        // Everywhere at full weight, its words are the picture's.
        if kind == "sd1" {
            let all = drawn(&mut pipeline, &with_regions(vec![Region::new(everywhere(255), "a pear")]));
            let pear = Request { prompt: "a pear".into(), ..with_regions(Vec::new()) };
            assert_eq!(drawn(&mut pipeline, &pear).rgba(), all.rgba());
            // Half a mask is half the weight.
            let half = drawn(&mut pipeline, &with_regions(vec![Region::new(everywhere(51), "a pear")]));
            let light = Region { weight: 0.2, ..Region::new(everywhere(255), "a pear") };
            let light = drawn(&mut pipeline, &with_regions(vec![light]));
            assert!(mean_difference(&half, &bytes_of(&light)) < 0.05);
            assert!(mean_difference(&half, &bytes_of(&all)) > 0.5);
        }
    }
}

/// Attention's scores in every form, rows one by one, and words that change on the way.
#[test]
fn every_way_to_compute_gives_the_same_regions() {
    let request = Request {
        prompt_syntax: PromptSyntax::Weighted,
        prompt: "an apple AND a leaf :0.5".into(),
        ..with_regions(vec![
            Region { negative: Some("(fog:1.2)".into()), ..Region::new(area("hard"), "a [pear:(plum:1.3):2]") },
            Region::new(area("soft"), "grass"),
        ])
    };
    let folder = data().join("sd1/model");
    let wanted = bytes_of(&drawn(&mut pipeline_by(&folder, &Execution::Kernels), &request));
    for (attention, sequential) in
        [(AttentionMethod::Full, false), (AttentionMethod::Sliced(1), false), (AttentionMethod::Tiled, true)]
    {
        let spec = ModelSpec::read(&ModelFiles::Folder(folder.clone()), None).unwrap();
        let plan =
            ExecutionPlan { attention, sequential_guidance: sequential, ..ExecutionPlan::plain(None, DType::F32) };
        let options = LoadOptions::of(&Execution::Kernels, &plan);
        let mut pipeline = Pipeline::load_planned(spec, &Adapters::default(), &options, &|_, _| Ok(())).unwrap();
        let mut fitted = pipeline.plan(&request).unwrap();
        fitted.plan = plan;
        let found = pipeline.run_planned(&request, &fitted, &CancelToken::default(), &mut |_| ()).unwrap().0;
        let mean = mean_difference(&found, &wanted);
        assert!(mean < 0.05, "{attention:?} {sequential}: {mean}");
    }
    // The words that change do change the picture, and so does the negative prompt.
    let mut pipeline = pipeline_by(&folder, &Execution::Kernels);
    for change in [
        |request: &mut Request| request.regions[0].prompt = "a pear".into(),
        |request: &mut Request| request.regions[0].negative = None,
        |request: &mut Request| request.regions.truncate(1),
    ] {
        let mut other = request.clone();
        change(&mut other);
        assert!(bytes_of(&drawn(&mut pipeline, &other)) != wanted);
    }
}

#[test]
fn regions_are_cropped_with_the_picture() {
    let mut pipeline = model("sd1");
    let plane = |columns: std::ops::Range<usize>| {
        let mut plane = MaskPlane::empty(144, 120);
        for y in 40..80 {
            plane.row_mut(y)[columns.clone()].fill(255);
        }
        Arc::new(plane)
    };
    let inpaint = InpaintSettings { area: InpaintArea::Masked, padding_px: 0, ..InpaintSettings::default() };
    let request = |regions: Vec<Region>| Request {
        width: None,
        height: None,
        init: Some(InitPicture { picture: picture("large"), strength: 1.0 }),
        mask: Some(InpaintMask { plane: plane(100..140) }),
        inpaint: inpaint.clone(),
        ..with_regions(regions)
    };
    let alone = drawn(&mut pipeline, &request(Vec::new()));
    // What lies elsewhere is not seen.
    let far = drawn(&mut pipeline, &request(vec![Region::new(plane(0..30), "a pear")]));
    assert!(far.rgba() == alone.rgba());
    let near = drawn(&mut pipeline, &request(vec![Region::new(plane(90..144), "a pear")]));
    assert!(near.rgba() != alone.rgba());
}

#[test]
fn what_regions_cannot_be_is_said_and_they_are_counted() {
    let mut sd1 = model("sd1");
    let said = refused(&mut sd1, &with_regions(vec![Region { mask: None, ..Region::new(everywhere(1), "a pear") }]));
    assert!(said.contains("a pear") && said.contains("no mask"), "{said}");
    let wide = Arc::new(MaskPlane::empty(90, 40));
    let said = refused(&mut sd1, &with_regions(vec![Region::new(wide, "a pear")]));
    assert!(said.contains("90×40") && said.contains("48×40"), "{said}");
    for kind in ["klein", "z-image"] {
        let mut other = model(kind);
        let said =
            refused(&mut other, &Request { guidance: None, ..with_regions(vec![Region::new(everywhere(1), "a")]) });
        assert!(said.contains("cross-attention"), "{said}");
    }
    let model = CostModel::read(&ModelFiles::Folder(data().join("sd1/model"))).unwrap();
    let costs = |regions: usize| {
        let workload = inkwick::pipeline::Workload { regions, ..model.native_workload() };
        model.costs(workload, ExecutionPlan::plain(None, DType::F32)).unwrap()
    };
    let [none, one, two] = [0, 1, 2].map(costs);
    let extra = one.step.attention - none.step.attention;
    assert!(extra > 0.0 && (two.step.attention - none.step.attention - 2.0 * extra).abs() < 1e-6 * extra);
    assert!(one.step_bytes >= none.step_bytes);
}
