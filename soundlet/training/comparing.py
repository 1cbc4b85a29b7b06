"""Pairs of sounds for the same captions: the better of each in one store, the worse in another.

A model that is asked for a sound several times fits its prompt once more, once less. Of each
caption the sounds that fit best and worst are told by the words that they are heard as
(`soundlet.training.words`), and so not by what chooses among candidates later
(`soundlet.agreement`): what one judge misses the other may find. Two runs of a flow, one on each
store, then differ in what makes a sound fit, and the flow is moved along that: see `extrapolation`.

Source: pairs of samples of one prompt, the preferred and the other one, as what a diffusion model
learns from: Diffusion-DPO, https://arxiv.org/abs/2311.12908. Here the direction is the difference
of two models' weights, as in https://arxiv.org/abs/2212.04089.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from soundlet.sampling import Progress
from soundlet.training.clips import ClipFolder
from soundlet.training.codec import Codec, open_codec
from soundlet.training.heard import hear_clips, hear_latents, require_its_codec
from soundlet.training.latents import ENTRIES, LatentEntry, LatentStore, write_store
from soundlet.training.loop import TrainingError
from soundlet.training.words import HeardWords, asked_words, known_words, words_apart
from soundlet.whole_files import make_folder


def compare_sounds(
    stores: Sequence[LatentStore],
    better: Path,
    worse: Path,
    *,
    clips: Path,
    autoencoder: Path,
    kept: Path | None = None,
    margin: float = 2.0,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> tuple[LatentStore, LatentStore]:
    """Write the best and the worst sound of each caption into two stores.

    Entry by entry the two are alike in all but their latents. Captions whose sounds hardly differ
    are in neither, nor is a sound that decodes to samples that are not finite.

    Args:
        stores: two or more, of sounds that were made for the same captions.
        better: the folder to be of those that fit best.
        worse: the folder to be of those that fit worst.
        clips: a folder of known sounds, with attributes, that words are learnt from.
        autoencoder: the run or the bundle whose latents they are, to hear them by.
        kept: a folder that keeps what is heard of the clips, as a run of `train agreement` on them
            does. None: it is not kept.
        margin: nats that the two sounds of a caption differ by at least.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called with (sounds heard, sounds), clips that were not heard before first.

    Returns:
        The two stores.

    Raises:
        TrainingError: there are fewer than two stores, they are not of the same captions and
            lengths or of the same latents, a sound has several captions, a folder is named twice,
            `margin` is out of range, or no two sounds differ by it.
        TrainingError, CheckpointError, ConfigError, BundleError: the clips or the run cannot be
            read, no attribute tells the clips apart, or the latents are of another codec.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise TrainingError(f"margin must be a number of nats from 0, not {margin:g}")
    _require_pairs(stores)
    _require_apart([*(store.folder for store in stores), better, worse])
    if threads is not None:
        torch.set_num_threads(threads)
    codec = open_codec(autoencoder)
    require_its_codec(stores[0], codec)
    known = ClipFolder(clips, codec.config.sample_rate)
    words_apart(clips, [known_words(entry) for entry in known.entries])  # before they are heard
    words = HeardWords(hear_clips(known, kept, codec.config.sample_size, on_progress))
    ratings = _ratings(words, stores, codec, on_progress)
    is_sound = np.isfinite(ratings)
    plainest, faintest = np.where(is_sound, ratings, -np.inf), np.where(is_sound, ratings, np.inf)
    apart = np.maximum(plainest.max(axis=0) - faintest.min(axis=0), 0)
    chosen = np.flatnonzero((apart >= margin) & (apart > 0)).tolist()
    if not chosen:
        raise TrainingError(
            f"of no caption two sounds differ by {margin:g} nats or more; the greatest difference"
            f" is {apart.max():.6g}: lower --margin"
        )
    best, worst = plainest.argmax(axis=0).tolist(), faintest.argmin(axis=0).tolist()
    for folder in (better, worse):
        make_folder(folder)
    for folder in (better, worse):
        (folder / ENTRIES).unlink(missing_ok=True)  # no store until all of it is there
    return (
        _written(better, [(stores[best[i]], i) for i in chosen]),
        _written(worse, [(stores[worst[i]], i) for i in chosen]),
    )


def _require_pairs(stores: Sequence[LatentStore]) -> None:
    """Refuse stores whose sounds cannot be compared, entry by entry."""
    if len(stores) < 2:
        raise TrainingError(
            f"sounds of two stores or more are compared, not of {len(stores)}: make another one"
            " with `soundlet dataset make`, of another --seed"
        )
    first = stores[0]
    for store in stores:
        several = [entry for entry in store.entries if len(entry.captions) != 1]
        if several:
            raise TrainingError(
                f"{store.folder} has a sound with {len(several[0].captions)} captions, not one:"
                " make a store of such with `soundlet dataset make`"
            )
        if store.entries != first.entries:
            raise TrainingError(
                f"{first.folder} and {store.folder} are not of the same captions and lengths: make"
                f" the one from the other, with `soundlet dataset make {first.folder}`"
            )
        if (store.channels, store.statistics) != (first.channels, first.statistics):
            raise TrainingError(
                f"{first.folder} and {store.folder} are not of the same latents: make both with"
                " one model"
            )


def _require_apart(folders: Sequence[Path]) -> None:
    """Refuse a folder that is named twice."""
    seen: set[Path] = set()
    for folder in folders:
        if folder.resolve() in seen:
            raise TrainingError(f"{folder} is named twice: name another folder")
        seen.add(folder.resolve())


def _ratings(
    words: HeardWords, stores: Sequence[LatentStore], codec: Codec, on_progress: Progress | None
) -> NDArray[np.float32]:
    """How plainly each sound is heard as what was asked for: (stores, sounds).

    In nats; not a number of what is no sound.
    """
    asked = [asked_words(entry) for entry in stores[0].entries]
    rows: list[NDArray[np.float32]] = []

    def show(done: int, _: int) -> None:
        if on_progress is not None:
            on_progress(len(rows) * len(asked) + done, len(stores) * len(asked))

    for store in stores:
        rows.append(words.fit(hear_latents(store, codec, show).values, asked))
    return np.stack(rows)


def _written(folder: Path, sounds: Sequence[tuple[LatentStore, int]]) -> LatentStore:
    """A store of these sounds, each given by where it is, one after the other."""
    entries: list[LatentEntry] = []
    start = 0
    for store, i in sounds:
        entries.append(replace(store.entries[i], start=start))
        start += store.entries[i].frames
    first = sounds[0][0]
    values = np.empty((start, first.channels), np.float16)
    for (store, i), entry in zip(sounds, entries, strict=True):
        found = store.entries[i].start
        values[entry.start : entry.start + entry.frames] = store.values[
            found : found + entry.frames
        ]
    return write_store(folder, values, first.silence, first.statistics, entries)
