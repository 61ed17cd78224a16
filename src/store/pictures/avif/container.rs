//! Where in an AVIF its pictures lie and what is said of them (ISO/IEC 23008-12 and AVIF 1.1).

use super::Fault;
use super::fields::{Fields, boxes, inside};

const ALPHA: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1"];

/// More pictures than this beside the one that is meant are not looked at.
const MOST_BESIDE: usize = 16;

/// How colours are coded, by the numbers of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codes {
    pub(super) primaries: u64,
    pub(super) transfer: u64,
    pub(super) matrix: u64,
    /// Whether black and white are the smallest and largest number.
    pub(super) is_full: bool,
}

/// A still picture's parts.
#[derive(Debug)]
pub(super) struct Still {
    /// AV1's own stream.
    pub(super) colours: Vec<u8>,
    pub(super) opacity: Option<Vec<u8>>,
    /// Whether the colours were multiplied by the opacity.
    pub(super) is_premultiplied: bool,
    /// Pixels, width and height.
    pub(super) size: [u32; 2],
    pub(super) profile: Option<Vec<u8>>,
    pub(super) codes: Option<Codes>,
    /// Left, top, width and height of what is to be seen, before the picture is turned.
    pub(super) crop: Option<[u32; 4]>,
    /// Quarters of a turn against the clock's direction.
    pub(super) turns: u8,
    /// After the turn: `Some(false)` exchanges top and bottom, `Some(true)` left and right.
    pub(super) mirror: Option<bool>,
}

/// Where an item's bytes lie: in the file or in the box `idat`, and in which parts.
#[derive(Default)]
struct Place {
    is_inside: bool,
    parts: Vec<(u64, u64)>,
}

pub(super) fn read(file: &[u8]) -> Result<Still, Fault> {
    let meta = inside(file, *b"meta").and_then(|meta| meta.get(4..)).ok_or(Fault::Broken("it lists no pictures"))?;
    let primary = primary_of(meta).ok_or(Fault::Broken("it does not say which of its pictures is meant"))?;
    match kind_of(meta, primary) {
        Some(kind) if kind == *b"av01" => {}
        Some(kind) if kind == *b"grid" => return Err(Fault::Other("it is put together from several tiles")),
        _ => return Err(Fault::Other("its picture is not AV1's")),
    }
    let properties = properties_of(meta, primary);
    let find = |name: &[u8; 4]| properties.iter().find(|(found, _)| found == name).map(|(_, content)| Fields(content));
    let size = find(b"ispe").and_then(|mut size| {
        size.word()?;
        Some([size.word()?, size.word()?])
    });
    let size = size.filter(|size| size.iter().all(|side| *side > 0)).ok_or(Fault::Broken("it has no size"))?;
    let alpha = referring(meta, b"auxl", primary).take(MOST_BESIDE).find(|item| {
        properties_of(meta, *item).iter().any(|(name, content)| {
            name == b"auxC" && content.get(4..).is_some_and(|kind| ALPHA.iter().any(|alpha| kind.starts_with(alpha)))
        })
    });
    let bits = |name| find(name).and_then(|mut field| field.byte());
    Ok(Still {
        colours: bytes_of(file, meta, primary)?,
        opacity: alpha.map(|item| bytes_of(file, meta, item)).transpose()?,
        is_premultiplied: alpha.is_some_and(|alpha| referring(meta, b"prem", alpha).any(|item| item == primary)),
        size,
        profile: colour_of(&properties, &[b"prof", b"rICC"]).map(|field| field.0.to_vec()),
        codes: colour_of(&properties, &[b"nclx"]).and_then(codes_of),
        crop: find(b"clap").and_then(|clap| crop_of(clap, size)),
        turns: bits(b"irot").unwrap_or_default() & 3,
        mirror: bits(b"imir").map(|axis| axis & 1 == 1),
    })
}

fn primary_of(meta: &[u8]) -> Option<u64> {
    let mut field = Fields(inside(meta, *b"pitm")?);
    let (version, _) = field.version_and_flags()?;
    field.number(if version == 0 { 2 } else { 4 })
}

fn kind_of(meta: &[u8], item: u64) -> Option<[u8; 4]> {
    let mut list = Fields(inside(meta, *b"iinf")?);
    let (version, _) = list.version_and_flags()?;
    list.number(if version == 0 { 2 } else { 4 })?;
    boxes(list.0).filter(|(name, _)| name == b"infe").find_map(|(_, entry)| {
        let mut entry = Fields(entry);
        let (version, _) = entry.version_and_flags()?;
        let found = entry.number(if version >= 3 { 4 } else { 2 })?;
        entry.number(2)?;
        entry.name().filter(|_| found == item && version >= 2)
    })
}

/// Items that refer to this one by such a name.
fn referring<'a>(meta: &'a [u8], name: &'a [u8; 4], item: u64) -> impl Iterator<Item = u64> + 'a {
    let mut list = Fields(inside(meta, *b"iref").unwrap_or_default());
    let id_bytes = if list.version_and_flags().is_some_and(|(version, _)| version > 0) { 4 } else { 2 };
    boxes(list.0).filter(move |(found, _)| found == name).filter_map(move |(_, reference)| {
        let mut reference = Fields(reference);
        let from = reference.number(id_bytes)?;
        let count = reference.number(2)?;
        let mut to = std::iter::from_fn(|| reference.number(id_bytes)).take(count as usize);
        to.any(|to| to == item).then_some(from)
    })
}

/// What is said of an item, by name; in the order of the item's own list.
fn properties_of(meta: &[u8], item: u64) -> Vec<([u8; 4], &[u8])> {
    let said = || {
        let properties = inside(meta, *b"iprp")?;
        let all: Vec<_> = boxes(inside(properties, *b"ipco")?).collect();
        let mut list = Fields(inside(properties, *b"ipma")?);
        let (version, flags) = list.version_and_flags()?;
        for _ in 0..list.word()? {
            let found = list.number(if version == 0 { 2 } else { 4 })?;
            let count = usize::from(list.byte()?);
            let (bytes, mask) = if flags & 1 == 1 { (2, 0x7FFF) } else { (1, 0x7F) };
            let mut places = Fields(list.take(count * bytes)?);
            if found == item {
                let place = || places.number(bytes).map(|number| (number & mask) as usize);
                let places = std::iter::from_fn(place);
                return Some(places.filter_map(|place| all.get(place.checked_sub(1)?).copied()).collect());
            }
        }
        None
    };
    said().unwrap_or_default()
}

fn colour_of<'a>(properties: &[([u8; 4], &'a [u8])], kinds: &[&[u8; 4]]) -> Option<Fields<'a>> {
    properties.iter().filter(|(name, _)| name == b"colr").find_map(|(_, content)| {
        let mut field = Fields(content);
        let kind = field.name()?;
        kinds.contains(&&kind).then_some(field)
    })
}

fn codes_of(mut field: Fields<'_>) -> Option<Codes> {
    let [primaries, transfer, matrix] = [field.number(2)?, field.number(2)?, field.number(2)?];
    Some(Codes { primaries, transfer, matrix, is_full: field.byte()? & 0x80 != 0 })
}

/// `clap` says width, height and the way from the middle to its own in fractions; what is no whole pixel is not cut.
fn crop_of(mut clap: Fields<'_>, size: [u32; 2]) -> Option<[u32; 4]> {
    let mut fraction = || {
        let (over, under) = (i64::from(clap.word()? as i32), i64::from(clap.word()?));
        (under > 0).then_some((over, under))
    };
    let whole = |(over, under): (i64, i64)| (over % under == 0).then_some(over / under);
    let (width, height) = (whole(fraction()?)?, whole(fraction()?)?);
    let mut start = |side: u32, length: i64| {
        let (over, under) = fraction()?;
        // Twice the way, as halves of pixels are common.
        let twice = (i64::from(side) - length) + whole((2 * over, under))?;
        (twice % 2 == 0).then_some(twice / 2)
    };
    let (left, top) = (start(size[0], width)?, start(size[1], height)?);
    let fits = |start: i64, length: i64, side: u32| start >= 0 && length > 0 && start + length <= i64::from(side);
    (fits(left, width, size[0]) && fits(top, height, size[1]))
        .then_some([left, top, width, height].map(|number| number as u32))
}

fn bytes_of(file: &[u8], meta: &[u8], item: u64) -> Result<Vec<u8>, Fault> {
    let place = place_of(meta, item).ok_or(Fault::Broken("it does not say where its picture lies"))?;
    let source = if place.is_inside { inside(meta, *b"idat").unwrap_or_default() } else { file };
    let mut bytes = Vec::new();
    for (start, length) in place.parts {
        let start = usize::try_from(start).map_err(|_| Fault::CutShort)?;
        let rest = source.get(start..).ok_or(Fault::CutShort)?;
        // No length is all that is left.
        let length = if length == 0 { rest.len() } else { usize::try_from(length).map_err(|_| Fault::CutShort)? };
        let part = rest.get(..length).ok_or(Fault::CutShort)?;
        if bytes.len() + part.len() > source.len() {
            return Err(Fault::Broken("its parts lie over one another"));
        }
        bytes.extend_from_slice(part);
    }
    if bytes.is_empty() { Err(Fault::CutShort) } else { Ok(bytes) }
}

fn place_of(meta: &[u8], item: u64) -> Option<Place> {
    let mut list = Fields(inside(meta, *b"iloc")?);
    let (version, _) = list.version_and_flags()?;
    let sizes = list.number(2)?;
    let size = |shift: u32| (sizes >> shift & 0xF) as usize;
    let [offset_bytes, length_bytes, base_bytes] = [size(12), size(8), size(4)];
    let index_bytes = if version == 0 { 0 } else { size(0) };
    let id_bytes = if version < 2 { 2 } else { 4 };
    for _ in 0..list.number(id_bytes)? {
        let found = list.number(id_bytes)?;
        let method = if version == 0 { 0 } else { list.number(2)? & 0xF };
        list.number(2)?;
        let base = list.number(base_bytes)?;
        let count = list.number(2)? as usize;
        let part_bytes = index_bytes + offset_bytes + length_bytes;
        let mut parts = Fields(list.take(count * part_bytes)?);
        if found != item {
            continue;
        }
        let mut place = Place { is_inside: method == 1, ..Place::default() };
        for _ in 0..count {
            parts.take(index_bytes)?;
            let start = base.checked_add(parts.number(offset_bytes)?)?;
            place.parts.push((start, parts.number(length_bytes)?));
        }
        // A place in another item is nobody's habit.
        return (method < 2).then_some(place);
    }
    None
}
