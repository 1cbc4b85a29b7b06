"""How well sounds fit a prompt, so that of several the best can be kept.

Two towers, one for what is heard of a sound and one for the pieces of a prompt, end in points of
one space. A sound fits a prompt as far as their points lie in one direction, and as far as it is
heard as the words that the prompt asks for: its kind, source, instrument, family and key. It takes
hundredths of a second, and needs no engine.

Source: the towers of CLAP, https://arxiv.org/abs/2206.04769, and the choice among candidates by
them in AudioLDM, https://arxiv.org/abs/2301.12503. These towers are small, know no more than the
sounds that they were trained on, and are trained by `soundlet train agreement`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundlet.engines.weights import Weights
from soundlet.errors import BundleError, EngineError
from soundlet.hearing import N_HEARD, heard
from soundlet.key_pieces import KeyPieces
from soundlet.tokenizer import Tokenizer

Array = NDArray[np.float32]

MOST_OFTEN = 2  # times that a piece of a prompt counts
FARTHEST = 4.0  # standard deviations; what is further out counts as this
LEAST = -5.0  # nats; a word that a sound is heard as even less counts as this
LAYERS = ("hidden", "point", "named", "narrow", "joined", "caption", "asked")
"""The layers of a file: of each the weight in whole numbers, a scale a row, and the bias. Of the
words' own layer, `narrow`, a row is a word. Beside them there are `usual` and `spread`, the mean
and the standard deviation of what is heard; `sharpness`, what the nearness of two points counts;
`choices`, how many words there are for each thing that a prompt may name; and `importance`, how
much each of these things counts."""


class Agreement:
    """The towers of a bundle."""

    def __init__(self, path: Path, tokenizer: Tokenizer, *, sample_rate: int) -> None:
        """Read the weights.

        Args:
            path: `agreement.safetensors`.
            tokenizer: of the model; of prompts that are longer than its window, the rest is not
                read.
            sample_rate: of the model's sounds, in Hz.

        Raises:
            BundleError: not such a file, damaged, or of another model.
        """
        self._tokenizer, self._sample_rate = tokenizer, sample_rate
        self._keys = KeyPieces(tokenizer.pieces)
        try:
            weights = Weights(path)
            self._usual, self._spread = weights["usual"], weights["spread"]
            self._sharpness = float(weights["sharpness"][0])
            self._choices = [int(count) for count in weights["choices"]]
            importance = weights["importance"]
            self._layers = {name: _Layer(weights, name) for name in LAYERS}
        except EngineError as e:
            raise BundleError(str(e)) from e
        except (
            AttributeError,
            IndexError,
            KeyError,
            OverflowError,
            TypeError,
            ValueError,
        ) as e:  # cut, or another header
            raise BundleError(f"{path} is damaged: {e}") from e
        for name, expected in self._shapes().items():
            found_shape = self._layers[name].weight.shape
            if found_shape != expected:
                raise BundleError(
                    f"{path} is damaged: {name}.weight is {found_shape}, not {expected}"
                )
        if min(self._choices, default=1) < 1:
            raise BundleError(f"{path} is damaged: a choice among {min(self._choices)} words")
        if importance.shape != (len(self._choices),):
            raise BundleError(
                f"{path} is damaged: importance is {importance.shape}, not {(len(self._choices),)}"
            )
        self._importance = np.repeat(importance, self._choices)
        for name, array in (("usual", self._usual), ("spread", self._spread)):
            if array.shape != (N_HEARD,):
                raise BundleError(f"{path} is damaged: {name} is {array.shape}, not {(N_HEARD,)}")
        n_words = len(self._layers["narrow"].weight)
        if n_words != self._keys.n_words:
            raise BundleError(
                f"{path} is for {n_words} words, not {self._keys.n_words}: it is of another model"
            )

    def __call__(self, sounds: Iterable[Array], prompt: str) -> Array:
        """How well each sound fits a prompt.

        Args:
            sounds: each (channels, samples) at the model's sample rate, without what comes after
                its end.
            prompt: what they should sound like.

        Returns:
            (sounds,), in nats; the more the better.
        """
        tokens, mask = self._tokenizer.encode([prompt], truncate=True)
        read = self._read(self._keys.words(tokens[0, mask[0] > 0].tolist()))
        caption = self._sharpness * _direction(self._layers["caption"](read))
        asked = self._importance * self._asked(read)
        return np.array([self._fit(each, caption, asked) for each in sounds], np.float32)

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """What the weights of each layer have to be, by the lengths of the biases."""
        out = {name: each.bias.size for name, each in self._layers.items()}
        narrow, named = out["narrow"], sum(self._choices)
        n_words = self._layers["narrow"].weight.size // max(1, narrow)
        return {
            "hidden": (out["hidden"], N_HEARD),
            "point": (out["point"], out["hidden"]),
            "named": (named, out["hidden"]),
            "narrow": (n_words, narrow),
            "joined": (out["joined"], narrow),
            "caption": (out["point"], out["joined"]),
            "asked": (named + len(self._choices), out["joined"]),
        }

    def _fit(self, sound: Array, caption: Array, asked: Array) -> float:
        """How well a sound fits the point of a prompt, and what the prompt asks for by name."""
        numbers = (heard(sound, self._sample_rate) - self._usual) / self._spread
        hidden = _silu(self._layers["hidden"](numbers.clip(-FARTHEST, FARTHEST)))
        near = _direction(self._layers["point"](hidden)) @ caption
        said = [_log_shares(each) for each in self._split(self._layers["named"](hidden))]
        named = np.concatenate([np.empty(0, np.float32), *said])
        return float(near + asked @ np.maximum(named, np.float32(LEAST)))

    def _read(self, words: list[int]) -> Array:
        """What is read in a prompt's words."""
        narrow = self._layers["narrow"]
        each, counts = np.unique(np.asarray(words, np.int64), return_counts=True)
        summed = np.minimum(counts, MOST_OFTEN).astype(np.float32) @ narrow.weight[each]
        return _silu(self._layers["joined"](_silu(summed + narrow.bias)))

    def _asked(self, read: Array) -> Array:
        """How far a prompt asks for each word; the last of a choice is for none of its words."""
        rows = self._split(self._layers["asked"](read), 1)
        return np.concatenate([np.empty(0, np.float32), *(_shares(row)[:-1] for row in rows)])

    def _split(self, row: Array, more: int = 0) -> list[Array]:
        """Choice by choice, each of so many numbers more than it has words."""
        return np.split(row, np.cumsum([count + more for count in self._choices], dtype=int))[:-1]


class _Layer:
    """Weights (out, in) and a bias."""

    def __init__(self, weights: Weights, name: str) -> None:
        scale = weights[f"{name}.scale"]
        whole = weights[f"{name}.weight"]
        self.weight: Array = whole * scale.reshape(-1, 1)
        self.bias = weights[f"{name}.bias"]

    def __call__(self, x: Array) -> Array:
        """(in,) to (out,)."""
        out: Array = self.weight @ x + self.bias
        return out


def _silu(x: Array) -> Array:
    out: Array = x / (1 + np.exp(-np.maximum(x, -80)))  # beyond it, nothing is left of x
    return out


def _log_shares(x: Array) -> Array:
    """The logarithm of softmax."""
    x = x - x.max()
    out: Array = x - np.log(np.exp(x).sum())
    return out


def _shares(x: Array) -> Array:
    return np.exp(_log_shares(x))


def _direction(x: Array) -> Array:
    """`x` at length 1."""
    out: Array = x / max(float(np.linalg.norm(x)), 1e-12)
    return out.astype(np.float32)
