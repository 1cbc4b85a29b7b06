"""Sounds encoded once, so that the flow trains on latents and never waits for a codec.

A store is a folder:

- `latents.npy`: float16 (frames, channels) of all sounds end to end, normalised per channel;
- `entries.jsonl`: a line a sound: where its frames are, how long it is, what it is called;
- `silence.npy`: (channels, frames) of nothing, one window's step long;
- `statistics.json`: what normalised the latents, so that a bundle can undo it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from soundlet.config.section import Section
from soundlet.training.clips import Audio, ClipEntry, ClipFolder
from soundlet.training.loop import TrainingError
from soundlet.whole_files import make_folder, write_whole

VALUES = "latents.npy"
ENTRIES = "entries.jsonl"
STATISTICS = "statistics.json"
SILENCE = "silence.npy"

Array = NDArray[np.float32]

Encode = Callable[[Audio], Array]
"""Audio (1, 2, samples) to the latents' means (1, channels, frames)."""

ROWS_AT_ONCE = 100_000  # of latents
MIN_PIECE = 0.25  # of a window: less than that at the end of a long sound is left out


class Discriminants(Section):
    """Channels that are added to normalised latents: sums of those that there are.

    Attributes:
        weights: a row a channel that is added, a column a channel that there is.
        offsets: what is then subtracted from each.
    """

    weights: tuple[tuple[float, ...], ...]
    offsets: tuple[float, ...]

    def add(self, latents: Array) -> Array:
        """Latents (..., channels, frames) with these channels after their own."""
        added = np.array(self.weights, np.float32) @ latents - _column(self.offsets)
        return np.concatenate([latents, added], axis=-2)


class LatentStatistics(Section):
    """A codec's latents before they were normalised, a number a channel.

    Attributes:
        mean: of the latents' means.
        std: of the same.
        deviation: average of the posterior's standard deviation.
        discriminants: what is added to the normalised latents, if anything is.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    deviation: tuple[float, ...]
    discriminants: Discriminants | None = None

    @property
    def is_identity(self) -> bool:
        """Whether the codec's own channels are as the codec gives them."""
        return set(self.mean) == {0.0} and set(self.std) == {1.0}

    @property
    def n_added(self) -> int:
        """Channels that are added to those of the codec."""
        return 0 if self.discriminants is None else len(self.discriminants.offsets)

    @property
    def channels(self) -> int:
        """Channels of latents that have been normalised."""
        return len(self.mean) + self.n_added

    def as_json(self) -> bytes:
        """The content of a `statistics.json`."""
        return self.model_dump_json(indent=2, exclude_none=True).encode() + b"\n"

    def normalise(self, latents: Array) -> Array:
        """Latents (batch, channels, frames), with mean 0 and spread 1 in each channel.

        The discriminants, if there are any, come after them.
        """
        mean, std = _column(self.mean), _column(self.std)
        normalised: Array = (latents - mean) / std
        return normalised if self.discriminants is None else self.discriminants.add(normalised)

    def restore(self, latents: Array) -> Array:
        """The inverse of `normalise`."""
        mean, std = _column(self.mean), _column(self.std)
        restored: Array = latents[:, : len(self.mean)] * std + mean
        return restored


def read_statistics(folder: Path) -> LatentStatistics:
    """The statistics in a store of latents, or in a run that was trained on one.

    Raises:
        TrainingError: they are not there, or damaged.
    """
    path = folder / STATISTICS
    try:
        return LatentStatistics.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise TrainingError(
            f"{path} cannot be read ({e.strerror}): encode the clips again with"
            " `soundlet dataset encode`"
        ) from e
    except ValidationError as e:
        raise TrainingError(f"{path} is damaged: encode the clips again") from e


@dataclass(frozen=True)
class LatentEntry:
    """One encoded sound.

    Attributes:
        start: its first frame in the store.
        frames: how many frames it has, silence after its end included.
        seconds: the length that the captions are told with.
        captions: sentences that describe it.
        tags: what is known of it besides, such as "kind: pad".
    """

    start: int
    frames: int
    seconds: float
    captions: tuple[str, ...]
    tags: tuple[str, ...] = ()


class LatentStore:
    """The encoded sounds of a folder, mapped into memory."""

    def __init__(self, folder: Path) -> None:
        """Open a store.

        Args:
            folder: with the files of one.

        Raises:
            TrainingError: it is none, has no sounds, or is cut short.
        """
        self.folder = folder
        try:
            lines = (folder / ENTRIES).read_text(encoding="utf-8").splitlines()
            self.values = np.load(folder / VALUES, mmap_mode="r")
            fields = [json.loads(line) for line in lines]
            self.entries = tuple(
                LatentEntry(
                    f["start"],
                    f["frames"],
                    f["seconds"],
                    tuple(f["captions"]),
                    tuple(f.get("tags", ())),
                )
                for f in fields
            )
            _require_whole(self.values, self.entries)
        except (OSError, EOFError, ValueError, KeyError, TypeError) as e:
            raise TrainingError(
                f"{folder} is no store of latents ({e}): make one with `soundlet dataset encode`"
            ) from e

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return int(self.values.shape[1])

    @cached_property
    def silence(self) -> Array:
        """Latents of nothing: (channels, frames), as many frames as windows are multiples of."""
        try:
            silence: Array = np.load(self.folder / SILENCE)
        except (OSError, ValueError) as e:
            raise TrainingError(f"{self.folder / SILENCE}: {e}: encode the clips again") from e
        return silence

    @cached_property
    def statistics(self) -> LatentStatistics:
        """What normalised the latents."""
        return read_statistics(self.folder)

    def require_tags(self, tags: Iterable[str]) -> None:
        """Raises TrainingError for a tag that no sound has."""
        for tag in tags:
            if not any(tag in entry.tags for entry in self.entries):
                raise TrainingError(f"no sound of {self.folder} has the tag {tag!r}")

    def sounding_frames(self, index: int, frames_per_second: float) -> int:
        """Frames of a sound before its end; one at least."""
        entry = self.entries[index]
        return max(1, min(entry.frames, int(entry.seconds * frames_per_second)))

    def latents(self, index: int, n_frames: int) -> Array:
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
    max_frames: int | None = None,
    statistics: LatentStatistics | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> LatentStore:
    """Encode every sound of `clips` into a store at `folder`.

    Args:
        clips: what to encode.
        folder: where the store is written, each file whole or not at all.
        encode: the codec's encoder, normalisation included.
        hop_length: samples in a frame of latents.
        frames_multiple: each sound is followed by silence up to a multiple of this many frames.
        max_frames: longer sounds are cut into pieces of this many frames, each with the captions
            of the whole. None: nothing is cut.
        statistics: what `encode` normalises by. None: the caller keeps them.
        on_progress: called with (sounds done, sounds in all).
    """
    make_folder(folder)
    found: list[NDArray[np.float16]] = []
    entries: list[LatentEntry] = []
    start, unit = 0, hop_length * frames_multiple
    max_samples = None if max_frames is None else max_frames * hop_length
    for index, clip in enumerate(clips.entries):
        for audio, seconds in _pieces(clips.audio(index), clip, max_samples, clips.sample_rate):
            padded = np.zeros((1, 2, -(-audio.shape[1] // unit) * unit), dtype=np.float32)
            padded[0, :, : audio.shape[1]] = audio
            latents = encode(padded)[0].T.astype(np.float16)
            found.append(latents)
            entry = LatentEntry(start, len(latents), seconds, clip.captions, clip.tags)
            entries.append(entry)
            start += len(latents)
        if on_progress is not None:
            on_progress(index + 1, len(clips.entries))
    around = encode(np.zeros((1, 2, 3 * unit), dtype=np.float32))[0]
    silence = around[:, frames_multiple : 2 * frames_multiple].astype(np.float32)
    return write_store(folder, np.concatenate(found), silence, statistics, entries)


def write_store(
    folder: Path,
    values: NDArray[np.float16],
    silence: Array,
    statistics: LatentStatistics | None,
    entries: Sequence[LatentEntry],
) -> LatentStore:
    """Write the files of a store, each whole or not at all; the entries come last.

    What was there before is no store from the first file on.

    Args:
        folder: where they go; it is there.
        values: (frames, channels) of all sounds.
        silence: (channels, frames) of nothing.
        statistics: what normalised the latents. None: the caller keeps them.
        entries: a sound each.
    """
    (folder / ENTRIES).unlink(missing_ok=True)  # no store until all of it is there
    write_array(folder / VALUES, values)
    write_array(folder / SILENCE, silence)
    if statistics is not None:
        write_whole(folder / STATISTICS, statistics.as_json())
    lines = "".join(json.dumps(asdict(entry)) + "\n" for entry in entries)
    write_whole(folder / ENTRIES, lines.encode())
    return LatentStore(folder)


def join_stores(stores: Sequence[LatentStore], folder: Path) -> LatentStore:
    """Write a store of the sounds of several, one store's after the other's.

    Args:
        stores: of the same codec, normalised alike.
        folder: the store to be.

    Raises:
        TrainingError: their latents differ in what normalised them, or in what windows are
            multiples of; or `folder` is one of them.
    """
    first = stores[0]
    for store in stores:
        if store.folder.resolve() == folder.resolve():
            raise TrainingError(f"{folder} is one of the stores to join: name another folder")
        if _normalised_by(store) != _normalised_by(first):
            raise TrainingError(
                f"{store.folder} and {first.folder} are not normalised alike: encode both by the"
                " same bundle"
            )
        if store.silence.shape != first.silence.shape:
            raise TrainingError(
                f"{store.folder} has windows of multiples of {store.silence.shape[1]} latents,"
                f" {first.folder} of {first.silence.shape[1]}: encode both with the same"
                " --frames-multiple"
            )
    make_folder(folder)
    starts = np.cumsum([0, *(len(store.values) for store in stores)])
    entries = [
        replace(entry, start=int(start) + entry.start)
        for start, store in zip(starts, stores, strict=False)
        for entry in store.entries
    ]
    values = np.concatenate([store.values for store in stores])
    return write_store(folder, values, first.silence, first.statistics, entries)


def _require_whole(values: NDArray[Any], entries: Sequence[LatentEntry]) -> None:
    """Raises ValueError unless there are sounds, and all frames of each."""
    if values.ndim != 2:
        raise ValueError(f"{VALUES} has {values.ndim} dimensions, not 2")
    if not entries:
        raise ValueError(f"{ENTRIES} has no sounds")
    starts = np.array([entry.start for entry in entries])
    frames = np.array([entry.frames for entry in entries])
    if starts.dtype != np.int64 or frames.dtype != np.int64:
        raise ValueError("a start or a number of frames is no whole number")
    outside = np.flatnonzero((starts < 0) | (frames <= 0) | (starts > len(values) - frames))
    if len(outside):
        entry = entries[outside[0]]
        raise ValueError(
            f"{VALUES} has {len(values)} frames, line {outside[0] + 1} of {ENTRIES}"
            f" {entry.frames} from {entry.start} on"
        )


def _normalised_by(store: LatentStore) -> tuple[object, ...]:
    statistics = store.statistics
    return statistics.mean, statistics.std, statistics.discriminants


def add_discriminants(store: LatentStore, discriminants: Discriminants) -> LatentStore:
    """Give all latents of a store the channels; until it is done, the folder is no store."""
    folder, statistics, silence = store.folder, store.statistics, store.silence
    lines = (folder / ENTRIES).read_bytes()
    (folder / ENTRIES).unlink()
    wide = np.empty((len(store.values), store.channels + len(discriminants.offsets)), np.float16)
    for start in range(0, len(wide), ROWS_AT_ONCE):
        rows = store.values[start : start + ROWS_AT_ONCE].T.astype(np.float32)
        wide[start : start + ROWS_AT_ONCE] = discriminants.add(rows).T
    write_array(folder / VALUES, wide)
    write_array(folder / SILENCE, discriminants.add(silence).astype(np.float32))
    widened = statistics.model_copy(update={"discriminants": discriminants})
    write_whole(folder / STATISTICS, widened.as_json())
    write_whole(folder / ENTRIES, lines)
    return LatentStore(folder)


def _pieces(
    audio: Audio, clip: ClipEntry, max_samples: int | None, sample_rate: int
) -> Iterator[tuple[Audio, float]]:
    """The sound and its length; or, of a longer one, one window after the other."""
    if max_samples is None or audio.shape[1] <= max_samples:
        yield audio, clip.seconds
        return
    for start in range(0, audio.shape[1], max_samples):
        piece = audio[:, start : start + max_samples]
        if piece.shape[1] >= MIN_PIECE * max_samples:
            yield piece, piece.shape[1] / sample_rate


def _column(numbers: tuple[float, ...]) -> Array:
    return np.array(numbers, np.float32)[:, None]


def write_array(path: Path, values: NDArray[Any]) -> None:
    """Write an array to a file, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, values)
    os.replace(temporary, path)
