"""A style as a LoRA for the built-in model's UNet: the same scenes and words, painted otherwise.

    python style.py --data DATA --out OUT --style flat-icon      # or pixel-art

flat-icon: Fluent's flat drawings on grounds of one colour, no shadows. pixel-art: these on a grid of 32x32 (a cell of the
latents each; four to a cell did not come out as squares), in a palette of 60 colours, the things in front with a dark
outline. OUT/NAME.safetensors: diffusers' (PEFT) names, float16, scale 1; no
word is needed to call it up.
"""
import colorsys

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DPMSolverMultistepScheduler

import evaluate
import scenes
import train
from common import ALPHA_BAR, DEVICE, CUDA, Run, Stream, blend, compiled, half, note, options, page, pipeline, shown, store
from distil import LowRank

CELL = 8  # pixels of a side of what pixel art calls a pixel


def plain_ground(spec):
    """The same scene with grounds of one colour and no shadows."""
    g = spec["ground"].clone()
    g[:, 0] = g[:, 1] = g[:, :2].mean(1)
    g[:, 2] = g[:, 3] = g[:, 2:].mean(1)
    return dict(spec, ground=g, shadow=torch.zeros_like(spec["shadow"]))


def things_alone(spec):
    """What a stencil paints of it: the things in front, on black."""
    thing = spec["obj"].clone()
    thing[:, :scenes.BACK] = -1
    return dict(spec, obj=thing, ground=torch.zeros_like(spec["ground"]), horizon=torch.full_like(spec["horizon"], 2), dots=torch.zeros_like(spec["dots"]),
                tint=torch.zeros_like(spec["tint"]), shadow=torch.zeros_like(spec["shadow"]))


def palette():
    greys = [(v,) * 3 for v in (.07, .25, .42, .6, .78, .9, 1.)]
    hues = [colorsys.hsv_to_rgb(k / 12, s, v) for k in range(12) for s, v in ((.35, 1.), (.72, .95), (.8, .68), (.75, .4))]
    browns = [(.55, .36, .22), (.36, .23, .15), (.76, .55, .36), (.95, .8, .62), (.98, .9, .78)]
    return torch.tensor(greys + hues + browns, dtype=torch.float32)


def to_pixels(pictures, masks):
    """(B, 3, H, W) in -1..1 and where the things in front are -> the same in squares of the palette's colours, outlined"""
    colours = palette().to(pictures.device)

    def pick(x):  # the middle of each square, so that edges stay hard
        return F.avg_pool2d(x[..., CELL // 4:, CELL // 4:], CELL // 2, CELL)

    small, solid = pick(pictures / 2 + .5), (pick(masks) > .4).float()
    wide, tall = F.max_pool2d(solid, (1, 3), 1, (0, 1)), F.max_pool2d(solid, (3, 1), 1, (1, 0))
    ring = torch.maximum(wide, tall) - solid
    small = small * (1 - ring) + ring * small * .22
    weight = torch.tensor([.9, 1.2, .7], device=pictures.device).view(1, 3, 1, 1)
    near = torch.stack([((small - c.view(1, 3, 1, 1)) ** 2 * weight).sum(1) for c in colours], 1).argmin(1)
    return F.interpolate(colours[near].permute(0, 3, 1, 2), scale_factor=CELL) * 2 - 1


class Styled:
    """Paints specs in a style."""

    def __init__(self, style, data):
        flat = scenes.load_flat(data)
        self.style, self.painter = style, scenes.Painter(flat, DEVICE)
        self.stencil = scenes.Painter(np.concatenate([np.full_like(flat[..., :3], 255), flat[..., 3:]], 3), DEVICE) if style == "pixel-art" else None

    @torch.no_grad()
    def __call__(self, spec):
        spec = plain_ground(spec)
        pictures = self.painter(spec)
        if self.stencil is None:
            return pictures
        return to_pixels(pictures, self.stencil(things_alone(spec))[:, :1] / 2 + .5)


STYLES = ("flat-icon", "pixel-art")
LEFT_ALONE = ("time_emb", "conv_shortcut")  # a style says nothing about time, and the file stays under a megabyte


def main(argv=None):
    args = options(argv, 230, 256, style=("flat-icon", " or ".join(STYLES)), rank=(4, ""), lr=(2e-3, ""), fresh=(64, "new scenes a step"), ring=(16384, "scenes that are kept"),
                   first=(4096, "scenes before the first step"), start=("", "a LoRA to go on from"), ema=(.99, ""))
    pipe, stream, styled = pipeline(args.model), Stream(args, args.fresh), Styled(args.style, args.data)
    unet, text, scale = pipe.unet, pipe.text_encoder, pipe.vae.config.scaling_factor
    unet.requires_grad_(True)
    low = LowRank(unet, args.rank, LEFT_ALONE)
    if args.start:
        low.load(args.start)
    params = low.factors()
    ema = [p.detach().clone() for p in params]
    opt = torch.optim.AdamW(params, lr=args.lr, betas=(.9, .98), weight_decay=1e-4, fused=CUDA)
    run = Run(args, args.style, params=params, ema=ema, opt=opt)
    forward = compiled(args, unet)
    blank = pipe.tokenizer([""], padding="max_length", max_length=77, return_tensors="pt").input_ids[0].to(DEVICE)
    ring_z = torch.empty(args.ring, 4, 32, 32, device=DEVICE, dtype=torch.half)
    ring_i = torch.empty(args.ring, 77, device=DEVICE, dtype=torch.short)
    full = put = 0

    def fresh():
        nonlocal full, put
        ids, spec = stream.specs()
        at = torch.arange(put, put + len(ids), device=DEVICE) % args.ring
        ring_z[at], ring_i[at] = train.encode(pipe.vae, styled(spec)), ids.short()
        put, full = (put + len(ids)) % args.ring, min(args.ring, full + len(ids))

    def save():
        store(low.named(ema), f"{args.out}/{args.style}.safetensors")
        run.save()

    while full < args.first:
        fresh()
    print(f"{args.style}: {full} scenes after {run.gone():.0f}s, LoRA of {sum(p.numel() for p in params)} parameters", flush=True)
    mean = None
    while run.going():
        fresh()
        k = torch.randint(0, full, (args.batch,), device=DEVICE)
        z, ids = ring_z[k].float() * scale, ring_i[k].long()
        ids = torch.where(torch.rand(len(k), 1, device=DEVICE) < .1, blank, ids)
        noise, t = torch.randn_like(z), torch.randint(0, 1000, (len(k),), device=DEVICE)
        a = ALPHA_BAR[t].view(-1, 1, 1, 1)
        noisy, target = a.sqrt() * z + (1 - a).sqrt() * noise, a.sqrt() * noise - (1 - a).sqrt() * z
        for group in opt.param_groups:
            group["lr"] = run.rate(args.lr)
        low.write(params)
        with half():
            with torch.no_grad():
                words = text(ids)[0]
            guess = forward(noisy.contiguous(memory_format=torch.channels_last), t, encoder_hidden_states=words).sample
        snr = a / (1 - a)
        loss = 2 * ((snr.clamp(max=5) / (snr + 1)) * (guess.float() - target) ** 2).mean()
        unet.zero_grad(set_to_none=True)
        loss.backward()
        low.take_gradients()
        torch.nn.utils.clip_grad_norm_(params, 1.)
        opt.step()
        run.done_step()
        blend(ema, params, run.step, args.ema)
        mean = loss.detach() if mean is None else .98 * mean + .02 * loss.detach()
        if run.says():
            print(f"{args.style} {run.step} {run.gone():.0f}s loss {mean.item():.4f} scenes {full}", flush=True)
        if run.due():
            save()
    save()
    low.write(ema)
    ids, spec = stream.specs()
    count = min(8, len(ids))
    painted = shown(styled({k: v[:count] for k, v in spec.items()}))
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    wanted = evaluate.SHEET[:40 if CUDA else 1]
    made = evaluate.generate(pipe, wanted, steps=20 if CUDA else 1)
    page(np.concatenate([painted, made]), 8, f"{args.out}/{args.style}.webp", 86, .75)
    note(f"{args.out}/figures.json", f"{args.style}: steps, loss", (run.step, round(mean.item(), 4) if mean is not None else None))
    print(f"{args.style} done {run.step} {run.gone():.0f}s", flush=True)
    stream.stop()


if __name__ == "__main__":
    main()
