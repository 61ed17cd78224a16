"""Drawing as a guide: a T2I-Adapter for the built-in model's UNet, which stays as it is.

    python scribble.py --data DATA --out OUT [--seconds 500] [--start scribble.safetensors]

A drawing is a 256x256 picture, 0..1: strokes or filled shapes on black paper (white ink or the thing's colour) or on
white paper (dark ink or the thing's colour). `drawings` makes them from the painted scenes' own masks: outlines of several
widths, some with inner edges, silhouettes in one or few flat colours; warped, rounded and partly missing as a hand's are.
The adapter runs once a picture. OUT/scribble.safetensors: diffusers' T2IAdapter, averaged weights, float16.
"""
import json

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DPMSolverMultistepScheduler, LCMScheduler, StableDiffusionAdapterPipeline, T2IAdapter

import evaluate
import scenes
import train
from common import ALPHA_BAR, CUDA, DEVICE, Run, Stream, blend, compiled, half, options, page, pipeline, store, weights
from distil import lay_over


def build():
    return T2IAdapter(in_channels=3, channels=[64, 128, 256], num_res_blocks=2, downscale_factor=8, adapter_type="full_adapter").to(DEVICE)


def moved(spec):
    """Single objects at other places and sizes than the words would have: a drawing decides that."""
    front = spec["obj"][:, scenes.BACK:]
    alone = ((front >= 0).sum(1) == 1) & (front[:, 0] >= 0) & (torch.rand(len(front), device=DEVICE) < .6)
    g = spec["geo"][:, scenes.BACK]
    size = (g[:, 2] * (torch.rand_like(g[:, 2]) * .65 + .45)).clamp(.25, 1)
    room = (1 - size).clamp(min=.06)
    new = torch.stack([.5 + (torch.rand_like(size) - .5) * room, .5 + (torch.rand_like(size) - .5) * room, size, torch.randn_like(size) * .15], 1)
    spec["geo"][:, scenes.BACK] = torch.where(alone[:, None], new, g)
    return spec


def layers(stencil, spec):
    """What of each object in front is seen: (B, 3, 256, 256). `stencil` is a Painter of the objects in white."""
    out, cover = [], 0
    for s in reversed(range(scenes.BACK, scenes.SLOTS)):
        one = dict(spec, obj=torch.full_like(spec["obj"], -1), ground=torch.zeros_like(spec["ground"]), horizon=torch.full_like(spec["horizon"], 2),
                   dots=torch.zeros_like(spec["dots"]), shadow=torch.zeros_like(spec["shadow"]), tint=torch.zeros_like(spec["tint"]))
        one["obj"][:, s] = spec["obj"][:, s]
        alpha = stencil(one)[:, 0] / 2 + .5
        out.append(alpha * (1 - cover))
        cover = cover + alpha * (1 - cover)
    return torch.stack(out[::-1], 1)


def smooth_noise(n, channels, cells):
    return F.interpolate(torch.randn(n, channels, cells, cells, device=DEVICE), size=(scenes.SIZE,) * 2, mode="bicubic", align_corners=True)


def choose(n, weights):
    return torch.multinomial(torch.tensor(weights, device=DEVICE), n, replacement=True).view(-1, 1, 1, 1)


KINDS = ("outline", "inner edges", "coloured outline", "white shape", "flat shape", "few colours", "nothing")


def drawings(pictures, masks, kinds=(.3, .14, .1, .08, .16, .14, .08), hand=1., gaps=.4):
    """pictures (B, 3, 256, 256) in -1..1 and layers -> drawings (B, 3, 256, 256) in 0..1, their kinds, the shapes drawn"""
    n, x = len(pictures), pictures / 2 + .5
    several = (masks.amax((2, 3)) > .5).sum(1) > 1
    dropped = F.one_hot(torch.randint(0, masks.shape[1], (n,), device=DEVICE), masks.shape[1]) * ((torch.rand(n, device=DEVICE) < .2) & several).long()[:, None]
    masks = masks * (1 - dropped)[..., None, None]
    crude = choose(n, (.55, .25, .2))
    masks = torch.where(crude == 0, masks, torch.where(crude == 1, F.avg_pool2d(masks, 15, 1, 7), F.avg_pool2d(masks, 29, 1, 14)))
    axis = (torch.arange(scenes.SIZE, device=DEVICE) + .5) / scenes.SIZE * 2 - 1
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)[None] * (1 + torch.randn(n, 1, 1, 2, device=DEVICE) * .015 * hand)
    shake = smooth_noise(n, 2, 5) * torch.rand(n, 1, 1, 1, device=DEVICE) * 4 + smooth_noise(n, 2, 14) * torch.rand(n, 1, 1, 1, device=DEVICE) * 1.5
    grid = grid + torch.randn(n, 1, 1, 2, device=DEVICE) * .015 * hand + shake.permute(0, 2, 3, 1) * hand * 2 / scenes.SIZE
    both = F.grid_sample(torch.cat([masks, x], 1), grid, align_corners=False, padding_mode="border")
    m, x = (both[:, :-3] > .5).float(), both[:, -3:]
    shape = m.amax(1, keepdim=True)

    def band(w):
        return (F.max_pool2d(m, w, 1, w // 2) + F.max_pool2d(-m, w, 1, w // 2)).amax(1, keepdim=True)

    width = choose(n, (.3, .3, .25, .15))
    outline = torch.where(width == 0, band(3), torch.where(width == 1, band(5), torch.where(width == 2, band(7), band(11))))
    soft = F.avg_pool2d(x, 5, 1, 2)
    inner = ((soft[..., 2:, 1:-1] - soft[..., :-2, 1:-1]).abs() + (soft[..., 1:-1, 2:] - soft[..., 1:-1, :-2]).abs()).amax(1, keepdim=True)
    inner = (F.pad(inner, (1, 1, 1, 1)) > .12).float() * shape
    kept = (smooth_noise(n, 1, 9) > torch.where(torch.rand(n, 1, 1, 1, device=DEVICE) < gaps, torch.rand(n, 1, 1, 1, device=DEVICE) * 1.2 - 1.6, -9.)).float()
    mean = (x[:, None] * m[:, :, None]).sum((3, 4)) / m.sum((2, 3)).clamp(min=1)[..., None]
    flat = (mean[..., None, None] * m[:, :, None]).sum(1)
    levels = choose(n, (.3, .4, .3)) + 2.
    few = (F.avg_pool2d(F.avg_pool2d(x, 9, 1, 4), 9, 1, 4) * levels).round() / levels
    few = few * shape
    tone = torch.randn(n, 3, 1, 1, device=DEVICE) * .05
    flat, few = (flat + tone).clamp(0, 1), (few + tone).clamp(0, 1)
    spread = F.max_pool2d(flat, 13, 1, 6)
    kind = choose(n, kinds)
    where = torch.where(kind == 0, outline * kept, torch.where(kind == 1, torch.maximum(outline, inner) * kept, torch.where(kind == 2, outline * kept,
            torch.where(kind == 6, torch.zeros_like(shape), shape))))
    coloured = (kind == 2) | (kind == 4) | (kind == 5)
    ink = torch.where(kind == 2, spread, torch.where(kind == 5, few, flat))
    white_paper = torch.rand(n, 1, 1, 1, device=DEVICE) < .4
    plain = torch.where(white_paper, torch.rand(n, 1, 1, 1, device=DEVICE) * .2, torch.ones(n, 1, 1, 1, device=DEVICE))
    return where * torch.where(coloured, ink, plain) + (1 - where) * white_paper.float(), kind.flatten(), shape


def segment(pictures):
    """(N, H, W, 3) in 0..1 on one flat colour -> masks: far from the border's median colour, holes filled, specks gone"""
    from scipy import ndimage
    out = []
    for x in pictures:
        edge = np.median(np.concatenate([x[:6].reshape(-1, 3), x[-6:].reshape(-1, 3), x[:, :6].reshape(-1, 3), x[:, -6:].reshape(-1, 3)]), 0)
        m = ndimage.median_filter((np.sqrt(((x - edge) ** 2).sum(2)) > .16).astype(np.uint8), 5)
        out.append(ndimage.binary_fill_holes(m))
    return np.stack(out)


def overlap(a, b):
    return (a & b).sum((1, 2)) / np.maximum(1, (a | b).sum((1, 2)))


def cases(painter, stencil, rgba, names, count, seed):
    """Held-out scenes: one object anywhere, on the plain colour that is farthest from its own."""
    rng, spec = np.random.default_rng(seed), evaluate.real_batch(painter, len(names), count, np.random.default_rng(seed))
    size = rng.uniform(.4, .85, count)
    geo = np.stack([.5 + rng.uniform(-.5, .5, count) * (1 - size), .5 + rng.uniform(-.5, .5, count) * (1 - size), size, rng.normal(0, .1, count)], 1)
    which = rng.permutation(len(names))[:count] if count <= len(names) else rng.integers(0, len(names), count)
    colours, words = list(scenes.COLOURS), []
    for k, i in enumerate(which):
        seen = rgba[i][rgba[i, ..., 3] > 200][::37, :3].astype(float)
        far = [np.percentile(np.sqrt(((seen - np.array(scenes.COLOURS[c])) ** 2).sum(1)), 5) for c in colours]
        best = colours[int(rng.choice(np.argsort(far)[-3:]))]
        spec["ground"][k] = torch.tensor(scenes.COLOURS[best], device=DEVICE) / 255
        words.append(f"{scenes.an(names[i])} on a {best} background")
    spec["obj"][:] = -1
    spec["tint"][:] = 0
    spec["obj"][:, scenes.BACK] = torch.from_numpy(which).to(DEVICE)
    spec["geo"][:, scenes.BACK] = torch.from_numpy(geo).float().to(DEVICE)
    return words, which, painter(spec), layers(stencil, spec)


def draw_pictures(pipe, adapter, words, guides, steps=20, guidance=4., lcm=False, batch=64, seed=7):
    """Pictures after drawings (or without, `guides` None), as numpy in 0..1."""
    if guides is None:
        return evaluate.generate(pipe, words, seed=seed, steps=steps, guidance=guidance)
    parts = {k: getattr(pipe, k) for k in ("vae", "text_encoder", "tokenizer", "unet")}
    drawn = StableDiffusionAdapterPipeline(**parts, adapter=adapter.to(pipe.unet.dtype), scheduler=(LCMScheduler if lcm else DPMSolverMultistepScheduler).from_config(pipe.scheduler.config),
                                           safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    drawn.set_progress_bar_config(disable=True)
    out = []
    for b in range(0, len(words), batch):
        noise = [torch.Generator("cpu").manual_seed(seed + b + i) for i in range(len(words[b:b + batch]))]
        out.append(drawn(words[b:b + batch], image=guides[b:b + batch].to(pipe.unet.dtype), num_inference_steps=steps, guidance_scale=guidance, generator=noise, height=256, width=256,
                         output_type="np").images)
    return np.concatenate(out)


def main(argv=None):
    args = options(argv, 500, 192, lr=(1e-3, ""), fresh=(64, "new scenes a step"), ring=(24576, ""), first=(6144, "scenes before the first step"), start=("", "an adapter to go on from"),
                   ema=(.997, ""), lora=("", "a LoRA file that lies over the UNet in half of the steps"), held=(120 if CUDA else 1, "scenes that are measured"))
    pipe, stream = pipeline(args.model), Stream(args, args.fresh)
    unet, text, scale = pipe.unet, pipe.text_encoder, pipe.vae.config.scaling_factor
    rgba, names = stream.rgba, stream.names
    stencil = scenes.Painter(np.concatenate([np.full_like(rgba[..., :3], 255), rgba[..., 3:]], 3), DEVICE)
    adapter = build()
    if args.start:
        adapter.load_state_dict(weights(args.start))
    else:
        torch.nn.init.zeros_(adapter.adapter.conv_in.weight)
    adapter.to(memory_format=torch.channels_last)
    params = list(adapter.parameters())
    ema = [p.detach().clone() for p in params]
    opt = torch.optim.AdamW(params, lr=args.lr, betas=(.9, .98), weight_decay=1e-3, fused=CUDA)
    run = Run(args, "scribble", params=params, ema=ema, opt=opt)
    forward = compiled(args, unet)
    under = {False: [p.detach().clone() for p in unet.parameters()]}
    if args.lora:
        lay_over(unet, args.lora)
        under[True] = [p.detach().clone() for p in unet.parameters()]
        torch._foreach_copy_([p.data for p in unet.parameters()], under[False])
    blank = pipe.tokenizer([""], padding="max_length", max_length=77, return_tensors="pt").input_ids[0].to(DEVICE)
    ring_z = torch.empty(args.ring, 4, 32, 32, device=DEVICE, dtype=torch.half)
    ring_d = torch.empty(args.ring, 3, scenes.SIZE, scenes.SIZE, device=DEVICE, dtype=torch.uint8)
    ring_i = torch.empty(args.ring, 77, device=DEVICE, dtype=torch.short)
    full = put = 0

    @torch.no_grad()
    def fresh():
        nonlocal full, put
        ids, spec = stream.specs()
        spec = moved(spec)
        x = stream.painter(spec)
        at = torch.arange(put, put + len(x), device=DEVICE) % args.ring
        ring_z[at], ring_i[at] = train.encode(pipe.vae, x), ids.short()
        ring_d[at] = (drawings(x, layers(stencil, spec))[0] * 255).round().to(torch.uint8)
        put, full = (put + len(x)) % args.ring, min(args.ring, full + len(x))

    def averaged():
        twin = build()
        twin.load_state_dict(dict(zip([k for k, _ in adapter.named_parameters()], ema)))
        return twin.eval()

    def save():
        store(dict(zip([k for k, _ in adapter.named_parameters()], ema)), f"{args.out}/scribble.safetensors")
        run.save()

    while full < args.first:
        fresh()
    print(f"scribble: {full} scenes after {run.gone():.0f}s, adapter of {sum(p.numel() for p in params)} parameters", flush=True)
    over, mean = False, None
    while run.going():
        fresh()
        k = torch.randint(0, full, (args.batch,), device=DEVICE)
        z, guide, ids = ring_z[k].float() * scale, ring_d[k].float() / 255, ring_i[k].long()
        ids = torch.where(torch.rand(len(k), 1, device=DEVICE) < .12, blank, ids)
        u = torch.rand(len(k), device=DEVICE)
        t = (999 * torch.where(torch.rand_like(u) < .5, u, 1 - u ** 3)).long()
        a = ALPHA_BAR[t].view(-1, 1, 1, 1)
        noise = torch.randn_like(z)
        noisy, target = a.sqrt() * z + (1 - a).sqrt() * noise, a.sqrt() * noise - (1 - a).sqrt() * z
        if args.lora and run.step % 2 == 0:
            over = not over
            torch._foreach_copy_([p.data for p in unet.parameters()], under[over])
        for group in opt.param_groups:
            group["lr"] = run.rate(args.lr)
        with half():
            with torch.no_grad():
                words = text(ids)[0]
            guess = forward(noisy.contiguous(memory_format=torch.channels_last), t, encoder_hidden_states=words,
                            down_intrablock_additional_residuals=list(adapter(guide.contiguous(memory_format=torch.channels_last)))).sample
        loss = ((guess.float() - target) ** 2).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.)
        opt.step()
        run.done_step()
        blend(ema, params, run.step, args.ema)
        mean = loss.detach() if mean is None else .98 * mean + .02 * loss.detach()
        if run.says():
            print(f"scribble {run.step} {run.gone():.0f}s loss {mean.item():.4f} scenes {full}", flush=True)
        if run.due():
            save()
    save()
    torch._foreach_copy_([p.data for p in unet.parameters()], under[False])
    twin = averaged()
    with torch.no_grad():
        words, which, truth, masks = cases(stream.painter, stencil, rgba, names, args.held, 11)
        torch.manual_seed(5)
        guides, _, drawn = drawings(truth, masks, kinds=(.4, 0., .1, .1, .2, .2, 0.), gaps=.3)
        again = pipe.vae.decode(pipe.vae.encode(truth).latent_dist.mean).sample
    wanted = (drawn[:, 0] > .5).cpu().numpy()
    seen = (again.clamp(-1, 1) / 2 + .5).permute(0, 2, 3, 1).cpu().numpy()
    made, free = (draw_pictures(pipe, twin, words, g, steps=20 if CUDA else 1) for g in (guides, None))
    result = dict(iou=overlap(segment(made), wanted).mean(), without=overlap(segment(free), wanted).mean(), undrawn=overlap(segment(seen), wanted).mean())
    print("scribble", json.dumps({k: round(float(v), 4) for k, v in result.items()}), flush=True)
    shown = guides[:20].permute(0, 2, 3, 1).cpu().numpy()
    rows = [np.concatenate([p[b:b + 10] for p in (shown, made)]) for b in (0, 10)]
    page(np.concatenate(rows), 10 if CUDA else 1, f"{args.out}/scribble.webp", 85, .6)
    print(f"scribble done {run.step} {run.gone():.0f}s", flush=True)
    stream.stop()


if __name__ == "__main__":
    main()
