//! Tags, names and choices to files, as people and other programs write them.

use std::fs;

use super::*;
use crate::store::models::wildcards::own_folder;

struct Home {
    folder: tempfile::TempDir,
    paths: Paths,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { paths: Paths::under(folder.path()), folder }
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    fn request(&self, prompt: &str) -> Result<(Request, Vec<String>), String> {
        let mut request = Request { prompt: prompt.into(), ..Request::default() };
        let notices = resolve(&mut request, &self.paths).map_err(|error| error.to_string())?;
        Ok((request, notices.into_iter().map(|notice| notice.message).collect()))
    }

    /// The LoRAs' files below the models folder and their weights.
    fn loras(&self, prompt: &str) -> Vec<(String, f64, f64)> {
        let (request, notices) = self.request(prompt).unwrap();
        assert_eq!(notices, Vec::<String>::new(), "{prompt}");
        let describe = |lora: &LoraRef| {
            let file = lora.file.strip_prefix(&self.paths.models_folder).unwrap();
            let name = file.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            (name, lora.weights().0, lora.weights().1)
        };
        request.loras.iter().map(describe).collect()
    }
}

/// A file that has a name inside.
fn trained_as(name: &str) -> Vec<u8> {
    let header = format!(
        r#"{{"__metadata__":{{"ss_output_name":"{name}"}},
            "lora_unet_mid_block.lora_down.weight":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#
    );
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat()
}

#[test]
fn names_may_have_folders_by_either_slash_and_any_case() {
    let home = Home::new()
        .with("models/loras/sub/Deep.safetensors", "")
        .with("models/loras/other/sub/deep.safetensors", "")
        .with("models/loras/sub/further/ink.v2.safetensors", "")
        .with("models/ink.v2.safetensors", "a checkpoint of the same name");
    for (tag, file) in [
        ("<lora:sub/deep:1>", "loras/sub/Deep.safetensors"),
        ("<lora:sub\\deep:1>", "loras/sub/Deep.safetensors"),
        ("<lora:SUB/deep.safetensors:1>", "loras/sub/Deep.safetensors"),
        ("<lora:other\\sub\\deep:1>", "loras/other/sub/deep.safetensors"),
        ("<lora:deep>", "loras/sub/Deep.safetensors"),
        ("<lora:ink.v2>", "loras/sub/further/ink.v2.safetensors"),
        ("<lora:further/ink.v2.safetensors>", "loras/sub/further/ink.v2.safetensors"),
        ("<lyco:further\\ink.v2>", "loras/sub/further/ink.v2.safetensors"),
    ] {
        assert_eq!(home.loras(tag), [(file.into(), 1.0, 1.0)], "{tag}");
    }
    let refused = home.request("<lora:nowhere/deep:1>").unwrap_err();
    assert!(refused.contains("there is no LoRA nowhere/deep"), "{refused}");
}

#[test]
fn a_lora_is_found_by_the_name_inside_once_no_file_is_called_so() {
    let home = Home::new()
        .with("models/loras/renamed.safetensors", trained_as("my_style"))
        .with("models/loras/second.safetensors", trained_as("renamed"));
    assert_eq!(home.loras("<lora:My_Style:0.5>"), [("loras/renamed.safetensors".into(), 0.5, 0.5)]);
    assert_eq!(home.loras("<lora:renamed>"), [("loras/renamed.safetensors".into(), 1.0, 1.0)]);
}

// Names with colons, which Windows does not allow.
#[cfg(unix)]
#[test]
fn tags_add_up_and_have_two_weights() {
    let home = Home::new().with("models/loras/ink.safetensors", "").with("models/loras/style:v2.safetensors", "");
    let ink = "loras/ink.safetensors".to_owned();
    let quarters = [(ink.clone(), 0.25, 0.25), (ink.clone(), 0.25, 0.25)];
    assert_eq!(home.loras("<lora:ink:0.25> and <lora:ink:0.25>"), quarters);
    assert_eq!(home.loras("<lora:ink:0:1>"), [(ink.clone(), 0.0, 1.0)]);
    assert_eq!(home.loras("<lora:style:v2:1:0.5>"), [("loras/style:v2.safetensors".into(), 1.0, 0.5)]);
    let given = LoraRef::new(home.paths.models_folder.join(&ink), 0.5);
    let mut request = Request { prompt: "<lora:ink:0.5>".into(), loras: vec![given.clone()], ..Request::default() };
    resolve(&mut request, &home.paths).unwrap();
    assert_eq!(request.loras, [given.clone(), given]);
    assert!(home.request("<lora:ink:0:101>").unwrap_err().contains("from -100 to 100"));
    let (request, notices) = home.request("<lora:ink:0,5> <hypernet:x:1>").unwrap();
    assert_eq!((request.loras[0].weight, notices.len()), (0.5, 2), "{notices:?}");
}

#[test]
fn only_what_is_drawn_is_used_and_each_picture_draws_anew() {
    let home = Home::new()
        .with("models/loras/a.safetensors", "")
        .with("models/loras/b.safetensors", "")
        .with("models/wildcards/style.txt", "# styles\nink<lora:a:0.5>\noil<lora:b:0.5>\n");
    let asked = Request { prompt: "a fox, __style__".into(), seed: 3, ..Request::default() };
    let mut first = asked.clone();
    assert_eq!(resolve(&mut first, &home.paths).unwrap(), []);
    let mut seen = BTreeSet::new();
    for index in 0..20 {
        let (picture, notices) = of_batch(&asked, &first, index, &home.paths).unwrap();
        let drawn = picture.settled_prompt().into_owned();
        let file = picture.loras[0].file.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!((picture.prompt.as_str(), picture.loras.len(), notices.len()), ("a fox, __style__", 1, 0));
        assert_eq!(drawn, if file == "a" { "a fox, ink<lora:a:0.5>" } else { "a fox, oil<lora:b:0.5>" });
        assert_eq!(picture.seed, 3 + u64::from(index));
        seen.insert(file);
    }
    assert_eq!(seen.len(), 2);
    assert!(home.request("{a|<lora:none:1>}").is_err(), "what another picture would draw is missed at once");
}

#[test]
fn a_wildcard_without_a_file_stays_and_is_reported() {
    let home = Home::new().with("models/wildcards/known.txt", "cat");
    let (request, notices) = home.request("a __known__, __nowhere__").unwrap();
    assert_eq!(request.settled_prompt(), "a cat, __nowhere__");
    assert!(notices[0].contains("no wildcard file nowhere") && notices.len() == 1, "{notices:?}");
    assert!(notices[0].contains(&own_folder(&home.paths).display().to_string()), "{notices:?}");
}

// Names with colons, which Windows does not allow.
#[cfg(unix)]
#[test]
fn embeddings_are_found_as_they_are_read() {
    let home = ["neg (v2)", "neg", "a[b]", "Ünder", "c:d", "x|y", "under_score"]
        .into_iter()
        .fold(Home::new(), |home, word| home.with(&format!("models/embeddings/{word}.pt"), ""));
    let words = |prompt: &str| -> Vec<String> {
        home.request(prompt).unwrap().0.embeddings.into_iter().map(|known| known.word).collect()
    };
    for prompt in [
        "a neg \\(v2\\) b",
        "(NEG \\(V2\\):1.2)",
        "[x:neg \\(v2\\):0.5]",
        "[x|y z, neg \\(v2\\)]",
        "x AND neg \\(v2\\) :0.5",
        "{neg \\(v2\\)|neg \\(v2\\) too}",
    ] {
        assert!(words(prompt).contains(&"neg (v2)".to_owned()), "{prompt}: {:?}", words(prompt));
    }
    assert_eq!(words("(neg) negative under"), ["neg"]);
    assert_eq!(words("a\\[b\\], ünder, c:d, x\\|y, under_score"), ["a[b]", "c:d", "under_score", "x|y", "Ünder"]);
    assert_eq!(words("a b"), Vec::<String>::new());
    let mut request = Request { negative: Some("[neg \\(v2\\):x:3]".into()), ..Request::default() };
    resolve(&mut request, &home.paths).unwrap();
    assert!(request.embeddings.iter().any(|known| known.word == "neg (v2)"));
}

#[test]
fn plain_prompts_are_left_alone() {
    let home = Home::new().with("models/wildcards/known.txt", "cat").with("models/embeddings/moss.pt", "");
    let prompt = "a __known__ {b|c} <lora:none:1> <hypernet:x:1> moss".to_owned();
    let plain = Request { prompt: prompt.clone(), prompt_syntax: PromptSyntax::Plain, ..Request::default() };
    let mut request = plain.clone();
    assert_eq!(resolve(&mut request, &home.paths).unwrap(), []);
    assert_eq!(request.settled_prompt(), prompt);
    assert_eq!((request.loras.len(), request.embeddings.len()), (0, 1));
}

#[test]
fn a_byte_order_mark_is_no_word() {
    let home = Home::new();
    for prompt_syntax in [PromptSyntax::Weighted, PromptSyntax::Plain] {
        let region = crate::job::Region { prompt: "\u{feff}sky".into(), ..Default::default() };
        let mut request = Request {
            prompt: "\u{feff}a {red|red} \u{feff}apple".into(),
            negative: Some("\u{feff}".into()),
            regions: vec![region],
            prompt_syntax,
            ..Request::default()
        };
        let asked = request.clone();
        resolve(&mut request, &home.paths).unwrap();
        let second = of_batch(&asked, &request, 1, &home.paths).unwrap().0;
        for request in [request, second] {
            assert!(request.prompt == "a {red|red} apple" && !request.settled_prompt().contains('\u{feff}'));
            assert_eq!((request.negative.as_deref(), request.regions[0].prompt.as_str()), (Some(""), "sky"));
        }
    }
}
