"""What is heard of the sounds to learn from, as `soundlet.agreement` hears those that it judges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundlet.hearing import N_HEARD, heard
from soundlet.sampling import Progress
from soundlet.training.clips import ClipEntry, ClipFolder
from soundlet.training.codec import Codec
from soundlet.training.latents import LatentEntry, LatentStore, write_array
from soundlet.training.loop import TrainingError
from soundlet.whole_files import make_folder, write_whole

Array = NDArray[np.float32]

HEARD, HEARD_OF = "heard.npy", "heard.json"  # of a run


@dataclass(frozen=True)
class HeardSounds:
    """Sounds as they are heard, and what is known of them.

    Attributes:
        folder: where they are.
        entries: captions and tags of each.
        values: (sounds, numbers): see `soundlet.hearing`.
    """

    folder: Path
    entries: Sequence[ClipEntry | LatentEntry]
    values: Array


def hear_clips(
    clips: ClipFolder, run: Path | None, max_samples: int, on_progress: Progress | None = None
) -> HeardSounds:
    """Hear the sounds of a folder, or read what a run has kept of them.

    Args:
        clips: the sounds.
        run: a folder that keeps what is heard. None: it is not kept.
        max_samples: of a longer sound the rest is not heard.
        on_progress: called with (sounds heard, sounds).

    Raises:
        TrainingError: a sound cannot be read.
    """
    of = {"sounds": _digest(clips, max_samples)}
    values = None if run is None else _kept(run, of, len(clips.entries))
    if values is None:

        def sound(index: int) -> Array:
            return clips.audio(index)[:, :max_samples]

        values = _heard_all(sound, len(clips.entries), clips.sample_rate, on_progress)
        if run is not None:
            make_folder(run)
            (run / HEARD_OF).unlink(missing_ok=True)  # of nothing until all of it is there
            write_array(run / HEARD, values)
            write_whole(run / HEARD_OF, json.dumps(of).encode())
    return HeardSounds(clips.folder, clips.entries, values)


def hear_latents(
    store: LatentStore, codec: Codec, on_progress: Progress | None = None
) -> HeardSounds:
    """Decode the sounds of a store and hear them.

    Args:
        store: the sounds.
        codec: that their latents are of.
        on_progress: called with (sounds heard, sounds).

    Returns:
        What is heard; of a sound that decodes to samples that are not finite, not numbers.

    Raises:
        TrainingError: the latents are of another codec.
    """
    require_its_codec(store, codec)
    config = codec.config

    def sound(index: int) -> Array:
        n_frames = store.sounding_frames(index, config.sample_rate / config.hop_length)
        latents = store.statistics.restore(store.latents(index, n_frames)[None])
        decoded: Array = codec.decode(latents)[0]
        return decoded

    values = _heard_all(sound, len(store.entries), config.sample_rate, on_progress)
    return HeardSounds(store.folder, store.entries, values)


def require_sounds(sounds: HeardSounds) -> None:
    """Raises TrainingError for a sound that was heard as what is not a number."""
    lost = np.flatnonzero(~np.isfinite(sounds.values).all(axis=1))
    if len(lost):
        raise TrainingError(
            f"sound {lost[0] + 1} of {sounds.folder} decodes to samples that are not finite numbers"
        )


def require_its_codec(store: LatentStore, codec: Codec) -> None:
    """Raises TrainingError for latents that are not of the codec."""
    channels, expected = len(store.statistics.mean), codec.config.latent_channels
    if channels != expected:
        raise TrainingError(
            f"{store.folder} has latents of {channels} channels; the autoencoder's have"
            f" {expected}: name the one that they are of"
        )


def _heard_all(
    sound: Callable[[int], Array], count: int, sample_rate: int, on_progress: Progress | None
) -> Array:
    """What is heard of so many sounds: (sounds, numbers)."""
    rows = []
    for i in range(count):
        audio = sound(i)
        is_sound = bool(np.isfinite(audio).all())
        rows.append(heard(audio, sample_rate) if is_sound else np.full(N_HEARD, np.nan, np.float32))
        if on_progress is not None:
            on_progress(i + 1, count)
    return np.stack(rows)


def _digest(clips: ClipFolder, max_samples: int) -> str:
    """Tells whether what is kept is of these sounds, in files that have not changed."""
    try:
        written = {path: path.stat().st_mtime_ns for path in {each.path for each in clips.entries}}
    except OSError as e:
        raise TrainingError(f"{e.filename} cannot be read ({e.strerror})") from e
    known = [(e.path.name, e.member, e.seconds, written[e.path]) for e in clips.entries]
    heard_as = [clips.sample_rate, max_samples, known]
    return hashlib.sha256(json.dumps(heard_as).encode()).hexdigest()


def _kept(run: Path, of: dict[str, str], count: int) -> Array | None:
    """What a run has heard of these sounds; None if it has heard none, others, or not all."""
    try:
        if json.loads((run / HEARD_OF).read_text(encoding="utf-8")) != of:
            return None
        values: Array = np.load(run / HEARD)
    except (EOFError, OSError, ValueError):
        return None
    return values if values.shape == (count, N_HEARD) else None
