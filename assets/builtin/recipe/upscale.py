"""Twice the size: a network with Real-ESRGAN's compact layout and key names (SRVGGNetCompact: 16 convolutions of 64 channels).

    python upscale.py --data DATA --out OUT [--seconds 480]

Its layout adds what it finds to the picture itself, so it begins as the nearest pixel; an RRDBNet of the x2 layout, whose
input is folded to half its size, first has to learn where each pixel goes and did not get there in 1,591 steps.
What it learns from is painted at 512x512 and halved: Fluent's flat drawings (SVG, sharp at any size), its 3D pictures so
small that their 256 pixels are still sharp there, some as pixel art, and textures unlike all of them. The small pictures
are plain halves (by area, bicubic or bilinear), halves that went through the autoencoder, and such as generated ones are:
through noise and one step of the UNet as well. First L1 and gradients alone, then a patch discriminator beside them.
A picture's rim counts more in the loss: networks of this kind pad with zeros, and few crops have the corner in them.
OUT/upscaler-plain.safetensors (before the discriminator) and OUT/upscaler.safetensors: averaged weights, float16.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

import scenes
import train
from common import CUDA, DEVICE, Run, Stream, blend, compiled, half, laid_over, note, options, page, pipeline, store, weights
from decoder import Patches, edge_energy, nearly_clean, plain_norm
from style import plain_ground, things_alone, to_pixels

LARGE, SMALL = 512, 256
KINDS = ("halves", "through the autoencoder", "as generated")


class Compact(nn.Module):
    def __init__(self, width=64, depth=16):
        super().__init__()
        layers = [nn.Conv2d(3, width, 3, 1, 1), nn.PReLU(width, .1)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, 1, 1), nn.PReLU(width, .1)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, 12, 3, 1, 1))
        for m in self.body:
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, .1)
                nn.init.zeros_(m.bias)
        nn.init.zeros_(self.body[-1].weight)

    def forward(self, x):
        """(B, 3, H, W) in 0..1 -> (B, 3, 2H, 2W)"""
        return F.pixel_shuffle(self.body(x), 2) + F.interpolate(x, scale_factor=2.)


def resized(x, side, how):
    """By Pillow, as programs do it. (B, 3, H, W) in 0..1"""
    out = [np.asarray(Image.fromarray((p * 255).round().astype("uint8")).resize((side, side), how)) for p in x.clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()]
    return torch.from_numpy(np.stack(out)).to(x.device).permute(0, 3, 1, 2).float() / 255


class Pairs:
    """Small and large pictures of the same scene."""

    def __init__(self, args, pipe, stream):
        flat = scenes.load_flat(args.data, LARGE)
        white = np.concatenate([np.full_like(flat[..., :3], 255), flat[..., 3:]], 3)
        self.pipe, self.stream, self.scale = pipe, stream, pipe.vae.config.scaling_factor
        self.flat, self.stencil = scenes.Painter(flat, DEVICE, LARGE), scenes.Painter(white, DEVICE, LARGE)
        self.solid = scenes.Painter(stream.rgba, DEVICE, LARGE)

    @torch.no_grad()
    def large(self, spec, look):
        """look: 0 the 3D pictures, 1 flat drawings, 2 pixel art"""
        if look == 0:
            g = spec["geo"]
            small = torch.where(g[..., 2] > .5, .36 + .14 * torch.rand_like(g[..., 2]), g[..., 2])  # no larger than they are sharp
            return self.solid(dict(spec, geo=torch.stack([g[..., 0], g[..., 1] + (g[..., 2] - small) * .3, small, g[..., 3]], -1)))
        if look == 1:
            return self.flat(plain_ground(spec) if torch.rand(()) < .5 else spec)
        spec = plain_ground(spec)
        x = F.avg_pool2d(self.flat(spec), 2)
        return F.interpolate(to_pixels(x, F.avg_pool2d(self.stencil(things_alone(spec))[:, :1] / 2 + .5, 2)), scale_factor=2.)

    @torch.no_grad()
    def __call__(self, kind=None, look=None):
        """-> small (B, 3, 256, 256), large (B, 3, 512, 512) in 0..1; kind of KINDS, else by chance"""
        ids, spec = self.stream.specs()
        look = int(torch.multinomial(torch.tensor([.5, .4, .1]), 1)) if look is None else look
        large = self.large(spec, look)
        if kind is None and torch.rand(()) < .12:
            large = train.textures(len(large), DEVICE, LARGE)
        x = F.avg_pool2d(large, 2)
        way = torch.rand(len(x), 1, 1, 1, device=DEVICE) if kind is None else torch.full((len(x), 1, 1, 1), (.9, .5, .2)[kind], device=DEVICE)
        z = train.encode(self.pipe.vae, x).float() * self.scale
        dirty = nearly_clean(self.pipe, z, ids, 10, 100)
        with half():
            again = self.pipe.vae.decode(torch.where(way < .4, dirty, z) / self.scale).sample.float().clamp(-1, 1)
        if kind is None and torch.rand(()) < .4:  # other programs' halves
            x = F.interpolate(large, scale_factor=.5, mode="bicubic" if torch.rand(()) < .6 else "bilinear", antialias=True, align_corners=False).clamp(-1, 1)
        return torch.where(way < .65, again, x) / 2 + .5, large / 2 + .5


def rim_weight(side, extra=2., reach=6.):
    """More where the picture ends."""
    axis = torch.arange(side, device=DEVICE)
    edge = torch.minimum(axis, side - 1 - axis)
    edge = torch.minimum(edge[:, None], edge[None])
    return (1 + extra * torch.exp(-edge / reach))[None, None]


def apart(a, b, weight):
    """L1 of pictures and of their gradients."""
    loss = ((a - b).abs() * weight).mean()
    for d in (lambda x: x[..., 1:] - x[..., :-1], lambda x: x[..., 1:, :] - x[..., :-1, :]):
        loss = loss + .5 * (d(a) - d(b)).abs().mean()
    return loss


@torch.no_grad()
def figures(enlarge, held):
    """Signal to noise, the energy of edges against the truth's, and the signal to noise of the outermost eight pixels and of the corners alone."""
    rows = []
    for x, y in held:
        z = torch.cat([enlarge(p) for p in x.split(8)]).float().clamp(0, 1)
        d = (z - y) ** 2
        rim = torch.ones_like(d[0, 0], dtype=torch.bool)
        rim[8:-8, 8:-8] = False
        corners = torch.cat([d[..., a, b].flatten(1) for a in (slice(0, 8), slice(-8, None)) for b in (slice(0, 8), slice(-8, None))], 1)
        rows.append(torch.stack([-10 * d.mean((1, 2, 3)).clamp(min=1e-9).log10(), edge_energy(z), edge_energy(y), d[..., rim].mean((1, 2)), corners.mean(1)], 1))
    rows = torch.cat(rows)
    return dict(psnr=round(rows[:, 0].mean().item(), 2), edges=round((rows[:, 1].sum() / rows[:, 2].sum()).item(), 3),
                rim=round(-10 * rows[:, 3].mean().clamp(min=1e-9).log10().item(), 2), corners=round(-10 * rows[:, 4].mean().clamp(min=1e-9).log10().item(), 2))


def lanczos(x):
    return resized(x, x.shape[-1] * 2, Image.LANCZOS)


def main(argv=None):
    args = options(argv, 480, 12, lr=(2e-4, ""), adv=(.12, "the discriminator's pull, as a share of the other"), ema=(.998, ""), crop=(192, "of the large picture"),
                   crops=(48, "a step"), ring=(2400, "pairs that are kept"), first=(240, "pairs before the first step"), every=(4, "steps between new pairs"), start=("", "an upscaler to go on from"), adv_from=(.7, "share of the time before the discriminator begins"), held=(48, "pictures of a kind that are measured"))
    pipe, stream = pipeline(args.model), Stream(args, args.batch)
    pairs = Pairs(args, pipe, stream)
    held = {}
    for kind, name in enumerate(KINDS):
        for look, what in enumerate(("3D", "flat")):
            held[f"{what}, {name}"] = [pairs(kind, look) for _ in range(args.held // args.batch)]
    net = Compact().to(DEVICE, memory_format=torch.channels_last)
    if args.start:
        net.load_state_dict(weights(args.start))
    judge = Patches(48).to(DEVICE, memory_format=torch.channels_last)
    params = list(net.parameters())
    ema = [p.detach().clone() for p in params]
    opt = torch.optim.AdamW(params, lr=args.lr, betas=(.9, .98), weight_decay=0, fused=CUDA)
    opt_judge = torch.optim.AdamW(judge.parameters(), lr=3e-4, betas=(.5, .95), weight_decay=1e-4, fused=CUDA)
    run = Run(args, "upscaler", params=params, ema=ema, opt=opt, judge=judge, opt_judge=opt_judge)
    forward = compiled(args, net)
    print(f"upscale: {sum(p.numel() for p in params)} parameters", flush=True)

    def measure(name, enlarge, log=True):
        result = {what: figures(enlarge, pictures) for what, pictures in held.items() if pictures}
        if log:
            note(f"{args.out}/figures.json", f"upscaler, {name}", result)
        print("upscale:", name, result, flush=True)

    def save(name="upscaler", log=False):
        with laid_over(params, ema):
            store(net.state_dict(), f"{args.out}/{name}.safetensors")
            measure(f"{name}, {run.step} steps", net, log)
        run.save()

    measure("Lanczos", lanczos)
    side, full, put = args.crop // 2, 0, 0
    ring_x = torch.empty(args.ring, 3, SMALL, SMALL, device=DEVICE, dtype=torch.uint8)
    ring_y = torch.empty(args.ring, 3, LARGE, LARGE, device=DEVICE, dtype=torch.uint8)

    def fresh():
        nonlocal full, put
        x, y = pairs()
        at = torch.arange(put, put + len(x), device=DEVICE) % args.ring
        ring_x[at], ring_y[at] = ((p * 255).round().to(torch.uint8) for p in (x, y))
        put, full = (put + len(x)) % args.ring, min(args.ring, full + len(x))

    while full < args.first:
        fresh()
    weight, plainly = rim_weight(args.crop), True
    while run.going():
        if run.step % args.every == 0:
            fresh()
        cut = []
        for k, a, b in zip(*(torch.randint(0, most, (args.crops,)).tolist() for most in (full, SMALL - side + 1, SMALL - side + 1))):
            cut.append((ring_x[k, :, a:a + side, b:b + side], ring_y[k, :, 2 * a:2 * a + args.crop, 2 * b:2 * b + args.crop]))
        x, y = ((torch.stack(part).float() / 255).contiguous(memory_format=torch.channels_last) for part in zip(*cut))
        for group in opt.param_groups:
            group["lr"] = run.rate(args.lr, warm=200)
        with half():
            guess = forward(x)
        guess = guess.float()
        fake = guess.detach().requires_grad_(True)
        plain = apart(fake, y, weight)
        pull, = torch.autograd.grad(plain, fake)
        if run.part() > args.adv_from and args.adv:
            if plainly:
                plainly = False
                save("upscaler-plain", True)
            judge.requires_grad_(True)
            with half():
                real, made = judge(torch.cat([y, fake.detach()]) * 2 - 1)[0].float().chunk(2)
            loss_judge = (F.relu(1 - real).mean() + F.relu(1 + made).mean()) / 2
            opt_judge.zero_grad(set_to_none=True)
            loss_judge.backward()
            opt_judge.step()
            judge.requires_grad_(False)
            with half():
                said, seen = judge(fake * 2 - 1)
                with torch.no_grad():
                    wanted = judge(y * 2 - 1)[1]
            ramp = min(1., (run.part() - args.adv_from) / .1)
            for loss, share in ((-said.float().mean(), args.adv), (sum((a.float() - b.float()).abs().mean() for a, b in zip(seen, wanted)), .25)):
                g, = torch.autograd.grad(loss, fake, retain_graph=True)
                pull = pull + g * (share * ramp * plain_norm(pull) / plain_norm(g).clamp(min=1e-12))
        opt.zero_grad(set_to_none=True)
        guess.backward(pull)
        torch.nn.utils.clip_grad_norm_(params, 1.)
        opt.step()
        run.done_step()
        blend(ema, params, run.step, args.ema)
        if run.says():
            print(f"upscale {run.step} {run.gone():.0f}s plain {plain.item():.4f}", flush=True)
        if run.due():
            save()
    save(log=True)
    stream.stop()
    print(f"upscale done {run.step} {run.gone():.0f}s", flush=True)
    if not all(held.values()):
        return
    with laid_over(params, ema), torch.no_grad():
        rows = []
        for what in ("3D, as generated", "flat, as generated", "3D, halves", "flat, halves"):
            x, y = held[what][0]
            x, y = x[:4], y[:4]
            rows += [part.permute(0, 2, 3, 1).cpu().numpy()[:, 128:384, 128:384] for part in (lanczos(x), net(x).float().clamp(0, 1), y)]
    sheet = [np.concatenate(rows[at:at + 3], 2) for at in range(0, len(rows), 3)]
    page(np.concatenate(sheet), 2, f"{args.out}/upscaler.webp", 90)


if __name__ == "__main__":
    main()
