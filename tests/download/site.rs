//! A hub on this machine, as the real one answers: large files are redirected to another host and to Xet.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inkwick::hub::Hub;
use inkwick::store::hash;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the next requests for a file are answered with, instead of the file.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    Status(u16),
    /// So many bytes, then the connection is closed.
    BreakAfter(usize),
    /// More bytes than were asked for and announced in the listing.
    TooLong,
    /// The whole file, whatever range was asked for.
    NoRange,
    /// So many bytes, and nothing more for a long time.
    SilentAfter(usize),
}

/// Whether large files are on Xet.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum XetStorage {
    #[default]
    None,
    Broken,
    Whole,
}

pub(crate) struct Site {
    pub files: BTreeMap<String, Vec<u8>>,
    pub revision: String,
    /// Sizes and checksums that are lied about.
    pub sizes: HashMap<String, u64>,
    pub checksums: HashMap<String, String>,
    pub xet: XetStorage,
    /// What the model's card says.
    pub card: Value,
    /// By the file's name, or `info` and `tree` for the hub's answers; the last is met first.
    pub faults: HashMap<String, Vec<Fault>>,
    /// `method path from token`
    pub heard: Vec<String>,
    address: String,
}

pub(crate) type Shared = Arc<Mutex<Site>>;

pub(crate) const WEIGHTS: &str = "unet/diffusion_pytorch_model.safetensors";
/// Of the parts that a file on Xet has.
const CHUNK: usize = 65_536;

/// A small model among files that nobody needs.
pub(crate) fn model() -> Site {
    let weights: Vec<u8> = (0..300_000u32).map(|number| (number % 251) as u8).collect();
    let files = [
        ("model_index.json", b"{}".to_vec()),
        ("unet/config.json", b"{\"a\": 1}".to_vec()),
        ("tokenizer/empty.json", Vec::new()),
        (WEIGHTS, weights),
        ("unet/diffusion_pytorch_model.bin", vec![1; 1000]),
        ("picture.png", vec![2; 1000]),
    ];
    Site {
        files: files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect(),
        revision: "abc123".into(),
        sizes: HashMap::new(),
        checksums: HashMap::new(),
        xet: XetStorage::None,
        card: Value::Null,
        faults: HashMap::new(),
        heard: Vec::new(),
        address: String::new(),
    }
}

pub(crate) fn start(mut site: Site) -> (Hub, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    site.address = format!("localhost:{port}");
    let shared: Shared = Arc::new(Mutex::new(site));
    let for_thread = Arc::clone(&shared);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shared = Arc::clone(&for_thread);
            std::thread::spawn(move || answer(&stream, &shared));
        }
    });
    let mut hub = Hub::new(&format!("http://127.0.0.1:{port}/"), Some("hf_secret".into()));
    hub.first_wait = Duration::from_millis(2);
    (hub, shared)
}

/// What was asked for since the last time.
pub(crate) fn heard(shared: &Shared) -> Vec<String> {
    std::mem::take(&mut shared.lock().unwrap().heard)
}

/// By what the hub names a file's bytes: SHA-256 for large ones, git's shorter checksum for others.
pub(crate) fn checksum(name: &str, bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("x"), bytes).unwrap();
    let whole = hash::sha256(&folder.path().join("x")).unwrap();
    if is_large(name) { whole } else { whole[..40].to_owned() }
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors")
}

struct Request {
    method: String,
    path: String,
    from: usize,
    token: String,
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let header = |name: &str| headers.iter().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let from = header("range: bytes=").split('-').next()?.parse().unwrap_or(0);
    Some(Request { method, path, from, token: header("authorization: ") })
}

fn answer(stream: &TcpStream, shared: &Shared) {
    let Some(request) = read(stream) else { return };
    let mut site = shared.lock().unwrap();
    let Request { method, path, from, token } = &request;
    site.heard.push(format!("{method} {path} {from} {token}"));
    if let Some(rest) = path.strip_prefix("/api/models/") {
        let (status, answer) = site.about(rest);
        drop(site);
        return send(stream, &request, status, "content-type: application/json\r\n", &body_of(&answer));
    }
    if path.starts_with("/v2/reconstructions/") {
        let answer = site.reconstruction(*from);
        drop(site);
        return send(stream, &request, 200, "content-type: application/json\r\n", &body_of(&answer));
    }
    if path.starts_with("/xorb") {
        let xorb = xorb(&site.files[WEIGHTS]);
        drop(site);
        return send(stream, &request, 206, "", &xorb[*from..]);
    }
    let part = path.split(&format!("/resolve/{}/", site.revision)).nth(1).or_else(|| path.strip_prefix("/cdn/"));
    let Some((name, bytes)) = part.and_then(|name| Some((name.to_owned(), site.files.get(name)?.clone()))) else {
        drop(site);
        return send(stream, &request, 404, "", &[]);
    };
    if is_large(&name) && !path.starts_with("/cdn/") {
        let headers = site.redirect(&name, &bytes);
        drop(site);
        return send(stream, &request, 302, &headers, &[]);
    }
    let fault = if method == "HEAD" { None } else { site.faults.get_mut(&name).and_then(Vec::pop) };
    let tag = format!("etag: W/\"{}\"\r\nx-repo-commit: {}\r\n", site.checksum(&name, &bytes), site.revision);
    drop(site);
    send_file(stream, &request, &tag, &bytes, fault);
}

fn body_of(answer: &Value) -> Vec<u8> {
    answer.to_string().into_bytes()
}

fn send(stream: &TcpStream, request: &Request, status: u16, headers: &str, body: &[u8]) {
    send_part(stream, request, status, headers, body.len(), body);
}

fn send_part(mut stream: &TcpStream, request: &Request, status: u16, headers: &str, length: usize, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}retry-after: 0\r\nconnection: close\r\n\r\n"
    );
    let body = if request.method == "HEAD" { &[] } else { body };
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush());
}

fn send_file(stream: &TcpStream, request: &Request, tag: &str, bytes: &[u8], fault: Option<Fault>) {
    let (rest, status) = (&bytes[request.from..], if request.from > 0 { 206 } else { 200 });
    match fault {
        Some(Fault::Status(status)) => send(stream, request, status, "", &[]),
        Some(Fault::BreakAfter(count)) => {
            send_part(stream, request, status, tag, rest.len(), &rest[..count.min(rest.len())]);
        }
        Some(Fault::SilentAfter(count)) => {
            send_part(stream, request, status, tag, rest.len(), &rest[..count.min(rest.len())]);
            std::thread::sleep(Duration::from_mins(1));
        }
        Some(Fault::TooLong) => send(stream, request, 200, tag, &[bytes, &[7; 5000]].concat()),
        Some(Fault::NoRange) => send(stream, request, 200, tag, bytes),
        None => send(stream, request, status, tag, rest),
    }
}

impl Site {
    /// The hub's answers about a repository.
    fn about(&mut self, path: &str) -> (u16, Value) {
        if path.contains("/xet-read-token/") {
            let status = if self.xet == XetStorage::Whole { 200 } else { 404 };
            let token =
                json!({"accessToken": "xet", "exp": 9_999_999_999u64, "casUrl": format!("http://{}", self.address)});
            return (status, token);
        }
        let is_tree = path.contains("/tree/");
        let fault = self.faults.get_mut(if is_tree { "tree" } else { "info" }).and_then(Vec::pop);
        match fault {
            Some(Fault::Status(status)) => (status, json!({})),
            _ if is_tree => (200, self.files.iter().map(|(name, bytes)| self.entry(name, bytes)).collect()),
            _ => (200, json!({"_id": "0", "id": "somebody/dreamer", "sha": self.revision, "cardData": self.card})),
        }
    }

    fn entry(&self, name: &str, bytes: &[u8]) -> Value {
        let size = self.sizes.get(name).copied().unwrap_or(bytes.len() as u64);
        let large = is_large(name).then(|| json!({"oid": checksum(name, bytes), "size": size, "pointerSize": 134}));
        json!({"type": "file", "oid": "0", "size": size, "path": name, "lfs": large})
    }

    fn checksum(&self, name: &str, bytes: &[u8]) -> String {
        self.checksums.get(name).cloned().unwrap_or_else(|| checksum(name, bytes))
    }

    /// The hub's own headers stand here, and not on the answer of the other host.
    fn redirect(&self, name: &str, bytes: &[u8]) -> String {
        let (address, tag) = (&self.address, self.checksum(name, bytes));
        let xet =
            if self.xet == XetStorage::None { String::new() } else { format!("x-xet-hash: {}\r\n", "ab".repeat(32)) };
        format!(
            "location: http://{address}/cdn/{name}\r\nx-linked-etag: \"{tag}\"\r\nx-repo-commit: {}\r\n{xet}",
            self.revision
        )
    }

    /// Of which parts a file on Xet is put together, from a byte on.
    fn reconstruction(&self, from: usize) -> Value {
        let weights = &self.files[WEIGHTS];
        let (first, end) = (from / CHUNK, weights.len().div_ceil(CHUNK));
        let bytes = xorb(weights).len();
        let hash = "cd".repeat(32);
        json!({
            "offset_into_first_range": from - first * CHUNK,
            "terms": [{"hash": hash, "unpacked_length": weights.len() - first * CHUNK, "range": {"start": first, "end": end}}],
            "xorbs": {hash: [{
                "url": format!("http://{}/xorb", self.address),
                "ranges": [{"chunks": {"start": first, "end": end}, "bytes": {"start": first * (CHUNK + 8), "end": bytes - 1}}],
            }]},
        })
    }
}

/// Parts as Xet stores them: each behind its version, its length twice and its (missing) compression.
fn xorb(bytes: &[u8]) -> Vec<u8> {
    let part = |part: &[u8]| {
        let length = &(part.len() as u32).to_le_bytes()[..3];
        [&[0], length, &[0], length, part].concat()
    };
    bytes.chunks(CHUNK).flat_map(part).collect()
}
