//! Pictures on the graphics card: the newest preview, the pictures looked at, and small ones for tiles and gallery.
//!
//! Bounded: what was not drawn for longest goes first. Large pictures are prepared on a thread; meanwhile there is
//! none, and the caller goes on showing what it had.

pub(crate) mod layers;
pub(crate) mod model_view;
pub(crate) mod picture_worker;
pub(crate) mod stack_view;
mod way;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Weak};

use egui::{ColorImage, Context, TextureFilter, TextureHandle, TextureId, TextureOptions, TextureWrapMode};

use self::layers::Layers;
use self::model_view::{ModelView, Source};
use super::theme::Tokens;
use crate::canvas::Document;
use crate::job::{Frame, InpaintSettings, JobId};
use crate::raster::Picture;
use crate::ui::textures::picture_worker::{Order, PictureWorker, prepare};

/// The longer side of tiles and thumbnails.
const SMALL_SIDE_PX: usize = 256;
/// Pictures of up to so many pixels are prepared at once, in well under a millisecond.
const AT_ONCE_PX: usize = 512 * 512;
/// What one frame may send to the graphics card: one large picture, or many small ones.
const PIXELS_PER_FRAME: usize = 2048 * 2048;
const UPLOADS_PER_FRAME: usize = 12;
/// What the cache may hold, in bytes.
const MOST_BYTES: usize = 384 << 20;
/// For how many frames a picture that is not drawn is safe.
const SAFE_FRAMES: u64 = 2;

/// How a picture is enlarged and reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// In full, smooth.
    Smooth,
    /// In full, with sharp pixels when enlarged.
    Pixels,
    /// At most `SMALL_SIDE_PX`.
    Small,
}

/// The address of a picture: it stays taken as long as `Entry` or `Pending` holds a `Weak` to it.
type Address = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Picture(Address, Kind),
    Preview(JobId),
}

struct Entry {
    handle: TextureHandle,
    /// Keeps the address from being used again.
    picture: Weak<Picture>,
    last_drawn: u64,
}

struct Preview {
    job: JobId,
    handle: TextureHandle,
}

pub struct Textures {
    /// What is painted on the canvas.
    pub(super) layers: Layers,
    model_view: Option<(Source, ModelView)>,
    ctx: Context,
    worker: PictureWorker<Key>,
    entries: HashMap<Key, Entry>,
    /// Ordered from the worker, with what keeps the address.
    pending: HashMap<Key, Weak<Picture>>,
    /// Ready, and waiting for a frame with room.
    ready: VecDeque<(Key, ColorImage)>,
    preview: Option<Preview>,
    checkers: [Option<TextureHandle>; 2],
    /// The preview that was taken in last.
    preview_source: Weak<Picture>,
    frame: u64,
    pixels_left: usize,
    uploads_left: usize,
}

impl Textures {
    #[must_use]
    pub fn new(ctx: &Context) -> Self {
        let wake = ctx.clone();
        Self {
            layers: Layers::default(),
            model_view: None,
            ctx: ctx.clone(),
            worker: PictureWorker::start(move || wake.request_repaint()),
            entries: HashMap::new(),
            pending: HashMap::new(),
            ready: VecDeque::new(),
            preview: None,
            checkers: [None, None],
            preview_source: Weak::new(),
            frame: 0,
            pixels_left: PIXELS_PER_FRAME,
            uploads_left: UPLOADS_PER_FRAME,
        }
    }

    /// A picture in full. `pixels` shows it with sharp pixels when it is enlarged.
    pub fn picture(&mut self, picture: &Arc<Picture>, pixels: bool) -> Option<TextureId> {
        let (wanted, other) = if pixels { (Kind::Pixels, Kind::Smooth) } else { (Kind::Smooth, Kind::Pixels) };
        self.get(picture, wanted).or_else(|| self.drawn(Key::Picture(address(picture), other)))
    }

    /// A picture for a tile or a thumbnail.
    pub fn small(&mut self, picture: &Arc<Picture>) -> Option<TextureId> {
        self.get(picture, Kind::Small)
    }

    /// The newest preview of a job, or, while it is being prepared, the one before.
    pub fn preview(&mut self, job: JobId, picture: &Arc<Picture>) -> Option<TextureId> {
        self.begin_frame();
        let is_new = !std::ptr::eq(self.preview_source.as_ptr(), Arc::as_ptr(picture));
        if is_new && pixel_count(picture) <= AT_ONCE_PX {
            let image = prepare(picture, self.max_side_px());
            self.set_preview(job, image);
            self.preview_source = Arc::downgrade(picture);
        } else if is_new && !self.pending.contains_key(&Key::Preview(job)) {
            let key = Key::Preview(job);
            if self.order(key, picture, self.max_side_px()) {
                self.preview_source = Arc::downgrade(picture);
            }
        }
        self.last_preview(job)
    }

    /// What was shown of a job last: to be kept until its picture is ready.
    #[must_use]
    pub fn last_preview(&self, job: JobId) -> Option<TextureId> {
        self.preview.as_ref().filter(|preview| preview.job == job).map(|preview| preview.handle.id())
    }

    /// What the model will see of the canvas. Made again when something has changed, but not in the middle of a stroke.
    pub(super) fn model_view(&mut self, document: &Document, settings: &InpaintSettings, frame: Frame) -> ModelView {
        let source = Source::new(document, settings, frame);
        if let Some((made_of, view)) = &self.model_view
            && (*made_of == source || document.is_painting())
        {
            return view.clone();
        }
        let view = ModelView::make(&self.ctx, document, &source);
        self.model_view = Some((source, view.clone()));
        view
    }

    /// The two greys under a transparent picture: four fields that repeat.
    pub fn checker(&mut self, tokens: &Tokens) -> TextureId {
        let slot = &mut self.checkers[usize::from(tokens.is_dark)];
        let handle = slot.get_or_insert_with(|| {
            let [a, b] = tokens.checker;
            let options = TextureOptions { wrap_mode: TextureWrapMode::Repeat, ..TextureOptions::NEAREST };
            self.ctx.load_texture("checker", ColorImage::new([2, 2], vec![a, b, b, a]), options)
        });
        handle.id()
    }

    fn get(&mut self, picture: &Arc<Picture>, kind: Kind) -> Option<TextureId> {
        self.begin_frame();
        let key = Key::Picture(address(picture), kind);
        if let Some(id) = self.drawn(key) {
            return Some(id);
        }
        if self.pending.contains_key(&key) {
            return None;
        }
        let max_side_px = if kind == Kind::Small { SMALL_SIDE_PX } else { self.max_side_px() };
        let count = pixel_count(picture);
        if count > AT_ONCE_PX {
            self.order(key, picture, max_side_px);
            return None;
        }
        if self.uploads_left == 0 || self.pixels_left < count {
            self.ctx.request_repaint();
            return None;
        }
        self.insert(key, Arc::downgrade(picture), prepare(picture, max_side_px));
        self.drawn(key)
    }

    fn drawn(&mut self, key: Key) -> Option<TextureId> {
        let entry = self.entries.get_mut(&key)?;
        entry.last_drawn = self.frame;
        Some(entry.handle.id())
    }

    fn order(&mut self, key: Key, picture: &Arc<Picture>, max_side_px: usize) -> bool {
        let taken = self.worker.order(Order { key, picture: Arc::clone(picture), max_side_px });
        if taken {
            self.pending.insert(key, Arc::downgrade(picture));
        } else {
            self.ctx.request_repaint();
        }
        taken
    }

    /// Once a frame, before anything is asked for.
    fn begin_frame(&mut self) {
        let frame = self.ctx.cumulative_frame_nr();
        if frame == self.frame {
            return;
        }
        self.frame = frame;
        self.pixels_left = PIXELS_PER_FRAME;
        self.uploads_left = UPLOADS_PER_FRAME;
        self.forget_the_oldest();
        self.ready.extend(std::iter::from_fn(|| self.worker.try_recv()));
        while let Some((key, image)) = self.ready.pop_front() {
            // A picture larger than a frame's share still goes, alone.
            let alone = self.uploads_left == UPLOADS_PER_FRAME;
            if self.uploads_left == 0 || (image.pixels.len() > self.pixels_left && !alone) {
                self.ready.push_front((key, image));
                self.ctx.request_repaint();
                return;
            }
            self.take_ready(key, image);
        }
    }

    fn take_ready(&mut self, key: Key, image: ColorImage) {
        let Some(picture) = self.pending.remove(&key) else { return };
        match key {
            Key::Preview(job) => self.set_preview(job, image),
            // Nobody has it any more.
            Key::Picture(..) if picture.strong_count() == 0 => {}
            Key::Picture(..) => self.insert(key, picture, image),
        }
    }

    fn set_preview(&mut self, job: JobId, image: ColorImage) {
        self.count_upload(&image);
        let options = TextureOptions::LINEAR;
        let Some(preview) = &mut self.preview else {
            let handle = self.ctx.load_texture("preview", image, options);
            self.preview = Some(Preview { job, handle });
            return;
        };
        preview.job = job;
        if preview.handle.size() == image.size {
            // The same memory on the card is written again.
            preview.handle.set_partial([0, 0], image, options);
        } else {
            preview.handle.set(image, options);
        }
    }

    fn insert(&mut self, key: Key, picture: Weak<Picture>, image: ColorImage) {
        self.count_upload(&image);
        let magnification =
            if matches!(key, Key::Picture(_, Kind::Pixels)) { TextureFilter::Nearest } else { TextureFilter::Linear };
        let options = TextureOptions {
            magnification,
            minification: TextureFilter::Linear,
            wrap_mode: TextureWrapMode::ClampToEdge,
            // Without it a large picture glitters when it is shown small.
            mipmap_mode: Some(TextureFilter::Linear),
        };
        let handle = self.ctx.load_texture("picture", image, options);
        self.entries.insert(key, Entry { handle, picture, last_drawn: self.frame });
    }

    fn count_upload(&mut self, image: &ColorImage) {
        self.pixels_left = self.pixels_left.saturating_sub(image.pixels.len());
        self.uploads_left = self.uploads_left.saturating_sub(1);
    }

    fn forget_the_oldest(&mut self) {
        // A picture that nobody holds is never asked for again.
        self.entries.retain(|_, entry| entry.picture.strong_count() > 0);
        let mut bytes: usize = self.entries.values().map(|entry| entry.handle.byte_size()).sum();
        if bytes <= MOST_BYTES {
            return;
        }
        let mut by_age: Vec<(u64, Key)> = self.entries.iter().map(|(key, entry)| (entry.last_drawn, *key)).collect();
        by_age.sort_unstable_by_key(|(last_drawn, _)| *last_drawn);
        for (last_drawn, key) in by_age {
            if bytes <= MOST_BYTES || last_drawn + SAFE_FRAMES >= self.frame {
                return;
            }
            if let Some(entry) = self.entries.remove(&key) {
                bytes = bytes.saturating_sub(entry.handle.byte_size());
            }
        }
    }

    fn max_side_px(&self) -> usize {
        self.ctx.input(|input| input.max_texture_side)
    }
}

fn address(picture: &Arc<Picture>) -> Address {
    Arc::as_ptr(picture) as Address
}

fn pixel_count(picture: &Picture) -> usize {
    let [width, height] = picture.size();
    width * height
}
