//! Projects that come back as they were, and files that are none.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::canvas::{Content, Document, Ink, Layer, LayerPart, LayerUse, Origin, RegionLayer};
use crate::job::{
    ControlKind, JobError, ModelRef, Placement, Reference, ReferenceAdapter, ReferenceUse, Region, Request,
};
use crate::mask::{Brush, BrushPoint, MaskPlane};
use crate::raster::Picture;
use crate::store::pictures::metadata::png_text;

fn picture(seed: u8) -> Arc<Picture> {
    let pixels = (0..200u32 * 150).flat_map(|at| [at as u8, (at / 200) as u8, seed, if seed > 9 { 255 } else { 90 }]);
    Arc::new(Picture::from_rgba(200, 150, pixels.collect()).unwrap())
}

fn stroke(document: &mut Document, ink: Ink, x: f32) {
    document.begin_stroke(ink, Brush { diameter_px: 17.0, hardness: 0.5, opacity: 0.9 });
    document.stroke_to(BrushPoint::at(x, 10.0));
    document.stroke_to(BrushPoint::at(x + 30.0, 140.0));
    document.end_stroke();
}

fn document() -> Document {
    let mut document = Document::default();
    document.replace(Some((picture(3), Origin { file: None, made_here: true })));
    stroke(&mut document, Ink::Mask, 40.0);
    stroke(&mut document, Ink::Colour([9, 200, 77]), 120.0);
    let placement = Placement { x: -3.5, angle: 12.0, flips_down: true, ..Placement::default() };
    let mut settings = LayerSettings { name: "Lines ✎".into(), opacity: 0.25, placement, ..LayerSettings::default() };
    settings.layer_use.control_mut().unwrap().weight = 0.4;
    settings.layer_use.control_mut().unwrap().kind = Some(ControlKind::Depth);
    let drawing = Content::empty_drawing([200, 150]);
    document.change(|canvas| Some(canvas.with_layer(settings, drawing, None, [8, 8])));
    let id = document.stack().layers()[0].id;
    let hard = Brush { diameter_px: 9.0, hardness: 1.0, opacity: 1.0 };
    document.change(|canvas| canvas.with_layer_mask(id, Some));
    document.begin_stroke_on(Some(LayerPart::Mask(id)), Ink::Mask, hard);
    document.stroke_to(BrushPoint::at(100.0, 20.0));
    document.end_stroke();
    document.begin_stroke_on(Some(LayerPart::Drawing(id)), Ink::Mask, hard);
    document.stroke_to(BrushPoint::at(20.0, 20.0));
    document.stroke_to(BrushPoint::at(160.0, 90.0));
    document.end_stroke();
    let off = LayerSettings { is_on: false, is_locked: true, ..LayerSettings::default() };
    let content = Content::Picture(Arc::new(Picture::filled(33, 77, [5, 6, 7, 200])));
    document.change(|canvas| Some(canvas.with_layer(off, content, None, [8, 8])));
    let region = Region { negative: Some("fog".into()), weight: 0.5, ..Region::default() };
    let region = RegionLayer { region, softness_px: 9, colour: 2 };
    let area = LayerSettings { layer_use: LayerUse::Region(region), name: "Fox".into(), ..LayerSettings::default() };
    document.change(|canvas| Some(canvas.with_layer(area, Content::empty_drawing([200, 150]), None, [8, 8])));
    let id = document.stack().layers()[0].id;
    document.begin_stroke_on(Some(LayerPart::Drawing(id)), Ink::Mask, hard);
    document.stroke_to(BrushPoint::at(90.0, 40.0));
    document.end_stroke();
    let adapter = ReferenceAdapter { file: "/a/ip.bin".into(), encoder: None };
    let reference = Reference { adapter: Some(adapter), used: ReferenceUse::Style, ..Reference::default() };
    let reference = LayerSettings { layer_use: LayerUse::Reference(reference), ..LayerSettings::default() };
    document.change(|canvas| Some(canvas.with_layer(reference, Content::Picture(picture(50)), None, [8, 8])));
    document.change_stack(|stack| {
        stack.base.picture_opacity = 0.5;
        true
    });
    document
}

fn project() -> Project {
    let request = Request {
        prompt: "a castle, \"misty\"\nby a lake".into(),
        negative: Some("fog".into()),
        model: ModelRef::File("/models/dreamer.safetensors".into()),
        steps: 17,
        guidance: Some(4.5),
        width: Some(512),
        height: Some(768),
        ..Draft::default().request
    };
    let draft = Draft { request, seed: Some(u64::MAX), pictures: 3, strength: 0.4, ..Draft::default() };
    Project { draft, loras: vec![KeptLora::new("/loras/ink.safetensors".into(), 0.8)], canvas: document().snapshot() }
}

/// Picture, mask, and the layers in front of them.
type Look = (Option<Arc<Picture>>, Vec<u8>, BaseSettings, Vec<(LayerSettings, Arc<Picture>, Option<Vec<u8>>)>);

fn look(canvas: &Snapshot) -> Look {
    let layers = canvas.stack().layers().iter();
    let mask = |layer: &Layer| layer.mask.as_ref().map(|mask| mask.plane().values().to_vec());
    let layers = layers.map(|layer| (layer.settings.clone(), layer.content.seen(), mask(layer))).collect();
    (canvas.whole_picture(), canvas.mask().values().to_vec(), *canvas.stack().base(), layers)
}

#[test]
fn everything_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = with_ending(folder.path().join("castle"));
    let project = project();
    fs::write(&path, "what was there before").unwrap();
    write(&path, &project).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    let again = read(&path).unwrap();
    assert_eq!((&again.draft, &again.loras), (&project.draft, &project.loras));
    assert!(look(&again.canvas) == look(&project.canvas));
    assert_eq!(again.canvas.origin(), project.canvas.origin());
    let kinds =
        |canvas: &Snapshot| canvas.stack().layers().iter().map(|l| std::mem::discriminant(&l.content)).collect();
    assert!(again.canvas.stack().layers()[3].counts_where().is_some());
    let (kept, found): (Vec<_>, Vec<_>) = (kinds(&project.canvas), kinds(&again.canvas));
    assert_eq!(kept, found);
    // Known by its first bytes.
    let bytes = fs::read(&path).unwrap();
    assert_eq!(&bytes[30..38 + MIME_TYPE.len()], format!("mimetype{MIME_TYPE}").as_bytes());
    // And once more.
    write(&path, &again).unwrap();
    assert!(look(&read(&path).unwrap().canvas) == look(&project.canvas));
}

#[test]
fn an_empty_canvas_is_a_project_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("words.inkwick");
    let project = Project { canvas: Document::default().snapshot(), ..project() };
    write(&path, &project).unwrap();
    let again = read(&path).unwrap();
    assert!(again.canvas.whole_picture().is_none() && again.canvas.stack().layers().is_empty());
    assert_eq!(again.draft, project.draft);
}

#[test]
fn opening_is_one_step_that_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.inkwick");
    write(&path, &project()).unwrap();
    let mut document = document();
    let before = look(&document.snapshot());
    let ids: Vec<_> = document.stack().layers().iter().map(|layer| layer.id).collect();
    let opened = read(&path).unwrap().canvas;
    assert!(document.change(|canvas| Some(canvas.opened(opened.clone()))));
    assert!(look(&document.snapshot()) == look(&opened));
    assert!(document.stack().layers().iter().all(|layer| !ids.contains(&layer.id)));
    document.undo();
    assert!(look(&document.snapshot()) == before);
    document.redo();
    assert!(look(&document.snapshot()) == look(&opened));
}

fn sentence(path: &Path) -> String {
    let error = JobError::from(read(path).map(|_| ()).unwrap_err());
    assert!(error.message.contains(&path.display().to_string()), "{}", error.message);
    error.message
}

#[test]
fn a_file_that_is_cut_or_changed_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.inkwick");
    write(&path, &project()).unwrap();
    let bytes = fs::read(&path).unwrap();
    for length in (0..bytes.len()).step_by(bytes.len() / 40) {
        fs::write(&path, &bytes[..length]).unwrap();
        let said = sentence(&path);
        assert!(said.contains("damaged") || said.contains("this file is none"), "{length}: {said}");
    }
    let whole = look(&project().canvas);
    for at in (0..bytes.len()).step_by(bytes.len() / 200) {
        let mut spoilt = bytes.clone();
        spoilt[at] ^= 0x10;
        fs::write(&path, &spoilt).unwrap();
        // Some bytes say nothing of what is inside (a date); none may give another canvas.
        assert!(read(&path).is_err() || look(&read(&path).unwrap().canvas) == whole, "byte {at}");
    }
    fs::write(&path, b"\x89PNG and so on").unwrap();
    assert!(sentence(&path).contains("this file is none"));
    assert!(sentence(&folder.path().join("missing.inkwick")).contains("could not be opened"));
}

/// A zip of these entries, packed where it is asked for.
fn zip_of(path: &Path, entries: &[(&str, &[u8])]) {
    let mut writer = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn newer_ones_and_bombs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.inkwick");
    zip_of(&path, &[(MANIFEST_ENTRY, br#"{"version": 3, "canvas": "of another shape"}"#)]);
    let said = sentence(&path);
    assert!(said.contains("newer Inkwick") && said.contains("format 3"), "{said}");
    zip_of(&path, &[("other.txt", b"some other zip")]);
    assert!(sentence(&path).contains("this file is none"));
    let canvas = |width: u32, layers: &str| {
        format!(r#"{{"version": 1, "canvas": {{"width": {width}, "height": 9000, "layers": [{layers}]}}}}"#)
    };
    // Pixels that nobody has room for, whatever the PNG file says.
    zip_of(&path, &[(MANIFEST_ENTRY, canvas(60_000, "").as_bytes()), (PICTURE_ENTRY, b"tiny")]);
    assert!(sentence(&path).contains("more than a canvas may take"));
    // A PNG file that says another size than the manifest.
    let png = png_text::encode(&picture(40), None).unwrap();
    zip_of(&path, &[(MANIFEST_ENTRY, canvas(9, "").as_bytes()), (PICTURE_ENTRY, &png)]);
    assert!(sentence(&path).contains(PICTURE_ENTRY));
    // An entry longer than any picture of that size.
    let small = r#"{"version": 1, "canvas": {"width": 8, "height": 8}}"#;
    zip_of(&path, &[(MANIFEST_ENTRY, small.as_bytes()), (PICTURE_ENTRY, &vec![0; 3 << 20])]);
    assert!(sentence(&path).contains("more than a canvas may take"));
    for (settings, word) in [
        (r#""draft": {"strength": 7.0}"#, "range"),
        (r#""draft": {"request": {"steps": 4000000000}}"#, "steps"),
        (r#""draft": 7"#, "project.json"),
    ] {
        zip_of(&path, &[(MANIFEST_ENTRY, format!(r#"{{"version": 1, {settings}}}"#).as_bytes())]);
        let said = sentence(&path);
        assert!(said.contains("damaged") && said.contains(word), "{said}");
    }
}

#[test]
fn projects_of_the_first_format_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.inkwick");
    let manifest = br#"{"version": 1, "canvas": {"width": 200, "height": 150, "layers": [
        {"settings": {"name": "Depth", "opacity": 0.5, "layer_use": {"control": {"weight": 0.4, "type": "depth"}},
                      "placement": {"x": 3.0, "size": 0.5}},
         "content": {"picture": [200, 150]}}]}}"#;
    let png = png_text::encode(&picture(40), None).unwrap();
    let mask = crate::store::pictures::metadata::png_mask::encode(&MaskPlane::empty(200, 150)).unwrap();
    let entries: [(&str, &[u8]); 4] =
        [(MANIFEST_ENTRY, manifest), (PICTURE_ENTRY, &png), (MASK_ENTRY, &mask), ("layers/1.png", &png)];
    zip_of(&path, &entries);
    let canvas = read(&path).unwrap().canvas;
    let [layer] = canvas.stack().layers() else { panic!("one layer") };
    let control = layer.settings.layer_use.control().unwrap();
    assert_eq!((control.kind, layer.settings.name.as_str()), (Some(ControlKind::Depth), "Depth"));
    assert_eq!(layer.settings.placement, Placement { x: 3.0, size: 0.5, ..Placement::default() });
    // Numbers of a layer that nobody could have chosen.
    for (layer_use, word) in [
        (r#"{"region": {"region": {"weight": 3.0}}}"#, "weight"),
        (r#"{"region": {"softness_px": 100000}}"#, "soft"),
        (r#"{"reference": {"from": 0.8, "to": 0.2}}"#, "steps"),
    ] {
        let manifest = format!(
            r#"{{"version": 2, "canvas": {{"width": 8, "height": 8, "layers": [{{"settings": {{"layer_use": {layer_use}}},
                "content": {{"drawing": [8, 8]}}}}]}}}}"#
        );
        zip_of(&path, &[(MANIFEST_ENTRY, manifest.as_bytes())]);
        let said = sentence(&path);
        assert!(said.contains("damaged") && said.contains(word), "{said}");
    }
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no such folder").join("a.inkwick");
    let said = write(&path, &project()).unwrap_err().to_string();
    assert!(said.contains("could not be written"), "{said}");
    assert_eq!(with_ending("a.INKWICK".into()), PathBuf::from("a.INKWICK"));
    assert_eq!(with_ending("a.png".into()), PathBuf::from("a.png.inkwick"));
}
