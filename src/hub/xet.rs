//! Large files over Xet, the hub's storage of deduplicated chunks: several connections at a time.

use std::cell::OnceCell;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use hf_hub::HFError;
use reqwest::header::HeaderMap;
use xet::xet_session::{XetConfig, XetDownloadStream, XetFileInfo, XetSession, XetSessionBuilder};

use super::stream::{ByteStream, one_line, reason_of};

/// What is fetched ahead. By itself Xet takes up to a quarter of the memory, which a picture may need meanwhile.
const BUFFER_MB: u64 = 256;

pub(super) struct Xet {
    /// Has threads of its own, so it is made when a file wants it.
    session: OnceCell<XetSession>,
    token_url: String,
    authorization: HeaderMap,
    first_wait: Duration,
    scratch: PathBuf,
}

impl Xet {
    /// `token_url` wants the revision at its end; `scratch` is a folder for Xet's own notes.
    pub(crate) fn new(token_url: String, authorization: HeaderMap, first_wait: Duration, scratch: PathBuf) -> Self {
        Self { session: OnceCell::new(), token_url, authorization, first_wait, scratch }
    }

    /// A part of a file. The reason is one line.
    pub(crate) async fn stream(
        &self,
        revision: &str,
        hash: &str,
        bytes: u64,
        range: Range<u64>,
    ) -> Result<ByteStream, String> {
        let group = self.session()?.new_download_stream_group().map_err(one_line)?;
        let group = group.with_token_refresh_url(format!("{}{revision}", self.token_url), self.authorization.clone());
        let group = group.build().await.map_err(|error| reason_of(&error))?;
        let info = XetFileInfo::new(hash.to_owned(), bytes);
        let mut stream = group.download_stream(info, Some(range)).await.map_err(|error| reason_of(&error))?;
        stream.start();
        let next = |mut stream: XetDownloadStream| async move {
            match stream.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), stream)),
                Ok(None) => None,
                Err(error) => Some((Err(HFError::Other(reason_of(&error))), stream)),
            }
        };
        Ok(Box::new(Box::pin(futures_util::stream::unfold(stream, next))))
    }

    fn session(&self) -> Result<&XetSession, String> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let builder = XetSessionBuilder::new_with_config(config(self.first_wait)).with_cache_dir(&self.scratch);
        let session = builder.build().map_err(one_line)?;
        Ok(self.session.get_or_init(|| session))
    }
}

fn config(first_wait: Duration) -> XetConfig {
    let mut config = XetConfig::new();
    // A download that broke goes on by itself, and then without Xet.
    config.client.retry_max_attempts = 2;
    config.client.retry_base_delay = first_wait;
    config.reconstruction.download_buffer_size = (BUFFER_MB << 20).into();
    config.reconstruction.download_buffer_perfile_size = (BUFFER_MB << 19).into();
    config.reconstruction.download_buffer_limit = (BUFFER_MB << 21).into();
    // How long transfers take is nobody's business.
    config.telemetry.enabled = false;
    config
}
