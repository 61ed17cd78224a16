//! The chosen row's few settings.

use egui::{RichText, Ui};

use super::placement;
use crate::canvas::LayerSettings;
use crate::job::{Control, ControlKind, ControlMode, ControlNetworkRef};
use crate::raster::ResizeMode;
use crate::ui::action::{Action, LayerAction, LayerRow};
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::span;

const MODES: [(ControlMode, &str, &str); 3] = [
    (ControlMode::Balanced, "Balanced", "Prompt and layer count alike"),
    (ControlMode::Prompt, "Prompt first", "Of the layer less counts the finer a thing is"),
    (ControlMode::Control, "Layer first", "The layer counts where the prompt says something else"),
];

const FITS: [(ResizeMode, &str, &str); 4] = [
    (ResizeMode::Crop, "Crop", "The middle part that has the canvas's shape"),
    (ResizeMode::Fit, "Fit", "All of it, with nothing around it"),
    (ResizeMode::Stretch, "Stretch", "All of it, pulled to the canvas's shape"),
    (ResizeMode::Pad, "Pad", "All of it, its border going on around it"),
];

pub(super) fn show(ui: &mut Ui, state: &mut AppState, layout: Layout, actions: &mut Vec<Action>) {
    match state.canvas.chosen() {
        LayerRow::Picture => {
            let before = state.canvas.document.stack().base().picture_opacity;
            if let Some(opacity) = opacity_row(ui, before, 1.0, layout) {
                actions.push(Action::Layers(LayerAction::SetPictureOpacity(opacity)));
            }
        }
        LayerRow::Mask => {
            let before = state.canvas.tools.mask_opacity;
            let usual = crate::canvas::tools::ToolSettings::DEFAULT_MASK_OPACITY;
            if let Some(opacity) = opacity_row(ui, before, usual, layout) {
                state.canvas.tools.mask_opacity = opacity.max(0.1);
            }
        }
        LayerRow::Layer(_) | LayerRow::LayerMask(_) => layer(ui, state, layout, actions),
    }
}

fn layer(ui: &mut Ui, state: &mut AppState, layout: Layout, actions: &mut Vec<Action>) {
    let Some(layer) = state.canvas.chosen_layer() else { return };
    let (id, before) = (layer.id, layer.settings.clone());
    let mut settings = before.clone();
    let control = settings.layer_use.control_mut();
    if layout.short {
        weight_row(ui, control, layout);
        let summary = if state.layers.more_is_open { String::new() } else { summary(control) };
        fields::section(ui, "Finer", &summary, &mut state.layers.more_is_open);
        if state.layers.more_is_open {
            network_row(ui, state, control);
            steps_row(ui, control);
            mode_row(ui, control);
            finer(ui, &mut settings, layout);
        }
    } else {
        network_row(ui, state, control);
        weight_row(ui, control, layout);
        steps_row(ui, control);
        mode_row(ui, control);
        let summary = if state.layers.more_is_open { String::new() } else { finer_summary(&settings) };
        fields::section(ui, "Finer", &summary, &mut state.layers.more_is_open);
        if state.layers.more_is_open {
            finer(ui, &mut settings, layout);
        }
    }
    // A skeleton is moved by its points.
    let may_be_placed = settings.layer_use.control().pose.is_none();
    if may_be_placed && placement::section(ui, state, &mut settings, layout) {
        actions.push(Action::Layers(LayerAction::ApplyPlacement(id)));
    } else if settings != before {
        actions.push(Action::Layers(LayerAction::Set { layer: id, settings: Box::new(settings) }));
    }
}

fn network_row(ui: &mut Ui, state: &AppState, control: &mut Control) {
    let (networks, model) = (&state.layers.networks, state.model());
    let name = match &control.network {
        ControlNetworkRef::Scribble => "Scribble".to_owned(),
        other @ ControlNetworkRef::Path(_) => other.name(),
    };
    fields::row(ui, "Network", |ui, label| {
        fields::menu_box(ui, label, ui.available_width(), &name, "", |ui| {
            let is_built_in = model.is_some_and(|model| model.reference.built_in_name().is_some());
            let cannot = (!is_built_in).then_some("It was made for the built-in model");
            let is_chosen = control.network == ControlNetworkRef::Scribble;
            let hint = "Comes with the built-in model: white strokes, or edges";
            if fields::explained_choice(ui, is_chosen, "Scribble", hint, cannot) {
                control.network = ControlNetworkRef::Scribble;
                ui.close();
            }
            for known in networks {
                let reference = ControlNetworkRef::Path(known.path.clone());
                let misfit = state.layers.misfit(&reference, model);
                let place = known.path.display().to_string();
                let is_chosen = control.network == reference;
                if fields::explained_choice(ui, is_chosen, &known.name, &place, misfit.as_deref()) {
                    control.network = reference;
                    ui.close();
                }
            }
        });
    });
    let said = state.layers.misfit(&control.network, model).or_else(|| untold(state, control));
    if let Some(sentence) = said {
        ui.add(egui::Label::new(RichText::new(sentence).color(theme::tokens(ui).warning)).wrap());
    }
}

/// A network for several kinds of pictures must be told which this is.
fn untold(state: &AppState, control: &Control) -> Option<String> {
    let ControlNetworkRef::Path(path) = &control.network else { return None };
    let is_union = state.layers.networks.iter().any(|known| known.path == *path && known.is_union);
    (is_union && control.kind.is_none())
        .then(|| "This network is for several kinds of pictures: say under Finer which this one is.".to_owned())
}

fn weight_row(ui: &mut Ui, control: &mut Control, layout: Layout) {
    fields::hinted_row(ui, "Weight", "How much it counts: 1 as the network was trained, 0 not at all", |ui, label| {
        let field = Number::new(0.05, -Control::MAX_WEIGHT..=Control::MAX_WEIGHT).default(1.0).decimals(2);
        // The usual ones.
        let usual = Number::new(0.05, 0.0..=2.0).default(1.0).decimals(2);
        let width = ui.available_width() - layout.number_width() - 12.0;
        usual.slider(ui, label, width, &mut control.weight);
        ui.add_space(4.0);
        field.show(ui, label, layout.number_width(), &mut control.weight);
    });
}

fn steps_row(ui: &mut Ui, control: &mut Control) {
    fields::hinted_row(
        ui,
        "Steps",
        "Between which shares of the steps it counts: early ones give the shape",
        |ui, _| {
            span::show(ui, ["First step", "Last step"], [&mut control.from, &mut control.to]);
        },
    );
}

fn mode_row(ui: &mut Ui, control: &mut Control) {
    let chosen = MODES.iter().find(|(mode, ..)| *mode == control.mode).map_or("", |(_, words, _)| words);
    fields::row(ui, "Mode", |ui, label| {
        fields::menu_box(ui, label, ui.available_width(), chosen, "", |ui| {
            for (mode, words, hint) in MODES {
                if fields::explained_choice(ui, mode == control.mode, words, hint, None) {
                    control.mode = mode;
                    ui.close();
                }
            }
        });
    });
}

/// What the picture shows, how it is fitted to the canvas, and how it is seen.
fn finer(ui: &mut Ui, settings: &mut LayerSettings, layout: Layout) {
    let control = settings.layer_use.control_mut();
    let shows = control.kind.map_or("Not said", kind_words);
    fields::hinted_row(
        ui,
        "Shows",
        "What the layer is a picture of; networks for several kinds must be told",
        |ui, label| {
            fields::menu_box(ui, label, ui.available_width(), shows, "", |ui| {
                if fields::choice(ui, control.kind.is_none(), "Not said", "") {
                    control.kind = None;
                    ui.close();
                }
                for kind in ControlKind::ALL {
                    if fields::choice(ui, control.kind == Some(kind), kind_words(kind), "") {
                        control.kind = Some(kind);
                        ui.close();
                    }
                }
            });
        },
    );
    let fit = control.resize.unwrap_or_default();
    let fit_words = FITS.iter().find(|(mode, ..)| *mode == fit).map_or("", |(_, words, _)| words);
    fields::hinted_row(ui, "Shape", "How it meets a canvas of another shape", |ui, label| {
        fields::menu_box(ui, label, ui.available_width(), fit_words, "", |ui| {
            for (mode, words, hint) in FITS {
                if fields::explained_choice(ui, mode == fit, words, hint, None) {
                    control.resize = Some(mode);
                    ui.close();
                }
            }
        });
    });
    if let Some(opacity) = opacity_row(ui, settings.opacity, 1.0, layout) {
        settings.opacity = opacity;
    }
}

fn opacity_row(ui: &mut Ui, before: f32, usual: f32, layout: Layout) -> Option<f32> {
    let mut percent = f64::from(before * 100.0).round();
    fields::hinted_row(ui, "Opacity", "Only how it is seen here", |ui, label| {
        let field = Number::new(1.0, 0.0..=100.0).default(f64::from(usual * 100.0)).suffix(" %");
        field.show_with_slider(ui, label, layout.number_width() + 4.0, &mut percent);
    });
    let opacity = (percent / 100.0) as f32;
    ((opacity - before).abs() > 0.004).then_some(opacity)
}

fn kind_words(kind: ControlKind) -> &'static str {
    match kind {
        ControlKind::Pose => "A pose",
        ControlKind::Depth => "Depth",
        ControlKind::SoftEdge => "Soft edges",
        ControlKind::Scribble => "A scribble",
        ControlKind::Canny => "Edges",
        ControlKind::Lineart => "Lines",
        ControlKind::Mlsd => "Straight lines",
        ControlKind::Normal => "Normals",
        ControlKind::Segmentation => "Areas by colour",
        ControlKind::Tile => "The picture, blurred",
        ControlKind::Inpaint => "The picture with a hole",
        ControlKind::Shuffle => "The picture, shuffled",
    }
}

fn summary(control: &Control) -> String {
    let name = match &control.network {
        ControlNetworkRef::Scribble => "Scribble".to_owned(),
        other @ ControlNetworkRef::Path(_) => other.name(),
    };
    format!("{name}, {}", span::words(control.from, control.to))
}

fn finer_summary(settings: &LayerSettings) -> String {
    let shows = settings.layer_use.control().kind.map_or("not said", kind_words);
    format!("{}, {:.0} %", shows.to_lowercase(), settings.opacity * 100.0)
}
