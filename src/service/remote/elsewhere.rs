//! Where pictures are computed: here, or on another machine; it may change between two pictures.

use std::sync::{Arc, Mutex, PoisonError};

use super::connection::Connection;

/// Shared by who chooses the machine and all who ask it.
#[derive(Clone, Default)]
pub struct Elsewhere(Arc<Mutex<Option<Arc<Connection>>>>);

impl Elsewhere {
    /// From the next picture on; `None` is this machine.
    pub fn set(&self, connection: Option<Arc<Connection>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = connection;
    }

    #[must_use]
    pub fn get(&self) -> Option<Arc<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the other machine and waits; `None` where it is this one, or does not answer. To be called on a thread that
    /// may wait.
    pub fn ask<T>(&self, question: impl AsyncFnOnce(Arc<Connection>) -> Option<T>) -> Option<T> {
        let connection = self.get()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(question(connection))
    }
}
