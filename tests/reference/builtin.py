"""The built-in model as diffusers draws it: its own pipeline, with the LoRA of four steps by LCM, Euler and DDIM, and with each
style.

    python builtin.py            # writes data/builtin/NAME.png
"""
import os

import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, LCMScheduler, StableDiffusionPipeline

HERE = os.path.dirname(os.path.abspath(__file__))
BUILTIN = f"{HERE}/../../assets/builtin"
OUT = f"{HERE}/data/builtin"

STYLES = ("flat-icon", "pixel-art")
WORDS, SEED = "a fox wearing a crown in a forest", 11

# Name: scheduler, what it is told besides the model's own config, steps, guidance.
WAYS = {
    "ddim-8": (DDIMScheduler, {}, 8, 4.0),
    "lcm-4": (LCMScheduler, {}, 4, 1.0),
    "euler-4": (EulerDiscreteScheduler, {"timestep_spacing": "trailing"}, 4, 1.0),
    "ddim-4": (DDIMScheduler, {"timestep_spacing": "trailing"}, 4, 1.0),
}


def main():
    torch.set_grad_enabled(False)
    os.makedirs(OUT, exist_ok=True)
    pipe = StableDiffusionPipeline.from_pretrained(f"{BUILTIN}/model", torch_dtype=torch.float32, safety_checker=None)
    config = pipe.scheduler.config
    for name, (scheduler, told, steps, guidance) in WAYS.items():
        if guidance == 1.0 and not pipe.get_active_adapters():
            pipe.load_lora_weights(f"{BUILTIN}/four-steps", weight_name="lora.safetensors")
        pipe.scheduler = scheduler.from_config(config, **told)
        draw(pipe, steps, guidance).save(f"{OUT}/{name}.png")
    for style in STYLES:
        pipe.unload_lora_weights()
        pipe.load_lora_weights(f"{BUILTIN}/styles", weight_name=f"{style}.safetensors")
        pipe.scheduler = DDIMScheduler.from_config(config)
        draw(pipe, 8, 4.0).save(f"{OUT}/{style}.png")


def draw(pipe, steps, guidance):
    return pipe(WORDS, num_inference_steps=steps, guidance_scale=guidance, width=256, height=256, generator=torch.Generator("cpu").manual_seed(SEED)).images[0]


if __name__ == "__main__":
    main()
