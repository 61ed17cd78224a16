//! What stands before the data of a GGUF file: values by name, and a list of tensors.

use std::fs::File;
use std::io::{BufReader, Read};

use candle_core::quantized::GgmlDType;

use super::refusal::Refusal;

pub(crate) const MAGIC: &[u8; 4] = b"GGUF";
/// What is said to those whose file is packed otherwise.
const READ: &str = "Q8_0, Q4_0 to Q5_1 and Q2_K to Q6_K are read, get one of these or a .safetensors file";

/// What stands before the data: names, and in files of language models a whole vocabulary.
const MAX_HEADER_BYTES: u64 = 64 << 20;
const MAX_TENSORS: u64 = 100_000;
const MAX_SIDES: u32 = 8;
/// Texts and lists that are kept.
const MAX_TEXT_BYTES: u64 = 4096;
/// Kinds of values.
const TEXT: u64 = 8;
const LIST: u64 = 9;

/// No language model has so many words, or pairs of them.
const MOST_TEXTS: u64 = 1 << 20;

/// A tensor's entry in the header.
pub(super) struct Listed {
    pub name: String,
    pub shape: Vec<usize>,
    pub kind: GgmlDType,
    /// From where the data begin.
    pub offset: u64,
}

fn kind_of(number: u64) -> Option<GgmlDType> {
    Some(match number {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

pub(super) enum Value {
    Text(String),
    Number(u64),
    /// A short one of whole numbers.
    List(Vec<usize>),
    Other,
}

/// What stands before the data, read from its start on.
pub(super) struct Header<R> {
    bytes: R,
    pub at: u64,
}

impl<'a> Header<BufReader<std::io::Take<&'a File>>> {
    /// At its begin, and how many tensors and values there are.
    pub(super) fn open(file: &'a File) -> Result<(Self, u64, u64), Refusal> {
        let mut header = Self { bytes: BufReader::new(file.take(MAX_HEADER_BYTES)), at: 0 };
        let mut magic = [0; 4];
        header.fill(&mut magic)?;
        let version = header.number(4)?;
        if &magic != MAGIC || !matches!(version, 2 | 3) {
            return Err(Refusal::Unread(format!("is a GGUF file of version {version}, and 2 and 3 are read")));
        }
        let (tensors, values) = (header.number(8)?, header.number(8)?);
        if tensors > MAX_TENSORS {
            return Err("its header speaks of more tensors than any model has".into());
        }
        Ok((header, tensors, values))
    }
}

impl<R: Read> Header<R> {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), String> {
        self.bytes.read_exact(into).map_err(|_| "its header is cut off".to_owned())?;
        self.at += into.len() as u64;
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), String> {
        let skipped = std::io::copy(&mut self.bytes.by_ref().take(count), &mut std::io::sink()).unwrap_or(0);
        self.at += skipped;
        if skipped == count { Ok(()) } else { Err("its header is cut off".to_owned()) }
    }

    pub(super) fn number(&mut self, width: usize) -> Result<u64, String> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes[..width])?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// `None` for one that is too long to be kept.
    pub(super) fn text(&mut self) -> Result<Option<String>, String> {
        let length = self.number(8)?;
        if length > MAX_TEXT_BYTES {
            self.skip(length)?;
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn value(&mut self) -> Result<Value, String> {
        let kind = self.number(4)?;
        self.value_of(kind)
    }

    fn value_of(&mut self, kind: u64) -> Result<Value, String> {
        if kind == TEXT {
            return Ok(self.text()?.map_or(Value::Other, Value::Text));
        }
        if kind != LIST {
            let width = width_of(kind)?;
            let number = self.number(width)?;
            return Ok(if matches!(kind, 4 | 10) { Value::Number(number) } else { Value::Other });
        }
        let (kind, count) = (self.number(4)?, self.number(8)?);
        self.list(kind, count)
    }

    fn list(&mut self, kind: u64, count: u64) -> Result<Value, String> {
        if kind == TEXT {
            for _ in 0..count {
                self.text()?;
            }
            return Ok(Value::Other);
        }
        let width = width_of(kind)?;
        if count <= u64::from(MAX_SIDES) && matches!(kind, 4 | 5 | 10 | 11) {
            let numbers = (0..count).map(|_| self.number(width).map(|number| number as usize));
            return Ok(Value::List(numbers.collect::<Result<_, _>>()?));
        }
        self.skip(count.saturating_mul(width as u64))?;
        Ok(Value::Other)
    }

    /// A list of texts, where the next value is one; any other is passed over.
    pub(super) fn texts(&mut self) -> Result<Option<Vec<String>>, String> {
        let kind = self.number(4)?;
        if kind != LIST {
            return self.value_of(kind).map(|_| None);
        }
        let (kind, count) = (self.number(4)?, self.number(8)?);
        if kind != TEXT {
            return self.list(kind, count).map(|_| None);
        }
        if count > MOST_TEXTS {
            return Err(format!("it lists {count} words, more than any language model knows"));
        }
        (0..count).map(|_| self.text().map(Option::unwrap_or_default)).collect::<Result<_, _>>().map(Some)
    }

    pub(super) fn tensor(&mut self) -> Result<Listed, Refusal> {
        let name = self.text()?.ok_or("the name of a tensor is longer than any")?;
        let sides = self.number(4)?;
        if sides > u64::from(MAX_SIDES) {
            return Err(format!("{name} has {sides} sides").into());
        }
        let sides = (0..sides).map(|_| self.number(8).map(|side| usize::try_from(side).unwrap_or(usize::MAX)));
        let mut shape = sides.collect::<Result<Vec<_>, _>>()?;
        // The fastest side comes first there.
        shape.reverse();
        let (kind, offset) = (self.number(4)?, self.number(8)?);
        let kind = kind_of(kind).ok_or_else(|| {
            Refusal::Unread(format!("packs {name} in a way (number {kind}) that is not read; {READ}"))
        })?;
        Ok(Listed { name, shape, kind, offset })
    }
}

/// Bytes of a number.
fn width_of(kind: u64) -> Result<usize, String> {
    match kind {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        10..=12 => Ok(8),
        _ => Err("its header has a value of an unknown kind".to_owned()),
    }
}
