"""How well sounds and captions fit each other, and a store of those that do so best.

A model with little training hardly tells a typical sound from an odd one. Taught in its last hours
by sounds that say plainly what they are, it says it more plainly itself.

Source: two towers that learn which text belongs to which sound, as in CLAP,
https://arxiv.org/abs/2206.04769, and the choice of training data by what such a pair of towers
finds, as in https://arxiv.org/abs/2111.02114. Both towers here are small, and know no more than the
data set.
"""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from soundlet.bundle import MODEL_CONFIG, TOKENIZER
from soundlet.config import load_config
from soundlet.models.prior import N_KEYS, KeyReader
from soundlet.sampling import Progress
from soundlet.tokenizer import Tokenizer
from soundlet.training.keys import fill_keys
from soundlet.training.latents import ENTRIES, SILENCE, STATISTICS, VALUES, LatentStore
from soundlet.training.loop import TrainingError
from soundlet.whole_files import make_folder, write_whole

WIDTH, HIDDEN, COMMON = 160, 320, 128
BATCH = 256
SPAN = 4 * BATCH  # sounds of about one length that a batch is drawn from
NOISE = 0.35  # most of it that sounds are learnt with, as a share
FORGOTTEN = 0.1  # share of words that are left out
LEARNING_RATE, WARMUP = 1.5e-3, 50
STRIDE = 4  # frames that become one
TYPICAL = 20_000  # frames that the spread of channels is taken from
OTHERS = 2048  # captions that one is weighed against
ROUNDS = 4  # captions of each sound that are weighed
KNOWN_BY = ("kind", "source", "instruments")  # tags of which each combination keeps its share


class SoundTower(nn.Module):
    """Latents to a point: layers over frames, then means, deviations and peaks.

    Shape: x (batch, channels, frames), frames a multiple of `STRIDE`, is_sounding (batch, frames),
    1 or 0, to (batch, `COMMON`) of length 1.
    """

    spread: Tensor

    def __init__(self, spread: Tensor) -> None:
        super().__init__()
        self.register_buffer("spread", spread)
        self.near = nn.Conv1d(len(spread), WIDTH, 3, padding=1)
        self.far = nn.Sequential(
            nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1),
            nn.SiLU(),
        )
        self.point = nn.Sequential(
            nn.Linear(4 * WIDTH + 1, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, COMMON)
        )

    def forward(self, x: Tensor, is_sounding: Tensor) -> Tensor:
        """See the class."""
        each, count = is_sounding[:, None], is_sounding.sum(dim=1, keepdim=True)
        near = functional.silu(self.near(x / self.spread[:, None] * each)) * each
        some = each[:, :, ::STRIDE]
        far = self.far(near) * some
        means = near.sum(dim=2) / count
        sizes = (near.square().sum(dim=2) / count + 1e-6).sqrt()
        seen = [means, sizes, far.sum(dim=2) / some.sum(dim=2), far.amax(dim=2), count / 128]
        return functional.normalize(self.point(torch.cat(seen, dim=1)).float(), dim=1)


class Agreement(nn.Module):
    """Sounds and captions as points, near each other where they fit.

    The captions' tower is told which pieces occur, and which key is named.
    """

    def __init__(self, spread: Tensor, n_words: int) -> None:
        super().__init__()
        self.sound = SoundTower(spread)
        self.words = nn.Sequential(
            nn.Linear(n_words, 2 * COMMON), nn.SiLU(), nn.Linear(2 * COMMON, COMMON)
        )
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def caption(self, words: Tensor) -> Tensor:
        """Counts (batch, words) to points (batch, `COMMON`) of length 1."""
        return functional.normalize(self.words(words.clamp(max=2)), dim=1)

    def surprise(self, sounds: Tensor, own: Tensor, others: Tensor) -> Tensor:
        """Of each sound, in nats, that the caption is its own and none of others': (batch,)."""
        scale = self.log_scale.exp()
        fit = (sounds * own).sum(dim=1) * scale
        return torch.cat([fit[:, None], sounds @ others.T * scale], dim=1).logsumexp(dim=1) - fit


class Pairs:
    """The sounds of a store up to their ends, and their captions as counts of words."""

    def __init__(self, store: LatentStore, tokenizer: Tokenizer, frames_per_second: float) -> None:
        self.store = store
        sounds = range(len(store.entries))
        self._lengths = [store.sounding_frames(i, frames_per_second) for i in sounds]
        self.order = sorted(sounds, key=self._lengths.__getitem__)  # the shortest first
        self._n_pieces = tokenizer.n_pieces
        self._keys = KeyReader(self._n_pieces)
        fill_keys(self._keys, map(tokenizer.piece, range(self._n_pieces)))
        self._first: list[int] = []
        texts: list[str] = []
        for entry in store.entries:
            self._first.append(len(texts))
            texts += entry.captions
        self._first.append(len(texts))
        self._tokens, self._mask = map(torch.from_numpy, tokenizer.encode(texts, truncate=True))

    @property
    def n_words(self) -> int:
        """Pieces and keys."""
        return self._n_pieces + N_KEYS

    def sounds(self, chosen: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Latents (sounds, channels, frames), and where they sound: (sounds, frames)."""
        frames = -(-max(self._lengths[i] for i in chosen) // STRIDE) * STRIDE
        x = torch.zeros(len(chosen), self.store.channels, frames)
        is_sounding = torch.zeros(len(chosen), frames)
        for row, i in enumerate(chosen):
            length = self._lengths[i]
            x[row, :, :length] = torch.from_numpy(self.store.latents(i, length))
            is_sounding[row, :length] = 1
        return x, is_sounding

    def captions(self, chosen: Sequence[int], generator: torch.Generator) -> Tensor:
        """A random caption of each: (sounds, words)."""
        chance = torch.rand(len(chosen), generator=generator).tolist()
        rows = [
            self._first[i] + int(c * (self._first[i + 1] - self._first[i]))
            for i, c in zip(chosen, chance, strict=True)
        ]
        length = int(self._mask[rows].sum(dim=1).max())
        pieces = functional.one_hot(self._tokens[rows, :length].long(), self._n_pieces).float()
        pieces *= self._mask[rows, :length, None]
        return torch.cat([pieces.sum(dim=1), self._keys(pieces)], dim=1)


def read_pairs(latents: Path, model: Path) -> Pairs:
    """The sounds and captions of a store, in the words of a model.

    Args:
        latents: the store.
        model: a folder with the config and the vocabulary of the flow to be trained.

    Raises:
        TrainingError, ConfigError, BundleError: as for reading the two folders.
    """
    config = load_config(model / MODEL_CONFIG)
    tokenizer = Tokenizer(model / TOKENIZER, config.prompt_max_length)
    return Pairs(LatentStore(latents), tokenizer, config.sample_rate / config.hop_length)


def train_agreement(
    pairs: Pairs, steps: int, seed: int = 0, on_progress: Progress | None = None
) -> Agreement:
    """Learn which caption of a batch belongs to which sound, and the other way round.

    Raises:
        TrainingError: there are too few sounds to tell apart.
    """
    store = pairs.store
    if len(store.entries) < 2:
        raise TrainingError(f"{store.folder} has one sound: there is nothing to choose from")
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    rows = store.values[:: 1 + len(store.values) // TYPICAL].astype(np.float32)
    model = Agreement(torch.from_numpy(rows.std(axis=0)).clamp(min=1e-3), pairs.n_words)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=0.05)
    count, span = min(BATCH, len(pairs.order)), min(SPAN, len(pairs.order))
    for step in range(steps):
        rate = min(1.0, (step + 1) / WARMUP) * (1 + math.cos(math.pi * step / steps)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate * LEARNING_RATE
        start = int(torch.randint(len(pairs.order) - span + 1, (), generator=generator))
        places = torch.randperm(span, generator=generator)[:count].tolist()
        chosen = [pairs.order[start + place] for place in places]
        x, is_sounding = pairs.sounds(chosen)
        share = NOISE * torch.rand(count, 1, 1, generator=generator)
        x = (1 - share) * x + share * torch.randn(x.shape, generator=generator)
        words = pairs.captions(chosen, generator)
        words *= torch.rand(words.shape, generator=generator) >= FORGOTTEN
        with torch.autocast("cpu", torch.bfloat16):
            points = model.sound(x, is_sounding)
        fit = points @ model.caption(words).T * model.log_scale.exp()
        own = torch.arange(count)
        loss = functional.cross_entropy(fit, own) + functional.cross_entropy(fit.T, own)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if on_progress is not None:
            on_progress(step + 1, steps)
    return model.eval()


@torch.no_grad()
def disagreement(model: Agreement, pairs: Pairs, seed: int = 0) -> NDArray[np.float64]:
    """How little each sound's captions fit it, in nats, in the mean of some: (sounds,)."""
    generator = torch.Generator().manual_seed(seed)
    everything = range(len(pairs.order))
    points, total = torch.zeros(len(everything), COMMON), torch.zeros(len(everything))
    for part in _chunks(pairs.order, BATCH // 4):
        points[part] = model.sound(*pairs.sounds(part))
    for _ in range(ROUNDS):
        rows = [
            model.caption(pairs.captions(part, generator)) for part in _chunks(everything, BATCH)
        ]
        own = torch.cat(rows)
        others = own[torch.randperm(len(own), generator=generator)[:OTHERS]]
        for part in _chunks(everything, OTHERS):
            total[part] += model.surprise(points[part], own[part], others)
    return (total / ROUNDS).double().numpy()


def choose_sounds(
    pairs: Pairs,
    out: Path,
    *,
    keep: float = 0.5,
    often: Mapping[str, float] | None = None,
    evenly: float = 0.0,
    steps: int = 700,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Progress | None = None,
) -> LatentStore:
    """Write a store of those sounds that fit their captions best; the latents are shared.

    Of each combination of kind, source and first instrument the same share is kept, so that
    none is lost.

    Args:
        pairs: what to choose from.
        out: the folder to be.
        keep: share of sounds, above 0 to 1; of 1 nothing need be learnt.
        often: by tag, such as "kind: pad", how many times its sounds are in; 1 where not named.
        evenly: 0 to 1, how far the rare instruments and sources of a kind catch up with its common
            ones: they are in as many times more often as they are rarer, to this power.
        steps: that the towers are trained for.
        seed: of all that is random.
        threads: of the CPU. None: PyTorch's own choice.
        on_progress: called after each step.

    Raises:
        TrainingError: `keep`, `evenly`, `steps` or a number of times is out of range, a tag is no
            sound's, or `out` is the store itself.
    """
    store, often = pairs.store, dict(often or {})
    if steps < 1:
        raise TrainingError(f"steps must be 1 or more, not {steps}")
    if not 0 < keep <= 1:
        raise TrainingError(f"keep must be above 0 and at most 1, not {keep:g}")
    if not 0 <= evenly <= 1:
        raise TrainingError(f"evenly must be 0 to 1, not {evenly:g}")
    for tag, times in often.items():
        if not 0 <= times <= 100:
            raise TrainingError(f"{tag} can be in 0 to 100 times, not {times:g}")
        if not any(tag in entry.tags for entry in store.entries):
            raise TrainingError(f"no sound of {store.folder} has the tag {tag!r}")
    if out.resolve() == store.folder.resolve():
        raise TrainingError(f"{out} is the store to choose from: name another folder")
    if threads is not None:
        torch.set_num_threads(threads)
    kept: Sequence[int] = range(len(store.entries))
    if keep < 1:
        model = train_agreement(pairs, steps, seed, on_progress)
        kept = _least_surprising(store, disagreement(model, pairs, seed), keep)
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
    known = dict(tag.split(": ", 1) for tag in tags if ": " in tag)
    return tuple(known.get(name, "").split(",")[0] for name in KNOWN_BY)


def _chunks(items: Sequence[int], size: int) -> Iterator[list[int]]:
    return (list(items[i : i + size]) for i in range(0, len(items), size))


def _share(source: Path, target: Path) -> None:
    """The same file in another folder: linked where that can be, else copied."""
    temporary = target.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source.resolve(), temporary)
    except OSError:
        shutil.copyfile(source, temporary)
    os.replace(temporary, target)
