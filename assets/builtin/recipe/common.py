"""What the trainings share: options, the model and its scenes, and a run that is limited by time and can be broken off."""
import argparse
import json
import math
import os
import time

import numpy as np
import torch
import torch._dynamo
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file, save_file

import train

BUILTIN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CUDA = torch.cuda.is_available()
DEVICE = "cuda" if CUDA else "cpu"
ALPHA_BAR = train.DDIMScheduler(**train.SCHEDULE).alphas_cumprod.to(DEVICE)
BEGIN = time.time()


def options(argv, seconds, batch, **more):
    """Options that every script has, and `more` of NAME=(default, help)."""
    p = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--data", required=True, help="the folder that data.py fills")
    p.add_argument("--out", required=True, help="what is learnt, and what a run that was broken off goes on from")
    p.add_argument("--model", default=f"{BUILTIN}/model")
    p.add_argument("--seconds", type=float, default=seconds, help="how long it runs, all starts together")
    p.add_argument("--steps", type=int, default=0, help="end after so many steps; 0: by the time alone")
    p.add_argument("--batch", type=int, default=batch)
    p.add_argument("--workers", type=int, default=4 if CUDA else 1, help="processes that draw up scenes; 0: none beside this one")
    p.add_argument("--save-every", type=float, default=100, help="seconds")
    p.add_argument("--log-every", type=int, default=100 if CUDA else 1, help="steps")
    p.add_argument("--no-compile", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    for name, (default, text) in more.items():
        p.add_argument("--" + name.replace("_", "-"), type=type(default), default=default, help=text or " ")
    args = p.parse_args(argv)
    os.makedirs(args.out, exist_ok=True)
    seeded(args.seed)
    torch._dynamo.config.suppress_errors = True
    return args


def seeded(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True


def compiled(args, module):
    return torch.compile(module, dynamic=False) if CUDA and not args.no_compile else module


def half():
    """What networks compute in on a GPU; a CPU computes in float32."""
    return torch.autocast(DEVICE, torch.bfloat16, enabled=CUDA)


def pipeline(folder):
    """The built-in model in float32, frozen."""
    pipe = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, safety_checker=None).to(DEVICE)
    pipe.set_progress_bar_config(disable=True)
    for m in (pipe.vae, pipe.unet, pipe.text_encoder):
        m.eval().requires_grad_(False)
    for m in (pipe.vae, pipe.unet):
        m.to(memory_format=torch.channels_last)
    return pipe


class Stream(train.Scenes):
    """train.Scenes with the model's own tokenizer, that also hands out what was painted where."""

    def __init__(self, args, batch):
        super().__init__(args.data, f"{args.model}/tokenizer", batch, args.workers, args.seed, f"{args.out}/words.json")

    def specs(self):
        """-> token ids, spec on DEVICE"""
        ids, spec = self.draw()
        return torch.from_numpy(ids).to(DEVICE).long(), {k: torch.from_numpy(v).to(DEVICE) for k, v in spec.items()}


class Run:
    """A training that ends by its time (or its steps) and may be broken off at any moment: OUT/NAME.state is written
    whole or not at all, and the next start goes on from it. `parts`: modules, optimizers, lists of tensors."""

    def __init__(self, args, name, **parts):
        self.args, self.name, self.parts = args, name, parts
        self.path = f"{args.out}/{name}.state"
        self.step, self.before, self.ready, self.next_save = 0, 0., 0., args.save_every
        if os.path.exists(self.path):
            self.resume()

    def resume(self):
        held = torch.load(self.path, map_location=DEVICE, weights_only=True)
        for key, part in self.parts.items():
            if isinstance(part, list):
                with torch.no_grad():
                    for p, q in zip(part, held[key], strict=True):
                        p.copy_(q)
            else:
                part.load_state_dict(held[key])
        self.step, self.before, self.ready = held["step"], held["gone"], held["ready"]
        self.next_save = self.before + self.args.save_every
        torch.set_rng_state(held["dice"].cpu())
        if CUDA and len(held["dice_cuda"]):
            torch.cuda.set_rng_state(held["dice_cuda"].cpu())
        print(f"{self.name} goes on from step {self.step}, {self.before:.0f}s", flush=True)

    def gone(self):
        return self.before + time.time() - BEGIN

    def part(self):
        """How much of the training is done, 0..1; what comes before the first step (compiling) does not count."""
        if self.args.steps:
            return self.step / self.args.steps
        return (self.gone() - self.ready) / max(1., self.args.seconds - self.ready) if self.ready else 0.

    def going(self):
        return self.part() < 1

    def rate(self, lr, warm=50, floor=.02):
        return lr * min(1, (self.step + 1) / warm) * (.5 * (1 + math.cos(math.pi * min(1, self.part()))) * (1 - floor) + floor)

    def done_step(self):
        self.step += 1
        self.ready = self.ready or self.gone()

    def says(self):
        return self.step % self.args.log_every == 0

    def due(self):
        if self.gone() < self.next_save:
            return False
        self.next_save += self.args.save_every
        return True

    def save(self):
        held = {k: [p.detach() for p in part] if isinstance(part, list) else part.state_dict() for k, part in self.parts.items()}
        held |= dict(step=self.step, gone=self.gone(), ready=self.ready, dice=torch.get_rng_state(), dice_cuda=torch.cuda.get_rng_state() if CUDA else torch.empty(0))
        torch.save(held, self.path + ".new")
        os.replace(self.path + ".new", self.path)


def blend(ema, params, step, keep):
    with torch.no_grad():
        torch._foreach_lerp_(ema, [p.detach() for p in params], 1 - min(keep, (1 + step) / (10 + step)))


class laid_over:
    """While it lasts, `params` are `other`s."""

    def __init__(self, params, other):
        self.params, self.other = [p.data for p in params], [p.detach() for p in other]

    def __enter__(self):
        self.own = [p.clone() for p in self.params]
        torch._foreach_copy_(self.params, self.other)

    def __exit__(self, *_):
        torch._foreach_copy_(self.params, self.own)


def store(tensors, path, metadata=None):
    """safetensors in float16, never half written."""
    save_file({k: v.detach().half().contiguous().cpu() for k, v in tensors.items()}, path + ".new", metadata or {"format": "pt"})
    os.replace(path + ".new", path)


def weights(path):
    return {k: v.float() for k, v in load_file(path).items()}


def note(path, key, value):
    """Adds a figure to a file of figures."""
    held = json.load(open(path)) if os.path.exists(path) else {}
    held[key] = value
    json.dump(held, open(path + ".new", "w"), indent=1)
    os.replace(path + ".new", path)


def page(pictures, columns, path, quality=88, scale=1.):
    """Pictures (N, H, W, 3) in 0..1 -> one WebP."""
    n, h, w, _ = pictures.shape
    sheet = Image.new("RGB", (columns * w, (n + columns - 1) // columns * h), (255, 255, 255))
    for i, x in enumerate(pictures):
        sheet.paste(Image.fromarray((np.clip(x, 0, 1) * 255).round().astype("uint8")), (i % columns * w, i // columns * h))
    if scale != 1:
        sheet = sheet.resize((int(sheet.width * scale), int(sheet.height * scale)), Image.LANCZOS)
    sheet.save(path, quality=quality, method=6)


def shown(x):
    """(B, 3, H, W) in -1..1 -> numpy (B, H, W, 3) in 0..1"""
    return (x.float().clamp(-1, 1) / 2 + .5).permute(0, 2, 3, 1).cpu().numpy()
