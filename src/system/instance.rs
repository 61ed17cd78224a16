//! One window for one person: a second start hands what it was asked to open to the window that is there.
//!
//! The window listens on this machine's loopback address; a file that only its owner reads has the port and a secret,
//! so that nobody else's programs reach it. Where anything of this fails, a second window opens instead.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// In the folder of the log.
const NAME: &str = "window.json";
/// Neither side waits longer for the other.
const PATIENCE: Duration = Duration::from_secs(2);
/// More is no list of files that a person opens.
const MOST_BYTES: u64 = 1 << 20;
/// The window's answer when it has taken over.
const TAKEN: &str = "taken";

/// Where the window of this person listens.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Address {
    port: u16,
    secret: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Handover {
    secret: String,
    /// Absolute paths and links, in order.
    open: Vec<String>,
}

/// Gives `open` (absolute paths and links) to the window that is there. Returns false where there is none.
#[must_use]
pub fn hand_over(log_file: &Path, open: &[String]) -> bool {
    try_hand_over(&log_file.with_file_name(NAME), open).unwrap_or(false)
}

fn try_hand_over(file: &Path, open: &[String]) -> io::Result<bool> {
    let address: Address = serde_json::from_slice(&fs::read(file)?)?;
    let mut stream = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, address.port).into(), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(&Handover { secret: address.secret, open: open.to_vec() })?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    stream.take(TAKEN.len() as u64).read_to_string(&mut answer)?;
    Ok(answer == TAKEN)
}

/// Listens until the program ends, on a thread of its own. `take` is called for each later start.
///
/// # Errors
/// When this machine lets nobody listen, or the file cannot be written.
pub fn listen(log_file: &Path, take: impl Fn(Vec<String>) + Send + 'static) -> io::Result<Listening> {
    let file = log_file.with_file_name(NAME);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = Address { port: listener.local_addr()?.port(), secret: secret() };
    write_private(&file, &serde_json::to_vec(&address)?)?;
    let secret = address.secret.clone();
    // It sleeps in `accept` and owns nothing, so nobody waits for its end.
    std::thread::Builder::new().name("inkwick-instance".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if let Err(error) = receive(&stream, &secret, &take) {
                tracing::debug!("a later start could not be answered: {error}");
            }
        }
    })?;
    Ok(Listening { file, address })
}

/// While it lives, later starts find the window.
#[derive(Debug)]
pub struct Listening {
    file: PathBuf,
    address: Address,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Another window may have put its own there.
        let found = fs::read(&self.file).ok().and_then(|bytes| serde_json::from_slice::<Address>(&bytes).ok());
        if found.as_ref() == Some(&self.address) {
            let _ = fs::remove_file(&self.file);
        }
    }
}

fn receive(stream: &TcpStream, secret: &str, take: &dyn Fn(Vec<String>)) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(MOST_BYTES)).read_line(&mut line)?;
    let handover: Handover = serde_json::from_str(&line)?;
    if handover.secret != secret {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    take(handover.open);
    let mut stream = stream;
    stream.write_all(TAKEN.as_bytes())
}

/// 128 bits by the system's random numbers, which seed the standard library's hash maps.
fn secret() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}

/// Made anew, so that nobody who opened an older file reads on.
fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_second_start_reaches_the_first_and_nobody_else_does() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("inkwick.log");
        let open = ["/pictures/a b.png".to_owned(), "inkwick://open?file=/x.png".to_owned()];
        assert!(!hand_over(&log, &open), "there is no window yet");
        let (sender, receiver) = mpsc::channel();
        let listening = listen(&log, move |open| sender.send(open).unwrap()).unwrap();
        assert!(hand_over(&log, &open));
        assert_eq!(receiver.try_recv().unwrap(), open);

        let file = home.path().join(NAME);
        let own = fs::read(&file).unwrap();
        let address: Address = serde_json::from_slice(&own).unwrap();
        let wrong = Address { secret: "0".repeat(32), ..address };
        fs::write(&file, serde_json::to_vec(&wrong).unwrap()).unwrap();
        assert!(!hand_over(&log, &open), "the secret is another one");
        assert!(receiver.try_recv().is_err());
        fs::write(&file, b"no list").unwrap();
        assert!(!hand_over(&log, &open), "the file is damaged");
        fs::write(&file, own).unwrap();
        assert!(hand_over(&log, &[]), "bad callers ended nothing");

        drop(listening);
        assert!(!file.exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_secret() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("inkwick.log");
        // As an older version, or a stranger's program, may have left it.
        fs::write(home.path().join(NAME), "{}").unwrap();
        let _listening = listen(&log, |_| {}).unwrap();
        assert_eq!(fs::metadata(home.path().join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
