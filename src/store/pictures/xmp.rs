//! Texts in XMP, an XML packet in picture files, in which some programs tell how a picture was made.

use super::comment_letters::of_unknown_order;

/// Elements or attributes of these names, whatever stands for their namespace: Dublin Core's description and EXIF's
/// comment and description.
const NAMES: [&str; 3] = ["UserComment", "description", "ImageDescription"];

/// The comments and descriptions in a packet, in the order of [`NAMES`].
pub(super) fn texts_of(packet: &[u8]) -> Vec<String> {
    let xml = of_unknown_order(packet, true, false);
    let found = NAMES.iter().flat_map(|name| elements(&xml, name).chain(attributes(&xml, name)));
    found.map(|text| unescaped(&text)).filter(|text| !text.trim().is_empty()).collect()
}

/// What stands in each element of this name, without the tags inside.
fn elements<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    tags(xml).filter_map(move |(at, tag)| {
        let full = tag.split([' ', '\t', '\r', '\n']).next()?;
        if local(full) != name || tag.ends_with('/') {
            return None;
        }
        let inside = &xml[at..];
        let inside = &inside[..inside.find(&format!("</{full}"))?];
        // Of several languages the first.
        let item = tags(inside).find(|(_, tag)| local(tag.split([' ', '/']).next().unwrap_or(tag)) == "li");
        let text = match item {
            Some((start, tag)) if !tag.ends_with('/') => {
                let rest = &inside[start..];
                rest.find("</").map_or(rest, |end| &rest[..end])
            }
            Some(_) => "",
            None => inside,
        };
        let text = text.trim();
        Some(text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>")).map_or_else(
            || text.to_owned(),
            // What is escaped later is not escaped there.
            |raw| raw.replace('&', "&amp;"),
        ))
    })
}

/// The values of each attribute of this name.
fn attributes<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    tags(xml).flat_map(move |(_, tag)| {
        let mut rest = tag;
        std::iter::from_fn(move || {
            let (head, after) = rest.split_once('=')?;
            let after = after.trim_start();
            let quote = after.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
            let (value, behind) = after[1..].split_once(quote)?;
            rest = behind;
            let key = head.trim_end().rsplit([' ', '\t', '\r', '\n']).next().unwrap_or_default();
            Some((local(key) == name).then(|| value.to_owned()))
        })
        .flatten()
    })
}

/// Each opening tag's content, and where the text behind it begins.
fn tags(xml: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + xml.get(at..)?.find('<')? + 1;
            let mut quote = None;
            let end = start
                + xml[start..].find(|letter| {
                    match quote {
                        Some(open) if letter == open => quote = None,
                        None if matches!(letter, '"' | '\'') => quote = Some(letter),
                        _ => {}
                    }
                    letter == '>' && quote.is_none()
                })?;
            at = end + 1;
            let tag = &xml[start..end];
            if !tag.starts_with(['/', '?', '!']) {
                return Some((at, tag));
            }
        }
    })
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let entity = after.split_once(';').filter(|(name, _)| name.len() <= 10);
        let letter = entity.and_then(|(name, _)| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            number => {
                let number = number.strip_prefix('#')?;
                let value = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(value.ok()?)
            }
        });
        match (letter, entity) {
            (Some(letter), Some((_, behind))) => {
                plain.push(letter);
                rest = behind;
            }
            _ => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &str = "a \"red\" apple & <pear> ä🍎\nSteps: 20, Sampler: Euler a, Seed: 5";

    #[test]
    fn elements_and_attributes_are_read_with_their_entities() {
        let escaped = "a &quot;red&quot; apple &amp; &lt;pear&gt; ä&#x1F34E;&#10;Steps: 20, Sampler: Euler a, Seed: 5";
        let frame = |attributes: &str, inside: &str| {
            format!(
                "<?xpacket begin='\u{feff}' id='W5'?>\n<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description \
                 rdf:about='' {attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
            )
        };
        let alternatives =
            format!("<rdf:Alt>\n <rdf:li xml:lang='x-default'>{escaped}</rdf:li>\n <rdf:li>b</rdf:li></rdf:Alt>");
        for xml in [
            frame("", &format!("<exif:UserComment>{alternatives}</exif:UserComment>")),
            frame("", &format!("<dc:description>\n{alternatives}\n</dc:description>")),
            frame("", &format!("<exif:UserComment>{escaped}</exif:UserComment>")),
            frame("", &format!("<exif:UserComment><![CDATA[{WANTED}]]></exif:UserComment>")),
            frame(&format!("xmlns:exif=\"http://x/\" exif:UserComment=\"{escaped}\""), ""),
            frame(&format!("tiff:Make='a > b' xmp:UserComment = '{escaped}'"), "<dc:description/>"),
        ] {
            assert_eq!(texts_of(xml.as_bytes()), [WANTED], "{xml}");
            let wide: Vec<u8> = xml.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(texts_of(&[&[0xFE, 0xFF], &wide[..]].concat()), [WANTED]);
            for end in 0..xml.len() {
                let _ = texts_of(&xml.as_bytes()[..end]);
            }
        }
        assert_eq!(unescaped("a & b &unknown; &#xFFFFFFFF; &amp"), "a & b &unknown; &#xFFFFFFFF; &amp");
    }
}
