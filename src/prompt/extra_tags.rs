//! `<lora:name:0.8>` in a prompt and its kin: which files are wanted and how much, and the prompt without them. Read as
//! AUTOMATIC1111 reads them: `<lora:name:text encoder:UNet>`, `te=` and `unet=` in place of numbers.

/// What a prompt's tags are, and what is left for the text encoder.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tags {
    pub text: String,
    pub loras: Vec<LoraTag>,
    /// What of them is not read as it says: sentences for a person.
    pub remarks: Vec<String>,
}

/// One tag that asks for a LoRA.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraTag {
    pub name: String,
    /// Of the text encoders.
    pub text_weight: f64,
    pub unet_weight: f64,
    /// What of it is not read as it says.
    pub remarks: Vec<String>,
    items: Vec<String>,
}

/// The tags of a prompt that ask for LoRAs, in their order.
#[must_use]
pub fn lora_tags(prompt: &str) -> Vec<LoraTag> {
    read_tags(prompt).loras
}

/// Kinds of tags that are LoRAs.
const LORAS: [&str; 2] = ["lora", "lyco"];

/// Takes the tags out of a prompt.
#[must_use]
pub(super) fn read_tags(prompt: &str) -> Tags {
    let mut tags = Tags::default();
    let mut rest = prompt;
    while let Some((before, inside)) = rest.split_once('<') {
        tags.text.push_str(before);
        let Some(tag) = Tag::read(inside) else {
            tags.text.push('<');
            rest = inside;
            continue;
        };
        rest = &inside[tag.length..];
        if !LORAS.iter().any(|kind| tag.kind.eq_ignore_ascii_case(kind)) {
            tags.remarks.push(format!("<{}:…> is not known, so it was left out of the prompt", tag.kind));
        } else if tag.items.first().is_none_or(|name| name.trim().is_empty()) {
            tags.remarks.push(format!("<{}:…> names no file, so it was left out of the prompt", tag.kind));
        } else {
            let lora = LoraTag::of(tag.items.iter().map(|item| item.trim().to_owned()).collect(), 1);
            tags.loras.push(lora);
        }
    }
    tags.text.push_str(rest);
    tags
}

struct Tag<'a> {
    kind: &'a str,
    items: Vec<&'a str>,
    /// Bytes behind its `<`, with the `>`.
    length: usize,
}

impl<'a> Tag<'a> {
    /// `kind:item:…>` at the start of `text`.
    fn read(text: &'a str) -> Option<Self> {
        let (inside, _) = text.split_once('>')?;
        let (kind, items) = inside.split_once(':')?;
        let length = inside.len() + 1;
        let trimmed = kind.trim();
        let is_lora = LORAS.iter().any(|known| trimmed.eq_ignore_ascii_case(known));
        // Spaces beside the kind are text to AUTOMATIC1111; where a LoRA is named they can only be meant as a tag.
        let is_kind = !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_lora || (is_kind && !items.is_empty())).then(|| Self {
            kind: trimmed,
            items: items.split(':').collect(),
            length,
        })
    }
}

impl LoraTag {
    /// The tag with a name of so many items: a file may have colons in its name.
    fn of(items: Vec<String>, name_items: usize) -> Self {
        let name = items[..name_items].join(":");
        let mut tag = Self { name, text_weight: 1.0, unet_weight: 1.0, remarks: Vec::new(), items };
        let (mut numbers, mut text, mut unet) = (Vec::new(), None, None);
        for item in tag.items.clone().into_iter().skip(name_items) {
            match item.split_once('=') {
                None => numbers.push(item),
                Some((key, value)) => match key.trim().to_lowercase().as_str() {
                    "te" => text = Some(value.to_owned()),
                    "unet" => unet = Some(value.to_owned()),
                    key => tag.remark(&format!("{key}= has no meaning here and was left out")),
                },
            }
        }
        let mut numbers = numbers.into_iter();
        let (first, second) = (numbers.next(), numbers.next());
        if let Some(third) = numbers.next() {
            tag.remark(&format!("“{third}” has no meaning here and was left out"));
        }
        tag.text_weight = tag.number(text.or(first), 1.0);
        tag.unet_weight = tag.number(unet.or(second), tag.text_weight);
        tag
    }

    /// The same tag with each name that it may have: whole items from the left, for files with colons in their names.
    /// Only where more than numbers follow the name.
    pub(crate) fn longer_names(&self) -> impl Iterator<Item = Self> + '_ {
        let is_other = |item: &String| !item.contains('=') && item.parse::<f64>().is_err();
        let longest = self.items.iter().skip(1).rposition(is_other).map_or(1, |at| at + 2);
        (2..=longest).rev().map(|items| Self::of(self.items.clone(), items))
    }

    /// A number as it is written; a comma stands for a point, and what is no number at all for `default`.
    fn number(&mut self, text: Option<String>, default: f64) -> f64 {
        let Some(text) = text else { return default };
        let parsed = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        if let Some(number) = parsed(&text) {
            return number;
        }
        let number = parsed(&text.replace(',', ".")).unwrap_or(default);
        self.remark(&format!("“{text}” is no number, so {number} was taken"));
        number
    }

    fn remark(&mut self, what: &str) {
        self.remarks.push(format!("<lora:{}>: {what}", self.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(prompt: &str) -> Vec<(String, f64, f64)> {
        lora_tags(prompt).into_iter().map(|tag| (tag.name, tag.text_weight, tag.unet_weight)).collect()
    }

    #[test]
    fn tags_are_taken_out_and_understood() {
        let prompt = "a fox <lora:ink wash:0.8>, at night<lora:b:-1:x><lora:c> <3 <lora:never closed";
        let tags = read_tags(prompt);
        assert_eq!(tags.text, "a fox , at night <3 <lora:never closed");
        assert_eq!(read(prompt), [("ink wash".into(), 0.8, 0.8), ("b".into(), -1.0, -1.0), ("c".into(), 1.0, 1.0)]);
    }

    #[test]
    fn the_text_encoder_comes_first_and_the_unet_second() {
        for (tag, wanted) in [
            ("<lora:x:0:1>", (0.0, 1.0)),
            ("<lora:x:1:0>", (1.0, 0.0)),
            ("<lora:x: 0.25 : -.5 >", (0.25, -0.5)),
            ("<lora:x:te=0.3>", (0.3, 0.3)),
            ("<lora:x:unet=0.3>", (1.0, 0.3)),
            ("<lora:x:0.5:unet=0.3>", (0.5, 0.3)),
            ("<lora:x:0.5:0.7:te=0>", (0.0, 0.7)),
            ("<LoRA: x :0.5>", (0.5, 0.5)),
            ("< lora : x : 0.5 >", (0.5, 0.5)),
            ("<lyco:x:0.5>", (0.5, 0.5)),
            ("<lora:x:1e-1>", (0.1, 0.1)),
        ] {
            let tags = read_tags(tag);
            assert_eq!(read(tag), [("x".into(), wanted.0, wanted.1)], "{tag}");
            assert_eq!((tags.text.as_str(), &tags.loras[0].remarks, &tags.remarks), ("", &vec![], &vec![]), "{tag}");
        }
    }

    #[test]
    fn what_is_read_otherwise_is_reported() {
        for (tag, weights, said) in [
            ("<lora:x:0,5>", (0.5, 0.5), "“0,5” is no number, so 0.5 was taken"),
            ("<lora:x:half>", (1.0, 1.0), "“half” is no number, so 1 was taken"),
            ("<lora:x:0.5:half>", (0.5, 0.5), "“half” is no number, so 0.5 was taken"),
            ("<lora:x:nan>", (1.0, 1.0), "“nan” is no number"),
            ("<lora:x:>", (1.0, 1.0), "“” is no number"),
            ("<lora:x:0.5:dyn=4>", (0.5, 0.5), "dyn= has no meaning here"),
            ("<lora:x:0.5:lbw=MID>", (0.5, 0.5), "lbw= has no meaning here"),
            ("<lora:x:0.5:0.5:16>", (0.5, 0.5), "“16” has no meaning here"),
        ] {
            let tags = read_tags(tag);
            assert_eq!(read(tag), [("x".into(), weights.0, weights.1)], "{tag}");
            assert!(tags.loras[0].remarks.join(" ").contains(said), "{tag}: {:?}", tags.loras[0].remarks);
        }
        for tag in ["<hypernet:x:1>", "<anything:at all>", "<lora:>", "<lora: :1>"] {
            let tags = read_tags(&format!("a{tag}b"));
            assert_eq!((tags.text.as_str(), tags.loras.len(), tags.remarks.len()), ("ab", 0, 1), "{tag}: {tags:?}");
        }
    }

    #[test]
    fn a_name_may_have_colons() {
        let names = |tag: &str| -> Vec<(String, f64)> {
            lora_tags(tag)[0].longer_names().map(|tag| (tag.name, tag.unet_weight)).collect()
        };
        assert_eq!(names("<lora:style:v2:0.5>"), [("style:v2".into(), 0.5)]);
        assert_eq!(names("<lora:a:b:c>"), [("a:b:c".into(), 1.0), ("a:b".into(), 1.0)]);
        assert_eq!(names("<lora:x:0.5:1>"), []);
    }
}
