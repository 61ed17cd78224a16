//! The pictures that are compared, and how they are looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::job::Request;
use crate::raster::{Difference, Picture};
use crate::ui::action::{CompareMode, Zoom};
use crate::ui::canvas::view::{MAX_ZOOM, MIN_ZOOM, ViewState};

/// Closer by a press.
const STEP: f32 = 1.25;

/// One of them.
#[derive(Clone, Debug)]
pub struct Compared {
    pub file: PathBuf,
    /// Nothing while it is read.
    pub picture: Option<Arc<Picture>>,
    /// How it was made, where its file says so.
    pub request: Option<Request>,
    /// What making it took, where that is known.
    pub seconds: Option<f64>,
}

/// A difference, and of what.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    pub files: [PathBuf; 2],
    pub gain: f32,
    /// Nothing while it is computed.
    pub difference: Option<Arc<Difference>>,
    pub failed: bool,
    /// For the texture: a picture of its own.
    pub picture: Option<Arc<Picture>>,
}

/// Two to four pictures.
pub struct Comparison {
    pub pictures: Vec<Compared>,
    /// Which of them are A and B.
    pub pair: [usize; 2],
    pub mode: CompareMode,
    /// Where the line stands, 0 to 1 of the picture.
    pub divider: f32,
    /// By which differences are multiplied.
    pub gain: f32,
    /// Whether what is alike is listed too.
    pub lists_same: bool,
    pub(crate) view: ViewState,
    pub(crate) computed: Option<Computed>,
}

/// Nothing, most of the time.
#[derive(Default)]
pub struct CompareState {
    pub open: Option<Comparison>,
}

impl Comparison {
    pub const LEAST: usize = 2;
    pub const MOST: usize = 4;
    pub const GAINS: std::ops::RangeInclusive<f64> = 1.0..=32.0;
    const DEFAULT_GAIN: f32 = 4.0;

    /// Of these pictures, which are then read. At most four; `None` for fewer than two.
    #[must_use]
    pub fn of(mut pictures: Vec<Compared>) -> Option<Self> {
        pictures.truncate(Self::MOST);
        (pictures.len() >= Self::LEAST).then(|| Self {
            pictures,
            pair: [0, 1],
            mode: CompareMode::default(),
            divider: 0.5,
            gain: Self::DEFAULT_GAIN,
            lists_same: false,
            view: ViewState::default(),
            computed: None,
        })
    }

    #[must_use]
    pub fn a(&self) -> &Compared {
        &self.pictures[self.pair[0]]
    }

    #[must_use]
    pub fn b(&self) -> &Compared {
        &self.pictures[self.pair[1]]
    }

    /// "A", "B", and figures for the others.
    #[must_use]
    pub fn letter(&self, index: usize) -> String {
        match self.pair.iter().position(|shown| *shown == index) {
            Some(0) => "A".to_owned(),
            Some(_) => "B".to_owned(),
            None => (index + 1).to_string(),
        }
    }

    /// Of the difference that is seen, 0 to 255; nothing until it is computed.
    #[must_use]
    pub fn computed_mean(&self) -> Option<f64> {
        self.computed.as_ref()?.difference.as_ref().map(|found| found.mean)
    }

    /// Makes one A or B; the one that was there takes its place, where it is the other's.
    pub(crate) fn show(&mut self, index: usize, as_b: bool) {
        let place = usize::from(as_b);
        if index < self.pictures.len() {
            if self.pair[1 - place] == index {
                self.pair.swap(0, 1);
            } else {
                self.pair[place] = index;
            }
        }
    }

    pub(crate) fn move_divider(&mut self, by: f32) {
        self.divider = (self.divider + by).clamp(0.0, 1.0);
    }

    pub(crate) fn zoom(&mut self, zoom: Zoom) {
        let shown = self.view.shown_zoom.unwrap_or(1.0);
        let to = |zoom: f32| Some(zoom.clamp(MIN_ZOOM, MAX_ZOOM));
        match zoom {
            Zoom::Fit => self.view = ViewState::default(),
            Zoom::In => self.view.zoom = to(shown * STEP),
            Zoom::Out => self.view.zoom = to(shown / STEP),
            Zoom::To(zoom) => self.view.zoom = to(zoom),
        }
    }

    /// What of the difference shall be computed now: both pictures, their files and the gain.
    pub(crate) fn begin_difference(&mut self) -> Option<([PathBuf; 2], f32, [Arc<Picture>; 2])> {
        if self.mode != CompareMode::Difference {
            return None;
        }
        let files = [self.a().file.clone(), self.b().file.clone()];
        let is_same = |known: &Computed| known.files == files && known.gain.to_bits() == self.gain.to_bits();
        // One at a time: the newest gain is computed when the one before is there.
        let is_busy = self.computed.as_ref().is_some_and(|known| known.difference.is_none() && !known.failed);
        if is_busy || self.computed.as_ref().is_some_and(is_same) {
            return None;
        }
        let pictures = [self.a().picture.clone()?, self.b().picture.clone()?];
        let picture = self.computed.take().and_then(|old| old.picture);
        self.computed =
            Some(Computed { files: files.clone(), gain: self.gain, difference: None, failed: false, picture });
        Some((files, self.gain, pictures))
    }

    pub(crate) fn take_computed(&mut self, files: &[PathBuf; 2], gain: f32, difference: Option<Arc<Difference>>) {
        let is_wanted = |known: &&mut Computed| known.files == *files && known.gain.to_bits() == gain.to_bits();
        if let Some(known) = self.computed.as_mut().filter(is_wanted) {
            known.failed = difference.is_none();
            known.picture = difference.as_ref().map(|found| Arc::new(found.picture.clone()));
            known.difference = difference;
        }
    }
}

impl CompareState {
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a picture that was read for it. Returns whether it was.
    pub(crate) fn take(&mut self, file: &Path, picture: &Arc<Picture>, request: Option<&Request>) -> bool {
        let pictures = self.open.iter_mut().flat_map(|open| &mut open.pictures);
        let mut is_taken = false;
        for compared in pictures.filter(|compared| compared.file == file && compared.picture.is_none()) {
            compared.picture = Some(Arc::clone(picture));
            compared.request = request.cloned().or(compared.request.take());
            is_taken = true;
        }
        is_taken
    }

    /// A file that cannot be read is compared no more.
    pub(crate) fn leave_out(&mut self, file: &Path) {
        if let Some(open) = &mut self.open {
            open.pictures.retain(|compared| compared.file != file);
            open.pair = [0, 1];
            if open.pictures.len() < Comparison::LEAST {
                self.open = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(count: usize) -> Option<Comparison> {
        let one =
            |index| Compared { file: format!("/{index}.png").into(), picture: None, request: None, seconds: None };
        Comparison::of((0..count).map(one).collect())
    }

    #[test]
    fn two_to_four_are_compared_and_each_can_be_a_or_b() {
        assert!(comparison(1).is_none());
        assert_eq!(comparison(9).unwrap().pictures.len(), 4);
        let mut three = comparison(3).unwrap();
        three.show(2, true);
        assert_eq!(three.pair, [0, 2]);
        assert_eq!([0, 1, 2].map(|index| three.letter(index)), ["A", "2", "B"]);
        three.show(2, false);
        assert_eq!(three.pair, [2, 0], "they change places");
        three.move_divider(-3.0);
        assert!(three.divider.abs() < f32::EPSILON);
    }

    #[test]
    fn what_cannot_be_read_is_left_out_and_a_difference_is_computed_once() {
        let mut state = CompareState { open: comparison(3) };
        let picture = Arc::new(Picture::filled(2, 2, [0; 4]));
        assert!(state.take(Path::new("/0.png"), &picture, None) && state.take(Path::new("/1.png"), &picture, None));
        let open = state.open.as_mut().unwrap();
        open.mode = CompareMode::Difference;
        let (files, gain, _) = open.begin_difference().unwrap();
        assert!(open.begin_difference().is_none(), "it is on its way");
        open.take_computed(&files, gain, None);
        assert!(open.begin_difference().is_none(), "it broke, and would again");
        open.gain = 9.0;
        assert!(open.begin_difference().is_some());
        state.leave_out(Path::new("/2.png"));
        assert!(state.is_open());
        state.leave_out(Path::new("/1.png"));
        assert!(!state.is_open());
    }
}
