"""The training loop: steps, moving average, checkpoints, curves; it knows no model and no data.

Every random choice of a step is drawn from (seed, step), so a run that was stopped and resumed
takes the same steps as one that was not.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from soundlet.errors import CheckpointError, SoundletError

log = logging.getLogger(__name__)

Batch = TypeVar("Batch")


class TrainingError(SoundletError):
    """A training run cannot start or go on."""


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How a run advances.

    Attributes:
        steps: optimiser steps in all; None goes on until stopped.
        minutes: stop after this much time; None has no limit.
        learning_rate: peak of the schedule.
        warmup: steps over which the learning rate rises from 0.
        decay: steps over which it falls to a twentieth at the end of `steps`; 0 keeps it.
        weight_decay: of AdamW, on matrices only.
        betas: of AdamW.
        clip_norm: largest norm of the gradient.
        ema: decay of the moving average of the weights.
        seed: of every random choice.
        log_every: steps between two lines of the curve.
        save_every: steps between two checkpoints.
        bfloat16: run matrix products in bfloat16.
        threads: of the CPU; None leaves PyTorch's own choice.
    """

    steps: int | None = None
    minutes: float | None = None
    learning_rate: float = 3e-4
    warmup: int = 200
    decay: int = 0
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip_norm: float = 1.0
    ema: float = 0.999
    seed: int = 0
    log_every: int = 20
    save_every: int = 500
    bfloat16: bool = True
    threads: int | None = None


class Trainee(Generic[Batch]):
    """What the loop trains: a module, where its batches come from, and its loss."""

    @property
    def module(self) -> nn.Module:
        """What is trained."""
        raise NotImplementedError

    def batch(self, generator: torch.Generator) -> Batch:
        """Draw the batch of a step; called in a thread beside the step before."""
        raise NotImplementedError

    def loss(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        """The loss to lower, and named figures for the curve."""
        raise NotImplementedError


class Run(Generic[Batch]):
    """A run in a folder: `checkpoint.pt` to resume from, `curve.jsonl` with a line a log step."""

    def __init__(self, trainee: Trainee[Batch], folder: Path, settings: LoopSettings) -> None:
        self.trainee = trainee
        self.folder = folder
        self.settings = settings
        self.step = 0
        self.optimizer = _optimizer(trainee.module, settings)
        self.average = copy.deepcopy(trainee.module).requires_grad_(False).eval()
        folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept."""
        return self.folder / "checkpoint.pt"

    def train(self, on_log: Callable[[dict[str, float]], None] | None = None) -> None:
        """Take steps until the settings' end, or until Ctrl-C or SIGTERM; then save.

        Raises:
            TrainingError: the loss is not finite; the last good state stays on disk.
        """
        if self.settings.threads is not None:
            torch.set_num_threads(self.settings.threads)
        torch.set_flush_denormal(True)
        began, since, first = time.monotonic(), time.monotonic(), self.step
        sums: dict[str, float] = {}
        with _stop_request() as stop, ThreadPoolExecutor(1) as pool:
            upcoming = pool.submit(self.trainee.batch, self._generator(self.step, 0))
            while not stop.requested and not self._is_done(began):
                batch = upcoming.result()
                upcoming = pool.submit(self.trainee.batch, self._generator(self.step + 1, 0))
                figures = self._take_step(batch)
                for name, value in figures.items():
                    sums[name] = sums.get(name, 0.0) + value
                if self.step % self.settings.log_every == 0:
                    count = self.step - first
                    line = {name: value / count for name, value in sums.items()}
                    line |= {"step": self.step, "seconds_per_step": _since(since) / count}
                    self._log(line)
                    if on_log is not None:
                        on_log(line)
                    sums, since, first = {}, time.monotonic(), self.step
                if self.step % self.settings.save_every == 0:
                    self.save()
        self.save()

    def save(self) -> None:
        """Write the state whole, or leave the old one."""
        state = {
            "step": self.step,
            "module": self.trainee.module.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        temporary = self.checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        os.replace(temporary, self.checkpoint)

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
        try:
            self.trainee.module.load_state_dict(state["module"])
            self.average.load_state_dict(state["average"])
        except RuntimeError as error:
            raise CheckpointError(
                f"{self.checkpoint} was made with other sizes: {error}. Use a new folder."
            ) from error
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def _take_step(self, batch: Batch) -> dict[str, float]:
        settings = self.settings
        rate = settings.learning_rate * _schedule(self.step, settings)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.trainee.module.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.bfloat16):
            loss, figures = self.trainee.loss(batch, self._generator(self.step, 1))
        if not math.isfinite(loss.item()):
            raise TrainingError(
                f"the loss is {loss.item()} at step {self.step}; the state before it is in"
                f" {self.checkpoint}. Lower learning_rate and start again."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.trainee.module.parameters(), settings.clip_norm)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return {"loss": loss.item(), "gradient": float(norm), "learning_rate": rate, **figures}

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        averages: list[Tensor] = list(self.average.parameters())
        values: list[Tensor] = list(self.trainee.module.parameters())
        torch._foreach_lerp_(averages, values, 1 - decay)
        for a, b in zip(self.average.buffers(), self.trainee.module.buffers(), strict=True):
            a.copy_(b)

    def _generator(self, step: int, purpose: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.settings.seed << 40) + (step << 2) + purpose)

    def _is_done(self, began: float) -> bool:
        settings = self.settings
        if settings.steps is not None and self.step >= settings.steps:
            return True
        return settings.minutes is not None and _since(began) > settings.minutes * 60

    def _log(self, line: dict[str, float]) -> None:
        with (self.folder / "curve.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({k: round(v, 6) for k, v in line.items()}) + "\n")
        log.info("%s", line)


def _optimizer(module: nn.Module, settings: LoopSettings) -> torch.optim.AdamW:
    trained = [p for p in module.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=settings.betas, fused=True)


def _schedule(step: int, settings: LoopSettings) -> float:
    factor = min(1.0, (step + 1) / max(1, settings.warmup))
    if settings.steps is not None and settings.decay:
        left = (settings.steps - step) / settings.decay
        factor *= max(0.05, min(1.0, left))
    return factor


def _since(moment: float) -> float:
    return time.monotonic() - moment


@dataclass
class _Stop:
    requested: bool = False


@contextmanager
def _stop_request() -> Iterator[_Stop]:
    """Turn the first Ctrl-C or SIGTERM into a request; a second one interrupts as usual."""
    stop = _Stop()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.requested = True
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
