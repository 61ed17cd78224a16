//! The addresses of other programs' interfaces: AUTOMATIC1111's and OpenAI's.

use serde_json::{Value, json};

use super::operation::{Dialect, EVENTS, JSON, Operation};
use super::schema::{
    Object, any_of, anything, events, file, flag, list, number, of, or_null, pattern, picture, text, whole, whole_from,
    word_of,
};

pub(super) fn all() -> Vec<Operation> {
    [a1111_pictures(), a1111_lists(), openai()].into_iter().flatten().collect()
}

/// They wait for a picture, and so for all that can become of a job.
const OUTCOMES: [u16; 7] = [404, 422, 429, 500, 503, 507, 409];

fn a1111_pictures() -> Vec<Operation> {
    let here = Dialect::A1111;
    let asked = || {
        Object::open().example(json!({"prompt": "a red apple", "steps": 4, "width": 128, "height": 128})).may([
            ("prompt", text()),
            ("negative_prompt", text()),
            ("sampler_name", text()),
            ("scheduler", text()),
            ("steps", whole()),
            ("cfg_scale", number()),
            ("seed", whole()),
            ("width", whole()),
            ("height", whole()),
            ("batch_size", whole()),
            ("n_iter", whole()),
            ("send_images", flag()),
            ("save_images", flag()),
            ("override_settings", anything()),
            ("alwayson_scripts", anything()),
        ])
    };
    let changed = asked().may([
        ("init_images", any_of([list(picture()), picture()])),
        ("mask", picture()),
        ("denoising_strength", number()),
        ("mask_blur", whole()),
        ("inpainting_fill", whole()),
        ("inpaint_full_res", flag()),
        ("inpaint_full_res_padding", whole()),
        ("inpainting_mask_invert", whole()),
        ("resize_mode", whole()),
    ]);
    let pictures = || Object::with([("images", list(text())), ("parameters", anything()), ("info", text())]);
    let made = "The pictures, how they were made, and in notices of info what is not done as it was asked.";
    let progress = Object::with([
        ("progress", number()),
        ("eta_relative", number()),
        ("state", anything()),
        ("current_image", or_null(text())),
        ("textinfo", or_null(text())),
    ]);
    let enlarged = Object::open().needs("image", picture()).may([
        ("upscaler_1", text()),
        ("resize_mode", number()),
        ("upscaling_resize", number()),
        ("upscaling_resize_w", number()),
        ("upscaling_resize_h", number()),
        ("upscaling_crop", flag()),
    ]);
    let large = Object::with([("html_info", text()), ("image", text())]);
    let told = Object::with([("info", text()), ("items", anything()), ("parameters", anything())]);
    vec![
        Operation::post(here, "/sdapi/v1/txt2img", "A picture from words.")
            .takes(JSON, asked())
            .gives(200, made, JSON, pictures())
            .refuses(OUTCOMES),
        Operation::post(here, "/sdapi/v1/img2img", "A picture from another, or a part of it.")
            .takes(JSON, changed)
            .gives(200, made, JSON, pictures())
            .refuses(OUTCOMES),
        Operation::post(here, "/sdapi/v1/extra-single-image", "A picture made larger.")
            .takes(JSON, enlarged)
            .gives(200, "The large picture, and what was not done.", JSON, large)
            .refuses(OUTCOMES),
        Operation::get(here, "/sdapi/v1/progress", "How far the picture is.")
            .asks("query", "skip_current_image", "Leaves the preview out.", flag())
            .gives(200, "The progress.", JSON, progress),
        Operation::post(here, "/sdapi/v1/interrupt", "End the request that is being worked on.").gives(
            200,
            "It ends.",
            JSON,
            anything(),
        ),
        Operation::post(here, "/sdapi/v1/skip", "End its picture; the next one follows.").gives(
            200,
            "It ends.",
            JSON,
            anything(),
        ),
        Operation::post(here, "/sdapi/v1/png-info", "How a picture was made, by its own words.")
            .takes(JSON, Object::open().needs("image", picture()))
            .gives(200, "The text, and its parts.", JSON, told)
            .refuses([422]),
        Operation::post(here, "/controlnet/detect", "What a module makes of pictures.")
            .takes(
                JSON,
                Object::open().may([
                    ("controlnet_module", text()),
                    ("controlnet_input_images", list(picture())),
                    ("controlnet_threshold_a", number()),
                    ("controlnet_threshold_b", number()),
                ]),
            )
            .gives(200, "The pictures.", JSON, Object::with([("images", list(text())), ("info", text())]))
            .refuses([422]),
        Operation::get(here, "/sdapi/v1/options", "The settings.").gives(200, "All of them.", JSON, anything()),
        Operation::post(here, "/sdapi/v1/options", "Change settings; the whole object may come back.")
            .takes(JSON, Object::open().may([("sd_model_checkpoint", text())]))
            .gives(200, "Taken.", JSON, anything())
            .refuses([404, 422]),
    ]
}

/// Lists of objects, what is not here, and the rest that clients ask for.
fn a1111_lists() -> Vec<Operation> {
    let here = Dialect::A1111;
    let listed = [
        ("/sdapi/v1/sd-models", "Models."),
        ("/sdapi/v1/samplers", "Samplers."),
        ("/sdapi/v1/schedulers", "Schedule types."),
        ("/sdapi/v1/upscalers", "Upscalers."),
        ("/sdapi/v1/latent-upscale-modes", "Ways to upscale latents: none."),
        ("/sdapi/v1/sd-vae", "VAE files."),
        ("/sdapi/v1/sd-modules", "VAE files, as Forge asks for them."),
        ("/sdapi/v1/loras", "LoRAs."),
        ("/sdapi/v1/hypernetworks", "Hypernetworks: none."),
        ("/sdapi/v1/face-restorers", "Face restorers: none."),
        ("/sdapi/v1/realesrgan-models", "Real-ESRGAN's models: none."),
        ("/sdapi/v1/prompt-styles", "Styles: none."),
        ("/sdapi/v1/script-info", "What scripts take: there are none."),
        ("/sdapi/v1/extensions", "Extensions: none."),
    ];
    let objects = [
        ("/sdapi/v1/embeddings", "Learned words."),
        ("/sdapi/v1/scripts", "Scripts: none."),
        ("/sdapi/v1/cmd-flags", "How the server was started."),
        ("/sdapi/v1/memory", "Its memory."),
        ("/controlnet/version", "Of the ControlNet extension whose words are spoken."),
        ("/controlnet/model_list", "Control networks."),
        ("/controlnet/module_list", "What makes their pictures."),
    ];
    let refreshed = [
        ("/sdapi/v1/refresh-checkpoints", "Models are looked for by themselves."),
        ("/sdapi/v1/refresh-vae", "VAE files are looked for by themselves."),
        ("/sdapi/v1/refresh-loras", "LoRAs are looked for by themselves."),
        ("/sdapi/v1/refresh-embeddings", "Learned words are looked for by themselves."),
    ];
    let lists =
        listed.map(|(path, summary)| Operation::get(here, path, summary).gives(200, "A list.", JSON, list(anything())));
    let objects = objects
        .map(|(path, summary)| Operation::get(here, path, summary).gives(200, "An object.", JSON, Object::open()));
    let refreshed =
        refreshed.map(|(path, summary)| Operation::post(here, path, summary).gives(200, "Done.", JSON, anything()));
    lists.into_iter().chain(objects).chain(refreshed).collect()
}

fn openai() -> Vec<Operation> {
    let here = Dialect::OpenAi;
    let fields = || {
        Object::open().needs("prompt", json!({"type": "string", "minLength": 1})).may([
            ("model", text()),
            ("n", whole_from(1, 10)),
            ("size", pattern("^(auto|[0-9]+x[0-9]+)$")),
            ("response_format", word_of(["b64_json", "url"])),
            ("output_format", word_of(["png", "jpeg", "webp"])),
            ("output_compression", whole_from(0, 100)),
            ("stream", flag()),
            ("partial_images", whole_from(0, 3)),
            ("seed", whole()),
            ("steps", whole()),
            ("negative_prompt", text()),
        ])
    };
    let asked = fields().example(json!({"prompt": "a red apple", "size": "128x128", "steps": 4}));
    let edited = fields().needs("image", file()).may([("mask", file())]);
    let made = || -> Value {
        let picture = Object::open().may([("b64_json", text()), ("url", text())]);
        Object::with([("created", whole()), ("data", list(picture)), ("notices", list(text()))]).into()
    };
    let what = |path: &'static str| {
        Operation::new(here, "options", path, "Whether there is such an address.").gives_nothing(200, "There is.")
    };
    vec![
        Operation::post(here, "/v1/images/generations", "Pictures from words, whole or as a stream.")
            .takes(JSON, asked)
            .gives(200, "The pictures.", JSON, made())
            .gives(200, "The pictures; with stream, server-sent events.", EVENTS, events())
            .refuses(OUTCOMES),
        what("/v1/images/generations"),
        Operation::post(
            here,
            "/v1/images/edits",
            "A picture changed; what is transparent in the mask, or without one in the picture, is made anew.",
        )
        .takes("multipart/form-data", edited)
        .gives(200, "The pictures.", JSON, made())
        .gives(200, "The pictures; with stream, server-sent events.", EVENTS, events())
        .refuses(OUTCOMES),
        what("/v1/images/edits"),
        Operation::get(here, "/v1/models/{id}", "One model.").gives(200, "The model.", JSON, of("Model")),
    ]
}
