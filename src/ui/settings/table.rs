//! Every setting, in one table: a new one is a row here and a field of the settings' file.

use super::cards;
use super::choices::{
    ATTENTIONS, DEVICE_WORDS, DEVICES, DTYPES, FORMATS, MEMORIES, SCALE_WORDS, SCALES, THEMES, TILINGS, device_place,
    place,
};
use super::section::Section;
use super::setting::{Control, ROW, Range, Setting};
use crate::store::pictures::picture_file::PictureFormat;

fn percent(share: f32) -> f64 {
    f64::from((share * 100.0).round())
}

/// In the order of the pages.
pub(crate) const TABLE: &[Setting] = &[
    Setting {
        name: "Theme",
        section: Section::Appearance,
        words: "dark light system colours bright night mode",
        control: Control::Choice {
            options: &[("Dark", ""), ("Light", ""), ("As the system", "Follows the desktop.")],
            get: |settings| place(&THEMES, &settings.theme),
            set: |settings, index| settings.theme = THEMES.get(index).copied().unwrap_or_default(),
        },
        ..ROW
    },
    Setting {
        name: "Accent",
        hint: "The one colour that is no grey",
        section: Section::Appearance,
        words: "colour amber rose violet blue green",
        control: Control::Accent,
        ..ROW
    },
    Setting {
        name: "Interface scale",
        hint: "Letters and controls, not the picture",
        section: Section::Appearance,
        words: "ui gui size zoom dpi font larger smaller text",
        control: Control::Choice {
            options: SCALE_WORDS,
            get: |settings| {
                SCALES.iter().position(|scale| (scale - settings.ui_scale).abs() < 0.01).unwrap_or(usize::MAX)
            },
            set: |settings, index| settings.ui_scale = SCALES.get(index).copied().unwrap_or(1.0),
        },
        ..ROW
    },
    Setting {
        name: "Motion",
        section: Section::Appearance,
        words: "animation reduced accessibility",
        states: ["moving", "at once"],
        control: Control::Toggle {
            words: "Panels and folds open at once",
            at: |settings| &mut settings.preferences.less_motion,
        },
        ..ROW
    },
    Setting {
        name: "Folder",
        hint: "New pictures, in a folder a day",
        section: Section::Pictures,
        group: "Where",
        words: "path directory output save gallery",
        control: Control::PicturesFolder,
        ..ROW
    },
    Setting {
        name: "Name",
        section: Section::Pictures,
        group: "Files",
        words: "file pattern number seed words model size time",
        control: Control::FileName,
        ..ROW
    },
    Setting {
        name: "Format",
        hint: "PNG also keeps the mask it was made with",
        section: Section::Pictures,
        group: "Files",
        words: "file type png webp jpeg jpg lossless",
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
        ..ROW
    },
    Setting {
        name: "Quality",
        hint: "100 is the best",
        section: Section::Pictures,
        group: "Files",
        words: "compression jpg",
        applies: |settings| settings.preferences.saving.format == PictureFormat::Jpeg,
        control: Control::Number {
            range: Range { suffix: "", ..Range::PERCENT },
            get: |settings| f64::from(settings.preferences.saving.quality),
            set: |settings, value| settings.preferences.saving.quality = value as u8,
        },
        ..ROW
    },
    Setting {
        name: "Settings in the file",
        hint: "Without them the gallery cannot search",
        section: Section::Pictures,
        group: "Files",
        words: "metadata privacy exif parameters prompt embed",
        control: Control::Toggle {
            words: "Write them into each new picture",
            at: |settings| &mut settings.preferences.saving.with_settings,
        },
        ..ROW
    },
    Setting {
        name: "Final latents",
        hint: "To decode a picture again in another way",
        section: Section::Pictures,
        group: "Files",
        words: "latent decode again vae tiled precision keep",
        applies: |settings| {
            let saving = &settings.preferences.saving;
            saving.format == PictureFormat::Png && saving.with_settings
        },
        control: Control::Toggle {
            words: "Keep them in the picture's file, 50 to 500 KB",
            at: |settings| &mut settings.preferences.saving.keeps_latents,
        },
        ..ROW
    },
    Setting {
        name: "Mask tint",
        hint: "How strongly the mask covers the picture",
        section: Section::Canvas,
        words: "opacity pink overlay",
        control: Control::Number {
            range: Range { from: 10.0, ..Range::PERCENT },
            get: |settings| percent(settings.tools.mask_opacity),
            set: |settings, value| settings.tools.mask_opacity = value as f32 / 100.0,
        },
        ..ROW
    },
    Setting {
        name: "Mask brush's size",
        section: Section::Canvas,
        group: "Mask brush",
        words: "diameter default radius follows",
        states: ["as chosen", "by the picture"],
        control: Control::Toggle {
            words: "Follows the picture: 2 % of its short side",
            at: |settings| &mut settings.tools.mask_brush.follows_picture,
        },
        ..ROW
    },
    Setting {
        name: "Mask brush's hardness",
        section: Section::Canvas,
        group: "Mask brush",
        words: "edge soft",
        control: Control::Number {
            range: Range { from: 0.0, ..Range::PERCENT },
            get: |settings| percent(settings.tools.mask_brush.hardness),
            set: |settings, value| settings.tools.mask_brush.hardness = value as f32 / 100.0,
        },
        ..ROW
    },
    Setting {
        name: "Mask brush's pen",
        section: Section::Canvas,
        group: "Mask brush",
        words: "pressure tablet stylus size",
        states: ["no pressure", "pressure"],
        control: Control::Toggle {
            words: "Its pressure changes the size",
            at: |settings| &mut settings.tools.mask_brush.pressure_to_size,
        },
        ..ROW
    },
    Setting {
        name: "Colour brush's size",
        section: Section::Canvas,
        group: "Colour brush",
        words: "color diameter default radius follows",
        states: ["as chosen", "by the picture"],
        control: Control::Toggle {
            words: "Follows the picture as well: 2 % of its short side",
            at: |settings| &mut settings.tools.colour_brush.follows_picture,
        },
        ..ROW
    },
    Setting {
        name: "Colour brush's hardness",
        section: Section::Canvas,
        group: "Colour brush",
        words: "edge soft",
        control: Control::Number {
            range: Range { from: 0.0, ..Range::PERCENT },
            get: |settings| percent(settings.tools.colour_brush.hardness),
            set: |settings, value| settings.tools.colour_brush.hardness = value as f32 / 100.0,
        },
        ..ROW
    },
    Setting {
        name: "Colour brush's pen",
        section: Section::Canvas,
        group: "Colour brush",
        words: "color pressure tablet stylus size",
        states: ["no pressure", "pressure"],
        control: Control::Toggle {
            words: "Its pressure changes this brush's size",
            at: |settings| &mut settings.tools.colour_brush.pressure_to_size,
        },
        ..ROW
    },
    Setting {
        name: "Also looked through",
        hint: "Other programs' models, used where they are",
        section: Section::Models,
        words: "folders path directory checkpoints lora comfyui automatic1111 hugging face",
        control: Control::ModelFolders,
        ..ROW
    },
    Setting {
        name: "Device",
        hint: "What computes the pictures",
        section: Section::Device,
        words: "gpu cpu cuda metal graphics card processor",
        control: Control::Choice {
            options: DEVICE_WORDS,
            get: |settings| device_place(settings.preferences.processor.device),
            set: |settings, index| {
                settings.preferences.processor.device = DEVICES.get(index).copied().unwrap_or_default();
            },
        },
        ..ROW
    },
    Setting {
        name: "Cards",
        hint: "Each makes a picture of its own",
        section: Section::Device,
        words: "several multiple nvidia cuda at once batch",
        applies: cards::applies,
        control: Control::Cards,
        ..ROW
    },
    Setting {
        name: "Precision",
        hint: "Half takes half the memory",
        section: Section::Device,
        words: "dtype f32 f16 bf16 float half single",
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
        ..ROW
    },
    Setting {
        name: "Another machine",
        hint: "Computes instead of this one",
        section: Section::Device,
        words: "remote server network desktop address token connect gpu",
        applies: |_| cfg!(feature = "serve"),
        control: Control::Machine,
        ..ROW
    },
    Setting {
        name: "Attention",
        section: Section::Device,
        group: "Memory",
        words: "tiled sliced full vram",
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
        ..ROW
    },
    Setting {
        name: "Weights",
        section: Section::Device,
        group: "Memory",
        words: "low high save fast winograd",
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
        ..ROW
    },
    Setting {
        name: "Decode",
        section: Section::Device,
        group: "Memory",
        words: "vae tiles tiling",
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
        ..ROW
    },
    Setting {
        name: "Work offline",
        hint: "Only downloads and new versions need it",
        section: Section::Network,
        words: "internet download hub hugging face",
        control: Control::Toggle {
            words: "Fetch nothing from the network",
            at: |settings| &mut settings.preferences.works_offline,
        },
        ..ROW
    },
    Setting {
        name: "New versions",
        hint: "GitHub sees this machine's address, nothing else",
        section: Section::Network,
        words: "update upgrade check release github version privacy",
        applies: |_| cfg!(feature = "hub"),
        control: Control::Toggle {
            words: "Ask at each start whether there is one",
            at: |settings| &mut settings.preferences.looks_for_updates,
        },
        ..ROW
    },
    Setting {
        name: "Settings in copies",
        hint: "Off: who gets a copy sees the picture alone",
        section: Section::Privacy,
        words: "metadata export save as share prompt exif strip",
        control: Control::Toggle {
            words: "“Save as” writes how it was made",
            at: |settings| &mut settings.preferences.settings_in_copies,
        },
        ..ROW
    },
    Setting {
        name: "Prompts",
        section: Section::Privacy,
        group: "History",
        words: "history remember",
        control: Control::Toggle {
            words: "Remember those that were used",
            at: |settings| &mut settings.preferences.keeps_prompts,
        },
        ..ROW
    },
    Setting {
        name: "Remembered prompts",
        hint: "Pictures keep theirs",
        section: Section::Privacy,
        group: "History",
        words: "history forget clear delete",
        control: Control::PromptHistory,
        ..ROW
    },
];

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
