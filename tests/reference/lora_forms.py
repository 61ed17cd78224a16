"""Makes data/lora/forms.safetensors and forms.json: one small layer in every form that LyCORIS and PEFT write, and the
layer as the library merges it; and more forms of an embedding that lora.py made.

    python lora_forms.py        (torch, lycoris-lora, peft)
"""

import json
import logging
from pathlib import Path

import torch
from lycoris import modules
from peft import BOFTConfig, IA3Config, LoHaConfig, LoKrConfig, LoraConfig, OFTConfig, get_peft_model
from peft.tuners.boft import layer as boft_layer
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from torch import nn

DATA = Path(__file__).resolve().parent / "data/lora"
LAYER = "mid_block.attentions.0.proj_in"
FLAT = "lora_unet_" + LAYER.replace(".", "_")
DICE = torch.Generator().manual_seed(11)
logging.disable(logging.WARNING)

# Settings whose absence would mean another value.
MEANT = ["use_cayley_neumann", "feedforward_modules"]


def rand(*shape, std=0.3):
    return torch.randn(*shape, generator=DICE) * std


def linear(bias=False):
    layer = nn.Linear(12, 8, bias=bias)
    fill(layer)
    return layer


def conv(bias=False, inputs=6, outputs=8, kernel=3):
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    fill(layer)
    return layer


def norm():
    layer = nn.LayerNorm(8)
    fill(layer)
    return layer


def fill(module, std=0.3):
    for parameter in module.parameters():
        parameter.data.copy_(rand(*parameter.shape, std=std))


class Cases:
    def __init__(self):
        self.tensors, self.listed = {}, []

    def add(self, name, layer, file, merged, metadata=None, config=None):
        """`merged` gives weight and bias of the layer for each weight of the file."""
        entry = {"name": name, "file": sorted(file), "weights": sorted(merged), "metadata": metadata or {}, "config": config}
        self.tensors |= {f"{name}/base/{key}": value for key, value in layer.items()}
        self.tensors |= {f"{name}/file/{key}": value for key, value in file.items()}
        for weight, parameters in merged.items():
            self.tensors |= {f"{name}/{weight}/{key}": value for key, value in parameters.items() if value is not None}
        self.listed.append(entry)

    def save(self):
        tensors = {name: value.detach().clone().contiguous() for name, value in self.tensors.items()}
        save_file(tensors, DATA / "forms.safetensors")
        (DATA / "forms.json").write_text(json.dumps({"layer": LAYER, "cases": self.listed}, indent=1) + "\n")


def of(layer):
    return {name: value.detach().clone() for name, value in layer.named_parameters()}


@torch.no_grad()
def lycoris(cases):
    def case(name, layer, kind, weights=(1.0, 0.5), std=0.3, trained=False, metadata=None, **arguments):
        """`trained`: as the module computes in training, where its merge scales twice (LoHa and LoKr in 4.1)."""
        before = of(layer)
        module = kind(FLAT, layer, 1.0, **arguments)
        for key, parameter in module.named_parameters():
            base = parameter.data.clone() if key in ("dora_scale", "rescale") else 0
            parameter.data.copy_(base + rand(*parameter.shape, std=0.1 if key in ("dora_scale", "rescale") else std))
        state = module.state_dict()
        if kind is modules.FullModule:
            # Before it is applied, what it holds is the difference, and what it would save is not.
            state = dict(zip(("diff", "diff_b"), module.get_diff_weight()))
        file = {f"{FLAT}.{key}": value.detach().clone() for key, value in state.items()}
        merged = {}
        for weight in weights:
            if trained:
                module.multiplier = weight
                changed, bias = module(torch.eye(12)).T, None
            else:
                changed, bias = module.get_merged_weight(weight, before["weight"].shape)
            merged[weight] = {"weight": changed, "bias": bias if bias is not None else before.get("bias")}
        cases.add(f"lycoris-{name}", before, file, merged, metadata)

    case("locon", linear(), modules.LoConModule, lora_dim=3, alpha=1.5)
    case("locon-stabilised", linear(), modules.LoConModule, lora_dim=3, alpha=1.5, rs_lora=True)
    case("locon-conv", conv(), modules.LoConModule, lora_dim=2, alpha=1)
    case("locon-core", conv(), modules.LoConModule, lora_dim=2, alpha=1, use_tucker=True)
    for side, is_out in (("outputs", True), ("inputs", False)):
        wd = {"weight_decompose": True, "wd_on_out": is_out, "weights": (1.0,)}
        case(f"dora-{side}", linear(), modules.LoConModule, lora_dim=3, alpha=1.5, **wd)
        case(f"dora-{side}-conv", conv(), modules.LoConModule, lora_dim=2, alpha=1, **wd)
        case(f"loha-dora-{side}", linear(), modules.LohaModule, lora_dim=2, alpha=2, **wd)
        case(f"lokr-dora-{side}", linear(), modules.LokrModule, lora_dim=1, alpha=1, factor=2, **wd)
    case("loha", linear(), modules.LohaModule, lora_dim=2, alpha=1, trained=True)
    case("loha-conv", conv(), modules.LohaModule, lora_dim=2, alpha=2)
    case("loha-core", conv(), modules.LohaModule, lora_dim=2, alpha=2, use_tucker=True)
    case("lokr", linear(), modules.LokrModule, lora_dim=1, alpha=0.5, factor=2, trained=True)
    case("lokr-both", linear(), modules.LokrModule, lora_dim=1, alpha=0.5, factor=3, decompose_both=True, trained=True)
    case("lokr-whole", linear(), modules.LokrModule, lora_dim=9, alpha=1, factor=2)
    case("lokr-conv", conv(), modules.LokrModule, lora_dim=1, alpha=1, factor=2)
    case("lokr-core", conv(), modules.LokrModule, lora_dim=1, alpha=1, factor=2, use_tucker=True)
    case("lokr-whole-conv", conv(), modules.LokrModule, lora_dim=9, alpha=1, factor=2)
    case("full", linear(bias=True), modules.FullModule)
    case("full-conv", conv(bias=True), modules.FullModule)
    case("norm", norm(), modules.NormModule)
    case("oft", linear(), modules.DiagOFTModule, lora_dim=4)
    case("oft-limited", linear(), modules.DiagOFTModule, lora_dim=4, constraint=0.05)
    case("oft-rescaled", linear(), modules.DiagOFTModule, lora_dim=2, rescaled=True)
    case("oft-conv", conv(), modules.DiagOFTModule, lora_dim=4, constraint=0.02, rescaled=True)
    case("boft", linear(), modules.ButterflyOFTModule, lora_dim=2)
    case("boft-limited", linear(), modules.ButterflyOFTModule, lora_dim=4, constraint=0.05)
    case("boft-conv", conv(), modules.ButterflyOFTModule, lora_dim=4, rescaled=True)
    case("glora", linear(), modules.GLoRAModule, lora_dim=3, alpha=1.5)
    case("glora-square", nn_square(), modules.GLoRAModule, lora_dim=3, alpha=1.5)
    case("glora-conv", conv(), modules.GLoRAModule, lora_dim=3, alpha=1.5)
    arguments = {"ss_network_args": json.dumps({"algo": "glora", "rs_lora": "True"})}
    case("glora-stabilised", linear(), modules.GLoRAModule, lora_dim=3, alpha=1.5, rs_lora=True, metadata=arguments)
    for side, on_input in (("outputs", False), ("inputs", True)):
        case(f"ia3-{side}", linear(), modules.IA3Module, train_on_input=on_input)
        case(f"ia3-{side}-conv", conv(), modules.IA3Module, train_on_input=on_input)
        case(f"ia3-{side}-square", nn_square(), modules.IA3Module, train_on_input=on_input)


def nn_square():
    layer = nn.Linear(8, 8, bias=False)
    fill(layer)
    return layer


@torch.no_grad()
def by_formula(cases):
    """Forms that the libraries no longer write, as AUTOMATIC1111's webui merges them."""
    layer = nn_square()
    w, scale = layer.weight, 1.5 / 3
    a1, a2, b1, b2 = rand(3, 8), rand(8, 3), rand(3, 8), rand(8, 3)
    file = {f"{FLAT}.{key}.weight": value for key, value in (("a1", a1), ("a2", a2), ("b1", b1), ("b2", b2))}
    file[f"{FLAT}.alpha"] = torch.tensor(1.5)
    delta = (b2 @ b1 + (w @ a2) @ a1) * scale
    cases.add("old-glora", of(layer), file, {m: {"weight": w + m * delta} for m in (1.0, 0.5)})
    layer = linear()
    turn = torch.linalg.qr(rand(2, 4, 4))[0]
    turned = torch.einsum("k n m, k n i -> k m i", turn, layer.weight.view(2, 4, 12)).reshape(8, 12)
    merged = {m: {"weight": layer.weight + m * (turned - layer.weight)} for m in (1.0, 0.5)}
    cases.add("old-oft", of(layer), {f"{FLAT}.oft_diag": turn}, merged)


def tree(layer):
    """A model with the layer in its place."""
    root = at = nn.Module()
    *path, last = LAYER.split(".")
    for name in path:
        at.add_module(name, nn.Module())
        at = getattr(at, name)
    at.add_module(last, layer)
    root.forward = lambda x: x
    return root


@torch.no_grad()
def peft(cases):
    def case(name, layer, config, std=0.3, named=False, inside=False):
        """`named`: as a model's own state_dict has it, with the adapter's name. `inside`: settings as diffusers writes them."""
        before = of(layer)
        model = get_peft_model(tree(layer), config, adapter_name="my_style" if named else "default")
        for key, parameter in model.named_parameters():
            if parameter.requires_grad or "my_style" in key:
                is_near_one = any(part in key for part in ("ia3", "boft_s", "magnitude"))
                base = parameter.data.clone() if is_near_one else 0
                parameter.data.copy_(base + rand(*parameter.shape, std=0.1 if is_near_one else std))
        if named:
            file = {key: value.clone() for key, value in model.state_dict().items() if "my_style" in key}
        else:
            file = {key: value.clone() for key, value in get_peft_model_state_dict(model).items()}
        settings = json.loads(json.dumps(config.to_dict(), default=sorted))
        settings = {key: value for key, value in settings.items() if value not in (None, {}, "", False) or key in MEANT}
        merged = model.merge_and_unload().get_submodule(LAYER)
        if inside:
            file = {key.replace("base_model.model.", "unet.", 1): value for key, value in file.items()}
            metadata = {"lora_adapter_metadata": json.dumps({f"unet.{key}": value for key, value in settings.items()})}
            cases.add(f"peft-{name}", before, file, {1.0: of(merged)}, metadata)
        else:
            cases.add(f"peft-{name}", before, file, {1.0: of(merged)}, config=settings)

    target = {"target_modules": ["proj_in"]}
    case("lora", linear(), LoraConfig(r=3, lora_alpha=6, **target))
    case("lora-conv", conv(), LoraConfig(r=3, lora_alpha=6, **target))
    case("lora-named", linear(), LoraConfig(r=3, lora_alpha=3, **target), named=True)
    case("lora-stabilised", linear(), LoraConfig(r=4, lora_alpha=6, use_rslora=True, **target))
    case("lora-pattern", linear(), LoraConfig(r=3, lora_alpha=6, alpha_pattern={"proj_in": 2}, **target))
    case("lora-inside", linear(), LoraConfig(r=4, lora_alpha=6, use_rslora=True, **target), inside=True)
    case("lora-bias", linear(bias=True), LoraConfig(r=3, lora_alpha=6, lora_bias=True, **target))
    case("lora-bias-named", conv(bias=True), LoraConfig(r=3, lora_alpha=3, lora_bias=True, **target), named=True)
    case("dora", linear(), LoraConfig(r=3, lora_alpha=6, use_dora=True, **target))
    case("dora-named", linear(), LoraConfig(r=3, lora_alpha=3, use_dora=True, **target), named=True)
    case("dora-conv", conv(), LoraConfig(r=3, lora_alpha=6, use_dora=True, **target))
    case("loha", linear(), LoHaConfig(r=2, alpha=3, **target))
    case("loha-named", linear(), LoHaConfig(r=2, alpha=2, **target), named=True)
    case("loha-core", conv(), LoHaConfig(r=2, alpha=3, use_effective_conv2d=True, **target))
    case("lokr", linear(), LoKrConfig(r=1, alpha=3, decompose_factor=2, **target))
    case("lokr-whole", linear(), LoKrConfig(r=8, alpha=3, decompose_factor=2, **target))
    case("lokr-conv", conv(), LoKrConfig(r=1, alpha=3, decompose_factor=2, **target))
    case("lokr-core", conv(), LoKrConfig(r=1, alpha=3, decompose_factor=2, use_effective_conv2d=True, **target))
    case("oft", linear(), OFTConfig(oft_block_size=4, **target), std=0.1)
    case("oft-three-terms", linear(), OFTConfig(oft_block_size=4, num_cayley_neumann_terms=3, **target), std=0.1)
    case("oft-exact", linear(), OFTConfig(oft_block_size=4, use_cayley_neumann=False, **target))
    case("oft-shared", linear(), OFTConfig(oft_block_size=4, block_share=True, **target), std=0.1)
    case("oft-limited", linear(), OFTConfig(oft_block_size=4, coft=True, eps=0.05, **target))
    case("oft-conv", conv(), OFTConfig(oft_block_size=6, use_cayley_neumann=False, **target))
    case("oft-named", linear(), OFTConfig(oft_block_size=4, **target), std=0.1, named=True)
    case("boft", linear(), BOFTConfig(boft_block_size=4, **target))
    case("boft-conv", conv(), BOFTConfig(boft_block_size=6, **target))
    # The butterflies take a kernel for graphics cards; it only lays blocks on a diagonal.
    boft_layer.get_fbd_cuda = lambda: True
    boft_layer.FastBlockDiag.apply = lambda blocks: torch.stack([torch.block_diag(*stage) for stage in blocks])
    case("boft-stages", nn.Linear(16, 8, bias=False), BOFTConfig(boft_block_size=4, boft_n_butterfly_factor=2, **target))
    case("boft-more-stages", nn.Linear(16, 8, bias=False), BOFTConfig(boft_block_size=2, boft_n_butterfly_factor=3, **target))
    for side, names in (("outputs", []), ("inputs", ["proj_in"])):
        case(f"ia3-{side}", linear(bias=True), IA3Config(feedforward_modules=names, **target))
        case(f"ia3-{side}-conv", conv(bias=True), IA3Config(feedforward_modules=names, **target))
        case(f"ia3-{side}-square", conv(bias=True, inputs=8), IA3Config(feedforward_modules=names, **target))


def embeddings():
    """moss.pt's vectors as the first authors kept them, and as diffusers writes a `.bin`."""
    vectors = torch.load(DATA / "moss.pt")["string_to_param"]["*"]
    kept = nn.ParameterDict({"*": nn.Parameter(vectors)})
    torch.save({"string_to_token": {"*": torch.tensor(265)}, "string_to_param": kept}, DATA / "moss-parameters.pt")
    torch.save({"<moss>": vectors}, DATA / "moss-word.bin")


if __name__ == "__main__":
    torch.manual_seed(5)
    embeddings()
    cases = Cases()
    lycoris(cases)
    by_formula(cases)
    peft(cases)
    cases.save()
    print(len(cases.listed), "cases")
