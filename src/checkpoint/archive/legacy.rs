//! `PyTorch`'s format from before version 1.6: five pickles one after the other (a number, a version, the system, what was
//! saved, and the storages' keys), and then the storages in the order of their keys, each behind its length.

use std::collections::HashMap;
use std::fs::File;

use super::element::Element;
use super::pickle::Pickle;
use super::refusal::{Foreign, Refusal};
use super::zip_index::{Packed, Span, bytes_at};

/// The number that such a file begins with, as a pickle writes it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Whether a file that begins like this is a pickle at all.
#[must_use]
pub(crate) fn is_pickle(head: &[u8]) -> bool {
    matches!(head, [0x80, 1..=5, ..])
}

/// What was saved, and where each storage lies.
///
/// # Errors
/// What it is instead, or that it is cut off.
pub(crate) fn read(file: &File, most_pickle_bytes: u64) -> Result<(Pickle, HashMap<String, Packed>), Refusal> {
    let whole = file.metadata().map_err(|error| error.to_string())?.len();
    let start = bytes_at(file, 0, whole.min(most_pickle_bytes))?;
    if !start[..start.len().min(48)].windows(MAGIC.len()).any(|window| window == MAGIC) {
        let remedy = "save the tensors with torch.save or as safetensors";
        return Err(Foreign::new("a pickle of Python that PyTorch did not write", remedy).into());
    }
    let mut rest = start.as_slice();
    for _ in 0..3 {
        (_, rest) = Pickle::read(rest)?;
    }
    let (saved, rest) = Pickle::read(rest)?;
    let (keys, rest) = Pickle::read(rest)?;
    let classes = saved.storages();
    let mut at = (start.len() - rest.len()) as u64;
    let mut storages = HashMap::new();
    for key in keys.texts() {
        let class = classes.get(key).copied().unwrap_or_default();
        let size = Element::size_in_storage(class).ok_or_else(|| {
            Refusal::Unread(format!(
                "holds a storage of the kind {class}, which is not known; save it again as safetensors"
            ))
        })?;
        let count = bytes_at(file, at, 8)?.try_into().map_or(0, u64::from_le_bytes);
        let offset = at + 8;
        let length = count.checked_mul(size as u64);
        let end = length.and_then(|length| offset.checked_add(length)).filter(|end| *end <= whole);
        let (Some(length), Some(end)) = (length, end) else { return Err("it is cut off".into()) };
        storages.insert(key.to_owned(), Packed::stored(Span { offset, length }));
        at = end;
    }
    Ok((saved, storages))
}
