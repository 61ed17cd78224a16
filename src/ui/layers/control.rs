//! The settings of a layer that steers: its network, how much and when it counts, and what its picture shows.

use egui::Ui;

use super::rows;
use crate::job::{Control, ControlKind, ControlMode, ControlNetworkRef};
use crate::raster::ResizeMode;
use crate::ui::chrome::layout::Layout;
use crate::ui::state::AppState;
use crate::ui::widgets::fields;
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

pub(super) fn show(ui: &mut Ui, state: &mut AppState, control: &mut Control, opacity: &mut f32, layout: Layout) {
    if layout.short {
        weight_row(ui, control, layout);
        let summary = if state.layers.more_is_open { String::new() } else { summary(control) };
        fields::section(ui, "Finer", &summary, &mut state.layers.more_is_open);
        if state.layers.more_is_open {
            network_row(ui, state, control);
            rows::steps_row(ui, &mut control.from, &mut control.to);
            mode_row(ui, control);
            finer(ui, control, opacity, layout);
        }
    } else {
        network_row(ui, state, control);
        weight_row(ui, control, layout);
        rows::steps_row(ui, &mut control.from, &mut control.to);
        mode_row(ui, control);
        let summary = if state.layers.more_is_open { String::new() } else { finer_summary(control, *opacity) };
        fields::section(ui, "Finer", &summary, &mut state.layers.more_is_open);
        if state.layers.more_is_open {
            finer(ui, control, opacity, layout);
        }
    }
}

fn weight_row(ui: &mut Ui, control: &mut Control, layout: Layout) {
    let hint = "How much it counts: 1 as the network was trained, 0 not at all";
    rows::weight_row(ui, hint, &mut control.weight, [-Control::MAX_WEIGHT, 2.0, Control::MAX_WEIGHT], layout);
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
        rows::warning(ui, &sentence);
    }
}

/// A network for several kinds of pictures must be told which this is.
fn untold(state: &AppState, control: &Control) -> Option<String> {
    let ControlNetworkRef::Path(path) = &control.network else { return None };
    let is_union = state.layers.networks.iter().any(|known| known.path == *path && known.is_union);
    (is_union && control.kind.is_none())
        .then(|| "This network is for several kinds of pictures: say under Finer which this one is.".to_owned())
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
fn finer(ui: &mut Ui, control: &mut Control, opacity: &mut f32, layout: Layout) {
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
    if let Some(chosen) = rows::opacity_row(ui, *opacity, 1.0, layout) {
        *opacity = chosen;
    }
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

fn finer_summary(control: &Control, opacity: f32) -> String {
    let shows = control.kind.map_or("not said", kind_words);
    format!("{}, {:.0} %", shows.to_lowercase(), opacity * 100.0)
}
