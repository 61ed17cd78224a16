"""Makes data/upscale: small upscalers of the ESRGAN family with random weights, and what PyTorch makes of a picture.

The networks are written here, after basicsr's rrdbnet_arch.py and srvgg_arch.py and the first ESRGAN's names.

    python upscale.py
"""
import json
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

DATA = Path(__file__).resolve().parent / "data" / "upscale"
FEATURES, GROWTH, BLOCKS = 8, 4, 2


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        for i in range(5):
            setattr(self, f"conv{i + 1}", nn.Conv2d(FEATURES + i * GROWTH, FEATURES if i == 4 else GROWTH, 3, 1, 1))

    def forward(self, x):
        seen = [x]
        for i in range(4):
            seen.append(F.leaky_relu(getattr(self, f"conv{i + 1}")(torch.cat(seen, 1)), 0.2))
        return self.conv5(torch.cat(seen, 1)) * 0.2 + x


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = Dense(), Dense(), Dense()

    def forward(self, x):
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):
    def __init__(self, ups=2, shuffle=1):
        super().__init__()
        self.shuffle, self.ups = shuffle, ups
        self.conv_first = nn.Conv2d(3 * shuffle * shuffle, FEATURES, 3, 1, 1)
        self.body = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.conv_body = nn.Conv2d(FEATURES, FEATURES, 3, 1, 1)
        for i in range(ups):
            setattr(self, f"conv_up{i + 1}", nn.Conv2d(FEATURES, FEATURES, 3, 1, 1))
        self.conv_hr, self.conv_last = nn.Conv2d(FEATURES, FEATURES, 3, 1, 1), nn.Conv2d(FEATURES, 3, 3, 1, 1)

    def forward(self, x):
        x = self.conv_first(F.pixel_unshuffle(x, self.shuffle))
        x = x + self.conv_body(self.body(x))
        for i in range(self.ups):
            x = F.leaky_relu(getattr(self, f"conv_up{i + 1}")(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


class Compact(nn.Module):
    def __init__(self, scale, convolutions=3):
        super().__init__()
        self.scale, self.body = scale, nn.ModuleList([nn.Conv2d(3, FEATURES, 3, 1, 1), nn.PReLU(FEATURES)])
        for _ in range(convolutions):
            self.body += [nn.Conv2d(FEATURES, FEATURES, 3, 1, 1), nn.PReLU(FEATURES)]
        self.body.append(nn.Conv2d(FEATURES, 3 * scale * scale, 3, 1, 1))

    def forward(self, x):
        y = x
        for layer in self.body:
            y = layer(y)
        return F.pixel_shuffle(y, self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


def predecessor(name):
    """As ESRGAN's second release calls it."""
    for new, old in (("conv_body", "trunk_conv"), ("body.", "RRDB_trunk."), ("rdb", "RDB"), ("conv_up", "upconv"), ("conv_hr", "HRconv")):
        name = name.replace(new, old)
    return name


def first_release(name, ups):
    """As ESRGAN's first one does: a list of layers."""
    layer, kind = name.rsplit(".", 1)
    tail = {f"conv_up{i + 1}": 3 * (i + 1) for i in range(ups)} | {"conv_hr": 3 * ups + 2, "conv_last": 3 * ups + 4}
    if layer == "conv_first":
        return f"model.0.{kind}"
    if layer == "conv_body":
        return f"model.1.sub.{BLOCKS}.{kind}"
    if layer in tail:
        return f"model.{tail[layer]}.{kind}"
    return f"model.1.sub.{layer.removeprefix('body.').replace('rdb', 'RDB')}.0.{kind}"


def main():
    torch.manual_seed(3)
    torch.set_grad_enabled(False)
    DATA.mkdir(exist_ok=True)
    # Sides that neither tiles nor folded pixels divide.
    picture = torch.randint(0, 256, (1, 3, 22, 30)).float()
    picture = F.avg_pool2d(F.pad(picture, (1, 1, 1, 1), mode="replicate"), 3, 1).round()
    tensors, scales = {"picture": picture[0].to(torch.uint8).permute(1, 2, 0).contiguous()}, {}
    cases = {
        "rrdb4.pth": (RRDBNet(), lambda state: {"params_ema": state, "params": {k: v * 0 for k, v in state.items()}}, 4),
        "rrdb2.safetensors": (RRDBNet(shuffle=2), lambda state: state, 2),
        "rrdb1.pth": (RRDBNet(shuffle=4), lambda state: {"params": state}, 1),
        "predecessor4.pth": (RRDBNet(), lambda state: {predecessor(k): v for k, v in state.items()}, 4),
        "first4.pth": (RRDBNet(), lambda state: {first_release(k, 2): v for k, v in state.items()}, 4),
        "first2.safetensors": (RRDBNet(ups=1), lambda state: {first_release(k, 1): v for k, v in state.items()}, 2),
        "first8.pth": (RRDBNet(ups=3), lambda state: {first_release(k, 3): v for k, v in state.items()}, 8),
        "compact4.pth": (Compact(4), lambda state: {"params": state}, 4),
        "compact2.safetensors": (Compact(2), lambda state: state, 2),
        "compact3.pth": (Compact(3), lambda state: {"params_ema": {k: v.half() for k, v in state.items()}}, 3),
    }
    for name, (network, packed, scale) in cases.items():
        for parameter in network.parameters():
            if parameter.dim() == 4:
                nn.init.normal_(parameter, std=1.2 * parameter[0].numel() ** -0.5)
            elif parameter.dim() == 1 and name.startswith("compact"):
                nn.init.uniform_(parameter, -0.3, 0.6)
        last = network.conv_last if isinstance(network, RRDBNet) else network.body[-1]
        # Around the middle grey, so that few values are cut off.
        last.weight.mul_(0.25)
        last.bias.fill_(0.45 if isinstance(network, RRDBNet) else 0.0)
        network.half().float()
        state = {k: v.detach().clone().contiguous() for k, v in network.state_dict().items()}
        if name.endswith(".pth"):
            torch.save(packed(state), DATA / name)
        else:
            save_file({k: v.half() for k, v in packed(state).items()}, DATA / name)
        given = picture / 255
        # As Real-ESRGAN pads: to whole pixels of what is folded.
        odd = getattr(network, "shuffle", 1)
        padded = F.pad(given, (0, -given.shape[3] % odd, 0, -given.shape[2] % odd), mode="replicate")
        out = network(padded)[..., : 22 * scale, : 30 * scale]
        tensors[name] = (out[0].clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()
        scales[name] = scale
        print(name, "cut off:", round(float(((out < 0) | (out > 1)).float().mean()), 3), "deviation:", round(float(out.std()), 3))
    save_file(tensors, DATA / "reference.safetensors")
    (DATA / "scales.json").write_text(json.dumps(scales, indent=1) + "\n")


if __name__ == "__main__":
    main()
