//! Which processor computes, and in which precision.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};

/// As on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChoice {
    /// Metal or CUDA where this build has it and the machine too, else the CPU.
    #[default]
    Auto,
    Cpu,
    Metal,
    /// The number of the card.
    Cuda(usize),
}

/// As on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DtypeChoice {
    /// Single precision on a CPU, half on a GPU.
    #[default]
    Auto,
    /// Single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// bfloat16: half the bytes, the range of single precision.
    Bf16,
}

/// Where and how precisely pictures are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processor {
    pub device: DeviceChoice,
    pub dtype: DtypeChoice,
}

impl Processor {
    /// "CPU · f32", for the status line. May ask a driver.
    #[must_use]
    pub fn label(self) -> String {
        let device = self.device.resolved();
        let dtype = match (self.dtype, device) {
            (DtypeChoice::F32, _) | (DtypeChoice::Auto, DeviceChoice::Cpu | DeviceChoice::Auto) => "f32",
            (DtypeChoice::Bf16, _) => "bf16",
            (DtypeChoice::F16 | DtypeChoice::Auto, _) => "f16",
        };
        format!("{} · {dtype}", device.label())
    }
}

/// The processor that is wanted now, for everyone who computes: it may change between two pictures.
#[derive(Clone, Debug, Default)]
pub struct WantedProcessor(Arc<Mutex<Processor>>);

impl WantedProcessor {
    pub fn set(&self, processor: Processor) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = processor;
    }

    #[must_use]
    pub fn get(&self) -> Processor {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("{wanted} cannot be used: {reason}")]
    Unavailable { wanted: DeviceChoice, reason: String },
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "metal" => Ok(Self::Metal),
            "cuda" => Ok(Self::Cuda(0)),
            other => other
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| "allowed are auto, cpu, metal, cuda and cuda:N".to_owned()),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Metal => formatter.write_str("metal"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
        }
    }
}

impl DeviceChoice {
    /// What `Auto` stands for here; the others stand for themselves.
    #[must_use]
    pub fn resolved(self) -> Self {
        match self {
            Self::Auto if candle_core::utils::metal_is_available() && has_metal() => Self::Metal,
            Self::Auto if candle_core::utils::cuda_is_available() && Device::new_cuda(0).is_ok() => Self::Cuda(0),
            Self::Auto => Self::Cpu,
            chosen => chosen,
        }
    }

    /// # Errors
    /// When this build or this machine does not have the device.
    pub fn open(self) -> Result<Device, DeviceError> {
        let opened = match self.resolved() {
            Self::Auto | Self::Cpu => return Ok(Device::Cpu),
            Self::Metal => new_metal(),
            Self::Cuda(number) => Device::new_cuda(number),
        };
        opened.map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().next().unwrap_or_default().to_owned();
            DeviceError::Unavailable { wanted: self, reason }
        })
    }

    /// For the status line.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self.resolved() {
            Self::Metal => "Metal",
            Self::Cuda(_) => "CUDA",
            Self::Auto | Self::Cpu => "CPU",
        }
    }
}

/// candle takes the first of Metal's devices without looking whether there is one, as on a virtual machine there is not.
fn new_metal() -> Result<Device, candle_core::Error> {
    std::panic::catch_unwind(|| Device::new_metal(0))
        .unwrap_or_else(|_| Err(candle_core::Error::Msg("this machine has no Metal device".to_owned())))
}

/// Asked once: a machine's devices stay.
fn has_metal() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| new_metal().is_ok())
}

impl DtypeChoice {
    #[must_use]
    pub fn on(self, device: &Device) -> DType {
        match self {
            Self::Auto if device.is_cpu() => DType::F32,
            Self::Auto | Self::F16 => DType::F16,
            Self::F32 => DType::F32,
            Self::Bf16 => DType::BF16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for (text, wanted) in
            [("auto", DeviceChoice::Auto), ("cuda", DeviceChoice::Cuda(0)), ("cuda:3", DeviceChoice::Cuda(3))]
        {
            assert_eq!(text.parse(), Ok(wanted));
        }
        assert!("cuda:x".parse::<DeviceChoice>().is_err());
        assert!("gpu".parse::<DeviceChoice>().is_err());
    }
}
