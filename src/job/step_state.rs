//! Everything by which a picture that was begun goes on, bit for bit: as values, and as bytes for a file or another machine.
//!
//! Layout: `MAGIC`, the header's length (32 bits, little endian), the header as JSON, the latents and the history's rows in
//! single precision, then the history's counts and the noise's position in 64 bits, all little endian.

use serde::{Deserialize, Serialize};

use super::{Compute, MessageError};
use crate::sampling::{History, SchedulerName};

/// The last byte counts the layout's versions.
const MAGIC: [u8; 8] = *b"INKSTEP\x01";
const MAX_HEADER_BYTES: usize = 1 << 16;

/// A picture between two calls of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct StepState {
    pub scheduler: SchedulerName,
    /// Of the whole schedule, and which of them comes next, counted from 0.
    pub calls: u32,
    pub next_call: u32,
    /// As the next call gets them, `(channels, height, width)`.
    pub latents: Vec<f32>,
    pub history: History,
    /// Where the stream of noise stands.
    pub noise: Vec<u64>,
    /// How much of the clean latents, and how much standard normal noise, they have; `None` within a step of several calls,
    /// and where nothing is left to do.
    pub level: Option<[f32; 2]>,
    /// How it was computed so far. Another way rounds otherwise.
    pub compute: Compute,
}

#[derive(Serialize, Deserialize)]
struct Header {
    scheduler: SchedulerName,
    calls: u32,
    next_call: u32,
    latents: usize,
    rows: Vec<usize>,
    counts: usize,
    noise: usize,
    #[serde(default)]
    level: Option<[f32; 2]>,
    compute: Compute,
}

impl StepState {
    /// # Errors
    /// When the header cannot be written, which no state of ours is known to cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MessageError> {
        let header = serde_json::to_vec(&Header {
            scheduler: self.scheduler,
            calls: self.calls,
            next_call: self.next_call,
            latents: self.latents.len(),
            rows: self.history.rows.iter().map(Vec::len).collect(),
            counts: self.history.counts.len(),
            noise: self.noise.len(),
            level: self.level,
            compute: self.compute,
        })?;
        let mut bytes = [&MAGIC[..], &(header.len() as u32).to_le_bytes(), &header].concat();
        for row in std::iter::once(&self.latents).chain(&self.history.rows) {
            bytes.extend(row.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(self.history.counts.iter().chain(&self.noise).flat_map(|value| value.to_le_bytes()));
        Ok(bytes)
    }

    /// # Errors
    /// When the bytes are not whole, or no state of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MessageError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(MessageError::NotATask)?;
        let (length, rest) = rest.split_first_chunk().ok_or(MessageError::Length)?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_HEADER_BYTES {
            return Err(MessageError::Length);
        }
        let (header, mut rest) = rest.split_at_checked(length).ok_or(MessageError::Length)?;
        let header: Header = serde_json::from_slice(header)?;
        let latents = values(&mut rest, header.latents, f32::from_le_bytes)?;
        let rows = header.rows.iter().map(|row| values(&mut rest, *row, f32::from_le_bytes));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let counts = values(&mut rest, header.counts, u64::from_le_bytes)?;
        let noise = values(&mut rest, header.noise, u64::from_le_bytes)?;
        if !rest.is_empty() {
            return Err(MessageError::Length);
        }
        let Header { scheduler, calls, next_call, level, compute, .. } = header;
        Ok(Self { scheduler, calls, next_call, latents, history: History { rows, counts }, noise, level, compute })
    }

    /// Whether only the decoder is left.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.next_call == self.calls
    }
}

/// Cuts the next `count` values off.
fn values<T, const N: usize>(rest: &mut &[u8], count: usize, read: fn([u8; N]) -> T) -> Result<Vec<T>, MessageError> {
    let found = count.checked_mul(N).and_then(|bytes| rest.split_at_checked(bytes));
    let (found, left) = found.ok_or(MessageError::Length)?;
    *rest = left;
    Ok(found.as_chunks().0.iter().map(|value| read(*value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> StepState {
        StepState {
            scheduler: SchedulerName::UniPc,
            calls: 20,
            next_call: 7,
            latents: vec![0.1, -0.0, f32::MIN_POSITIVE, 1e30],
            history: History { rows: vec![vec![1.5; 4], Vec::new()], counts: vec![2, u64::MAX] },
            noise: vec![624, 1, 0.3_f64.to_bits()],
            level: Some([0.7, 0.1]),
            compute: Compute::default(),
        }
    }

    #[test]
    fn a_state_comes_back_bit_for_bit() {
        let state = state();
        let found = StepState::from_bytes(&state.to_bytes().unwrap()).unwrap();
        assert_eq!(found, state);
        assert_eq!(found.latents[1].to_bits(), (-0.0_f32).to_bits());
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let whole = state().to_bytes().unwrap();
        for end in 0..whole.len() {
            assert!(StepState::from_bytes(&whole[..end]).is_err(), "cut at {end} of {}", whole.len());
        }
        assert!(StepState::from_bytes(&[&whole[..], &[0]].concat()).is_err());
    }
}
