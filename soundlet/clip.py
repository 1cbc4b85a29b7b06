"""A finished sound: checked, brought to length and level, with all that is needed to repeat it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from soundlet import __version__
from soundlet.audio import LOUDEST_PEAK, Audio, Bits, Format, encode_audio, write_audio
from soundlet.errors import GenerationError
from soundlet.finish import Finish, finished
from soundlet.metadata import versions
from soundlet.prompt import read_prompt
from soundlet.request import GenerationRequest
from soundlet.source import name_of
from soundlet.tempo import Grid
from soundlet.vocabulary.keys import TONICS
from soundlet.wav_chunks import MIDDLE_C, acid_chunk, smpl_chunk

FADE_SECONDS = 0.005  # at the end of a clip that was cut out of a longer one
PEAK_AFTER_SCALING = 10 ** (-1 / 20)  # -1 dBFS
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
        model_sha256: of the model, as `Bundle.sha256` gives it.
        engine: what ran it.
        grid: bars and tempo of a loop.
        edits: what was done to the sound after it was made, one mapping of JSON values each, with
            its name as "operation".
    """

    audio: Audio
    sample_rate: int
    seed: int
    latents: Audio
    request: GenerationRequest
    model: str
    gain_db: float = 0.0
    model_sha256: str = ""
    engine: str = ""
    grid: Grid | None = None
    edits: tuple[Mapping[str, Any], ...] = ()

    @property
    def latents_sha256(self) -> str:
        """Hash of the latents: equal only where they are equal to the last bit."""
        return hashlib.sha256(np.ascontiguousarray(self.latents).tobytes()).hexdigest()

    def finished(self, finish: Finish) -> Clip:
        """The clip trimmed, faded and brought to a level.

        Raises:
            RequestError: fades longer than the sound, or a change of length to a loop.
            GenerationError: the sound is silent.
        """
        if finish.changes_nothing:
            return self
        if self.request.loop:
            finish.require_loop_stays_whole()
        audio, gain_db = finished(self.audio, self.sample_rate, finish)
        edit = {"operation": "finish", **finish.as_json(), "gain_db": round(gain_db, 2)}
        return replace(self, audio=audio, edits=(*self.edits, edit))

    def settings(self) -> dict[str, Any]:
        """What made this clip, as values that JSON has."""
        request = self.request
        return {
            "soundlet": __version__,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "engine": self.engine,
            "versions": versions(self.engine),
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
            "seconds": request.seconds,
            "seed": self.seed,
            "candidates": request.candidates,
            "steps": request.steps,
            "sampler": request.sampler,
            "cfg_scale": request.cfg_scale,
            "cfg_rescale": request.cfg_rescale,
            "cfg_interval": list(request.cfg_interval),
            "init_audio": name_of(request.init_audio),
            "init_audio_sha256": sha256_of_init_audio(request.init_audio),
            "init_noise_level": request.init_noise_level,
            "loop": request.loop,
            "truncate_prompt": request.truncate_prompt,
            "short_window": request.short_window,
            "n_frames": request.n_frames,
            "reference": request.reference,
            "gain_db": self.gain_db,
            "grid": None if self.grid is None else self.grid.as_json(),
            "edits": [dict(edit) for edit in self.edits],
            "latents_sha256": self.latents_sha256,
        }

    def chunks(self) -> dict[str, bytes]:
        """The RIFF chunks of a loop: its loop points, and its tempo where it has one."""
        if not self.request.loop:
            return {}
        key = read_prompt(self.request.prompt).first("key")
        tonic, _, mode = (key or "").partition(" ")
        note = MIDDLE_C + TONICS[mode].index(tonic) if key else MIDDLE_C
        found = {"smpl": smpl_chunk(self.audio.shape[1], self.sample_rate, root_note=note)}
        if self.grid is not None:
            root_note = note if key else None
            grid = self.grid
            found["acid"] = acid_chunk(
                grid.bpm, grid.n_beats, grid.beats_per_bar, root_note=root_note
            )
        return found

    def save(
        self,
        target: str | os.PathLike[str] | BinaryIO,
        *,
        format: Format | None = None,
        bits: Bits | None = None,
    ) -> None:
        """Write a sound file that holds the settings too, whole or not at all.

        WAV files of loops have loop points and tempo too, where samplers look for them.

        Args:
            target: a path, or a binary stream.
            format: None takes the ending of the path, and "wav" for a stream. An ending that
                stands for another format is refused.
            bits: sample width of WAV and FLAC files; None is 16.

        Raises:
            AudioError: a form that no file can have, or a place that cannot be written.
        """
        write_audio(
            target,
            self.audio,
            self.sample_rate,
            format=format,
            bits=bits,
            tags=self._tags(),
            chunks=self.chunks(),
        )

    def encoded(self, format: Format, bits: Bits | None = None) -> bytes:
        """The bytes of that file.

        Raises:
            AudioError: a form that no file can have.
        """
        return encode_audio(
            self.audio,
            self.sample_rate,
            format=format,
            bits=bits,
            tags=self._tags(),
            chunks=self.chunks(),
        )

    def _tags(self) -> dict[str, str]:
        return {
            "title": self.request.prompt,
            "software": f"soundlet {__version__}",
            "comment": json.dumps(self.settings(), ensure_ascii=False),
        }


def sha256_of_init_audio(init_audio: object) -> str | None:
    """Hash of the file, or of the array's values; None where there is neither."""
    if isinstance(init_audio, tuple):
        return hashlib.sha256(np.ascontiguousarray(init_audio[0], np.float32).tobytes()).hexdigest()
    if isinstance(init_audio, str | os.PathLike) and Path(init_audio).is_file():
        return hashlib.sha256(Path(init_audio).read_bytes()).hexdigest()
    return None


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
    require_sound(audio)
    if peak <= 1:
        return audio, 0.0
    gain = PEAK_AFTER_SCALING / peak
    return audio * np.float32(gain), round(20 * math.log10(gain), 2)


def require_sound(audio: Audio, name: str = "the sound") -> None:
    """Check that what a model made is not silent.

    Args:
        audio: (channels, samples).
        name: what the message calls it.

    Raises:
        GenerationError: silence.
    """
    peak = float(np.abs(audio).max())
    if peak < SILENT_PEAK:
        raise GenerationError(
            f"{name} is silent"
            + (f" (it peaks at {20 * math.log10(peak):.0f} dBFS)" if peak > 0 else "")
            + ": try another seed or prompt"
        )


def faded_out(audio: Audio, sample_rate: int) -> Audio:
    """`audio` with its last 5 ms (or half, if that is less) falling to zero, against a click."""
    length = min(round(FADE_SECONDS * sample_rate), audio.shape[1] // 2)
    faded = audio.copy()
    faded[:, audio.shape[1] - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return faded
