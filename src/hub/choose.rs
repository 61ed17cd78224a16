//! Which of a repository's files a model needs.

use super::{DownloadError, RemoteFile};

/// Folders of a diffusers repository that Inkwick reads.
const FOLDERS: [&str; 8] =
    ["scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "transformer", "unet", "vae"];

/// Small files that it reads there.
const SMALL: [&str; 3] = [".json", "merges.txt", "vocab.txt"];

/// The files of a diffusers folder, half precision first, safetensors before `PyTorch`'s `.bin`; or the one checkpoint that there is or that is `wanted`.
pub(crate) fn files(
    repository: &str,
    all: &[RemoteFile],
    wanted: Option<&str>,
) -> Result<Vec<RemoteFile>, DownloadError> {
    // A repository's own names could lead out of the folder.
    let all: Vec<&RemoteFile> = all.iter().filter(|file| is_plain(&file.name)).collect();
    let nothing = || DownloadError::NothingUsable(repository.to_owned());
    if let Some(wanted) = wanted {
        let file = all.iter().find(|file| file.name == wanted).ok_or_else(nothing)?;
        return Ok(vec![(*file).clone()]);
    }
    if all.iter().any(|file| file.name == "model_index.json") {
        let chosen = diffusers(&all);
        let has_denoiser = chosen.iter().any(|file| {
            let is_weights = [".safetensors", ".bin"].iter().any(|ending| file.name.ends_with(ending));
            (file.name.starts_with("unet/") || file.name.starts_with("transformer/")) && is_weights
        });
        return if has_denoiser { Ok(chosen) } else { Err(nothing()) };
    }
    let checkpoints: Vec<&&RemoteFile> =
        all.iter().filter(|file| file.name.ends_with(".safetensors") && !file.name.contains('/')).collect();
    match checkpoints[..] {
        [] => Err(nothing()),
        [only] => Ok(vec![(*only).clone()]),
        _ => Err(DownloadError::Several {
            repository: repository.to_owned(),
            files: checkpoints.iter().map(|file| file.name.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}

fn is_plain(name: &str) -> bool {
    !name.contains('\\') && !name.contains(':') && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn diffusers(all: &[&RemoteFile]) -> Vec<RemoteFile> {
    let mut chosen: Vec<RemoteFile> =
        all.iter().filter(|file| file.name == "model_index.json").map(|file| (*file).clone()).collect();
    for folder in FOLDERS {
        let inside: Vec<&&RemoteFile> = all
            .iter()
            .filter(|file| {
                file.name
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|name| !name.contains('/'))
            })
            .collect();
        let name = |file: &RemoteFile| file.name[folder.len() + 1..].to_owned();
        let is_of = |file: &RemoteFile, ending: &str| {
            file.name.ends_with(&format!(".{ending}")) || file.name.contains(&format!(".{ending}.index"))
        };
        // What training left beside the averaged weights.
        let is_raw = |file: &RemoteFile| name(file).contains("non_ema");
        let is_half = |file: &RemoteFile| name(file).contains(".fp16");
        // transformers calls its `.bin` otherwise.
        let known = ["diffusion_pytorch_model", "model", "pytorch_model"];
        let is_known = |file: &RemoteFile| {
            known.iter().any(|stem| {
                name(file).strip_prefix(stem).is_some_and(|rest| rest.starts_with('.') || rest.starts_with('-'))
            })
        };
        let has_safe = inside.iter().any(|file| is_of(file, "safetensors") && is_known(file) && !is_raw(file));
        let is_weights = |file: &RemoteFile| is_of(file, if has_safe { "safetensors" } else { "bin" });
        let is_other = |file: &RemoteFile| is_of(file, "safetensors") || is_of(file, "bin");
        let has_half = inside.iter().any(|file| is_weights(file) && is_half(file) && is_known(file));
        for file in inside {
            let is_variant = is_weights(file) && is_known(file) && is_half(file) == has_half && !is_raw(file);
            let is_small = !is_other(file) && SMALL.iter().any(|ending| file.name.ends_with(ending));
            if is_variant || (is_small && !name(file).contains("openvino")) {
                chosen.push((*file).clone());
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(names: &[&str]) -> Vec<RemoteFile> {
        names.iter().map(|name| RemoteFile { name: (*name).to_owned(), bytes: 1 }).collect()
    }

    #[test]
    fn only_what_is_needed_is_chosen_in_half_precision() {
        let all = remote(&[
            "model_index.json",
            "README.md",
            "v1-5-pruned.ckpt",
            "v1-5-pruned.safetensors",
            "safety_checker/config.json",
            "unet/config.json",
            "unet/diffusion_pytorch_model.bin",
            "unet/diffusion_pytorch_model.safetensors",
            "unet/diffusion_pytorch_model.fp16.safetensors",
            "unet/diffusion_pytorch_model.non_ema.safetensors",
            "tokenizer/merges.txt",
            "tokenizer/vocab.json",
            "vae/config.json",
            "vae/diffusion_pytorch_model.safetensors",
            "../evil.json",
            "unet/../../evil.json",
        ]);
        let names: Vec<String> = files("a/b", &all, None).unwrap().into_iter().map(|file| file.name).collect();
        assert_eq!(
            names,
            [
                "model_index.json",
                "tokenizer/merges.txt",
                "tokenizer/vocab.json",
                "unet/config.json",
                "unet/diffusion_pytorch_model.fp16.safetensors",
                "vae/config.json",
                "vae/diffusion_pytorch_model.safetensors",
            ]
        );
    }

    #[test]
    fn what_is_no_safetensors_is_fetched_where_there_is_nothing_else() {
        let all = remote(&[
            "model_index.json",
            "text_encoder/config.json",
            "text_encoder/pytorch_model.bin",
            "unet/config.json",
            "unet/diffusion_pytorch_model-00001-of-00002.bin",
            "unet/diffusion_pytorch_model-00002-of-00002.bin",
            "unet/diffusion_pytorch_model.bin.index.json",
            "unet/diffusion_pytorch_model.non_ema.safetensors",
            "vae/config.json",
            "vae/diffusion_pytorch_model.bin",
            "vae/diffusion_pytorch_model.safetensors",
        ]);
        let names: Vec<String> = files("a/b", &all, None).unwrap().into_iter().map(|file| file.name).collect();
        let left_out = ["unet/diffusion_pytorch_model.non_ema.safetensors", "vae/diffusion_pytorch_model.bin"];
        let mut wanted: Vec<String> = all.into_iter().map(|file| file.name).collect();
        wanted.retain(|name| !left_out.contains(&name.as_str()));
        assert_eq!(names, wanted);
    }

    #[test]
    fn of_several_checkpoints_one_must_be_named() {
        let all = remote(&["a.safetensors", "b.safetensors"]);
        assert!(files("x/y", &all, None).unwrap_err().to_string().contains("a.safetensors, b.safetensors"));
        assert_eq!(files("x/y", &all, Some("b.safetensors")).unwrap()[0].name, "b.safetensors");
        assert!(files("x/y", &remote(&["readme.md"]), None).is_err());
    }
}
