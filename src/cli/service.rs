//! The engine with the service on it, as `serve` and `mcp` start them.

use std::sync::Arc;

use super::arguments::DeviceArguments;
use super::backend::backends;
use super::output::explain;
use super::settings::{note, settings};
use crate::engine::EngineHandle;
use crate::service::{KeptJobs, Service, ServiceOptions};
use crate::store::paths::Paths;
use crate::store::pictures::gallery::Gallery;
use crate::store::pictures::saver::PictureSaver;

/// With `keeps_jobs` what waits, and what became of the rest, is there after a restart.
///
/// # Errors
/// A sentence, when there is no home folder or no thread.
pub(super) fn start(
    device: &DeviceArguments,
    options: ServiceOptions,
    keeps_jobs: bool,
) -> Result<Arc<Service>, String> {
    let mut paths = Paths::of_this_machine().map_err(|error| error.to_string())?;
    settings(&paths, note).direct(&mut paths);
    let (devices, dtype) = (device.device.clone(), device.dtype);
    let saver = Arc::new(PictureSaver::new(Gallery::new(&paths)));
    let kept = keeps_jobs.then(|| KeptJobs::open(&paths.service_folder()));
    let kept = kept.and_then(|opened| opened.map_err(|problem| explain(&format!("note: {problem}"))).ok());
    let keeper = kept.as_ref().map(KeptJobs::keeper);
    let backends = backends(&devices, dtype, paths.device_failure_file.clone());
    let engine = EngineHandle::start_several(backends, devices.count(), saver, keeper, Arc::new(|| {}))
        .map_err(|error| format!("the engine's thread could not be started: {error}"))?;
    let options = ServiceOptions { devices, dtype, ..options };
    Service::start_keeping(&engine, paths, options, kept)
        .map_err(|error| format!("the service's thread could not be started: {error}"))
}
