//! What the actions on compared pictures do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::raster::difference;
use crate::store::worker::StoreCommand;
use crate::ui::action::{Action, CompareAction};
use crate::ui::app::studio::Studio;
use crate::ui::compare::state::{Compared, Comparison};
use crate::ui::results::candidate::{Candidate, Made};

impl Studio {
    pub(super) fn apply_to_compare(&mut self, action: CompareAction) {
        if matches!(action, CompareAction::Close) {
            self.state.compare.open = None;
            return;
        }
        let Some(open) = &mut self.state.compare.open else { return };
        match action {
            CompareAction::Close => {}
            CompareAction::Mode(mode) => open.mode = mode,
            CompareAction::Swap => open.pair.swap(0, 1),
            CompareAction::Show { index, as_b } => open.show(index, as_b),
            CompareAction::Computed { files, gain, difference } => open.take_computed(&files, gain, difference),
        }
    }

    /// Puts two to four pictures beside each other. Those that the strip has are there at once.
    pub(super) fn compare(&mut self, files: &[PathBuf]) {
        let compared: Vec<Compared> = files.iter().map(|file| self.compared(file)).collect();
        let asked = compared.len();
        let Some(open) = Comparison::of(compared) else {
            self.state.toasts.note("Choose two to four pictures to compare: hold Ctrl and click them in the strip.");
            return;
        };
        if asked > Comparison::MOST {
            self.state
                .toasts
                .note(format!("At most {} pictures are compared at once: the first ones.", Comparison::MOST));
        }
        for compared in open.pictures.iter().filter(|compared| compared.picture.is_none()) {
            self.store.send(StoreCommand::LoadPicture(compared.file.clone()));
        }
        self.state.compare.open = Some(open);
    }

    fn compared(&self, file: &Path) -> Compared {
        let made = |candidate: &&Candidate| candidate.made().is_some_and(|made| made.file == file);
        let candidate = self.state.candidates.list.iter().find(made);
        let Made { picture, seconds, .. } = match candidate.and_then(Candidate::made) {
            Some(made) => made.clone(),
            None => return Compared { file: file.to_path_buf(), picture: None, request: None, seconds: None },
        };
        let request = candidate.map(|candidate| candidate.request.clone());
        Compared { file: file.to_path_buf(), picture: Some(picture), request, seconds: Some(seconds) }
    }

    /// Gives the worker the difference that shall be seen.
    pub(in crate::ui) fn compute_difference(&mut self) {
        let Some((files, gain, [a, b])) = self.state.compare.open.as_mut().and_then(Comparison::begin_difference)
        else {
            return;
        };
        let failed = CompareAction::Computed { files: files.clone(), gain, difference: None };
        self.background.queue(Some(Action::Compare(failed)), move || {
            let difference = Some(Arc::new(difference(&a, &b, gain)));
            Some(Action::Compare(CompareAction::Computed { files, gain, difference }))
        });
    }
}
