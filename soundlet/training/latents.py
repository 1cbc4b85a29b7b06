"""Sounds encoded once, so that the flow trains on latents and never waits for a codec.

A store is a folder with `latents.npy`, float16 (frames, channels) of all sounds end to end, and
`entries.jsonl`, a line a sound: where its frames are, how long it is, what it is called.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundlet.training.clips import ClipFolder
from soundlet.training.loop import TrainingError

Encode = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Audio (1, 2, samples) to the latents' means (1, channels, frames)."""


@dataclass(frozen=True)
class LatentEntry:
    """One encoded sound.

    Attributes:
        start: its first frame in the store.
        frames: how many frames it has, silence after its end included.
        seconds: the length that the captions are told with.
        captions: sentences that describe it.
    """

    start: int
    frames: int
    seconds: float
    captions: tuple[str, ...]


class LatentStore:
    """The encoded sounds of a folder, mapped into memory."""

    def __init__(self, folder: Path) -> None:
        try:
            lines = (folder / "entries.jsonl").read_text(encoding="utf-8").splitlines()
            self.values = np.load(folder / "latents.npy", mmap_mode="r")
        except OSError as error:
            raise TrainingError(f"{folder} is no store of latents: {error}") from error
        fields = [json.loads(line) for line in lines]
        self.entries = tuple(
            LatentEntry(f["start"], f["frames"], f["seconds"], tuple(f["captions"])) for f in fields
        )

    def latents(self, index: int, n_frames: int) -> NDArray[np.float32]:
        """The first `n_frames` of a sound: (channels, n_frames)."""
        entry = self.entries[index]
        part = self.values[entry.start : entry.start + min(entry.frames, n_frames)]
        return np.ascontiguousarray(part.T, dtype=np.float32)


def encode_clips(
    clips: ClipFolder,
    folder: Path,
    encode: Encode,
    *,
    hop_length: int,
    frames_multiple: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> LatentStore:
    """Encode every sound of `clips` into a store at `folder`.

    Args:
        clips: what to encode.
        folder: where the store is written, whole or not at all.
        encode: the codec's encoder.
        hop_length: samples in a frame of latents.
        frames_multiple: each sound is followed by silence up to a multiple of this many frames.
        on_progress: called with (sounds done, sounds in all).
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces: list[NDArray[np.float16]] = []
    entries: list[LatentEntry] = []
    start = 0
    for index, clip in enumerate(clips.entries):
        audio = clips.audio(index)
        unit = hop_length * frames_multiple
        n_samples = -(-audio.shape[1] // unit) * unit
        padded = np.zeros((1, 2, n_samples), dtype=np.float32)
        padded[0, :, : audio.shape[1]] = audio
        latents = encode(padded)[0].T.astype(np.float16)
        pieces.append(latents)
        entries.append(LatentEntry(start, len(latents), clip.seconds, clip.captions))
        start += len(latents)
        if on_progress is not None:
            on_progress(index + 1, len(clips.entries))
    _write(folder / "latents.npy", np.concatenate(pieces))
    lines = "".join(json.dumps(asdict(entry)) + "\n" for entry in entries)
    temporary = folder / "entries.tmp"
    temporary.write_text(lines, encoding="utf-8")
    os.replace(temporary, folder / "entries.jsonl")
    return LatentStore(folder)


def _write(path: Path, values: NDArray[np.float16]) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, values)
    os.replace(temporary, path)
