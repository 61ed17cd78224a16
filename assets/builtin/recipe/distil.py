"""Four steps instead of twenty, without guidance: a LoRA for the built-in model's UNet.

    python distil.py --data DATA --out OUT [--seconds 500] [--start lora.safetensors] [--holes .4]

The teacher is the model itself with guidance 4, solved by DPM-Solver++ (2M) over 16 steps. Every state x_t of a path is
paired with the path's end; the student predicts the end from any state in one call (consistency distillation with the
ends solved instead of bootstrapped). Paths start at noise or where the student's own LCM sampling has come to, so that
it also learns from its own mistakes. A small discriminator of latents, which sees painted scenes, keeps the answers sharp.
`--holes`: such a share of the paths is inpainting by the 4-channel blend: around a hole each state is a scene's own
latents with noise, for teacher and student alike, and the words may name something else than what was there.
The UNet runs and compiles as it is; the low-rank factors learn by the chain rule from its matrices' gradients.
OUT/lora.safetensors has diffusers' (PEFT) names, float16, scale 1.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import LCMScheduler
from safetensors.torch import load_file

import evaluate
import scenes
import train
from common import ALPHA_BAR, CUDA, DEVICE, Run, Stream, blend, compiled, half, options, page, pipeline, store


class LowRank:
    """The change of a network's matrices, all but those with one of `left_alone` in their names."""

    def __init__(self, unet, rank, left_alone=()):
        found = [(name, m) for name, m in unet.named_modules() if isinstance(m, (nn.Linear, nn.Conv2d)) and name not in ("conv_in", "conv_out")
                 and not any(part in name for part in left_alone)]
        self.names, self.weights = [n for n, _ in found], [m.weight for _, m in found]
        self.base = [w.detach().clone() for w in self.weights]
        self.down = [nn.Parameter(torch.randn(rank, w[0].numel(), device=DEVICE) * w[0].numel() ** -.5) for w in self.weights]
        self.up = [nn.Parameter(torch.zeros(w.shape[0], rank, device=DEVICE)) for w in self.weights]

    def factors(self):
        return self.down + self.up

    @torch.no_grad()
    def write(self, factors=None):
        """Lays the change over the network; `factors` None takes it off."""
        for k, (w, base) in enumerate(zip(self.weights, self.base)):
            if factors is None:
                w.data.copy_(base)
            else:
                w.data.copy_(base + (factors[len(self.base) + k] @ factors[k]).view_as(base))

    @torch.no_grad()
    def take_gradients(self):
        for w, a, b in zip(self.weights, self.down, self.up):
            g = w.grad.reshape(len(w), -1)
            a.grad, b.grad = b.T @ g, g @ a.T

    def named(self, factors):
        out = {}
        for k, (name, w) in enumerate(zip(self.names, self.weights)):
            a, b = factors[k], factors[len(self.base) + k]
            out[f"unet.{name}.lora_A.weight"] = a.view(len(a), *w.shape[1:])
            out[f"unet.{name}.lora_B.weight"] = b.view(*b.shape, *(1,) * (w.dim() - 2))
        return out

    def load(self, path):
        held = load_file(path, device=DEVICE)
        with torch.no_grad():
            for name, a, b in zip(self.names, self.down, self.up):
                a.copy_(held[f"unet.{name}.lora_A.weight"].float().view_as(a))
                b.copy_(held[f"unet.{name}.lora_B.weight"].float().view_as(b))


def lay_over(unet, path):
    """A LoRA file's change added to a UNet's weights for good."""
    held, modules = load_file(path), dict(unet.named_modules())
    with torch.no_grad():
        for key in held:
            if key.endswith(".lora_A.weight"):
                name = key[len("unet."):-len(".lora_A.weight")]
                w, a, b = modules[name].weight, held[key].float(), held[key.replace("lora_A", "lora_B")].float()
                w += (b.flatten(1) @ a.flatten(1)).view_as(w).to(w)


class Latents(nn.Module):
    """Real or made? of latents with a caption."""

    def __init__(self, width=96, text=256):
        super().__init__()
        sizes = [(4, width, 3, 1), (width, width, 3, 1), (width, width * 2, 4, 2), (width * 2, width * 2, 3, 1), (width * 2, width * 3, 4, 2), (width * 3, width * 3, 3, 1)]
        self.body = nn.Sequential(*[nn.Sequential(nn.Conv2d(a, b, k, s, 1), nn.GroupNorm(8, b) if a > 4 else nn.Identity(), nn.LeakyReLU(.2)) for a, b, k, s in sizes])
        self.head, self.words = nn.Conv2d(width * 3, 1, 3, 1, 1), nn.Linear(text, width * 3)

    def forward(self, z, words):
        f = self.body(z)
        return self.head(f) + (f * self.words(words)[..., None, None]).sum(1, keepdim=True) / f.shape[1] ** .5


def level(t):
    a = ALPHA_BAR[t].view(-1, 1, 1, 1)
    return a.sqrt(), (1 - a).sqrt()


def lcm_times(steps):
    """As LCMScheduler's, of 50."""
    return [(50 - int(k * 50 / steps)) * 20 - 1 for k in range(steps)]


class Teacher:
    def __init__(self, pipe, forward, low, guidance):
        self.text, self.plain, self.forward, self.low, self.guidance = pipe.text_encoder, pipe.unet, forward, low, guidance
        blank = pipe.tokenizer([""], padding="max_length", max_length=77, return_tensors="pt").input_ids.to(DEVICE)
        with torch.no_grad():
            self.blank = self.text(blank)[0]

    def call(self, x, t, words, forward=None):
        with torch.autocast(DEVICE, torch.float16 if CUDA else torch.bfloat16, enabled=CUDA):
            return (forward or self.forward)(x.contiguous(memory_format=torch.channels_last), t, encoder_hidden_states=words).sample.float()

    @torch.no_grad()
    def solve(self, x, start, words, steps, kept=None):
        """DPM-Solver++ (2M) from timestep `start` to clean -> the states on the way, their timesteps, the end"""
        times = [round(start * (1 - k / steps)) for k in range(steps)]
        both, states, last, last_h = torch.cat([words, self.blank.expand(len(x), -1, -1)]), [], None, None
        self.low.write(None)
        for k, t in enumerate(times):
            states.append(x)
            a, s = level(torch.tensor([t], device=DEVICE))
            v, free = self.call(torch.cat([x, x]), torch.full((2 * len(x),), t, device=DEVICE), both).chunk(2)
            clean = a * x - s * (free + self.guidance * (v - free))
            if k + 1 == len(times):
                break
            to_a, to_s = level(torch.tensor([times[k + 1]], device=DEVICE))
            h = (to_a / to_s).log() - (a / s).log()
            d = clean if last is None else clean + h / (2 * last_h) * (clean - last)
            x, last, last_h = to_s / s * x - to_a * torch.expm1(-h) * d, clean, h
            if kept:
                x = kept.around(x, to_a, to_s)
        return states, times, kept.around(clean, 1, 0) if kept else clean

    @torch.no_grad()
    def student(self, words, factors, times, kept=None):
        """LCM sampling by the student up to, but not with, the last of `times`: a state at that time"""
        self.low.write(factors)
        x = kept.noise if kept else torch.randn(len(words), 4, 32, 32, device=DEVICE)
        for t, to in zip(times, times[1:]):
            a, s = level(torch.tensor([t], device=DEVICE))
            v = self.call(x, torch.full((len(x),), t, device=DEVICE), words, self.plain)
            a2, s2 = level(torch.tensor([to], device=DEVICE))
            x = a2 * (a * x - s * v) + s2 * torch.randn_like(x)
            if kept:
                x = kept.around(x, a2, s2)
        return x


class Kept:
    """What lies around a hole: a scene's latents (scaled), the hole (B, 1, 32, 32), and the noise that the surroundings have all the way."""

    def __init__(self, z, hole):
        self.z, self.hole, self.noise = z, hole, torch.randn_like(z)

    def around(self, x, a, s):
        return self.hole * x + (1 - self.hole) * (a * self.z + s * self.noise)


def holes(spec):
    """Boxes and ellipses of all sizes, most of them over one of the things in front. (B, 1, 32, 32), 1 in the hole"""
    n = len(spec["obj"])
    front = spec["obj"][:, scenes.BACK:] >= 0
    which = torch.multinomial(front.float() + 1e-6, 1)[:, 0] + scenes.BACK
    g = spec["geo"][torch.arange(n, device=DEVICE), which]
    over = (torch.rand(n, device=DEVICE) < .7) & front.any(1)
    x, y = (torch.where(over, g[:, k] + torch.randn(n, device=DEVICE) * .05, torch.rand(n, device=DEVICE) * .7 + .15) for k in (0, 1))
    wide, tall = (torch.where(over, g[:, 2] * (torch.rand(n, device=DEVICE) * .5 + .75), torch.rand(n, device=DEVICE) * .55 + .2).clamp(.2, .95) / 2 for _ in range(2))
    axis = (torch.arange(32, device=DEVICE) + .5) / 32
    dx, dy = ((axis.view(1, 1, 32) - x.view(-1, 1, 1)) / wide.view(-1, 1, 1)).abs(), ((axis.view(1, 32, 1) - y.view(-1, 1, 1)) / tall.view(-1, 1, 1)).abs()
    round_ = torch.rand(n, 1, 1, device=DEVICE) < .5
    return torch.where(round_, dx ** 2 + dy ** 2 < 1, torch.maximum(dx, dy) < 1).float()[:, None]


class Paths:
    """A ring of (state, timestep, end, token ids)."""

    def __init__(self, size):
        self.x, self.end = (torch.empty(size, 4, 32, 32, device=DEVICE, dtype=torch.half) for _ in range(2))
        self.t, self.ids = torch.empty(size, device=DEVICE, dtype=torch.long), torch.empty(size, 77, device=DEVICE, dtype=torch.short)
        self.next, self.full = 0, 0

    def put(self, states, times, end, ids):
        for x, t in zip(states, times):
            at = torch.arange(self.next, self.next + len(x), device=DEVICE) % len(self.x)
            self.x[at], self.end[at], self.ids[at], self.t[at] = x.half(), end.half(), ids.short(), t
            self.next, self.full = (self.next + len(x)) % len(self.x), min(len(self.x), self.full + len(x))

    def draw(self, n):
        k = torch.randint(0, self.full, (n,), device=DEVICE)
        return self.x[k].float(), self.t[k], self.end[k].float(), self.ids[k].long()


def main(argv=None):
    args = options(argv, 500, 256, rank=(15, ""), lr=(1e-3, ""), chunk=(512, "paths solved at once"), every=(32, "steps between chunks"), teacher_steps=(16, ""),
                   guidance=(4., ""), adv=(.35, "the discriminator's pull, as a share of the other"), adv_from=(.3, "share of the time before it begins"),
                   start=("", "a LoRA to go on from"), ema=(.995, ""), ring=(131072, ""), own=(.6, "share of chunks that start where the student is"), holes=(0., "share of chunks that are inpainting"))
    at_once = min(128, args.chunk)
    pipe, stream = pipeline(args.model), Stream(args, at_once)
    unet, text, scale = pipe.unet, pipe.text_encoder, pipe.vae.config.scaling_factor
    unet.requires_grad_(True)
    low = LowRank(unet, args.rank)
    if args.start:
        low.load(args.start)
    params = low.factors()
    ema = [p.detach().clone() for p in params]
    opt = torch.optim.AdamW(params, lr=args.lr, betas=(.9, .98), weight_decay=1e-4, fused=CUDA)
    judge = Latents().to(DEVICE, memory_format=torch.channels_last)
    opt_judge = torch.optim.AdamW(judge.parameters(), lr=3e-4, betas=(.5, .95), weight_decay=1e-4, fused=CUDA)
    run = Run(args, "four-steps", params=params, ema=ema, opt=opt, judge=judge, opt_judge=opt_judge)
    part = run.part
    forward = compiled(args, unet)
    teacher, ring = Teacher(pipe, forward, low, args.guidance), Paths(args.ring)
    real_z, real_words = [], []
    dice = torch.Generator().manual_seed(args.seed + run.step)

    def chance(share):
        return torch.rand((), generator=dice).item() < share

    def chunk(own):
        ids, specs = zip(*[stream.specs() for _ in range(max(1, args.chunk // at_once))])
        ids, z = torch.cat(ids), []
        with torch.no_grad():
            words, pooled = text(ids)[:2]
            z = torch.cat([train.encode(pipe.vae, stream.painter(spec)) for spec in specs]).float() * scale
        real_z.append(z)
        real_words.append(pooled)
        del real_z[:-24], real_words[:-24]
        kept = None
        if chance(args.holes):
            kept = Kept(z, torch.cat([holes(spec) for spec in specs]))
            if chance(.4):  # something else than what was there
                other = torch.randperm(len(ids), device=DEVICE)
                ids, words = ids[other], words[other]
        start, x = 999, kept.noise if kept else torch.randn(len(ids), 4, 32, 32, device=DEVICE)
        if own:
            times = lcm_times((2, 4, 4, 8)[int(torch.randint(0, 4, (), generator=dice))])
            k = int(torch.randint(1, len(times), (), generator=dice))
            start, x = times[k], teacher.student(words, ema, times[:k + 1], kept)
        ring.put(*teacher.solve(x, start, words, max(3, round(args.teacher_steps * start / 999)), kept), ids)

    def save():
        store(low.named(ema), f"{args.out}/lora.safetensors")
        run.save()

    seen = None
    learnt = bool(args.start) or run.step > 0
    for _ in range(6 if CUDA else 1):
        chunk(learnt and chance(args.own))
    print(f"distil: {ring.full} states after {run.gone():.0f}s, LoRA of {sum(p.numel() for p in params)} parameters", flush=True)
    while run.going():
        if run.step % args.every == args.every - 1:
            chunk(chance(args.own * (1 if learnt else min(1, part() * 4))))
        x, t, end, ids = ring.draw(args.batch)
        with torch.no_grad():
            words, pooled = text(ids)[:2]
        for group in opt.param_groups:
            group["lr"] = run.rate(args.lr)
        low.write(params)
        a, s = level(t)
        with half():
            v = forward(x.contiguous(memory_format=torch.channels_last), t, encoder_hidden_states=words).sample
        clean = a * x - s * v.float()
        guess = clean.detach().requires_grad_(True)
        loss = (((guess - end) ** 2 + .01).sqrt() - .1).mean()
        pull, = torch.autograd.grad(loss, guess)
        if args.adv and part() > args.adv_from:
            k = torch.randint(0, len(real_z), ())
            pick = torch.randperm(len(real_z[k]), device=DEVICE)[:args.batch]
            real, real_pooled = real_z[k][pick], real_words[k][pick]
            judge.requires_grad_(True)
            with half():
                is_real, is_made = judge(real + torch.randn_like(real) * .03, real_pooled), judge(guess.detach() + torch.randn_like(guess) * .03, pooled)
            loss_judge = (F.relu(1 - is_real.float()).mean() + F.relu(1 + is_made.float()).mean()) / 2
            opt_judge.zero_grad(set_to_none=True)
            loss_judge.backward()
            torch.nn.utils.clip_grad_norm_(judge.parameters(), 2.)
            opt_judge.step()
            judge.requires_grad_(False)
            with half():
                fooled = -judge(guess, pooled).float().mean()
            g, = torch.autograd.grad(fooled, guess)
            ramp = min(1., (part() - args.adv_from) / .1)
            pull = pull + g * (args.adv * ramp * pull.norm() / g.norm().clamp(min=1e-12))
            seen = (loss_judge, is_real, is_made)
        unet.zero_grad(set_to_none=True)
        clean.backward(pull)
        low.take_gradients()
        torch.nn.utils.clip_grad_norm_(params, 1.)
        opt.step()
        run.done_step()
        blend(ema, params, run.step, args.ema)
        if run.says():
            extra = f" judge {seen[0].item():.3f} real {seen[1].mean().item():.2f} made {seen[2].mean().item():.2f}" if seen else ""
            high, lowt = (t > 600), (t < 300)
            d = (guess.detach() - end).abs().mean((1, 2, 3))
            print(f"distil {run.step} {run.gone():.0f}s loss {loss.item():.4f} l1 t>600 {d[high].mean().item():.4f} t<300 {d[lowt].mean().item():.4f} states {ring.full}{extra}", flush=True)
        if run.due():
            save()
    save()
    low.write(ema)
    pipe.scheduler = LCMScheduler.from_config(pipe.scheduler.config)
    pictures = evaluate.generate(pipe, evaluate.SHEET[:40 if CUDA else 1], steps=4 if CUDA else 1, guidance=1.0)
    page(pictures, 8, f"{args.out}/four-steps.webp", 85, .75)
    print(f"distil done {run.step} {run.gone():.0f}s", flush=True)
    stream.stop()


if __name__ == "__main__":
    main()
