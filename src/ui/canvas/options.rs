//! The chosen tool's own options, in the strip. What does not fit there stands in a small menu.

use egui::{Color32, CornerRadius, Popup, PopupCloseBehavior, Rect, RichText, Sense, Stroke, StrokeKind, Ui, vec2};

use super::select_options;
use super::strip_widgets::{MASK_BUTTONS_WIDTH, button, line};
use crate::canvas::tools::{BrushSettings, Tool};
use crate::mask::Brush;
use crate::ui::action::{Action, CanvasAction, MaskStep, Zoom};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::icons;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Number;
use crate::ui::widgets::{Check, IconButton, MenuItem, Segment, Segments, TextButton};

/// Wide enough for "1600 %", so that nothing moves while one zooms.
const ZOOM_WIDTH: f32 = 72.0;
const SLIDER_WIDTH: f32 = 60.0;
const NUMBER_WIDTH: f32 = 56.0;
const MENU_WIDTH: f32 = 264.0;
/// Both sliders and numbers, and both numbers alone.
const WITH_SLIDERS: f32 = 384.0;
const WITH_NUMBERS: f32 = 244.0;

pub(crate) fn show(ui: &mut Ui, state: &mut AppState, actions: &mut Vec<Action>) {
    let tool = state.canvas.tool;
    let has_picture = state.canvas.has_picture();
    match tool {
        Tool::Hand => zoom(ui, state, actions),
        Tool::Brush | Tool::Eraser | Tool::Colour => brush(ui, state),
        Tool::Lasso | Tool::Polygon => outline_kind(ui, tool, actions),
        Tool::Rectangle => words(ui, "Drag from corner to corner. Alt takes away."),
        Tool::Bucket => words(ui, "Click inside an outline to fill it."),
        Tool::Select => select_options::show(ui, state, actions),
        Tool::Extend => words(ui, "Drag a side outwards."),
    }
    match tool {
        Tool::Colour => {
            line(ui);
            colours(ui, state);
        }
        Tool::Hand | Tool::Extend => {}
        _ => {
            line(ui);
            mask(ui, state, has_picture, actions);
        }
    }
}

fn words(ui: &mut Ui, text: &str) {
    // Where they do not fit, the strip's buttons matter more.
    if ui.available_width() > MASK_BUTTONS_WIDTH + 300.0 {
        ui.label(RichText::new(text).color(theme::tokens(ui).text_2));
    }
}

fn outline_kind(ui: &mut Ui, tool: Tool, actions: &mut Vec<Action>) {
    let kinds = [Tool::Lasso, Tool::Polygon];
    let segments = [
        Segment { text: "Freehand", hint: "Drag around it. Alt takes away." },
        Segment { text: "Corners", hint: "Click corner by corner; Enter or a click on the first one closes it." },
    ];
    let chosen = usize::from(tool == Tool::Polygon);
    if let Some(pressed) = Segments::new("Outline", &segments, chosen).width(176.0).show(ui) {
        actions.push(Action::Canvas(CanvasAction::ChooseTool(kinds[pressed])));
    }
}

fn size_number() -> Number {
    Number::new(1.0, 1.0..=f64::from(Brush::MAX_DIAMETER_PX))
        .slider_to(200.0)
        .default(f64::from(BrushSettings::DEFAULT_DIAMETER_PX))
        .suffix(" px")
}

fn percent_number(default: f32) -> Number {
    Number::new(1.0, 0.0..=100.0).default(f64::from(default * 100.0)).suffix(" %")
}

fn brush(ui: &mut Ui, state: &mut AppState) {
    let tool = state.canvas.tool;
    let available = ui.available_width() - MASK_BUTTONS_WIDTH;
    let settings = state.canvas.tools.brush_mut(tool);
    let sliders = available >= WITH_SLIDERS;
    let mut size = f64::from(settings.diameter_px.round());
    labelled(ui, "Size", &size_number(), sliders, &mut size);
    if (size - f64::from(settings.diameter_px.round())).abs() > 0.0 {
        settings.diameter_px = size as f32;
    }
    if available >= WITH_NUMBERS {
        ui.add_space(6.0);
        percent(ui, "Hardness", BrushSettings::DEFAULT_HARDNESS, sliders, &mut settings.hardness);
    }
    let more = ui.add(IconButton::new(icons::SLIDERS_HORIZONTAL, "More of this brush"));
    Popup::menu(&more).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU_WIDTH);
        ui.add_space(4.0);
        if available < WITH_NUMBERS {
            percent_row(
                ui,
                "Hardness",
                BrushSettings::DEFAULT_HARDNESS,
                &mut state.canvas.tools.brush_mut(tool).hardness,
            );
        }
        percent_row(ui, "Opacity", 1.0, &mut state.canvas.tools.brush_mut(tool).opacity);
        let settings = state.canvas.tools.brush_mut(tool);
        ui.add(Check::new("A pen's pressure changes the size", &mut settings.pressure_to_size));
        ui.add(Check::new("A pen's pressure changes the opacity", &mut settings.pressure_to_opacity));
        ui.label(RichText::new(PRESSURE_WORDS).color(theme::tokens(ui).text_3));
        ui.add_space(4.0);
    });
}

/// winit reports a pen's force on touch screens, and on Windows; elsewhere it does not.
const PRESSURE_WORDS: &str = if cfg!(target_os = "windows") {
    "Pens and touch report how firmly they press."
} else {
    "On this system only touch screens report how firmly one presses."
};

fn labelled(ui: &mut Ui, name: &str, number: &Number, slider: bool, value: &mut f64) {
    let label = ui.label(RichText::new(name).color(theme::tokens(ui).text_2)).id;
    ui.add_space(4.0);
    if slider {
        number.slider(ui, label, SLIDER_WIDTH, value);
        ui.add_space(4.0);
    }
    number.show(ui, label, NUMBER_WIDTH, value);
}

fn percent(ui: &mut Ui, name: &str, default: f32, slider: bool, value: &mut f32) {
    let mut shown = f64::from((*value * 100.0).round());
    labelled(ui, name, &percent_number(default), slider, &mut shown);
    *value = shown as f32 / 100.0;
}

fn percent_row(ui: &mut Ui, name: &str, default: f32, value: &mut f32) {
    let mut shown = f64::from((*value * 100.0).round());
    fields::row(ui, name, |ui, label| {
        percent_number(default).show_with_slider(ui, label, NUMBER_WIDTH, &mut shown);
    });
    *value = shown as f32 / 100.0;
}

/// The two colours and the palette.
fn colours(ui: &mut Ui, state: &mut AppState) {
    let tools = &mut state.canvas.tools;
    let swatch = colour_button(ui, "Colour", tools.colour, 28.0);
    Popup::menu(&swatch).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU_WIDTH);
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        ui.horizontal_wrapped(|ui| {
            for (index, colour) in tools.palette.clone().into_iter().enumerate() {
                if colour_button(ui, &format!("Palette {}", index + 1), colour, 26.0).clicked() {
                    tools.colour = colour;
                }
            }
        });
        let [red, green, blue] = tools.colour;
        let mut colour = Color32::from_rgb(red, green, blue);
        ui.spacing_mut().slider_width = MENU_WIDTH - 16.0;
        egui::color_picker::color_picker_color32(ui, &mut colour, egui::color_picker::Alpha::Opaque);
        tools.colour = [colour.r(), colour.g(), colour.b()];
    });
    let other = colour_button(ui, "The other colour", tools.other_colour, 20.0);
    let key = keymap::written(ui.ctx(), Command::SwapTool);
    if other.on_hover_text(format!("Swap with the other colour  {key}")).clicked() {
        std::mem::swap(&mut tools.colour, &mut tools.other_colour);
    }
    words(ui, "Alt picks from the picture.");
}

fn colour_button(ui: &mut Ui, name: &str, [red, green, blue]: [u8; 3], side: f32) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, ui.is_enabled(), name));
    let inner: Rect = rect.shrink(2.0);
    let stroke = if response.hovered() { theme::tokens(ui).text_1 } else { theme::tokens(ui).stroke_hover };
    let fill = Color32::from_rgb(red, green, blue);
    ui.painter().rect(inner, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, stroke), StrokeKind::Outside);
    response
}

/// Show, invert, clear, and the rest in a menu.
fn mask(ui: &mut Ui, state: &mut AppState, has_picture: bool, actions: &mut Vec<Action>) {
    let reason = "There is no picture yet";
    let has_mask = !state.canvas.document.mask().is_empty();
    let eye = if state.canvas.overlay.hides_mask { icons::EYE_SLASH } else { icons::EYE };
    if button(ui, has_picture, (eye, "Show the mask", Command::ToggleMask), reason).clicked() {
        actions.push(Action::Canvas(CanvasAction::ToggleMask));
    }
    let invert = (icons::SELECTION_INVERSE, "Invert the mask", Command::Mask(MaskStep::Invert));
    if button(ui, has_picture, invert, reason).clicked() {
        actions.push(Action::Canvas(CanvasAction::Mask(MaskStep::Invert)));
    }
    let clear = (icons::TRASH, "Clear the mask", Command::Mask(MaskStep::Clear));
    if button(ui, has_mask, clear, "Nothing is masked").clicked() {
        actions.push(Action::Canvas(CanvasAction::Mask(MaskStep::Clear)));
    }
    let more = ui.add_enabled(has_picture, IconButton::new(icons::DOTS_THREE, "More for the mask"));
    Popup::menu(&more).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_width(MENU_WIDTH);
        ui.spacing_mut().item_spacing.y = 0.0;
        mask_lines(ui, has_mask, actions);
        ui.add(egui::Separator::default().spacing(9.0));
        let default = crate::canvas::tools::ToolSettings::DEFAULT_MASK_OPACITY;
        percent_row(ui, "Tint", default, &mut state.canvas.tools.mask_opacity);
    });
}

fn mask_lines(ui: &mut Ui, has_mask: bool, actions: &mut Vec<Action>) {
    for (words, step, enabled) in [
        ("Mask everything", MaskStep::All, true),
        ("Grow by 8 px", MaskStep::Grow, has_mask),
        ("Shrink by 8 px", MaskStep::Shrink, has_mask),
        ("Blur by 8 px", MaskStep::Feather, has_mask),
    ] {
        let key = keymap::written(ui.ctx(), Command::Mask(step));
        if ui.add_enabled(enabled, MenuItem::new(words).key(&key)).clicked() {
            actions.push(Action::Canvas(CanvasAction::Mask(step)));
            ui.close();
        }
    }
}

fn zoom(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    let shown_zoom = state.canvas.view.shown_zoom;
    let enabled = shown_zoom.is_some();
    let reason = "There is no picture yet";
    if button(ui, enabled, (icons::MINUS, "Zoom out", Command::ZoomOut), reason).clicked() {
        actions.push(Action::Canvas(CanvasAction::Zoom(Zoom::Out)));
    }
    let words = shown_zoom.map_or_else(|| "Fit".to_owned(), |zoom| format!("{:.0} %", zoom * 100.0));
    let level = ui.add_enabled(enabled, TextButton::new(&words).named("Zoom").centred().width(ZOOM_WIDTH).bare());
    Popup::menu(&level).show(|ui| {
        ui.set_width(200.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        for (words, command, zoom) in [
            ("Fit", Command::ZoomFit, Zoom::Fit),
            ("100 %", Command::Zoom100, Zoom::To(1.0)),
            ("200 %", Command::Zoom200, Zoom::To(2.0)),
            ("400 %", Command::Zoom400, Zoom::To(4.0)),
            ("800 %", Command::Zoom800, Zoom::To(8.0)),
        ] {
            if ui.add(MenuItem::new(words).key(&keymap::written(ui.ctx(), command))).clicked() {
                actions.push(Action::Canvas(CanvasAction::Zoom(zoom)));
                ui.close();
            }
        }
    });
    if button(ui, enabled, (icons::PLUS, "Zoom in", Command::ZoomIn), reason).clicked() {
        actions.push(Action::Canvas(CanvasAction::Zoom(Zoom::In)));
    }
    if button(ui, enabled, (icons::FRAME_CORNERS, "Fit the picture", Command::ZoomFit), reason).clicked() {
        actions.push(Action::Canvas(CanvasAction::Zoom(Zoom::Fit)));
    }
}
