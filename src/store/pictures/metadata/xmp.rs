//! Texts in XMP, an XML packet in picture files, in which some programs write how a picture was made.

use crate::store::pictures::metadata::comment_letters::of_unknown_order;
use crate::store::pictures::programs::Texts;
use crate::store::pictures::programs::texts::{DESCRIPTION, PARAMETERS, SOFTWARE, USER_COMMENT};

/// Elements or attributes of these names, whatever stands for their namespace: EXIF's comment, stable-diffusion.cpp's
/// parameters, Dublin Core's and TIFF's description, and the program.
const NAMES: [(&str, &str); 5] = [
    ("UserComment", USER_COMMENT),
    ("parameters", PARAMETERS),
    ("description", DESCRIPTION),
    ("ImageDescription", DESCRIPTION),
    ("CreatorTool", SOFTWARE),
];
/// More of one name than any packet has: a hostile one must not be searched for each of a million.
const MOST_OF_A_NAME: usize = 8;

/// Adds the texts of a packet, in the order of [`NAMES`].
pub(crate) fn add(texts: &mut Texts, packet: &[u8]) {
    let xml = of_unknown_order(packet, true, false);
    for (name, known) in NAMES {
        for text in elements(&xml, name).chain(attributes(&xml, name).take(MOST_OF_A_NAME)) {
            texts.add(known, unescaped(&text));
        }
    }
}

/// What stands in each element of this name, without the tags inside.
fn elements<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let full_name = |tag: &'a str| tag.split([' ', '\t', '\r', '\n']).next().unwrap_or(tag);
    let named = tags(xml).filter(move |(_, tag)| local(full_name(tag)) == name && !tag.ends_with('/'));
    named.take(MOST_OF_A_NAME).filter_map(move |(at, tag)| {
        let full = full_name(tag);
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
        if let (Some(letter), Some((_, behind))) = (letter, entity) {
            plain.push(letter);
            rest = behind;
        } else {
            plain.push('&');
            rest = after;
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &str = "a \"red\" apple & <pear> ä🍎\nSteps: 20, Sampler: Euler a, Seed: 5";

    fn texts_of(packet: &[u8]) -> Texts {
        let mut texts = Texts::default();
        add(&mut texts, packet);
        texts
    }

    fn one(name: &str, text: &str) -> Texts {
        let mut texts = Texts::default();
        texts.add(name, text);
        texts
    }

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
        for (name, xml) in [
            (USER_COMMENT, frame("", &format!("<exif:UserComment>{alternatives}</exif:UserComment>"))),
            (DESCRIPTION, frame("", &format!("<dc:description>\n{alternatives}\n</dc:description>"))),
            (DESCRIPTION, frame("", &format!("<tiff:ImageDescription>{alternatives}</tiff:ImageDescription>"))),
            (USER_COMMENT, frame("", &format!("<exif:UserComment>{escaped}</exif:UserComment>"))),
            (USER_COMMENT, frame("", &format!("<exif:UserComment><![CDATA[{WANTED}]]></exif:UserComment>"))),
            (USER_COMMENT, frame(&format!("xmlns:exif=\"http://x/\" exif:UserComment=\"{escaped}\""), "")),
            (USER_COMMENT, frame(&format!("tiff:Make='a > b' xmp:UserComment = '{escaped}'"), "<dc:description/>")),
            (PARAMETERS, frame(&format!("sdcpp:parameters='{escaped}'"), "")),
            (SOFTWARE, frame("", &format!("<xmp:CreatorTool>{escaped}</xmp:CreatorTool>"))),
        ] {
            assert_eq!(texts_of(xml.as_bytes()), one(name, WANTED), "{xml}");
            let wide: Vec<u8> = xml.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(texts_of(&[&[0xFE, 0xFF], &wide[..]].concat()), one(name, WANTED));
            for end in 0..xml.len() {
                let _ = texts_of(&xml.as_bytes()[..end]);
            }
        }
        assert_eq!(unescaped("a & b &unknown; &#xFFFFFFFF; &amp"), "a & b &unknown; &#xFFFFFFFF; &amp");
    }

    #[test]
    fn json_in_every_form_of_a_field_is_read_and_damage_is_passed_over() {
        for xmp in [
            "<rdf:Description exif:UserComment='{&quot;c&quot;: &quot;a&#10;b&quot;}'/>",
            "<exif:UserComment>{\"c\": \"a\nb\"}</exif:UserComment>",
            "<exif:UserComment>\n<rdf:Alt><rdf:li xml:lang=\"x-default\">{&quot;c&quot;: &quot;a&#xA;b&quot;}</rdf:li></rdf:Alt></exif:UserComment>",
        ] {
            assert_eq!(texts_of(xmp.as_bytes()), one(USER_COMMENT, "{\"c\": \"a\nb\"}"), "{xmp}");
        }
        let nonsense = "<a b:UserComment='&nonsense; & &#xFFFFFFFF;'>";
        assert_eq!(texts_of(nonsense.as_bytes()), one(USER_COMMENT, "&nonsense; & &#xFFFFFFFF;"));
        for broken in ["<exif:UserComment", "<exif:UserComment>", " exif:UserComment=", " exif:UserComment='a", ""] {
            assert_eq!(texts_of(broken.as_bytes()), Texts::default(), "{broken}");
        }
    }

    #[test]
    fn a_million_elements_without_an_end_are_not_searched_for_each() {
        assert_eq!(texts_of("<a:UserComment>".repeat(1 << 18).as_bytes()), Texts::default());
    }
}
