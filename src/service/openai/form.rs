//! `multipart/form-data`, from a whole body: fields by their names, in order.

/// One part.
#[derive(Debug, PartialEq)]
pub(super) struct Part<'a> {
    pub name: String,
    pub is_file: bool,
    pub content: &'a [u8],
}

/// More parts than any client sends.
const MOST_PARTS: usize = 256;

/// The boundary in a `content-type`; `None` for another type.
#[must_use]
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, rest) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let pair = rest.split(';').map(str::trim).find(|pair| pair.to_ascii_lowercase().starts_with("boundary="))?;
    let boundary = pair["boundary=".len()..].trim_matches('"');
    (!boundary.is_empty() && boundary.len() <= 70).then_some(boundary)
}

/// All parts; `None` when the body is not whole or not of this form.
#[must_use]
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let first = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    // What stands before the first boundary means nothing.
    let start =
        if body.starts_with(first.as_bytes()) { first.len() } else { find(body, between.as_bytes())? + between.len() };
    let mut rest = &body[start..];
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, between.as_bytes())?;
        parts.push(part(&rest[..end])?);
        if parts.len() > MOST_PARTS {
            return None;
        }
        rest = &rest[end + between.len()..];
    }
}

fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let (head, content) = match find(bytes, b"\r\n\r\n") {
        Some(end) => (&bytes[..end], &bytes[end + 4..]),
        None => (bytes.strip_suffix(b"\r\n")?, &[][..]),
    };
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let disposition = lines.find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let name = parameter(disposition, "name")?;
    Some(Part { name, is_file: parameter(disposition, "filename").is_some(), content })
}

/// `name="value"` behind a semicolon.
fn parameter(line: &str, name: &str) -> Option<String> {
    let pairs = line.split(';').skip(1).map(str::trim);
    let value = pairs
        .into_iter()
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)))?
        .1;
    Some(value.trim().trim_matches('"').to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"--B\r\ncontent-disposition: form-data; name=\"prompt\"\r\n\r\na \r\n--C fox\r\n--B\r\n\
        Content-Type: image/png\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"a;b.png\"\r\n\r\n\x00\r\n\xff\r\n--B--\r\n";

    #[test]
    fn parts_come_as_they_were_sent() {
        let found = parts(BODY, "B").unwrap();
        assert_eq!(found[0], Part { name: "prompt".into(), is_file: false, content: b"a \r\n--C fox" });
        assert_eq!(found[1], Part { name: "image[]".into(), is_file: true, content: b"\x00\r\n\xff" });
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_body_that_is_cut_is_no_form() {
        let last = BODY.len() - b"--\r\n".len();
        for end in 0..last {
            assert_eq!(parts(&BODY[..end], "B"), None, "cut at {end}");
        }
        assert_eq!(parts(BODY, "X"), None);
        assert_eq!(parts(b"--B--", "B"), Some(Vec::new()));
    }

    #[test]
    fn the_boundary_is_found() {
        assert_eq!(boundary("multipart/form-data; boundary=x-1"), Some("x-1"));
        assert_eq!(boundary("Multipart/Form-Data; charset=utf-8; Boundary=\"x 1\""), Some("x 1"));
        for other in
            ["application/json", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x"]
        {
            assert_eq!(boundary(other), None, "{other}");
        }
    }
}
