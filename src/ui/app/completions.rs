//! What may be meant by what is being written, looked for on a thread of its own.

use std::sync::Arc;

use crate::store::settings::Settings;
use crate::store::worker::StoreCommand;
use crate::ui::app::asker::Asker;
use crate::ui::prompt::words::state::{CompletionAnswer, CompletionQuestion};

pub(crate) type Completions = Asker<CompletionQuestion, CompletionAnswer>;

#[must_use]
pub(crate) fn start(ctx: &egui::Context) -> Completions {
    Asker::start("inkwick-words", Some(Arc::new(CompletionQuestion::answer)), ctx)
}

/// Asks for the user's files as the settings have them.
#[must_use]
pub(crate) fn read_words(settings: &Settings) -> StoreCommand {
    StoreCommand::ReadWords { folders: settings.known_models.clone(), tags: settings.tags_file.clone() }
}
