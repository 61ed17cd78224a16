//! Folders that people already have, looked through in place: those of AUTOMATIC1111, `ComfyUI` (with the places that its
//! `extra_model_paths.yaml` names), `InvokeAI`, the Hugging Face cache, or any other.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::checkpoint::parse_yaml;
use crate::store::hub_cache::{self, CachedRepository};

/// How files that may be a whole model end.
pub const CHECKPOINT_ENDINGS: [&str; 5] = ["safetensors", "ckpt", "pt", "pth", "gguf"];
/// What any file of weights ends in, a part of a model too.
pub const WEIGHT_ENDINGS: &[&str] = &["safetensors", "ckpt", "pt", "pth", "bin", "gguf"];

/// Deep enough for the Hugging Face cache below a home folder's.
const MAX_DEPTH: usize = 7;
/// How deep Inkwick's own folders of models are searched.
const MAX_FILE_DEPTH: usize = 4;
/// More than anyone has; a wrong folder (a whole disk) ends here.
const MAX_FOLDERS: usize = 20_000;

/// A walk through folders, and what it has found.
struct Walk<'a> {
    /// Folders in diffusers' layout, and files that may be checkpoints.
    models: Vec<PathBuf>,
    folders: usize,
    is_cancelled: &'a dyn Fn() -> bool,
}

/// Whether `path` is a model by itself, or a folder to look through.
#[must_use]
pub fn is_root(path: &Path) -> bool {
    path.is_dir() && !path.join("model_index.json").is_file()
}

/// Everything in `folder` and in the places that its `extra_model_paths.yaml` names.
#[must_use]
pub fn models_under(folder: &Path) -> Vec<PathBuf> {
    models_under_unless(&|| false, folder)
}

/// The same; ends early once it is cancelled, which is asked at every folder.
pub(crate) fn models_under_unless(is_cancelled: &dyn Fn() -> bool, folder: &Path) -> Vec<PathBuf> {
    let mut found = Walk { models: Vec::new(), folders: 0, is_cancelled };
    found.look_through(folder, MAX_DEPTH);
    let named = fs::read_to_string(folder.join("extra_model_paths.yaml")).unwrap_or_default();
    for place in named_places(&named, folder).into_iter().filter(|place| place.is_dir()) {
        found.look_through(&place, MAX_DEPTH);
    }
    found.models.sort();
    found.models.dedup();
    found.models
}

impl Walk<'_> {
    /// Links to folders are not followed, so that none leads in a circle; links to files are, as the cache has them.
    fn look_through(&mut self, folder: &Path, depth: usize) {
        self.folders += 1;
        if self.folders > MAX_FOLDERS || (self.is_cancelled)() {
            return;
        }
        if folder.join("model_index.json").is_file() {
            self.models.push(folder.to_path_buf());
            return;
        }
        if let Some(repository) = CachedRepository::at(folder) {
            // Older revisions are the same model once more, and one that came in part is none.
            if let Some(snapshot) = repository.current_snapshot().filter(|snapshot| hub_cache::has_weights(snapshot)) {
                self.look_through(&snapshot, depth.saturating_sub(2));
            }
            return;
        }
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth > 0 {
                    self.look_through(&path, depth - 1);
                }
            } else if has_ending(&path, &CHECKPOINT_ENDINGS) && path.is_file() && !is_part(&path) {
                self.models.push(path);
            }
        }
    }
}

/// Language models come in numbered parts, of which none is a model by itself: `model-00001-of-00003.safetensors`.
fn is_part(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| {
        let stem = stem.to_string_lossy();
        stem.rsplit_once("-of-").is_some_and(|(_, count)| count.len() == 5 && count.bytes().all(|c| c.is_ascii_digit()))
    })
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|found| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending)))
}

/// The folders that the text of `ComfyUI`'s `extra_model_paths.yaml` in `folder` names besides its own: of each section
/// `base_path`, and what its other keys name below it, one path a line.
#[must_use]
pub fn named_places(text: &str, folder: &Path) -> Vec<PathBuf> {
    let sections = match parse_yaml(text) {
        Ok(Value::Object(sections)) => sections,
        Ok(_) => return Vec::new(),
        Err(reason) => {
            tracing::warn!("extra_model_paths.yaml is passed over ({reason}): {}", folder.display());
            return Vec::new();
        }
    };
    let mut places = Vec::new();
    for section in sections.values().filter_map(Value::as_object) {
        let base = section.get("base_path").and_then(Value::as_str).map(str::trim);
        let base = base.map_or_else(|| folder.to_path_buf(), |base| folder.join(from_home(base)));
        for (_, value) in section.iter().filter(|(key, _)| !["base_path", "is_default"].contains(&key.as_str())) {
            let lists = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let lines = lists.iter().filter_map(Value::as_str).flat_map(str::lines);
            let lines = lines.map(|line| line.trim().trim_matches(['"', '\''])).filter(|line| !line.is_empty());
            places.extend(lines.map(|line| base.join(from_home(line))));
        }
    }
    places
}

/// `~` stands for the user's own folder, as a shell has it.
fn from_home(path: &str) -> PathBuf {
    let below = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
    match below.zip(std::env::home_dir()) {
        Some((rest, home)) => home.join(rest.trim_start_matches(['/', '\\'])),
        None => PathBuf::from(path),
    }
}

/// The files with one of the endings, in `folder` and some folders further down, by name. Links to folders are not
/// followed, so that none leads in a circle.
pub(crate) fn files_in(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    add_files(folder, endings, MAX_FILE_DEPTH, &mut found);
    found
}

fn add_files(folder: &Path, endings: &[&str], depth: usize, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    found.extend(entries.iter().map(fs::DirEntry::path).filter(|path| has_ending(path, endings) && path.is_file()));
    for entry in entries.iter().filter(|entry| depth > 0 && entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        add_files(&entry.path(), endings, depth - 1, found);
    }
}

/// Whether a file has this name, with or without its ending, in capitals or not.
pub(crate) fn is_called(file: &Path, name: &str) -> bool {
    let names = [file.file_stem(), file.file_name()];
    names.into_iter().flatten().any(|own| own.to_string_lossy().eq_ignore_ascii_case(name))
}

/// Whether one of the folders above a file has this text in its name.
pub(crate) fn lies_in(file: &Path, text: &str) -> bool {
    let above = file.parent().map(Path::to_path_buf).unwrap_or_default();
    above.iter().any(|name| name.to_string_lossy().to_lowercase().contains(text))
}

/// What people call a model: in the Hugging Face cache the folder of a revision has only a number for a name.
#[must_use]
pub fn name_of(path: &Path) -> String {
    let named = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let above = |path: &Path| path.parent().map(Path::to_path_buf);
    let cached = above(path).filter(|folder| folder.ends_with("snapshots")).and_then(|folder| above(&folder));
    match cached.map(|folder| named(&folder)) {
        Some(name) if name.starts_with("models--") => name.rsplit("--").next().unwrap_or_default().to_owned(),
        _ => named(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{}").unwrap();
    }

    #[test]
    fn folders_of_other_programs_are_looked_through_in_place() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let revision = home.join("hub/models--someone--tiny/snapshots/0a1b2c");
        touch(&revision.join("model_index.json"));
        touch(&revision.join("unet/diffusion_pytorch_model.safetensors"));
        touch(&home.join("webui/models/Stable-diffusion/one.safetensors"));
        touch(&home.join("elsewhere/sd/two.ckpt"));
        touch(&home.join("webui/readme.txt"));
        let yaml =
            "a111:\n    base_path: ../elsewhere\n    checkpoints: sd\n    loras: |\n        missing\n        sd\n";
        touch(&home.join("webui/extra_model_paths.yaml"));
        fs::write(home.join("webui/extra_model_paths.yaml"), yaml).unwrap();
        let found = models_under(&home.join("webui"));
        let names: Vec<String> = found.iter().map(|path| name_of(path)).collect();
        assert_eq!(names.len(), 2, "{found:?}");
        assert!(names.contains(&"one.safetensors".to_owned()) && names.contains(&"two.ckpt".to_owned()), "{names:?}");
        assert_eq!(models_under(&home.join("hub")), std::slice::from_ref(&revision));
        assert_eq!(name_of(&revision), "tiny");

        // Of several revisions the one that `main` was, of a language model no part, and nothing that came in part.
        let newer = home.join("hub/models--someone--tiny/snapshots/1b2c3d");
        touch(&newer.join("model_index.json"));
        touch(&newer.join("unet/diffusion_pytorch_model.safetensors"));
        touch(&home.join("hub/models--someone--tiny/refs/main"));
        fs::write(home.join("hub/models--someone--tiny/refs/main"), "0a1b2c").unwrap();
        touch(&home.join("hub/models--someone--talker/snapshots/9/model-00001-of-00002.safetensors"));
        touch(&home.join("hub/models--someone--half/snapshots/9/model_index.json"));
        touch(&home.join("hub/models--someone--half/snapshots/9/unet/config.json"));
        assert_eq!(models_under(&home.join("hub")), std::slice::from_ref(&revision));
    }

    #[test]
    fn the_places_of_comfyui_are_read_as_yaml() {
        let places = |text: &str| {
            let mut found = named_places(text, Path::new("/comfy"));
            found.sort();
            found
        };
        let text = "# all of it\n\"a111\": {checkpoints: 'models/SD: 1', base_path: ../webui, is_default: true}\n\
                    comfyui:\n  loras: >-\n    folded\n  vae: |\n    vae # no comment\n\n    /data/vae\n\
                    more:\n  embeddings: [one, two]\n  base_path: &here /x\n  clip: *here\nnothing:\n";
        let wanted = [
            "/comfy/../webui/models/SD: 1",
            "/comfy/folded",
            "/comfy/vae # no comment",
            "/data/vae",
            "/x",
            "/x/one",
            "/x/two",
        ];
        assert_eq!(places(text), wanted.map(PathBuf::from));
        assert!(places("a: [1, 2\nb: 3").is_empty() && places("").is_empty() && places("just text").is_empty());
        let home = std::env::home_dir().unwrap();
        assert_eq!(places("a: {base_path: ~/models, vae: v}"), [home.join("models/v")]);
    }

    #[test]
    fn a_walk_that_is_cancelled_ends_at_the_next_folder() {
        let home = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c", "d"] {
            touch(&home.path().join(name).join("one.ckpt"));
        }
        let asked = std::cell::Cell::new(0);
        let is_cancelled = || {
            asked.set(asked.get() + 1);
            asked.get() > 3
        };
        assert_eq!(models_under_unless(&is_cancelled, home.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_in_a_circle_ends() {
        let home = tempfile::tempdir().unwrap();
        touch(&home.path().join("models/one.safetensors"));
        std::os::unix::fs::symlink(home.path(), home.path().join("models/again")).unwrap();
        std::os::unix::fs::symlink("itself.safetensors", home.path().join("itself.safetensors")).unwrap();
        assert_eq!(models_under(home.path()), [home.path().join("models/one.safetensors")]);
    }
}
