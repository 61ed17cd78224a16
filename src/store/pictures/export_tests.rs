//! What goes out comes back: settings to the last field, pixels where the format keeps them, and no file written over.

use super::*;
use crate::job::{InpaintSettings, LoraRef, Request, Variation};
use crate::mask::MaskPlane;
use crate::sampling::{SchedulerName, SigmaChoice};
use crate::store::pictures::metadata::parameters::PARAMETERS_KEY;
use crate::store::pictures::programs::Program;

fn picture() -> Picture {
    let rgba = (0..16 * 16).flat_map(|n: u32| [(n / 16 * 16) as u8, (n % 16 * 16) as u8, 90, 255]).collect();
    Picture::from_rgba(16, 16, rgba).unwrap()
}

/// With another value than usual in whatever a file may forget.
fn unusual() -> Request {
    Request {
        prompt: "a \"fox\", grüne Äpfel: 赤い <lora:ink:0.7>\nand more".into(),
        negative: Some(String::new()),
        drawn_prompt: Some("a fox".into()),
        model: ModelRef::File("/models/dream shaper.safetensors".into()),
        vae: Some("/vae/x.safetensors".into()),
        loras: vec![LoraRef { file: "/l/ink.safetensors".into(), weight: 0.7, text_weight: Some(0.2) }],
        clip_skip: Some(2),
        scheduler: Some(SchedulerName::Euler),
        sigmas: Some(SigmaChoice::Karras),
        steps: 23,
        guidance: Some(1.0 / 3.0),
        guidance_until: 0.7,
        seed: u64::MAX,
        variation: Some(Variation { seed: 5, strength: 0.1 }),
        width: Some(16),
        height: Some(16),
        made_from: Some("2026-11-28/00001-7.png".into()),
        inpaint: InpaintSettings { grow_px: 3, ..InpaintSettings::default() },
        ..Request::default()
    }
}

fn order(files: &[&Path], folder: &Path, format: PictureFormat) -> ExportOrder {
    ExportOrder {
        files: files.iter().map(|file| file.to_path_buf()).collect(),
        folder: folder.to_path_buf(),
        format,
        quality: 92,
        with_settings: true,
        pattern: "{name}".into(),
        cancelled: Arc::default(),
    }
}

fn done(order: &ExportOrder) -> Exported {
    let mut reports = Vec::new();
    let exported = export(order, &mut |done| reports.push(done), &|| false);
    assert_eq!(exported.failed, Vec::<String>::new());
    assert_eq!(reports, (1..=order.files.len()).collect::<Vec<_>>());
    exported
}

const FORMATS: [PictureFormat; 3] = [PictureFormat::Png, PictureFormat::Jpeg, PictureFormat::WebP];

#[test]
fn settings_come_back_to_the_last_field_through_every_format_and_back() {
    let home = tempfile::tempdir().unwrap();
    let mut file = home.path().join("first.png");
    picture_file::write(&file, &picture(), Some(&unusual())).unwrap();
    // From each format to each other.
    for (round, format) in FORMATS.into_iter().cycle().skip(1).take(7).enumerate() {
        let folder = home.path().join(round.to_string());
        done(&order(&[&file], &folder, format));
        file = folder.join("first").with_extension(format.ending());
        assert_eq!(picture_file::read_request(&file).unwrap(), Some(unusual()), "{round} {format:?}");
    }
}

#[test]
fn what_was_painted_keeps_its_strength_everywhere_and_its_mask_where_there_is_a_place() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("painted.png");
    let plane = MaskPlane::from_values(16, 16, (0..=255).collect()).unwrap();
    let painted = Request {
        init: Some(InitPicture { picture: Arc::new(picture()), strength: 0.65 }),
        mask: Some(InpaintMask { plane: Arc::new(plane.clone()) }),
        ..unusual()
    };
    picture_file::write(&file, &picture(), Some(&painted)).unwrap();
    for format in FORMATS {
        let exported = done(&order(&[&file], &home.path().join("out"), format));
        let is_png = format == PictureFormat::Png;
        assert_eq!(exported.without_mask, usize::from(!is_png), "what is lost is counted");
        let written = home.path().join("out/painted").with_extension(format.ending());
        let found = picture_file::read_painting(&written);
        assert_eq!((found.strength, found.mask), (Some(0.65), is_png.then(|| plane.clone())), "{format:?}");
    }
}

#[test]
fn without_settings_nothing_of_them_is_left_and_pixels_stay() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("secret.png");
    picture_file::write(&file, &picture(), Some(&unusual())).unwrap();
    for format in FORMATS {
        let order = ExportOrder { with_settings: false, ..order(&[&file], &home.path().join("out"), format) };
        done(&order);
        let written = home.path().join("out/secret").with_extension(format.ending());
        let bytes = fs::read(&written).unwrap();
        for word in ["fox", "dream", "Steps", "inkwick"] {
            let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for letters in [word.as_bytes(), &wide] {
                assert!(!bytes.windows(letters.len()).any(|part| part == letters), "{format:?} says {word}");
            }
        }
        assert_eq!(picture_file::read_request(&written).unwrap(), None);
        if format != PictureFormat::Jpeg {
            assert_eq!(picture_file::read(&written).unwrap(), picture(), "{format:?}");
        }
    }
}

#[test]
fn another_programs_text_goes_along_as_it_was_written() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("theirs.png");
    let text =
        "a fox\nNegative prompt: dog\nSteps: 9, Sampler: Euler a, CFG scale: 7, Seed: 7, Size: 16x16, Model: toon";
    let notes = Notes { parameters: Some(text.into()), ..Notes::default() };
    fs::write(&file, picture_file::encode_as(PictureFormat::Png, 92, &file, &picture(), &notes).unwrap()).unwrap();
    assert!(fs::read(&file).unwrap().windows(10).any(|part| part == PARAMETERS_KEY.as_bytes()));
    for format in FORMATS {
        let exported = done(&order(&[&file], &home.path().join("out"), format));
        assert_eq!(exported.without_settings, 0);
        let written = home.path().join("out/theirs").with_extension(format.ending());
        let found = settings_in::read(&written).unwrap().unwrap();
        assert_eq!((found.program, found.model.as_deref()), (Program::Automatic1111, Some("toon")), "{format:?}");
        assert_eq!(settings_in::parameters_in(&fs::read(&written).unwrap()).as_deref(), Some(text));
    }
}

#[test]
fn a_name_that_is_taken_gets_a_number_and_nothing_is_written_over() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out/deeper");
    let files: Vec<PathBuf> = ["a/1.png", "b/1.png", "c/1.png"].iter().map(|name| home.path().join(name)).collect();
    for file in &files {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        picture_file::write(file, &picture(), None).unwrap();
    }
    fs::create_dir_all(&out).unwrap();
    fs::write(out.join("1 (2).png"), "mine").unwrap();
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let exported = done(&order(&files, &out, PictureFormat::Png));
    assert_eq!((exported.written, exported.renamed), (3, 2));
    let mut names: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["1 (2).png", "1 (3).png", "1 (4).png", "1.png"]);
    assert_eq!(fs::read(out.join("1 (2).png")).unwrap(), b"mine");
}

#[test]
fn what_fails_is_said_and_the_rest_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (good, bad) = (home.path().join("good.png"), home.path().join("bad.png"));
    picture_file::write(&good, &picture(), None).unwrap();
    fs::write(&bad, "no picture").unwrap();
    let gone = home.path().join("gone.png");
    let order = order(&[&bad, &gone, &good], &home.path().join("out"), PictureFormat::Jpeg);
    let exported = export(&order, &mut |_| {}, &|| false);
    assert_eq!((exported.written, exported.failed.len()), (1, 2), "{:?}", exported.failed);
    order.cancelled.store(true, Ordering::Relaxed);
    assert_eq!(export(&order, &mut |_| {}, &|| false).written, 0);
}
