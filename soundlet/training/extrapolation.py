"""A flow moved away from what its own sounds teach it, towards what real ones do.

A flow that was trained on its own sounds gets more of what is wrong with them. Two runs that begin
with the same flow and draw the same random numbers, one on real sounds and one on sounds made for
their captions, therefore end apart in just that; the flow is moved along the difference.

Source: negative extrapolation from training on one's own samples,
https://arxiv.org/abs/2510.03597; the difference of two models as a direction of their weights,
https://arxiv.org/abs/2212.04089.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch

from soundlet.bundle import MODEL_CONFIG, T5_CONFIG, TOKENIZER
from soundlet.training.latents import STATISTICS, read_statistics
from soundlet.training.loop import TrainingError
from soundlet.training.trained_flow import flow_weights
from soundlet.training.weights import CHECKPOINT, average_weights
from soundlet.whole_files import make_folder, write_whole


def extrapolate(
    flow: Path, towards: Path, away_from: Path, out: Path, *, weight: float = 0.3
) -> None:
    """Write a run whose weights are those of a flow and a share of what two runs differ in.

    Args:
        flow: what both runs began with: a run, or a bundle.
        towards: the run on real sounds.
        away_from: the run on sounds of the flow's own.
        out: the folder to be, with what `train bundle` and `start_from` take of a run.
        weight: of the difference.

    Raises:
        TrainingError: the runs are on latents that were normalised in two ways, the three are not
            of one size, or `out` holds a run already.
        CheckpointError, ConfigError, BundleError: one of them cannot be read.
    """
    base = {name: w.float() for name, w in flow_weights(flow).items()}
    real, own = average_weights(towards), average_weights(away_from)
    statistics = read_statistics(towards)
    if statistics != read_statistics(away_from):
        raise TrainingError(f"{towards} and {away_from} are of latents that differ in {STATISTICS}")
    for folder, weights in ((towards, real), (away_from, own)):
        if {n: w.shape for n, w in weights.items()} != {n: w.shape for n, w in base.items()}:
            raise TrainingError(f"{folder} has other weights than {flow}: it did not begin with it")
    if (out / CHECKPOINT).exists():
        raise TrainingError(f"{out} holds a run already: name a new folder")
    moved = {name: w + weight * (real[name] - own[name]) for name, w in base.items()}
    make_folder(out)
    for name in (MODEL_CONFIG, T5_CONFIG, TOKENIZER):
        write_whole(out / name, (flow / name).read_bytes())
    write_whole(out / STATISTICS, statistics.as_json())
    temporary = (out / CHECKPOINT).with_suffix(".tmp")
    torch.save({"step": 0, "module": moved, "average": moved}, temporary)
    os.replace(temporary, out / CHECKPOINT)
