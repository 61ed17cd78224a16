//! What the options of the table stand for, in their order.

use crate::engine::device::{DeviceChoice, DtypeChoice};
use crate::job::{AttentionMode, MemoryMode, VaeTiling};
use crate::store::pictures::picture_file::PictureFormat;
use crate::store::settings::Theme;

pub(super) const THEMES: [Theme; 3] = [Theme::Dark, Theme::Light, Theme::System];
pub(super) const SCALES: [f32; 9] = [0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5];
/// Those, written.
pub(super) const SCALE_WORDS: &[(&str, &str)] = &[
    ("75 %", ""),
    ("90 %", ""),
    ("100 %", ""),
    ("110 %", ""),
    ("125 %", ""),
    ("150 %", ""),
    ("175 %", ""),
    ("200 %", ""),
    ("250 %", ""),
];
pub(super) const FORMATS: [PictureFormat; 3] = [PictureFormat::Png, PictureFormat::WebP, PictureFormat::Jpeg];
pub(super) const DTYPES: [DtypeChoice; 4] = [DtypeChoice::Auto, DtypeChoice::F32, DtypeChoice::F16, DtypeChoice::Bf16];
pub(super) const ATTENTIONS: [AttentionMode; 4] =
    [AttentionMode::Auto, AttentionMode::Tiled, AttentionMode::Sliced(Some(1)), AttentionMode::Full];
pub(super) const MEMORIES: [MemoryMode; 3] = [MemoryMode::Auto, MemoryMode::Low, MemoryMode::High];
pub(super) const TILINGS: [VaeTiling; 3] = [VaeTiling::Auto, VaeTiling::Off, VaeTiling::On];
/// Those that this build has kernels for.
pub(super) const DEVICES: &[DeviceChoice] = &[
    DeviceChoice::Auto,
    DeviceChoice::Cpu,
    #[cfg(any(target_os = "macos", feature = "metal"))]
    DeviceChoice::Metal,
    #[cfg(feature = "cuda")]
    DeviceChoice::Cuda(0),
];
pub(super) const DEVICE_WORDS: &[(&str, &str)] = &[
    ("Auto", "The graphics card where there is one, else the processor."),
    ("Processor", "Works everywhere."),
    #[cfg(any(target_os = "macos", feature = "metal"))]
    ("Metal", "A Mac's graphics."),
    #[cfg(feature = "cuda")]
    ("CUDA", "An NVIDIA card."),
];

/// Which kind of device is chosen; which of several cards is another choice.
pub(super) fn device_place(device: DeviceChoice) -> usize {
    let kind = if matches!(device, DeviceChoice::Cuda(_)) { DeviceChoice::Cuda(0) } else { device };
    place(DEVICES, &kind)
}

/// Where a value stands among the options; behind them all where another program chose it.
pub(super) fn place<T: PartialEq>(options: &[T], value: &T) -> usize {
    options.iter().position(|option| option == value).unwrap_or(usize::MAX)
}
