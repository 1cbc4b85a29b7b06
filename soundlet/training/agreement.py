"""How well sounds and captions fit each other: two towers, learnt from captioned sounds.

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

from soundlet.agreement import FARTHEST, LAYERS, MOST_OFTEN
from soundlet.bundle import TOKENIZER
from soundlet.config.section import Section
from soundlet.errors import CheckpointError
from soundlet.hearing import CLASSES, N_HEARD
from soundlet.key_pieces import KEYS, N_KEYS, KeyPieces, key_number
from soundlet.tokenizer import Tokenizer
from soundlet.training.clips import ClipEntry
from soundlet.training.heard import HeardSounds
from soundlet.training.latents import LatentEntry
from soundlet.training.loop import Figures, NotNegative, Share, Trainee, TrainingError, on_device
from soundlet.training.weights import average_weights, load_weights
from soundlet.vocabulary.instruments import INSTRUMENTS

HIDDEN, COMMON, NARROW = 512, 128, 192
NARROWEST = 0.02  # spread of what is heard
LEVELS = 127  # of whole numbers on either side of 0
TEXTS_AT_ONCE = 4096  # captions that are read
UNSEEN = 0.1  # share of what the sounds' tower sees that is left out
SMOOTHING = 0.02  # of the tags of sounds, which blur into each other
READING = 0.3  # weight of naming tags from captions, which do not say all of them
NAMED = {"kind": 6.0, "source": 2.0, "instruments": 2.0, "key": 2.0, "family": 2.0}
"""What sounds and captions are to name by themselves, and how much each counts in a choice: a
listener forgives another piano sooner than a melody in place of a drum loop."""
OF_CLASSES = 0.25  # share of the noise that the classes of notes get: keys differ by little
PLAYED = "instruments: "  # what a tag of an instrument begins with
USUAL, NARROW_WEIGHT = "usual", "narrow.weight"  # weights that tell a run and its sizes

Item = TypeVar("Item")


class AgreementSettings(Section):
    """What the towers are trained on and for.

    Attributes:
        batch_size: sounds in a step; of their captions each has to find its own.
        noise: most of it that sounds are learnt with, in standard deviations of what is heard.
        forgotten: share of the pieces of captions that are left out.
        tag_weight: weight of naming kind, source, instrument, its family and key from the sound.
    """

    batch_size: Annotated[int, Field(ge=2)] = 256
    noise: NotNegative = 2.5
    forgotten: Share = 0.1
    tag_weight: NotNegative = 1.0


@dataclass(frozen=True)
class AgreementBatch:
    """A step's sounds and captions.

    Attributes:
        heard: (batch, numbers): see `soundlet.hearing`.
        words: (batch, words), how often each piece, and each key, is in the caption.
        tags: (batch, attributes), the place of a sound's tag among those of its attribute; -1
            where it has none, or one that was not there when the run was begun.
    """

    heard: Tensor
    words: Tensor
    tags: Tensor


class AgreementTowers(nn.Module):
    """Sounds and captions as points, near each other where they fit, and as words."""

    usual: Tensor
    spread: Tensor
    importance: Tensor

    def __init__(
        self,
        usual: Tensor,
        spread: Tensor,
        n_words: int,
        n_tags: Sequence[int] = (),
        importance: Sequence[float] = (),
    ) -> None:
        """Towers with fresh weights.

        Args:
            usual: mean of each number that is heard.
            spread: their standard deviations.
            n_words: of captions: pieces of the vocabulary, and keys.
            n_tags: of each attribute that sounds and captions name; captions may also name none.
            importance: of each of these attributes in a choice.
        """
        super().__init__()
        self.register_buffer("importance", torch.tensor(importance, dtype=torch.float32))
        self.register_buffer("usual", usual)
        self.register_buffer("spread", spread)
        self.hidden = nn.Linear(N_HEARD, HIDDEN)
        self.point = nn.Linear(HIDDEN, COMMON)
        self.heads = nn.ModuleList(nn.Linear(HIDDEN, count) for count in n_tags)
        self.narrow = nn.Linear(n_words, NARROW)
        self.joined = nn.Linear(NARROW, NARROW)
        self.caption = nn.Linear(NARROW, COMMON)
        self.readers = nn.ModuleList(nn.Linear(NARROW, count + 1) for count in n_tags)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def sounds(self, heard: Tensor) -> Tensor:
        """Points of sounds: (batch, numbers) to (batch, `COMMON`) of length 1."""
        return self.points(self.sound(heard))

    def sound(self, heard: Tensor) -> Tensor:
        """What sounds are taken for: (batch, numbers) to (batch, `HIDDEN`)."""
        hidden: Tensor = functional.silu(self.hidden(standardised(heard, self.usual, self.spread)))
        return hidden

    def points(self, hidden: Tensor) -> Tensor:
        """Points of what sounds are taken for."""
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
    """Sounds as they are heard, and their captions as counts of words.

    Attributes:
        sounds: what is learnt from.
        heard: (sounds, numbers).
        n_words: pieces of the vocabulary, and keys.
    """

    def __init__(self, sounds: HeardSounds, tokenizer: Tokenizer) -> None:
        """Read all captions.

        Args:
            sounds: with their captions.
            tokenizer: what captions are cut into pieces by; what is beyond its window is left out.
        """
        self.sounds, self.heard = sounds, torch.from_numpy(sounds.values)
        keys = KeyPieces(tokenizer.pieces)
        self.n_words = keys.n_words
        self._first = [0]  # caption of each sound
        texts: list[str] = []
        for entry in sounds.entries:
            texts += entry.captions
            self._first.append(len(texts))
        self._begin = [0]  # of each caption, among the pieces of all
        found = [np.empty(0, np.int32)]
        for part in chunks(texts, TEXTS_AT_ONCE):
            for tokens, mask in zip(*tokenizer.encode(part, truncate=True), strict=True):
                found.append(np.array(keys.words(tokens[mask > 0].tolist()), np.int32))
                self._begin.append(self._begin[-1] + len(found[-1]))
        self._words = torch.from_numpy(np.concatenate(found))

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


def named_tags(entries: Sequence[ClipEntry | LatentEntry]) -> list[str]:
    """The tags that sounds are to name by themselves: attribute by attribute, then by alphabet.

    An attribute that is the same of all sounds, or of none, has no tags here: it tells nothing.
    """
    known = [named_by(entry.tags) for entry in entries]
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
        sounds = pairs.sounds
        if len(sounds.entries) < 2:
            raise TrainingError(
                f"{sounds.folder} has fewer than two sounds: there are none to tell apart"
            )
        self.pairs, self.settings = pairs, settings
        places: dict[str, dict[str, int]] = {}
        for tag in tags:
            name, value = tag.split(": ", 1)
            each = places.setdefault(name, {})
            each[value] = len(each)
        known = [named_by(entry.tags) for entry in sounds.entries]
        self._tags = torch.tensor(
            [[each.get(k.get(name, ""), -1) for name, each in places.items()] for k in known],
            dtype=torch.long,
        )
        n_tags = [len(each) for each in places.values()]
        usual, spread = usual_and_spread(pairs.heard)
        importance = [NAMED[name] for name in places]
        self.towers = AgreementTowers(usual, spread, pairs.n_words, n_tags, importance)

    @property
    def module(self) -> AgreementTowers:
        """The two towers."""
        return self.towers

    def batch(self, generator: torch.Generator) -> AgreementBatch:
        """Sounds, each with one of its captions."""
        n_sounds = len(self.pairs.heard)
        count = min(self.settings.batch_size, n_sounds)
        chosen = torch.randperm(n_sounds, generator=generator)[:count].tolist()
        words = self.pairs.captions(chosen, generator)
        return AgreementBatch(self.pairs.heard[chosen], words, self._tags[chosen])

    def loss(self, batch: AgreementBatch, generator: torch.Generator) -> tuple[Tensor, Figures]:
        """How badly captions and sounds find each other, and how badly sounds name their tags."""
        settings, towers, count = self.settings, self.towers, len(batch.heard)
        share = settings.noise * torch.rand(count, 1, generator=generator)
        noise = share * torch.randn(batch.heard.shape, generator=generator)
        noise[:, CLASSES] *= OF_CLASSES
        kept = torch.rand(batch.words.shape, generator=generator) >= settings.forgotten
        device = towers.log_scale.device
        batch = on_device(batch, device)
        hidden = towers.sound(batch.heard + noise.to(device) * towers.spread)
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


def open_towers(run: Path) -> AgreementTowers:
    """The moving average of the towers of a run.

    Args:
        run: of `train agreement`.

    Raises:
        CheckpointError: no such run, one of another stage, or one that lacks its vocabulary.
        BundleError: its vocabulary cannot be read.
    """
    weights = average_weights(run)
    if not {USUAL, NARROW_WEIGHT} <= set(weights):
        raise CheckpointError(f"{run} is a run of another stage than `soundlet train agreement`")
    n_words = weights[NARROW_WEIGHT].shape[1]
    vocabulary = run / TOKENIZER
    if not vocabulary.is_file():
        raise CheckpointError(f"{run} lacks {TOKENIZER}, the vocabulary that it was trained with")
    found = Tokenizer(vocabulary, 1).n_pieces
    if found + N_KEYS != n_words:
        raise CheckpointError(
            f"{vocabulary} has {found} pieces; the run's weights are for {n_words - N_KEYS}"
        )
    n_tags: list[int] = []
    while (bias := weights.get(f"heads.{len(n_tags)}.bias")) is not None:
        n_tags.append(len(bias))
    usual, spread = torch.zeros(N_HEARD), torch.ones(N_HEARD)
    towers = AgreementTowers(usual, spread, n_words, n_tags, [0.0] * len(n_tags))
    load_weights(towers, weights, run)
    return towers.eval()


def bundled_towers(towers: AgreementTowers) -> bytes:
    """The content of a bundle's `agreement.safetensors`: see `soundlet.agreement`."""
    tensors = {
        "usual": towers.usual,
        "spread": towers.spread,
        "sharpness": towers.log_scale.detach().exp().reshape(1),
        "importance": towers.importance,
        "choices": torch.tensor([float(len(head.get_parameter("bias"))) for head in towers.heads]),
    }
    for name in LAYERS:
        weight, bias = _layer(towers, name)
        scale = weight.abs().amax(dim=1).clamp(min=1e-9) / LEVELS
        whole = (weight / scale[:, None]).round().to(torch.int8)
        tensors |= {f"{name}.weight": whole, f"{name}.scale": scale, f"{name}.bias": bias}
    return save({name: tensor.contiguous() for name, tensor in tensors.items()})


def _layer(towers: AgreementTowers, name: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of a layer of a file, which has the heads and the readers as one each."""
    parts = {"named": towers.heads, "asked": towers.readers}.get(name)
    if parts is not None:
        width = HIDDEN if name == "named" else NARROW
        weights = [torch.empty(0, width), *(part.get_parameter("weight") for part in parts)]
        biases = [torch.empty(0), *(part.get_parameter("bias") for part in parts)]
        return torch.cat(weights).detach(), torch.cat(biases).detach()
    layer = towers.get_submodule(name)
    weight = layer.get_parameter("weight").detach()
    # Of words, a row is one, for its own scale.
    return weight.T if name == "narrow" else weight, layer.get_parameter("bias").detach()


def usual_and_spread(heard: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, `NARROWEST` at least, of each number that is heard."""
    return heard.mean(dim=0), heard.std(dim=0).clamp(min=NARROWEST)


def standardised(heard: Tensor, usual: Tensor, spread: Tensor) -> Tensor:
    """What is heard in standard deviations from the mean, `FARTHEST` at most."""
    return ((heard - usual) / spread).clamp(-FARTHEST, FARTHEST)


def attributes_of(tags: Sequence[str]) -> dict[str, str]:
    """The value of each attribute; of one that a sound has several of, the last."""
    return dict(tag.split(": ", 1) for tag in tags if ": " in tag)


def named_by(tags: Sequence[str]) -> dict[str, str]:
    """The attributes of a sound, each under one name for the same thing.

    A key has one of its spellings, and is left out where it is only a note; where one instrument
    plays alone there is its family.
    """
    named = attributes_of(tags)
    key = key_number(named.pop("key", ""))
    if key is not None:
        named["key"] = KEYS[key]
    played = [tag.removeprefix(PLAYED) for tag in tags if tag.startswith(PLAYED)]
    if len(played) == 1 and played[0] in INSTRUMENTS:
        named.setdefault("family", INSTRUMENTS[played[0]].family)
    return named


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    """`items` in lists of `size`, the last one shorter."""
    return (list(items[i : i + size]) for i in range(0, len(items), size))
