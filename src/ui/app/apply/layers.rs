//! What the actions on layers do. Pixels are worked out on the worker; what only changes the list happens at once.

use std::path::PathBuf;
use std::sync::Arc;

use crate::canvas::tools::Tool;
use crate::canvas::{Content, Layer, LayerId, LayerSettings, LayerState, Snapshot, cannot_merge};
use crate::raster::{Picture, PreprocessSettings, Preprocessor};
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, DialogRequest, LayerAction, LayerRow, Maker, NewLayer, PlaceAction};
use crate::ui::app::studio::Studio;
use crate::ui::canvas::place;
use crate::ui::chrome::layout::PanelForm;
use crate::ui::layers::naming;
use crate::ui::layers::state::{Becomes, LayersState, Renaming, free_name};

impl Studio {
    #[allow(clippy::too_many_lines)] // An arm for each action, and nothing else.
    pub(super) fn apply_to_layers(&mut self, ctx: &egui::Context, action: LayerAction) {
        let canvas = &mut self.state.canvas;
        match action {
            LayerAction::ToggleList => self.toggle_layers(ctx),
            LayerAction::Choose(row) => self.choose_row(row),
            LayerAction::Step { by } => self.step_row(by),
            LayerAction::Add(new) => self.add_layer(new),
            LayerAction::Annotate { annotator, picture } => self.annotate(annotator, picture),
            LayerAction::Pose(action) => self.apply_to_pose(action),
            LayerAction::Place(PlaceAction::Toggle) => self.toggle_handles(),
            LayerAction::Place(action) => place::apply(canvas, action),
            LayerAction::AddFileDialog => self.dialog(DialogRequest::OpenLayer),
            LayerAction::AddReferenceDialog => self.dialog(DialogRequest::OpenReference),
            LayerAction::MakeReference(id) => self.make_reference(id),
            LayerAction::ToggleEye(row) => self.toggle_eye(row),
            LayerAction::Solo(id) => {
                canvas.document.change_stack(|stack| {
                    let others = || stack.layers.iter().filter(|layer| layer.id != id);
                    let is_alone = others().all(|layer| !layer.settings.is_on);
                    for layer in &mut stack.layers {
                        layer.settings.is_on = layer.id == id || is_alone;
                    }
                    stack.layers.len() > 1
                });
            }
            LayerAction::ToggleLock(row) => {
                canvas.document.change_stack(|stack| {
                    let lock = match row {
                        LayerRow::Picture => Some(&mut stack.base.picture_is_locked),
                        LayerRow::Mask => Some(&mut stack.base.mask_is_locked),
                        LayerRow::Layer(id) | LayerRow::LayerMask(id) => {
                            let layer = stack.layers.iter_mut().find(|layer| layer.id == id);
                            layer.map(|layer| &mut layer.settings.is_locked)
                        }
                    };
                    let Some(lock) = lock else { return false };
                    *lock = !*lock;
                    true
                });
            }
            LayerAction::Move { by } => {
                let Some(id) = canvas.chosen_layer().map(|layer| layer.id) else { return };
                let at = canvas.document.stack().layers().iter().position(|layer| layer.id == id);
                if let Some(place) = at.and_then(|at| at.checked_add_signed(by)) {
                    self.move_layer(id, place);
                }
            }
            LayerAction::MoveTo { layer, place } => self.move_layer(layer, place),
            LayerAction::EditWords(layer) => {
                self.choose_row(LayerRow::Layer(layer));
                self.state.layers.open = Some(true);
                self.state.layers.wants_words = true;
                self.state.panels.gallery.open |= self.layout(ctx).gallery == PanelForm::Hidden;
                self.state.layers.over_canvas |= self.layout(ctx).gallery == PanelForm::Rail;
            }
            LayerAction::BeginRename(layer) => {
                let name = canvas.document.stack().get(layer).map(|layer| layer.settings.name.clone());
                let begun = name.map(|name| Renaming { layer, name, has_begun: false });
                self.state.layers.open = Some(true);
                self.state.layers.renaming = begun;
            }
            LayerAction::Rename { layer, name } => {
                self.state.layers.renaming = None;
                self.set_layer(layer, |state| {
                    let is_new = state.settings.name != name;
                    state.settings.name = name;
                    is_new
                });
            }
            LayerAction::EndRename => self.state.layers.renaming = None,
            LayerAction::Duplicate(id) => {
                let Some(layer) = canvas.document.stack().get(id) else { return };
                let mut settings = layer.settings.clone();
                settings.name = format!("{} copy", settings.name);
                settings.is_locked = false;
                canvas.chosen_row = LayerRow::Layer(id);
                canvas.duplicate_layer(id, settings);
            }
            LayerAction::Delete(id) => self.delete_layer(id),
            LayerAction::PutBack => self.put_layer_back(),
            LayerAction::Invert(id) => {
                canvas.change_layers(move |canvas| canvas.with_content(id, |content| Some(content.inverted())));
            }
            LayerAction::Clear(id) => canvas.change_layers(move |canvas| {
                canvas.with_content(id, |content| Some(Content::empty_drawing(content.size_px())))
            }),
            LayerAction::MergeDown(id) => self.merge_down(id),
            LayerAction::ApplyPlacement(id) => {
                canvas.change_layers(move |canvas| canvas.with_applied_placement(id));
            }
            LayerAction::AddMask(id) => {
                canvas.change_layers(move |canvas| canvas.with_layer_mask(id, Some));
                canvas.chosen_row = LayerRow::LayerMask(id);
                if !canvas.tool.is_for_mask() || canvas.tool == Tool::Select {
                    canvas.tool = Tool::Brush;
                }
            }
            LayerAction::InvertMask(id) => canvas.change_layers(move |canvas| {
                canvas.with_layer_mask(id, |mut plane| {
                    plane.invert();
                    Some(plane)
                })
            }),
            LayerAction::RemoveMask(id) => {
                canvas.change_layers(move |canvas| canvas.with_layer_mask(id, |_| None));
                canvas.chosen_row = LayerRow::Layer(id);
            }
            LayerAction::Set { layer, settings } => canvas.document.edit_stack(|stack| {
                if let Some(state) = stack.layers.iter_mut().find(|state| state.id == layer) {
                    state.settings = *settings;
                }
            }),
            LayerAction::SetPictureOpacity(opacity) => {
                canvas.document.edit_stack(|stack| stack.base.picture_opacity = opacity);
            }
            LayerAction::Thumbnail { row, revision, picture, outline } => {
                self.state.layers.looks.take(row, revision, picture, outline);
            }
            LayerAction::Seen { ask, picture } => self.state.layers.looks.answer(ask, picture),
        }
        self.work_on_canvas();
    }

    fn toggle_layers(&mut self, ctx: &egui::Context) {
        if self.layout(ctx).gallery == PanelForm::Rail {
            self.state.layers.over_canvas = !self.state.layers.over_canvas;
            self.state.panels.gallery.over_canvas = false;
            return;
        }
        let is_hidden = self.layout(ctx).gallery == PanelForm::Hidden;
        let is_open = crate::ui::layers::panel::is_open(&self.state);
        self.state.layers.open = Some(is_hidden || !is_open);
        self.state.panels.gallery.open = true;
    }

    fn choose_row(&mut self, row: LayerRow) {
        self.state.layers.wants_words = false;
        let canvas = &mut self.state.canvas;
        canvas.document.end_stroke();
        if canvas.chosen_row.layer() != row.layer() {
            place::apply(canvas, PlaceAction::Release);
            canvas.placing.is_on = false;
        }
        canvas.chosen_row = row;
        // The tool in hand goes along with what it works on.
        match row {
            LayerRow::Picture if matches!(canvas.tool, Tool::Brush | Tool::Eraser) => canvas.tool = Tool::Colour,
            LayerRow::Mask | LayerRow::Layer(_) | LayerRow::LayerMask(_) if canvas.tool == Tool::Colour => {
                canvas.tool = Tool::Brush;
            }
            LayerRow::Layer(_) | LayerRow::LayerMask(_) if canvas.tool == Tool::Select => canvas.tool = Tool::Brush,
            _ => {}
        }
    }

    fn step_row(&mut self, by: isize) {
        let rows = naming::rows(&self.state);
        let at = rows.iter().position(|row| *row == self.state.canvas.chosen()).unwrap_or(0);
        if let Some(row) = at.checked_add_signed(by).and_then(|at| rows.get(at)) {
            self.choose_row(*row);
        }
    }

    /// A file is read by the store first; it becomes a layer when it arrives.
    pub(super) fn add_layer(&mut self, new: NewLayer) {
        if !self.state.canvas.is_restored {
            return;
        }
        let model = self.state.model().cloned();
        let paper_px = self.state.prompt.size_px;
        let settings = |state: &Self, name: &str, kind| {
            let name = free_name(state.state.canvas.document.stack(), name);
            state.state.layers.new_control(&name, kind, model.as_ref())
        };
        match new {
            NewLayer::Scribble => {
                let settings = settings(self, "Scribble", Some(crate::job::ControlKind::Scribble));
                self.state.canvas.add_layer(settings, paper_px, move |canvas| {
                    Some(Content::empty_drawing(canvas.size_px().unwrap_or(paper_px)))
                });
            }
            NewLayer::Pose => self.add_pose(),
            NewLayer::Region => {
                let settings = LayersState::new_region(self.state.canvas.document.stack());
                self.state.canvas.add_layer(settings, paper_px, move |canvas| {
                    Some(Content::empty_drawing(canvas.size_px().unwrap_or(paper_px)))
                });
            }
            NewLayer::RegionOfMask => {
                let settings = LayersState::new_region(self.state.canvas.document.stack());
                self.state.canvas.add_layer(settings, paper_px, |canvas| Some(canvas.mask_as_drawing()));
            }
            NewLayer::AreasOfRegions => self.add_areas(),
            NewLayer::OfPicture(Maker::Network(annotator)) => self.annotate_canvas(annotator),
            NewLayer::OfPicture(Maker::Plain(kind)) => {
                let maker = Maker::Plain(kind);
                let mut settings = settings(self, maker.name(), maker.shows());
                settings.opacity = maker.opacity();
                self.state.canvas.add_layer(settings, paper_px, move |canvas| made_of_canvas(canvas, kind));
            }
            NewLayer::OfFile(file, maker) => self.open_layer(file, Becomes::Control(maker)),
            NewLayer::Reference(file) => self.open_layer(file, Becomes::Reference),
        }
        self.work_on_canvas();
    }

    /// Handles around the chosen layer, where it has a place that can be changed.
    fn toggle_handles(&mut self) {
        let canvas = &mut self.state.canvas;
        let cannot = match canvas.chosen_layer() {
            _ if canvas.placing.is_on => None,
            None => Some("Choose a layer to move it.".to_owned()),
            Some(layer) => place::may_place(layer).err(),
        };
        if let Some(sentence) = cannot {
            self.state.toasts.note(sentence);
            return;
        }
        if !canvas.placing.is_on {
            canvas.look_at_canvas(false);
        }
        place::apply(canvas, PlaceAction::Toggle);
    }

    fn open_layer(&mut self, file: PathBuf, becomes: Becomes) {
        self.remember_folder(file.parent());
        self.state.layers.opening.push((file.clone(), becomes));
        self.store.send(StoreCommand::LoadPicture(file));
    }

    /// A layer's picture lies on the canvas no more.
    fn make_reference(&mut self, id: LayerId) {
        let model = self.state.model().cloned();
        let Some(layer) = self.state.canvas.document.stack().get(id) else { return };
        let before = &layer.settings;
        let new = self.state.layers.new_reference(before.name.clone(), model.as_ref());
        let settings = LayerSettings { is_on: before.is_on, is_locked: before.is_locked, ..new };
        self.set_layer(id, |state| {
            state.settings = settings;
            true
        });
    }

    /// A file arrived that was to become a layer. Nothing is done where it was not.
    pub(in crate::ui) fn layer_arrived(&mut self, file: &std::path::Path, picture: &Arc<Picture>) -> bool {
        let own_name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let maker = match self.state.layers.take_off(file) {
            None => return false,
            Some(Becomes::Control(maker)) => maker,
            Some(Becomes::Reference) => {
                let model = self.state.model().cloned();
                let settings = self.state.layers.new_reference(own_name, model.as_ref());
                let (picture, paper_px) = (Arc::clone(picture), self.state.prompt.size_px);
                self.state.canvas.add_layer(settings, paper_px, move |_| Some(Content::Picture(picture)));
                self.work_on_canvas();
                return true;
            }
        };
        if let Some(Maker::Network(annotator)) = maker {
            self.annotate(annotator, Arc::clone(picture));
            return true;
        }
        let model = self.state.model().cloned();
        let name = maker.map_or(own_name, |maker| maker.name().to_owned());
        let mut settings = self.state.layers.new_control(&name, maker.and_then(Maker::shows), model.as_ref());
        settings.opacity = maker.map_or(0.5, Maker::opacity);
        let (picture, paper_px) = (Arc::clone(picture), [picture.width(), picture.height()]);
        self.state.canvas.add_layer(settings, paper_px, move |canvas| {
            let made = match maker {
                Some(Maker::Plain(kind)) => Arc::new(kind.made_of(&picture, PreprocessSettings::default(), None)),
                _ => Arc::clone(&picture),
            };
            Some(Content::of_picture(made, canvas.size_px().unwrap_or(paper_px)))
        });
        self.work_on_canvas();
        true
    }

    fn toggle_eye(&mut self, row: LayerRow) {
        let canvas = &mut self.state.canvas;
        match row {
            LayerRow::Mask => canvas.overlay.hides_mask = !canvas.overlay.hides_mask,
            LayerRow::Picture if !canvas.has_picture() => {}
            LayerRow::Picture => {
                canvas.document.change_stack(|stack| {
                    stack.base.picture_is_off = !stack.base.picture_is_off;
                    true
                });
            }
            LayerRow::Layer(id) | LayerRow::LayerMask(id) => self.set_layer(id, |state| {
                state.settings.is_on = !state.settings.is_on;
                true
            }),
        }
    }

    /// One step on one layer.
    fn set_layer(&mut self, id: LayerId, set: impl FnOnce(&mut LayerState) -> bool) {
        self.state
            .canvas
            .document
            .change_stack(|stack| stack.layers.iter_mut().find(|state| state.id == id).is_some_and(set));
    }

    fn merge_down(&mut self, id: LayerId) {
        let canvas = &mut self.state.canvas;
        let layers = canvas.document.stack().layers();
        let Some(at) = layers.iter().position(|layer| layer.id == id) else { return };
        let below = layers.get(at + 1);
        if let Some(reason) = cannot_merge(&layers[at], below) {
            self.state.toasts.note(format!("{reason}."));
        } else if let Some(below) = below.map(|layer| layer.id) {
            canvas.merge_down(id);
            canvas.chosen_row = LayerRow::Layer(below);
        }
    }

    fn move_layer(&mut self, id: LayerId, place: usize) {
        self.state.canvas.document.change_stack(|stack| {
            let Some(at) = stack.layers.iter().position(|layer| layer.id == id) else { return false };
            let place = place.min(stack.layers.len() - 1);
            let layer = stack.layers.remove(at);
            stack.layers.insert(place, layer);
            at != place
        });
    }

    fn delete_layer(&mut self, id: LayerId) {
        let canvas = &mut self.state.canvas;
        let layers = canvas.document.stack().layers();
        let Some(at) = layers.iter().position(|layer| layer.id == id) else { return };
        let Layer { settings, content, mask, .. } = layers[at].clone();
        if settings.is_locked {
            self.state.toasts.note(format!("{} is locked: the lock in its row opens it.", settings.name));
            return;
        }
        let next = layers.get(at + 1).map_or(LayerRow::Mask, |layer| LayerRow::Layer(layer.id));
        if canvas.chosen_row.layer() == Some(id) {
            canvas.chosen_row = next;
        }
        canvas.document.change_stack(|stack| {
            stack.layers.remove(at);
            true
        });
        let name = settings.name.clone();
        self.state.layers.removed = Some((at, LayerState::new(id, settings, content, mask)));
        let undo = Action::Layers(LayerAction::PutBack);
        self.state.toasts.offer(format!("{name} is deleted."), "Undo", undo);
    }

    /// Where it was undone already, it is there.
    fn put_layer_back(&mut self) {
        let Some((at, layer)) = self.state.layers.removed.take() else { return };
        let canvas = &mut self.state.canvas;
        let id = layer.id;
        if canvas.document.stack().get(id).is_none() && canvas.has_picture() {
            canvas.document.change_stack(|stack| {
                stack.layers.insert(at.min(stack.layers.len()), layer);
                true
            });
        }
        canvas.chosen_row = LayerRow::Layer(id);
    }
}

fn made_of_canvas(canvas: &Snapshot, kind: Preprocessor) -> Option<Content> {
    let picture = canvas.whole_picture()?;
    let made = kind.made_of(&picture, PreprocessSettings::default(), Some(canvas.mask()));
    Some(Content::of_picture(Arc::new(made), canvas.size_px()?))
}
