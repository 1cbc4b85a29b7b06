"""What a run leaves to look at and to listen to: TensorBoard events and pictures of samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard.writer import SummaryWriter

from soundlet.training.loop import Figures
from soundlet.training.pictures import Sample, grid, write_png

COLUMNS = 2  # of the pictures

Draw = Callable[[], list[Sample]]
"""The samples of a round, from the weights as they are now."""


class Recorder:
    """Writes `tensorboard/` and `samples/` in a run's folder.

    Attributes:
        folder: of the run.
    """

    def __init__(self, folder: Path, *, first_step: int, every: int, draw: Draw | None) -> None:
        """Open the events of a run.

        Args:
            folder: of the run.
            first_step: that comes next; later ones in the events are hidden.
            every: steps between two rounds of samples.
            draw: makes the samples. None: there are none.
        """
        self.folder = folder
        self._every, self._draw = every, draw
        self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=first_step)

    def close(self) -> None:
        """Finish the file of events."""
        self._writer.close()

    def log(self, line: Figures) -> None:
        """Add a line of the curve."""
        step = int(line["step"])
        for name, value in line.items():
            if name != "step":
                self._writer.add_scalar(name, value, step)

    def after_step(self, step: int) -> None:
        """Make a round of samples when it is time for one."""
        if self._draw is None or step % self._every:
            return
        samples = self._draw()
        picture = grid(samples, COLUMNS)
        (self.folder / "samples").mkdir(exist_ok=True)
        write_png(picture, self.folder / "samples" / f"step-{step:08d}.png")
        self._writer.add_image("samples", picture, step, dataformats="HWC")
        for sample in samples:
            sound = torch.from_numpy(np.clip(sample.audio.mean(axis=0), -1, 1))
            self._writer.add_audio(sample.name, sound[None], step, sample_rate=sample.sample_rate)
        self._writer.flush()
