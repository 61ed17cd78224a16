//! What the settings' actions do: each change holds at once, for the window and for whoever works behind it.

use std::path::PathBuf;
use std::sync::Arc;

use egui::Context;

use crate::engine::device::Processor;
use crate::store::keys::{self, KeyNames};
use crate::store::settings::Settings;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, DialogRequest, LibraryAction, SettingsAction, Sheet};
use crate::ui::app::gallery_start::folder_text;
use crate::ui::app::settings::theme_of;
use crate::ui::app::studio::Studio;
use crate::ui::input::keymap::{self, Keymap};
use crate::ui::theme;

impl Studio {
    pub(super) fn apply_to_settings(&mut self, ctx: &Context, action: SettingsAction) {
        match action {
            SettingsAction::Open => self.open_settings(""),
            SettingsAction::Find(what) => self.open_settings(what),
            SettingsAction::Change(settings) => self.change_settings(ctx, *settings),
            SettingsAction::PicturesFolderDialog => self.dialog(DialogRequest::PicturesFolder),
            SettingsAction::PicturesFolder(folder) => self.use_pictures_folder(ctx, folder),
            SettingsAction::Keys(keys) => self.use_keys(ctx, keys),
            SettingsAction::ForgetPrompts => {
                self.saver.current.prompt_history.clear();
                self.saver.touch();
            }
            SettingsAction::ProcessorNamed(text) => self.processor_named(text),
            SettingsAction::CardsFound(cards) => self.state.settings.cards = Some(cards),
            SettingsAction::Connect(choice) => self.connect(choice),
            SettingsAction::Connected(answer) => self.connected(*answer),
            SettingsAction::LookForMachines => self.look_for_machines(),
            SettingsAction::MachinesNearby(answer) => self.machines_nearby(answer),
            SettingsAction::ComputeHere => self.compute_here(),
        }
    }

    /// As they hold now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.saver.current.clone()
    }

    /// The keys that are otherwise than usual.
    #[must_use]
    pub fn keys(&self) -> &KeyNames {
        &self.services.keys
    }

    /// What the next picture is computed on.
    #[must_use]
    pub fn processor(&self) -> Processor {
        self.services.processor.get()
    }

    fn open_settings(&mut self, search: &str) {
        self.state.settings.open(search);
        self.state.sheet = Some(Sheet::Settings);
        let find = Arc::clone(&self.services.cards);
        self.background.aside(None, move || Some(Action::Settings(SettingsAction::CardsFound(find()))));
    }

    /// Takes over what the settings' window can change, and nothing else: the rest may be newer here.
    fn change_settings(&mut self, ctx: &Context, new: Settings) {
        let theme = theme_of(&new);
        self.state.theme = theme;
        ctx.set_theme(theme);
        if (new.ui_scale - self.saver.current.ui_scale).abs() > f32::EPSILON {
            self.saver.current.ui_scale = new.ui_scale;
            ctx.set_zoom_factor(new.ui_scale);
        }
        self.state.memory.compute = new.draft.request.compute;
        self.state.canvas.tools = new.tools;
        let forgotten = self.saver.current.known_models.iter().filter(|folder| !new.known_models.contains(folder));
        for folder in forgotten.cloned().collect::<Vec<_>>() {
            self.apply(ctx, Action::Library(LibraryAction::ForgetFolder(folder)));
        }
        let old = std::mem::replace(&mut self.saver.current.preferences, new.preferences);
        self.saver.touch();
        let now = self.saver.current.preferences.clone();
        if (old.accent, old.less_motion) != (now.accent, now.less_motion) {
            theme::apply_with(ctx, now.accent, now.less_motion);
        }
        if old.saving.folder != now.saving.folder {
            let folder = self.pictures_folder();
            self.state.gallery.folder_text = folder_text(&folder);
            self.store.send(StoreCommand::UsePicturesFolder(folder));
            self.store.send(StoreCommand::ScanGallery);
        }
        self.services.saving.set(now.saving);
        if old.machine.is_some() && now.machine.is_none() {
            self.compute_here();
        }
        if (old.looks_for_updates, old.works_offline) != (now.looks_for_updates, now.works_offline) {
            self.look_for_update();
        }
        if old.processor != now.processor {
            self.engine.set_workers(now.processor.devices().count());
            self.services.processor.set(now.processor.clone());
            // A driver may take its time to answer.
            let name = move || Some(Action::Settings(SettingsAction::ProcessorNamed(now.processor.label())));
            self.background.aside(None, name);
        }
    }

    fn use_pictures_folder(&mut self, ctx: &Context, folder: PathBuf) {
        let mut settings = self.saver.current.clone();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        settings.preferences.saving.folder = (folder != self.services.paths.pictures_folder).then_some(folder);
        self.change_settings(ctx, settings);
        self.open_settings("Pictures and files");
    }

    fn use_keys(&mut self, ctx: &Context, keys: KeyNames) {
        let (keymap, _) = Keymap::new(&keys);
        keymap::install(ctx, keymap);
        let path = keys::file_beside(&self.services.paths.settings_file);
        self.store.send(StoreCommand::SaveKeys { path, keys: keys.clone() });
        self.services.keys = keys;
    }
}
