//! Maps of areas by colour, as ControlNets for segmentation were trained on them: the 150 things of ADE20K (Zhou et al.,
//! 2017), each in the colour of its published maps. Which area shows what, a person says.

use super::Picture;
use crate::mask::{MaskPlane, PAINTED};

/// A thing that such networks know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaKind {
    /// As ADE20K calls it.
    pub name: &'static str,
    /// Red, green and blue.
    pub colour: [u8; 3],
}

impl AreaKind {
    /// Each of them.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|(name, _, colour)| Self { name, colour: *colour })
    }

    /// The thing that a text names first: "an old house by the sea" is a house. One or several of it, by its own name or by
    /// a usual one; the longer of two that begin together.
    #[must_use]
    pub fn named_in(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let words: Vec<&str> =
            text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        (0..words.len()).find_map(|from| {
            let found = KINDS.iter().flat_map(|(name, others, colour)| {
                let known = std::iter::once(name).chain(*others);
                known.map(move |known| (known.split(' ').count(), *known, Self { name, colour: *colour }))
            });
            let here = found.filter(|(count, known, _)| {
                words.get(from..from + count).is_some_and(|here| is_it(&here.join(" "), known))
            });
            here.max_by_key(|(count, ..)| *count).map(|(_, _, kind)| kind)
        })
    }
}

/// One of it, or several.
fn is_it(words: &str, name: &str) -> bool {
    let rest = words.strip_prefix(name);
    rest.is_some_and(|rest| ["", "s", "es"].contains(&rest))
        || name.strip_suffix('y').is_some_and(|stem| words.strip_prefix(stem) == Some("ies"))
        || name.strip_suffix("f").is_some_and(|stem| words.strip_prefix(stem) == Some("ves"))
}

/// The map of these areas, which are all of this size: what is at least half covered has its colour, the first one before
/// those that follow; what nobody named is black.
#[must_use]
pub fn areas_by_colour([width, height]: [u32; 2], areas: &[(MaskPlane, AreaKind)]) -> Picture {
    let mut rgba = Picture::filled(width, height, [0, 0, 0, 255]).into_rgba();
    for (mask, kind) in areas.iter().rev().filter(|(mask, _)| mask.size_px() == [width, height]) {
        for (pixel, value) in rgba.chunks_exact_mut(4).zip(mask.values()) {
            if *value >= PAINTED {
                pixel[..3].copy_from_slice(&kind.colour);
            }
        }
    }
    Picture::from_rgba(width, height, rgba).unwrap_or_else(|_| Picture::filled(width, height, [0, 0, 0, 255]))
}

/// Name, other usual names, colour; in ADE20K's order.
const KINDS: [(&str, &[&str], [u8; 3]); 150] = [
    ("wall", &[], [120, 120, 120]),
    ("building", &[], [180, 120, 120]),
    ("sky", &[], [6, 230, 230]),
    ("floor", &[], [80, 50, 50]),
    ("tree", &["forest"], [4, 200, 3]),
    ("ceiling", &[], [120, 120, 80]),
    ("road", &["street"], [140, 140, 140]),
    ("bed", &[], [204, 5, 255]),
    ("windowpane", &["window"], [230, 230, 230]),
    ("grass", &["lawn", "meadow"], [4, 250, 7]),
    ("cabinet", &[], [224, 5, 255]),
    ("sidewalk", &["pavement"], [235, 255, 7]),
    ("person", &["man", "woman", "child", "girl", "boy", "people"], [150, 5, 61]),
    ("earth", &["ground", "soil"], [120, 120, 70]),
    ("door", &[], [8, 255, 51]),
    ("table", &[], [255, 6, 82]),
    ("mountain", &[], [143, 255, 140]),
    ("plant", &["bush"], [204, 255, 4]),
    ("curtain", &["drape"], [255, 51, 7]),
    ("chair", &[], [204, 70, 3]),
    ("car", &["auto"], [0, 102, 200]),
    ("water", &[], [61, 230, 250]),
    ("painting", &[], [255, 6, 51]),
    ("sofa", &["couch"], [11, 102, 255]),
    ("shelf", &[], [255, 7, 71]),
    ("house", &["cottage"], [255, 9, 224]),
    ("sea", &["ocean"], [9, 7, 230]),
    ("mirror", &[], [220, 220, 220]),
    ("rug", &["carpet"], [255, 9, 92]),
    ("field", &[], [112, 9, 255]),
    ("armchair", &[], [8, 255, 214]),
    ("seat", &[], [7, 255, 224]),
    ("fence", &[], [255, 184, 6]),
    ("desk", &[], [10, 255, 71]),
    ("rock", &["stone"], [255, 41, 10]),
    ("wardrobe", &[], [7, 255, 255]),
    ("lamp", &[], [224, 255, 8]),
    ("bathtub", &[], [102, 8, 255]),
    ("railing", &[], [255, 61, 6]),
    ("cushion", &[], [255, 194, 7]),
    ("base", &[], [255, 122, 8]),
    ("box", &[], [0, 255, 20]),
    ("column", &["pillar"], [255, 8, 41]),
    ("signboard", &["sign"], [255, 5, 153]),
    ("chest of drawers", &[], [6, 51, 255]),
    ("counter", &[], [235, 12, 255]),
    ("sand", &[], [160, 150, 20]),
    ("sink", &[], [0, 163, 255]),
    ("skyscraper", &[], [140, 140, 140]),
    ("fireplace", &[], [250, 10, 15]),
    ("refrigerator", &["fridge"], [20, 255, 0]),
    ("grandstand", &[], [31, 255, 0]),
    ("path", &[], [255, 31, 0]),
    ("stairs", &[], [255, 224, 0]),
    ("runway", &[], [153, 255, 0]),
    ("case", &[], [0, 0, 255]),
    ("pool table", &[], [255, 71, 0]),
    ("pillow", &[], [0, 235, 255]),
    ("screen door", &[], [0, 173, 255]),
    ("stairway", &[], [31, 0, 255]),
    ("river", &[], [11, 200, 200]),
    ("bridge", &[], [255, 82, 0]),
    ("bookcase", &[], [0, 255, 245]),
    ("blind", &[], [0, 61, 255]),
    ("coffee table", &[], [0, 255, 112]),
    ("toilet", &[], [0, 255, 133]),
    ("flower", &["blossom"], [255, 0, 0]),
    ("book", &[], [255, 163, 0]),
    ("hill", &[], [255, 102, 0]),
    ("bench", &[], [194, 255, 0]),
    ("countertop", &[], [0, 143, 255]),
    ("stove", &[], [51, 255, 0]),
    ("palm", &["palm tree"], [0, 82, 255]),
    ("kitchen island", &[], [0, 255, 41]),
    ("computer", &[], [0, 255, 173]),
    ("swivel chair", &[], [10, 0, 255]),
    ("boat", &["rowing boat"], [173, 255, 0]),
    ("bar", &[], [0, 255, 153]),
    ("arcade machine", &[], [255, 92, 0]),
    ("hovel", &["hut", "cabin"], [255, 0, 255]),
    ("bus", &[], [255, 0, 245]),
    ("towel", &[], [255, 0, 102]),
    ("light", &[], [255, 173, 0]),
    ("truck", &[], [255, 0, 20]),
    ("tower", &[], [255, 184, 184]),
    ("chandelier", &[], [0, 31, 255]),
    ("awning", &[], [0, 255, 61]),
    ("streetlight", &["street lamp"], [0, 71, 255]),
    ("booth", &[], [255, 0, 204]),
    ("television receiver", &["television", "tv"], [0, 255, 194]),
    ("airplane", &["plane", "aeroplane"], [0, 255, 82]),
    ("dirt track", &[], [0, 10, 255]),
    ("apparel", &["clothes", "clothing"], [0, 112, 255]),
    ("pole", &[], [51, 0, 255]),
    ("land", &[], [0, 194, 255]),
    ("bannister", &["handrail"], [0, 122, 255]),
    ("escalator", &[], [0, 255, 163]),
    ("ottoman", &[], [255, 153, 0]),
    ("bottle", &[], [0, 255, 10]),
    ("buffet", &[], [255, 112, 0]),
    ("poster", &[], [143, 255, 0]),
    ("stage", &[], [82, 0, 255]),
    ("van", &[], [163, 255, 0]),
    ("ship", &[], [255, 235, 0]),
    ("fountain", &[], [8, 184, 170]),
    ("conveyer belt", &[], [133, 0, 255]),
    ("canopy", &[], [0, 255, 92]),
    ("washer", &[], [184, 0, 255]),
    ("plaything", &["toy"], [255, 0, 31]),
    ("swimming pool", &[], [0, 184, 255]),
    ("stool", &[], [0, 214, 255]),
    ("barrel", &[], [255, 0, 112]),
    ("basket", &[], [92, 255, 0]),
    ("waterfall", &[], [0, 224, 255]),
    ("tent", &[], [112, 224, 255]),
    ("bag", &[], [70, 184, 160]),
    ("minibike", &["motorbike", "motorcycle"], [163, 0, 255]),
    ("cradle", &[], [153, 0, 255]),
    ("oven", &[], [71, 255, 0]),
    ("ball", &[], [255, 0, 163]),
    ("food", &[], [255, 204, 0]),
    ("step", &[], [255, 0, 143]),
    ("tank", &[], [0, 255, 235]),
    ("trade name", &[], [133, 255, 0]),
    ("microwave", &[], [255, 0, 235]),
    ("pot", &[], [245, 0, 255]),
    ("animal", &["dog", "cat", "horse", "bird", "cow", "sheep"], [255, 0, 122]),
    ("bicycle", &["bike"], [255, 245, 0]),
    ("lake", &[], [10, 190, 212]),
    ("dishwasher", &[], [214, 255, 0]),
    ("screen", &[], [0, 204, 255]),
    ("blanket", &[], [20, 0, 255]),
    ("sculpture", &[], [255, 255, 0]),
    ("hood", &[], [0, 153, 255]),
    ("sconce", &[], [0, 41, 255]),
    ("vase", &[], [0, 255, 204]),
    ("traffic light", &[], [41, 0, 255]),
    ("tray", &[], [41, 255, 0]),
    ("ashcan", &["trash can", "bin"], [173, 0, 255]),
    ("fan", &[], [0, 245, 255]),
    ("pier", &[], [71, 0, 255]),
    ("crt screen", &[], [122, 0, 255]),
    ("plate", &[], [0, 255, 184]),
    ("monitor", &[], [0, 92, 255]),
    ("bulletin board", &[], [184, 255, 0]),
    ("shower", &[], [0, 133, 255]),
    ("radiator", &[], [255, 214, 0]),
    ("glass", &["drinking glass"], [25, 194, 194]),
    ("clock", &[], [102, 255, 0]),
    ("flag", &[], [92, 0, 255]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_a_thing() {
        let named = |text: &str| AreaKind::named_in(text).map(|kind| kind.name);
        for (text, wanted) in [
            ("sky", Some("sky")),
            ("An old house by the sea", Some("house")),
            ("Trees", Some("tree")),
            ("skies at dusk", Some("sky")),
            ("bookshelves, shelves", Some("shelf")),
            ("a red pool table", Some("pool table")),
            ("benches", Some("bench")),
            ("a couch", Some("sofa")),
            ("a girl with a dog", Some("person")),
            ("Region 2", None),
            ("a carpet", Some("rug")),
            ("scarf", None),
            ("", None),
        ] {
            assert_eq!(named(text), wanted, "{text}");
        }
        for kind in AreaKind::all() {
            assert_eq!(AreaKind::named_in(kind.name), Some(kind), "each is found by its own name");
        }
    }

    #[test]
    fn areas_have_their_colours_and_the_first_lies_in_front() {
        let kind = |name: &str| AreaKind::named_in(name).unwrap();
        let plane = |values: [u8; 4]| MaskPlane::from_values(4, 1, values.to_vec()).unwrap();
        let areas = [(plane([0, 255, 100, 0]), kind("tree")), (plane([255, 255, 255, 0]), kind("sky"))];
        let made = areas_by_colour([4, 1], &areas);
        let sky = [6, 230, 230, 255];
        assert_eq!(made.rgba(), [sky, [4, 200, 3, 255], sky, [0, 0, 0, 255]].concat());
    }
}
