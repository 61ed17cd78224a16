//! A server's certificate and its key, from files, or made at the first start and kept.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use crate::store::secret;

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the {what} cannot be read ({reason}); it must be a PEM file: {}", path.display())]
    Read { what: &'static str, reason: String, path: PathBuf },
    #[error("this certificate and this key cannot be used together ({0}); give a certificate and its own key")]
    Use(#[from] rustls::Error),
    #[error("no certificate could be made ({0}); give one with its key")]
    Make(#[from] rcgen::Error),
    #[error("the certificate that was made cannot be kept ({reason}): {}", path.display())]
    Keep { reason: io::Error, path: PathBuf },
}

/// What a server shows of itself, and proves.
#[derive(Clone)]
pub struct Identity {
    pub(super) config: Arc<ServerConfig>,
    fingerprint: String,
}

impl Identity {
    /// A certificate, with those that vouch for it behind it, and its key.
    ///
    /// # Errors
    /// When a file is no PEM, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        let failed = |what, path: &Path, error: rustls::pki_types::pem::Error| IdentityError::Read {
            what,
            reason: error.to_string(),
            path: path.to_owned(),
        };
        let certificate_failed = |error| failed("certificate", certificate, error);
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
            .map_err(certificate_failed)?
            .collect::<Result<_, _>>()
            .map_err(certificate_failed)?;
        let Some(first) = chain.first() else {
            return Err(certificate_failed(rustls::pki_types::pem::Error::NoItemsFound));
        };
        let fingerprint = fingerprint_of(first);
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed("certificate's key", key, error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), fingerprint })
    }

    /// The one that was made at the first start, or a new one for `names`: names and addresses of this machine.
    ///
    /// # Errors
    /// When none can be made, kept, or read again.
    pub fn made_here(certificate: &Path, key: &Path, names: Vec<String>) -> Result<Self, IdentityError> {
        if !(certificate.exists() && key.exists()) {
            let pair = KeyPair::generate()?;
            let mut wanted = CertificateParams::new(names)?;
            wanted.distinguished_name.push(DnType::CommonName, "Inkwick");
            let made = wanted.self_signed(&pair)?;
            let keep = |path: &Path, text: String| {
                let failed = |reason| IdentityError::Keep { reason, path: path.to_owned() };
                secret::write(path, text.as_bytes()).map_err(failed)
            };
            keep(key, pair.serialize_pem())?;
            keep(certificate, made.pem())?;
        }
        Self::read(certificate, key)
    }

    /// SHA-256 of the certificate, `ab:cd:…`: whoever connects can compare it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// `ab:cd:…`, of its SHA-256.
#[must_use]
pub(in crate::service) fn fingerprint_of(certificate: &CertificateDer<'_>) -> String {
    let digest = Sha256::digest(certificate.as_ref());
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_secret() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("service/certificate.pem"), folder.path().join("service/key.pem"));
        let made = || Identity::made_here(&certificate, &key, vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        let first = made();
        assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
        assert_eq!(made().fingerprint(), first.fingerprint(), "the second start shows the same one");
        assert!(!secret::is_readable_by_others(&key));
        fs::remove_file(&key).unwrap();
        assert_ne!(made().fingerprint(), first.fingerprint());
    }

    #[test]
    fn what_does_not_belong_together_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a", "b"] {
            let (certificate, key) = (path(&format!("{name}.pem")), path(&format!("{name}.key")));
            Identity::made_here(&certificate, &key, vec!["localhost".into()]).unwrap();
        }
        fs::write(path("empty"), "").unwrap();
        let refused = |certificate: &str, key: &str| Identity::read(&path(certificate), &path(key)).err().unwrap();
        assert!(matches!(refused("a.pem", "b.key"), IdentityError::Use(_)));
        for (certificate, key, named) in [
            ("none", "a.key", "none"),
            ("empty", "a.key", "empty"),
            ("a.pem", "none", "none"),
            ("a.pem", "empty", "empty"),
        ] {
            let error = refused(certificate, key).to_string();
            assert!(error.ends_with(named), "{error}");
        }
    }
}
