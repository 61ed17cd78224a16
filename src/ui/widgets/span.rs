//! A rail with two knobs: from one share to a later one, and both as words behind it.

use egui::{Align, EventFilter, Id, Key, Modifiers, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::ui::theme;
use crate::ui::theme::fonts;
use crate::ui::widgets::look::Look;
use crate::ui::widgets::paint;

const KNOB: f32 = 12.0;
/// Of the words, which have three figures twice.
const WORDS: f32 = 74.0;
const STEP: f64 = 0.05;

/// "0–60 %"
#[must_use]
pub fn words(from: f64, to: f64) -> String {
    format!("{:.0}–{:.0} %", from * 100.0, to * 100.0)
}

/// Shares from 0 to 1, the first always less than the second. `names` are those of the knobs.
pub fn show(ui: &mut Ui, names: [&str; 2], values: [&mut f64; 2]) {
    let tokens = theme::tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::CONTROL_HEIGHT), Sense::hover());
    let [from, to] = values;
    let field = paint::right_part(rect, WORDS);
    ui.painter().rect_filled(field, theme::RADIUS, tokens.inset);
    ui.painter().rect_stroke(field, theme::RADIUS, Stroke::new(1.0, tokens.stroke), StrokeKind::Inside);
    let bar = paint::between(rect, 0.0, WORDS + 12.0);
    let rail = Rect::from_center_size(bar.center(), vec2(bar.width() - KNOB, 4.0));
    let x_of = |share: f64| rail.left() + rail.width() * share as f32;
    let share_at = |x: f32| {
        let share = f64::from((x - rail.left()) / rail.width().max(1.0)).clamp(0.0, 1.0);
        (share / STEP).round() * STEP
    };
    let base = ui.scope_id().with(names[0]);
    let mut looks = [Look::Rest; 2];
    for (index, name) in names.into_iter().enumerate() {
        let is_first = index == 0;
        let knob = pos2(x_of(if is_first { *from } else { *to }), rail.center().y);
        let reach = Rect::from_center_size(knob, vec2(KNOB + 8.0, theme::CONTROL_HEIGHT));
        let response = ui.interact(reach, base.with(index), Sense::click_and_drag());
        let now = if is_first { *from } else { *to };
        let mut wanted = None;
        if response.secondary_clicked() {
            wanted = Some(if is_first { 0.0 } else { 1.0 });
        } else if let Some(pos) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            wanted = Some(share_at(pos.x));
        } else if response.has_focus() {
            let steps = arrows(ui, response.id);
            wanted = (steps.abs() > 0.0).then_some(now + steps * STEP);
        }
        match wanted {
            Some(share) if is_first => *from = share.clamp(0.0, (*to - STEP).max(0.0)),
            Some(share) => *to = share.clamp((*from + STEP).min(1.0), 1.0),
            None => {}
        }
        let value = if is_first { *from } else { *to };
        response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), value, name));
        looks[index] = Look::of(ui, &response);
        response.on_hover_text(name);
    }
    ui.painter().rect_filled(rail, 2.0, tokens.rail);
    let is_dragged = looks.contains(&Look::Press);
    let filled = Rect::from_min_max(pos2(x_of(*from), rail.top()), pos2(x_of(*to), rail.bottom()));
    ui.painter().rect_filled(filled, 2.0, if is_dragged { tokens.accent_line } else { tokens.rail_fill });
    for (share, look) in [*from, *to].into_iter().zip(looks) {
        let knob = pos2(x_of(share), rail.center().y);
        let colour = if look == Look::Press { tokens.accent_line } else { tokens.knob };
        ui.painter().circle_filled(knob, KNOB / 2.0, colour);
        if look == Look::Focus {
            let ring = Stroke::new(theme::RING_WIDTH, tokens.accent_line);
            ui.painter().circle_stroke(knob, KNOB / 2.0 + 3.0, ring);
        }
    }
    let inside = paint::between(field, 4.0, 8.0);
    paint::text(ui, inside, Align::Max, &words(*from, *to), fonts::body(), tokens.text_1);
}

/// How many steps the arrow keys ask for.
fn arrows(ui: &Ui, id: Id) -> f64 {
    // Else the arrow would move the focus too.
    let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    ui.input_mut(|input| {
        input.count_and_consume_key(Modifiers::NONE, Key::ArrowRight) as f64
            - input.count_and_consume_key(Modifiers::NONE, Key::ArrowLeft) as f64
    })
}
