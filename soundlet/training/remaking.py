"""Sounds as a flow makes them, to teach towers that are to judge what it made.

A real sound is hidden in noise up to a random time, and denoised from there under one of its
captions: mostly it is still what it was called, with the faults that the flow leaves in sounds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from soundlet.sampling import Progress, sample
from soundlet.tokenizer import Tokenizer
from soundlet.training.flow import Flow, FlowBatch, condition
from soundlet.training.latents import (
    ENTRIES,
    SILENCE,
    STATISTICS,
    VALUES,
    LatentStore,
    write_array,
)
from soundlet.training.loop import TrainingError
from soundlet.whole_files import make_folder, write_whole

FRAMES_AT_ONCE = 2048
STEPS = 6  # of the sampler, for each sound

Array = NDArray[np.float32]


def remake_sounds(
    store: LatentStore,
    flow: Flow,
    tokenizer: Tokenizer,
    out: Path,
    *,
    count: int,
    times: tuple[float, float] = (0.6, 0.95),
    seed: int = 0,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> LatentStore:
    """Write a store of all sounds, and after them of some as the flow makes them.

    Args:
        store: the real sounds.
        flow: whose faults are wanted.
        tokenizer: of its captions.
        out: the folder to be.
        count: how many sounds are made again, drawn at random.
        times: the earliest and the latest that they are hidden up to; 1 is noise alone.
        seed: of all that is random.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called with (sounds made, sounds to make).

    Raises:
        TrainingError: `count` or `times` is out of range, `out` is the store itself, or the flow
            is of latents with other channels.
    """
    if not 1 <= count <= len(store.entries):
        raise TrainingError(
            f"count must be 1 to {len(store.entries)}, the sounds of {store.folder}, not {count}"
        )
    low, high = times
    if not 0 < low <= high <= 1:
        raise TrainingError(
            f"times must be above 0, at most 1, the earlier one first: not {low:g} and {high:g}"
        )
    if out.resolve() == store.folder.resolve():
        raise TrainingError(f"{out} is the store of the real sounds: name another folder")
    channels = flow.dit.preprocess_conv.in_channels
    if store.channels != channels:
        raise TrainingError(
            f"{store.folder} has {store.channels} channels; the flow's latents have {channels}"
        )
    if threads is not None:
        torch.set_num_threads(threads)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(store.entries), count, replace=False)).tolist()
    made: dict[int, NDArray[np.float16]] = {}
    for part in _of_one_length(store, chosen):
        latents = _remade(store, flow, tokenizer, part, float(rng.uniform(low, high)), rng)
        made |= {i: row.T.astype(np.float16) for i, row in zip(part, latents, strict=True)}
        if on_progress is not None:
            on_progress(len(made), count)
    start, entries = len(store.values), list(store.entries)
    for i in chosen:
        entries.append(replace(store.entries[i], start=start))
        start += len(made[i])
    make_folder(out)
    (out / ENTRIES).unlink(missing_ok=True)  # no store until all of it is there
    write_array(out / VALUES, np.concatenate([store.values, *(made[i] for i in chosen)]))
    write_array(out / SILENCE, store.silence)
    write_whole(out / STATISTICS, store.statistics.as_json())
    write_whole(out / ENTRIES, "".join(json.dumps(asdict(e)) + "\n" for e in entries).encode())
    return LatentStore(out)


def _of_one_length(store: LatentStore, sounds: list[int]) -> Iterator[list[int]]:
    """Sounds in lists of one length each, of `FRAMES_AT_ONCE` frames at most."""
    by_length: dict[int, list[int]] = {}
    for i in sounds:
        by_length.setdefault(store.entries[i].frames, []).append(i)
    for length, group in sorted(by_length.items()):
        size = max(1, FRAMES_AT_ONCE // length)
        yield from (group[at : at + size] for at in range(0, len(group), size))


@torch.inference_mode()
def _remade(
    store: LatentStore,
    flow: Flow,
    tokenizer: Tokenizer,
    sounds: list[int],
    t: float,
    rng: np.random.Generator,
) -> Array:
    """Latents (sounds, channels, frames), hidden up to `t` and denoised."""
    entries = [store.entries[i] for i in sounds]
    real = np.stack([store.latents(i, store.entries[i].frames) for i in sounds])
    captions = [entry.captions[int(rng.integers(len(entry.captions)))] for entry in entries]
    tokens, mask = (torch.from_numpy(each) for each in tokenizer.encode(captions, truncate=True))
    seconds = torch.tensor([entry.seconds for entry in entries])
    told = condition(flow, FlowBatch(torch.from_numpy(real), tokens, mask, seconds))

    def velocity(x: Array, times: Array) -> Array:
        found: Array = flow.dit(torch.from_numpy(x), torch.from_numpy(times), *told).numpy()
        return found

    def noise() -> Array:
        return rng.standard_normal(real.shape, dtype=np.float32)

    share = np.float32(t)
    hidden = (1 - share) * real + share * noise()
    return sample("dpmpp", velocity, hidden, steps=STEPS, sigma_max=t, noise=noise)
