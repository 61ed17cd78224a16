//! A job as it stands in its file, and the step that it has come to: both with a checksum, so that nothing is run that the
//! disk has spoilt.

use serde::{Deserialize, Serialize};

use super::sealed::{opened, sealed};
use crate::job::{Destination, JobNote, StepState, Task};

/// The last byte counts the layout's versions.
const JOB_MAGIC: [u8; 8] = *b"INKJOB\0\x01";
const STEP_MAGIC: [u8; 8] = *b"INKAT\0\0\x01";

#[derive(Serialize, Deserialize)]
struct Header {
    destination: Destination,
    note: JobNote,
}

/// `None` where a picture cannot be packed.
pub(super) fn job_bytes(task: &Task, destination: &Destination, note: &JobNote) -> Option<Vec<u8>> {
    let header = Header { destination: destination.clone(), note: note.clone() };
    let header = serde_json::to_vec(&header).ok()?;
    let task = task.to_bytes().ok()?;
    let body = [&(header.len() as u32).to_le_bytes()[..], &header, &task].concat();
    Some(sealed(JOB_MAGIC, &body))
}

/// `None` where the bytes are no job, or damaged.
pub(super) fn read_job(bytes: &[u8]) -> Option<(Task, Destination, JobNote)> {
    let body = opened(JOB_MAGIC, bytes)?;
    let (length, rest) = body.split_first_chunk()?;
    let (header, task) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let Header { destination, note } = serde_json::from_slice(header).ok()?;
    Some((Task::from_bytes(task).ok()?, destination, note))
}

pub(super) fn step_bytes(state: &StepState) -> Option<Vec<u8>> {
    Some(sealed(STEP_MAGIC, &state.to_bytes().ok()?))
}

/// `None` where the bytes are no step, or damaged.
pub(super) fn read_step(bytes: &[u8]) -> Option<StepState> {
    StepState::from_bytes(opened(STEP_MAGIC, bytes)?).ok()
}
