//! A layer of areas by colour, for networks that were trained on such: made of the regions, by what they are called.

use std::sync::Arc;

use super::studio::Studio;
use crate::canvas::{Content, LayerId, LayerSettings, RegionLayer, Snapshot};
use crate::job::ControlKind;
use crate::raster::{AreaKind, areas_by_colour};
use crate::ui::layers::state::free_name;

impl Studio {
    /// What a region shows, its name says, or else its words; those that say nothing that such networks know are told of.
    pub(super) fn add_areas(&mut self) {
        let stack = self.state.canvas.document.stack();
        let regions = stack.layers().iter().filter_map(|layer| Some((layer, layer.settings.layer_use.region()?)));
        let painted = regions.filter(|(layer, _)| layer.settings.is_on && !layer.content.is_empty());
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for (layer, region) in painted {
            match kind_of(&layer.settings.name, region) {
                Some(kind) => known.push((layer.id, kind)),
                None => unknown.push(layer.settings.name.clone()),
            }
        }
        let name = free_name(stack, "Areas");
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            let (is, it) = if unknown.len() > 1 { ("are", "them") } else { ("is", "it") };
            self.state.toasts.note(format!(
                "{names} {is} left out: name {it} after what is there, as segmentation networks know it (F2): sky, tree, \
                 person, wall …"
            ));
        }
        if known.is_empty() {
            return;
        }
        let model = self.state.model().cloned();
        let settings = self.state.layers.new_control(&name, Some(ControlKind::Segmentation), model.as_ref());
        let settings = LayerSettings { opacity: 0.5, ..settings };
        let paper_px = self.state.prompt.size_px;
        self.state.canvas.add_layer(settings, paper_px, move |canvas| areas_of(canvas, &known));
    }
}

fn kind_of(name: &str, region: &RegionLayer) -> Option<AreaKind> {
    AreaKind::named_in(name).or_else(|| AreaKind::named_in(&region.region.prompt))
}

/// As the regions lie on the canvas, the front one in front.
fn areas_of(canvas: &Snapshot, known: &[(LayerId, AreaKind)]) -> Option<Content> {
    let areas = known.iter().filter_map(|(id, kind)| {
        let layer = canvas.stack().get(*id)?;
        Some((layer.content.area(&layer.settings.placement, 0)?, *kind))
    });
    let areas: Vec<_> = areas.collect();
    Some(Content::Picture(Arc::new(areas_by_colour(canvas.size_px()?, &areas))))
}
