//! Looks at every request first: who asks, by which name, and from which page of a browser.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::answer::Refusal;
use super::guests::Peer;
use super::options::ServiceOptions;
use super::pictures::bytes_of;
use super::state::Service;

/// What programs that watch a server ask without a token; their answers hold nothing private.
const OPEN: [&str; 2] = ["/health", "/ready"];

pub(super) async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let origin = origin_of(request.headers()).map(str::to_owned);
    let allowed = origin.as_deref().filter(|origin| is_listed(&service.options, origin)).map(str::to_owned);
    let mut response = match refused(&service.options, &request) {
        Some(refusal) => refusal.into_response(),
        None if is_preflight(&request) => preflight(),
        None => {
            if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>() {
                service.guests.note(*peer, request.headers());
            }
            next.run(request).await
        }
    };
    let (is_unknown, is_refused) = (response.status() == StatusCode::UNAUTHORIZED, response.status().as_u16() >= 400);
    let headers = response.headers_mut();
    if is_refused {
        // The Model Context Protocol's library says in plain words what is wrong, and not that they are words.
        headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    if is_unknown {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Inkwick\""));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(origin) = allowed.and_then(|origin| HeaderValue::from_str(&origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        // Scripts of the page may read it, to go on with a conversation.
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("mcp-session-id"));
    }
    service.count_answer(response.status());
    response
}

fn refused(options: &ServiceOptions, request: &Request<Body>) -> Option<Refusal> {
    let headers = request.headers();
    let host = match host_of(request.uri(), headers) {
        Ok(host) => host,
        Err(refusal) => return Some(refusal),
    };
    if let Some(host) = &host
        && !is_own_name(options, host)
    {
        // A page whose name was pointed at this machine asks by that name (DNS rebinding).
        let sentence =
            "this server is not known by that name; ask it by its address, or let it be started with the name allowed";
        return Some(Refusal::new(StatusCode::FORBIDDEN, "host", sentence));
    }
    if is_from_a_foreign_page(options, headers, host.as_deref()) {
        let sentence = "pages of other sites may not ask this server; let it be started with their origin allowed";
        return Some(Refusal::new(StatusCode::FORBIDDEN, "origin", sentence));
    }
    let token = options.token.as_ref()?;
    if OPEN.contains(&request.uri().path()) || is_preflight(request) {
        return None;
    }
    let given = token_in(headers);
    if given.is_some_and(|given| token.is(&given)) {
        return None;
    }
    let sentence = "this server needs its token, as a bearer or as the password of Basic";
    Some(Refusal::new(StatusCode::UNAUTHORIZED, "token", sentence))
}

/// With its port. Most requests have it in a header, some in the address.
fn host_of(uri: &Uri, headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut named = headers.get_all(header::HOST).iter();
    let wrong = || Refusal::new(StatusCode::BAD_REQUEST, "host", "one Host header is wanted");
    let (first, second) = (named.next(), named.next());
    if second.is_some() {
        return Err(wrong());
    }
    let in_header = first.map(|host| host.to_str().map(str::to_owned).map_err(|_| wrong())).transpose()?;
    Ok(uri.authority().map(|authority| authority.as_str().to_owned()).or(in_header))
}

/// An address cannot be pointed elsewhere; of names only those that were allowed.
fn is_own_name(options: &ServiceOptions, host: &str) -> bool {
    let name = if host.parse::<IpAddr>().is_ok() { host } else { without_port(host) };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let is_local = name.eq_ignore_ascii_case("localhost");
    is_local || bare.parse::<IpAddr>().is_ok() || options.allowed_hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

fn origin_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"))
}

fn is_listed(options: &ServiceOptions, origin: &str) -> bool {
    options.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
}

/// A browser names the page that asks; other programs do not.
fn is_from_a_foreign_page(options: &ServiceOptions, headers: &HeaderMap, host: Option<&str>) -> bool {
    match origin_of(headers) {
        Some(origin) if is_listed(options, origin) => false,
        Some(origin) => {
            let asked_by = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            asked_by.is_none() || !asked_by.zip(host).is_some_and(|(page, host)| page.eq_ignore_ascii_case(host))
        }
        // A picture or a script in a page has no origin.
        None => headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site"),
    }
}

fn is_preflight(request: &Request<Body>) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key("access-control-request-method")
}

/// Only origins that are allowed come so far, or the server's own.
fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "accept, authorization, content-type, last-event-id, mcp-protocol-version, mcp-session-id",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// As a bearer, or as Basic's password whatever the user's name.
fn token_in(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = text.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| bytes_of("authorization", rest).ok()).flatten()?;
    let pair = String::from_utf8(decoded).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_localhost_and_allowed_names_are_this_machine() {
        let options = ServiceOptions { allowed_hosts: vec!["studio.lan".into()], ..ServiceOptions::default() };
        for host in ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860", "::1", "192.168.1.5", "Studio.lan:80"]
        {
            assert!(is_own_name(&options, host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:7860", "", ":80", "studio.lan.evil"]
        {
            assert!(!is_own_name(&options, host), "{host}");
        }
    }
}
