//! What is to be computed for a picture, as far as it matters for what that costs.

/// What is to be computed, as far as it matters for the cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// As the network works: in pixels of the picture that it is shown.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Rows of one pass: 2 with guidance, 3 with guidance by prompt and picture, and one more for each further part of
    /// the prompt.
    pub rows: usize,
    /// Of the prompt.
    pub windows: usize,
    /// That are encoded: the prompt and the negative one, and more where they change on the way.
    pub texts: usize,
    /// Whether a picture of this size is encoded before.
    pub encodes: bool,
    /// Whether the network reads that one beside the prompt.
    pub reads_canvas: bool,
    /// Further pictures that it reads, each encoded at a size of its own.
    pub references: ReadPictures,
    /// Areas with prompts of their own.
    pub regions: usize,
}

/// Pictures that a network reads beside the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadPictures {
    /// Pixels of all together.
    pub area_px: usize,
    /// Width and height of the largest one.
    pub largest_px: [usize; 2],
}

impl ReadPictures {
    /// Of these widths and heights, as the network reads them.
    #[must_use]
    pub fn of(sizes_px: impl IntoIterator<Item = (u32, u32)>) -> Self {
        sizes_px.into_iter().fold(Self::default(), |all, (width, height)| {
            let size = [width as usize, height as usize];
            let is_larger = area(size) > area(all.largest_px);
            Self { area_px: all.area_px + area(size), largest_px: if is_larger { size } else { all.largest_px } }
        })
    }
}

impl Workload {
    /// Pixels of all pictures that the network reads beside the prompt.
    #[must_use]
    pub fn read_px(&self) -> usize {
        let own = if self.reads_canvas { area([self.width, self.height]) } else { 0 };
        own + self.references.area_px
    }

    /// Width and height of the largest picture that is encoded before, and how many times its pixels all of them have
    /// together. One that is both begun with and read is encoded once. `None` where there is none.
    #[must_use]
    pub fn encoded_px(&self) -> Option<([usize; 2], f64)> {
        let own = if self.encodes || self.reads_canvas { [self.width, self.height] } else { [0, 0] };
        let larger = if area(self.references.largest_px) > area(own) { self.references.largest_px } else { own };
        let all = area(own) + self.references.area_px;
        (all > 0).then(|| (larger, all as f64 / area(larger) as f64))
    }
}

fn area([width, height]: [usize; 2]) -> usize {
    width * height
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_encoded_follows_the_size_that_is_drawn() {
        let none = Workload {
            width: 64,
            height: 32,
            rows: 1,
            windows: 1,
            texts: 2,
            encodes: false,
            reads_canvas: false,
            references: ReadPictures::default(),
            regions: 0,
        };
        assert_eq!((none.read_px(), none.encoded_px()), (0, None));
        let photo = Workload { encodes: true, ..none };
        assert_eq!((photo.read_px(), photo.encoded_px()), (0, Some(([64, 32], 1.0))));
        let edit = Workload { reads_canvas: true, ..photo };
        assert_eq!((edit.read_px(), edit.encoded_px()), (64 * 32, Some(([64, 32], 1.0))));
        let references = ReadPictures::of([(16, 16), (128, 64), (32, 64)]);
        let all = Workload { references, ..edit };
        assert_eq!(all.read_px(), 64 * 32 + 16 * 16 + 128 * 64 + 32 * 64);
        let (largest, times) = all.encoded_px().unwrap();
        assert_eq!((largest, times), ([128, 64], all.read_px() as f64 / (128.0 * 64.0)));
    }
}
