"""Small files of every form in which PyTorch keeps tensors, and what PyTorch reads in them, as data/weights.

    python weight_files.py

NAME.pt (or .ckpt, .bin) is the form; NAME.safetensors holds what torch.load gives, every number in float64, which holds
all of them exactly. whole-model.pt and torchscript.pt are no lists of tensors: they are refused.
"""

import argparse
import collections
import datetime
import io
import pickle
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

OUT = Path(__file__).parent / "data/weights"
generator = torch.Generator().manual_seed(15)


def random(*shape):
    return torch.randn(*shape, generator=generator)


def tensors():
    """Every way to lie in a storage."""
    base = random(6, 10)
    return {
        "plain": random(3, 4),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        "transposed": random(4, 3).t(),
        "permuted": random(2, 3, 4).permute(2, 0, 1),
        "channels_last": random(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "expanded": random(1, 5).expand(4, 5),
        "expanded_scalar": torch.tensor(-0.75).expand(2, 3),
        "rows": base[2:4],
        "columns": base[:, 3],
        "block": base[1:4, 2:7],
        "every_second": base[::2, 1::3],
        "tied": base,
        "diagonal": random(4, 4).diagonal(),
    }


def kinds():
    """Every kind of numbers that is read."""
    wide = {
        "double": torch.float64, "float": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16,
        "float8_e4m3fn": torch.float8_e4m3fn, "float8_e5m2": torch.float8_e5m2,
    }
    found = {name: (random(3, 5) * 3).to(kind) for name, kind in wide.items()}
    found["float8_turned"] = (random(3, 5) * 3).to(torch.float8_e4m3fn).t()
    for name, kind, low, high in [
        ("long", torch.int64, -(1 << 40), 1 << 40), ("int", torch.int32, -70000, 70000),
        ("short", torch.int16, -30000, 30000), ("char", torch.int8, -128, 127), ("byte", torch.uint8, 0, 255),
        ("uint16", torch.uint16, 0, 65535), ("uint32", torch.uint32, 0, 1 << 32), ("uint64", torch.uint64, 0, 1 << 40),
    ]:
        found[name] = torch.randint(low, high, (7,), generator=generator, dtype=torch.int64).to(kind)
    found["bool"] = torch.tensor([True, False, True])
    return found


def dictionary(file):
    """What torch.load gives, without what stands around the tensors."""
    return torch.load(file, map_location="cpu", weights_only=False)


def keep(name, saved, inner=lambda loaded: loaded, **options):
    file = OUT / name
    torch.save(saved, file, **options)
    told(file, inner)


def told(file, inner=lambda loaded: loaded, loaded=None):
    loaded = inner(dictionary(file)) if loaded is None else loaded
    loaded = {key: value.detach() for key, value in loaded.items() if isinstance(value, torch.Tensor)}
    save_file({key: value.to(torch.float64).contiguous().clone() for key, value in loaded.items()},
              file.with_suffix(".safetensors"))


def deflated(name, of):
    with zipfile.ZipFile(OUT / of) as plain, zipfile.ZipFile(OUT / name, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry))
    told(OUT / name)


def storage_views(name):
    """As PyTorch wrote it before 0.4: a storage that is a part of another names it, its own offset and length."""
    whole = torch.arange(10, dtype=torch.float32)
    keys = {"view": ("view", 2, 6), "root": None}

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, tuple) and thing and thing[0] == "STORAGE":
                return ("storage", torch.FloatStorage, "root", "cpu", 10, keys[thing[1]])
            return None

    class Tensor:
        def __init__(self, *arguments):
            self.arguments = arguments

        def __reduce__(self):
            return torch._utils._rebuild_tensor, self.arguments

    saved = {
        "whole": Tensor(("STORAGE", "root"), 0, (10,), (1,)),
        "part": Tensor(("STORAGE", "view"), 1, (2, 2), (2, 1)),
    }
    out = io.BytesIO()
    for first in (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}):
        pickle.dump(first, out, protocol=2)
    Pickler(out, protocol=2).dump(saved)
    pickle.dump(["root"], out, protocol=2)
    out.write((10).to_bytes(8, "little") + whole.numpy().tobytes())
    (OUT / name).write_bytes(out.getvalue())
    told(OUT / name)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_in = torch.nn.Conv2d(4, 2, 3)

    def forward(self, x):
        return self.conv_in(x)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    old = {"_use_new_zipfile_serialization": False}
    keep("layouts.pt", tensors())
    keep("layouts-legacy.pt", tensors(), **old)
    keep("kinds.bin", kinds())
    # torch.save writes float8 in its old format, and torch.load fails there; what was saved is what is wanted.
    all_kinds = kinds()
    torch.save(all_kinds, OUT / "kinds-legacy.bin", **old)
    told(OUT / "kinds-legacy.bin", loaded=all_kinds)
    keep("protocol-4.pt", tensors(), pickle_protocol=4)
    keep("protocol-4-legacy.pt", tensors(), pickle_protocol=4, **old)
    deflated("deflated.pt", "layouts.pt")
    storage_views("storage-views.pt")
    few = collections.OrderedDict(a=random(2, 3), b=torch.nn.Parameter(random(3)), c=torch.nn.Buffer(random(2)))
    few._metadata = collections.OrderedDict(version=1)
    clutter = {
        "epoch": 3, "when": datetime.datetime(2023, 5, 1), "arguments": argparse.Namespace(lr=1e-4, name="x"),
        "optimizer_states": [{"state": {0: {"exp_avg": random(2, 3)}}, "param_groups": [{"lr": 1e-4}]}],
        "callbacks": {"best": torch.tensor(0.5)},
    }
    keep("lightning.ckpt", {"state_dict": few, **clutter}, lambda loaded: loaded["state_dict"])
    keep("lightning-legacy.ckpt", {"state_dict": few, **clutter}, lambda loaded: loaded["state_dict"], **old)
    keep("model.pt", {"model": few, "optimizer": {"state": {0: {"exp_avg": random(2, 3)}}}}, lambda loaded: loaded["model"])
    keep("module.pt", {"module": {"state_dict": few}, "betas": random(4)}, lambda loaded: loaded["module"]["state_dict"])
    keep("networks.pt", {"unet": dict(few), "vae": {"a": random(2)}, "step": 5},
         lambda loaded: {f"{part}.{name}": value for part in ("unet", "vae") for name, value in loaded[part].items()})
    keep("parameter-dict.pt", {"string_to_token": {"*": torch.tensor(265)},
                               "string_to_param": torch.nn.ParameterDict({"*": random(2, 8)})},
         lambda loaded: {"string_to_param.*": loaded["string_to_param"]["*"]})
    Model.__module__, Model.__qualname__ = "ldm.models.diffusion", "LatentDiffusion"
    import sys
    import types

    for name in ("ldm", "ldm.models", "ldm.models.diffusion"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["ldm.models.diffusion"].LatentDiffusion = Model
    torch.save(Model(), OUT / "whole-model.pt")
    torch.save({"model": Model(), "epoch": 2}, OUT / "whole-model-legacy.pt", **old)
    torch.jit.trace(Model(), torch.zeros(1, 4, 8, 8)).save(str(OUT / "torchscript.pt"))
    torch.save({"complex": torch.zeros(2, dtype=torch.complex64), "sparse": torch.eye(3).to_sparse(),
                "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "a": torch.ones(2)},
               OUT / "unread.pt")
    with open(OUT / "pickle.pt", "wb") as file:
        pickle.dump({"a": [1, 2, 3]}, file)


if __name__ == "__main__":
    with torch.no_grad():
        main()
