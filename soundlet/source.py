"""A sound that is given: from a file or an array, at a model's rate and channels and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from soundlet.audio import LOUDEST_PEAK, Audio, read_audio, resample
from soundlet.errors import RequestError

Given: TypeAlias = "str | os.PathLike[str] | tuple[NDArray[np.floating[Any]], int]"
"""A file, or (array of (channels, samples), rate in Hz)."""


def read_source(given: Given, name: str) -> tuple[Audio, int]:
    """The sound and its rate in Hz.

    Args:
        given: a file or an array.
        name: what the caller knows it as.

    Raises:
        AudioError: the file cannot be read.
        RequestError: the array holds what is no number, or the sound is in another scale.
    """
    if not isinstance(given, tuple):
        audio, rate = read_audio(given)
        name = str(given)
    else:
        audio, rate = np.asarray(given[0], np.float32), int(given[1])
        if not np.isfinite(audio).all():
            raise RequestError(f"{name} holds values that are not finite numbers")
    peak = float(np.abs(audio).max())
    if peak > LOUDEST_PEAK:
        raise RequestError(f"{name} peaks at {peak:.3g} times full scale: scale it to 1")
    return audio, rate


def name_of(given: Given | None) -> str | None:
    """The file's name without its folder, which is nobody else's business."""
    if isinstance(given, str | os.PathLike):
        return Path(given).name
    return None if given is None else "an array"


def with_channels(audio: Audio, channels: int) -> Audio:
    """The sound in another number of channels.

    One channel is repeated. Of several, each new channel is the mean of every so many: of five to
    two, the first, third and fifth are left, the second and fourth right.

    Args:
        audio: (channels, samples).
        channels: wanted.
    """
    n_given = len(audio)
    if n_given == channels:
        return audio
    if n_given < channels:
        return audio[np.arange(channels) % n_given]
    parts = [audio[channel::channels].mean(axis=0) for channel in range(channels)]
    return np.stack(parts).astype(np.float32)


def for_model(audio: Audio, rate: int, *, to_rate: int, channels: int) -> Audio:
    """The sound at a model's rate and channels."""
    return with_channels(resample(audio, rate, to_rate), channels)
