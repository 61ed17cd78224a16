//! What answers by script in the window's tests: who finds things, and what a picture takes.

use std::cell::RefCell;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use inkwick::engine::Finder;
use inkwick::hub::Offer;
use inkwick::job::{Annotator, AttentionMode, Estimate, EstimateQuestion, JobError, MemoryMode, SelectPrompt};
use inkwick::mask::{MaskPlane, PixelRect};
use inkwick::raster::Picture;
use inkwick::system::menu_bar::MenuBar;
use inkwick::ui::CopyFiles;

/// Finds a square of 20 pixels around the last click that belongs, or all of a box; less 5 on each side of a click that
/// does not. It is there where a models folder is, or after it was fetched.
pub(super) struct SquareFinder {
    pub is_there: bool,
}

impl Finder for SquareFinder {
    fn is_ready(&mut self) -> bool {
        self.is_there
    }

    fn find(&mut self, picture: &Arc<Picture>, prompt: &SelectPrompt, _: &AtomicBool) -> Result<MaskPlane, JobError> {
        let mut mask = MaskPlane::empty(picture.width(), picture.height());
        let mut cover = |[left, top]: [f32; 2], [right, bottom]: [f32; 2], value: u8| {
            let rect = PixelRect::new(left as u32, top as u32, right as u32, bottom as u32);
            for y in rect.top..rect.bottom {
                mask.row_mut(y)[rect.left as usize..rect.right as usize].fill(value);
            }
        };
        if let Some([a, b]) = prompt.around {
            cover(a, b, 255);
        }
        for click in &prompt.clicks {
            let (reach, value) = if click.belongs { (10.0, 255) } else { (5.0, 0) };
            cover(click.at.map(|at| at - reach), click.at.map(|at| at + reach), value);
        }
        Ok(mask)
    }

    fn fetch(&mut self, tell: &mut dyn FnMut(f32), _: &AtomicBool) -> Result<(), JobError> {
        tell(0.5);
        self.is_there = true;
        Ok(())
    }

    fn can_annotate(&mut self, _: Annotator) -> bool {
        self.is_there
    }

    /// Black with a white ring.
    fn annotate(&mut self, _: Annotator, picture: &Picture, _: &AtomicBool) -> Result<Picture, JobError> {
        let (width, height) = (picture.width(), picture.height());
        let reach = |x: u32, y: u32| {
            let [x, y] = [(x, width), (y, height)].map(|(at, side)| f64::from(at) / f64::from(side) - 0.5);
            x.hypot(y)
        };
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let values = places.map(|(x, y)| if (0.25..0.35).contains(&reach(x, y)) { 255 } else { 0 });
        let rgba = values.flat_map(|value| [value, value, value, 255]).collect();
        Ok(Picture::from_rgba(width, height, rgba).unwrap())
    }

    fn fetch_annotator(&mut self, _: Annotator, tell: &mut dyn FnMut(f32), stop: &AtomicBool) -> Result<(), JobError> {
        self.fetch(tell, stop)
    }
}

/// Figures that are the same on every machine.
pub(super) fn estimated(question: &EstimateQuestion) -> Estimate {
    let [width, height] = question.size_px.map(u64::from);
    let area = width * height;
    Estimate {
        peak_bytes: 300_000_000 + area * 4_000,
        free_bytes: Some(16_000_000_000),
        seconds_per_call: area as f64 * 4e-6,
        seconds_once: 0.5,
        calls: question.calls,
        by_attention: vec![
            (AttentionMode::Full, 300_000_000 + area * 7_000),
            (AttentionMode::Sliced(Some(1)), 300_000_000 + area * 4_500),
            (AttentionMode::Tiled, 300_000_000 + area * 4_000),
        ],
        by_memory: [(MemoryMode::Low, 200_000_000 + area * 4_000), (MemoryMode::High, 300_000_000 + area * 4_000)],
    }
}

/// What the hub says of a model: of one owner it knows everything, of the others nothing.
pub(super) fn offer(name: &str) -> Result<Offer, String> {
    let is_known = name.starts_with("stabilityai/");
    let offer = Offer { bytes: 6_940_000_000, files: 18, licence: Some("sai-nc-community".into()) };
    is_known.then_some(offer).ok_or_else(|| format!("{name} is not there; check the name"))
}

/// A clipboard that holds each file as a line "copied FILE" among the desktop's notes.
pub(super) fn copies(to: Arc<Mutex<Vec<String>>>) -> CopyFiles {
    Arc::new(move |files| {
        to.lock().unwrap().extend(files.iter().map(|file| format!("copied {}", file.display())));
        Ok(())
    })
}

thread_local! {
    static MENU_BAR: RefCell<Option<MenuBar>> = const { RefCell::new(None) };
}

/// The next window of this thread has its menus there, as on a Mac.
#[allow(dead_code, reason = "not every program that has this bench does")]
pub(crate) fn keep_menus_in(bar: MenuBar) {
    MENU_BAR.set(Some(bar));
}

pub(super) fn menu_bar() -> Option<MenuBar> {
    MENU_BAR.take()
}
