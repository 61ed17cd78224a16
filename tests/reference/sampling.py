"""What torch's generator and diffusers' schedulers give without any model: torch_randn.json and sampling.json."""

import itertools
import json

import torch
from diffusers import DDIMScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler

CLASSES = {"ddim": DDIMScheduler, "euler": EulerDiscreteScheduler, "euler-a": EulerAncestralDiscreteScheduler}
SHAPE = (1, 4, 2, 3)
VALUES = 24


def torch_randn():
    """Seeds and sequences of calls; long answers keep their two ends."""
    cases = []
    sequences = [[n] for n in (1, 5, 15, 16, 17, 31, 32, 100, 1000)]
    sequences += [[5, 17, 1, 16, 3], [1, 1, 1, 40, 1], [1000, 15, 1000], [4096, 4096]]
    for seed, calls in itertools.product((0, 42, 2**31 + 7, 2**32 + 42, 2**64 - 1), sequences):
        # torch takes seeds up to 2^64 - 1 only as their negative counterparts.
        generator = torch.Generator().manual_seed(seed if seed < 2**63 else seed - 2**64)
        answers = []
        for n in calls:
            values = torch.randn(n, generator=generator)
            answers.append({"n": n, "first": values[:8].tolist(), "last": values[-20:].tolist()})
        cases.append({"seed": str(seed), "calls": answers})
    return cases


def network(sample, timestep):
    """Stands for the network: linear, so that both sides round it alike."""
    pattern = ((torch.arange(VALUES) * 7 % 5 - 2).float() * 0.1).reshape(SHAPE)
    return sample * 0.5 + pattern * (timestep.float() / 1000)


def trajectory(name, config, steps):
    scheduler = CLASSES[name].from_config(config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(7)
    sample = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    first = None
    extra = {} if name == "ddim" else {"generator": generator}
    for timestep in scheduler.timesteps:
        output = network(scheduler.scale_model_input(sample, timestep), timestep)
        result = scheduler.step(output, timestep, sample, **extra)
        sample = result.prev_sample
        if first is None:
            first = result.pred_original_sample
    original, noise = torch.linspace(-1, 1, VALUES), torch.linspace(2, -2, VALUES)
    half = scheduler.timesteps[steps // 2 : steps // 2 + 1]
    fresh = CLASSES[name].from_config(config)
    fresh.set_timesteps(steps)
    return {
        "scheduler": name,
        "config": config,
        "steps": steps,
        "timesteps": scheduler.timesteps.tolist(),
        "init_noise_sigma": float(scheduler.init_noise_sigma),
        "first_original": first.flatten()[:4].tolist(),
        "last": sample.flatten()[:4].tolist(),
        "last_abs_sum": sample.abs().double().sum().item(),
        "noised_at_half": fresh.add_noise(original, noise, half)[:4].tolist(),
    }


def sampling():
    cases = []

    def add(name, steps, **config):
        if name == "euler-a" and config.get("prediction_type") == "sample":
            return  # diffusers lacks it
        if name == "ddim" and config.get("rescale_betas_zero_snr") and config.get("prediction_type") == "epsilon":
            return  # a division by zero
        cases.append(trajectory(name, config, steps))

    predictions = ("epsilon", "v_prediction", "sample")
    spacings = ("leading", "linspace", "trailing")
    betas = (
        {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
        {"beta_schedule": "linear"},
        {"beta_schedule": "squaredcos_cap_v2"},
    )
    for name, prediction, spacing, beta in itertools.product(CLASSES, predictions, spacings, betas):
        for steps in (1, 2, 7, 20, 50) if beta is betas[0] else (7, 20):
            add(name, steps, prediction_type=prediction, timestep_spacing=spacing, clip_sample=False, **beta)
    for name, prediction, spacing in itertools.product(CLASSES, predictions, spacings):
        shared = {"prediction_type": prediction, "timestep_spacing": spacing, **betas[0]}
        for steps in (2, 7, 20):
            add(name, steps, rescale_betas_zero_snr=True, steps_offset=1, clip_sample=False, **shared)
        add(name, 7, clip_sample=True, clip_sample_range=0.5, set_alpha_to_one=False, steps_offset=1, **shared)
    for prediction, spacing in itertools.product(predictions, spacings):
        shared = {"prediction_type": prediction, "timestep_spacing": spacing, **betas[0]}
        add("ddim", 7, thresholding=True, dynamic_thresholding_ratio=0.9, sample_max_value=1.5, **shared)
        for steps in (1, 2, 7, 20):
            add("euler", steps, use_karras_sigmas=True, **shared)
            add("euler", steps, use_exponential_sigmas=True, steps_offset=1, **shared)
        add("euler", 7, use_karras_sigmas=True, sigma_min=0.1, sigma_max=10.0, **shared)
        add("euler", 7, final_sigmas_type="sigma_min", **shared)
    for name in CLASSES:
        # Another class's file: what it lacks is the reader's own default.
        add(name, 7, _class_name="PNDMScheduler", skip_prk_steps=True, steps_offset=1, **betas[0])
        add(name, 7, _class_name="DDIMScheduler")
        add(name, 7, num_train_timesteps=100)
        add(name, 4, trained_betas=[0.01 * (i + 1) for i in range(20)], num_train_timesteps=20)
    return cases


def write(folder):
    for name, cases in (("torch_randn", torch_randn()), ("sampling", sampling())):
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n")
