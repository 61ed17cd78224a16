//! The list of layers: what lies on the canvas, in its order, and the few settings of the chosen one.

pub(super) mod annotating;
mod control;
mod header;
pub(super) mod looks;
pub(crate) mod menus;
pub(super) mod naming;
pub(crate) mod panel;
mod placement;
mod reference;
mod region;
mod row;
mod rows;
mod settings;
pub(super) mod state;

/// Of a row, in points.
const ROW: f32 = 32.0;
/// Of the heading, which is as high as the tool strip.
pub(crate) const HEADER: f32 = crate::ui::theme::TOOL_STRIP_HEIGHT;
