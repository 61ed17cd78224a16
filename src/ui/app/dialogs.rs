//! The system's file dialogs. Made on the main thread, awaited on their own: the window goes on drawing.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::store::models::scan::WEIGHT_ENDINGS;
use crate::store::pictures::picture_file::READ_EXTENSIONS;
use crate::store::project::ENDING;
use crate::ui::action::{Action, DialogRequest, WindowAction};

/// Nobody closes a dialog so quickly: the desktop has none to offer.
const LEAST_TIME: Duration = Duration::from_millis(800);

type Chosen = Pin<Box<dyn Future<Output = Option<rfd::FileHandle>> + Send>>;

/// Opens the dialog; what was chosen comes back through `answers` as an action. A closed dialog sends nothing; where the
/// desktop has none, the window asks for the path itself.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn open(
    request: DialogRequest,
    folder: Option<PathBuf>,
    frame: &eframe::Frame,
    ctx: &egui::Context,
    answers: &Sender<Action>,
) -> std::io::Result<()> {
    let mut dialog = rfd::AsyncFileDialog::new().set_parent(frame).set_title(request.title());
    if let Some(folder) = folder {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = request.file_name() {
        dialog = dialog.set_file_name(name);
    }
    let chosen: Chosen = match &request {
        DialogRequest::OpenPicture
        | DialogRequest::OpenMask
        | DialogRequest::OpenLayer
        | DialogRequest::OpenReference => Box::pin(dialog.add_filter("Pictures", READ_EXTENSIONS).pick_file()),
        DialogRequest::AddModelFile => Box::pin(dialog.add_filter("Model files", WEIGHT_ENDINGS).pick_file()),
        DialogRequest::OpenTags => Box::pin(dialog.add_filter("Lists of tags", &["csv", "tsv", "txt"]).pick_file()),
        DialogRequest::AddModel
        | DialogRequest::PicturesFolder
        | DialogRequest::ExportFolder
        | DialogRequest::WatchFolder => Box::pin(dialog.pick_folder()),
        DialogRequest::OpenProject => Box::pin(dialog.add_filter("Inkwick projects", &[ENDING]).pick_file()),
        DialogRequest::SaveProject { .. } => Box::pin(dialog.add_filter("Inkwick projects", &[ENDING]).save_file()),
        DialogRequest::SaveMask | DialogRequest::SaveCanvas | DialogRequest::SaveAs { .. } => {
            Box::pin(dialog.save_file())
        }
    };
    let (ctx, answers) = (ctx.clone(), answers.clone());
    let asked_at = Instant::now();
    let answer = move || {
        let action = match pollster::block_on(chosen) {
            Some(file) => request.chosen(file.path()),
            None if asked_at.elapsed() < LEAST_TIME => Action::Window(WindowAction::AskPath(request)),
            None => return,
        };
        if answers.send(action).is_ok() {
            ctx.request_repaint();
        }
    };
    std::thread::Builder::new().name("inkwick-dialog".into()).spawn(answer).map(drop)
}
