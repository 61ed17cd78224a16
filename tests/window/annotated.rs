//! Layers that networks make of a picture: the terms before anything is fetched, then the layer, with a network by script.

use egui_kittest::kittest::Queryable as _;
use inkwick::engine::FakeScript;
use inkwick::job::{Annotator, ControlKind};
use inkwick::ui::action::{Action, LayerAction, Maker, NewLayer, SettingsAction, Sheet};

use crate::layers::layers;
use crate::studio_bench::Bench;

#[test]
fn the_terms_are_shown_and_the_layer_comes_when_the_weights_are_here() {
    let mut bench = Bench::new(FakeScript::default());
    bench.lay(300, 200);
    bench.click("New layer");
    bench.click("Depth of the picture");
    bench.wait("the sheet says how to get it", |bench| bench.studio(|s| s.state.sheet == Some(Sheet::Annotator)));
    bench.frames(2);
    for words in ["99 MB", "Apache-2.0", "huggingface.co/depth-anything/Depth-Anything-V2-Small-hf"] {
        assert!(bench.window.query_by_label(words).is_some(), "{words}");
    }
    assert!(layers(&bench).is_empty(), "nothing is made before");
    bench.click("Fetch 99 MB");
    bench.wait("it is made of what was asked for", |bench| layers(bench).len() == 1);
    let made = layers(&bench);
    assert_eq!(made[0].settings.name, "Depth");
    assert_eq!(made[0].settings.layer_use.control().unwrap().kind, Some(ControlKind::Depth));
    assert_eq!(made[0].content.size_px(), [300, 200]);
    bench.studio(|studio| {
        assert!(studio.state.sheet.is_none() && studio.state.layers.annotating.words().is_none());
        assert!(studio.state.canvas.document.can_undo());
    });
    // From now on without a question; of a file as well.
    for (label, kind) in [
        ("Normals of the picture", ControlKind::Normal),
        ("Soft edges of the picture", ControlKind::SoftEdge),
        ("Pencil drawing of the picture", ControlKind::Lineart),
    ] {
        let before = layers(&bench).len();
        bench.click("New layer");
        bench.click(label);
        bench.wait(label, |bench| layers(bench).len() == before + 1);
        assert_eq!(layers(&bench)[0].settings.layer_use.control().unwrap().kind, Some(kind));
    }
    let other = bench.photo("other.png", 60, 90);
    bench.act(Action::Layers(LayerAction::Add(NewLayer::OfFile(other, Some(Maker::Network(Annotator::Depth))))));
    bench.wait("that of the file", |bench| layers(bench).len() == 5);
    assert_eq!(layers(&bench)[0].content.size_px(), [60, 90]);
}

#[test]
fn without_the_net_nothing_is_fetched_and_that_is_said() {
    let mut bench = Bench::new(FakeScript::default());
    bench.lay(300, 200);
    let mut settings = bench.studio(|studio| studio.settings().clone());
    settings.preferences.works_offline = true;
    bench.act(Action::Settings(SettingsAction::Change(Box::new(settings))));
    bench.act(Action::Layers(LayerAction::Add(NewLayer::OfPicture(Maker::Network(Annotator::SoftEdge)))));
    bench.wait("the sheet says how to get it", |bench| bench.studio(|s| s.state.sheet == Some(Sheet::Annotator)));
    bench.frames(2);
    bench.click("Fetch 29 MB");
    bench.wait("it is said", |bench| bench.toasts().iter().any(|toast| toast.contains("offline")));
    assert!(layers(&bench).is_empty());
}
