//! The fields under the prompts: model, mode, strength or size, seed and pictures; below them the sampling section.

use egui::{RichText, TextEdit, Ui};

use crate::job::fresh_seed;
use crate::raster::ResizeMode;
use crate::ui::action::{Action, CanvasAction};
use crate::ui::chrome::layout::Layout;
use crate::ui::prompt::model_box;
use crate::ui::prompt::size;
use crate::ui::prompt::state::{InpaintPanel, PromptPanelState};
use crate::ui::state::{AppState, Mode};
use crate::ui::textures::Textures;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::{IconButton, Segment, Segments, TextButton};
use crate::ui::{prompt, theme};

pub(crate) fn show(
    ui: &mut Ui,
    state: &mut AppState,
    textures: &mut Textures,
    layout: Layout,
    actions: &mut Vec<Action>,
) {
    model_box::show(ui, state, actions);
    mode_row(ui, state.mode());
    let native_px = state.native_size_px();
    match state.mode() {
        // What was drawn on the canvas gives the shape.
        Mode::Create if state.canvas.has_picture() => repaint_size_row(ui, state),
        Mode::Create => size_row(ui, &mut state.prompt, native_px),
        Mode::Edit => {
            strength_row(ui, &mut state.prompt.strength, PromptPanelState::DEFAULT_STRENGTH, layout);
            repaint_size_row(ui, state);
            enlarged_row(ui, state, actions);
        }
        Mode::Fill => {
            prompt::inpaint::intent_row(ui, &mut state.inpaint);
            strength_row(ui, &mut state.inpaint.strength, InpaintPanel::DEFAULT_STRENGTH, layout);
        }
    }
    seed_row(ui, &mut state.prompt, layout);
    fields::row(ui, "Pictures", |ui, label| {
        // More can be asked for than is taken: that is said, not cut in silence.
        let field = fields::Number::new(1.0, 1.0..=9999.0).default(1.0);
        let mut count = f64::from(state.prompt.picture_count);
        field.show(ui, label, layout.number_width(), &mut count);
        let most = PromptPanelState::MAX_PICTURES;
        if count as u32 > most {
            state.toasts.note(format!("At most {most} pictures wait at once: press the button again for more."));
        }
        state.prompt.picture_count = (count as u32).min(most);
    });
    fields::line(ui, 7.0);
    prompt::loras::section::show(ui, state, textures, layout, actions);
    prompt::sampling::show(ui, state, layout);
    if state.mode() == Mode::Fill {
        prompt::inpaint::section(ui, &mut state.inpaint, state.canvas.tools.colour);
    }
    prompt::memory::section(ui, &mut state.memory);
}

const CREATE_HINT: &str = "File > New canvas takes the picture away; the eye of its layer only switches it off.";
const FILL_HINT: &str = "Paint a mask on the picture: then only that part is filled.";

fn mode_row(ui: &mut Ui, mode: Mode) {
    let hints = match mode {
        Mode::Create => ["", "Open or drop a picture, or accept a result: then it is repainted.", FILL_HINT],
        Mode::Edit => [CREATE_HINT, "", FILL_HINT],
        Mode::Fill => [CREATE_HINT, "Clear the mask: then the whole picture is repainted.", ""],
    };
    let chosen = match mode {
        Mode::Create => 0,
        Mode::Edit => 1,
        Mode::Fill => 2,
    };
    fields::row(ui, "Mode", |ui, _| {
        let [create, edit, fill] = hints;
        let words = [("Create", create), ("Edit", edit), ("Fill", fill)];
        Segments::new("Mode", &words.map(|(text, hint)| Segment { text, hint }), chosen).fixed().show(ui);
    });
}

const DENOISING_HINT: &str = "Denoising strength: how much of the picture is made anew. At 1, nothing of it stays.";

fn strength_row(ui: &mut Ui, strength: &mut f64, default: f64, layout: Layout) {
    fields::hinted_row(ui, "Denoising", DENOISING_HINT, |ui, label| {
        let field = fields::Number::new(0.01, 0.0..=1.0).default(default).decimals(2);
        field.show_with_slider(ui, label, layout.number_width(), strength);
    });
}

fn size_row(ui: &mut Ui, prompt: &mut PromptPanelState, native_px: [u32; 2]) {
    fields::row(ui, "Size", |ui, label| {
        let [width, height] = prompt.size_px;
        let name = size::name_of(prompt.size_px, native_px);
        let figures = format!("{width} × {height}");
        let box_width = ui.available_width() - theme::CONTROL_HEIGHT - theme::GRID;
        let (chosen, hint) = fields::name_or_figures(ui, box_width, name, &figures);
        fields::menu_box(ui, label, box_width, chosen, hint, |ui| {
            for aspect in size::ASPECTS {
                let size_px = size::for_aspect(aspect, native_px);
                let words = format!("{} × {}", size_px[0], size_px[1]);
                if fields::choice(ui, prompt.size_px == size_px, aspect.name, &words) {
                    prompt.size_px = size_px;
                    ui.close();
                }
            }
            ui.add(egui::Separator::default().spacing(9.0));
            custom_size(ui, prompt);
            ui.add_space(4.0);
        });
        if ui.add(IconButton::new(icons::SWAP, "Swap width and height").framed()).clicked() {
            prompt.size_px.reverse();
        }
    });
}

/// The picture's own size, or another; and, where that has another shape, how the picture meets it.
fn repaint_size_row(ui: &mut Ui, state: &mut AppState) {
    const MODES: [(ResizeMode, &str, &str); 4] = [
        (ResizeMode::Crop, "Crop", "The middle part that has the new shape"),
        (ResizeMode::Fit, "Fit", "All of it, as large as fits into the new size"),
        (ResizeMode::Stretch, "Stretch", "All of it, pulled to the new shape"),
        (ResizeMode::Pad, "Pad", "All of it, with more around it to fill the new shape"),
    ];
    let native_px = state.native_size_px();
    let Some(own_px) = state.canvas.document.size_px() else { return };
    let is_repainted = state.mode() == Mode::Edit;
    let prompt = &mut state.prompt;
    let own = if is_repainted { "As the picture" } else { "As the canvas" };
    let figures = |[width, height]: [u32; 2]| format!("{width} × {height}");
    fields::row(ui, "Size", |ui, label| {
        let (name, hint) = match prompt.repaint_size_px {
            None => (own, figures(own_px)),
            Some(size_px) => (size::name_of(size_px, native_px), figures(size_px)),
        };
        let (name, hint) = fields::name_or_figures(ui, ui.available_width(), name, &hint);
        fields::menu_box(ui, label, ui.available_width(), name, hint, |ui| {
            if fields::choice(ui, prompt.repaint_size_px.is_none(), own, &figures(own_px)) {
                prompt.repaint_size_px = None;
                ui.close();
            }
            for aspect in size::ASPECTS {
                let size_px = size::for_aspect(aspect, native_px);
                if fields::choice(ui, prompt.repaint_size_px == Some(size_px), aspect.name, &figures(size_px)) {
                    prompt.repaint_size_px = Some(size_px);
                    ui.close();
                }
            }
        });
    });
    let Some([width, height]) = prompt.repaint_size_px.filter(|_| is_repainted) else { return };
    if u64::from(width) * u64::from(own_px[1]) == u64::from(height) * u64::from(own_px[0]) {
        return;
    }
    fields::row(ui, "Shape", |ui, _| {
        let chosen = MODES.iter().position(|(mode, ..)| *mode == prompt.resize).unwrap_or(0);
        let segments = MODES.map(|(_, text, hint)| Segment { text, hint });
        if let Some(pressed) = Segments::new("Shape", &segments, chosen).show(ui) {
            prompt.resize = MODES[pressed].0;
        }
    });
}

/// What becomes of a photo that is larger than the model can draw, and what helps.
fn enlarged_row(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let Some([width, height]) = state.enlarged_from_px() else { return };
    fields::row(ui, "", |ui, _| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = theme::HALF;
            let words = format!("Worked at {width} × {height}, then enlarged: fine detail is lost.");
            ui.add(egui::Label::new(RichText::new(words).color(theme::tokens(ui).text_2)).wrap());
            let part = ui.add(TextButton::new("Work on a part"));
            let hint = "Mask the part that shall change: it is worked on at the model's full size, and the rest stays.";
            if part.on_hover_text(hint).clicked() {
                actions.push(Action::Canvas(CanvasAction::WorkOnPart));
            }
        });
    });
}

fn custom_size(ui: &mut Ui, prompt: &mut PromptPanelState) {
    ui.horizontal(|ui| {
        ui.add_space(8.0);
        for (index, name) in ["Width", "Height"].into_iter().enumerate() {
            let label = ui.label(RichText::new(name).color(theme::tokens(ui).text_2)).id;
            let step = f64::from(size::STEP_PX);
            let mut side = f64::from(prompt.size_px[index]);
            fields::Number::new(step, 64.0..=2048.0).show(ui, label, theme::NUMBER_WIDTH, &mut side);
            prompt.size_px[index] = ((side / step).round() * step) as u32;
        }
        ui.add_space(8.0);
    });
}

fn seed_row(ui: &mut Ui, prompt: &mut PromptPanelState, layout: Layout) {
    fields::row(ui, "Seed", |ui, label| {
        // A seed has up to ten figures, and they have room in a narrow panel too.
        let gap = if layout.narrow { 2.0 } else { theme::HALF };
        ui.spacing_mut().item_spacing.x = gap;
        let buttons = 2.0 * (theme::CONTROL_HEIGHT + gap);
        let width = ui.available_width() - buttons;
        fields::text_line(ui, label, width, |ui, id| {
            ui.add(
                TextEdit::singleline(&mut prompt.seed_text)
                    .id(id)
                    .hint_text("random")
                    .char_limit(20)
                    .desired_width(f32::INFINITY)
                    .frame(egui::Frame::NONE),
            )
        });
        PromptPanelState::keep_seed(&mut prompt.seed_text);
        if ui.add(IconButton::new(icons::DICE_FIVE, "New random seed").framed()).clicked() {
            prompt.seed_text = fresh_seed().to_string();
        }
        let locked = prompt.fixed_seed().is_some();
        let (icon, name) = if locked {
            (icons::LOCK, "Unlock: another seed every time")
        } else {
            (icons::LOCK_OPEN, "Lock the last seed")
        };
        if ui.add(IconButton::new(icon, name).framed().selected(locked)).clicked() {
            let last = prompt.last_seed.unwrap_or_else(fresh_seed);
            prompt.seed_text = if locked { String::new() } else { last.to_string() };
        }
    });
}
