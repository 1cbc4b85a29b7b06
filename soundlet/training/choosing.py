"""A store of those sounds that fit their captions best, for the last steps of a flow.

Source: the choice of training data by what two towers find, as in https://arxiv.org/abs/2111.02114.
"""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from soundlet.bundle import MODEL_CONFIG, TOKENIZER
from soundlet.config import load_config
from soundlet.sampling import Progress
from soundlet.tokenizer import Tokenizer
from soundlet.training.agreement import (
    AgreementTowers,
    Pairs,
    attributes_of,
    chunks,
    open_towers,
)
from soundlet.training.codec import open_codec
from soundlet.training.heard import hear_latents, require_sounds
from soundlet.training.latents import ENTRIES, SILENCE, STATISTICS, VALUES, LatentStore
from soundlet.training.loop import TrainingError
from soundlet.whole_files import make_folder, write_whole

OTHERS = 2048  # captions that one is weighed against
ROUNDS = 4  # captions of each sound that are weighed
KNOWN_BY = ("kind", "source", "instruments")  # tags of which each combination keeps its share


@torch.no_grad()
def disagreement(towers: AgreementTowers, pairs: Pairs, seed: int = 0) -> NDArray[np.float64]:
    """How little each sound's captions fit it, in nats, in the mean of some: (sounds,).

    Args:
        towers: trained.
        pairs: sounds and captions.
        seed: of which captions are taken.
    """
    generator = torch.Generator().manual_seed(seed)
    everything = range(len(pairs.heard))
    points, total = towers.sounds(pairs.heard), torch.zeros(len(everything))
    for _ in range(ROUNDS):
        rows = [
            towers.captions(pairs.captions(part, generator)) for part in chunks(everything, OTHERS)
        ]
        own = torch.cat(rows)
        others = own[torch.randperm(len(own), generator=generator)[:OTHERS]]
        for part in chunks(everything, OTHERS):
            total[part] += towers.surprise(points[part], own[part], others)
    return (total / ROUNDS).double().numpy()


def choose_sounds(
    store: LatentStore,
    out: Path,
    *,
    agreement: Path | None = None,
    autoencoder: Path | None = None,
    keep: float = 0.5,
    often: Mapping[str, float] | None = None,
    evenly: float = 0.0,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> LatentStore:
    """Write a store of those sounds that fit their captions best; the latents are shared.

    Of each combination of kind, source and last instrument the same share is kept, so that
    none is lost.

    Args:
        store: what to choose from.
        out: the folder to be.
        agreement: a run of `train agreement`, which tells how well captions fit what is heard.
            None: nothing does, and all sounds are kept.
        autoencoder: the run or the bundle whose latents they are, to hear them by.
        keep: share of sounds, above 0 to 1.
        often: by tag, such as "kind: pad", how many times its sounds are in; 1 where not named.
        evenly: 0 to 1, how far the rare instruments and sources of a kind catch up with its common
            ones: they are in as many times more often as they are rarer, to this power.
        seed: of all that is random.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called with (sounds heard, sounds).

    Raises:
        TrainingError: `keep`, `evenly` or a number of times is out of range, a tag is no sound's,
            `out` is the store itself, or sounds are to be left out and nothing tells which.
        TrainingError, CheckpointError, ConfigError, BundleError: the runs cannot be read, or the
            latents are of another codec.
    """
    often = dict(often or {})
    if not 0 < keep <= 1:
        raise TrainingError(f"keep must be above 0 and at most 1, not {keep:g}")
    if not 0 <= evenly <= 1:
        raise TrainingError(f"evenly must be 0 to 1, not {evenly:g}")
    for tag, times in often.items():
        if not 0 <= times <= 100:
            raise TrainingError(f"{tag} can be in 0 to 100 times, not {times:g}")
        store.require_tags([tag])
    if out.resolve() == store.folder.resolve():
        raise TrainingError(f"{out} is the store to choose from: name another folder")
    if keep < 1 and (agreement is None or autoencoder is None):
        raise TrainingError(
            f"to keep {keep:g} of the sounds takes a run of `soundlet train agreement`, which tells"
            " the ones that fit their captions best, and the autoencoder to hear them by: name"
            " both, or keep 1"
        )
    if threads is not None:
        torch.set_num_threads(threads)
    kept: Sequence[int] = range(len(store.entries))
    if keep < 1 and agreement is not None and autoencoder is not None:
        towers, config = open_towers(agreement), load_config(agreement / MODEL_CONFIG)
        tokenizer = Tokenizer(agreement / TOKENIZER, config.prompt_max_length)
        sounds = hear_latents(store, open_codec(autoencoder), on_progress)
        require_sounds(sounds)
        pairs = Pairs(sounds, tokenizer)
        kept = _least_surprising(store, disagreement(towers, pairs, seed), keep)
    lines = (store.folder / ENTRIES).read_text(encoding="utf-8").splitlines(keepends=True)
    rng = np.random.default_rng(seed)
    chosen: list[str] = []
    for i, share in zip(kept, _shares([store.entries[i].tags for i in kept], evenly), strict=True):
        times = share * math.prod(often.get(tag, 1.0) for tag in store.entries[i].tags)
        chosen += [lines[i]] * int(times + rng.random())
    if not chosen:
        raise TrainingError("no sound is left: keep more, or more often")
    make_folder(out)
    (out / ENTRIES).unlink(missing_ok=True)  # no store until all of it is there
    for name in (VALUES, SILENCE, STATISTICS):
        _share(store.folder / name, out / name)
    write_whole(out / ENTRIES, "".join(chosen).encode())
    return LatentStore(out)


def _least_surprising(
    store: LatentStore, surprise: NDArray[np.float64], keep: float
) -> Sequence[int]:
    """The share of each combination that surprises least."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for i, entry in enumerate(store.entries):
        groups.setdefault(_known_as(entry.tags), []).append(i)
    return sorted(
        i
        for group in groups.values()
        for i in sorted(group, key=surprise.__getitem__)[: math.ceil(keep * len(group))]
    )


def _shares(sounds: Sequence[Sequence[str]], evenly: float) -> list[float]:
    """How many times each of these sounds, given by their tags, is in; 1 in the mean of a kind."""
    known = [_known_as(tags) for tags in sounds]
    counts = Counter(known)
    raised = [counts[each] ** -evenly for each in known]
    by_kind: dict[str, list[float]] = {}
    for (kind, *_), times in zip(known, raised, strict=True):
        by_kind.setdefault(kind, []).append(times)
    means = {kind: sum(times) / len(times) for kind, times in by_kind.items()}
    return [times / means[kind] for (kind, *_), times in zip(known, raised, strict=True)]


def _known_as(tags: Sequence[str]) -> tuple[str, ...]:
    known = attributes_of(tags)
    return tuple(known.get(name, "") for name in KNOWN_BY)


def _share(source: Path, target: Path) -> None:
    """The same file in another folder: linked where that can be, else copied."""
    temporary = target.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)
