"""What sounds are heard as, in words: learnt from how near they are to known ones.

Each word is a smooth function of the numbers that are heard of a sound, near 1 for known sounds of
that word and near 0 for the others. It is fitted in one go, to real sounds, and asked of made ones:
a network that is trained for long leans on what made sounds lack.

Source: kernel ridge regression on few points, Rifkin, Yeo, Poggio, "Regularized least-squares
classification", 2003, section 3.7; the middles of clusters as those points, Zhang, Tsang, Kwok,
"Improved Nystrom low-rank approximation and error analysis", 2008.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from soundlet.hearing import CLASSES, N_HEARD
from soundlet.prompt import read_prompt
from soundlet.training.agreement import named_by, standardised, usual_and_spread
from soundlet.training.clips import ClipEntry
from soundlet.training.heard import Array, HeardSounds
from soundlet.training.latents import LatentEntry
from soundlet.training.loop import TrainingError

IMPORTANCE = {"kind": 4.0, "source": 4.0, "family": 4.0, "key": 3.0, "tempo": 2.0}
"""What sounds are heard as, and how much it counts in nats."""
TEMPI = tuple(round(50 * 1.04**step, 1) for step in range(37))  # BPM
ALIKE = {"tempo": 1}  # words on either side of one, in their order, that are no rivals of it
PLAIN = 4.0  # how sharply it counts whether a word is ahead of its rivals
N_CENTRES = 2500
WIDTH = 0.2  # of the kernel: its decay per mean squared difference of what is heard
CLASSES_COUNT = 9.0  # times as much as other numbers do: keys differ by little
RIDGE = 0.1
JITTER = 1e-6  # of centres that are nearly the same
ROUNDS = 8  # of moving the centres to the middle of what is nearest to them
HALF = 0.5  # how far a sound is of the words that are alike its own
AT_ONCE = 4096  # sounds that are rated


class HeardWords:
    """The words that sounds are heard as.

    Attributes:
        words: of each attribute, such as "kind", those that a sound may be heard as.
        spread: (numbers,), how far each number that is heard strays among known sounds.
    """

    def __init__(self, sounds: HeardSounds, *, n_centres: int = N_CENTRES, seed: int = 0) -> None:
        """Learn the words of known sounds.

        Args:
            sounds: with the tags that they are known by.
            n_centres: sounds, in the middle of others, that nearness is measured to.
            seed: of which sounds these begin with.

        Raises:
            TrainingError: no attribute tells the sounds apart.
        """
        known = [known_words(entry) for entry in sounds.entries]
        self.words = words_apart(sounds.folder, known)
        heard = torch.from_numpy(sounds.values)
        self._usual, self.spread = usual_and_spread(heard)
        scale = torch.ones(N_HEARD)
        scale[CLASSES] *= math.sqrt(CLASSES_COUNT)
        self._scale = scale * math.sqrt(WIDTH / N_HEARD)
        points = self._points(heard)
        generator = torch.Generator().manual_seed(seed)
        first = torch.randperm(len(points), generator=generator)[:n_centres]
        self._centres = _middles(points, points[first])
        near, among = self._near(points).double(), self._near(self._centres).double()
        self._usually: dict[str, Tensor] = {}
        self._weights: dict[str, Tensor] = {}
        for name, words in self.words.items():
            rows = [i for i, each in enumerate(known) if each.get(name) in words]
            places = torch.tensor([words.index(known[i][name]) for i in rows])
            apart = (torch.arange(len(words)) - places[:, None]).abs()
            is_alike = (apart > 0) & (apart <= ALIKE.get(name, 0))
            wanted = (apart == 0).double() + HALF * is_alike
            self._usually[name] = wanted.mean(dim=0)
            chosen = near[rows]
            squares = chosen.T @ chosen + RIDGE * among
            squares.diagonal().add_(JITTER)
            found = chosen.T @ (wanted - self._usually[name])
            self._weights[name] = torch.linalg.solve(squares, found)

    def fit(self, heard: Array, asked: Sequence[Mapping[str, str]]) -> Array:
        """How plainly sounds are heard as what was asked for.

        Args:
            heard: (sounds, numbers): see `soundlet.hearing`.
            asked: of each sound a word for some attributes; others, and words that no known sound
                has, count nothing.

        Returns:
            (sounds,), in nats, 0 or below; the more the better.
        """
        rated: Array = np.zeros(len(heard), np.float32)
        for first in range(0, len(heard), AT_ONCE):
            part = slice(first, first + AT_ONCE)
            rated[part] = self.plainness(torch.from_numpy(heard[part]), asked[part]).numpy()
        return rated

    def plainness(self, heard: Tensor, asked: Sequence[Mapping[str, str]]) -> Tensor:
        """The same of few sounds, of which gradients pass to what is heard: (sounds,) float64."""
        near = self._near(self._points(heard)).double()
        plain = torch.zeros(len(heard), dtype=torch.float64)
        for name, words in self.words.items():
            rows = [i for i, each in enumerate(asked) if each.get(name) in words]
            places = torch.tensor([words.index(asked[i][name]) for i in rows]).long()
            shares = near[rows] @ self._weights[name] + self._usually[name]
            ahead = _ahead(shares, places, ALIKE.get(name, 0)).clamp(-1, 1)
            told = IMPORTANCE[name] * functional.logsigmoid(PLAIN * ahead)
            plain = plain.index_add(0, torch.tensor(rows).long(), told)
        return plain

    def _points(self, heard: Tensor) -> Tensor:
        """Numbers such that the squares of their differences add up to how far sounds are apart."""
        return standardised(heard, self._usual, self.spread) * self._scale

    def _near(self, points: Tensor) -> Tensor:
        """How near sounds are to the centres, 1 where they are the same: (sounds, centres)."""
        return torch.exp(-torch.cdist(points, self._centres).square())


def words_apart(folder: Path, known: Sequence[Mapping[str, str]]) -> dict[str, tuple[str, ...]]:
    """The words of each attribute that tells sounds apart.

    Args:
        folder: where the sounds are.
        known: of each sound its words, by attribute.

    Raises:
        TrainingError: there is no such attribute.
    """
    words = {name: each for name in IMPORTANCE if len(each := _words(name, known)) > 1}
    if not words:
        raise TrainingError(
            f"no attribute tells the sounds of {folder} apart: give them"
            f" {', '.join([*IMPORTANCE][:-1])} or bpm in metadata.jsonl"
        )
    return words


def known_words(entry: ClipEntry | LatentEntry) -> dict[str, str]:
    """The words of a sound, by attribute, each under one name for the same thing.

    A tempo is the nearest of `TEMPI`; for the others see `named_by`.
    """
    words = named_by(entry.tags)
    words.pop("tempo", None)  # in words of one's own
    bpm = entry.bpm if isinstance(entry, ClipEntry) else None
    return words | _tempo(bpm)


def asked_words(entry: LatentEntry) -> dict[str, str]:
    """The words that a made sound was asked for.

    What its tags say of the real sound is asked for whether the caption says it or not, but for the
    key, which a caption often leaves open; the tempo is read in the caption.
    """
    words, prompt = known_words(entry), read_prompt(entry.captions[0])
    if not prompt.values("key"):
        words.pop("key", None)
    return words | _tempo(prompt.bpm)


def _tempo(bpm: float | None) -> dict[str, str]:
    if bpm is None or not TEMPI[0] <= bpm <= TEMPI[-1]:
        return {}
    nearest = min(range(len(TEMPI)), key=lambda step: abs(math.log(TEMPI[step] / bpm)))
    return {"tempo": f"{nearest:02d}"}


def _words(name: str, known: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """The words of an attribute in order; of tempi, all from the slowest to the fastest."""
    found = sorted({each[name] for each in known if name in each})
    if name == "tempo" and found:
        return tuple(f"{step:02d}" for step in range(int(found[0]), int(found[-1]) + 1))
    return tuple(found)


def _middles(points: Tensor, centres: Tensor) -> Tensor:
    """Centres (centres, numbers), each in the middle of the points that are nearest to it."""
    for _ in range(ROUNDS):
        nearest = torch.cdist(points, centres).argmin(dim=1)
        counts = torch.bincount(nearest, minlength=len(centres))[:, None]
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
    return centres


def _ahead(shares: Tensor, places: Tensor, alike: int) -> Tensor:
    """How far the word at each place is ahead of its greatest rival, or of 0 without any."""
    own = shares.gather(1, places[:, None])[:, 0]
    is_rival = (torch.arange(shares.shape[1]) - places[:, None]).abs() > alike
    rivals = shares.masked_fill(~is_rival, -torch.inf).amax(dim=1)
    return own - rivals.where(is_rival.any(dim=1), 0.0)
