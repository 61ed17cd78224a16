//! The model, VAE and LoRAs that another program's picture names, found among the files here.

use std::path::{Path, PathBuf};

use crate::job::ModelRef;
use crate::store::models::extras;
use crate::store::models::prompt_references::find_lora;
use crate::store::models::scan::{is_called, is_root, models_under};
use crate::store::paths::Paths;
use crate::store::pictures::programs::{PictureSettings, bare_name};

/// Puts what is found into the request, LoRAs as tags of its prompt; what is not here becomes a notice.
pub(crate) fn find(settings: &mut PictureSettings, paths: &Paths) {
    if settings.is_exact {
        return;
    }
    if let Some(name) = settings.model.clone() {
        if let Some(model) = model_of(&name, paths) {
            settings.request.model = model;
            settings.model_is_here = true;
        } else {
            let hash = settings.model_hash.as_ref().map(|hash| format!(", hash {hash}")).unwrap_or_default();
            settings.note(format!("the model {} ({}{hash}) is not here", bare_name(&name), settings.program.name()));
        }
    }
    if let Some(name) = settings.vae.clone() {
        let file = extras::vaes(paths).into_iter().find(|file| is_called(file, bare_name(&name)));
        if file.is_none() {
            settings.note(format!("the VAE {} is not here; the model's own is taken", bare_name(&name)));
        }
        settings.request.vae = file;
    }
    for lora in settings.loras.clone() {
        if find_lora(Path::new(bare_name(&lora.name)), paths).is_err() {
            settings.note(format!("the LoRA {} is not here", bare_name(&lora.name)));
        }
    }
    settings.request.prompt = settings.prompt_with_loras();
}

fn model_of(name: &str, paths: &Paths) -> Option<ModelRef> {
    for (known, model) in
        [("Inkwick built-in", ModelRef::BuiltIn), ("Inkwick built-in 4 steps", ModelRef::BuiltInFourSteps)]
    {
        if name == known {
            return Some(model);
        }
    }
    let bare = bare_name(name);
    let found = extras::find(bare, paths).or_else(|| elsewhere(bare, paths))?;
    Some(if found.is_dir() { ModelRef::Folder(found) } else { ModelRef::File(found) })
}

/// In other programs' folders, and among single files that were opened once.
fn elsewhere(name: &str, paths: &Paths) -> Option<PathBuf> {
    let (roots, others): (Vec<_>, Vec<_>) = paths.other_folders.iter().partition(|folder| is_root(folder));
    let under = roots.into_iter().flat_map(|folder| models_under(folder));
    others.into_iter().cloned().chain(under).find(|path| is_called(path, name))
}
