//! A thread that makes textures' pixels out of pictures, so that no frame waits for four million of them.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use egui::ColorImage;
use image::imageops::thumbnail;
use image::{ImageBuffer, Rgba};

use crate::raster::Picture;

/// Pictures that may wait at once; a caller that finds it full asks again in the next frame.
const QUEUE_LENGTH: usize = 32;

/// What a picture is wanted for.
pub(crate) struct Order<K> {
    pub key: K,
    pub picture: Arc<Picture>,
    /// The longer side shall not exceed this.
    pub max_side_px: usize,
}

pub(crate) struct PictureWorker<K> {
    orders: Option<Sender<Order<K>>>,
    results: Option<Receiver<(K, ColorImage)>>,
    thread: Option<JoinHandle<()>>,
}

impl<K: Send + 'static> PictureWorker<K> {
    /// Starts the thread; `wake` is called after every result. Where the system gives none, nothing is ever ready.
    pub(crate) fn start(wake: impl Fn() + Send + 'static) -> Self {
        let (order_sender, order_receiver) = bounded::<Order<K>>(QUEUE_LENGTH);
        let (result_sender, result_receiver) = bounded(QUEUE_LENGTH);
        let spawned = std::thread::Builder::new().name("inkwick-pictures".into()).spawn(move || {
            for order in order_receiver {
                let image = prepare(&order.picture, order.max_side_px);
                if result_sender.send((order.key, image)).is_err() {
                    return;
                }
                wake();
            }
        });
        if let Err(error) = &spawned {
            tracing::error!("the pictures' thread could not be started: {error}");
        }
        Self { orders: Some(order_sender), results: Some(result_receiver), thread: spawned.ok() }
    }

    /// `false` when too many wait.
    pub(crate) fn order(&self, order: Order<K>) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok())
    }

    pub(crate) fn try_recv(&self) -> Option<(K, ColorImage)> {
        self.results.as_ref()?.try_recv().ok()
    }
}

impl<K> Drop for PictureWorker<K> {
    fn drop(&mut self) {
        // Both ends first: the thread may be waiting on either.
        self.orders = None;
        self.results = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the pictures' thread ended in a panic");
        }
    }
}

/// The pixels as the graphics card wants them, made smaller where they are too many.
#[must_use]
pub(crate) fn prepare(picture: &Picture, max_side_px: usize) -> ColorImage {
    let [width, height] = picture.size();
    if width.max(height) <= max_side_px {
        return convert([width, height], picture.rgba());
    }
    let share = max_side_px as f64 / width.max(height) as f64;
    let smaller = |side: usize| ((side as f64 * share).round() as u32).clamp(1, max_side_px as u32);
    match ImageBuffer::<Rgba<u8>, &[u8]>::from_raw(picture.width(), picture.height(), picture.rgba()) {
        Some(view) => {
            let small = thumbnail(&view, smaller(width), smaller(height));
            convert([small.width() as usize, small.height() as usize], small.as_raw())
        }
        None => ColorImage::filled([1, 1], egui::Color32::TRANSPARENT),
    }
}

fn convert(size: [usize; 2], rgba: &[u8]) -> ColorImage {
    // Nearly every picture is opaque: then straight and premultiplied are the same, and ten times as fast to read.
    let opaque = rgba.chunks_exact(4).all(|pixel| pixel[3] == 255);
    if opaque {
        ColorImage::from_rgba_premultiplied(size, rgba)
    } else {
        ColorImage::from_rgba_unmultiplied(size, rgba)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_keeps_its_colours_and_a_large_one_its_shape() {
        let picture = Picture::filled(300, 150, [10, 20, 30, 255]);
        assert_eq!(prepare(&picture, 300).pixels[7], egui::Color32::from_rgb(10, 20, 30));
        assert_eq!(prepare(&picture, 100).size, [100, 50]);
        let clear = Picture::filled(2, 2, [200, 100, 0, 128]);
        assert_eq!(prepare(&clear, 9).pixels[0], egui::Color32::from_rgba_unmultiplied(200, 100, 0, 128));
    }
}
