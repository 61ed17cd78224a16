//! Draws the toasts: newest below, in the canvas's upper right corner, over everything, sheets too.

use egui::{Align2, Area, Context, Frame, Id, Margin, Order, Rect, RichText, Ui, vec2};

use crate::ui::action::{Action, WindowAction};
use crate::ui::chrome::toasts::{Toast, ToastKind, Toasts};
use crate::ui::theme;
use crate::ui::theme::{fonts, icons};
use crate::ui::widgets::{IconButton, TextButton};

const WIDTH: f32 = 336.0;

/// `canvas` is where it lies, with its tools.
pub(crate) fn show(ctx: &Context, canvas: Rect, toasts: &mut Toasts, actions: &mut Vec<Action>) {
    let now = ctx.input(|input| input.time);
    for toast in &mut toasts.list {
        let shown_at = *toast.shown_at.get_or_insert(now);
        if toast.kind == ToastKind::Note && toast.details.is_none() {
            let left = Toasts::NOTE_SECONDS - (now - shown_at);
            if left <= 0.0 {
                actions.push(Action::Window(WindowAction::CloseToast(toast.id)));
            } else {
                ctx.request_repaint_after(std::time::Duration::from_secs_f64(left));
            }
        }
    }
    if toasts.list.is_empty() {
        return;
    }
    Area::new(Id::unique("toasts"))
        .order(Order::Tooltip)
        .pivot(Align2::RIGHT_TOP)
        .fixed_pos(canvas.right_top() + vec2(-16.0, theme::TOOL_STRIP_HEIGHT + 12.0))
        .show(ctx, |ui| {
            ui.spacing_mut().item_spacing.y = 16.0;
            for toast in &mut toasts.list {
                one(ui, toast, actions);
            }
        });
}

fn one(ui: &mut Ui, toast: &mut Toast, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    let (icon, colour) = match toast.kind {
        ToastKind::Note => (icons::CHECK_CIRCLE, tokens.success),
        ToastKind::Error => (icons::WARNING_CIRCLE, tokens.danger),
    };
    Frame::popup(ui.style()).inner_margin(Margin::symmetric(14, 12)).show(ui, |ui| {
        ui.set_width(WIDTH - 28.0);
        ui.spacing_mut().item_spacing = vec2(10.0, 8.0);
        ui.horizontal_top(|ui| {
            ui.label(RichText::new(icon).font(fonts::icon(theme::ICON_PT)).color(colour));
            let text_width = ui.available_width() - theme::CONTROL_HEIGHT - 10.0;
            ui.allocate_ui(vec2(text_width, 0.0), |ui| {
                ui.vertical(|ui| {
                    ui.set_width(text_width);
                    ui.label(&toast.text);
                    foot(ui, toast, actions);
                });
            });
            // The button is taller than the line: raised, so that its sign stands on the first one.
            let line = ui.text_style_height(&egui::TextStyle::Body);
            let (slot, _) = ui.allocate_exact_size(vec2(theme::CONTROL_HEIGHT, line), egui::Sense::hover());
            let rect = egui::Rect::from_center_size(slot.center(), egui::Vec2::splat(theme::CONTROL_HEIGHT));
            if ui.put(rect, IconButton::new(icons::X, "Close message")).clicked() {
                actions.push(Action::Window(WindowAction::CloseToast(toast.id)));
            }
        });
    });
}

fn foot(ui: &mut Ui, toast: &mut Toast, actions: &mut Vec<Action>) {
    let tokens = theme::tokens(ui);
    if let Some((words, action)) = &toast.action
        && ui.add(TextButton::new(words).action()).clicked()
    {
        actions.push(action.clone());
        actions.push(Action::Window(WindowAction::CloseToast(toast.id)));
    }
    let Some(details) = &toast.details else { return };
    ui.horizontal(|ui| {
        if ui.link(RichText::new("Details").color(tokens.text_2)).clicked() {
            toast.details_open = !toast.details_open;
        }
    });
    if toast.details_open {
        ui.add(egui::Label::new(RichText::new(details).color(tokens.text_3)).selectable(true).wrap());
    }
}
