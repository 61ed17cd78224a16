//! How the pictures that are seen were made, as their files say it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::job::{ModelRef, Request};
use crate::sampling::SchedulerName;

/// Of one picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureWords {
    pub prompt: String,
    /// "seed 41 · 20 steps · Euler · CFG 7 · 512 × 512".
    pub facts: String,
}

impl PictureWords {
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let mut facts = vec![format!("seed {}", request.seed), format!("{} steps", request.steps)];
        facts.extend(request.scheduler.map(|scheduler| SchedulerName::label(scheduler).to_owned()));
        facts.extend(request.guidance.map(|guidance| format!("CFG {guidance}")));
        facts.extend(request.width.zip(request.height).map(|(width, height)| format!("{width} × {height}")));
        facts.extend(request.worked_px.map(|[width, height]| format!("worked at {width} × {height}")));
        facts.extend(model_name(&request.model));
        let facts = facts.join(" · ");
        Self { prompt: request.prompt.clone(), facts }
    }

    /// The prompt's first line.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.prompt.lines().next().unwrap_or_default()
    }
}

fn model_name(model: &ModelRef) -> Option<String> {
    Some(model.path()?.file_stem()?.to_string_lossy().into_owned())
}

/// Of all pictures that were read so far; a file that does not say how it was made has none.
#[derive(Default)]
pub struct GalleryWords {
    known: HashMap<PathBuf, Option<PictureWords>>,
    described: usize,
}

impl GalleryWords {
    #[must_use]
    pub fn of(&self, file: &Path) -> Option<&PictureWords> {
        self.known.get(file)?.as_ref()
    }

    /// How many files said something.
    #[must_use]
    pub fn count(&self) -> usize {
        self.described
    }

    pub fn learn(&mut self, file: PathBuf, request: Option<&Request>) {
        self.described += usize::from(request.is_some());
        self.known.insert(file, request.map(PictureWords::of));
    }

    /// Those of `files` that nobody asked for yet; they count as asked for from now on.
    pub fn unknown<'a>(&mut self, files: impl Iterator<Item = &'a Path>) -> Vec<PathBuf> {
        let new: Vec<PathBuf> = files.filter(|file| !self.known.contains_key(*file)).map(Path::to_path_buf).collect();
        self.known.extend(new.iter().map(|file| (file.clone(), None)));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_its_prompt_its_seed_and_its_size() {
        let request = Request {
            prompt: "A Red Apple\non a table".into(),
            negative: Some("Blurred".into()),
            seed: 4711,
            width: Some(512),
            height: Some(768),
            ..Request::default()
        };
        let words = PictureWords::of(&request);
        assert!(["4711", "512 × 768"].iter().all(|wanted| words.facts.contains(wanted)));
        assert_eq!(words.first_line(), "A Red Apple");
        assert!(words.facts.starts_with("seed 4711 · "));
    }

    #[test]
    fn each_file_is_asked_for_once() {
        let mut words = GalleryWords::default();
        let files = [Path::new("/a.png"), Path::new("/b.png")];
        assert_eq!(words.unknown(files.into_iter()).len(), 2);
        assert_eq!(words.unknown(files.into_iter()), Vec::<PathBuf>::new());
        words.learn("/a.png".into(), Some(&Request::default()));
        assert!(words.of(files[0]).is_some() && words.of(files[1]).is_none());
        assert_eq!(words.count(), 1);
    }
}
