"""A sharper decoder for the built-in model's autoencoder. The encoder, and so the latent space, stays as it is.

    python decoder.py --data DATA --out OUT [--seconds 400]

Only the decoder and post_quant_conv learn: the first training's losses (L1, L2, gradients at three scales, with more weight on flat colour) plus a patch
discriminator (hinge, and the distance of its features), whose pull is measured against the others' at the picture.
Half of the latents are the encoder's, half went through noise and one step of the UNet, as generated ones have.
OUT/vae.safetensors is always a whole VAE in float16, averaged weights.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

import train
from common import ALPHA_BAR, CUDA, DEVICE, Run, Stream, blend, compiled, half, laid_over, options, page, pipeline, shown, store, weights


class Patches(nn.Module):
    """PatchGAN: each of its answers sees 46 pixels, each of its early features far fewer."""

    def __init__(self, width=64):
        super().__init__()
        sizes = [(3, width, 4, 2), (width, width * 2, 4, 2), (width * 2, width * 4, 4, 1)]
        self.blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(a, b, k, s, 1), nn.GroupNorm(8, b) if a > 3 else nn.Identity(), nn.LeakyReLU(.2))
                                    for a, b, k, s in sizes)
        self.head = nn.Conv2d(width * 4, 1, 4, 1, 1)

    def forward(self, x):
        features = []
        for block in self.blocks:
            x = block(x)
            features.append(x)
        return self.head(x), features


def plain_loss(y, x):
    """What the autoencoder was first trained with, and the mean colour of eight pixels."""
    loss, a, b = (y - x).abs().mean() + ((y - x) ** 2).mean(), y, x
    for _ in range(3):
        loss = loss + .4 * ((a[..., 1:] - a[..., :-1]) - (b[..., 1:] - b[..., :-1])).abs().mean()
        loss = loss + .4 * ((a[..., 1:, :] - a[..., :-1, :]) - (b[..., 1:, :] - b[..., :-1, :])).abs().mean()
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return loss + 2 * (a - b).abs().mean()  # flat colours stay flat


def edge_energy(x):
    """Mean squared difference of neighbours: what blur takes away first."""
    x = x.float()
    return ((x[..., 1:] - x[..., :-1]) ** 2).mean((1, 2, 3)) + ((x[..., 1:, :] - x[..., :-1, :]) ** 2).mean((1, 2, 3))


@torch.no_grad()
def figures(vae, pictures):
    out = []
    for x in pictures.split(32):
        with half():
            y = vae.decode(vae.encode(x).latent_dist.mean).sample.float().clamp(-1, 1)
        mse = ((y - x) ** 2).mean((1, 2, 3)) / 4
        out.append(torch.stack([(y - x).abs().mean((1, 2, 3)) / 2, -10 * mse.log10(), edge_energy(y), edge_energy(x)], 1))
    out = torch.cat(out)
    return dict(l1=out[:, 0].mean().item(), psnr=out[:, 1].mean().item(), edges=(out[:, 2].sum() / out[:, 3].sum()).item())


@torch.no_grad()
def nearly_clean(pipe, z, ids, low=10, high=120):
    """Latents (scaled) after noise and one step of the UNet back."""
    t = torch.randint(low, high, (len(z),), device=DEVICE)
    a = ALPHA_BAR[t].view(-1, 1, 1, 1)
    noisy = a.sqrt() * z + (1 - a).sqrt() * torch.randn_like(z)
    with half():
        v = pipe.unet(noisy, t, encoder_hidden_states=pipe.text_encoder(ids)[0]).sample.float()
    return a.sqrt() * noisy - (1 - a).sqrt() * v


def main(argv=None):
    args = options(argv, 400, 24, adv=(.45, "the discriminator's pull, as a share of the other losses'"), lr=(3e-4, ""),
                   start=("", "a VAE file to go on from"), ema=(.997, ""), alone=(150, "steps before the discriminator pulls"))
    pipe, stream = pipeline(args.model), Stream(args, args.batch)
    vae, scale = pipe.vae, pipe.vae.config.scaling_factor
    held = torch.cat([stream()[1] for _ in range(max(1, 192 // args.batch) if CUDA else 1)])
    print("before", figures(vae, held), flush=True)
    with torch.no_grad():
        before = torch.cat([vae.decode(vae.encode(x).latent_dist.mean).sample for x in held[:12].split(4)])
    if args.start:
        vae.load_state_dict(weights(args.start))
    params = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    for p in params:
        p.requires_grad_(True)
    ema = [p.detach().clone() for p in params]
    judge = Patches().to(DEVICE, memory_format=torch.channels_last)
    opt = torch.optim.AdamW(params, lr=args.lr, betas=(.8, .98), weight_decay=0, fused=CUDA)
    opt_judge = torch.optim.AdamW(judge.parameters(), lr=4e-4, betas=(.5, .95), weight_decay=1e-4, fused=CUDA)
    run = Run(args, "decoder", params=params, ema=ema, opt=opt, judge=judge, opt_judge=opt_judge)
    decoder = compiled(args, vae.decoder)

    def save():
        with laid_over(params, ema):
            store(vae.state_dict(), f"{args.out}/vae.safetensors")
            result = figures(vae, held)
        run.save()
        return result

    while run.going():
        ids, x = stream()
        z = train.encode(vae, x).float() * scale
        few = len(x) // 2
        z = torch.cat([z[:few] + torch.randn_like(z[:few]) * torch.rand(few, 1, 1, 1, device=DEVICE) * .04, nearly_clean(pipe, z[few:], ids[few:])])
        x = x.contiguous(memory_format=torch.channels_last)
        for group in opt.param_groups:
            group["lr"] = run.rate(args.lr)
        with half():
            y = decoder(vae.post_quant_conv(z / scale))
        y = y.float()
        fake = y.detach()
        with half():
            said, _ = judge(torch.cat([x, fake]).contiguous(memory_format=torch.channels_last))
        real, made = said.float().chunk(2)
        loss_judge = (F.relu(1 - real).mean() + F.relu(1 + made).mean()) / 2
        opt_judge.zero_grad(set_to_none=True)
        loss_judge.backward()
        torch.nn.utils.clip_grad_norm_(judge.parameters(), 2.)
        opt_judge.step()
        fake = fake.requires_grad_(True)
        plain = plain_loss(fake, x)
        pull, = torch.autograd.grad(plain, fake)
        if run.step >= args.alone:
            judge.requires_grad_(False)
            with half():
                with torch.no_grad():
                    _, wanted = judge(x)
                said, seen = judge(fake)
            for loss, share in ((-said.float().mean(), args.adv), (sum((a.float() - b.float()).abs().mean() for a, b in zip(seen, wanted)), .5)):
                g, = torch.autograd.grad(loss, fake, retain_graph=True)
                pull = pull + g * (share * min(1., (run.step - args.alone) / 300) * plain_norm(pull) / plain_norm(g).clamp(min=1e-12))
            judge.requires_grad_(True)
        opt.zero_grad(set_to_none=True)
        y.backward(pull)
        torch.nn.utils.clip_grad_norm_(params, 1.)
        opt.step()
        run.done_step()
        blend(ema, params, run.step, args.ema)
        if run.says():
            print(f"decoder {run.step} {run.gone():.0f}s plain {plain.item():.4f} judge {loss_judge.item():.3f} real {real.mean().item():.2f} made {made.mean().item():.2f}", flush=True)
        if run.due():
            print("decoder", save(), flush=True)
    print("after", save(), flush=True)
    with torch.no_grad(), laid_over(params, ema):
        after = torch.cat([vae.decode(vae.encode(x).latent_dist.mean).sample for x in held[:12].split(4)])
    page(shown(torch.cat([held[:12], before, after])), 12 if CUDA else len(after), f"{args.out}/decoder.webp", 92)
    stream.stop()


def plain_norm(g):
    return g.float().flatten().norm()


if __name__ == "__main__":
    main()
