"""A flow moved away from what some sounds teach it, towards what others do.

Two runs that begin with the same flow and draw the same random numbers, on sounds for the same
captions, end apart in just what their sounds differ in; the flow is moved along that difference.

One is on real sounds and one on the flow's own: a flow that was trained on its own sounds gets more
of what is wrong with them. Or both are on its own, one on those that fit their captions better and
one on those that fit them worse (`soundlet.training.comparing`).

Source: negative extrapolation from training on one's own samples,
https://arxiv.org/abs/2510.03597; preferred and other samples of one prompt,
https://arxiv.org/abs/2311.12908; the difference of two models as a direction of their weights,
https://arxiv.org/abs/2212.04089.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import torch

from soundlet.bundle import MODEL_CONFIG, T5_CONFIG, TOKENIZER
from soundlet.training.latents import STATISTICS, read_statistics
from soundlet.training.loop import TrainingError
from soundlet.training.trained_flow import flow_weights
from soundlet.training.weights import CHECKPOINT, average_weights, require_files
from soundlet.whole_files import make_folder, write_whole

DIT = "dit."  # what a flow's weights are named by, of those of no other stage


def extrapolate(
    flow: Path, towards: Path, away_from: Path, out: Path, *, weight: float = 0.3
) -> None:
    """Write a run whose weights are those of a flow and a share of what two runs differ in.

    Args:
        flow: what both runs began with: a run, or a bundle.
        towards: the run on real sounds, or on better ones.
        away_from: the run on sounds of the flow's own, or on worse ones.
        out: the folder to be, with what `train bundle` and `start_from` take of a run.
        weight: of the difference; finite.

    Raises:
        TrainingError: `weight` is not finite, one of the three is of another stage, they are not
            of one size, the runs are on latents that were normalised in two ways, or `out` holds a
            run already.
        CheckpointError, ConfigError, BundleError: one of them cannot be read.
    """
    if not math.isfinite(weight):
        raise TrainingError(
            f"the weight of what two runs differ in must be a finite number, not {weight}"
        )
    base = {name: w.float() for name, w in flow_weights(flow).items()}
    liked, disliked = average_weights(towards), average_weights(away_from)
    for folder, weights in ((flow, base), (towards, liked), (away_from, disliked)):
        if not any(name.startswith(DIT) for name in weights):
            raise TrainingError(f"{folder} is a run of another stage than `soundlet train flow`")
        if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in base.items()}:
            raise TrainingError(f"{folder} has other weights than {flow}: it did not begin with it")
    require_files(flow, MODEL_CONFIG, T5_CONFIG, TOKENIZER)
    for run in (towards, away_from):
        require_files(run, STATISTICS)
    statistics = read_statistics(towards)
    if statistics != read_statistics(away_from):
        raise TrainingError(f"{towards} and {away_from} are of latents that differ in {STATISTICS}")
    if (out / CHECKPOINT).exists():
        raise TrainingError(f"{out} holds a run already: name a new folder")
    moved = {name: w + weight * (liked[name] - disliked[name]) for name, w in base.items()}
    make_folder(out)
    for name in (MODEL_CONFIG, T5_CONFIG, TOKENIZER):
        write_whole(out / name, (flow / name).read_bytes())
    write_whole(out / STATISTICS, statistics.as_json())
    temporary = (out / CHECKPOINT).with_suffix(".tmp")
    torch.save({"step": 0, "module": moved, "average": moved}, temporary)
    os.replace(temporary, out / CHECKPOINT)
