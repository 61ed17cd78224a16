//! What a person can do about a failure or a notice. Each front has words of its own for it.

/// What a person can do about it; the front says how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Give a picture to start from.
    GivePicture,
    /// Choose a VAE for the model.
    ChooseVae,
    /// Use the file as a LoRA of another model.
    UseAsLora,
    /// Look at what the file holds.
    InspectFile,
    /// Let a soft mask release the picture gradually.
    SoftInpainting,
    /// Say outright what of a mask's file is the mask, or turn it over.
    MaskChannel,
    /// Attention in tiles, and decoding in tiles.
    Tiling,
    /// The memory mode that saves.
    LowMemory,
    /// Weights in half precision.
    HalfPrecision,
    /// The largest size of this shape that fits, in pixels.
    SmallerSize { width: u32, height: u32 },
    /// Close other programs or take a smaller model.
    FreeMemory,
    /// See which devices this machine and this build have.
    ListDevices,
    /// The device's failure is kept for a report.
    ReportDevice,
}

/// "What happened; what helps".
#[must_use]
pub(crate) fn with_remedy(message: &str, remedy: Option<Remedy>, words_of: impl FnOnce(Remedy) -> String) -> String {
    match remedy {
        Some(remedy) => format!("{message}; {}", words_of(remedy)),
        None => message.to_owned(),
    }
}
