//! The latents that a picture was decoded from, inside its PNG file: packed, in a chunk of their own, which other programs
//! pass over.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::png_chunk;
use crate::job::StepState;
use crate::sampling::History;

/// Ancillary, private, not to be copied by who changes the pixels.
const CHUNK: png::chunk::ChunkType = png::chunk::ChunkType(*b"ikLT");
/// Of the largest picture that can be asked for, with 128 channels.
const MAX_BYTES: u32 = 150_000_000;

/// Only what the decoder needs: where the noise stood is nothing any more.
pub(super) fn add<W: Write>(writer: &mut png::Writer<W>, state: &StepState) -> Result<(), png::EncodingError> {
    let state = StepState { history: History::default(), noise: Vec::new(), ..state.clone() };
    // No state of ours is known to fail here; a picture without its latents is a picture.
    let Ok(bytes) = state.to_bytes() else { return Ok(()) };
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&bytes)?;
    writer.write_chunk(CHUNK, &packed.finish()?)
}

/// The latents in a PNG file, if there are some that can be read.
pub(crate) fn read(path: &Path) -> Option<Arc<StepState>> {
    let packed = png_chunk::first(path, CHUNK, MAX_BYTES)?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(packed.as_slice()).take(u64::from(MAX_BYTES)).read_to_end(&mut bytes).ok()?;
    StepState::from_bytes(&bytes).ok().filter(StepState::is_last).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Compute, Request};
    use crate::raster::Picture;
    use crate::sampling::SchedulerName;
    use crate::store::pictures::gallery::Gallery;
    use crate::store::pictures::picture_file;
    use crate::store::pictures::saving::Saving;

    fn last() -> StepState {
        StepState {
            scheduler: SchedulerName::Euler,
            calls: 20,
            next_call: 20,
            latents: (0..64).map(|value| value as f32 / 7.0).collect(),
            history: History { rows: vec![vec![1.0; 64]], counts: Vec::new() },
            noise: vec![5; 600],
            level: None,
            compute: Compute::default(),
        }
    }

    #[test]
    fn latents_lie_in_the_picture_where_a_person_wants_that() {
        let home = tempfile::tempdir().unwrap();
        let gallery = Gallery::of(home.path().to_path_buf());
        let (picture, request) = (Picture::filled(32, 32, [1, 2, 3, 255]), Request::default());
        let kept = |saving: &Saving, request: &Request, state: &StepState| {
            let file = gallery.save_by(saving, &picture, request, Some(state)).unwrap();
            assert_eq!(picture_file::read(&file).unwrap(), picture);
            read(&file)
        };
        let wanted = Saving { keeps_latents: true, ..Saving::default() };
        let found = kept(&wanted, &request, &last()).unwrap();
        assert_eq!((&found.latents, found.calls, found.noise.len()), (&last().latents, 20, 0));
        assert!(kept(&Saving::default(), &request, &last()).is_none());
        let half_way = StepState { next_call: 7, ..last() };
        assert!(kept(&wanted, &request, &half_way).is_none(), "what is not the end is no picture's");
        let masked = Request {
            mask: Some(crate::job::InpaintMask { plane: Arc::new(crate::mask::MaskPlane::empty(32, 32)) }),
            ..request
        };
        assert!(kept(&wanted, &masked, &last()).is_none(), "a part of a picture is not the picture");
    }

    #[test]
    fn a_file_that_is_cut_off_or_damaged_has_none() {
        let home = tempfile::tempdir().unwrap();
        let gallery = Gallery::of(home.path().to_path_buf());
        let wanted = Saving { keeps_latents: true, ..Saving::default() };
        let picture = Picture::filled(8, 8, [1, 2, 3, 255]);
        let file = gallery.save_by(&wanted, &picture, &Request::default(), Some(&last())).unwrap();
        let whole = std::fs::read(&file).unwrap();
        for at in (0..whole.len()).step_by(5) {
            std::fs::write(&file, &whole[..at]).unwrap();
            let found = read(&file);
            assert!(found.is_none_or(|found| found.latents == last().latents), "cut at {at}");
            let mut bytes = whole.clone();
            bytes[at] ^= 0x20;
            std::fs::write(&file, &bytes).unwrap();
            read(&file);
        }
    }
}
