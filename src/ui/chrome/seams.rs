//! The lines between the panels.

use egui::{Color32, Rect, Stroke, Ui};

/// Inside the canvas's own area so that no panel grows by them.
pub(crate) fn show(ui: &Ui, canvas: Rect, colour: Color32) {
    let stroke = Stroke::new(1.0, colour);
    let whole = ui.max_rect();
    let painter = ui.painter();
    painter.hline(whole.x_range(), canvas.top() - 0.5, stroke);
    painter.hline(whole.x_range(), canvas.bottom() + 0.5, stroke);
    for (x, is_inside) in
        [(canvas.left() - 0.5, canvas.left() > whole.left()), (canvas.right() + 0.5, canvas.right() < whole.right())]
    {
        if is_inside {
            painter.vline(x, canvas.y_range(), stroke);
        }
    }
}
