//! Whether there is a newer Inkwick: asked only where a person wants that, and said once.

use crate::ui::action::{Action, WindowAction};
use crate::ui::app::studio::Studio;

/// Where releases are read about and fetched by hand.
pub(crate) const RELEASES_PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/releases");

impl Studio {
    /// Asks on a thread of its own. Who works offline, or was never asked for it, asks nobody.
    pub(crate) fn look_for_update(&mut self) {
        let preferences = &self.saver.current.preferences;
        let is_wanted = preferences.looks_for_updates && !preferences.works_offline;
        if let Some(ask) = self.services.ask_for_update.clone().filter(|_| is_wanted) {
            let answer = move || Some(Action::Window(WindowAction::NewerVersion(ask()?)));
            self.background.aside(None, answer);
        }
    }

    pub(crate) fn tell_of_update(&mut self, version: String) {
        let text = format!("Inkwick {version} is out; this is {}.", env!("CARGO_PKG_VERSION"));
        self.state.toasts.offer(text, "See what is new", Action::Window(WindowAction::OpenReleases));
        self.state.newer_version = Some(version);
    }
}
