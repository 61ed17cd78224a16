//! What whoever starts the service decides: who may ask, and how much.

use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::engine::device::{Devices, DtypeChoice};

#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Without one everybody who reaches the address may ask.
    pub token: Option<AccessToken>,
    /// Names by which this machine may be called, besides its addresses and `localhost`.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may ask from a browser, as `https://example.org`; `*` is all.
    pub allowed_origins: Vec<String>,
    pub max_body_bytes: usize,
    /// Of each picture that is sent.
    pub max_picture_pixels: u64,
    /// Of the pictures, unpacked, of all jobs that have not ended.
    pub max_waiting_picture_bytes: u64,
    /// How long an ended job can be asked about.
    pub keep_ended: Duration,
    /// What ended jobs may hold together; the oldest go first.
    pub max_ended_bytes: u64,
    /// How often a silent stream of events says that it is alive.
    pub keep_alive: Duration,
    pub devices: Devices,
    pub dtype: DtypeChoice,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            token: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_body_bytes: 64 << 20,
            max_picture_pixels: 50_000_000,
            max_waiting_picture_bytes: 1 << 30,
            keep_ended: Duration::from_hours(1),
            max_ended_bytes: 256 << 20,
            keep_alive: Duration::from_secs(15),
            devices: Devices::default(),
            dtype: DtypeChoice::Auto,
        }
    }
}

/// Who knows it may ask. Kept as its digest, so that it is never printed and each comparison takes the same time.
#[derive(Clone)]
pub struct AccessToken([u8; 32]);

impl AccessToken {
    /// `None` for one that is empty: an empty header would know it.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(digest(text)))
    }

    /// Takes the same time whatever is given.
    #[must_use]
    pub fn is(&self, given: &str) -> bool {
        self.0.ct_eq(&digest(given)).into()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(…)")
    }
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
