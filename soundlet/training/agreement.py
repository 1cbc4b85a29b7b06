"""How well sounds and captions fit each other: two towers, learnt from a store of latents.

A flow with little training misses what its prompt asks for now and then, and hardly tells a typical
sound from an odd one. The towers serve it twice: in a bundle they choose among candidates
(`soundlet.agreement`), and before its last hours of training they choose the sounds that say
plainly what they are (`soundlet.training.choosing`).

Source: two towers that learn which text belongs to which sound, as in CLAP,
https://arxiv.org/abs/2206.04769. Both towers here are small, and know no more than the data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import torch
from pydantic import Field
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from soundlet.agreement import FLOOR, HALVINGS, LAYERS, MOST_OFTEN, STRIDE, WINDOW
from soundlet.bundle import TOKENIZER
from soundlet.config.section import Section
from soundlet.errors import CheckpointError
from soundlet.key_pieces import N_KEYS, KeyPieces
from soundlet.tokenizer import Tokenizer
from soundlet.training.latents import (
    STATISTICS,
    LatentStatistics,
    LatentStore,
    read_statistics,
)
from soundlet.training.loop import Figures, NotNegative, Share, Trainee, TrainingError, on_device
from soundlet.training.weights import average_weights, load_weights

WIDTH, HIDDEN, COMMON, NARROW = 160, 320, 128, 192
LEVELS = 127  # of whole numbers on either side of 0
SPAN = 4  # batches; sounds of a step are drawn from so many of about their length
TYPICAL = 20_000  # frames that the spread of channels is taken from
TEXTS_AT_ONCE = 4096  # captions that are read
UNSEEN = 0.1  # share of what the sounds' tower sees that is left out
SMOOTHING = 0.02  # of the tags of sounds, which blur into each other
READING = 0.3  # weight of naming tags from captions, which do not say all of them
NAMED = ("kind", "source", "instruments", "key")  # attributes that sounds are to tell by themselves
OUTER = ("point", "narrow", "joined", "caption")  # layers that are not of the sounds' tower
HEADS = ("heads.", "readers.")  # what the names of weights begin with that only training needs
SPREAD, NARROW_WEIGHT = "sound.spread", "narrow.weight"  # weights that tell the sizes

Item = TypeVar("Item")


class AgreementSettings(Section):
    """What the towers are trained on and for.

    Attributes:
        batch_size: sounds in a step; of their captions each has to find its own.
        noise: most of it that sounds are learnt with, as a share.
        forgotten: share of the pieces of captions that are left out.
        tag_weight: weight of naming kind, source, instrument and key from the sound alone.
    """

    batch_size: Annotated[int, Field(ge=2)] = 192
    noise: Share = 0.35
    forgotten: Share = 0.1
    tag_weight: NotNegative = 1.0


@dataclass(frozen=True)
class AgreementBatch:
    """A step's sounds and captions.

    Attributes:
        latents: (batch, channels, frames).
        is_sounding: (batch, frames), 1 before the end of a sound and 0 after it.
        words: (batch, words), how often each piece, and each key, is in the caption.
        tags: (batch, attributes), the place of a sound's tag among those of its attribute; -1
            where it has none, or one that was not there when the run was begun.
    """

    latents: Tensor
    is_sounding: Tensor
    words: Tensor
    tags: Tensor


class SoundTower(nn.Module):
    """Latents to a point: layers over frames, then means and sizes over time.

    Shape: x (batch, channels, frames), frames a multiple of `STRIDE`, is_sounding (batch, frames)
    to what is seen of each, (batch, `HIDDEN`).
    """

    spread: Tensor

    def __init__(self, spread: Tensor) -> None:
        super().__init__()
        channels = len(spread)
        self.register_buffer("spread", spread)
        self.near = nn.Conv1d(channels, WIDTH, 3, padding=1)
        self.far = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1) for _ in HALVINGS)
        self.hidden = nn.Linear(channels + 4 * WIDTH + 1, HIDDEN)

    def forward(self, x: Tensor, is_sounding: Tensor) -> Tensor:
        """See the class."""
        where = is_sounding[:, None]
        x = x / self.spread[:, None] * where
        near = functional.silu(self.near(x)) * where
        seen = [_mean(x, where), _mean(near, where), _size(near, where)]
        far = near
        for layer in self.far:
            where = where[:, :, ::2]
            far = functional.silu(layer(far)) * where
        seen += [_mean(far, where), _size(far, where)]
        seen.append(is_sounding.sum(dim=1, keepdim=True) / WINDOW)
        hidden: Tensor = functional.silu(self.hidden(torch.cat(seen, dim=1).float()))
        return hidden


class AgreementTowers(nn.Module):
    """Sounds and captions as points, near each other where they fit."""

    def __init__(self, spread: Tensor, n_words: int, n_tags: Sequence[int] = ()) -> None:
        """Towers with fresh weights.

        Args:
            spread: standard deviation of each channel of the latents.
            n_words: of captions: pieces of the vocabulary, and keys.
            n_tags: of each attribute that sounds and captions are to name by themselves; captions
                may also name none.
        """
        super().__init__()
        self.sound = SoundTower(spread)
        self.point = nn.Linear(HIDDEN, COMMON)
        self.narrow = nn.Linear(n_words, NARROW)
        self.joined = nn.Linear(NARROW, NARROW)
        self.caption = nn.Linear(NARROW, COMMON)
        self.heads = nn.ModuleList(nn.Linear(HIDDEN, count) for count in n_tags)
        self.readers = nn.ModuleList(nn.Linear(NARROW, count + 1) for count in n_tags)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def sounds(self, x: Tensor, is_sounding: Tensor) -> Tensor:
        """Points of latents, (batch, `COMMON`), of length 1; shapes as in `SoundTower`."""
        return self.points(self.sound(x, is_sounding))

    def points(self, hidden: Tensor) -> Tensor:
        """Points of what was seen of sounds."""
        return functional.normalize(self.point(hidden).float(), dim=1)

    def captions(self, words: Tensor) -> Tensor:
        """Counts (batch, words) to points (batch, `COMMON`) of length 1."""
        return self.caption_points(self.read(words))

    def read(self, words: Tensor) -> Tensor:
        """What is read in captions: (batch, words) to (batch, `NARROW`)."""
        narrow = functional.silu(self.narrow(words.clamp(max=MOST_OFTEN)))
        joined: Tensor = functional.silu(self.joined(narrow))
        return joined

    def caption_points(self, read: Tensor) -> Tensor:
        """Points of what was read in captions."""
        return functional.normalize(self.caption(read).float(), dim=1)

    def surprise(self, sounds: Tensor, own: Tensor, others: Tensor) -> Tensor:
        """Of each sound, in nats, that the caption is its own and none of others': (batch,)."""
        scale = self.log_scale.exp()
        fit = (sounds * own).sum(dim=1) * scale
        return torch.cat([fit[:, None], sounds @ others.T * scale], dim=1).logsumexp(dim=1) - fit


class Pairs:
    """The sounds of a store up to their ends, and their captions as counts of words.

    Attributes:
        store: where they are.
        order: their places in it, the shortest first.
        n_words: pieces of the vocabulary, and keys.
    """

    def __init__(self, store: LatentStore, tokenizer: Tokenizer, frames_per_second: float) -> None:
        """Read all captions; the latents stay on the disk.

        Args:
            store: sounds and captions.
            tokenizer: what captions are cut into pieces by; what is beyond its window is left out.
            frames_per_second: of the latents.
        """
        self.store = store
        sounds = range(len(store.entries))
        self._lengths = [store.sounding_frames(i, frames_per_second) for i in sounds]
        self.order = sorted(sounds, key=self._lengths.__getitem__)
        keys = KeyPieces(tokenizer.pieces)
        self.n_words = keys.n_words
        self._first = [0]  # caption of each sound
        texts: list[str] = []
        for entry in store.entries:
            texts += entry.captions
            self._first.append(len(texts))
        self._begin = [0]  # of each caption, among the pieces of all
        found = [np.empty(0, np.int32)]
        for part in chunks(texts, TEXTS_AT_ONCE):
            for tokens, mask in zip(*tokenizer.encode(part, truncate=True), strict=True):
                found.append(np.array(keys.words(tokens[mask > 0].tolist()), np.int32))
                self._begin.append(self._begin[-1] + len(found[-1]))
        self._words = torch.from_numpy(np.concatenate(found))

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
        """How often each word is in a random caption of each: (sounds, words)."""
        chance = torch.rand(len(chosen), generator=generator).tolist()
        rows = [
            self._first[i] + int(c * (self._first[i + 1] - self._first[i]))
            for i, c in zip(chosen, chance, strict=True)
        ]
        found = [self._words[self._begin[row] : self._begin[row + 1]] for row in rows]
        lengths = torch.tensor([len(words) for words in found])
        places = torch.arange(len(rows)).repeat_interleave(lengths) * self.n_words
        places += torch.cat(found)
        counts = torch.zeros(len(rows) * self.n_words)
        return counts.index_add_(0, places, torch.ones(len(places))).view(len(rows), -1)


def named_tags(store: LatentStore) -> list[str]:
    """The tags that sounds are to name by themselves: attribute by attribute, then by alphabet.

    An attribute that is the same of all sounds, or of none, has no tags here: it tells nothing.
    """
    known = [attributes_of(entry.tags) for entry in store.entries]
    each = [sorted({f"{name}: {tags[name]}" for tags in known if name in tags}) for name in NAMED]
    return [tag for tags in each if len(tags) > 1 for tag in tags]


class AgreementTrainee(Trainee[AgreementBatch]):
    """Which caption of a batch belongs to which sound, and the other way round."""

    def __init__(self, pairs: Pairs, tags: Sequence[str], settings: AgreementSettings) -> None:
        """Towers with fresh weights.

        Args:
            pairs: what is learnt from.
            tags: that sounds are to name by themselves: see `named_tags`.
            settings: how.

        Raises:
            TrainingError: there are too few sounds to tell apart.
        """
        store = pairs.store
        if len(store.entries) < 2:
            raise TrainingError(
                f"{store.folder} has fewer than two sounds: there are none to tell apart"
            )
        self.pairs, self.settings = pairs, settings
        places: dict[str, dict[str, int]] = {}
        for tag in tags:
            name, value = tag.split(": ", 1)
            each = places.setdefault(name, {})
            each[value] = len(each)
        known = [attributes_of(entry.tags) for entry in store.entries]
        self._tags = torch.tensor(
            [[each.get(k.get(name, ""), -1) for name, each in places.items()] for k in known],
            dtype=torch.long,
        )
        n_tags = [len(each) for each in places.values()]
        rows = store.values[:: 1 + len(store.values) // TYPICAL].astype(np.float32)
        spread = torch.from_numpy(rows.std(axis=0)).clamp(min=1e-3)
        self.towers = AgreementTowers(spread, pairs.n_words, n_tags)

    @property
    def module(self) -> AgreementTowers:
        """The two towers."""
        return self.towers

    def batch(self, generator: torch.Generator) -> AgreementBatch:
        """Sounds of about one length, each with one of its captions."""
        order = self.pairs.order
        count = min(self.settings.batch_size, len(order))
        span = min(SPAN * count, len(order))
        start = int(torch.randint(len(order) - span + 1, (), generator=generator))
        places = torch.randperm(span, generator=generator)[:count].tolist()
        chosen = [order[start + place] for place in places]
        x, is_sounding = self.pairs.sounds(chosen)
        words = self.pairs.captions(chosen, generator)
        return AgreementBatch(x, is_sounding, words, self._tags[chosen])

    def loss(self, batch: AgreementBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How badly captions and sounds find each other, and how badly sounds name their tags."""
        settings, towers, count = self.settings, self.towers, len(batch.latents)
        share = settings.noise * torch.rand(count, 1, 1, generator=generator)
        noise = torch.randn(batch.latents.shape, generator=generator)
        kept = torch.rand(batch.words.shape, generator=generator) >= settings.forgotten
        device = towers.log_scale.device
        batch, share, noise = on_device(batch, device), share.to(device), noise.to(device)
        hidden = towers.sound((1 - share) * batch.latents + share * noise, batch.is_sounding)
        seen = (torch.rand(hidden.shape, generator=generator) >= UNSEEN) / (1 - UNSEEN)
        hidden, read = hidden * seen.to(device), towers.read(batch.words * kept.to(device))
        fit = towers.points(hidden) @ towers.caption_points(read).T * towers.log_scale.exp()
        own = torch.arange(count, device=device)
        found = functional.cross_entropy(fit, own) + functional.cross_entropy(fit.T, own)
        tags = torch.zeros((), device=device)
        parts = zip(towers.heads, towers.readers, batch.tags.T, strict=True)
        for head, reader, wanted in parts:
            named: Tensor = head(hidden)
            missed = functional.cross_entropy(
                named.float(), wanted, ignore_index=-1, reduction="sum", label_smoothing=SMOOTHING
            )
            told: Tensor = reader(read)
            none = told.shape[1] - 1
            misread = functional.cross_entropy(told.float(), wanted.where(wanted >= 0, none))
            tags = tags + missed / (wanted >= 0).sum().clamp(min=1) + READING * misread
        is_found = (fit.argmax(dim=1) == own).float().mean()
        figures = {"found": is_found.item(), "pairs": found.item(), "tags": tags.item()}
        return found / 2 + settings.tag_weight * tags, figures


def open_towers(run: Path, statistics: LatentStatistics) -> AgreementTowers:
    """The moving average of the towers of a run, without what only the training needs.

    Args:
        run: of `train agreement`.
        statistics: of the latents that they are to be for.

    Raises:
        CheckpointError: no such run, one of another stage, or one that lacks its vocabulary.
        TrainingError: it was trained on latents of other channels, or normalised otherwise.
        BundleError: its vocabulary cannot be read.
    """
    weights = {n: w for n, w in average_weights(run).items() if not n.startswith(HEADS)}
    if not {SPREAD, NARROW_WEIGHT} <= set(weights):
        raise CheckpointError(f"{run} is a run of another stage than `soundlet train agreement`")
    channels, n_words = len(weights[SPREAD]), weights[NARROW_WEIGHT].shape[1]
    if channels != statistics.channels:
        raise TrainingError(
            f"{run} was trained on latents of {channels} channels, not {statistics.channels}"
        )
    if (run / STATISTICS).is_file() and read_statistics(run) != statistics:
        raise TrainingError(f"{run} was trained on latents that were normalised otherwise")
    vocabulary = run / TOKENIZER
    if not vocabulary.is_file():
        raise CheckpointError(f"{run} lacks {TOKENIZER}, the vocabulary that it was trained with")
    found = Tokenizer(vocabulary, 1).n_pieces
    if found + N_KEYS != n_words:
        raise CheckpointError(
            f"{vocabulary} has {found} pieces; the run's weights are for {n_words - N_KEYS}"
        )
    towers = AgreementTowers(torch.ones(channels), n_words)
    load_weights(towers, weights, run)
    return towers.eval()


def bundled_towers(towers: AgreementTowers) -> bytes:
    """The content of a bundle's `agreement.safetensors`: see `soundlet.agreement`."""
    tensors = {"spread": towers.sound.spread}
    for name in LAYERS:
        layer = towers.get_submodule(name if name in OUTER else f"sound.{name}")
        weight = layer.get_parameter("weight").detach()
        weight = weight.T if name == "narrow" else weight  # a row a word, for its own scale
        scale = weight.flatten(1).abs().amax(dim=1).clamp(min=1e-9) / LEVELS
        whole = (weight / scale.view(-1, *[1] * (weight.ndim - 1))).round().to(torch.int8)
        bias = layer.get_parameter("bias").detach()
        tensors |= {f"{name}.weight": whole, f"{name}.scale": scale, f"{name}.bias": bias}
    return save({name: tensor.contiguous() for name, tensor in tensors.items()})


def _mean(x: Tensor, where: Tensor) -> Tensor:
    """Over the frames of (batch, channels, frames) that sound: (batch, channels)."""
    return (x * where).sum(dim=2) / where.sum(dim=2)


def _size(x: Tensor, where: Tensor) -> Tensor:
    """Root mean square over the frames that sound."""
    return (_mean(x.square(), where) + FLOOR).sqrt()


def attributes_of(tags: Sequence[str]) -> dict[str, str]:
    """The value of each attribute; of one that a sound has several of, the last."""
    return dict(tag.split(": ", 1) for tag in tags if ": " in tag)


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of `size`, the last one shorter."""
    return (list(items[i : i + size]) for i in range(0, len(items), size))
