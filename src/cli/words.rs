//! What helps against a failure, in the words of the command line; and its exit codes.

use crate::job::{ErrorKind, Remedy};

/// Exit codes of the contract; 2, usage, is given by the parser.
pub(super) const DONE: u8 = 0;
pub(super) const FAILED: u8 = 1;
pub(super) const CANCELLED: u8 = 130;

/// The contract knows one code for all failures; a front with more has its own table.
pub(super) fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Request
        | ErrorKind::NotFound
        | ErrorKind::Unreadable
        | ErrorKind::Unsupported
        | ErrorKind::Memory
        | ErrorKind::Device
        | ErrorKind::Storage
        | ErrorKind::Busy
        | ErrorKind::Stopped
        | ErrorKind::Internal => FAILED,
    }
}

pub(super) fn remedy(remedy: Remedy) -> String {
    match remedy {
        Remedy::GivePicture => "give one with --init FILE".to_owned(),
        Remedy::ChooseVae => "--vae FILE gives it one".to_owned(),
        Remedy::UseAsLora => "--lora FILE:WEIGHT adds it to a model".to_owned(),
        Remedy::InspectFile => "inkwick models inspect PATH shows what it holds".to_owned(),
        Remedy::SoftInpainting => "paint it stronger, or inpaint softly (--soft-inpaint)".to_owned(),
        Remedy::MaskChannel => "--mask-channel alpha, luma or inverted-alpha says it outright".to_owned(),
        Remedy::Tiling => {
            "tiled attention and decoding in tiles would fit (--attention tiled --vae-tiling on)".to_owned()
        }
        Remedy::LowMemory => "--memory low takes less".to_owned(),
        Remedy::HalfPrecision => "--dtype f16 takes half of it".to_owned(),
        Remedy::SmallerSize { width, height } => format!("{width}×{height} would fit"),
        Remedy::FreeMemory => "close other programs, or take a smaller model".to_owned(),
        Remedy::ListDevices => "inkwick doctor lists what this machine and this build have".to_owned(),
        Remedy::ReportDevice => "inkwick doctor keeps this for a report".to_owned(),
    }
}
