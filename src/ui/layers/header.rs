//! The list's heading: its fold, how many rows there are, a new layer, and what can be done with the chosen one.

use egui::{Align, Popup, PopupCloseBehavior, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use super::menus;
use crate::ui::action::{Action, LayerAction};
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::look::{Look, paint_focus_ring};
use crate::ui::widgets::{IconButton, paint};

pub(super) fn show(ui: &mut Ui, rect: Rect, count: usize, is_open: bool, state: &AppState, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let inner = paint::between(rect, f32::from(theme::PANEL_PADDING), 10.0);
    let button = |index: f32| {
        let corner = inner.right_center() - vec2((index + 1.0) * theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT / 2.0);
        Rect::from_min_size(corner, vec2(theme::CONTROL_HEIGHT, theme::CONTROL_HEIGHT))
    };
    let more = ui.put(button(0.0), IconButton::new(icons::DOTS_THREE, "What to do with the chosen layer"));
    let popup = Popup::menu(&more).close_behavior(PopupCloseBehavior::CloseOnClick).width(menus::WIDTH);
    popup.show(|ui| menus::row(ui, state.canvas.chosen(), state, actions));
    let key = keymap::written(ui.ctx(), Command::NewLayer);
    let add = ui.put(button(1.0), IconButton::new(icons::PLUS, "New layer").key(&key));
    let popup = Popup::menu(&add).close_behavior(PopupCloseBehavior::CloseOnClick).width(menus::WIDTH);
    popup.show(|ui| menus::add(ui, state, actions));

    let fold = paint::between(inner, 0.0, 2.0 * theme::CONTROL_HEIGHT + theme::HALF);
    let response = ui.interact(fold, ui.scope_id().with("layers fold"), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), is_open, "Layers"));
    let look = Look::of(ui, &response);
    let caret = if is_open { icons::CARET_DOWN } else { icons::CARET_RIGHT };
    paint::icon(ui, paint::left_part(fold, theme::CARET_PT), caret, theme::CARET_PT, look.quiet_text(tokens));
    let words = paint::between(fold, 18.0, 0.0);
    let used = paint::text(ui, words, Align::Min, "Layers", fonts::body(), tokens.text_1);
    let behind = paint::between(words, used + theme::GRID, 0.0);
    let under_way = state.layers.annotating.words();
    let count = under_way.map_or_else(|| count.to_string(), |under_way| format!("{count} · {under_way}"));
    paint::text(ui, behind, Align::Min, &count, fonts::body(), look.hint_text(tokens));
    paint_focus_ring(ui, fold.shrink2(vec2(0.0, 6.0)), theme::RADIUS, look);
    let key = keymap::written(ui.ctx(), Command::Layers);
    if response.on_hover_text(format!("Fold or open the list ({key})")).clicked() {
        actions.push(Action::Layers(LayerAction::ToggleList));
    }
}
