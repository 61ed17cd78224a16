//! The system's file dialogs. Made on the main thread, awaited on their own: the window goes on drawing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::store::pictures::picture_file::READ_EXTENSIONS;
use crate::ui::action::{Action, FilesAction, LibraryAction, Sheet, WindowAction};

const LEAST_TIME: Duration = Duration::from_millis(400);

/// A dialog that shall open. The window's owner takes these, because only it has the window's handle.
#[derive(Clone, Debug, PartialEq)]
pub enum DialogRequest {
    OpenPicture,
    AddModel,
    AddModelFile,
    SaveAs {
        from: PathBuf,
    },
    /// The canvas as it is seen.
    SaveCanvas,
    OpenMask,
    SaveMask,
}

/// Opens the dialog; what was chosen comes back through `answers` as an action. A closed dialog sends nothing.
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
    let mut dialog = rfd::AsyncFileDialog::new().set_parent(frame);
    if let Some(folder) = folder {
        dialog = dialog.set_directory(folder);
    }
    let (ctx, answers) = (ctx.clone(), answers.clone());
    let asked_at = Instant::now();
    let is_open = matches!(request, DialogRequest::OpenPicture | DialogRequest::OpenMask);
    let answer = move |action: Option<Action>| {
        // Nobody closes a dialog so quickly: the desktop has none to offer.
        let none_came = is_open && action.is_none() && asked_at.elapsed() < LEAST_TIME;
        if let Some(action) =
            action.or_else(|| none_came.then_some(Action::Window(WindowAction::Show(Sheet::PicturePath))))
            && answers.send(action).is_ok()
        {
            ctx.request_repaint();
        }
    };
    let thread = std::thread::Builder::new().name("inkwick-dialog".into());
    match request {
        DialogRequest::OpenPicture => {
            let chosen = dialog.set_title("Open a picture").add_filter("Pictures", READ_EXTENSIONS).pick_file();
            thread.spawn(move || {
                answer(
                    pollster::block_on(chosen)
                        .map(|file| Action::Files(FilesAction::OpenPicture(file.path().to_path_buf()))),
                );
            })
        }
        DialogRequest::OpenMask => {
            let chosen = dialog
                .set_title("Load a mask (white is made anew)")
                .add_filter("Pictures", READ_EXTENSIONS)
                .pick_file();
            thread.spawn(move || {
                answer(
                    pollster::block_on(chosen)
                        .map(|file| Action::Files(FilesAction::LoadMask(file.path().to_path_buf()))),
                );
            })
        }
        DialogRequest::SaveMask => {
            let chosen = dialog.set_title("Save the mask as").set_file_name("mask.png").save_file();
            thread.spawn(move || {
                answer(
                    pollster::block_on(chosen)
                        .map(|file| Action::Files(FilesAction::SaveMask(file.path().to_path_buf()))),
                );
            })
        }
        DialogRequest::SaveCanvas => {
            let chosen = dialog.set_title("Save the canvas as").set_file_name("canvas.png").save_file();
            thread.spawn(move || {
                answer(
                    pollster::block_on(chosen)
                        .map(|file| Action::Files(FilesAction::SaveCanvas(file.path().to_path_buf()))),
                );
            })
        }
        DialogRequest::AddModel => {
            let chosen = dialog.set_title("Add a model folder (with model_index.json)").pick_folder();
            thread.spawn(move || {
                answer(
                    pollster::block_on(chosen)
                        .map(|file| Action::Library(LibraryAction::AddModel(file.path().to_path_buf()))),
                );
            })
        }
        DialogRequest::AddModelFile => {
            let chosen = dialog
                .set_title("Add a checkpoint, LoRA, VAE or embedding")
                .add_filter("Model files", &["safetensors", "ckpt", "pt", "pth", "bin", "gguf"])
                .pick_file();
            thread.spawn(move || {
                answer(
                    pollster::block_on(chosen)
                        .map(|file| Action::Library(LibraryAction::AddModel(file.path().to_path_buf()))),
                );
            })
        }
        DialogRequest::SaveAs { from } => {
            let name =
                from.file_name().map_or_else(|| "picture.png".into(), |name| name.to_string_lossy().into_owned());
            let chosen = dialog.set_title("Save the picture as").set_file_name(name).save_file();
            thread.spawn(move || {
                let to = pollster::block_on(chosen);
                answer(to.map(|to| Action::Files(FilesAction::CopyFile { from, to: to.path().to_path_buf() })));
            })
        }
    }
    .map(drop)
}
