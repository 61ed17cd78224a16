//! A label and its field: the rows that the prompt panel is made of.

use std::ops::RangeInclusive;

use egui::{
    Align, Context, CornerRadius, DragValue, Id, Margin, Popup, PopupCloseBehavior, Rect, Response, Role, Sense,
    Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::look::{Look, paint_field_ring, paint_focus_ring};
use crate::ui::widgets::{MenuItem, paint};

const MENU_WIDTH: f32 = 240.0;
/// What a menu box has left of its words, and on both sides.
const BOX_LEFT: f32 = 10.0;
const BOX_SIDES: f32 = 40.0;
/// Between a box's words and the quieter ones behind them.
const HINT_GAP: f32 = 6.0;
/// Under this a field's words stand nearer to its edges.
const NARROW_FIELD: f32 = 110.0;
/// Where it is kept which row is looked for: by its label, and, once it is drawn, by the label's id.
const SOUGHT_LABEL: &str = "sought label";
const SOUGHT_ROW: &str = "sought row";
/// A label ends so far before its field at least.
const LABEL_GAP: f32 = 4.0;

/// Brings the row with this label into sight, and the keyboard into its field, as soon as it is there.
pub fn seek(ctx: &Context, label: &'static str) {
    ctx.data_mut(|data| data.insert_temp(Id::unique(SOUGHT_LABEL), label));
}

/// Whether somebody looks for the row with this label; once.
#[must_use]
pub fn is_sought(ctx: &Context, label: &str) -> bool {
    let id = Id::unique(SOUGHT_LABEL);
    let is_sought = ctx.data(|data| data.get_temp::<&'static str>(id)) == Some(label);
    if is_sought {
        ctx.data_mut(|data| data.remove::<&'static str>(id));
    }
    is_sought
}

/// The first field of the sought row takes the keyboard.
fn focus_if_sought(ui: &Ui, label: Id, field: &Response) {
    let id = Id::unique(SOUGHT_ROW);
    if ui.data(|data| data.get_temp::<Id>(id)) == Some(label) {
        ui.data_mut(|data| data.remove::<Id>(id));
        field.request_focus();
    }
}

/// A label in its column and what stands beside it. `content` gets the label's id, to name its fields.
pub fn row<R>(ui: &mut Ui, label: &str, content: impl FnOnce(&mut Ui, Id) -> R) -> R {
    hinted_row(ui, label, "", content)
}

/// The same, with an explanation while the pointer rests on the label.
pub fn hinted_row<R>(ui: &mut Ui, label: &str, hint: &str, content: impl FnOnce(&mut Ui, Id) -> R) -> R {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let slot = vec2(theme::LABEL_WIDTH, theme::CONTROL_HEIGHT);
        let (rect, response) = ui.allocate_exact_size(slot, Sense::hover());
        let words = paint::between(rect, 0.0, LABEL_GAP);
        paint::text(ui, words, Align::Min, label, fonts::body(), theme::tokens(ui).text_2);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
        let id = response.id;
        if is_sought(ui.ctx(), label) {
            response.scroll_to_me(Some(Align::Center));
            ui.data_mut(|data| data.insert_temp(Id::unique(SOUGHT_ROW), id));
        }
        if !hint.is_empty() {
            response.on_hover_text(hint);
        }
        ui.spacing_mut().item_spacing.x = theme::GRID;
        content(ui, id)
    })
    .inner
}

/// A line between two groups, with `below` points of room under it.
pub fn line(ui: &mut Ui, below: f32) {
    let gap = ui.spacing().item_spacing.y;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter().rect_filled(rect, 0.0, theme::tokens(ui).line);
    ui.add_space(below - gap);
}

/// A heading that folds what follows; folded, it shows the values in `summary`.
pub fn section(ui: &mut Ui, name: &str, summary: &str, open: &mut bool) {
    let tokens = theme::tokens(ui);
    let size = vec2(ui.available_width(), theme::SECTION_HEIGHT - 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), *open, name));
    if response.clicked() {
        *open = !*open;
    }
    let look = Look::of(ui, &response);
    let caret = if *open { icons::CARET_DOWN } else { icons::CARET_RIGHT };
    let caret_rect = paint::left_part(rect, theme::CARET_PT);
    paint::icon(ui, caret_rect, caret, theme::CARET_PT, look.quiet_text(tokens));
    let words = paint::between(rect, 18.0, 0.0);
    let width = paint::text(ui, words, Align::Min, name, fonts::body(), tokens.text_1);
    let rest = paint::between(words, width + 16.0, 0.0);
    paint::text(ui, rest, Align::Max, summary, fonts::body(), look.hint_text(tokens));
    paint_focus_ring(ui, rect.expand2(vec2(2.0, -2.0)), theme::RADIUS, look);
}

/// The well of a text of many lines.
pub fn text_frame(ui: &mut Ui, id: Id, content: impl FnOnce(&mut Ui) -> Response) -> Response {
    field_frame(ui, id, Margin::symmetric(10, 8), content)
}

/// The same, at most `most` points high: more of it scrolls inside.
pub fn long_text_frame(ui: &mut Ui, id: Id, most: f32, content: impl FnOnce(&mut Ui) -> Response) -> Response {
    text_frame(ui, id, |ui| {
        let area = egui::ScrollArea::vertical().id_salt(id).max_height(most).auto_shrink([false, true]);
        area.show(ui, content).inner
    })
}

/// A text of one line, `width` points wide, named by `label`.
pub fn text_line(ui: &mut Ui, label: Id, width: f32, content: impl FnOnce(&mut Ui, Id) -> Response) {
    text_line_with_id(ui, label, label.with("text"), width, content);
}

/// The same, with an id of its own.
pub fn text_line_with_id(ui: &mut Ui, label: Id, id: Id, width: f32, content: impl FnOnce(&mut Ui, Id) -> Response) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    // A child of its own: what it takes shall not stretch the row.
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    child.spacing_mut().interact_size.y = 0.0;
    // Ten figures of a seed have room in the narrow panel too.
    let margin = if width < NARROW_FIELD { 5 } else { 8 };
    let field = field_frame(&mut child, id, Margin::symmetric(margin, 6), |ui| content(ui, id)).labelled_by(label);
    focus_if_sought(ui, label, &field);
}

fn field_frame(ui: &mut Ui, id: Id, margin: Margin, content: impl FnOnce(&mut Ui) -> Response) -> Response {
    let tokens = theme::tokens(ui);
    let inner =
        egui::Frame::NONE.fill(tokens.inset).corner_radius(theme::RADIUS).inner_margin(margin).show(ui, content);
    let rect = inner.response.rect;
    let corners = CornerRadius::same(theme::RADIUS);
    if ui.memory(|memory| memory.has_focus(id)) {
        paint_field_ring(ui, rect, theme::RADIUS);
    } else {
        let stroke = Look::of(ui, &inner.inner).field_stroke(tokens);
        ui.painter().rect_stroke(rect, corners, stroke, StrokeKind::Inside);
    }
    inner.inner
}

/// A box that opens a menu: what is chosen, a quieter hint, a caret.
pub fn menu_box(ui: &mut Ui, label: Id, width: f32, chosen: &str, hint: &str, menu: impl FnOnce(&mut Ui)) {
    let tokens = theme::tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::click());
    response.widget_info(|| {
        let mut info = WidgetInfo::new(Role::ComboBox);
        info.enabled = ui.is_enabled();
        info.current_text_value = Some(format!("{chosen} {hint}").trim().to_owned());
        info
    });
    let response = response.labelled_by(label);
    focus_if_sought(ui, label, &response);
    // A narrow box must not cut the words of its menu.
    let menu_width = width.max(MENU_WIDTH);
    let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(menu_width);
    let look = if popup.is_open() { Look::Hover } else { Look::of(ui, &response) };
    ui.painter().rect_filled(rect, theme::RADIUS, look.control_fill(tokens));
    paint_focus_ring(ui, rect, theme::RADIUS, look);
    let words = paint::between(rect, BOX_LEFT, BOX_SIDES - BOX_LEFT);
    let used = paint::text(ui, words, Align::Min, chosen, fonts::body(), tokens.text_1);
    // Half a figure is worse than none.
    let rest = paint::between(words, used + HINT_GAP, 0.0);
    if text_width(ui, hint) <= rest.width() {
        paint::text(ui, rest, Align::Min, hint, fonts::body(), look.hint_text(tokens));
    }
    let caret = paint::between(paint::right_part(rect, 26.0), 0.0, 6.0);
    paint::icon(ui, caret, icons::CARET_DOWN, theme::CARET_PT, look.quiet_text(tokens));
    popup.show(|ui| {
        ui.set_width(menu_width - 2.0 * f32::from(ui.spacing().menu_margin.left));
        egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            menu(ui);
        });
    });
}

/// A name and its figures for a box of `width` points; where both have no room, the figures alone.
#[must_use]
pub fn name_or_figures<'a>(ui: &Ui, width: f32, name: &'a str, figures: &'a str) -> (&'a str, &'a str) {
    let room = width - BOX_SIDES;
    let both = text_width(ui, name) + HINT_GAP + text_width(ui, figures);
    if both <= room { (name, figures) } else { (figures, "") }
}

fn text_width(ui: &Ui, text: &str) -> f32 {
    paint::line(ui, text, fonts::body(), theme::tokens(ui).text_1, f32::INFINITY).size().x
}

/// One line of a box's menu. Returns whether it was clicked.
pub fn choice(ui: &mut Ui, chosen: bool, words: &str, hint: &str) -> bool {
    let item = MenuItem::new(words).key(hint);
    let item = if chosen { item.icon(icons::CHECK) } else { item.icon(" ") };
    ui.add(item).clicked()
}

/// One line of a box's menu with its explanation on hover; with `cannot`, it cannot be chosen and shows why.
pub fn explained_choice(ui: &mut Ui, chosen: bool, words: &str, hint: &str, cannot: Option<&str>) -> bool {
    let icon = if chosen { icons::CHECK } else { " " };
    let response = ui.add_enabled(cannot.is_none(), MenuItem::new(words).icon(icon));
    response.on_hover_text(hint).on_disabled_hover_text(cannot.unwrap_or_default()).clicked()
}

/// A number: dragged, typed after a click, put back to its default by a right click.
pub struct Number {
    step: f64,
    range: RangeInclusive<f64>,
    default: Option<f64>,
    decimals: usize,
    slider_end: f64,
    suffix: &'static str,
}

impl Number {
    #[must_use]
    pub fn new(step: f64, range: RangeInclusive<f64>) -> Self {
        let slider_end = *range.end();
        Self { step, range, default: None, decimals: 0, slider_end, suffix: "" }
    }

    #[must_use]
    pub fn default(mut self, value: f64) -> Self {
        self.default = Some(value);
        self
    }

    #[must_use]
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = decimals;
        self
    }

    /// The unit, with the space before it.
    #[must_use]
    pub fn suffix(mut self, suffix: &'static str) -> Self {
        self.suffix = suffix;
        self
    }

    /// The slider covers the usual values; the number may go further.
    #[must_use]
    pub fn slider_to(mut self, end: f64) -> Self {
        self.slider_end = end;
        self
    }

    pub fn show(&self, ui: &mut Ui, label: Id, width: f32, value: &mut f64) {
        let (rect, _) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
        let tokens = theme::tokens(ui);
        ui.painter().rect_filled(rect, theme::RADIUS, tokens.inset);
        let layout = egui::Layout::right_to_left(Align::Center);
        // A child of its own: what it takes shall not stretch the row.
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect.shrink(1.0)).layout(layout));
        let response = {
            let ui = &mut child;
            let widgets = &mut ui.visuals_mut().widgets;
            for visuals in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                visuals.weak_bg_fill = egui::Color32::TRANSPARENT;
                visuals.bg_fill = egui::Color32::TRANSPARENT;
                visuals.bg_stroke = Stroke::NONE;
            }
            ui.visuals_mut().text_edit_bg_color = Some(egui::Color32::TRANSPARENT);
            ui.visuals_mut().selection.stroke = Stroke::new(0.0, tokens.text_1);
            ui.spacing_mut().button_padding.x = 8.0;
            // A gap that grows pushes the figures to the right edge.
            let grow = egui::Atom::grow();
            ui.add(
                DragValue::new(value)
                    .speed(self.step * 0.25)
                    .range(self.range.clone())
                    .fixed_decimals(self.decimals)
                    .suffix(self.suffix)
                    .prefix(grow)
                    .min_size(vec2(width - 2.0, theme::CONTROL_HEIGHT - 2.0)),
            )
        }
        .labelled_by(label);
        focus_if_sought(ui, label, &response);
        if response.has_focus() {
            paint_field_ring(ui, rect, theme::RADIUS);
        } else {
            let stroke = Look::of(ui, &response).field_stroke(tokens);
            ui.painter().rect_stroke(rect, theme::RADIUS, stroke, StrokeKind::Inside);
        }
        if let Some(default) = self.default
            && response.secondary_clicked()
        {
            *value = default;
        }
    }

    /// The slider and, at its right, the number.
    pub fn show_with_slider(&self, ui: &mut Ui, label: Id, number_width: f32, value: &mut f64) {
        let width = ui.available_width() - number_width - 12.0;
        self.slider(ui, label, width, value);
        ui.add_space(4.0);
        self.show(ui, label, number_width, value);
    }

    /// The slider alone.
    pub fn slider(&self, ui: &mut Ui, label: Id, width: f32, value: &mut f64) {
        const KNOB: f32 = 12.0;
        let tokens = theme::tokens(ui);
        let (rect, mut response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::click_and_drag());
        let (start, end) = (*self.range.start(), self.slider_end);
        let rail = Rect::from_center_size(rect.center(), vec2(rect.width() - KNOB, 4.0));
        let x_of = |value: f64| {
            let share = ((value - start) / (end - start)).clamp(0.0, 1.0);
            rail.left() + rail.width() * share as f32
        };
        let before = *value;
        if response.secondary_clicked() {
            *value = self.default.unwrap_or(*value);
        } else if let Some(pos) = response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on()) {
            let share = f64::from((pos.x - rail.left()) / rail.width().max(1.0)).clamp(0.0, 1.0);
            *value = (((start + share * (end - start)) / self.step).round() * self.step).clamp(start, end);
        }
        if response.has_focus() {
            // Else the arrow would move the focus too.
            let arrows = egui::EventFilter { horizontal_arrows: true, ..egui::EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
            let steps = ui.input_mut(|input| {
                input.count_and_consume_key(egui::Modifiers::NONE, egui::Key::ArrowRight) as f64
                    - input.count_and_consume_key(egui::Modifiers::NONE, egui::Key::ArrowLeft) as f64
            });
            *value = (*value + steps * self.step).clamp(start, end);
        }
        if (*value - before).abs() > f64::EPSILON {
            response.mark_changed();
        }
        response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), *value, ""));
        let response = response.labelled_by(label);
        focus_if_sought(ui, label, &response);

        let look = Look::of(ui, &response);
        let dragged = look == Look::Press;
        let knob = pos2(x_of(*value), rail.center().y);
        ui.painter().rect_filled(rail, 2.0, tokens.rail);
        let filled = Rect::from_min_max(rail.min, pos2(knob.x, rail.bottom()));
        ui.painter().rect_filled(filled, 2.0, if dragged { tokens.accent_line } else { tokens.rail_fill });
        if let Some(default) = self.default {
            let tick = Rect::from_center_size(pos2(x_of(default), rail.bottom() + 6.0), vec2(1.0, 4.0));
            ui.painter().rect_filled(tick, 0.0, tokens.text_3);
        }
        ui.painter().circle_filled(knob, KNOB / 2.0, if dragged { tokens.accent_line } else { tokens.knob });
        if look == Look::Focus {
            ui.painter().circle_stroke(knob, KNOB / 2.0 + 3.0, Stroke::new(theme::RING_WIDTH, tokens.accent_line));
        }
    }
}
