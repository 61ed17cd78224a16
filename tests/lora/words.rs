//! Words with embeddings of their own: given, found by name, or brought along by a LoRA.

use super::*;

#[test]
fn words_with_embeddings_of_their_own_draw_what_diffusers_draws() {
    let listed: Value = serde_json::from_slice(&std::fs::read(data("lora/cases.json")).unwrap()).unwrap();
    for case in listed["words"].as_array().unwrap() {
        let files = folder(case["kind"].as_str().unwrap());
        let file = data("lora").join(case["file"].as_str().unwrap());
        let word = file.file_stem().unwrap().to_string_lossy().into_owned();
        let adapters = Adapters { embeddings: vec![EmbeddingRef { word, file }], ..Adapters::default() };
        let found = draw(&mut load(&files, &adapters).unwrap(), &case["request"]);
        let wanted = image::open(data("lora").join(case["picture"].as_str().unwrap())).unwrap().to_rgba8().into_raw();
        let plain = draw(&mut load(&files, &Adapters::default()).unwrap(), &case["request"]);
        let (off, effect) = (mean_difference(&found, &wanted), mean_difference(&plain, &wanted));
        println!("{} off by {off:.4}, changes the picture by {effect:.2}", case["file"]);
        assert!(off < 1.0 && effect > 2.0, "{case}: off by {off}, effect {effect}");
    }
    let moss = EmbeddingRef { word: "moss".into(), file: data("lora/moss.pt") };
    let said = load(&folder("sdxl"), &Adapters { embeddings: vec![moss], ..Adapters::default() }).err().unwrap();
    assert!(said.contains("another kind of model") && said.contains("moss.pt"), "{said}");
}

#[test]
fn words_that_a_lora_brings_along_are_taught_as_if_they_were_given() {
    for (kind, file, embedding, parts) in [
        (
            "sd1",
            "sd1-kohya.safetensors",
            "zig-zag.safetensors",
            &["string_to_param.*", "emb_params", "clip_l", "<zig>"][..],
        ),
        ("sdxl", "sdxl-kohya.safetensors", "glow2.safetensors", &[""]),
    ] {
        let request = asked("a castle of zapper, red");
        let lora = data("lora").join(file);
        let zapper = EmbeddingRef { word: "zapper".into(), file: data("lora").join(embedding) };
        let given = Adapters { embeddings: vec![zapper], ..with(&[(lora.clone(), 0.7)]) };
        let wanted = draw(&mut load(&folder(kind), &given).unwrap(), &request);
        let without = draw(&mut load(&folder(kind), &with(&[(lora, 0.7)])).unwrap(), &request);
        assert!(mean_difference(&without, &wanted) > 0.5, "the test shows nothing");
        for part in parts {
            let mut bundled = tensors(file);
            for (own, vectors) in tensors(embedding) {
                let part = if part.is_empty() { own.as_str() } else { part };
                bundled.insert(format!("bundle_emb.zapper.{part}"), vectors);
            }
            let (_home, path) = written(&bundled, "bundled.safetensors");
            let mut pipeline = load(&folder(kind), &with(&[(path.clone(), 0.7)])).unwrap();
            let (found, notices) = drawn(&mut pipeline, &request);
            assert_eq!(notices, [""; 0], "{kind} {part}");
            assert_eq!(found, wanted, "{kind} {part}");
            let facts = inspect_file(&path).unwrap().lora.unwrap();
            assert_eq!(facts.words, ["zapper"]);
        }
        // What is given by itself counts.
        let mut bundled = tensors(file);
        bundled.insert("bundle_emb.zapper.emb_params".into(), ones(&[1, 32]));
        let (_home, path) = written(&bundled, "bundled.safetensors");
        let given = Adapters { embeddings: given.embeddings, ..with(&[(path.clone(), 0.7)]) };
        assert_eq!(draw(&mut load(&folder(kind), &given).unwrap(), &request), wanted);
        if kind == "sdxl" {
            // The word alone is for another kind of model.
            let (_, notices) = drawn(&mut load(&folder(kind), &with(&[(path, 0.7)])).unwrap(), &request);
            assert!(notices.len() == 1 && notices[0].contains("zapper"), "{notices:?}");
        }
    }
}

#[test]
fn an_embedding_is_the_same_in_every_form() {
    let request = asked("a castle of moss, red");
    let drawn_with = |file: PathBuf| {
        let moss = EmbeddingRef { word: "moss".into(), file };
        drawn(&mut load(&folder("sd1"), &Adapters { embeddings: vec![moss], ..Adapters::default() }).unwrap(), &request)
    };
    let wanted = drawn_with(data("lora/moss.pt"));
    let without = draw(&mut load(&folder("sd1"), &Adapters::default()).unwrap(), &request);
    assert!(mean_difference(&without, &wanted.0) > 0.5, "the test shows nothing");
    for file in ["moss-parameters.pt", "moss-word.bin"] {
        assert_eq!(drawn_with(data("lora").join(file)), wanted, "{file}");
        assert_eq!(inspect_file(&data("lora").join(file)).unwrap().kind.label(), "embedding", "{file}");
    }
    let all = candle_core::pickle::read_all(data("lora/moss-word.bin")).unwrap();
    let (_, vectors) = all.into_iter().next().unwrap();
    for (name, vectors) in [
        ("emb_params", vectors.clone()),
        ("<moss>", vectors.clone()),
        ("clip_l", vectors.clone()),
        ("text_encoders_0", vectors.clone()),
        ("string_to_param.*", vectors.unsqueeze(0).unwrap()),
    ] {
        let (_home, path) = written(&[(name.to_owned(), vectors)].into(), "x.safetensors");
        assert_eq!(drawn_with(path), wanted, "{name}");
    }
    // SDXL's pair has a part for this model, which is reported.
    let (_home, path) =
        written(&[("clip_l".to_owned(), vectors), ("clip_g".to_owned(), ones(&[3, 40]))].into(), "x.safetensors");
    let (picture, notices) = drawn_with(path);
    assert_eq!(picture, wanted.0);
    assert!(notices.len() == 1 && notices[0].contains("Stable Diffusion XL"), "{notices:?}");
    // Others are refused with the name of their family.
    for (width, family) in [(768, "Stable Diffusion 1"), (1024, "Stable Diffusion 2"), (1280, "Stable Diffusion XL")] {
        let (_home, file) = written(&[("emb_params".to_owned(), ones(&[2, width]))].into(), "x.safetensors");
        let x = EmbeddingRef { word: "x".into(), file };
        let said = load(&folder("sd1"), &Adapters { embeddings: vec![x], ..Adapters::default() }).err().unwrap();
        assert!(said.contains(family) && said.contains("x.safetensors"), "{said}");
    }
}
