//! What the list's menus offer: new layers, and what can be done with one.

use egui::Ui;

use crate::canvas::{Content, Layer, LayerUse};
use crate::job::Pose;
use crate::ui::action::{
    Action, CanvasAction, LayerAction, LayerRow, Maker, MaskStep, NewLayer, PlaceAction, PoseAction,
};
use crate::ui::canvas::place;
use crate::ui::input::keymap;
use crate::ui::input::shortcuts::Command;
use crate::ui::state::AppState;
use crate::ui::theme::icons;
use crate::ui::widgets::MenuItem;

pub(crate) const WIDTH: f32 = 240.0;

/// "Edges of the picture"
fn words_of(maker: Maker, of_what: &str) -> String {
    format!("{} of {of_what}", maker.name())
}

pub(crate) fn add(ui: &mut Ui, state: &AppState, actions: &mut Vec<Action>) {
    ui.set_width(WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
    let key = keymap::written(ui.ctx(), Command::NewLayer);
    let scribble = MenuItem::new("Scribble to draw on").icon(icons::SCRIBBLE_LOOP).key(&key);
    if ui.add(scribble).on_hover_text("White strokes that the next picture follows").clicked() {
        actions.push(Action::Layers(LayerAction::Add(NewLayer::Scribble)));
    }
    let pose = MenuItem::new("Pose to move").icon(" ");
    if ui
        .add(pose)
        .on_hover_text("A skeleton whose points are dragged: the next picture's person stands like it")
        .clicked()
    {
        actions.push(Action::Layers(LayerAction::Add(NewLayer::Pose)));
    }
    let region = MenuItem::new("Region with words of its own").icon(icons::POLYGON);
    let hint = "An area is painted in which the next picture follows other words";
    if ui.add(region).on_hover_text(hint).clicked() {
        actions.push(Action::Layers(LayerAction::Add(NewLayer::Region)));
    }
    let has_mask = !state.canvas.document.mask().is_empty();
    let of_mask = ui.add_enabled(has_mask, MenuItem::new("Region of the mask").icon(" "));
    let of_mask = of_mask.on_hover_text("What is masked becomes a region: a thing that was selected, for example");
    if of_mask.on_disabled_hover_text("Nothing is masked").clicked() {
        actions.push(Action::Layers(LayerAction::Add(NewLayer::RegionOfMask)));
    }
    ui.add(egui::Separator::default().spacing(9.0));
    let has_picture = state.canvas.has_picture();
    for makers in Maker::OFFERED {
        for maker in makers {
            let words = words_of(*maker, "the picture");
            let item = ui.add_enabled(has_picture, MenuItem::new(&words).icon(" "));
            if item.on_disabled_hover_text("There is no picture on the canvas").clicked() {
                actions.push(Action::Layers(LayerAction::Add(NewLayer::OfPicture(*maker))));
            }
        }
        ui.add(egui::Separator::default().spacing(9.0));
    }
    let layers = state.canvas.document.stack().layers();
    let is_area = |layer: &Layer| layer.settings.layer_use.region().is_some() && !layer.content.is_empty();
    let areas = ui.add_enabled(layers.iter().any(is_area), MenuItem::new("Areas of the regions").icon(" "));
    let hint = "For segmentation networks: each region in the colour of what it is called, sky, tree, person …";
    let areas = areas.on_hover_text(hint);
    if areas.on_disabled_hover_text("Paint regions first, and call them by what is there").clicked() {
        actions.push(Action::Layers(LayerAction::Add(NewLayer::AreasOfRegions)));
    }
    let reference = MenuItem::new("A reference picture…").icon(icons::PAPERCLIP);
    let hint = "The prompt speaks of it: its style, its things, its face";
    if ui.add(reference).on_hover_text(hint).clicked() {
        actions.push(Action::Layers(LayerAction::AddReferenceDialog));
    }
    if let Some(file) = state.shown_file().filter(|_| state.is_over_canvas()) {
        let item = ui.add(MenuItem::new("The shown picture as reference").icon(" "));
        if item.clicked() {
            actions.push(Action::Layers(LayerAction::Add(NewLayer::Reference(file.clone()))));
        }
        let item = ui.add(MenuItem::new("The shown picture").icon(icons::IMAGE_SQUARE));
        if item.on_hover_text("As it is: a depth map, a pose, a drawing").clicked() {
            actions.push(Action::Layers(LayerAction::Add(NewLayer::OfFile(file, None))));
        }
    }
    let file = ui.add(MenuItem::new("A picture file as control…").icon(icons::FOLDER_OPEN));
    if file.on_hover_text("As it is: a depth map, a pose, areas by colour, a drawing").clicked() {
        actions.push(Action::Layers(LayerAction::AddFileDialog));
    }
}

/// For one row: the chosen one, or the one under a right click.
pub(crate) fn row(ui: &mut Ui, row: LayerRow, state: &AppState, actions: &mut Vec<Action>) {
    ui.set_width(WIDTH);
    ui.spacing_mut().item_spacing.y = 0.0;
    let stack = state.canvas.document.stack();
    let base = *stack.base();
    let mut line = |ui: &mut Ui, icon: &str, words: &str, command: Option<Command>, enabled: bool, action: Action| {
        let key = command.map(|command| keymap::written(ui.ctx(), command)).unwrap_or_default();
        if ui.add_enabled(enabled, MenuItem::new(words).icon(icon).key(&key)).clicked() {
            actions.push(action);
            ui.close();
        }
    };
    let layers = Action::Layers;
    let lock_words = |is_locked: bool| if is_locked { "Unlock" } else { "Lock" };
    // The keys go to the chosen row.
    let key = |command: Command| (state.canvas.chosen() == row).then_some(command);
    match row {
        LayerRow::Picture => {
            let words = if base.picture_is_off { "Work on the picture again" } else { "Switch the picture off" };
            let has_picture = state.canvas.has_picture();
            line(ui, icons::EYE, words, key(Command::LayerEye), has_picture, layers(LayerAction::ToggleEye(row)));
            let words = lock_words(base.picture_is_locked);
            line(ui, icons::LOCK, words, key(Command::LayerLock), has_picture, layers(LayerAction::ToggleLock(row)));
        }
        LayerRow::Mask => {
            let words = if state.canvas.overlay.hides_mask { "Show the mask" } else { "Hide the mask" };
            let toggle = Action::Canvas(CanvasAction::ToggleMask);
            let has_picture = state.canvas.has_picture();
            line(ui, icons::EYE, words, Some(Command::ToggleMask), has_picture, toggle);
            let words = lock_words(base.mask_is_locked);
            line(ui, icons::LOCK, words, key(Command::LayerLock), has_picture, layers(LayerAction::ToggleLock(row)));
            let clear = Command::Mask(MaskStep::Clear);
            let has_mask = !state.canvas.document.mask().is_empty();
            let action = Action::Canvas(CanvasAction::Mask(MaskStep::Clear));
            line(ui, icons::TRASH, "Clear the mask", Some(clear), has_mask, action);
        }
        LayerRow::LayerMask(id) => {
            let may_change = stack.get(id).is_some_and(|layer| !layer.settings.is_locked);
            let invert = layers(LayerAction::InvertMask(id));
            line(ui, icons::CIRCLE_HALF, "Invert where it counts", None, may_change, invert);
            let remove = layers(LayerAction::RemoveMask(id));
            line(ui, icons::TRASH, "Remove this mask", key(Command::Trash), may_change, remove);
        }
        LayerRow::Layer(id) => {
            let Some(layer) = stack.get(id) else { return };
            let settings = &layer.settings;
            let words = if settings.is_on { "Switch off" } else { "Switch on" };
            line(ui, icons::EYE, words, key(Command::LayerEye), true, layers(LayerAction::ToggleEye(row)));
            line(ui, " ", "This one alone", None, true, layers(LayerAction::Solo(id)));
            let words = lock_words(settings.is_locked);
            line(ui, icons::LOCK, words, key(Command::LayerLock), true, layers(LayerAction::ToggleLock(row)));
            line(ui, " ", "Rename", key(Command::RenameLayer), true, layers(LayerAction::BeginRename(id)));
            let duplicate = layers(LayerAction::Duplicate(id));
            line(ui, icons::COPY, "Duplicate", key(Command::DuplicateLayer), true, duplicate);
            let at = stack.layers().iter().position(|other| other.id == id).unwrap_or(0);
            let to = |place: usize| layers(LayerAction::MoveTo { layer: id, place });
            line(ui, icons::CARET_UP, "To the front by one", key(Command::LayerUp), at > 0, to(at.saturating_sub(1)));
            let is_last = at + 1 == stack.layers().len();
            line(ui, icons::CARET_DOWN, "To the back by one", key(Command::LayerDown), !is_last, to(at + 1));
            let cannot = crate::canvas::cannot_merge(layer, stack.layers().get(at + 1));
            let merge = layers(LayerAction::MergeDown(id));
            line(ui, " ", "Merge with the one below", key(Command::MergeDown), cannot.is_none(), merge);
            ui.add(egui::Separator::default().spacing(9.0));
            let may_change = !settings.is_locked;
            if let Some(pose) = settings.layer_use.pose() {
                let add = layers(LayerAction::Pose(PoseAction::AddPerson(id)));
                let has_room = pose.people.len() < Pose::MOST_PEOPLE;
                line(ui, icons::PLUS, "Add a person", None, may_change && has_room, add);
                let remove = layers(LayerAction::Pose(PoseAction::RemovePerson(id)));
                let words = "Take the last moved person away";
                line(ui, " ", words, None, may_change && !pose.people.is_empty(), remove);
            }
            if place::may_place(layer).is_ok() {
                let place = layers(LayerAction::Place(PlaceAction::Toggle));
                let is_chosen = state.canvas.chosen_layer().is_some_and(|chosen| chosen.id == id);
                line(ui, icons::ARROWS_OUT, "Move, scale, turn", key(Command::PlaceLayer), is_chosen, place);
            }
            // A region is its own mask.
            let invert = match &settings.layer_use {
                LayerUse::Region(_) => Some("Invert the area"),
                LayerUse::Control(_) => Some("Black for white"),
                LayerUse::Reference(_) => None,
            };
            if settings.layer_use.region().is_none() {
                let may_add = may_change && layer.mask.is_none();
                line(ui, icons::CIRCLE_HALF, "Mask of its own", None, may_add, layers(LayerAction::AddMask(id)));
            }
            if let Some(words) = invert {
                line(ui, " ", words, None, may_change, layers(LayerAction::Invert(id)));
            }
            if settings.layer_use.control().is_some() && matches!(layer.content, Content::Picture(_)) {
                let reference = layers(LayerAction::MakeReference(id));
                line(ui, icons::PAPERCLIP, "Use it as reference", None, may_change, reference);
            }
            let has_strokes = may_change && matches!(layer.content, Content::Drawing(_));
            let clear = layers(LayerAction::Clear(id));
            line(ui, icons::ERASER, "Clear what is drawn", None, has_strokes && !layer.content.is_empty(), clear);
            let delete = layers(LayerAction::Delete(id));
            line(ui, icons::TRASH, "Delete", key(Command::Trash), may_change, delete);
        }
    }
}

/// In the menu of a picture that is kept: what of it becomes a layer.
pub(crate) fn of_file(ui: &mut Ui, file: &std::path::Path, actions: &mut Vec<Action>) {
    let mut line = |ui: &mut Ui, icon: &str, words: &str, new: NewLayer| {
        if ui.add(MenuItem::new(words).icon(icon)).clicked() {
            actions.push(Action::Layers(LayerAction::Add(new)));
            ui.close();
        }
    };
    let file = || file.to_path_buf();
    line(ui, icons::STACK, "Use this as control", NewLayer::OfFile(file(), None));
    line(ui, icons::PAPERCLIP, "Use this as reference", NewLayer::Reference(file()));
    let [plain, networks] = Maker::OFFERED;
    for maker in plain[..3].iter().chain(networks) {
        line(ui, " ", &words_of(*maker, "this"), NewLayer::OfFile(file(), Some(*maker)));
    }
}
