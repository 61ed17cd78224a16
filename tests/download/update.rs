//! The page of releases: what it says is believed where it is a release, and nothing that it does is felt.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use inkwick::hub::update::Releases;

/// A page that gives this answer, and what was asked of it.
fn page(answer: impl Fn(&mut TcpStream) + Send + 'static) -> (Releases, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let for_thread = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let request = lines.collect::<Vec<_>>().join("\n").to_lowercase();
            for_thread.lock().unwrap().push(request);
            answer(&mut stream);
        }
    });
    (Releases::at(&format!("http://{address}/repos/somebody/something/releases/latest")), heard)
}

fn says(status: &'static str, body: &'static str) -> impl Fn(&mut TcpStream) + Send + 'static {
    move |stream| {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    }
}

#[test]
fn a_newer_release_is_told_by_its_number_alone() {
    let (releases, heard) = page(says("200 OK", r#"{"tag_name": "v0.2.0", "body": "See http://elsewhere"}"#));
    assert_eq!(releases.newer_than("0.1.0"), Some("0.2.0".into()));
    assert_eq!(releases.newer_than("0.2.0"), None);
    assert_eq!(releases.newer_than("0.3.0"), None);
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 3, "each question is asked once");
    let request = &heard[0];
    assert!(request.starts_with("get /repos/somebody/something/releases/latest http"), "{request}");
    // Who asks is the program, and nobody's token or cookie goes along.
    assert!(request.contains("user-agent: inkwick/"), "{request}");
    assert!(!request.contains("authorization") && !request.contains("cookie"), "{request}");
}

#[test]
fn every_failure_is_quiet() {
    let refusals = ["404 Not Found", "403 rate limit exceeded", "429 Too Many Requests", "500 Oops"];
    for status in refusals {
        let (releases, _) = page(says(status, r#"{"tag_name": "v9.0.0"}"#));
        assert_eq!(releases.newer_than("0.1.0"), None, "{status}");
    }
    for body in ["", "<html>not this</html>", r#"{"tag_name": "v9.0.0", "prerelease": true}"#, r#"{"tag_name": null}"#]
    {
        let (releases, _) = page(says("200 OK", body));
        assert_eq!(releases.newer_than("0.1.0"), None, "{body}");
    }
    // Nobody is there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(Releases::at(&format!("http://{gone}/")).newer_than("0.1.0"), None);
    assert_eq!(Releases::at("no address").newer_than("0.1.0"), None);
}

#[test]
fn an_answer_without_an_end_and_one_that_never_comes_are_given_up() {
    let (endless, _) = page(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n");
        while stream.write_all(&vec![b' '; 65_536]).is_ok() {}
    });
    assert_eq!(endless.newer_than("0.1.0"), None);
    let (mut silent, _) = page(|_| std::thread::park());
    silent.patience = Duration::from_millis(200);
    assert_eq!(silent.newer_than("0.1.0"), None);
}

#[test]
fn another_host_is_not_listened_to() {
    let (elsewhere, heard) = page(says("200 OK", r#"{"tag_name": "v9.0.0"}"#));
    assert_eq!(elsewhere.newer_than("0.1.0"), Some("9.0.0".into()));
    let address = elsewhere.url().to_owned();
    let (releases, _) = page(move |stream| {
        let head = format!("HTTP/1.1 302 Found\r\nlocation: {address}\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
    });
    assert_eq!(releases.newer_than("0.1.0"), None);
    assert_eq!(heard.lock().unwrap().len(), 1);
}
