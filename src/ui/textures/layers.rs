//! Mask, painted parts and drawings on the graphics card, in squares: a stroke sends only what it touched.
//!
//! Each square carries one pixel of its neighbours around it, so that no seam shows where they meet.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use egui::{
    Color32, ColorImage, Context, Mesh, Painter, Pos2, Rect, Shape, TextureFilter, TextureHandle, TextureId,
    TextureOptions, TextureWrapMode, pos2, vec2,
};

use crate::canvas::{Document, LayerId, LayerPart, MaskLayer, PictureLayer, TILE_PX};
use crate::job::Placement;
use crate::mask::{MaskPlane, PixelRect};
use crate::raster::Picture;
use crate::ui::textures::way::Way;

/// Side of a square. A whole number of the document's tiles.
const SQUARE_PX: u32 = 4 * TILE_PX;
const SQUARES_PER_FRAME: usize = 10;

type Place = (u32, u32);

#[derive(Default)]
pub(crate) struct Layers {
    mask: Layer,
    colour: Layer,
    /// Of single layers, drawings and masks; with the revision in which each came to be.
    drawings: BTreeMap<LayerPart, (u64, Layer)>,
    size_px: [u32; 2],
    /// With sharp pixels.
    sharp: bool,
}

#[derive(Default)]
struct Layer {
    squares: HashMap<Place, TextureHandle>,
    /// To be sent whole, as soon as a frame can take it.
    stale: BTreeSet<Place>,
}

impl Layers {
    /// Sends what has changed. To be called once a frame, before anything is painted.
    pub(crate) fn update(&mut self, ctx: &Context, document: &mut Document, sharp: bool) {
        let dirty = document.take_dirty();
        let size_px = document.size_px().unwrap_or_default();
        if dirty.sheet || sharp != self.sharp || size_px != self.size_px {
            *self = Self { size_px, sharp, ..Self::default() };
            let bounds = document.mask().bounds().unwrap_or_default();
            self.mask.stale.extend(squares_in(bounds, size_px));
            if let Some(picture) = document.picture() {
                for tile in picture.painted().keys() {
                    self.colour.stale.extend(squares_in(picture.grid().rect(*tile), size_px));
                }
            }
        } else {
            self.mask.change(dirty.mask, size_px, sharp, |rect| mask_image(document.mask().plane(), rect));
            if let Some(picture) = document.picture() {
                self.colour.change(dirty.colour, size_px, sharp, |rect| picture_image(picture, rect));
            }
        }
        self.change_drawings(document, &dirty.drawn);
        let mut squares_left = SQUARES_PER_FRAME;
        self.mask.catch_up(ctx, size_px, sharp, &mut squares_left, |rect| mask_image(document.mask().plane(), rect));
        if let Some(picture) = document.picture() {
            self.colour.catch_up(ctx, size_px, sharp, &mut squares_left, |rect| picture_image(picture, rect));
        }
        for (part, _, plane) in parts_of(document) {
            if let Some((_, squares)) = self.drawings.get_mut(&part) {
                squares.catch_up(ctx, size_px, sharp, &mut squares_left, |rect| mask_image(plane.plane(), rect));
            }
        }
        if squares_left == 0 {
            ctx.request_repaint();
        }
    }

    /// Notes what is different of the layers that can be painted on.
    fn change_drawings(&mut self, document: &Document, dirty: &[(LayerPart, PixelRect)]) {
        let (size_px, sharp) = (self.size_px, self.sharp);
        let stack = document.stack();
        self.drawings.retain(|part, _| stack.get(part.layer()).is_some_and(|layer| layer.plane(*part).is_some()));
        for (part, made, plane) in parts_of(document) {
            let known = self.drawings.get(&part).is_some_and(|(of, _)| *of == made);
            if !known {
                let mut squares = Layer::default();
                squares.stale.extend(squares_in(plane.bounds().unwrap_or_default(), size_px));
                self.drawings.insert(part, (made, squares));
                continue;
            }
            let changed = dirty.iter().filter(|(other, _)| *other == part);
            if let Some((_, squares)) = self.drawings.get_mut(&part) {
                changed.for_each(|(_, rect)| {
                    squares.change(*rect, size_px, sharp, |rect| mask_image(plane.plane(), rect));
                });
            }
        }
    }

    /// Paints the canvas's picture into `rect`: `base` as it came, and over it what was painted. `tint` is white, or
    /// fainter.
    pub(crate) fn paint_picture(&self, painter: &Painter, rect: Rect, base: TextureId, tint: Color32) {
        let whole = PixelRect::new(0, 0, self.size_px[0], self.size_px[1]);
        if self.colour.squares.is_empty() {
            painter.image(base, rect, Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0)), tint);
            return;
        }
        let size = vec2(self.size_px[0] as f32, self.size_px[1] as f32);
        let mut mesh = Mesh::with_texture(base);
        for place in squares_in(whole, self.size_px) {
            // A see-through picture must not show twice.
            if !self.colour.squares.contains_key(&place) {
                let part = part_of(place, self.size_px);
                let uv = Rect::from_min_max(
                    pos2(part.left as f32 / size.x, part.top as f32 / size.y),
                    pos2(part.right as f32 / size.x, part.bottom as f32 / size.y),
                );
                mesh.add_rect_with_uv(on_screen(part, self.size_px, rect), uv, tint);
            }
        }
        painter.add(Shape::mesh(mesh));
        self.colour.paint(painter, rect, self.size_px, tint);
    }

    /// Paints only what was painted, over a base that is shown small.
    pub(crate) fn paint_strokes(&self, painter: &Painter, rect: Rect) {
        self.colour.paint(painter, rect, self.size_px, Color32::WHITE);
    }

    /// Paints a layer's drawing into `rect`: its strokes are white, with a dark line around them.
    pub(crate) fn paint_drawing(
        &self,
        painter: &Painter,
        rect: Rect,
        layer: LayerId,
        placement: &Placement,
        opacity: f32,
    ) {
        const AROUND: [(f32, f32); 4] = [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)];
        let Some((_, squares)) = self.drawings.get(&LayerPart::Drawing(layer)) else { return };
        let inside = painter.with_clip_rect(painter.clip_rect().intersect(rect));
        for (x, y) in AROUND {
            let shade = Color32::from_black_alpha(140).gamma_multiply(opacity);
            squares.paint_placed(&inside, rect.translate(vec2(x, y)), self.size_px, placement, shade);
        }
        squares.paint_placed(&inside, rect, self.size_px, placement, Color32::WHITE.gamma_multiply(opacity));
    }

    /// Paints what is drawn on a layer in `tint`.
    pub(crate) fn paint_area(
        &self,
        painter: &Painter,
        rect: Rect,
        layer: LayerId,
        placement: &Placement,
        tint: Color32,
    ) {
        if let Some((_, squares)) = self.drawings.get(&LayerPart::Drawing(layer)) {
            let inside = painter.with_clip_rect(painter.clip_rect().intersect(rect));
            squares.paint_placed(&inside, rect, self.size_px, placement, tint);
        }
    }

    /// Paints in `tint` where a layer counts.
    pub(crate) fn paint_layer_mask(&self, painter: &Painter, rect: Rect, layer: LayerId, tint: Color32) {
        if let Some((_, squares)) = self.drawings.get(&LayerPart::Mask(layer)) {
            squares.paint(painter, rect, self.size_px, tint);
        }
    }

    /// Paints the mask into `rect` in `tint`.
    pub(crate) fn paint_mask(&self, painter: &Painter, rect: Rect, tint: Color32) {
        self.mask.paint(painter, rect, self.size_px, tint);
    }
}

/// What can be painted on of the layers, with when it came to be.
fn parts_of(document: &Document) -> impl Iterator<Item = (LayerPart, u64, &MaskLayer)> {
    document.stack().layers().iter().flat_map(|layer| {
        let parts = [(LayerPart::Drawing(layer.id), layer.made), (LayerPart::Mask(layer.id), layer.mask_made)];
        parts.into_iter().filter_map(|(part, made)| Some((part, made, layer.plane(part)?)))
    })
}

impl Layer {
    fn change(&mut self, dirty: PixelRect, size_px: [u32; 2], sharp: bool, image: impl Fn(PixelRect) -> ColorImage) {
        if dirty.is_empty() {
            return;
        }
        // The neighbours' borders show these pixels too.
        let dirty = grown(dirty, size_px);
        for place in squares_in(dirty, size_px) {
            let Some(handle) = self.squares.get_mut(&place) else {
                self.stale.insert(place);
                continue;
            };
            let sent = grown(part_of(place, size_px), size_px);
            let part = sent.intersection(dirty);
            if part == sent {
                // All of it: many at once are spread over frames.
                self.stale.insert(place);
            } else if !part.is_empty() && !self.stale.contains(&place) {
                let at = [(part.left - sent.left) as usize, (part.top - sent.top) as usize];
                handle.set_partial(at, image(part), options(sharp));
            }
        }
    }

    fn catch_up(
        &mut self,
        ctx: &Context,
        size_px: [u32; 2],
        sharp: bool,
        squares_left: &mut usize,
        image: impl Fn(PixelRect) -> ColorImage,
    ) {
        while *squares_left > 0 {
            let Some(place) = self.stale.pop_first() else { return };
            let sent = grown(part_of(place, size_px), size_px);
            let handle = ctx.load_texture("canvas square", image(sent), options(sharp));
            self.squares.insert(place, handle);
            *squares_left -= 1;
        }
    }

    fn paint(&self, painter: &Painter, rect: Rect, size_px: [u32; 2], tint: Color32) {
        self.paint_placed(painter, rect, size_px, &Placement::default(), tint);
    }

    fn paint_placed(&self, painter: &Painter, rect: Rect, size_px: [u32; 2], placement: &Placement, tint: Color32) {
        let clip = painter.clip_rect();
        let way = Way { rect, canvas_px: size_px, placement: *placement };
        for (place, handle) in &self.squares {
            let part = part_of(*place, size_px);
            let sent = grown(part, size_px);
            let target = on_screen(part, size_px, rect);
            if placement.is_none() && !target.intersects(clip) {
                continue;
            }
            let side = vec2(sent.width() as f32, sent.height() as f32);
            let corner = |x: u32, y: u32| pos2((x - sent.left) as f32 / side.x, (y - sent.top) as f32 / side.y);
            let uv = Rect::from_min_max(corner(part.left, part.top), corner(part.right, part.bottom));
            way.paint(painter, handle.id(), target, uv, tint);
        }
    }
}

fn options(sharp: bool) -> TextureOptions {
    let magnification = if sharp { TextureFilter::Nearest } else { TextureFilter::Linear };
    TextureOptions {
        magnification,
        minification: TextureFilter::Linear,
        wrap_mode: TextureWrapMode::ClampToEdge,
        mipmap_mode: None,
    }
}

fn squares_in(rect: PixelRect, [width, height]: [u32; 2]) -> impl Iterator<Item = Place> {
    let rect = rect.intersection(PixelRect::new(0, 0, width, height));
    let range = |from: u32, to: u32| if from < to { from / SQUARE_PX..to.div_ceil(SQUARE_PX) } else { 0..0 };
    let columns = range(rect.left, rect.right);
    range(rect.top, rect.bottom).flat_map(move |row| columns.clone().map(move |column| (column, row)))
}

fn part_of((column, row): Place, [width, height]: [u32; 2]) -> PixelRect {
    let (left, top) = (column * SQUARE_PX, row * SQUARE_PX);
    PixelRect::new(left, top, (left + SQUARE_PX).min(width), (top + SQUARE_PX).min(height))
}

fn grown(rect: PixelRect, [width, height]: [u32; 2]) -> PixelRect {
    let larger =
        PixelRect::new(rect.left.saturating_sub(1), rect.top.saturating_sub(1), rect.right + 1, rect.bottom + 1);
    larger.intersection(PixelRect::new(0, 0, width, height))
}

fn on_screen(part: PixelRect, [width, height]: [u32; 2], rect: Rect) -> Rect {
    let corner = |x: u32, y: u32| {
        pos2(
            rect.left() + rect.width() * x as f32 / width.max(1) as f32,
            rect.top() + rect.height() * y as f32 / height.max(1) as f32,
        )
    };
    Rect::from_min_max(corner(part.left, part.top), corner(part.right, part.bottom))
}

/// White, as dense as the mask: the tint is given when it is painted.
fn mask_image(plane: &MaskPlane, rect: PixelRect) -> ColorImage {
    let mut pixels = Vec::with_capacity(rect.width() as usize * rect.height() as usize);
    for y in rect.top..rect.bottom {
        let row = &plane.row(y)[rect.left as usize..rect.right as usize];
        pixels.extend(row.iter().map(|value| Color32::from_rgba_premultiplied(*value, *value, *value, *value)));
    }
    ColorImage::new([rect.width() as usize, rect.height() as usize], pixels)
}

fn picture_image(picture: &PictureLayer, rect: PixelRect) -> ColorImage {
    let mut pixels = vec![Color32::TRANSPARENT; rect.width() as usize * rect.height() as usize];
    let grid = picture.grid();
    for tile in grid.touching(rect) {
        let whole = grid.rect(tile);
        let part = whole.intersection(rect);
        let painted = picture.painted().get(&tile);
        for y in part.top..part.bottom {
            let source = match painted {
                Some(pixels) => {
                    let start = ((y - whole.top) * whole.width() + part.left - whole.left) as usize * 4;
                    &pixels[start..]
                }
                None => base_row(picture.base(), part.left, y),
            };
            let start = ((y - rect.top) * rect.width() + part.left - rect.left) as usize;
            let target = &mut pixels[start..][..part.width() as usize];
            for (target, pixel) in target.iter_mut().zip(source.chunks_exact(4)) {
                *target = match pixel {
                    [r, g, b, 255] => Color32::from_rgb(*r, *g, *b),
                    other => Color32::from_rgba_unmultiplied(other[0], other[1], other[2], other[3]),
                };
            }
        }
    }
    ColorImage::new([rect.width() as usize, rect.height() as usize], pixels)
}

fn base_row(base: &Picture, x: u32, y: u32) -> &[u8] {
    &base.rgba()[(y as usize * base.width() as usize + x as usize) * 4..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_cover_a_picture_once() {
        let size_px = [SQUARE_PX * 2 + 7, SQUARE_PX];
        let whole = PixelRect::new(0, 0, size_px[0], size_px[1]);
        let area: u32 = squares_in(whole, size_px).map(|at| part_of(at, size_px)).map(|r| r.width() * r.height()).sum();
        assert_eq!(area, size_px[0] * size_px[1]);
        assert_eq!(squares_in(PixelRect::default(), size_px).count(), 0);
        assert_eq!(grown(part_of((1, 0), size_px), size_px).left, SQUARE_PX - 1);
    }
}
