//! Keeps what the engine draws: into the gallery, or into the file that was asked for.
//!
//! Looks before the work starts whether the place can be written, so that no minute of drawing is lost.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::job::{Destination, Drawn, ErrorKind, JobError, Saver};
use crate::raster::Picture;
use crate::store::atomic;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::metadata::png_text;
use crate::store::pictures::picture_file;
use crate::store::pictures::picture_file::PictureFormat;
use crate::store::pictures::saving::{Saving, SavingRules};

#[derive(Clone, Debug)]
pub struct PictureSaver {
    gallery: Gallery,
    rules: SavingRules,
}

#[derive(Debug, thiserror::Error)]
enum PlaceError {
    #[error("a file was wanted to write the picture to, found a folder; add a file name: {}", .0.display())]
    IsFolder(PathBuf),
    #[error("a plain file was wanted to write the picture to, found something else; choose another name: {}", .0.display())]
    NotAFile(PathBuf),
    #[error("the folder for the picture does not exist; make it first or choose another: {}", .0.display())]
    NoFolder(PathBuf),
    #[error("a folder was wanted, found a file; choose another place: {}", .0.display())]
    NotAFolder(PathBuf),
    #[error("the folder cannot be written to ({source}); change its rights or choose another: {}", path.display())]
    NotWritable { source: io::Error, path: PathBuf },
    #[error("the picture cannot have this place ({source}); choose another name: {}", path.display())]
    NoPlace { source: io::Error, path: PathBuf },
    #[error("the preview could not be written ({source}); check the disk and the folder's rights: {}", path.display())]
    Preview { source: io::Error, path: PathBuf },
}

impl PictureSaver {
    #[must_use]
    pub fn new(gallery: Gallery) -> Self {
        Self { gallery, rules: SavingRules::default() }
    }

    /// What goes into the gallery is kept by these, as they are at that moment.
    #[must_use]
    pub fn by(self, rules: SavingRules) -> Self {
        Self { rules, ..self }
    }

    fn gallery(&self, saving: &Saving) -> Gallery {
        saving.folder.clone().map_or_else(|| self.gallery.clone(), Gallery::of)
    }
}

impl Saver for PictureSaver {
    fn check(&self, destination: &Destination) -> Result<(), JobError> {
        let checked = match destination {
            Destination::Front => Ok(()),
            Destination::Gallery => check_can_be_made(self.gallery(&self.rules.get()).pictures_folder()),
            Destination::File { path, previews } => {
                PictureFormat::of_path(path)?;
                check_file(path).and_then(|()| previews.as_deref().map_or(Ok(()), check_can_be_made))
            }
        };
        Ok(checked?)
    }

    fn save(&self, destination: &Destination, drawn: &Drawn) -> Result<PathBuf, JobError> {
        match destination {
            Destination::Front => Ok(PathBuf::new()),
            Destination::Gallery => {
                let saving = self.rules.get();
                Ok(self.gallery(&saving).save_by(&saving, &drawn.picture, &drawn.request, drawn.latents.as_deref())?)
            }
            Destination::File { path, .. } => {
                picture_file::write(path, &drawn.picture, Some(&drawn.request))?;
                Ok(path.clone())
            }
        }
    }

    fn save_preview(&self, folder: &Path, step: u32, preview: &Picture) -> Result<(), JobError> {
        let path = folder.join(format!("step-{step:03}.png"));
        let written = png_text::encode(preview, None)
            .map_err(io::Error::other)
            .and_then(|png| fs::create_dir_all(folder).and_then(|()| atomic::write(&path, &png)));
        Ok(written.map_err(|source| PlaceError::Preview { source, path })?)
    }
}

impl From<PlaceError> for JobError {
    fn from(error: PlaceError) -> Self {
        Self::caused(ErrorKind::Storage, error)
    }
}

fn check_file(path: &Path) -> Result<(), PlaceError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(PlaceError::IsFolder(path.to_path_buf())),
        Ok(found) if !found.is_file() => return Err(PlaceError::NotAFile(path.to_path_buf())),
        // Nothing there yet is what is wanted; that a folder is missing or a file is an error below.
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Err(PlaceError::NoPlace { source: error, path: path.to_path_buf() });
        }
        _ => {}
    }
    let folder = atomic::folder_of(path);
    if !folder.exists() {
        return Err(PlaceError::NoFolder(folder.to_path_buf()));
    }
    check_folder(folder)
}

/// A folder that is not there yet can be made if the nearest one above it can be written to.
fn check_can_be_made(folder: &Path) -> Result<(), PlaceError> {
    if let Err(source) = fs::metadata(folder)
        && source.kind() == io::ErrorKind::InvalidFilename
    {
        return Err(PlaceError::NoPlace { source, path: folder.to_path_buf() });
    }
    let nearest = folder.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
    check_folder(nearest)
}

fn check_folder(folder: &Path) -> Result<(), PlaceError> {
    if !folder.is_dir() {
        return Err(PlaceError::NotAFolder(folder.to_path_buf()));
    }
    atomic::probe_folder(folder).map_err(|source| PlaceError::NotWritable { source, path: folder.to_path_buf() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Request;
    use crate::store::paths::Paths;

    fn saver() -> (tempfile::TempDir, PictureSaver) {
        let home = tempfile::tempdir().unwrap();
        let saver = PictureSaver::new(Gallery::new(&Paths::under(home.path())));
        (home, saver)
    }

    fn drawn() -> Drawn {
        Drawn {
            picture: Picture::filled(8, 8, [1, 2, 3, 255]),
            request: Request { seed: 5, ..Request::default() },
            latents: None,
        }
    }

    fn file(path: PathBuf) -> Destination {
        Destination::File { path, previews: None }
    }

    #[test]
    fn a_picture_goes_where_it_was_asked_for() {
        let (home, saver) = saver();
        let destination =
            Destination::File { path: home.path().join("a.png"), previews: Some(home.path().join("p/q")) };
        saver.check(&destination).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "looking left something behind");
        assert_eq!(saver.save(&destination, &drawn()).unwrap(), home.path().join("a.png"));
        saver.save_preview(&home.path().join("p/q"), 3, &Picture::filled(2, 2, [0; 4])).unwrap();
        assert_eq!(picture_file::read(&home.path().join("p/q/step-003.png")).unwrap().size(), [2, 2]);

        saver.check(&Destination::Gallery).unwrap();
        let path = saver.save(&Destination::Gallery, &drawn()).unwrap();
        assert!(path.starts_with(home.path().join("pictures")) && path.ends_with("00001-5.png"));
    }

    #[test]
    fn the_rules_hold_from_one_picture_to_the_next() {
        let (home, saver) = saver();
        let rules = SavingRules::default();
        let saver = saver.by(rules.clone());
        let first = saver.save(&Destination::Gallery, &drawn()).unwrap();
        assert!(picture_file::read_request(&first).unwrap().is_some());
        rules.set(Saving {
            folder: Some(home.path().join("elsewhere")),
            name: "{number}-{words}".into(),
            format: PictureFormat::Jpeg,
            quality: 1,
            with_settings: false,
            keeps_latents: true,
        });
        saver.check(&Destination::Gallery).unwrap();
        let mut drawn = drawn();
        drawn.request.prompt = "a red apple".into();
        let second = saver.save(&Destination::Gallery, &drawn).unwrap();
        assert!(second.starts_with(home.path().join("elsewhere")) && second.ends_with("00001-a-red-apple.jpg"));
        assert_eq!(picture_file::read_request(&second).unwrap(), None);
        assert_eq!(picture_file::read(&second).unwrap().size(), [8, 8]);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_reported_before_the_work() {
        let (home, saver) = saver();
        fs::create_dir(home.path().join("folder.png")).unwrap();
        fs::write(home.path().join("file"), "").unwrap();
        for (name, wanted) in [
            ("folder.png", "found a folder"),
            ("missing/a.png", "does not exist"),
            ("a.bmp", ".png, .jpg, .jpeg or .webp"),
            ("file/a.png", "found a file"),
        ] {
            let sentence = saver.check(&file(home.path().join(name))).unwrap_err().message;
            assert!(sentence.contains(wanted) && !sentence.contains('\n'), "{name}: {sentence}");
        }
        let previews = Some(home.path().join("file/previews"));
        let destination = Destination::File { path: home.path().join("a.png"), previews };
        assert!(saver.check(&destination).unwrap_err().message.contains("found a file"));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_file() {
        let (home, saver) = saver();
        let link = home.path().join("null.png");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        assert!(saver.check(&file(link)).unwrap_err().message.contains("plain file"));
    }

    #[test]
    fn a_failed_save_leaves_the_old_file_and_nothing_else() {
        let (home, saver) = saver();
        let path = home.path().join("a.png");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "kept").unwrap();
        let sentence = saver.save(&file(path), &drawn()).unwrap_err().message;
        assert!(sentence.ends_with("a.png"), "{sentence}");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
