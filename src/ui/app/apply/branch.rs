//! What the actions on a picture's steps do, and on its kept latents: both go on from where the picture was left.

use std::path::Path;

use crate::job::{Branch, InitPicture, JobId, Request};
use crate::store::pictures::picture_file;
use crate::store::pictures::programs::{PictureSettings, Program};
use crate::ui::action::{Action, BranchAction, DecodeChoice, FilesAction, LookingAt, PromptAction, Sheet};
use crate::ui::app::apply::sentence;
use crate::ui::app::runs::{Place, PreparedRun};
use crate::ui::app::store_events;
use crate::ui::app::studio::Studio;
use crate::ui::branch::state::OpenBranch;
use crate::ui::results::candidate::{Candidate, Kind, Stage};
use crate::ui::words;

impl Studio {
    pub(super) fn apply_to_branch(&mut self, action: BranchAction) {
        match action {
            BranchAction::Open(job) => self.open_branch(job),
            BranchAction::Close => self.state.branch.open = None,
            BranchAction::To(number) => {
                if let Some(open) = &mut self.state.branch.open {
                    open.go_to(number);
                }
            }
            BranchAction::By(steps) => {
                if let Some(open) = &mut self.state.branch.open {
                    open.go_by(steps);
                }
            }
            BranchAction::GoOn => self.go_on_from_step(),
        }
    }

    /// The panel takes the picture's settings over: what is changed there is what will be other.
    fn open_branch(&mut self, job: JobId) {
        let Some(open) = self.engine.steps_of(job).and_then(|kept| OpenBranch::of(job, kept)) else {
            let words = "The steps of this picture are not kept: they are of the newest pictures of a session, drawn on \
                         this machine.";
            self.state.toasts.note(words);
            return;
        };
        let settings = PictureSettings {
            program: Program::Inkwick,
            request: (*open.kept.request).clone(),
            is_exact: true,
            ..PictureSettings::default()
        };
        store_events::use_settings(&mut self.state, &settings);
        self.look_at(LookingAt::Candidate(job));
        self.state.branch.open = Some(open);
        let words = "The panel has this picture's settings: change words, guidance or sampler, then go on from a step.";
        self.state.toasts.note(words);
    }

    fn go_on_from_step(&mut self) {
        let Some(mut request) = self.state.branch_request() else { return };
        let Some(open) = self.state.branch.open.take() else { return };
        if self.state.prompt.model != request.model {
            let words = "The picture's own model goes on: a step of one model means nothing to another.";
            self.state.toasts.note(words);
        }
        let parent = self.state.candidates.get(open.job);
        let file = parent.and_then(Candidate::made).map(|made| made.file.clone());
        let frame = parent.and_then(|parent| parent.frame).filter(|_| !open.is_masked);
        request.made_from = file.and_then(|file| self.gallery_folders().name_of(&file)).or(request.made_from);
        let canvas = self.state.canvas.document.picture().filter(|_| open.is_masked).cloned();
        let (place, press, kind, picture_count) = (Place::End, Self::new_press(), Kind::Drawn, 1);
        let run = PreparedRun { place, press, kind, picture_count, frame, estimated_seconds: None };
        let id = self.runs.add(run);
        self.background.queue(Some(Action::Prompt(PromptAction::RequestFailed { id })), move || {
            if let Some(canvas) = canvas {
                // The step stands for what was before it; outside the mask is the canvas.
                request.init = Some(InitPicture { picture: canvas.whole(), strength: 1.0 });
            }
            Some(Action::Prompt(PromptAction::RequestReady { id, request: Box::new(request) }))
        });
        self.state.canvas.follows_run = true;
        self.remember_press();
    }

    pub(super) fn ask_how_to_decode(&mut self, file: std::path::PathBuf) {
        self.state.decode = Some(DecodeChoice { file, in_single: true, in_tiles: false, vae: None });
        self.state.sheet = Some(Sheet::Decode);
    }

    /// The file is read on the worker.
    pub(super) fn decode_again(&mut self, choice: DecodeChoice) {
        self.state.sheet = None;
        self.state.decode = None;
        let name = self.gallery_folders().name_of(&choice.file);
        let failed = FilesAction::NotRead("The picture could not be read. Try again.".to_owned());
        self.background.queue(Some(Action::Files(failed)), move || {
            Some(Action::Files(match request_to_decode(&choice) {
                Ok(request) => FilesAction::ReadyToDecode(Box::new(Request { made_from: name, ..request })),
                Err(words) => FilesAction::NotRead(words),
            }))
        });
    }

    pub(super) fn submit_decoding(&mut self, request: Request) {
        let was_idle = !self.state.candidates.is_busy();
        let candidate = Candidate {
            job: JobId(0),
            press: Self::new_press(),
            kind: Kind::Drawn,
            request,
            frame: None,
            estimated_seconds: None,
            stage: Stage::Waiting,
        };
        match self.submit_candidate(candidate) {
            Ok(()) => self.state.canvas.follows_run |= was_idle,
            Err(error) => self.state.toasts.error(words::of_error(&error), None),
        }
    }
}

/// The picture's settings, with the latents that lie in its file, or one sentence that says why not.
fn request_to_decode(choice: &DecodeChoice) -> Result<Request, String> {
    let DecodeChoice { file, in_single, in_tiles, vae } = choice;
    let Some(state) = picture_file::read_latents(file) else {
        return Err(format!(
            "{} has no latents in it: “Final latents”, under Settings > Pictures and files, keeps those of new pictures.",
            name_of(file)
        ));
    };
    let request = picture_file::read_request(file).map_err(|error| sentence(&error.to_string()))?;
    let Some(mut request) = request else { return Err(format!("{} does not say how it was made.", name_of(file))) };
    let steps = state.calls;
    request.branch = Some(Branch { step: steps, steps, decodes_in_single: *in_single, state: Some(state) });
    if let Some([width, height]) = request.worked_px {
        (request.width, request.height) = (Some(width), Some(height));
    }
    request.compute.vae_tiling = if *in_tiles { crate::job::VaeTiling::On } else { crate::job::VaeTiling::Auto };
    if vae.is_some() {
        request.vae.clone_from(vae);
    }
    Ok(request)
}

fn name_of(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}
