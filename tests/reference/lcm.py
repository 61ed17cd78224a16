"""Latent consistency models, which embed their guidance in the time step, by diffusers: data/lcm.

The UNet is that of sd1 with one tensor more (`cond_proj`), which alone is kept here.
"""

import json
from pathlib import Path

import diffusers
import make
import numpy as np
import sampling
import tiny
import torch
from safetensors.torch import save_file

WIDTH, HEIGHT, EMBEDDED = 48, 40, 22


def with_guidance(unet):
    """The same network with guidance embedded: so much that it shows."""
    config = {**unet.config, "time_cond_proj_dim": EMBEDDED}
    made = diffusers.UNet2DConditionModel.from_config(config).eval()
    left = made.load_state_dict(unet.state_dict(), strict=False)
    assert left.missing_keys == ["time_embedding.cond_proj.weight"], left
    torch.manual_seed(41)
    weight = torch.randn(made.time_embedding.cond_proj.weight.shape) * 0.5
    with torch.no_grad():
        made.time_embedding.cond_proj.weight.copy_(weight)
    return made, weight


def runs():
    for index, guidance in enumerate([8.5, 3.0, 1.0, 0.5]):
        yield {"pipeline": "LatentConsistencyModelPipeline", "scheduler": None, "guidance": guidance, "steps": 4,
               "seed": 30 + index}
    for index, scheduler in enumerate(["euler", "ddim"]):
        yield {"pipeline": "StableDiffusionPipeline", "scheduler": scheduler, "guidance": 6.0, "steps": 5,
               "seed": 40 + index}


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    data = Path(__file__).resolve().parent / "data"
    (data / "lcm").mkdir(exist_ok=True)
    pipe = tiny.load(data / "sd1/model")
    unet, weight = with_guidance(pipe.unet)
    tensors, done = {"cond_proj": weight}, []
    for index, request in enumerate(runs()):
        parts = {**pipe.components, "unet": unet}
        parts["scheduler"] = sampling.scheduler_of(request["scheduler"] or "lcm", pipe.scheduler.config)
        runner = getattr(diffusers, request["pipeline"])(**parts, requires_safety_checker=False)
        runner.set_progress_bar_config(disable=True)
        prompt = make.PROMPTS[0]
        picture = runner(
            prompt=prompt, width=WIDTH, height=HEIGHT, num_inference_steps=request["steps"],
            guidance_scale=request["guidance"], generator=torch.Generator().manual_seed(request["seed"]),
        ).images[0]
        tensors[f"run.{index}"] = torch.from_numpy(np.array(picture.convert("RGB")))
        done.append({**request, "scheduler": request["scheduler"] or "lcm", "prompt": prompt})
    save_file(tensors, data / "lcm/reference.safetensors")
    (data / "lcm/reference.json").write_text(json.dumps(done, indent=1) + "\n")


if __name__ == "__main__":
    main()
