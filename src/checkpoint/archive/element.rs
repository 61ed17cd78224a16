//! The kinds of numbers that files of tensors hold, by whatever name a file calls them, and what each is read as.

use candle_core::{DType, Device, Tensor};
use half::f16;
use safetensors::Dtype;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F64,
    F32,
    F16,
    BF16,
    F8E4M3,
    F8E5M2,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
}

/// A kind, its name here and in safetensors, `PyTorch`'s name of it, and that of its storage.
type Row = (Element, &'static str, &'static str, &'static str);

pub(crate) const KINDS: [Row; 15] = [
    (Element::F64, "F64", "float64", "DoubleStorage"),
    (Element::F32, "F32", "float32", "FloatStorage"),
    (Element::F16, "F16", "float16", "HalfStorage"),
    (Element::BF16, "BF16", "bfloat16", "BFloat16Storage"),
    (Element::F8E4M3, "F8_E4M3", "float8_e4m3fn", "Float8_e4m3fnStorage"),
    (Element::F8E5M2, "F8_E5M2", "float8_e5m2", "Float8_e5m2Storage"),
    (Element::I64, "I64", "int64", "LongStorage"),
    (Element::I32, "I32", "int32", "IntStorage"),
    (Element::I16, "I16", "int16", "ShortStorage"),
    (Element::I8, "I8", "int8", "CharStorage"),
    (Element::U64, "U64", "uint64", "UInt64Storage"),
    (Element::U32, "U32", "uint32", "UInt32Storage"),
    (Element::U16, "U16", "uint16", "UInt16Storage"),
    (Element::U8, "U8", "uint8", "ByteStorage"),
    (Element::Bool, "BOOL", "bool", "BoolStorage"),
];

/// Bytes of one number in `PyTorch`'s storages of kinds that are not read: where the next storage begins depends on it.
const UNREAD_STORAGES: [(&str, usize); 8] = [
    ("ComplexFloatStorage", 8),
    ("ComplexDoubleStorage", 16),
    ("QInt8Storage", 1),
    ("QUInt8Storage", 1),
    ("QInt32Storage", 4),
    ("QUInt4x2Storage", 1),
    ("QUInt2x4Storage", 1),
    ("UntypedStorage", 1),
];

impl Element {
    /// As safetensors call it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        KINDS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// `None` for a kind that is not read.
    #[must_use]
    pub(crate) fn of_safetensors(dtype: Dtype) -> Option<Self> {
        let name = dtype.to_string();
        KINDS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// By the name of a `torch.dtype`, or of a storage's class. `None` for a kind that is not read.
    #[must_use]
    pub(crate) fn of_torch(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.2 == name || row.3 == name).map(|row| row.0)
    }

    /// Bytes of one number in a storage of this class.
    #[must_use]
    pub(crate) fn size_in_storage(class: &str) -> Option<usize> {
        let unread = || UNREAD_STORAGES.iter().find(|(known, _)| *known == class).map(|(_, size)| *size);
        Self::of_torch(class).map(Self::size).or_else(unread)
    }

    /// Bytes of one number.
    #[must_use]
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::F8E4M3 | Self::F8E5M2 | Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }

    /// What candle has it as, where it has it at all.
    #[must_use]
    pub(crate) fn dtype(self) -> Option<DType> {
        match self {
            Self::F64 => Some(DType::F64),
            Self::F32 => Some(DType::F32),
            Self::F16 => Some(DType::F16),
            Self::BF16 => Some(DType::BF16),
            Self::F8E4M3 => Some(DType::F8E4M3),
            Self::I64 => Some(DType::I64),
            Self::I32 => Some(DType::I32),
            Self::I16 => Some(DType::I16),
            Self::U32 => Some(DType::U32),
            Self::U8 | Self::Bool => Some(DType::U8),
            Self::F8E5M2 | Self::I8 | Self::U64 | Self::U16 => None,
        }
    }

    /// The tensor of these bytes; one of a kind that candle lacks in the next wider kind that it has.
    ///
    /// # Errors
    /// When the bytes are not as many as the shape says, or the device is out of memory.
    pub(crate) fn tensor(self, bytes: &[u8], shape: &[usize], device: &Device) -> Result<Tensor, candle_core::Error> {
        if let Some(dtype) = self.dtype() {
            return Tensor::from_raw_buffer(bytes, dtype, shape, device);
        }
        match self {
            // Such a number is the upper byte of a half.
            Self::F8E5M2 => {
                let halves: Vec<f16> = bytes.iter().map(|byte| f16::from_bits(u16::from(*byte) << 8)).collect();
                Tensor::from_vec(halves, shape, device)
            }
            Self::I8 => {
                let wide: Vec<i16> = bytes.iter().map(|byte| i16::from(byte.cast_signed())).collect();
                Tensor::from_vec(wide, shape, device)
            }
            Self::U16 => {
                let pairs = bytes.as_chunks::<2>().0;
                let wide: Vec<u32> = pairs.iter().map(|pair| u32::from(u16::from_le_bytes(*pair))).collect();
                Tensor::from_vec(wide, shape, device)
            }
            _ => Tensor::from_raw_buffer(bytes, DType::I64, shape, device),
        }
    }
}
