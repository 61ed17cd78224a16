//! How a control looks at this moment, and the ring that shows where the keyboard is.
//!
//! egui paints focus like a press; here focus keeps the rest fill and gets a ring, and only the keyboard brings it.

use egui::{Color32, CornerRadius, Rect, Response, Stroke, StrokeKind, Ui, UiBuilder, UiKind, UiStackInfo};

use crate::ui::theme::{self, RING_WIDTH, Tokens};

/// What the pointer and the keyboard do with a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Rest,
    Hover,
    Press,
    /// At rest, with the ring.
    Focus,
}

const TAG: &str = "look";

impl Look {
    #[must_use]
    pub fn of(ui: &Ui, response: &Response) -> Self {
        if let Some(shown) = ui.stack().iter().find_map(|layer| layer.tags().get_downcast::<Self>(TAG)) {
            return *shown;
        }
        if !response.enabled() {
            Self::Rest
        } else if response.is_pointer_button_down_on() {
            Self::Press
        } else if response.has_focus() && keyboard_leads(ui.ctx()) {
            Self::Focus
        } else if response.hovered() {
            Self::Hover
        } else {
            Self::Rest
        }
    }

    /// Shows everything inside in this look, whatever the pointer does: for a sheet of all states.
    pub fn show_all<R>(self, ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
        let info = UiStackInfo::new(UiKind::GenericArea).with_tag_value(TAG, self);
        ui.scope_builder(UiBuilder::new().ui_stack_info(info), content).inner
    }

    /// The grey of a control: one up on hover, two on press.
    #[must_use]
    pub fn control_fill(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Rest | Self::Focus => tokens.control,
            Self::Hover => tokens.control_hover,
            Self::Press => tokens.control_press,
        }
    }

    /// The outline of a field.
    #[must_use]
    pub fn field_stroke(self, tokens: &Tokens) -> Stroke {
        let colour = match self {
            Self::Rest | Self::Focus => tokens.stroke,
            Self::Hover => tokens.stroke_hover,
            Self::Press => tokens.text_2,
        };
        Stroke::new(1.0, colour)
    }

    /// Labels and icons that are quiet at rest.
    #[must_use]
    pub fn quiet_text(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Rest | Self::Focus => tokens.text_2,
            Self::Hover | Self::Press => tokens.text_1,
        }
    }

    /// Hints and keys: they must stay readable on the brighter grey.
    #[must_use]
    pub fn hint_text(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Rest | Self::Focus => tokens.text_3,
            Self::Hover => tokens.text_2,
            Self::Press => tokens.text_1,
        }
    }
}

/// Whether the last thing that moved the focus was a key: a click leaves no ring behind.
fn keyboard_leads(ctx: &egui::Context) -> bool {
    let id = egui::Id::unique("keyboard leads");
    let (pressed_key, pressed_pointer) = ctx.input(|input| {
        (
            input.events.iter().any(|event| matches!(event, egui::Event::Key { pressed: true, .. })),
            input.pointer.any_pressed(),
        )
    });
    let leads = ctx.data(|data| data.get_temp(id)).unwrap_or(true);
    let leads = if pressed_pointer { false } else { leads || pressed_key };
    ctx.data_mut(|data| data.insert_temp(id, leads));
    leads
}

/// The ring around a control, 2 points away from it.
pub fn paint_focus_ring(ui: &Ui, rect: Rect, radius: u8, look: Look) {
    if look == Look::Focus {
        paint_ring(ui, rect, radius);
    }
}

/// The same ring for what is chosen.
pub fn paint_ring(ui: &Ui, rect: Rect, radius: u8) {
    let stroke = Stroke::new(RING_WIDTH, theme::tokens(ui).accent_line);
    let rect = rect.expand(RING_WIDTH);
    ui.painter().rect_stroke(rect, CornerRadius::same(radius + 2), stroke, StrokeKind::Outside);
}

/// The ring of a field, on its own edge.
pub fn paint_field_ring(ui: &Ui, rect: Rect, radius: u8) {
    let stroke = Stroke::new(RING_WIDTH, theme::tokens(ui).accent_line);
    ui.painter().rect_stroke(rect, CornerRadius::same(radius), stroke, StrokeKind::Middle);
}
