"""What torch's generator and diffusers' schedulers give without any model: torch_randn.json and sampling.json."""

import itertools
import json
import math
import warnings

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSinglestepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    FlowMatchLCMScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
)

CLASSES = {
    "ddim": DDIMScheduler,
    "ddpm": DDPMScheduler,
    "pndm": PNDMScheduler,
    "euler": EulerDiscreteScheduler,
    "euler-a": EulerAncestralDiscreteScheduler,
    "heun": HeunDiscreteScheduler,
    "lms": LMSDiscreteScheduler,
    "dpm2": KDPM2DiscreteScheduler,
    "dpm2-a": KDPM2AncestralDiscreteScheduler,
    "dpm++-2s": DPMSolverSinglestepScheduler,
    "dpm++-2m": DPMSolverMultistepScheduler,
    "dpm++-2m-sde": DPMSolverMultistepScheduler,
    "unipc": UniPCMultistepScheduler,
    "lcm": LCMScheduler,
}
# For models that go straight from noise to the picture.
FLOW_CLASSES = {
    "euler": FlowMatchEulerDiscreteScheduler,
    "heun": FlowMatchHeunDiscreteScheduler,
    "lcm": FlowMatchLCMScheduler,
    "dpm++-2m": DPMSolverMultistepScheduler,
    "dpm++-2m-sde": DPMSolverMultistepScheduler,
    "unipc": UniPCMultistepScheduler,
}
WITH_SIGMAS = [name for name, kind in CLASSES.items() if hasattr(kind, "_convert_to_karras")]
BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
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


def scheduler_of(name, config, sigmas=None):
    """As people switch: `X.from_config` on what the model brings along."""
    options = {"dpm++-2m-sde": {"algorithm_type": "sde-dpmsolver++"}}.get(name, {})
    if name == "dpm++-2m":
        # Who asks for it by name wants no noise, whatever the model's own solver does.
        options = {"algorithm_type": config.get("algorithm_type", "dpmsolver++").removeprefix("sde-")}
    if sigmas in ("karras", "exponential"):
        options |= {f"use_{sigmas}_sigmas": True}
    return CLASSES[name].from_config(config, **options)


def flow_scheduler_of(name, config, steps, mu=None):
    """Made from the model's own file, and set as diffusers' pipelines set it."""
    given = {}
    if name in ("dpm++-2m", "dpm++-2m-sde", "unipc"):
        # What people write down when they take such a solver: its shift has another name.
        given = {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": config.get("shift", 1.0)}
        given |= {"use_dynamic_shifting": config.get("use_dynamic_shifting", False)}
        given |= {"algorithm_type": "sde-dpmsolver++"} if name.endswith("sde") else {}
    scheduler = FLOW_CLASSES[name].from_config(config, **given)
    if name == "heun":
        if mu is not None:
            # It knows no moving shift: the one that the size gives takes the place of its own.
            scheduler = FLOW_CLASSES[name].from_config(config, shift=math.exp(mu))
        scheduler.set_timesteps(steps)
    elif name in ("euler", "lcm"):
        scheduler.set_timesteps(sigmas=torch.linspace(1.0, 1 / steps, steps).tolist(), mu=mu)
    else:
        # klein's pipeline leaves the levels to a solver that has its own.
        scheduler.set_timesteps(steps, mu=mu)
    return scheduler


def trajectory(name, config, steps, begin=0, is_flow=False, mu=None):
    """Walks from step `begin` (an img2img's start) to the end."""
    if is_flow:
        scheduler = flow_scheduler_of(name, config, steps, mu)
    else:
        scheduler = scheduler_of(name, config)
        scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(7)
    sample = torch.randn(SHAPE, generator=generator)
    timesteps = scheduler.timesteps[begin * scheduler.order :]
    if begin:
        original = torch.linspace(-1, 1, VALUES).reshape(SHAPE)
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin * scheduler.order)
        if hasattr(scheduler, "add_noise"):
            sample = scheduler.add_noise(original, sample, timesteps[:1])
        elif name == "heun":
            # Its own looks for a place among levels by a list of timesteps.
            sigma = scheduler.sigmas[begin * scheduler.order]
            sample = sigma * sample + (1 - sigma) * original
        else:
            sample = scheduler.scale_noise(original, timesteps[:1], sample)
    else:
        sample = sample * getattr(scheduler, "init_noise_sigma", 1.0)
    first, parameters = None, scheduler.step.__code__.co_varnames
    for timestep in timesteps:
        scaled = scheduler.scale_model_input(sample, timestep) if hasattr(scheduler, "scale_model_input") else sample
        output = network(scaled, timestep)
        extra = {"generator": generator} if "generator" in parameters and name != "ddim" else {}
        result = scheduler.step(output, timestep, sample, **extra)
        sample = result.prev_sample
        if first is None:
            first = result.get("pred_original_sample", result.get("denoised"))
    if not torch.isfinite(sample).all():
        raise ValueError("not finite")
    whole = [float(timestep) for timestep in scheduler.timesteps]
    case = {
        "calls": len(whole),
        "timesteps": whole[:3] + whole[-3:],
        "timestep_sum": sum(whole),
        "init_noise_sigma": float(getattr(scheduler, "init_noise_sigma", 1.0)),
        "last": sample.flatten()[:4].tolist(),
        "last_abs_sum": sample.abs().double().sum().item(),
    }
    if first is not None:
        case["first_original"] = first.flatten()[:4].tolist()
    return case


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.8g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


class Cases:
    """Configurations once each, cases refer to them by number."""

    def __init__(self):
        self.configs, self.cases, self.refused = [], [], []

    def add(self, name, steps, begin=0, is_flow=False, mu=None, **config):
        config = {key: value for key, value in config.items() if value != -math.inf}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                case = trajectory(name, config, steps, begin, is_flow, mu)
        except Exception as reason:  # what diffusers cannot do is no case
            self.refused.append(f"{name} {steps} {begin} {config}: {reason!r}"[:300])
            return
        if config not in self.configs:
            self.configs.append(config)
        head = {"scheduler": name, "config": self.configs.index(config), "steps": steps}
        case = {key: rounded(value) for key, value in case.items()}
        extra = {**({"begin": begin} if begin else {}), **({"mu": mu} if mu is not None else {})}
        self.cases.append({**head, **extra, **case})


def sampling():
    cases = Cases()
    add = cases.add
    predictions = ("epsilon", "v_prediction", "sample")
    spacings = ("leading", "linspace", "trailing")
    sd = {"steps_offset": 1, "clip_sample": False, "skip_prk_steps": True, **BETAS}
    for name, prediction, spacing in itertools.product(CLASSES, predictions, spacings):
        shared = {"prediction_type": prediction, "timestep_spacing": spacing, **sd}
        for steps in (1, 2, 7, 20) if prediction == "epsilon" else (3, 7):
            add(name, steps, **shared)
        add(name, 7, 2, **shared)
        if prediction != "epsilon":
            add(name, 7, **{**shared, "rescale_betas_zero_snr": True})
    for name, law, steps in itertools.product(WITH_SIGMAS, ("karras", "exponential"), (1, 2, 6, 20)):
        law = {f"use_{law}_sigmas": True}
        add(name, steps, **law, **sd)
        add(name, steps, prediction_type="v_prediction", timestep_spacing="trailing", **law, **sd)
    for name, law in itertools.product(WITH_SIGMAS, ("karras", "exponential")):
        law = {f"use_{law}_sigmas": True, **sd}
        add(name, 7, 3, timestep_spacing="leading", **law)
        add(name, 7, sigma_min=0.1, sigma_max=10.0, **law)
        add(name, 7, final_sigmas_type="sigma_min", lower_order_final=False, **law)
        add(name, 9, **{**law, "beta_schedule": "squaredcos_cap_v2"})
    for name in CLASSES:
        # What a class lacks in a file, and what it ignores there.
        add(name, 7)
        add(name, 7, beta_schedule="squaredcos_cap_v2")
        add(name, 7, num_train_timesteps=100)
        add(name, 4, trained_betas=[0.01 * (i + 1) for i in range(20)], num_train_timesteps=20)
        add(name, 7, clip_sample=True, clip_sample_range=0.5, set_alpha_to_one=False, **BETAS)
        add(name, 7, thresholding=True, dynamic_thresholding_ratio=0.9, sample_max_value=1.5, clip_sample=False)
        add(name, 6, 1, set_alpha_to_one=True, final_sigmas_type="sigma_min", lower_order_final=False, **BETAS)
        for own, kind in CLASSES.items():
            if own != "dpm++-2m-sde":
                written = {key: value for key, value in kind(**BETAS).config.items() if key != "_use_default_values"}
                add(name, 8, _class_name=kind.__name__, **written)
    for steps, begin in itertools.product((4, 5, 9, 20), (0, 1, 3)):
        add("pndm", steps, begin, **{**sd, "skip_prk_steps": False})
        add("pndm", steps, begin, prediction_type="v_prediction", **{**sd, "skip_prk_steps": False})
    for kind in ("fixed_small_log", "fixed_large"):
        add("ddpm", 7, variance_type=kind, **sd)
    add("lcm", 4, original_inference_steps=25, timestep_scaling=3.0, **sd)
    add("euler", 7, prediction_type="v_prediction", timestep_type="continuous", use_karras_sigmas=True, **sd)
    solvers = itertools.product(
        ("dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver"), ("midpoint", "heun"), (1, 2, 3), (6, 16)
    )
    for algorithm, kind, order, steps in solvers:
        shared = {"algorithm_type": algorithm, "solver_type": kind, "solver_order": order, **sd}
        own = "dpm++-2m-sde" if algorithm.startswith("sde") else "dpm++-2m"
        if algorithm != "sde-dpmsolver":
            add(own, steps, **shared)
        add("dpm++-2s", steps, **shared)
        shared |= {"final_sigmas_type": "sigma_min", "lower_order_final": False}
        if algorithm != "sde-dpmsolver":
            add(own, steps, **shared)
        add("dpm++-2s", steps, prediction_type="v_prediction", **shared)
    for own in ("dpm++-2m", "dpm++-2m-sde", "dpm++-2s"):
        add(own, 8, euler_at_final=True, final_sigmas_type="sigma_min", **sd)
        add(own, 16, euler_at_final=True, lower_order_final=False, final_sigmas_type="sigma_min", **sd)
        add(own, 8, use_lu_lambdas=True, **sd)
        add(own, 8, lambda_min_clipped=-1.5, beta_schedule="squaredcos_cap_v2")
        add(own, 8, lambda_min_clipped=-1.5, timestep_spacing="trailing", **sd)
        add(own, 8, thresholding=True, solver_order=3, **sd)
    for kind, order, by_data, steps in itertools.product(("bh1", "bh2"), (1, 2, 3, 4), (True, False), (6, 16)):
        shared = {"solver_type": kind, "solver_order": order, "predict_x0": by_data, **sd}
        add("unipc", steps, **shared)
        add("unipc", steps, 2, final_sigmas_type="sigma_min", lower_order_final=False, disable_corrector=[1, 3], **shared)
    return cases


def flow():
    """Models that go straight from noise to the picture: static and moving shifts, levels by law, late beginnings."""
    cases = Cases()

    def add(name, steps, begin=0, mu=None, **config):
        cases.add(name, steps, begin, is_flow=True, mu=mu, _class_name="FlowMatchEulerDiscreteScheduler", **config)

    for name, steps in itertools.product(FLOW_CLASSES, (1, 2, 4, 8, 20)):
        for shift in (1.0, 3.0, 6.0):
            add(name, steps, shift=shift)
        for mu in (0.3, 1.15, 2.0213):
            add(name, steps, mu=mu, use_dynamic_shifting=True, shift=3.0)
    for name in FLOW_CLASSES:
        for begin in (1, 3, 6):
            add(name, 7, begin, shift=3.0)
            add(name, 7, begin, mu=0.8, use_dynamic_shifting=True)
        add(name, 5, num_train_timesteps=100, shift=2.0)
    for name in ("euler", "lcm"):
        for law, steps in itertools.product(("karras", "exponential"), (2, 6)):
            add(name, steps, shift=3.0, **{f"use_{law}_sigmas": True})
        add(name, 6, shift=3.0, shift_terminal=0.1)
        add(name, 6, mu=1.2, use_dynamic_shifting=True, time_shift_type="linear", shift_terminal=0.02)
    add("euler", 5, shift=3.0, stochastic_sampling=True)
    return cases


def as_json(cases):
    def lines(values):
        return "[\n" + ",\n".join(json.dumps(value, separators=(",", ":")) for value in values) + "\n]"

    return f'{{"configs": {lines(cases.configs)},\n"cases": {lines(cases.cases)}}}\n'


def write_flow(folder):
    cases = flow()
    (folder / "flow.json").write_text(as_json(cases))
    print(f"{len(cases.cases)} walks of flow; refused {cases.refused}", flush=True)


def write(folder):
    write_flow(folder)
    cases = sampling()

    def lines(values):
        return "[\n" + ",\n".join(json.dumps(value, separators=(",", ":")) for value in values) + "\n]"

    (folder / "torch_randn.json").write_text(lines(torch_randn()) + "\n")
    (folder / "sampling.json").write_text(as_json(cases))
    print(f"{len(cases.cases)} walks; diffusers refuses {len(cases.refused)} that were tried", flush=True)
    return cases
