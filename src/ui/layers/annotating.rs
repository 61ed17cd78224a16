//! Pictures that networks make of other pictures to become layers: what waits for them, and which weights are wanted.

use std::sync::Arc;

use crate::job::Annotator;
use crate::raster::Picture;
use crate::ui::action::Maker;

/// A picture of which a network is to make something.
#[derive(Clone, Debug)]
pub struct Annotation {
    pub annotator: Annotator,
    pub picture: Arc<Picture>,
}

#[derive(Debug, Default)]
pub struct Annotating {
    asked: u64,
    waiting: Vec<(u64, Annotation)>,
    /// What was asked for before its weights were there: made as soon as they are.
    pub missing: Option<Annotation>,
    /// The share of the weights that is here, while they are fetched.
    pub fetched: Option<f32>,
}

impl Annotating {
    /// Notes what is asked for; its number.
    pub fn ask(&mut self, annotation: Annotation) -> u64 {
        self.asked += 1;
        self.waiting.push((self.asked, annotation));
        self.asked
    }

    /// What was asked for under this number, which is answered now.
    pub fn take(&mut self, ask: u64) -> Option<Annotation> {
        let at = self.waiting.iter().position(|(waiting, _)| *waiting == ask)?;
        Some(self.waiting.remove(at).1)
    }

    /// What is under way, for a person; nothing where nothing is.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        if let Some(share) = self.fetched {
            return Some(format!("fetching {:.0} %", share * 100.0));
        }
        let (_, first) = self.waiting.first()?;
        Some(format!("making {}", Maker::Network(first.annotator).name().to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ask_is_answered_once_in_any_order() {
        let mut annotating = Annotating::default();
        let picture = Arc::new(Picture::filled(2, 2, [0; 4]));
        let of = |annotator| Annotation { annotator, picture: Arc::clone(&picture) };
        let first = annotating.ask(of(Annotator::Depth));
        let second = annotating.ask(of(Annotator::SoftEdge));
        assert_eq!(annotating.words().as_deref(), Some("making depth"));
        assert_eq!(annotating.take(second).map(|of| of.annotator), Some(Annotator::SoftEdge));
        assert!(annotating.take(second).is_none());
        assert_eq!(annotating.take(first).map(|of| of.annotator), Some(Annotator::Depth));
        assert_eq!(annotating.words(), None);
    }
}
