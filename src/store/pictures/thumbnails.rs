//! Small pictures for the gallery, made once and kept as small files in the cache folder.
//!
//! A cached one is named after the picture's path, time and size, so a changed picture gets a new one by itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Rgba};

use crate::raster::Picture;
use crate::store::fnv::Fnv;
use crate::store::paths::Paths;
use crate::store::pictures::picture_error::unopened;
use crate::store::pictures::picture_file;
use crate::store::pictures::picture_file::PictureFileError;

#[derive(Clone, Debug)]
pub(crate) struct Thumbnails {
    folder: PathBuf,
}

impl Thumbnails {
    #[must_use]
    pub(crate) fn new(paths: &Paths) -> Self {
        Self { folder: paths.cache_folder.join("thumbnails") }
    }

    /// The picture at `path`, shrunk to fit a square of `side_px`; one that fits already stays as it is.
    ///
    /// # Errors
    /// When the picture cannot be read. A cache that cannot be written costs time, nothing else.
    pub(crate) fn thumbnail(&self, path: &Path, side_px: u32) -> Result<Picture, PictureFileError> {
        let cached = self.cached(path, side_px).map_err(|source| unopened(source, path))?;
        if let Ok(picture) = picture_file::read(&cached) {
            return Ok(picture);
        }
        let picture = shrink(picture_file::read(path)?, side_px);
        if let Err(error) = self.keep(&cached, &picture) {
            tracing::warn!("a thumbnail could not be kept: {error}");
        }
        Ok(picture)
    }

    fn keep(&self, cached: &Path, picture: &Picture) -> Result<(), PictureFileError> {
        let written = |source| PictureFileError::Write { source, path: self.folder.clone() };
        fs::create_dir_all(&self.folder).map_err(written)?;
        picture_file::write(cached, picture, None)
    }

    /// Where the small copy of the picture, as it is now, is or would be kept.
    pub(crate) fn cached(&self, path: &Path, side_px: u32) -> io::Result<PathBuf> {
        let metadata = fs::metadata(path)?;
        let since = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut hash = Fnv::default();
        hash.add(path.as_os_str().as_encoded_bytes());
        hash.add(&since.as_nanos().to_le_bytes());
        hash.add(&metadata.len().to_le_bytes());
        Ok(self.folder.join(format!("{:016x}-{side_px}.png", hash.value())))
    }
}

fn shrink(picture: Picture, side_px: u32) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    if width <= side_px && height <= side_px {
        return picture;
    }
    let scale = f64::from(side_px) / f64::from(width.max(height));
    let shrunk = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (small_width, small_height) = (shrunk(width), shrunk(height));
    let Some(image) = ImageBuffer::<Rgba<u8>, &[u8]>::from_raw(width, height, picture.rgba()) else { return picture };
    // A photo is first averaged down to twice the size: that is quick, and the good filter then sees enough.
    let small = if width.min(height) > 4 * side_px {
        let halfway = imageops::thumbnail(&image, small_width * 2, small_height * 2);
        imageops::resize(&halfway, small_width, small_height, FilterType::CatmullRom)
    } else {
        imageops::resize(&image, small_width, small_height, FilterType::CatmullRom)
    };
    Picture::from_rgba(small_width, small_height, small.into_raw()).unwrap_or(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(width: u32, height: u32) -> (tempfile::TempDir, Thumbnails, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.png");
        picture_file::write(&path, &Picture::filled(width, height, [90, 40, 10, 255]), None).unwrap();
        let thumbnails = Thumbnails::new(&Paths::under(home.path()));
        (home, thumbnails, path)
    }

    fn cached_files(thumbnails: &Thumbnails) -> usize {
        fs::read_dir(&thumbnails.folder).map_or(0, Iterator::count)
    }

    #[test]
    fn a_thumbnail_keeps_shape_and_colour() {
        for ((width, height), wanted) in
            [((512, 256), [64, 32]), ((2000, 1000), [64, 32]), ((3, 900), [1, 64]), ((20, 10), [20, 10])]
        {
            let (_home, thumbnails, path) = saved(width, height);
            let small = thumbnails.thumbnail(&path, 64).unwrap();
            assert_eq!(small.size(), wanted, "{width}×{height}");
            assert_eq!(small.rgba()[..4], [90, 40, 10, 255]);
        }
    }

    #[test]
    fn a_second_look_comes_from_the_cache_and_a_changed_picture_does_not() {
        let (_home, thumbnails, path) = saved(512, 512);
        let first = thumbnails.thumbnail(&path, 64).unwrap();
        assert_eq!(thumbnails.thumbnail(&path, 64).unwrap(), first);
        assert_eq!(cached_files(&thumbnails), 1);
        picture_file::write(&path, &Picture::filled(300, 512, [1, 2, 3, 255]), None).unwrap();
        assert_eq!(thumbnails.thumbnail(&path, 64).unwrap().rgba()[..3], [1, 2, 3]);
        assert_eq!(cached_files(&thumbnails), 2);
    }

    #[test]
    fn a_damaged_cache_and_an_unwritable_one_cost_only_time() {
        let (_home, thumbnails, path) = saved(512, 512);
        let first = thumbnails.thumbnail(&path, 64).unwrap();
        for entry in fs::read_dir(&thumbnails.folder).unwrap() {
            fs::write(entry.unwrap().path(), "damage").unwrap();
        }
        assert_eq!(thumbnails.thumbnail(&path, 64).unwrap(), first);
        fs::remove_dir_all(&thumbnails.folder).unwrap();
        fs::write(&thumbnails.folder, "a file where the folder should be").unwrap();
        assert_eq!(thumbnails.thumbnail(&path, 64).unwrap(), first);
    }
}
