"""The recipe on eight drawn things: every script learns for two steps, is broken off, and goes on.

    python -m pytest -q tests
"""
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import common
import conftest
import data as fetching
import decoder
import distil
import everyday
import scenes
import scribble
import style
import upscale

SMALL = ["--batch", "2", "--workers", "0", "--steps", "2"]


def ran(script, data, out, *more):
    script.main(["--data", data, "--out", str(out), *SMALL, *more])


def goes_on(script, data, out, name, *more):
    """Two steps, and one more from where they ended."""
    ran(script, data, out, *more)
    before = torch.load(f"{out}/{name}.state", weights_only=True)
    assert before["step"] == 2
    ran(script, data, out, *more, "--steps", "3")
    after = torch.load(f"{out}/{name}.state", weights_only=True)
    assert after["step"] == 3
    moved = [not torch.equal(a, b) for a, b in zip(before["params"], after["params"])]
    assert any(moved), "the third step learnt nothing"


def names_of(path, kind):
    return {k.removesuffix(kind) for k in load_file(path) if k.endswith(kind)}


def test_scenes_show_what_the_words_say(data):
    rgba, names, tags = scenes.load_objects(data)
    assert names == conftest.NAMES and rgba.shape == (8, 256, 256, 4)
    grammar = scenes.Grammar(names, tags, scenes.outline_tops(rgba), 5)
    drawn = [grammar.scene() for _ in range(40)]
    again = scenes.Grammar(names, tags, scenes.outline_tops(rgba), 5)
    assert [again.scene()[0] for _ in range(40)] == [words for words, _ in drawn], "a seed gives the same scenes"
    pictures = scenes.Painter(rgba, "cpu")(scenes.stack([spec for _, spec in drawn]))
    assert pictures.shape == (40, 3, 256, 256) and pictures.abs().max() <= 1
    blue = next(i for i, (words, _) in enumerate(drawn) if words.endswith(" background") and "gradient" not in words and "white" not in words)
    colour = drawn[blue][0].split()[-2]
    assert np.abs((pictures[blue, :, 2, 2].numpy() / 2 + .5) * 255 - scenes.COLOURS[colour]).max() < 12


def test_flat_things_are_the_same_things(data):
    flat = scenes.load_flat(data, 64)
    rgba, _, _ = scenes.load_objects(data)
    assert len(flat) == len(rgba)
    assert np.array_equal(flat[7] > 0, np.asarray(common.Image.fromarray(rgba[7]).resize((64, 64))) > 0), "what has no drawing is its picture"
    assert np.abs(flat[0, 32, 32, :3].astype(int) - rgba[0, 128, 128, :3]).max() < 8


def test_pixel_art_is_squares_of_the_palette(data):
    rgba, names, tags = scenes.load_objects(data)
    grammar = scenes.Grammar(names, tags, scenes.outline_tops(rgba), 6)
    spec = scenes.stack([grammar.scene()[1] for _ in range(6)])
    pixels = style.Styled("pixel-art", data)(spec)
    squares = pixels.unfold(2, style.CELL, style.CELL).unfold(3, style.CELL, style.CELL)
    assert (squares == squares[..., :1, :1]).all()
    seen = {tuple(c) for c in ((pixels[:, :, ::style.CELL, ::style.CELL].permute(0, 2, 3, 1).reshape(-1, 3) + 1) * 500).round().int().tolist()}
    assert seen <= {tuple(c) for c in (style.palette() * 1000).round().int().tolist()}


def test_upscalers_pairs_are_of_one_scene(data, tmp_path):
    args = common.options(["--data", data, "--out", str(tmp_path), *SMALL], 1, 2)
    pipe = common.pipeline(args.model)
    pairs = upscale.Pairs(args, pipe, common.Stream(args, 2))
    for look in (0, 1, 2):
        x, y = pairs(0, look)
        assert x.shape == (2, 3, 256, 256) and y.shape == (2, 3, 512, 512)
        assert (torch.nn.functional.avg_pool2d(y, 2) - x).abs().max() < 1e-5
    soft, y = pairs(2, 1)
    assert upscale.edge_energy(soft).mean() > 0 and (torch.nn.functional.avg_pool2d(y, 2) - soft).abs().mean() < .1


def test_the_upscaler(data, tmp_path):
    goes_on(upscale, data, tmp_path, "upscaler", "--held", "0", "--adv-from", "0", "--crops", "1", "--crop", "64", "--ring", "4", "--first", "2", "--every", "9")
    assert os.path.getsize(tmp_path / "upscaler.safetensors") < 1_250_000
    net = upscale.Compact()
    net.load_state_dict(common.weights(f"{tmp_path}/upscaler.safetensors"))
    assert net(torch.rand(1, 3, 15, 24)).shape == (1, 3, 30, 48)


@pytest.mark.parametrize("name", style.STYLES)
def test_a_style(data, tmp_path, name):
    goes_on(style, data, tmp_path, name, "--style", name, "--fresh", "2", "--first", "2", "--ring", "4")
    path = f"{tmp_path}/{name}.safetensors"
    assert os.path.getsize(path) < 1_000_000
    assert names_of(path, ".lora_A.weight") == names_of(path, ".lora_B.weight") != set()
    pipe = common.pipeline(f"{common.BUILTIN}/model")
    pipe.load_lora_weights(path)


def test_four_steps_with_holes(data, tmp_path):
    goes_on(distil, data, tmp_path, "four-steps", "--chunk", "2", "--ring", "32", "--teacher-steps", "3", "--every", "1", "--holes", "1", "--adv-from", "0")
    lora = load_file(tmp_path / "lora.safetensors")
    shipped = load_file(f"{common.BUILTIN}/four-steps/lora.safetensors")
    assert {k: v.shape for k, v in lora.items()} == {k: v.shape for k, v in shipped.items()}


def test_around_a_hole_nothing_changes():
    z, hole = torch.randn(2, 4, 32, 32), torch.zeros(2, 1, 32, 32)
    hole[:, :, 8:16, 8:16] = 1
    kept = distil.Kept(z, hole)
    x = torch.randn_like(z)
    seen = kept.around(x, 1, 0)
    assert torch.equal(seen[:, :, 8:16, 8:16], x[:, :, 8:16, 8:16]) and torch.equal(seen[:, :, :8], z[:, :, :8])


def test_the_decoder(data, tmp_path):
    goes_on(decoder, data, tmp_path, "decoder", "--alone", "0")


def test_the_scribble_adapter(data, tmp_path):
    goes_on(scribble, data, tmp_path, "scribble", "--fresh", "2", "--first", "2", "--ring", "4", "--lora", f"{common.BUILTIN}/four-steps/lora.safetensors")


def test_everyday_prompts_are_two_hundred():
    assert len(everyday.PROMPTS) == len({words for words, _ in everyday.PROMPTS}) == 200


def test_a_package_with_another_hash_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="hash"):
        fetching.unpack(b"something else", next(iter(fetching.PACKAGES.values()))[2], str(tmp_path / "fe3d"))
    assert not os.path.exists(tmp_path / "fe3d")
