//! Which processor computes, and in which precision.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};

use crate::model::cuda_cards;
pub use crate::system::nvidia::Card;

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processor {
    pub device: DeviceChoice,
    /// The numbers of more cards, where `device` is one: each makes pictures of its own.
    pub further_cards: Vec<usize>,
    pub dtype: DtypeChoice,
}

impl Processor {
    /// All that pictures are shared out to.
    #[must_use]
    pub fn devices(&self) -> Devices {
        let mut devices = vec![self.device];
        if matches!(self.device, DeviceChoice::Cuda(_)) {
            for card in self.further_cards.iter().copied().map(DeviceChoice::Cuda) {
                if !devices.contains(&card) {
                    devices.push(card);
                }
            }
        }
        Devices(devices)
    }

    /// "CPU · f32", "2 × CUDA · f16", for the status line. May ask a driver.
    #[must_use]
    pub fn label(&self) -> String {
        let times = match self.devices().count() {
            1 => String::new(),
            count => format!("{count} × "),
        };
        let device = self.device.resolved();
        let dtype = match (self.dtype, device) {
            (DtypeChoice::F32, _) | (DtypeChoice::Auto, DeviceChoice::Cpu | DeviceChoice::Auto) => "f32",
            (DtypeChoice::Bf16, _) => "bf16",
            (DtypeChoice::F16 | DtypeChoice::Auto, _) => "f16",
        };
        format!("{times}{} · {dtype}", device.label())
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What pictures are shared out to: one device, or several NVIDIA cards, each of which makes a whole picture at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices(Vec<DeviceChoice>);

impl Default for Devices {
    fn default() -> Self {
        Self(vec![DeviceChoice::default()])
    }
}

impl From<DeviceChoice> for Devices {
    fn from(device: DeviceChoice) -> Self {
        Self(vec![device])
    }
}

impl Devices {
    /// The one of this number, from 0.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<DeviceChoice> {
        self.0.get(number).copied()
    }

    /// At least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = DeviceChoice> {
        self.0.iter().copied()
    }
}

impl FromStr for Devices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let devices = text.split(',').map(|name| name.trim().parse()).collect::<Result<Vec<DeviceChoice>, _>>()?;
        if let [_] = devices[..] {
            return Ok(Self(devices));
        }
        if let Some(other) = devices.iter().find(|device| !matches!(device, DeviceChoice::Cuda(_))) {
            return Err(format!(
                "{other} computes alone: only NVIDIA cards make several pictures at once, as cuda:0,cuda:1 does"
            ));
        }
        match devices.iter().enumerate().find(|(at, device)| devices[..*at].contains(device)) {
            Some((_, twice)) => Err(format!("{twice} is named twice, and one card makes one picture at a time")),
            None => Ok(Self(devices)),
        }
    }
}

impl fmt::Display for Devices {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|device| device.to_string()).collect();
        formatter.write_str(&names.join(","))
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
            other => {
                other.strip_prefix("cuda:").and_then(|number| number.parse().ok()).map(Self::Cuda).ok_or_else(|| {
                    "allowed are auto, cpu, metal, cuda, cuda:N and several cards as cuda:0,cuda:1".to_owned()
                })
            }
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

/// The NVIDIA cards that this build can compute on, by their numbers. Asks the driver.
#[must_use]
pub fn cards() -> Vec<Card> {
    cuda_cards()
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

    #[test]
    fn several_cards_are_named_once_each_and_nothing_else_is_several() {
        let devices: Devices = "cuda:1, cuda:0".parse().unwrap();
        assert_eq!((devices.to_string().as_str(), devices.count()), ("cuda:1,cuda:0", 2));
        assert_eq!(devices.get(0), Some(DeviceChoice::Cuda(1)));
        assert_eq!("auto".parse(), Ok(Devices::default()));
        for (text, words) in [
            ("cpu,cpu", "cpu computes alone"),
            ("cuda:0,cpu", "cpu computes alone"),
            ("auto,cuda:1", "auto computes alone"),
            ("cuda:0,cuda", "cuda:0 is named twice"),
            ("cuda:0,", "allowed are"),
            ("", "allowed are"),
        ] {
            let refused = text.parse::<Devices>().unwrap_err();
            assert!(refused.starts_with(words), "{text}: {refused}");
        }
    }

    #[test]
    fn further_cards_count_beside_a_card_alone() {
        let processor = |device| Processor { device, further_cards: vec![1, 2, 1, 0], ..Processor::default() };
        assert_eq!(processor(DeviceChoice::Cuda(0)).devices().to_string(), "cuda:0,cuda:1,cuda:2");
        assert_eq!(processor(DeviceChoice::Auto).devices().to_string(), "auto");
        assert_eq!(processor(DeviceChoice::Cpu).label(), "CPU · f32");
    }
}
