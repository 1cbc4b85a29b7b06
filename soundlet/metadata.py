"""The settings inside a sound file: which program, model and request made it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from soundlet import __version__
from soundlet.audio import FORMATS, Bits, Format
from soundlet.errors import AudioError
from soundlet.wav_chunks import comment_in

ENGINE_PACKAGES = {
    "onnx": "onnxruntime",
    "torch": "torch",
    "openvino": "openvino",
    "executorch": "executorch",
    "litert": "ai-edge-litert",
}
LOSSLESS: tuple[Format, ...] = ("wav", "flac")
BITS: dict[str, Bits] = {"PCM_16": "16", "PCM_24": "24", "FLOAT": "32f"}
"""Sample widths by libsndfile's names."""
KINDS = {
    "model": str,
    "model_sha256": str,
    "versions": dict,
    "cfg_interval": list,
    "grid": dict,
    "edits": list,
}
"""Of settings that are more than a value of a request, which checks its own."""


@dataclass(frozen=True)
class SoundFile:
    """What a sound file says of itself.

    Attributes:
        path: of the file.
        format: of the file, in libsndfile's words.
        subtype: of its samples.
        sample_rate: in Hz.
        channels: how many.
        samples: of each channel.
        settings: what made it, if soundlet did.
    """

    path: str
    format: str
    subtype: str
    sample_rate: int
    channels: int
    samples: int
    settings: Mapping[str, Any] | None

    @property
    def written_as(self) -> Format | None:
        """The format in which such a file is written, whatever its name; None if in none."""
        return next((known for known in FORMATS if known == self.format.lower()), None)

    @property
    def bits(self) -> Bits | None:
        """The sample width with which such a file is written."""
        return BITS.get(self.subtype)

    def as_json(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)


def read_sound_file(path: str | os.PathLike[str]) -> SoundFile:
    """Read the form of a sound file and the settings in its tags.

    Raises:
        AudioError: no such file, or not a sound.
    """
    import soundfile

    if Path(path).is_dir():
        raise AudioError(f"{path} is a folder, not a sound file")
    if not Path(path).is_file():
        raise AudioError(f"{path}: no such file")
    try:
        with soundfile.SoundFile(path) as file:
            comment = comment_in(path) if file.format == "WAV" else file.comment
            settings = _settings_in(comment)
            return SoundFile(
                os.fspath(path),
                file.format,
                file.subtype,
                file.samplerate,
                file.channels,
                file.frames,
                settings,
            )
    except UnicodeEncodeError as e:
        raise AudioError(f"{path}: only files with names in UTF-8 can be read: rename it") from e
    except soundfile.LibsndfileError as e:
        reason = e.error_string.rstrip(". ")
        raise AudioError(f"{path}: not a sound file that can be read ({reason})") from e


def require_settings(file: SoundFile) -> Mapping[str, Any]:
    """The settings of a file.

    Raises:
        AudioError: it holds none, or such as soundlet does not write, or is in such a format.
    """
    if file.written_as is None:
        raise AudioError(
            f"{file.path} is a file of {file.format}, and soundlet writes {', '.join(FORMATS)}"
        )
    if file.settings is None:
        raise AudioError(
            f"{file.path} holds no settings of soundlet: it was made by another program, or its"
            " tags were removed"
        )
    for name, kind in KINDS.items():
        value = file.settings.get(name)
        if value is not None and not isinstance(value, kind):
            raise AudioError(
                f"{file.path} holds settings that soundlet does not write: {name} is {value!r}"
            )
    return file.settings


def _settings_in(comment: str) -> Mapping[str, Any] | None:
    try:
        settings = json.loads(comment)
        json.dumps(settings, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):  # the second where it is nested without end
        return None
    is_ours = isinstance(settings, dict) and {"soundlet", "prompt", "seed"} <= settings.keys()
    return settings if is_ours else None


@lru_cache(maxsize=4)
def versions(engine: str) -> dict[str, str]:
    """Versions of what computes a sound: soundlet, NumPy, the engine's library; the processor."""
    found = {"soundlet": __version__, "numpy": _version("numpy")}
    if engine in ENGINE_PACKAGES:
        package = ENGINE_PACKAGES[engine]
        found[package] = _version(package)
    return {**found, "machine": f"{platform.system()} {platform.machine()}"}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
