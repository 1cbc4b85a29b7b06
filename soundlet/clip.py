"""A finished sound: checked, brought to length and level, with all that is needed to repeat it."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from soundlet import __version__
from soundlet.audio import Audio, Bits, Format, write_audio
from soundlet.errors import GenerationError
from soundlet.request import GenerationRequest

FADE_SECONDS = 0.005  # at the end of a clip that was cut out of a longer one
PEAK_AFTER_SCALING = 10 ** (-1 / 20)  # -1 dBFS
LOUDEST_PEAK = 8.0  # 18 dB over full scale; what lies beyond is no sound but a model gone astray
SILENT_PEAK = 1e-4  # -80 dBFS


@dataclass(frozen=True, eq=False, kw_only=True)
class Clip:
    """A sound and all that is needed to make it again.

    Attributes:
        audio: (channels, samples) float32, in [-1, 1] unless made in `reference` mode.
        sample_rate: in Hz.
        seed: what its noise was drawn from.
        latents: (channels, frames) float32, all that were sampled.
        request: what it was made from, the model's defaults filled in.
        model: name of the model.
        gain_db: what was done to its level so that it fits full scale, 0 or less.
    """

    audio: Audio
    sample_rate: int
    seed: int
    latents: Audio
    request: GenerationRequest
    model: str
    gain_db: float = 0.0

    def settings(self) -> dict[str, Any]:
        """What made this clip, as values that JSON has."""
        request = self.request
        return {
            "soundlet": __version__,
            "model": self.model,
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "seconds": request.seconds,
            "seed": self.seed,
            "steps": request.steps,
            "sampler": request.sampler,
            "cfg_scale": request.cfg_scale,
            "cfg_rescale": request.cfg_rescale,
            "cfg_interval": list(request.cfg_interval),
            "init_audio": _told(request.init_audio),
            "init_noise_level": request.init_noise_level,
            "truncate_prompt": request.truncate_prompt,
            "short_window": request.short_window,
            "n_frames": request.n_frames,
            "reference": request.reference,
            "gain_db": self.gain_db,
        }

    def save(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        format: Format | None = None,
        bits: Bits | None = None,
    ) -> None:
        """Write a sound file that holds the settings too, whole or not at all.

        Args:
            target: a path, or a binary stream.
            format: None takes the ending of the path, and "wav" for a stream.
            bits: sample width of WAV and FLAC files; None is 16.

        Raises:
            AudioError: a form that no file can have, or a place that cannot be written.
        """
        tags = {
            "title": self.request.prompt,
            "software": f"soundlet {__version__}",
            "comment": json.dumps(self.settings(), ensure_ascii=False),
        }
        write_audio(target, self.audio, self.sample_rate, format=format, bits=bits, tags=tags)


def _told(init_audio: object) -> str | None:
    """The file's name without its folder, which is nobody else's business."""
    if isinstance(init_audio, str | os.PathLike):
        return Path(init_audio).name
    return None if init_audio is None else "an array"


def require_numbers(array: Audio, what: str) -> None:
    """Raises GenerationError if `array` holds anything but finite numbers."""
    if not np.isfinite(array).all():
        raise GenerationError(
            f"the model made {what} that are not numbers (NaN or infinity): try another seed, a"
            " lower cfg_scale, or more steps; if every seed does it, the weights are damaged"
        )


def to_level(audio: Audio) -> tuple[Audio, float]:
    """`audio` within full scale, and the gain in dB that this took; quieter sounds are left alone.

    Raises:
        GenerationError: silence, or a level that no sound has.
    """
    peak = float(np.abs(audio).max())
    if peak > LOUDEST_PEAK:
        raise GenerationError(
            f"the sound peaks at {peak:.3g} times full scale, which no sound does: try another"
            " seed, a lower cfg_scale, or another sampler"
        )
    if peak < SILENT_PEAK:
        raise GenerationError(
            "the sound is silent"
            + (f" (it peaks at {20 * math.log10(peak):.0f} dBFS)" if peak > 0 else "")
            + ": try another seed or prompt"
        )
    if peak <= 1:
        return audio, 0.0
    gain = PEAK_AFTER_SCALING / peak
    return audio * np.float32(gain), round(20 * math.log10(gain), 2)


def faded_out(audio: Audio, sample_rate: int) -> Audio:
    """`audio` with its last 5 ms (or half, if that is less) falling to zero, against a click."""
    length = min(round(FADE_SECONDS * sample_rate), audio.shape[1] // 2)
    faded = audio.copy()
    faded[:, audio.shape[1] - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return faded
