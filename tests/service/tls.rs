//! HTTPS by the real program: a certificate that is made at the first start, or one that is given.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use inkwick::service::Identity;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

use crate::program::Program;
use crate::scene::PATIENCE;

/// What a client that trusts `certificate` alone gets.
fn ask(address: &str, certificate: &Path, path: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(connection, socket);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn a_certificate_is_made_at_the_first_start_and_stays() {
    let first = Program::start(&["--tls"], None);
    let certificate = first.home.path().join("service/certificate.pem");
    let text = ask(&first.address, &certificate, "/health").unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("\"status\":\"ok\""), "{text}");
    // Nobody is held up by one that never speaks, nor by one that speaks something else.
    let silent: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(&first.address).unwrap()).collect();
    TcpStream::connect(&first.address).unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(ask(&first.address, &certificate, "/ready").unwrap().contains("\"ready\""));
    drop(silent);
    let shown = std::fs::read(&certificate).unwrap();
    let kept = TempDir::new().unwrap();
    std::fs::create_dir(kept.path().join("service")).unwrap();
    for name in ["certificate.pem", "key.pem"] {
        std::fs::copy(first.home.path().join("service").join(name), kept.path().join("service").join(name)).unwrap();
    }
    let (code, said) = first.end("-TERM");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("fingerprint (SHA-256)"), "{said}");
    let second = Program::start_in(kept, &["--tls"], None);
    assert_eq!(std::fs::read(second.home.path().join("service/certificate.pem")).unwrap(), shown);
    assert!(ask(&second.address, &second.home.path().join("service/certificate.pem"), "/health").is_ok());
    assert!(!second.end("-TERM").1.contains("unencrypted"));
}

#[test]
fn a_certificate_that_is_given_is_shown_and_no_other_is_taken_for_it() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["own", "other"] {
        let (certificate, key) = (path(&format!("{name}.pem")), path(&format!("{name}.key")));
        Identity::made_here(&certificate, &key, vec!["localhost".into()]).unwrap();
    }
    let arguments =
        ["--cert", path("own.pem").to_str().unwrap(), "--key", path("own.key").to_str().unwrap()].map(str::to_owned);
    let program = Program::start(&arguments.each_ref().map(String::as_str), None);
    assert!(ask(&program.address, &path("own.pem"), "/health").unwrap().starts_with("HTTP/1.1 200"));
    assert!(ask(&program.address, &path("other.pem"), "/health").is_err());
}
