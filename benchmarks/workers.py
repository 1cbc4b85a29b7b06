"""Models that wait to be timed: each in a process of its own, told over stdin what to run.

    python benchmarks/workers.py soundlet|eager|reference FOLDER --threads N

A line of stdin is "PART FRAMES"; the answer is a line of JSON with the seconds it took and the
most memory held so far. "soundlet" and "eager" take a bundle (the second runs its PyTorch modules
as they are); "reference" takes a checkpoint of random_checkpoint.py, and stable-audio-tools.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from soundlet.timing import PROMPT, SEED, part_call, peak_bytes

STEPS, SECONDS = 8, 11.0
Run = Callable[[str, float], Callable[[], object]]


def soundlet_model(folder: Path, threads: int, engine: str) -> Run:
    import soundlet

    model = soundlet.load(folder, engine=engine, threads=threads)

    def run(part: str, seconds: float) -> Callable[[], object]:
        if part == "whole":
            return lambda: model.generate(
                PROMPT, seconds=seconds, steps=STEPS, seed=SEED, truncate_prompt=True
            )
        return part_call(model, part, seconds)  # type: ignore[arg-type]

    return run


def reference_model(folder: Path, threads: int) -> Run:
    """stable-audio-tools as its own command would load and call it, in float32 on the CPU."""
    warnings.filterwarnings("ignore")
    import torch
    import transformers as library

    torch.set_num_threads(threads)
    transformers: Any = library  # two of its loaders are replaced: there is no network
    encoder = transformers.T5EncoderModel.from_pretrained
    local = lambda *_, **__: encoder(folder / "t5")  # noqa: E731
    setattr(transformers.T5EncoderModel, "from_pretrained", local)  # noqa: B010
    setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: tokens)  # noqa: B010
    from stable_audio_tools.inference.generation import generate_diffusion_cond
    from stable_audio_tools.models.factory import create_model_from_config

    config = json.loads((folder / "model_config.json").read_text(encoding="utf-8"))
    # The released config asks for half precision, in which a processor without instructions for it
    # decodes for many minutes.
    config["model"]["pretransform"]["model_half"] = False
    window, rate = config["sample_size"], config["sample_rate"]
    skip_initialisation(torch)
    model = create_model_from_config(config)
    weights = torch.load(folder / "model.ckpt", mmap=True, weights_only=True)["state_dict"]
    model.load_state_dict(weights, strict=False, assign=True)
    model.eval().requires_grad_(False)
    frames = window // model.pretransform.downsampling_ratio
    told = [{"prompt": PROMPT, "seconds_start": 0, "seconds_total": SECONDS}]

    def call(work: Callable[[], object]) -> Callable[[], object]:
        def inside() -> object:
            with torch.inference_mode():
                return work()

        return inside

    def run(part: str, seconds: float) -> Callable[[], object]:
        del seconds  # it always samples and decodes its whole window
        latents = torch.randn(1, model.io_channels, frames)
        if part == "conditioners":
            return call(lambda: model.conditioner(told, "cpu"))
        if part == "dit":
            with torch.inference_mode():
                inputs = model.get_conditioning_inputs(model.conditioner(told, "cpu"))
            return call(lambda: model.model(latents, torch.tensor([0.5]), **inputs))
        if part == "decoder":
            return call(lambda: model.pretransform.decode(latents))
        if part == "encoder":
            audio = 0.1 * torch.randn(1, 2, window)
            return call(lambda: model.pretransform.encode(audio))
        return lambda: generate_diffusion_cond(
            model,
            steps=STEPS,
            cfg_scale=1.0,
            conditioning=told,
            sample_size=window,
            sample_rate=rate,
            sampler_type="pingpong",
            device="cpu",
            seed=SEED,
        )

    return run


def skip_initialisation(torch: Any) -> None:  # noqa: ANN401
    """Leave weights as they are allocated: the checkpoint's replace them."""
    for name in ("kaiming_uniform_", "uniform_", "normal_", "xavier_uniform_", "trunc_normal_"):
        setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)


def tokens(texts: list[str], max_length: int, **_: object) -> dict[str, Any]:
    """In the place of the tokenizer, whose files the random checkpoint has not."""
    import torch

    mask = (torch.arange(max_length) < 16).long()[None].repeat(len(texts), 1)
    return {"input_ids": 100 * mask, "attention_mask": mask}


def main() -> None:
    """Load the model, then answer lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=["soundlet", "eager", "reference"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, required=True)
    given = parser.parse_args()
    answers, sys.stdout = sys.stdout, sys.stderr  # the reference prints
    start = time.perf_counter()
    if given.kind == "reference":
        run = reference_model(given.folder, given.threads)
    else:
        engine = "onnx" if given.kind == "soundlet" else "torch"
        run = soundlet_model(given.folder, given.threads, engine)
    print(json.dumps({"loaded": time.perf_counter() - start}), file=answers, flush=True)
    calls: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        part, seconds = line.split()
        if line not in calls:
            calls[line] = run(part, float(seconds))
        start = time.perf_counter()
        calls[line]()
        elapsed = time.perf_counter() - start
        print(json.dumps({"seconds": elapsed, "peak": peak_bytes()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
