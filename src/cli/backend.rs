//! The backend that window and command line start: it notes where a device failed, for a report.

use std::path::{Path, PathBuf};

use crate::engine::CandleBackend;
use crate::engine::device::{DeviceChoice, Devices, DtypeChoice};
use crate::store::device_failure::DeviceFailure;

pub(super) fn backend(device: DeviceChoice, dtype: DtypeChoice, failure_file: &Path) -> CandleBackend {
    let failure_file = failure_file.to_owned();
    CandleBackend::new(device, dtype).on_device_failure(move |failure| {
        DeviceFailure::now(failure.device, failure.operator.name(), failure.dtype, &failure.reason).keep(&failure_file);
    })
}

/// The same for each of several devices, by its number among them.
pub(super) fn backends(
    devices: &Devices,
    dtype: DtypeChoice,
    failure_file: PathBuf,
) -> impl Fn(usize) -> CandleBackend + Send + Sync + 'static {
    let devices = devices.clone();
    move |number| backend(devices.get(number).unwrap_or_default(), dtype, &failure_file)
}
