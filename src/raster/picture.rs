//! A picture in memory: 8-bit RGBA rows, top to bottom, and nothing else.

/// `width · height · 4` bytes of straight (not premultiplied) RGBA.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
#[error("a picture of {width}×{height} needs {wanted} bytes, found {found}")]
pub struct PictureSizeError {
    width: u32,
    height: u32,
    wanted: usize,
    found: usize,
}

impl Picture {
    /// Takes over the bytes.
    ///
    /// # Errors
    /// When there are not exactly `width · height · 4` of them.
    pub fn from_rgba(width: u32, height: u32, rgba: Vec<u8>) -> Result<Self, PictureSizeError> {
        let wanted = width as usize * height as usize * 4;
        if rgba.len() == wanted {
            Ok(Self { width, height, rgba })
        } else {
            Err(PictureSizeError { width, height, wanted, found: rgba.len() })
        }
    }

    /// An evenly coloured picture.
    #[must_use]
    pub fn filled(width: u32, height: u32, colour: [u8; 4]) -> Self {
        Self { width, height, rgba: colour.repeat(width as usize * height as usize) }
    }

    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.width as usize, self.height as usize]
    }

    #[must_use]
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// Gives the bytes away.
    #[must_use]
    pub fn into_rgba(self) -> Vec<u8> {
        self.rgba
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Picture({}×{})", self.width, self.height)
    }
}
