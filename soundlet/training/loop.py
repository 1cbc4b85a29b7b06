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
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import torch
from pydantic import Field
from torch import Tensor, nn

from soundlet.config.section import Count, Section
from soundlet.engines.torch import available_device
from soundlet.errors import CheckpointError, SoundletError
from soundlet.request import MAX_THREADS
from soundlet.training.processes import join_processes
from soundlet.training.weights import load_weights, read_state
from soundlet.whole_files import make_folder

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

log = logging.getLogger(__name__)

Batch = TypeVar("Batch")
Tensors = TypeVar("Tensors", bound="DataclassInstance")

Figures = dict[str, float]
"""Named numbers of a step, for the curve."""

MAX_PROCESSES = 1024
STREAM_STRIDE = 0x9E3779B1  # of 2**32, the golden section: streams begin far from each other

Share = Annotated[float, Field(ge=0, le=1)]
DecayRate = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]


def on_device(batch: Tensors, device: torch.device) -> Tensors:
    """The same dataclass of tensors with each of them on `device`."""
    moved = {field.name: getattr(batch, field.name).to(device) for field in fields(batch)}
    return replace(batch, **moved)


class TrainingError(SoundletError):
    """A training run cannot start or go on."""


class LoopSettings(Section):
    """How a run advances.

    Attributes:
        steps: optimiser steps in all; None goes on until stopped.
        minutes: stop after this much time; None has no limit.
        learning_rate: peak of the schedule.
        opponent_learning_rate: the same of the discriminator, where there is one.
        warmup: steps over which the learning rates rise from 0.
        decay: steps over which they fall to a twentieth at the end of `steps`; 0 keeps them.
        weight_decay: of AdamW, on matrices only.
        betas: of AdamW.
        clip_norm: largest norm of the gradient.
        ema: decay of the moving average of the weights.
        seed: of every random choice.
        log_every: steps between two lines of the curve.
        save_every: steps between two checkpoints.
        bfloat16: run matrix products in bfloat16.
        threads: of the CPU, up to 1024; None leaves PyTorch's own choice.
        device: "cpu", "cuda", "cuda:1", "mps"; None: the best there is.
    """

    steps: Annotated[int, Field(gt=0)] | None = None
    minutes: Positive | None = None
    learning_rate: Positive = 3e-4
    opponent_learning_rate: Positive = 3e-4
    warmup: Annotated[int, Field(ge=0)] = 200
    decay: Annotated[int, Field(ge=0)] = 0
    weight_decay: NotNegative = 0.01
    betas: tuple[DecayRate, DecayRate] = (0.9, 0.99)
    clip_norm: Positive = 1.0
    ema: Share = 0.999
    seed: Annotated[int, Field(ge=0, lt=2**20)] = 0
    log_every: Count = 20
    save_every: Count = 500
    bfloat16: bool = True
    threads: Annotated[int, Field(ge=1, le=MAX_THREADS)] | None = None
    device: str | None = None


class Trainee(Generic[Batch]):
    """What the loop trains: a module, where its batches come from, and its loss.

    One with an opponent takes turns with it: even steps train the module, odd ones the opponent.
    """

    @property
    def module(self) -> nn.Module:
        """What is trained."""
        raise NotImplementedError

    @property
    def opponent(self) -> nn.Module | None:
        """What is trained against the module: a discriminator."""
        return None

    def batch(self, generator: torch.Generator) -> Batch:
        """Draw the batch of a step on the CPU; called in a thread beside the step before."""
        raise NotImplementedError

    def loss(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """The loss to lower, and named figures for the curve."""
        raise NotImplementedError

    def opponent_loss(self, batch: Batch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """The loss that the opponent lowers."""
        raise NotImplementedError


class Run(Generic[Batch]):
    """A run in a folder: `checkpoint.pt` to resume from, `curve.jsonl` with a line a log step.

    Attributes:
        folder: where it is.
        step: how many steps have been taken.
        average: the moving average of the weights.
        was_interrupted: whether Ctrl-C or SIGTERM ended it.
    """

    def __init__(self, trainee: Trainee[Batch], folder: Path, settings: LoopSettings) -> None:
        """Start a run, or take up the one that is in `folder`.

        Raises:
            EngineError: the device is not there.
            CheckpointError: the run in the folder is damaged or of other sizes, trained other
                parts of the module, or has no optimiser's state to go on with.
        """
        self.trainee = trainee
        self.folder = folder
        self.settings = settings
        self.step = 0
        self.was_interrupted = False
        self.processes = join_processes(available_device(settings.device))
        self.device = self.processes.device
        trainee.module.to(self.device)
        self.optimizer = _optimizer(trainee.module, settings, settings.learning_rate)
        self.average = copy.deepcopy(trainee.module).requires_grad_(False).eval()
        self.opponent_optimizer: torch.optim.AdamW | None = None
        if trainee.opponent is not None:
            trainee.opponent.to(self.device)
            rate = settings.opponent_learning_rate
            self.opponent_optimizer = _optimizer(trainee.opponent, settings, rate)
        make_folder(folder)
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        """Where the state is kept."""
        return self.folder / "checkpoint.pt"

    @property
    def curve(self) -> Path:
        """Where the figures are kept, a JSON object a line."""
        return self.folder / "curve.jsonl"

    @property
    def is_done(self) -> bool:
        """Whether all steps have been taken."""
        return self.settings.steps is not None and self.step >= self.settings.steps

    def train(
        self,
        on_log: Callable[[Figures], None] | None = None,
        on_step: Callable[[int], None] | None = None,
    ) -> None:
        """Take steps until the settings' end, or until Ctrl-C or SIGTERM; then save.

        Args:
            on_log: given each line of the curve, in the first process.
            on_step: told the steps done after each, in the first process.

        Raises:
            TrainingError: the loss is not finite; the last good state stays on disk.
        """
        if self.settings.threads is not None:
            torch.set_num_threads(self.settings.threads)
        torch.set_flush_denormal(True)
        began, since, first = time.monotonic(), time.monotonic(), self.step
        seen: dict[str, list[float]] = {}
        with _stop_request() as stop, ThreadPoolExecutor(1) as pool:
            upcoming = pool.submit(self.trainee.batch, self.generator(self.step, 0))
            while not self.processes.any(stop.requested or self._is_over(began)):
                batch = upcoming.result()
                upcoming = pool.submit(self.trainee.batch, self.generator(self.step + 1, 0))
                for name, value in self._take_step(batch).items():
                    seen.setdefault(name, []).append(value)
                if self.step % self.settings.log_every == 0:
                    line = {name: sum(values) / len(values) for name, values in seen.items()}
                    line["step"] = self.step
                    line["seconds_per_step"] = _since(since) / (self.step - first)
                    if self.processes.is_first:
                        self._log(line)
                        if on_log is not None:
                            on_log(line)
                    seen, since, first = {}, time.monotonic(), self.step
                if self.step % self.settings.save_every == 0:
                    self.save()
                if on_step is not None and self.processes.is_first:
                    on_step(self.step)
        self.was_interrupted = stop.requested and not self.is_done
        self.save()

    def save(self) -> None:
        """Write the state whole, or leave the old one."""
        if not self.processes.is_first:
            return
        state = {
            "step": self.step,
            "module": self.trainee.module.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        if self.trainee.opponent is not None and self.opponent_optimizer is not None:
            state["opponent"] = self.trainee.opponent.state_dict()
            state["opponent_optimizer"] = self.opponent_optimizer.state_dict()
        temporary = self.checkpoint.with_suffix(".tmp")
        torch.save(state, temporary)
        os.replace(temporary, self.checkpoint)

    def generator(self, step: int, purpose: int) -> torch.Generator:
        """The random numbers of a step for one purpose: 0 the batch, 1 the loss, 2 samples."""
        stream = self.settings.seed * MAX_PROCESSES + self.processes.rank
        seed = 4 * step + purpose + STREAM_STRIDE * stream
        return torch.Generator().manual_seed(seed % 2**32)  # PyTorch uses no more of it on the CPU

    def _resume(self) -> None:
        state = read_state(self.checkpoint)
        if "optimizer" not in state:
            raise CheckpointError(
                f"{self.checkpoint} has no optimiser's state to go on with, as those of `soundlet"
                f" train extrapolate` have none: name a new run, and start_from = '{self.folder}'"
            )
        load_weights(self.trainee.module, state["module"], self.checkpoint)
        load_weights(self.average, state["average"], self.checkpoint)
        _restore(self.optimizer, state["optimizer"], self.checkpoint)
        if self.trainee.opponent is not None and "opponent" in state:
            assert self.opponent_optimizer is not None
            load_weights(self.trainee.opponent, state["opponent"], self.checkpoint)
            _restore(self.opponent_optimizer, state["opponent_optimizer"], self.checkpoint)
        self.step = state["step"]
        if self.processes.is_first:
            self._trim_curve()

    def _take_step(self, batch: Batch) -> Figures:
        """One update of the module, or of its opponent when it is its turn."""
        opponent, optimizer = self.trainee.opponent, self.optimizer
        module, loss_of, rate = self.trainee.module, self.trainee.loss, self.settings.learning_rate
        name = "loss"
        if opponent is not None:
            is_its_turn = self.step % 2 == 1
            opponent.requires_grad_(is_its_turn)
            if is_its_turn and self.opponent_optimizer is not None:
                module, optimizer, name = opponent, self.opponent_optimizer, "opponent_loss"
                loss_of, rate = self.trainee.opponent_loss, self.settings.opponent_learning_rate
        rate *= _schedule(self.step, self.settings)
        for group in optimizer.param_groups:
            group["lr"] = rate
        module.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.bfloat16):
            loss, figures = loss_of(batch, self.generator(self.step, 1))
        self._require_finite(name, loss.item())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = list(module.parameters())
        self.processes.average_gradients(parameters)
        norm = float(nn.utils.clip_grad_norm_(parameters, self.settings.clip_norm))
        self._require_finite(f"norm of the gradient of the {name}", norm)
        optimizer.step()
        self.step += 1
        if module is not opponent:
            self._follow()
            figures = {"gradient": norm, "learning_rate": rate, **figures}
        return {name: loss.item(), **figures}

    def _require_finite(self, name: str, value: float) -> None:
        if math.isfinite(value):
            return
        kept = f"the state before it is in {self.checkpoint}"
        if not self.checkpoint.exists():
            kept = "no state was saved yet"
        raise TrainingError(
            f"the {name} is {value} at step {self.step}; {kept}. Lower learning_rate and start"
            " again."
        )

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        averages: list[Tensor] = list(self.average.parameters())
        values: list[Tensor] = list(self.trainee.module.parameters())
        torch._foreach_lerp_(averages, values, 1 - decay)
        for a, b in zip(self.average.buffers(), self.trainee.module.buffers(), strict=True):
            a.copy_(b)

    def _is_over(self, began: float) -> bool:
        minutes = self.settings.minutes
        return self.is_done or (minutes is not None and _since(began) > minutes * 60)

    def _log(self, line: Figures) -> None:
        with self.curve.open("a", encoding="utf-8") as file:
            rounded = {k: v if isinstance(v, int) else float(f"{v:.7g}") for k, v in line.items()}
            file.write(json.dumps(rounded) + "\n")
        log.info("%s", line)

    def _trim_curve(self) -> None:
        """Drop what was logged after the last checkpoint: those steps are taken again."""
        if not self.curve.exists():
            return
        lines = self.curve.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if _step_of(line) <= self.step]
        if len(kept) < len(lines):
            temporary = self.curve.with_suffix(".tmp")
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
            os.replace(temporary, self.curve)


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf  # cut off in the middle


def _optimizer(module: nn.Module, settings: LoopSettings, rate: float) -> torch.optim.AdamW:
    trained = [p for p in module.parameters() if p.requires_grad]
    matrices = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    first, second = settings.betas
    return torch.optim.AdamW(groups, lr=rate, betas=(first, second), fused=True)


def _restore(optimizer: torch.optim.AdamW, state: dict[str, Any], source: Path) -> None:
    """Load the averages of the gradients; what the settings say stays as they say it.

    Raises:
        CheckpointError: they are of other weights than those that are trained now.
    """
    said = [{k: group[k] for k in ("weight_decay", "betas")} for group in optimizer.param_groups]
    try:
        optimizer.load_state_dict(state)
    except ValueError as e:
        raise CheckpointError(
            f"{source} is of a run that trained other parts: set train_encoder or train_text as it"
            " was, or name a new run with start_from"
        ) from e
    for group, settings in zip(optimizer.param_groups, said, strict=True):
        group.update(settings)


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
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals are for the main thread
        return

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
