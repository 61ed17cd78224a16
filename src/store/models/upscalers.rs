//! Files that enlarge pictures: in the models folder, and where other programs keep theirs.

use std::path::{Path, PathBuf};

use super::scan::{CHECKPOINT_ENDINGS, files_in, is_called, is_root, lies_in, models_under};
use crate::store::paths::Paths;

/// The folder inside the models folder.
pub(crate) const FOLDER: &str = "upscalers";

/// Parts of folders' names: AUTOMATIC1111 has `ESRGAN` and `RealESRGAN`, `ComfyUI` `upscale_models`.
const ELSEWHERE: [&str; 2] = ["esrgan", "upscale"];

#[derive(Debug, thiserror::Error)]
pub enum UpscalerError {
    #[error("there is no upscaler yet; put one of the ESRGAN family (.pth or .safetensors) into {}", folder.display())]
    None { folder: PathBuf },
    #[error("there is no upscaler {name}; {} has {}", folder.display(), known.join(", "))]
    Unknown { name: String, known: Vec<String>, folder: PathBuf },
}

/// All of them, each name once.
#[must_use]
pub fn list(paths: &Paths) -> Vec<PathBuf> {
    let own = files_in(&paths.models_folder.join(FOLDER), &CHECKPOINT_ENDINGS);
    let roots = paths.other_folders.iter().filter(|folder| is_root(folder));
    let theirs = roots.flat_map(|folder| models_under(folder));
    let theirs = theirs.filter(|file| ELSEWHERE.iter().any(|name| lies_in(file, name)));
    let mut found: Vec<PathBuf> = own.into_iter().chain(theirs).collect();
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|file| seen.insert(name_of(file).to_lowercase()));
    found
}

/// What a person calls it.
#[must_use]
pub fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}

/// A file by its path or name; without a name the first there is.
///
/// # Errors
/// When there is none, or none of that name.
pub fn find(name: Option<&str>, paths: &Paths) -> Result<PathBuf, UpscalerError> {
    if let Some(path) = name.map(Path::new).filter(|path| path.is_file()) {
        return Ok(path.to_path_buf());
    }
    let folder = paths.models_folder.join(FOLDER);
    let known = list(paths);
    match name {
        Some(name) if !known.is_empty() => {
            let found = known.iter().find(|file| is_called(file, name)).cloned();
            found.ok_or_else(|| UpscalerError::Unknown {
                name: name.to_owned(),
                known: known.iter().map(|file| name_of(file)).collect(),
                folder,
            })
        }
        _ => known.into_iter().next().ok_or(UpscalerError::None { folder }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_found_here_and_in_other_programs_folders() {
        let home = tempfile::tempdir().unwrap();
        let mut paths = Paths::under(home.path());
        assert!(find(None, &paths).unwrap_err().to_string().contains(FOLDER));
        let place = |path: PathBuf| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            path
        };
        let own = place(paths.models_folder.join(FOLDER).join("b.safetensors"));
        let theirs = place(home.path().join("webui/models/RealESRGAN/a.pth"));
        place(home.path().join("webui/models/Lora/c.safetensors"));
        assert_eq!(list(&paths), std::slice::from_ref(&own));
        paths.other_folders.push(home.path().join("webui"));
        assert_eq!(list(&paths), [own.clone(), theirs.clone()]);
        assert_eq!(find(Some("A"), &paths).unwrap(), theirs);
        assert_eq!(find(Some("a.pth"), &paths).unwrap(), theirs);
        assert_eq!(find(Some(own.to_str().unwrap()), &paths).unwrap(), own);
        let refused = find(Some("c"), &paths).unwrap_err().to_string();
        assert!(refused.contains("no upscaler c") && refused.contains("b, a"), "{refused}");
    }
}
