//! Layers that hold people as skeletons: their picture follows the points.

use std::sync::Arc;

use super::layer::{Content, LayerSettings};
use crate::job::Pose;

/// On a canvas of another size people go along, and are drawn anew.
pub(super) fn follow(settings: &mut LayerSettings, content: &mut Option<Content>, place: impl FnOnce(&Pose) -> Pose) {
    let Some(pose) = settings.layer_use.pose() else { return };
    let placed = place(pose);
    if placed != *pose {
        *content = Some(set(settings, placed));
    }
}

/// The pixels are no longer what the people would be drawn as: a picture like any other, from now on.
pub(super) fn forget(settings: &mut LayerSettings) {
    if let Some(control) = settings.layer_use.control_mut() {
        control.pose = None;
    }
}

/// Other people, on a layer that steers; what the layer shows then.
pub(super) fn set(settings: &mut LayerSettings, pose: Pose) -> Content {
    let content = Content::Picture(Arc::new(pose.drawn()));
    if let Some(control) = settings.layer_use.control_mut() {
        control.pose = Some(pose);
    }
    content
}
