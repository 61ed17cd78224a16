//! The backend that window and command line start: it notes where a device failed, for a report.

use std::path::PathBuf;

use crate::engine::CandleBackend;
use crate::engine::device::{DeviceChoice, DtypeChoice};
use crate::store::device_failure::DeviceFailure;

pub(super) fn backend(device: DeviceChoice, dtype: DtypeChoice, failure_file: PathBuf) -> CandleBackend {
    CandleBackend::new(device, dtype).on_device_failure(move |failure| {
        DeviceFailure::now(failure.device, failure.operator.name(), failure.dtype, &failure.reason).keep(&failure_file);
    })
}
