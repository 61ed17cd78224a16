//! One byte a pixel: 0 keeps the picture, 255 repaints it, what lies between is the share.

use super::PixelRect;

#[derive(Clone, PartialEq, Eq)]
pub struct MaskPlane {
    width: u32,
    height: u32,
    values: Vec<u8>,
}

impl MaskPlane {
    /// A mask that keeps everything.
    #[must_use]
    pub fn empty(width: u32, height: u32) -> Self {
        Self { width, height, values: vec![0; width as usize * height as usize] }
    }

    /// Takes over the bytes, row by row; `None` when there are not exactly `width · height`.
    #[must_use]
    pub fn from_values(width: u32, height: u32, values: Vec<u8>) -> Option<Self> {
        (values.len() == width as usize * height as usize).then_some(Self { width, height, values })
    }

    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width and height.
    #[must_use]
    pub fn size_px(&self) -> [u32; 2] {
        [self.width, self.height]
    }

    #[must_use]
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    pub fn values_mut(&mut self) -> &mut [u8] {
        &mut self.values
    }

    /// One row's values.
    ///
    /// # Panics
    /// When `y` lies outside.
    #[must_use]
    pub fn row(&self, y: u32) -> &[u8] {
        let width = self.width as usize;
        &self.values[y as usize * width..][..width]
    }

    /// # Panics
    /// When `y` lies outside.
    pub fn row_mut(&mut self, y: u32) -> &mut [u8] {
        let width = self.width as usize;
        &mut self.values[y as usize * width..][..width]
    }

    /// The whole plane.
    #[must_use]
    pub fn rect(&self) -> PixelRect {
        PixelRect::new(0, 0, self.width, self.height)
    }

    /// The smallest rectangle around everything that is not 0; `None` when nothing is masked.
    #[must_use]
    pub fn bounds(&self) -> Option<PixelRect> {
        let mut bounds: Option<PixelRect> = None;
        for y in 0..self.height {
            let row = self.row(y);
            let Some(first) = row.iter().position(|value| *value != 0) else { continue };
            let last = row.iter().rposition(|value| *value != 0).unwrap_or(first);
            let found = PixelRect::new(first as u32, y, last as u32 + 1, y + 1);
            bounds = Some(bounds.map_or(found, |bounds| bounds.union(found)));
        }
        bounds
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|value| *value == 0)
    }
}

impl std::fmt::Debug for MaskPlane {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "MaskPlane({}×{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_tight() {
        let mut mask = MaskPlane::empty(7, 5);
        assert_eq!(mask.bounds(), None);
        mask.row_mut(1)[4] = 1;
        mask.row_mut(3)[2] = 255;
        assert_eq!(mask.bounds(), Some(PixelRect::new(2, 1, 5, 4)));
    }
}
