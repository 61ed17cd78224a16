//! Which sizes a picture may have: by aspect at about the model's own area, on the grid that its network likes.

/// A shape of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aspect {
    pub name: &'static str,
    /// Width to height.
    pub ratio: [u32; 2],
}

pub(crate) const ASPECTS: [Aspect; 5] = [
    Aspect { name: "Square", ratio: [1, 1] },
    Aspect { name: "Portrait", ratio: [2, 3] },
    Aspect { name: "Landscape", ratio: [3, 2] },
    Aspect { name: "Tall", ratio: [9, 16] },
    Aspect { name: "Wide", ratio: [16, 9] },
];

/// Latents are an eighth of the picture and halved three times: other sizes work, these work best.
const GRID_PX: u32 = 64;
/// Small models lose too much of an aspect on that grid.
const SMALL_GRID_PX: u32 = 32;
/// Any size must be a multiple of the autoencoder's factor.
pub(crate) const STEP_PX: u32 = 8;

/// The size for an aspect at about `native_px`'s area.
#[must_use]
pub(crate) fn for_aspect(aspect: Aspect, native_px: [u32; 2]) -> [u32; 2] {
    let area_px = f64::from(native_px[0]) * f64::from(native_px[1]);
    let ratio = f64::from(aspect.ratio[0]) / f64::from(aspect.ratio[1]);
    let width = (area_px * ratio).sqrt();
    let grid = if native_px[0].min(native_px[1]) < 512 { SMALL_GRID_PX } else { GRID_PX };
    [on_grid(width, grid), on_grid(width / ratio, grid)]
}

/// The name for the size box: an aspect that is offered, or "Custom".
#[must_use]
pub(crate) fn name_of(size_px: [u32; 2], native_px: [u32; 2]) -> &'static str {
    ASPECTS.into_iter().find(|aspect| for_aspect(*aspect, native_px) == size_px).map_or("Custom", |aspect| aspect.name)
}

/// The same aspect for another model.
#[must_use]
pub(crate) fn carried_over(size_px: [u32; 2], from_native_px: [u32; 2], to_native_px: [u32; 2]) -> [u32; 2] {
    let known = ASPECTS.into_iter().find(|aspect| for_aspect(*aspect, from_native_px) == size_px);
    known.map_or(size_px, |aspect| for_aspect(aspect, to_native_px))
}

/// The size at which a picture is repainted: its own shape, no larger than the model can hold together.
#[must_use]
pub(crate) fn for_repainting(picture_px: [u32; 2], native_px: [u32; 2]) -> [u32; 2] {
    let [width, height] = picture_px.map(|side| f64::from(side.max(1)));
    let most_area_px = f64::from(native_px[0]) * f64::from(native_px[1]) * 2.25;
    let shrink = (most_area_px / (width * height)).sqrt().min(1.0);
    [on_grid(width * shrink, STEP_PX), on_grid(height * shrink, STEP_PX)]
}

fn on_grid(side_px: f64, grid_px: u32) -> u32 {
    ((side_px / f64::from(grid_px)).round() as u32).max(1) * grid_px
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aspects_keep_the_area_and_the_grid() {
        assert_eq!(ASPECTS.map(|aspect| for_aspect(aspect, [512, 512]))[..3], [[512, 512], [448, 640], [640, 448]]);
        for aspect in ASPECTS {
            let [width, height] = for_aspect(aspect, [256, 256]);
            assert!(width % 32 == 0 && height % 32 == 0, "{aspect:?}");
            assert_eq!(name_of([width, height], [256, 256]), aspect.name);
        }
    }

    #[test]
    fn another_model_keeps_the_aspect() {
        let wide = for_aspect(ASPECTS[4], [256, 256]);
        assert_eq!(carried_over(wide, [256, 256], [512, 512]), for_aspect(ASPECTS[4], [512, 512]));
        assert_eq!(carried_over([200, 320], [256, 256], [512, 512]), [200, 320]);
    }

    #[test]
    fn a_large_photo_is_repainted_in_its_own_shape() {
        let [width, height] = for_repainting([4000, 3000], [512, 512]);
        assert!(width * height <= 800 * 800 && width > height && width % 8 == 0 && height % 8 == 0);
        assert_eq!(for_repainting([256, 256], [256, 256]), [256, 256]);
    }
}
