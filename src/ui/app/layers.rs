//! The layers beyond one action: what was being set becomes a step, and their small pictures follow them.

use std::sync::Arc;

use crate::canvas::{Content, LayerSettings, LayerUse};
use crate::job::Control;
use crate::mask::MaskPlane;
use crate::raster::Picture;
use crate::ui::action::{Action, LayerAction};
use crate::ui::app::studio::Studio;
use crate::ui::layers::looks::SeenOf;
use crate::ui::layers::state::control_name;
use crate::ui::state::AppState;

impl Studio {
    /// Once a frame.
    pub(super) fn follow_layers(&mut self, ctx: &egui::Context) {
        let is_held = ctx.input(|input| input.pointer.any_down()) || ctx.text_edit_focused();
        if !is_held {
            self.state.canvas.document.end_editing();
        }
        let AppState { canvas, layers, .. } = &mut self.state;
        if let Some((failed, work)) = layers.looks.next(&canvas.document) {
            self.background.queue(Some(Action::Layers(failed)), move || Some(Action::Layers(work())));
        }
        self.follow_what_is_seen();
    }

    /// While it is looked at, what the network will see of the chosen layer.
    fn follow_what_is_seen(&mut self) {
        let state = &self.state;
        let Some(layer) = state.canvas.chosen_layer().filter(|_| state.canvas.overlay.shows_model_view) else { return };
        if state.canvas.document.is_painting() {
            return;
        }
        let control: Control = layer.settings.layer_use.control().clone();
        let of = SeenOf {
            layer: layer.id,
            changed: layer.changed,
            control,
            place: state.control_place(),
            lies: state.lies_on(layer),
        };
        let content = layer.content.clone();
        if let Some((ask, work)) = self.state.layers.looks.ask(of, &content) {
            let words = Err("This could not be worked out.".to_owned());
            let failed = Action::Layers(LayerAction::Seen { ask, picture: words });
            self.background.queue(Some(failed), move || Some(Action::Layers(work())));
        }
    }

    /// The layers of a picture that is used again, front first, in the place of those that are there. One that was made
    /// from words and layers alone switches the canvas's picture off.
    pub(super) fn take_layers(&mut self, controls: &[Control], from_words: bool, paper_px: [u32; 2]) {
        let of_control = |control: &Control| {
            let picture = control.picture.clone()?;
            let name = control_name(control);
            let layer_use = LayerUse::Control(control.without_pictures());
            Some((LayerSettings { name, layer_use, ..LayerSettings::default() }, picture, control.mask.clone()))
        };
        let layers: Vec<(LayerSettings, Arc<Picture>, Option<Arc<MaskPlane>>)> =
            controls.iter().filter_map(of_control).collect();
        self.state.canvas.change_layers(move |canvas| {
            let canvas_px = canvas.size_px().unwrap_or(paper_px);
            let layer = |(mut settings, picture, mask): (LayerSettings, Arc<Picture>, Option<Arc<MaskPlane>>)| {
                let content = Content::of_picture(picture, canvas_px);
                settings.opacity = if matches!(content, Content::Drawing(_)) { 1.0 } else { 0.5 };
                (settings, content, mask)
            };
            Some(canvas.with_layers(layers.into_iter().map(layer).collect(), from_words, paper_px))
        });
    }

    /// A picture that was made without layers is used again: those that are there would make another one of it.
    pub(super) fn switch_layers_off(&mut self) {
        if self.state.steering_layers().next().is_none() {
            return;
        }
        self.state.canvas.document.change_stack(|stack| {
            stack.layers.iter_mut().for_each(|layer| layer.settings.is_on = false);
            true
        });
        self.state.toasts.note("That picture was made without layers: they are switched off.");
    }
}
