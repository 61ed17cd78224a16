//! What each of the store's commands does, on the store's thread.

use super::models::ModelEntry;
use super::paths::Paths;
use super::pending::Task;
use super::worker::{StoreCommand, StoreEvent};

pub struct Tasks {
    paths: Paths,
}

impl Tasks {
    pub fn new(paths: Paths) -> Self {
        Self { paths }
    }

    pub fn run(&self, task: Task, post: &mut dyn FnMut(StoreEvent)) {
        match task {
            Task::SaveSettings(settings) => {
                if let Err(error) = settings.save(&self.paths.settings_file) {
                    post(StoreEvent::Problem(error.to_string()));
                }
            }
            Task::SkipThumbnails(paths) => post(StoreEvent::ThumbnailsSkipped(paths)),
            Task::Thumbnail(_) => {}
            Task::Command(command) => Self::answer(command, post),
        }
    }

    fn answer(command: StoreCommand, post: &mut dyn FnMut(StoreEvent)) {
        if let StoreCommand::ListModels { .. } = command {
            post(StoreEvent::Models(vec![ModelEntry::built_in()]));
        }
    }
}
