//! The popup of the colour in hand: a square of its hue's shades, the hues, the figures, recent colours, the palette.

use egui::{Color32, CornerRadius, EventFilter, Id, Key, Mesh, Modifiers, Rect, Response, RichText, Sense, Shape};
use egui::{Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::hsv::{Hsv, hex, of_hex};
use crate::canvas::tools::{STARTING_PALETTE, ToolSettings};
use crate::ui::theme;
use crate::ui::widgets::fields;
use crate::ui::widgets::look::{Look, paint_focus_ring};
use crate::ui::widgets::swatch::swatch;

/// Eight swatches and the gaps between them.
pub(super) const WIDTH: f32 = 8.0 * SWATCH + 7.0 * GAP;
const SWATCH: f32 = 26.0;
const GAP: f32 = 4.0;
const SQUARE_HEIGHT: f32 = 160.0;
const HUES_HEIGHT: f32 = 20.0;
/// Cells on a side of what is painted between.
const FINENESS: usize = 16;
const HUES: usize = 24;
/// One press of an arrow, and with Shift.
const STEP: f32 = 0.01;
const LARGE_STEP: f32 = 0.1;

/// What is kept between two frames: the hue of a grey, and figures that are no colour yet.
#[derive(Clone, Default)]
struct Memory {
    hsv: Hsv,
    text: Option<String>,
}

pub(super) fn show(ui: &mut Ui, tools: &mut ToolSettings, is_new: bool) {
    ui.set_width(WIDTH);
    ui.spacing_mut().item_spacing = vec2(GAP, theme::GRID);
    let id = Id::unique("the colour in hand");
    let mut memory: Memory = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    if memory.hsv.rgb() != tools.colour {
        memory.hsv = Hsv::of(tools.colour, memory.hsv);
    }
    let before = memory.hsv;
    let square = square(ui, &mut memory.hsv);
    if is_new {
        square.request_focus();
    }
    hues(ui, &mut memory.hsv);
    if memory.hsv != before {
        tools.colour = memory.hsv.rgb();
        memory.text = None;
    }
    figures(ui, tools, &mut memory.text);
    let kept = tools.palette.iter().filter(|colour| !STARTING_PALETTE.contains(colour));
    let recent: Vec<[u8; 3]> = kept.rev().take(8).copied().collect();
    if !recent.is_empty() {
        swatches(ui, "Recent", &recent, tools, &mut memory);
    }
    swatches(ui, "Palette", &STARTING_PALETTE, tools, &mut memory);
    ui.data_mut(|data| data.insert_temp(id, memory));
}

fn swatches(ui: &mut Ui, name: &str, colours: &[[u8; 3]], tools: &mut ToolSettings, memory: &mut Memory) {
    ui.label(RichText::new(name).color(theme::tokens(ui).text_2));
    for (row, some) in colours.chunks(8).enumerate() {
        ui.horizontal(|ui| {
            for (column, colour) in some.iter().enumerate() {
                let name = format!("{name} {}: {}", row * 8 + column + 1, hex(*colour));
                if swatch(ui, &name, *colour, SWATCH).on_hover_text(hex(*colour)).clicked() {
                    tools.colour = *colour;
                    memory.text = None;
                }
            }
        });
    }
}

fn figures(ui: &mut Ui, tools: &mut ToolSettings, text: &mut Option<String>) {
    let tokens = theme::tokens(ui);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(theme::CONTROL_HEIGHT), Sense::hover());
        let [red, green, blue] = tools.colour;
        let fill = Color32::from_rgb(red, green, blue);
        let stroke = Stroke::new(1.0, tokens.stroke_hover);
        ui.painter().rect(rect.shrink(1.0), CornerRadius::same(theme::RADIUS), fill, stroke, StrokeKind::Inside);
        ui.add_space(4.0);
        let label = ui.label(RichText::new("Hex").color(tokens.text_2)).id;
        let mut written = text.take().unwrap_or_else(|| hex(tools.colour));
        let mut has_focus = false;
        fields::text_line(ui, label, 92.0, |ui, id| {
            let field = egui::TextEdit::singleline(&mut written).id(id).desired_width(f32::INFINITY);
            let response = ui.add(field.frame(egui::Frame::NONE));
            has_focus = response.has_focus();
            response
        });
        let colour = of_hex(&written);
        if let Some(colour) = colour.filter(|_| has_focus) {
            tools.colour = colour;
        }
        // While one writes, the figures stay as they are written.
        *text = has_focus.then_some(written);
        if colour.is_none() && has_focus {
            ui.label(RichText::new("not yet a colour").color(tokens.text_3));
        }
    });
}

/// Saturation to the right, brightness upwards.
fn square(ui: &mut Ui, hsv: &mut Hsv) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, SQUARE_HEIGHT), Sense::click_and_drag());
    let mut mesh = Mesh::default();
    for row in 0..=FINENESS {
        for column in 0..=FINENESS {
            let (x, y) = (column as f32 / FINENESS as f32, row as f32 / FINENESS as f32);
            let [red, green, blue] = Hsv { hue: hsv.hue, saturation: x, value: 1.0 - y }.rgb();
            mesh.colored_vertex(rect.lerp_inside(vec2(x, y)), Color32::from_rgb(red, green, blue));
        }
    }
    cells(&mut mesh, FINENESS, FINENESS);
    ui.painter().add(Shape::mesh(mesh));
    if let Some(pos) = taken(&response) {
        hsv.saturation = ((pos.x - rect.left()) / rect.width()).clamp(0.0, 1.0);
        hsv.value = 1.0 - ((pos.y - rect.top()) / rect.height()).clamp(0.0, 1.0);
    }
    let [x, y] = arrows(ui, &response, true);
    hsv.saturation = (hsv.saturation + x).clamp(0.0, 1.0);
    hsv.value = (hsv.value + y).clamp(0.0, 1.0);
    let name = format!("Shade: saturation {:.0} %, brightness {:.0} %", hsv.saturation * 100.0, hsv.value * 100.0);
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(hsv.value), &name));
    let place = rect.lerp_inside(vec2(hsv.saturation, 1.0 - hsv.value));
    ui.painter().circle_stroke(place, 6.0, Stroke::new(3.0, Color32::from_black_alpha(160)));
    ui.painter().circle_stroke(place, 6.0, Stroke::new(1.5, Color32::WHITE));
    paint_focus_ring(ui, rect, theme::RADIUS_SMALL, Look::of(ui, &response));
    response
}

fn hues(ui: &mut Ui, hsv: &mut Hsv) {
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, HUES_HEIGHT), Sense::click_and_drag());
    let mut mesh = Mesh::default();
    for y in [0.0, 1.0] {
        for column in 0..=HUES {
            let hue = column as f32 / HUES as f32;
            let [red, green, blue] = Hsv { hue, saturation: 1.0, value: 1.0 }.rgb();
            mesh.colored_vertex(rect.lerp_inside(vec2(hue, y)), Color32::from_rgb(red, green, blue));
        }
    }
    cells(&mut mesh, HUES, 1);
    ui.painter().add(Shape::mesh(mesh));
    if let Some(pos) = taken(&response) {
        // The last hue is the first one again, and would jump there.
        hsv.hue = ((pos.x - rect.left()) / rect.width()).clamp(0.0, 0.999);
    }
    let [x, _] = arrows(ui, &response, false);
    hsv.hue = (hsv.hue + x).clamp(0.0, 0.999);
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(hsv.hue) * 360.0, "Hue"));
    let x = rect.left() + hsv.hue * rect.width();
    let knob = Rect::from_center_size(pos2(x, rect.center().y), vec2(6.0, HUES_HEIGHT + 4.0));
    ui.painter().rect(
        knob,
        CornerRadius::same(3),
        Color32::WHITE,
        Stroke::new(1.0, Color32::BLACK),
        StrokeKind::Outside,
    );
    paint_focus_ring(ui, rect, theme::RADIUS_SMALL, Look::of(ui, &response));
}

fn taken(response: &Response) -> Option<egui::Pos2> {
    response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on())
}

/// What the arrow keys add, to the right and upwards. They belong to the control that has the keyboard.
fn arrows(ui: &Ui, response: &Response, is_upright_too: bool) -> [f32; 2] {
    if !response.has_focus() {
        return [0.0, 0.0];
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: is_upright_too, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    ui.input_mut(|input| {
        let mut by = |more: Key, less: Key| {
            [(Modifiers::SHIFT, LARGE_STEP), (Modifiers::NONE, STEP)]
                .map(|(modifiers, step)| {
                    let count = |input: &mut egui::InputState, key| input.count_and_consume_key(modifiers, key) as f32;
                    step * (count(input, more) - count(input, less))
                })
                .iter()
                .sum::<f32>()
        };
        let x = by(Key::ArrowRight, Key::ArrowLeft);
        [x, if is_upright_too { by(Key::ArrowUp, Key::ArrowDown) } else { 0.0 }]
    })
}

/// The triangles between vertices that lie row by row.
fn cells(mesh: &mut Mesh, columns: usize, rows: usize) {
    for row in 0..rows {
        for column in 0..columns {
            let at = (row * (columns + 1) + column) as u32;
            let below = at + columns as u32 + 1;
            mesh.add_triangle(at, at + 1, below);
            mesh.add_triangle(below, at + 1, below + 1);
        }
    }
}
