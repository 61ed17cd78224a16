//! A certificate of a machine's own making, trusted by its fingerprint.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use super::address::RemoteAddress;
use crate::service::tls::fingerprint_of;

const PATIENCE: Duration = Duration::from_secs(10);

/// Speaks to one certificate alone.
///
/// # Errors
/// When the provider knows no version of TLS.
pub(super) fn config_for(fingerprint: &str) -> Result<ClientConfig, Error> {
    config(Judge { wanted: Some(fingerprint.to_owned()), ..Judge::default() })
}

/// The fingerprint of the certificate that a machine shows. Nothing is sent to it, and nobody is trusted by this. May
/// take its time.
///
/// # Errors
/// In one sentence, when it cannot be reached or speaks no TLS.
pub fn shown_fingerprint(address: &RemoteAddress) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{address} shows no certificate ({error}); check the address");
    let seen = Arc::<Mutex<Option<String>>>::default();
    let config = config(Judge { seen: Arc::clone(&seen), ..Judge::default() }).map_err(|error| failed(&error))?;
    let name = ServerName::try_from(address.host().to_owned()).map_err(|error| failed(&error))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| failed(&error))?;
    let place = (address.host(), address.port()).to_socket_addrs().map_err(|error| failed(&error))?.next();
    let place = place.ok_or_else(|| failed(&"there is no such machine"))?;
    let mut socket = TcpStream::connect_timeout(&place, PATIENCE).map_err(|error| failed(&error))?;
    let slow = socket.set_read_timeout(Some(PATIENCE)).and_then(|()| socket.set_write_timeout(Some(PATIENCE)));
    slow.map_err(|error| failed(&error))?;
    connection.complete_io(&mut socket).map_err(|error| failed(&error))?;
    let shown = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    shown.ok_or_else(|| failed(&"it sent none"))
}

fn config(judge: Judge) -> Result<ClientConfig, Error> {
    let provider = Arc::clone(&judge.provider);
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(judge)).with_no_client_auth())
}

/// Takes the certificate that is wanted; where none is, takes note of the one that is shown.
#[derive(Debug)]
struct Judge {
    wanted: Option<String>,
    seen: Arc<Mutex<Option<String>>>,
    provider: Arc<CryptoProvider>,
}

impl Default for Judge {
    fn default() -> Self {
        Self { wanted: None, seen: Arc::default(), provider: Arc::new(aws_lc_rs::default_provider()) }
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = fingerprint_of(end_entity);
        if self.wanted.as_ref().is_some_and(|wanted| *wanted != shown) {
            return Err(Error::General("it shows another certificate than the one that was trusted".to_owned()));
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(ServerCertVerified::assertion())
    }

    // That it has the certificate's key is proved as ever.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
