//! Writing a prompt: what is offered and accepted by keys, weights, styles, words that the model does not know, and the
//! shelf of LoRAs.

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::job::{LoraRef, ModelRef};
use inkwick::store::paths::Paths;
use inkwick::store::settings::Theme;
use inkwick::ui::action::{Action, LibraryAction, PromptAction, Tab, WordsAction};

use crate::studio_bench::Bench;

fn write(file: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// A LoRA of one layer that was trained with these words.
fn lora(trigger: &str) -> Vec<u8> {
    let layer = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";
    let header = format!(
        r#"{{"__metadata__":{{"modelspec.trigger_phrase":"{trigger}"}},
        "{layer}.lora_down.weight":{{"dtype":"F32","shape":[1,320],"data_offsets":[0,1280]}},
        "{layer}.lora_up.weight":{{"dtype":"F32","shape":[320,1],"data_offsets":[1280,2560]}}}}"#
    );
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 2560]].concat()
}

/// A home with two LoRAs, a wildcard file, an embedding, a style of another program's form, and a long list of tags.
fn furnished() -> (tempfile::TempDir, Paths) {
    let home = tempfile::tempdir().unwrap();
    let paths = Paths::under(&home.path().join("Inkwick"));
    let models = &paths.models_folder;
    write(&models.join("loras/ink wash.safetensors"), &lora("inkstyle, sumi-e"));
    write(&models.join("loras/paper cut.safetensors"), &lora(""));
    let pixels = image::RgbImage::from_fn(64, 96, |x, y| image::Rgb([x as u8 * 4, 90, y as u8 * 2]));
    pixels.save(models.join("loras/ink wash.preview.png")).unwrap();
    write(&models.join("wildcards/animal.txt"), b"cat\ndog\n");
    let tags: Vec<String> = (0..100_000).map(|index| format!("tag_{index},0,{},\n", 100_000 - index)).collect();
    let mut tags = tags.concat();
    tags.push_str("silver_hair,0,900000,\"grey_hair,gray_hair\"\nsaber_(fate),4,80000,\n");
    write(&paths.tags_folder().join("danbooru.csv"), tags.as_bytes());
    write(
        &paths.styles_file(),
        b"name,prompt,negative_prompt\nFilm,\"photo of {prompt}, 35mm\",blurry\nClean,,\"text, watermark\"\n",
    );
    (home, paths)
}

fn opened() -> Bench {
    let (home, _) = furnished();
    let mut bench = Bench::reopen_sized(home, FakeScript::default(), [1440.0, 900.0], Theme::Dark);
    bench.wait("the files are known", |bench| bench.studio(|studio| !studio.state.words.files.loras.is_empty()));
    bench
}

/// With a model whose words are not known.
fn with_another_model(bench: &mut Bench) {
    bench.with(|studio| {
        let mut entry = studio.state.models[0].clone();
        entry.reference = ModelRef::File("/models/other.safetensors".into());
        studio.state.models.push(entry.clone());
        studio.state.choose_model(entry.reference);
    });
}

fn prompt(bench: &Bench) -> String {
    bench.studio(|studio| studio.state.prompt.prompt.clone())
}

fn offers(bench: &Bench) -> bool {
    bench.studio(|studio| studio.state.words.completes)
}

fn type_until_offered(bench: &mut Bench, words: &str) {
    bench.type_prompt(words);
    bench.wait("something is offered", offers);
    bench.frames(1);
}

fn has_focus(bench: &Bench) -> bool {
    bench.window.ctx.text_edit_focused()
}

#[test]
fn what_is_begun_is_completed_by_keys_and_escape_closes_the_offer_first() {
    let mut bench = opened();
    with_another_model(&mut bench);
    type_until_offered(&mut bench, "1girl, silver ha");
    bench.window.key_press(Key::Tab);
    bench.frames(2);
    assert_eq!(prompt(&bench), "1girl, silver hair");
    assert!(has_focus(&bench) && !offers(&bench), "the field is still written in");

    type_until_offered(&mut bench, ", saber");
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    assert_eq!(prompt(&bench), "1girl, silver hair, saber \\(fate\\)");

    // The tags that begin so come by how often they were used; arrows choose.
    type_until_offered(&mut bench, ", tag_9999");
    bench.window.key_press(Key::ArrowDown);
    bench.frames(1);
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    assert!(prompt(&bench).ends_with(", tag 99990"), "{}", prompt(&bench));

    type_until_offered(&mut bench, ", <lora:wa");
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert!(!offers(&bench) && has_focus(&bench), "the first Escape closes what is offered");
    assert!(prompt(&bench).ends_with("<lora:wa"));
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    assert!(!has_focus(&bench), "the next one leaves the field");
}

#[test]
fn loras_and_wildcards_are_offered_by_their_signs() {
    let mut bench = opened();
    type_until_offered(&mut bench, "a fox <lora:pap");
    bench.window.key_press(Key::Tab);
    bench.frames(2);
    assert_eq!(prompt(&bench), "a fox <lora:paper cut:1>");
    type_until_offered(&mut bench, ", an __");
    bench.window.get_by_label_contains("animal").click();
    bench.frames(3);
    assert_eq!(prompt(&bench), "a fox <lora:paper cut:1>, an __animal__");
    assert!(has_focus(&bench), "a click leaves the cursor in the field");
}

#[test]
fn nothing_is_offered_where_one_only_walks_or_the_word_is_whole() {
    let mut bench = opened();
    bench.type_prompt("a red apple");
    for _ in 0..4 {
        bench.settle();
    }
    assert!(!offers(&bench));
    bench.window.key_press(Key::ArrowLeft);
    bench.window.key_press(Key::ArrowLeft);
    bench.settle();
    assert!(!offers(&bench), "the arrows are the field's");
    // A new line, not the first of what might be meant.
    bench.window.key_press(Key::End);
    bench.window.key_press(Key::Enter);
    bench.frames(2);
    assert_eq!(prompt(&bench), "a red apple\n");
}

#[test]
fn the_weight_keys_change_the_word_at_the_cursor_and_the_menu_has_them() {
    let mut bench = opened();
    bench.type_prompt("a red fox");
    for _ in 0..2 {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::ArrowUp);
        bench.frames(1);
    }
    assert_eq!(prompt(&bench), "a red (fox:1.2)");
    for _ in 0..3 {
        bench.window.key_press_modifiers(Modifiers::COMMAND, Key::ArrowDown);
        bench.frames(1);
    }
    assert_eq!(prompt(&bench), "a red (fox:0.9)");
    bench.click("Edit");
    bench.click("The word counts more");
    assert_eq!(prompt(&bench), "a red fox");
    bench.with(|studio| studio.state.prompt.prompt = "<lora:ink wash:0.8>".into());
    bench.act(Action::Words(WordsAction::Weigh { heavier: true }));
    assert_eq!(prompt(&bench), "<lora:ink wash:0.9>");
}

#[test]
fn styles_go_around_the_prompt_and_are_kept_over_a_restart() {
    let mut bench = opened();
    bench.type_prompt("a red fox");
    bench.click("Styles");
    bench.click("Film");
    bench.frames(2);
    assert_eq!(prompt(&bench), "photo of a red fox, 35mm");
    let negative = |bench: &Bench| bench.studio(|studio| studio.state.prompt.negative.clone());
    assert_eq!(negative(&bench), "blurry");
    bench.click("Styles");
    bench.click("Clean");
    assert_eq!(negative(&bench), "blurry, text, watermark");
    bench.click("Styles");
    bench.with(|studio| studio.state.prompt.prompt = "ink wash".into());
    bench.frames(2);
    bench.window.get_by_role_and_label(egui::Role::TextInput, "Keep under the name").focus();
    bench.frames(1);
    bench.window.get_by_role_and_label(egui::Role::TextInput, "Keep under the name").type_text("Mine");
    bench.frames(2);
    bench.window.get_by_role_and_label(egui::Role::Button, "Prompt").click();
    let is_kept = |bench: &Bench| bench.studio(|studio| studio.state.words.files.style("Mine").is_some());
    bench.wait("it is kept", is_kept);
    let file = bench.paths.styles_file();
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.wait("it is there again", is_kept);
    assert!(std::fs::read_to_string(file).unwrap().contains("35mm"), "the others stay");
    bench.with(|studio| studio.state.prompt.prompt.clear());
    type_until_offered(&mut bench, "min");
    bench.window.key_press(Key::Tab);
    bench.frames(2);
    assert_eq!(prompt(&bench), "ink wash");
}

#[test]
fn prompts_of_earlier_sessions_come_back() {
    let mut bench = opened();
    bench.type_prompt("a red fox");
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("it is drawn", |bench| !bench.done().is_empty());
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.settle();
    bench.with(|studio| studio.state.prompt.prompt = "unsent".into());
    bench.window.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
    bench.frames(1);
    assert_eq!(prompt(&bench), "a red fox");
    bench.window.key_press_modifiers(Modifiers::ALT, Key::ArrowDown);
    bench.frames(1);
    assert_eq!(prompt(&bench), "unsent");
}

#[test]
fn a_word_that_the_built_in_model_does_not_know_is_offered_the_nearest() {
    let mut bench = opened();
    type_until_offered(&mut bench, "a zbera");
    assert!(bench.has_label_starting("zebra"));
    bench.window.key_press(Key::Escape);
    bench.frames(1);
    bench.type_prompt(" in the snow");
    bench.settle();
    // A right click on the word.
    let field = bench.window.get_by_role_and_label(egui::Role::MultilineTextInput, "Prompt").rect();
    let place = field.min + egui::vec2(30.0, 9.0);
    bench.window.event(egui::Event::PointerMoved(place));
    bench.frames(2);
    for pressed in [true, false] {
        bench.button(place, egui::PointerButton::Secondary, pressed, Modifiers::NONE);
        bench.frames(1);
    }
    bench.settle();
    bench.window.snapshot("unknown_word_dark");
    bench.window.get_by_role_and_label(egui::Role::MenuItem, "zebra").click();
    bench.frames(2);
    assert_eq!(prompt(&bench), "a zebra in the snow");
}

#[test]
fn the_shelf_adds_to_the_tags_and_is_kept() {
    let mut bench = opened();
    bench.click("LoRAs");
    bench.click("Add a LoRA");
    bench.settle();
    bench.window.snapshot("lora_picker_dark");
    bench.click("ink wash");
    bench.window.key_press(Key::Escape);
    bench.frames(2);
    bench.wait("its words are read", |bench| bench.window.query_by_label("Write “inkstyle” into the prompt").is_some());
    bench.with(|studio| studio.state.prompt.prompt = "a fox <lora:ink wash:0.5>".into());
    bench.click("Write “inkstyle” into the prompt");
    assert_eq!(prompt(&bench), "a fox <lora:ink wash:0.5>, inkstyle");
    bench.with(|studio| studio.state.loras.list[0].weight = 0.25);
    bench.settle();
    bench.window.snapshot("lora_shelf_dark");
    let file = bench.paths.models_folder.join("loras/ink wash.safetensors");
    let drawn = |bench: &mut Bench| {
        let before = bench.done().len();
        bench.act(Action::Prompt(PromptAction::Generate));
        bench.wait("it is drawn", |bench| bench.done().len() > before);
        bench.done().last().unwrap().clone()
    };
    let both = drawn(&mut bench);
    assert_eq!(both.request.loras, [LoraRef::new(&file, 0.25), LoraRef::new(&file, 0.5)]);
    bench.click("Switch off ink wash");
    assert_eq!(drawn(&mut bench).request.loras, [LoraRef::new(&file, 0.5)]);
    // A picture's settings bring its shelf back, and not its tags a second time.
    let made: PathBuf = both.made().unwrap().file.clone();
    bench.act(Action::Prompt(PromptAction::UseSettings(made)));
    bench.wait("they are in the panel", |bench| bench.studio(|studio| !studio.state.loras.used().is_empty()));
    assert_eq!(bench.studio(|studio| studio.state.loras.used()), [LoraRef::new(&file, 0.25)]);
    let mut bench = Bench::reopen(bench.close(), FakeScript::default());
    bench.settle();
    assert_eq!(bench.studio(|studio| studio.state.loras.used()), [LoraRef::new(&file, 0.25)]);
    bench.click("Take ink wash off the shelf");
    assert!(bench.studio(|studio| studio.state.loras.list.is_empty()));
}

#[test]
fn every_control_of_the_shelf_has_room_in_a_narrow_panel() {
    let (home, paths) = furnished();
    let mut bench = Bench::reopen_sized(home, FakeScript::default(), [860.0, 600.0], Theme::Light);
    bench.wait("the files are known", |bench| bench.studio(|studio| !studio.state.words.files.loras.is_empty()));
    bench.with(|studio| {
        for name in ["ink wash", "paper cut"] {
            studio.state.loras.add(&paths.models_folder.join(format!("loras/{name}.safetensors")));
        }
        studio.state.loras.is_open = true;
    });
    bench.settle();
    let panel = 272.0;
    for label in ["Switch off ink wash", "Take ink wash off the shelf", "Switch off paper cut", "Add a LoRA"] {
        let rect = bench.window.get_by_label(label).rect();
        assert!(rect.right() <= panel && rect.left() >= 0.0, "{label} {rect:?}");
    }
}

#[test]
fn add_ons_are_listed_in_the_library_and_used_at_a_press() {
    let (home, paths) = furnished();
    write(
        &paths.models_folder.join("vae/sharp.safetensors"),
        &[8, 0, 0, 0, 0, 0, 0, 0, b'{', b'}', b' ', b' ', b' ', b' ', b' ', b' '],
    );
    let mut bench = Bench::reopen_sized(home, FakeScript::default(), [1440.0, 900.0], Theme::Dark);
    bench.wait("the files are known", |bench| bench.studio(|studio| !studio.state.words.files.loras.is_empty()));
    bench.act(Action::Library(LibraryAction::Open(Tab::AddOns)));
    bench.wait("the VAEs are known", |bench| bench.studio(|studio| !studio.state.library.vaes.is_empty()));
    bench.settle();
    bench.window.snapshot("add_ons_dark");
    bench.click("Use: paper cut");
    assert_eq!(bench.studio(|studio| studio.state.loras.used().len()), 1);
    bench.click("Take off: paper cut");
    assert!(bench.studio(|studio| studio.state.loras.list.is_empty()));
    bench.click("Use: sharp");
    let model = bench.studio(|studio| studio.state.prompt.model.clone());
    assert!(bench.studio(|studio| studio.state.library.note(&model).vae.is_some()));
}

#[test]
fn styles_that_come_with_the_program_lie_beside_ones_own() {
    let (home, _) = furnished();
    let mut bench = Bench::reopen_sized(home, FakeScript::default(), [1440.0, 900.0], Theme::Dark);
    bench.wait("the files are known", |bench| bench.studio(|studio| !studio.state.words.files.loras.is_empty()));
    bench.type_prompt("a fox");
    bench.leave_fields();
    bench.act(Action::Library(LibraryAction::Open(Tab::AddOns)));
    bench.settle();
    bench.click("Use: flat-icon");
    let used = bench.studio(|studio| studio.state.loras.used());
    assert_eq!(used, [LoraRef::new("built-in model/styles/flat-icon.safetensors", 1.0)]);
    bench.act(Action::Prompt(PromptAction::Generate));
    bench.wait("it is drawn", |bench| !bench.done().is_empty());
    assert_eq!(bench.done()[0].request.loras, used);
}
