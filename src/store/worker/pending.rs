//! What the window has asked for and a thread of the store has not begun yet.
//!
//! Asking never blocks: repeated commands become one, and thumbnails that nobody can be looking at any more are given up.

use std::collections::VecDeque;
use std::path::PathBuf;

use crate::store::settings::Settings;
use crate::store::worker::gallery_message::GalleryCommand;
use crate::store::worker::message::StoreCommand;

/// More than any screen shows at once.
const MAX_THUMBNAILS: usize = 512;

/// One thing for the thread to do next.
#[derive(Debug)]
pub(crate) enum Task {
    SaveSettings(Box<Settings>),
    Command(StoreCommand),
    SkipThumbnails(Vec<PathBuf>),
    Thumbnail(PathBuf),
}

#[derive(Debug, Default)]
pub(crate) struct Pending {
    settings: Option<Box<Settings>>,
    /// Before all others, oldest first.
    urgent: VecDeque<StoreCommand>,
    commands: VecDeque<StoreCommand>,
    /// Newest last.
    thumbnails: VecDeque<PathBuf>,
    skipped: Vec<PathBuf>,
    closed: bool,
}

impl Pending {
    pub(crate) fn push(&mut self, command: StoreCommand) {
        match command {
            StoreCommand::SaveSettings(settings) => self.settings = Some(settings),
            StoreCommand::LoadThumbnail(path) => self.push_thumbnail(path),
            StoreCommand::ResolveReferences { .. } => self.urgent.push_back(command),
            StoreCommand::ScanGallery
            | StoreCommand::IndexGallery
            | StoreCommand::SearchGallery(_)
            | StoreCommand::ReadWords { .. }
            | StoreCommand::ListModels { .. } => {
                let kind = std::mem::discriminant(&command);
                self.commands.retain(|waiting| std::mem::discriminant(waiting) != kind);
                self.commands.push_back(command);
            }
            _ => self.commands.push_back(command),
        }
    }

    /// What someone waits for goes first, thumbnails last. After `close`, only what would be lost is left.
    pub(crate) fn next(&mut self) -> Option<Task> {
        if let Some(command) = self.urgent.pop_front().or_else(|| self.commands.pop_front()) {
            return Some(Task::Command(command));
        }
        if let Some(settings) = self.settings.take() {
            return Some(Task::SaveSettings(settings));
        }
        if !self.skipped.is_empty() {
            return Some(Task::SkipThumbnails(std::mem::take(&mut self.skipped)));
        }
        self.thumbnails.pop_back().map(Task::Thumbnail)
    }

    /// Nothing more comes. Drops what only a window could use.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.thumbnails.clear();
        self.skipped.clear();
        self.urgent.clear();
        self.commands.retain(would_be_lost);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    fn push_thumbnail(&mut self, path: PathBuf) {
        self.thumbnails.retain(|waiting| *waiting != path);
        if self.thumbnails.len() == MAX_THUMBNAILS
            && let Some(oldest) = self.thumbnails.pop_front()
        {
            self.skipped.push(oldest);
        }
        self.thumbnails.push_back(path);
    }
}

/// Whether a command changes something on disk that a person has asked for.
fn would_be_lost(command: &StoreCommand) -> bool {
    use StoreCommand as C;
    match command {
        C::SaveSettings(_)
        | C::DeletePictures(_)
        | C::SaveAs { .. }
        | C::SavePicture { .. }
        | C::KeepPicture { .. }
        | C::SaveCanvas { .. }
        | C::SaveMask { .. }
        | C::SaveProject { .. }
        | C::KeepSteps(_)
        | C::OfGallery(GalleryCommand::Label(_) | GalleryCommand::ForgetLabels(_))
        | C::SaveKeys { .. }
        | C::KeepStyle(_)
        | C::ForgetStyle(_)
        | C::DiscardDownload(_) => true,
        C::ScanGallery
        | C::IndexGallery
        | C::SearchGallery(_)
        // Watching is for what is listed, and an export that nobody follows writes no more.
        | C::OfGallery(
            GalleryCommand::Watch(_)
            | GalleryCommand::FindFamily(_)
            | GalleryCommand::OpenLabels
            | GalleryCommand::ListFacets
            | GalleryCommand::Export(_),
        )
        | C::LoadThumbnail(_)
        | C::LoadPicture(_)
        | C::LoadResults(_)
        | C::Reveal(_)
        | C::RevealFolder(_)
        | C::ListModels { .. }
        | C::ReadWords { .. }
        | C::ReadTriggerWords(_)
        | C::InspectModel(_)
        | C::FileModel { .. }
        | C::InspectFile(_)
        | C::ResolveReferences { .. }
        | C::ReadRequest { .. }
        | C::DescribePictures(_)
        | C::LoadMask(_)
        | C::OpenProject(_)
        | C::UsePicturesFolder(_)
        | C::OpenCanvas
        | C::FindUnfinished => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::settings::Theme;

    fn drain(pending: &mut Pending) -> Vec<Task> {
        std::iter::from_fn(|| pending.next()).collect()
    }

    #[test]
    fn only_the_newest_settings_are_written() {
        let mut pending = Pending::default();
        for theme in [Theme::Dark, Theme::System, Theme::Light] {
            pending.push(StoreCommand::SaveSettings(Box::new(Settings { theme, ..Settings::default() })));
        }
        let tasks = drain(&mut pending);
        assert!(matches!(&tasks[..], [Task::SaveSettings(settings)] if settings.theme == Theme::Light));
    }

    #[test]
    fn the_newest_thumbnail_comes_first_and_after_everything_else() {
        let mut pending = Pending::default();
        for name in ["a", "b", "a"] {
            pending.push(StoreCommand::LoadThumbnail(name.into()));
        }
        pending.push(StoreCommand::ScanGallery);
        pending.push(StoreCommand::ScanGallery);
        let tasks = drain(&mut pending);
        let [Task::Command(StoreCommand::ScanGallery), Task::Thumbnail(first), Task::Thumbnail(second)] = &tasks[..]
        else {
            panic!("{tasks:?}");
        };
        assert_eq!((first.to_str(), second.to_str()), (Some("a"), Some("b")));
    }

    #[test]
    fn outdated_thumbnails_are_given_up_and_reported() {
        let mut pending = Pending::default();
        for number in 0..5000 {
            pending.push(StoreCommand::LoadThumbnail(number.to_string().into()));
        }
        let tasks = drain(&mut pending);
        let Task::SkipThumbnails(skipped) = &tasks[0] else { panic!("{:?}", tasks[0]) };
        assert_eq!(skipped.len(), 5000 - MAX_THUMBNAILS);
        assert!(matches!(&tasks[1], Task::Thumbnail(path) if path.to_str() == Some("4999")));
        assert_eq!(tasks.len(), 1 + MAX_THUMBNAILS);
    }

    #[test]
    fn closing_keeps_what_would_be_lost() {
        let mut pending = Pending::default();
        pending.push(StoreCommand::SaveSettings(Box::default()));
        pending.push(StoreCommand::ScanGallery);
        pending.push(StoreCommand::LoadThumbnail("a".into()));
        pending.push(StoreCommand::DeletePictures(vec!["b".into()]));
        pending.close();
        let tasks = drain(&mut pending);
        assert!(
            matches!(&tasks[..], [Task::Command(StoreCommand::DeletePictures(_)), Task::SaveSettings(_)]),
            "{tasks:?}"
        );
    }
    #[test]
    fn a_press_of_generate_goes_before_files_in_the_order_of_presses() {
        let mut pending = Pending::default();
        pending.push(StoreCommand::ScanGallery);
        for id in [1, 2] {
            pending.push(StoreCommand::ResolveReferences {
                id,
                request: Box::default(),
                picture_count: 1,
                folders: Vec::new(),
            });
        }
        let tasks = drain(&mut pending);
        let ids = tasks.iter().map(|task| match task {
            Task::Command(StoreCommand::ResolveReferences { id, .. }) => *id,
            _ => 0,
        });
        assert_eq!(ids.collect::<Vec<_>>(), [1, 2, 0]);
        pending.push(StoreCommand::ResolveReferences {
            id: 3,
            request: Box::default(),
            picture_count: 1,
            folders: Vec::new(),
        });
        pending.push(StoreCommand::DiscardDownload("somebody/dreamer".into()));
        pending.close();
        assert!(matches!(&drain(&mut pending)[..], [Task::Command(StoreCommand::DiscardDownload(_))]));
    }
}
