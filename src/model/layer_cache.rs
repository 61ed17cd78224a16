//! Layers that stay packed while LoRAs come and go: what no LoRA patches is taken from here, not from the file.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// By network and layer. Belongs to one model in one precision.
#[derive(Default)]
pub struct LayerCache {
    layers: RefCell<HashMap<String, Arc<dyn Any + Send + Sync>>>,
}

impl LayerCache {
    /// The layer, where it is here.
    pub(super) fn get<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        Arc::downcast(Arc::clone(self.layers.borrow().get(name)?)).ok()
    }

    pub(super) fn put<T: Any + Send + Sync>(&self, name: String, layer: Arc<T>) {
        self.layers.borrow_mut().insert(name, layer);
    }

    /// The layer is patched from now on.
    pub(super) fn remove(&self, name: &str) {
        self.layers.borrow_mut().remove(name);
    }
}
