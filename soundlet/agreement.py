"""How well sounds fit a prompt, so that of several the best can be kept.

Two towers, one for latents and one for the pieces of a prompt, end in points of one space; a sound
fits a prompt as far as their points lie in one direction. It takes a millisecond, and needs no
engine.

Source: the towers of CLAP, https://arxiv.org/abs/2206.04769, and the choice among candidates by
them in AudioLDM, https://arxiv.org/abs/2301.12503. These towers are small, know no more than the
sounds that a model was trained on, and are trained by `soundlet train agreement`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundlet.engines.weights import Weights
from soundlet.errors import BundleError, EngineError

Array = NDArray[np.float32]

WINDOW = 128  # frames that count as a sound of length 1
FLOOR = 1e-6  # of a mean square
MOST_OFTEN = 2  # times that a piece of a prompt counts
HALVINGS = ("far.0", "far.1")  # layers that make one frame of two
STRIDE = 2 ** len(HALVINGS)  # frames of latents that become one
LAYERS = ("near", *HALVINGS, "hidden", "point", "narrow", "joined", "caption")
"""The layers of a file: of each the weight in whole numbers, a scale a row, and the bias. Of the
words' own layer, `narrow`, a row is a word. Beside them there is `spread`."""


class Agreement:
    """The towers of a bundle."""

    def __init__(self, path: Path, *, channels: int, n_words: int) -> None:
        """Read the weights.

        Args:
            path: `agreement.safetensors`.
            channels: of the model's latents.
            n_words: of its vocabulary, and keys: see `soundlet.key_pieces`.

        Raises:
            BundleError: not such a file, damaged, or of another model.
        """
        try:
            weights = Weights(path)
            self._spread = weights["spread"].reshape(-1, 1)
            self._layers = {name: _Layer(weights, name) for name in LAYERS}
        except EngineError as e:
            raise BundleError(str(e)) from e
        except (AttributeError, KeyError, TypeError, ValueError) as e:  # cut, or another header
            raise BundleError(f"{path} is damaged: {e}") from e
        for name, expected in self._shapes().items():
            found_shape = self._layers[name].weight.shape
            if found_shape != expected:
                raise BundleError(
                    f"{path} is damaged: {name}.weight is {found_shape}, not {expected}"
                )
        found = (len(self._spread), len(self._layers["narrow"].weight))
        if found != (channels, n_words):
            raise BundleError(
                f"{path} is for latents of {found[0]} channels and {found[1]} words, not"
                f" {channels} and {n_words}: it is of another model"
            )

    def __call__(self, latents: Array, words: Sequence[int] | NDArray[np.integer]) -> Array:
        """How well each sound fits a prompt.

        Args:
            latents: (sounds, channels, frames), without what comes after their end.
            words: of the prompt: its tokens without padding, and the keys that it names.

        Returns:
            (sounds,), -1 to 1.
        """
        fits: Array = np.stack([self._sound(each) for each in latents]) @ self._caption(words)
        return fits

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """What the weights of each layer have to be, by the lengths of the biases."""
        channels, out = len(self._spread), {n: each.bias.size for n, each in self._layers.items()}
        near, narrow = out["near"], out["narrow"]
        n_words = self._layers["narrow"].weight.size // max(1, narrow)
        halvings = {name: (out[name], near, 3) for name in HALVINGS}
        return {
            "near": (near, channels, 3),
            **halvings,
            "hidden": (out["hidden"], channels + 4 * near + 1),
            "point": (out["point"], out["hidden"]),
            "narrow": (n_words, narrow),
            "joined": (out["joined"], narrow),
            "caption": (out["caption"], out["joined"]),
        }

    def _sound(self, latents: Array) -> Array:
        """The point of latents (channels, frames)."""
        n_frames = latents.shape[1]
        x = latents / self._spread
        seen = [x.mean(axis=1)]
        near = _silu(self._layers["near"].over(x))
        seen += [near.mean(axis=1), _size(near)]
        far = near
        for name in HALVINGS:
            far = _silu(self._layers[name].over(far, step=2))
        seen += [far.mean(axis=1), _size(far), np.array([n_frames / WINDOW], np.float32)]
        hidden = _silu(self._layers["hidden"](np.concatenate(seen)))
        return _direction(self._layers["point"](hidden))

    def _caption(self, words: Sequence[int] | NDArray[np.integer]) -> Array:
        """The point of a prompt."""
        narrow = self._layers["narrow"]
        each, counts = np.unique(np.asarray(words, np.int64), return_counts=True)
        summed = np.minimum(counts, MOST_OFTEN).astype(np.float32) @ narrow.weight[each]
        joined = _silu(self._layers["joined"](_silu(summed + narrow.bias)))
        return _direction(self._layers["caption"](joined))


class _Layer:
    """Weights (out, in), or of three frames (out, in, 3), and a bias."""

    def __init__(self, weights: Weights, name: str) -> None:
        scale = weights[f"{name}.scale"]
        whole = weights[f"{name}.weight"]
        self.weight: Array = whole * scale.reshape(-1, *[1] * (whole.ndim - 1))
        self.bias = weights[f"{name}.bias"]

    def __call__(self, x: Array) -> Array:
        """(in,) to (out,)."""
        out: Array = self.weight @ x + self.bias
        return out

    def over(self, x: Array, step: int = 1) -> Array:
        """(in, frames) to (out, frames / step): each from a frame and its neighbours."""
        n_out = -(-x.shape[1] // step)
        padded = np.pad(x, ((0, 0), (1, step)))
        summed = np.zeros((len(self.bias), n_out), np.float32)
        for place in range(3):
            summed += self.weight[:, :, place] @ padded[:, place : place + step * n_out : step]
        out: Array = summed + self.bias[:, None]
        return out


def _silu(x: Array) -> Array:
    out: Array = x / (1 + np.exp(-np.maximum(x, -80)))  # beyond it, nothing is left of x
    return out


def _size(x: Array) -> Array:
    """Root mean square over frames: (channels, frames) to (channels,)."""
    size: Array = np.sqrt(np.square(x).mean(axis=1) + np.float32(FLOOR))
    return size


def _direction(x: Array) -> Array:
    """`x` at length 1."""
    out: Array = x / max(float(np.linalg.norm(x)), 1e-12)
    return out.astype(np.float32)
