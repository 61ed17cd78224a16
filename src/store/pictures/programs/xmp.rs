//! The few fields of XMP in which programs write settings, as plain texts.

/// A field's text, whether it stands in an attribute, in an element, or in a list inside an element.
pub(crate) fn field(xmp: &str, name: &str) -> Option<String> {
    in_attribute(xmp, name).or_else(|| in_element(xmp, name)).map(|text| unescaped(&text))
}

fn in_attribute(xmp: &str, name: &str) -> Option<String> {
    let mut rest = xmp;
    while let Some(at) = rest.find(name) {
        let begins = rest[..at].ends_with(char::is_whitespace);
        rest = &rest[at + name.len()..];
        let Some(value) = rest.trim_start().strip_prefix('=').filter(|_| begins) else { continue };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        return value[1..].split_once(quote).map(|(value, _)| value.to_owned());
    }
    None
}

fn in_element(xmp: &str, name: &str) -> Option<String> {
    let start = xmp.find(&format!("<{name}"))?;
    let (_, inside) = xmp[start..].split_once('>')?;
    let (inside, _) = inside.split_once(&format!("</{name}>"))?;
    // The first item of a list, else the text itself.
    let item = inside.find("<rdf:li").and_then(|at| inside[at..].split_once('>')).map(|(_, item)| item);
    let text = item.map_or(inside, |item| item.split_once("</rdf:li>").map_or(item, |(item, _)| item));
    Some(text.trim().to_owned())
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).unwrap_or(text);
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let letter = end.and_then(|end| entity(&rest[1..end]));
        match (letter, end) {
            (Some(letter), Some(end)) => {
                plain.push(letter);
                rest = &rest[end + 1..];
            }
            _ => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = digits
                .strip_prefix(['x', 'X'])
                .map_or_else(|| digits.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            char::from_u32(code?)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_field_is_read() {
        for xmp in [
            "<rdf:Description exif:UserComment='{&quot;c&quot;: &quot;a&#10;b&quot;}'/>",
            "<exif:UserComment>{\"c\": \"a\nb\"}</exif:UserComment>",
            "<exif:UserComment>\n<rdf:Alt><rdf:li xml:lang=\"x-default\">{&quot;c&quot;: &quot;a&#xA;b&quot;}</rdf:li></rdf:Alt></exif:UserComment>",
        ] {
            assert_eq!(field(xmp, "exif:UserComment").as_deref(), Some("{\"c\": \"a\nb\"}"), "{xmp}");
        }
        assert_eq!(field("<a b='&nonsense; & &#xFFFFFFFF;'>", "b").as_deref(), Some("&nonsense; & &#xFFFFFFFF;"));
        for broken in ["<exif:UserComment", "<exif:UserComment>", " exif:UserComment=", " exif:UserComment='a", ""] {
            assert_eq!(field(broken, "exif:UserComment"), None, "{broken}");
        }
    }
}
