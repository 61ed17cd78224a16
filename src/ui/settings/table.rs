//! Every setting, in one table: a new one is a row here and a field of the settings' file.

use super::section::Section;
use super::setting::{Control, Range, Setting};
use crate::engine::device::{DeviceChoice, DtypeChoice};
use crate::job::{AttentionMode, MemoryMode, VaeTiling};
use crate::store::pictures::picture_file::PictureFormat;
use crate::store::settings::{Settings, Theme};

const THEMES: [Theme; 3] = [Theme::Dark, Theme::Light, Theme::System];
const SCALES: [f32; 9] = [0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5];
const FORMATS: [PictureFormat; 3] = [PictureFormat::Png, PictureFormat::WebP, PictureFormat::Jpeg];
const DTYPES: [DtypeChoice; 4] = [DtypeChoice::Auto, DtypeChoice::F32, DtypeChoice::F16, DtypeChoice::Bf16];
const ATTENTIONS: [AttentionMode; 4] =
    [AttentionMode::Auto, AttentionMode::Tiled, AttentionMode::Sliced(Some(1)), AttentionMode::Full];
const MEMORIES: [MemoryMode; 3] = [MemoryMode::Auto, MemoryMode::Low, MemoryMode::High];
const TILINGS: [VaeTiling; 3] = [VaeTiling::Auto, VaeTiling::Off, VaeTiling::On];
/// Those that this build has kernels for.
const DEVICES: &[DeviceChoice] = &[
    DeviceChoice::Auto,
    DeviceChoice::Cpu,
    #[cfg(any(target_os = "macos", feature = "metal"))]
    DeviceChoice::Metal,
    #[cfg(feature = "cuda")]
    DeviceChoice::Cuda(0),
];
const DEVICE_WORDS: &[(&str, &str)] = &[
    ("Auto", "The graphics card where there is one, else the processor."),
    ("Processor", "Works everywhere."),
    #[cfg(any(target_os = "macos", feature = "metal"))]
    ("Metal", "A Mac's graphics."),
    #[cfg(feature = "cuda")]
    ("CUDA", "An NVIDIA card."),
];

const ALWAYS: fn(&Settings) -> bool = |_| true;
const PERCENT: Range = Range { from: 1.0, to: 100.0, step: 1.0, suffix: " %" };

fn percent(share: f32) -> f64 {
    f64::from((share * 100.0).round())
}

/// Where a value stands among the options; behind them all where another program chose it.
fn place<T: PartialEq>(options: &[T], value: &T) -> usize {
    options.iter().position(|option| option == value).unwrap_or(usize::MAX)
}

/// In the order of the pages.
pub(crate) const TABLE: &[Setting] = &[
    Setting {
        name: "Theme",
        hint: "",
        section: Section::Appearance,
        group: "",
        words: "dark light system colours bright night mode",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[("Dark", ""), ("Light", ""), ("As the system", "Follows the desktop.")],
            get: |settings| place(&THEMES, &settings.theme),
            set: |settings, index| settings.theme = THEMES.get(index).copied().unwrap_or_default(),
        },
    },
    Setting {
        name: "Accent",
        hint: "The one colour that is no grey",
        section: Section::Appearance,
        group: "",
        words: "colour amber rose violet blue green",
        applies: ALWAYS,
        control: Control::Accent,
    },
    Setting {
        name: "Interface scale",
        hint: "Letters and controls, not the picture",
        section: Section::Appearance,
        group: "",
        words: "size zoom dpi font larger smaller text",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[
                ("75 %", ""),
                ("90 %", ""),
                ("100 %", ""),
                ("110 %", ""),
                ("125 %", ""),
                ("150 %", ""),
                ("175 %", ""),
                ("200 %", ""),
                ("250 %", ""),
            ],
            get: |settings| {
                SCALES.iter().position(|scale| (scale - settings.ui_scale).abs() < 0.01).unwrap_or(usize::MAX)
            },
            set: |settings, index| settings.ui_scale = SCALES.get(index).copied().unwrap_or(1.0),
        },
    },
    Setting {
        name: "Motion",
        hint: "",
        section: Section::Appearance,
        group: "",
        words: "animation reduced accessibility",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Panels and folds open at once",
            at: |settings| &mut settings.preferences.less_motion,
        },
    },
    Setting {
        name: "Folder",
        hint: "New pictures, in a folder a day",
        section: Section::Pictures,
        group: "Where",
        words: "path directory output save gallery",
        applies: ALWAYS,
        control: Control::PicturesFolder,
    },
    Setting {
        name: "Name",
        hint: "",
        section: Section::Pictures,
        group: "Files",
        words: "file pattern number seed words model size time",
        applies: ALWAYS,
        control: Control::FileName,
    },
    Setting {
        name: "Format",
        hint: "PNG also keeps the mask it was made with",
        section: Section::Pictures,
        group: "Files",
        words: "file type png webp jpeg jpg lossless",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[
                ("PNG", "Every pixel, the settings and the mask."),
                ("WebP", "Every pixel and the settings, in smaller files."),
                ("JPEG", "Small files and the settings; pixels are not exact."),
            ],
            get: |settings| place(&FORMATS, &settings.preferences.saving.format),
            set: |settings, index| {
                settings.preferences.saving.format = FORMATS.get(index).copied().unwrap_or_default();
            },
        },
    },
    Setting {
        name: "Quality",
        hint: "100 is the best",
        section: Section::Pictures,
        group: "Files",
        words: "compression jpg",
        applies: |settings| settings.preferences.saving.format == PictureFormat::Jpeg,
        control: Control::Number {
            range: Range { suffix: "", ..PERCENT },
            get: |settings| f64::from(settings.preferences.saving.quality),
            set: |settings, value| settings.preferences.saving.quality = value as u8,
        },
    },
    Setting {
        name: "Settings in the file",
        hint: "Without them the gallery cannot search",
        section: Section::Pictures,
        group: "Files",
        words: "metadata privacy exif parameters prompt embed",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Write them into each new picture",
            at: |settings| &mut settings.preferences.saving.with_settings,
        },
    },
    Setting {
        name: "Mask tint",
        hint: "How strongly the mask covers the picture",
        section: Section::Canvas,
        group: "",
        words: "opacity pink overlay",
        applies: ALWAYS,
        control: Control::Number {
            range: Range { from: 10.0, ..PERCENT },
            get: |settings| percent(settings.tools.mask_opacity),
            set: |settings, value| settings.tools.mask_opacity = value as f32 / 100.0,
        },
    },
    Setting {
        name: "Mask brush's size",
        hint: "",
        section: Section::Canvas,
        group: "Mask brush",
        words: "diameter default",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Follows the picture: 2 % of its short side",
            at: |settings| &mut settings.tools.mask_brush.follows_picture,
        },
    },
    Setting {
        name: "Mask brush's hardness",
        hint: "",
        section: Section::Canvas,
        group: "Mask brush",
        words: "edge soft",
        applies: ALWAYS,
        control: Control::Number {
            range: Range { from: 0.0, ..PERCENT },
            get: |settings| percent(settings.tools.mask_brush.hardness),
            set: |settings, value| settings.tools.mask_brush.hardness = value as f32 / 100.0,
        },
    },
    Setting {
        name: "Mask brush's pen",
        hint: "",
        section: Section::Canvas,
        group: "Mask brush",
        words: "pressure tablet stylus size",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Its pressure changes the size",
            at: |settings| &mut settings.tools.mask_brush.pressure_to_size,
        },
    },
    Setting {
        name: "Colour brush's size",
        hint: "",
        section: Section::Canvas,
        group: "Colour brush",
        words: "diameter default",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Follows the picture: 2 % of its short side",
            at: |settings| &mut settings.tools.colour_brush.follows_picture,
        },
    },
    Setting {
        name: "Colour brush's hardness",
        hint: "",
        section: Section::Canvas,
        group: "Colour brush",
        words: "edge soft",
        applies: ALWAYS,
        control: Control::Number {
            range: Range { from: 0.0, ..PERCENT },
            get: |settings| percent(settings.tools.colour_brush.hardness),
            set: |settings, value| settings.tools.colour_brush.hardness = value as f32 / 100.0,
        },
    },
    Setting {
        name: "Colour brush's pen",
        hint: "",
        section: Section::Canvas,
        group: "Colour brush",
        words: "pressure tablet stylus size",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Its pressure changes the size",
            at: |settings| &mut settings.tools.colour_brush.pressure_to_size,
        },
    },
    Setting {
        name: "Also looked through",
        hint: "Other programs' models, used where they are",
        section: Section::Models,
        group: "",
        words: "folders path directory checkpoints lora comfyui automatic1111 hugging face",
        applies: ALWAYS,
        control: Control::ModelFolders,
    },
    Setting {
        name: "Device",
        hint: "What computes the pictures",
        section: Section::Device,
        group: "",
        words: "gpu cpu cuda metal graphics card processor",
        applies: ALWAYS,
        control: Control::Choice {
            options: DEVICE_WORDS,
            get: |settings| place(DEVICES, &settings.preferences.processor.device),
            set: |settings, index| {
                settings.preferences.processor.device = DEVICES.get(index).copied().unwrap_or_default();
            },
        },
    },
    Setting {
        name: "Precision",
        hint: "Half takes half the memory",
        section: Section::Device,
        group: "",
        words: "dtype f32 f16 bf16 float half single",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[
                ("Auto", "Single on a processor, half on a graphics card."),
                ("Single", "float32: the reference."),
                ("Half", "float16."),
                ("bfloat16", "As wide as single, less exact."),
            ],
            get: |settings| place(&DTYPES, &settings.preferences.processor.dtype),
            set: |settings, index| {
                settings.preferences.processor.dtype = DTYPES.get(index).copied().unwrap_or_default();
            },
        },
    },
    Setting {
        name: "Attention",
        hint: "",
        section: Section::Device,
        group: "Memory",
        words: "tiled sliced full vram",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[
                ("Auto", "Chosen by device, size and free memory."),
                ("Tiled", "In blocks: the same picture in the least memory."),
                ("One head at a time", "The scores of one head at once."),
                ("Full", "All scores at once."),
            ],
            get: |settings| place(&ATTENTIONS, &settings.draft.request.compute.attention),
            set: |settings, index| {
                settings.draft.request.compute.attention = ATTENTIONS.get(index).copied().unwrap_or_default();
            },
        },
    },
    Setting {
        name: "Weights",
        hint: "",
        section: Section::Device,
        group: "Memory",
        words: "low high save fast winograd",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[
                ("Auto", "By what is free."),
                ("Save memory", "The weights as they are."),
                ("Fast", "A second form of the weights, for faster convolutions."),
            ],
            get: |settings| place(&MEMORIES, &settings.draft.request.compute.memory),
            set: |settings, index| {
                settings.draft.request.compute.memory = MEMORIES.get(index).copied().unwrap_or_default();
            },
        },
    },
    Setting {
        name: "Decode",
        hint: "",
        section: Section::Device,
        group: "Memory",
        words: "vae tiles tiling",
        applies: ALWAYS,
        control: Control::Choice {
            options: &[
                ("Auto", "In tiles where the picture would take most of the free memory."),
                ("Whole", "In one piece."),
                ("In tiles", "In overlapping tiles: large pictures in little memory."),
            ],
            get: |settings| place(&TILINGS, &settings.draft.request.compute.vae_tiling),
            set: |settings, index| {
                settings.draft.request.compute.vae_tiling = TILINGS.get(index).copied().unwrap_or_default();
            },
        },
    },
    Setting {
        name: "Work offline",
        hint: "Only downloads need the network",
        section: Section::Network,
        group: "",
        words: "internet download hub hugging face",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Fetch nothing from the network",
            at: |settings| &mut settings.preferences.works_offline,
        },
    },
    Setting {
        name: "Settings in copies",
        hint: "Off: who gets a copy sees the picture alone",
        section: Section::Privacy,
        group: "",
        words: "metadata export save as share prompt exif strip",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "“Save as” writes how it was made",
            at: |settings| &mut settings.preferences.settings_in_copies,
        },
    },
    Setting {
        name: "Prompts",
        hint: "",
        section: Section::Privacy,
        group: "History",
        words: "history remember",
        applies: ALWAYS,
        control: Control::Toggle {
            words: "Remember those that were used",
            at: |settings| &mut settings.preferences.keeps_prompts,
        },
    },
    Setting {
        name: "Remembered prompts",
        hint: "Pictures keep theirs",
        section: Section::Privacy,
        group: "History",
        words: "history forget clear delete",
        applies: ALWAYS,
        control: Control::PromptHistory,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_changed_seen_as_changed_and_put_back() {
        let usual = Settings::default();
        for setting in TABLE {
            let mut settings = usual.clone();
            assert!(!setting.is_changed(&settings, &usual), "{}", setting.name);
            let changes: Vec<Settings> = match &setting.control {
                Control::Choice { options, get, set } => {
                    assert!(get(&usual) < options.len(), "{}: its default is one of its options", setting.name);
                    let all = (0..options.len()).map(|index| {
                        let mut changed = usual.clone();
                        set(&mut changed, index);
                        assert_eq!(get(&changed), index, "{}", setting.name);
                        changed
                    });
                    all.filter(|changed| get(changed) != get(&usual)).collect()
                }
                Control::Toggle { at, .. } => {
                    let value = at(&mut settings);
                    *value = !*value;
                    vec![settings.clone()]
                }
                Control::Number { range, get, set } => {
                    let ends = [range.from, range.to].map(|value| {
                        let mut changed = usual.clone();
                        set(&mut changed, value);
                        assert!((get(&changed) - value).abs() < 1e-6, "{}", setting.name);
                        changed
                    });
                    ends.into_iter().filter(|changed| (get(changed) - get(&usual)).abs() > 1e-6).collect()
                }
                _ => continue,
            };
            assert!(!changes.is_empty(), "{}", setting.name);
            for mut changed in changes {
                assert!(setting.is_changed(&changed, &usual), "{}", setting.name);
                assert_ne!(setting.value(&changed), setting.value(&usual), "{}", setting.name);
                // Nothing else changed with it.
                let others: Vec<_> =
                    TABLE.iter().filter(|other| other.is_changed(&changed, &usual)).map(|other| other.name).collect();
                assert_eq!(others, [setting.name]);
                setting.reset(&mut changed, &usual);
                assert_eq!(changed, usual, "{}", setting.name);
            }
        }
    }

    #[test]
    fn names_are_unique_and_things_are_found_by_other_words() {
        for setting in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.name == setting.name).count(), 1, "{}", setting.name);
            assert!(setting.is_found(&setting.name.to_lowercase()));
        }
        let found = |search: &str| -> Vec<&str> {
            TABLE.iter().filter(|setting| setting.is_found(search)).map(|setting| setting.name).collect()
        };
        assert_eq!(found("metadata"), ["Settings in the file", "Settings in copies"]);
        assert_eq!(found("gpu"), ["Device"]);
        assert!(found("zebra").is_empty());
        assert_eq!(found("").len(), TABLE.len());
    }
}
