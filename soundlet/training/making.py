"""A store of sounds that a model makes, one for each sound of another store and for its words.

What a model has not learnt shows in the difference between the two: see `extrapolation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from soundlet.request import Sampler
from soundlet.sampling import Array, Progress, sample
from soundlet.training.flow import FlowBatch, condition
from soundlet.training.latents import LatentEntry, LatentStore, write_store
from soundlet.training.loop import TrainingError
from soundlet.training.trained_flow import TrainedFlow, open_flow, require_its_latents
from soundlet.whole_files import make_folder

FRAMES_AT_ONCE = 2048
SEEDS_APART = 2**20  # between the noise of two seeds, more than there are batches in a store
TURNS_APART = 648_055  # odd, and SEEDS_APART by the golden ratio: turns fall far from each other


@dataclass(frozen=True)
class Making:
    """How sounds are made.

    Attributes:
        steps: of the sampler.
        sampler: its name.
        seed: of the noise, and of which caption each sound is made for.
    """

    steps: int = 8
    sampler: Sampler = "pingpong-dpmpp"
    seed: int = 0


def make_sounds(
    source: Path,
    store: LatentStore,
    out: Path,
    making: Making,
    *,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> LatentStore:
    """Make a sound for one caption of each sound of a store, without guidance.

    Entry by entry the new store has the windows, seconds and tags of the old one, and of its
    captions the one that was asked for.

    Args:
        source: a run of `train flow`, or one that went on from it; or a bundle.
        store: what words and lengths are taken from.
        out: the folder to be.
        making: how.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called with (sounds made, sounds).

    Raises:
        TrainingError: the store is not of the model's latents, or `out` is the store itself.
        CheckpointError, ConfigError, BundleError: the model cannot be read.
    """
    if out.resolve() == store.folder.resolve():
        raise TrainingError(f"{out} is the store to make sounds for: name another folder")
    trained = open_flow(source)
    require_its_latents(source, store)
    if threads is not None:
        torch.set_num_threads(threads)
    rng = np.random.default_rng(making.seed)
    entries: list[LatentEntry] = []
    start = 0
    for entry in store.entries:
        caption = entry.captions[int(rng.integers(len(entry.captions)))]
        entries.append(replace(entry, start=start, captions=(caption,)))
        start += entry.frames
    values, n_done = np.empty((start, store.channels), np.float16), 0
    for number, chosen in enumerate(_alike(entries)):
        generator = torch.Generator().manual_seed(noise_seed(making.seed, number))
        for entry, latents in zip(chosen, _made(trained, chosen, making, generator), strict=True):
            values[entry.start : entry.start + entry.frames] = latents.T
        n_done += len(chosen)
        if on_progress is not None:
            on_progress(n_done, len(entries))
    make_folder(out)
    return write_store(out, values, store.silence, store.statistics, entries)


def noise_seed(seed: int, batch: int) -> int:
    """The 32 bits that a batch's noise is drawn by; for one batch no two seeds have the same.

    Args:
        seed: of the store, from 0 to 2**32 - 1.
        batch: its number in the store.
    """
    turns, seed = divmod(seed, 2**32 // SEEDS_APART)
    return (seed * SEEDS_APART + turns * TURNS_APART + batch) % 2**32


def _alike(entries: Sequence[LatentEntry]) -> Iterator[list[LatentEntry]]:
    """Entries with windows of one length, as many as are made at once."""
    lengths: dict[int, list[LatentEntry]] = {}
    for entry in entries:
        lengths.setdefault(entry.frames, []).append(entry)
    for frames, group in sorted(lengths.items()):
        count = max(1, FRAMES_AT_ONCE // frames)
        for first in range(0, len(group), count):
            yield group[first : first + count]


@torch.inference_mode()
def _made(
    trained: TrainedFlow,
    entries: Sequence[LatentEntry],
    making: Making,
    generator: torch.Generator,
) -> Array:
    """Sounds for the captions of entries with windows of one length: (batch, channels, frames)."""
    tokens, mask = trained.tokenizer.encode([e.captions[0] for e in entries], truncate=True)
    shape = (len(entries), trained.config.latent_channels, entries[0].frames)
    seconds = torch.tensor([entry.seconds for entry in entries])
    batch = FlowBatch(torch.empty(shape), torch.from_numpy(tokens), torch.from_numpy(mask), seconds)
    told = condition(trained.flow, batch)

    def noise() -> Array:
        drawn: Array = torch.randn(shape, generator=generator).numpy()
        return drawn

    def velocity(x: Array, t: Array) -> Array:
        x = np.ascontiguousarray(x)
        found: Array = trained.flow.dit(torch.from_numpy(x), torch.from_numpy(t), *told).numpy()
        return found

    return sample(making.sampler, velocity, noise(), steps=making.steps, sigma_max=1.0, noise=noise)
