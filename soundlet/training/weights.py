"""Weights of runs: read, and put into modules by name."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from soundlet.errors import CheckpointError

CHECKPOINT = "checkpoint.pt"


def read_state(path: Path, *, is_mapped: bool = False) -> dict[str, Any]:
    """What `Run.save` wrote; mapped into memory where not all of it is wanted.

    Raises:
        CheckpointError: not such a file, or damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)
    except FileNotFoundError as e:
        raise CheckpointError(f"{path}: no such file") from e
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as e:
        raise CheckpointError(f"{path} is damaged, or no checkpoint of a run") from e
    if not isinstance(state, dict) or not {"step", "module", "average"} <= set(state):
        raise CheckpointError(f"{path} is no checkpoint of a run")
    return state


def average_weights(run: Path) -> dict[str, Tensor]:
    """The moving average of a run's weights, by name.

    Raises:
        CheckpointError: the folder holds no run.
    """
    if not (run / CHECKPOINT).is_file():
        raise CheckpointError(
            f"{run} is no run of `soundlet train`: it has no {CHECKPOINT} (runs save one when they"
            " stop, and every save_every steps)"
        )
    average: dict[str, Tensor] = read_state(run / CHECKPOINT, is_mapped=True)["average"]
    return average


def require_files(run: Path, *names: str) -> None:
    """Refuse a run, before anything is made of it, that lacks some of the files that it keeps.

    Raises:
        CheckpointError: it lacks some; names all of them.
    """
    if missing := [name for name in names if not (run / name).is_file()]:
        raise CheckpointError(
            f"{run} lacks {', '.join(missing)}, which its run keeps beside {CHECKPOINT}: copy all"
            " of the run"
        )


def part_of(weights: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """Those weights whose names begin with a part's, without it."""
    start = f"{part}."
    return {n.removeprefix(start): tensor for n, tensor in weights.items() if n.startswith(start)}


def load_weights(module: nn.Module, weights: Mapping[str, Tensor], source: Path) -> None:
    """Fill `module`, all of it, with `weights`, which must be all used.

    Raises:
        CheckpointError: names or shapes differ.
    """
    try:
        module.load_state_dict(weights)
    except RuntimeError as e:
        shown = " ".join(str(e).split())[:400]
        raise CheckpointError(
            f"{source} was made with other sizes: {shown}. Use a new folder for a new model."
        ) from e
