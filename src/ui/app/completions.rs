//! What may be meant by what is being written, looked for on a thread of its own.

use std::sync::Arc;

use crate::store::settings::Settings;
use crate::store::words::Words;
use crate::store::worker::StoreCommand;
use crate::ui::app::asker::Asker;
use crate::ui::app::studio::Studio;
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

impl Studio {
    /// Asks for what is being written, and takes what was found.
    pub(super) fn complete_words(&mut self) {
        let words = &mut self.state.words;
        if words.history != self.saver.current.prompt_history {
            words.history.clone_from(&self.saver.current.prompt_history);
        }
        for lora in self.state.loras.unread() {
            self.store.send(StoreCommand::ReadTriggerWords(lora));
        }
        let Some(wanted) = words.wanted.clone() else { return };
        let answer = self.completions.poll(|asked| *asked == wanted, || wanted.clone());
        words.answer = answer.or(words.answer.take());
    }

    /// The user's files were looked through; what is wrong with them is said once.
    pub(super) fn words_arrived(&mut self, files: Arc<Words>) {
        let words = &mut self.state.words;
        for problem in files.problems.iter().filter(|problem| !words.told_problems.contains(problem)) {
            self.state.toasts.error(problem.clone(), None);
        }
        words.told_problems.clone_from(&files.problems);
        words.files = files;
    }
}
