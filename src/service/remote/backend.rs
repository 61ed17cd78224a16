//! The backend of a machine that may have another one compute.

use tokio::runtime::{Builder, Runtime};

use super::elsewhere::Elsewhere;
use super::run::run;
use crate::engine::{Backend, BackendError};
use crate::job::{CancelToken, Drawn, ErrorKind, JobError, Progress, Task};

/// Draws where [`Elsewhere`] says when a picture is begun.
pub struct RoutedBackend<B> {
    here: B,
    elsewhere: Elsewhere,
    /// Made when it is first needed.
    runtime: Option<Runtime>,
}

impl<B: Backend> RoutedBackend<B> {
    #[must_use]
    pub fn new(here: B, elsewhere: Elsewhere) -> Self {
        Self { here, elsewhere, runtime: None }
    }
}

impl<B: Backend> Backend for RoutedBackend<B> {
    fn run(
        &mut self,
        task: &Task,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Drawn, BackendError> {
        let Some(connection) = self.elsewhere.get() else { return self.here.run(task, cancel, progress) };
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| JobError::caused(ErrorKind::Internal, error))?,
        };
        let drawn = runtime.block_on(run(&connection, task, cancel, progress));
        self.runtime = Some(runtime);
        drawn
    }

    fn has_others(&mut self, has_others: bool) {
        self.here.has_others(has_others);
    }

    fn reset(&mut self) {
        self.here.reset();
    }
}
