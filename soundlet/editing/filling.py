"""Missing stretches of a sound, filled by the model so that they fit what is around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundlet.clip import require_numbers
from soundlet.editing.conditions import Voice
from soundlet.editing.joining import joined
from soundlet.editing.masked import path, sample_masked
from soundlet.editing.windows import Window, windows_over
from soundlet.engines.codec import halo, is_convolutional
from soundlet.engines.tiling import tiles
from soundlet.noise import Generator
from soundlet.pipeline import Model
from soundlet.sampling import Array, Progress, schedule, stepper

MIRRORED = 4  # frames of sound mirrored beyond an edge, so that the encoder sees no end there

GOES_ON = 1.25  # a window after which the sound goes on is told to be so much longer, if it can be

SOFT_FRAMES = 3  # new frames at an edge that the known ones ring on in
SOFT_SHARE = 0.8  # of the known ones at the very edge


@dataclass(frozen=True)
class Span:
    """A missing stretch of a sound at the model's rate.

    Attributes:
        before: (channels, samples) up to the span; empty where the sound begins with it.
        after: (channels, samples) after it; empty where the sound ends with it.
        n_samples: of the span.
        start: samples of the sound before the span, of which `before` may be the last part.
        total: samples of the whole sound.
    """

    before: Array
    after: Array
    n_samples: int
    start: int
    total: int


@dataclass(frozen=True)
class Filled:
    """What was made for a span.

    Attributes:
        audio: (channels, samples): the span, and what the codec makes of the sound around it.
        n_left: samples of `audio` before the span.
        latents: (latent channels, frames) of the span.
    """

    audio: Array
    n_left: int
    latents: Array


@dataclass
class Steps:
    """Counts the steps of all windows of an edit."""

    on_step: Progress | None
    total: int = 0
    before: int = field(default=0, init=False)

    def window(self, done: int, total: int) -> None:
        """One more step of the window that is being made."""
        if self.on_step is not None:
            self.on_step(self.before + done, max(self.total, self.before + total))

    def end_window(self, total: int) -> None:
        """The window is made."""
        self.before += total


class Filler:
    """Fills spans of one edit: the noise of each comes after that of the one before."""

    def __init__(
        self, voice: Voice, *, seed: int, resamplings: int, bpm: float | None, steps: Steps
    ) -> None:
        """Takes what all spans have in common.

        Args:
            voice: how the model is asked.
            seed: of the noise.
            resamplings: how often each stretch of the flow is run.
            bpm: of the sound, if its prompt says it: windows then begin with a bar.
            steps: counts what is done.
        """
        self._voice, self._model, self._resamplings = voice, voice.model, resamplings
        self._generator = Generator(seed)
        self._bpm, self._steps = bpm, steps
        config = self._model.config
        self._hop = config.hop_length
        self._longest = config.n_frames - config.n_frames % config.dit.patch_size

    def windows(self, span: Span) -> list[Window]:
        """The windows that a span takes, in order."""
        hop = self._hop
        n_missing = self._n_missing(span)
        n_right = max(0, (span.after.shape[1] - n_missing * hop + span.n_samples) // hop)
        bar = None
        if self._bpm is not None:
            bar = 4 * 60 / self._bpm * self._model.config.sample_rate / hop
        return windows_over(
            n_missing,
            span.before.shape[1] // hop,
            n_right,
            self._longest,
            bar=bar,
            origin=span.start / hop,
        )

    def n_steps(self, span: Span) -> int:
        """Steps that a span takes."""
        return self._moves * len(self.windows(span))

    def _n_missing(self, span: Span) -> int:
        """Frames of a span; one that is partly known already is none."""
        whole, rest = divmod(span.n_samples, self._hop)
        is_known = span.after.shape[1] >= self._hop
        return max(1, whole if is_known else whole + (rest > 0))

    @property
    def _moves(self) -> int:
        steps = self._voice.request.steps
        assert steps is not None
        return len(list(path(steps, self._resamplings)))

    def fill(self, span: Span) -> Filled:
        """Make the span.

        Raises:
            GenerationError: what came out is not a sound.
        """
        hop = self._hop
        windows = self.windows(span)
        n_missing = self._n_missing(span)
        n_left = max(0, -min(window.start for window in windows))
        n_right = max(0, max(window.stop for window in windows) - n_missing)
        latents = self._known(span, n_left, n_missing, n_right)
        is_known = np.ones(latents.shape[1], bool)
        is_known[n_left : n_left + n_missing] = False
        for window in windows:
            made = self._sampled(span, latents, is_known, n_left, window)
            first, last = window.first + n_left, window.last + n_left
            latents[:, first:last] = made[:, window.first - window.start :][:, : last - first]
            is_known[first:last] = True
            self._steps.end_window(self._moves)
        beyond = n_missing - span.n_samples / hop
        latents = softened(latents, n_left, n_missing, beyond)
        around = halo(self._model.config)
        cut_left = max(0, n_left - 2 * around)
        cut_right = min(latents.shape[1], n_left + n_missing + 2 * around)
        audio = np.concatenate(list(decoded(self._model, latents[:, cut_left:cut_right])), axis=1)
        kept = latents[:, n_left : n_left + n_missing]
        return Filled(audio, (n_left - cut_left) * hop, np.ascontiguousarray(kept))

    def _known(self, span: Span, n_left: int, n_missing: int, n_right: int) -> Array:
        """Latents of the frames around a span, and zeros in it."""
        hop, channels = self._hop, self._model.config.latent_channels
        latents = np.zeros((channels, n_left + n_missing + n_right), np.float32)
        edge = MIRRORED * hop
        if n_left:
            heard = span.before[:, -n_left * hop :]
            shown = np.concatenate([heard, heard[:, ::-1][:, :edge]], axis=1)
            latents[:, :n_left] = self._model.encode(shown)[:, :n_left]
        if n_right:
            beyond = n_missing * hop - span.n_samples
            sooner = span.after[:, : max(0, -beyond)][:, ::-1]  # of a frame that is partly known
            heard = np.concatenate([sooner, span.after[:, max(0, beyond) :]], axis=1)
            heard = heard[:, : n_right * hop]
            mirror = heard[:, ::-1][:, -edge:]
            n_mirror = mirror.shape[1] // hop
            mirror = mirror[:, mirror.shape[1] - n_mirror * hop :]
            shown = np.concatenate([mirror, heard], axis=1)
            latents[:, n_left + n_missing :] = self._model.encode(shown)[:, n_mirror:]
        return latents

    def _sampled(
        self, span: Span, latents: Array, is_known: NDArray[np.bool_], n_left: int, window: Window
    ) -> Array:
        """Latents of one window."""
        config, request = self._model.config, self._voice.request
        start, stop = window.start + n_left, window.stop + n_left
        n_heard, patch = stop - start, config.dit.patch_size
        is_fixed = self._model.bundle.manifest.length == "fixed"
        length = self._longest if is_fixed else -(-n_heard // patch) * patch
        shape = (1, config.latent_channels, length)
        known, told = np.zeros(shape, np.float32), np.zeros(length, bool)
        known[0, :, :n_heard] = latents[:, start:stop]
        told[:n_heard] = is_known[start:stop]
        seconds = n_heard * self._hop / config.sample_rate
        if window.stop * self._hop + span.start < span.total - self._hop:
            seconds *= GOES_ON  # a model lets the sound die away at the end that it is told of
        frames = np.arange(length) + window.start
        places = np.clip((frames * self._hop + span.start) / max(span.total, 1), 0, 1)
        assert request.steps is not None
        assert request.sampler is not None

        noise = partial(self._generator.randn, shape)
        made = sample_masked(
            stepper(request.sampler, noise),
            self._voice.velocity(seconds, places),
            schedule(request.sampler, request.steps),
            known,
            told,
            noise=noise,
            resamplings=self._resamplings,
            on_step=self._steps.window,
        )
        require_numbers(made, "latents")
        latents_made: Array = made[0]
        return latents_made


def softened(latents: Array, n_left: int, n_missing: int, beyond: float) -> Array:
    """Latents with the first and last new frames drawn towards the known ones beside them.

    The known sound rings on into the new one, or begins to be heard before it is there: a crossfade
    of spectra, over three frames. Frame -1 rings on in frame 0, frame -2 in
    frame 1 and so on, as in a mirror.

    Args:
        latents: (channels, frames).
        n_left: known frames before the new ones.
        n_missing: new frames; those after them are known.
        beyond: part of a frame by which the last new one reaches past the span's end.
    """
    n_right = latents.shape[1] - n_left - n_missing
    out = latents.copy()
    for known, edge, step, offset in (
        (n_left, n_left, 1, 0.0),
        (n_right, -n_right - 1, -1, beyond),
    ):
        for k in range(min(SOFT_FRAMES, known, n_missing // 2)):
            share = SOFT_SHARE * min(1.0, 1 - (k + 0.5 - offset) / SOFT_FRAMES)
            new, mirrored = edge + step * k, edge - step * (k + 1)
            out[:, new] += np.float32(max(share, 0.0)) * (latents[:, mirrored] - latents[:, new])
    return out


def decoded(model: Model, latents: Array) -> Iterator[Array]:
    """The sound of latents of any length, in pieces, with memory for one window.

    A convolutional decoder is given its halo, and the pieces are those of the whole. Phases that
    are recovered apart do not meet, so the pieces of other decoders are joined.

    Args:
        model: that decodes.
        latents: (latent channels, frames).

    Yields:
        (audio channels, samples), together the length of the latents.
    """
    hop, around, n_frames = model.config.hop_length, halo(model.config), latents.shape[1]
    ending: Array | None = None  # of the piece before, to both sides of its last frame's end
    for first, last in tiles(n_frames, model.config.n_frames):
        left, right = max(first - around, 0), min(last + around, n_frames)
        audio = model.decode(latents[:, left:right])
        start, stop = (first - left) * hop, (last - left) * hop
        if ending is not None:
            reach = ending.shape[1] // 2
            beginning = audio[:, start - reach : start + reach]
            yield joined(ending, beginning, reach, crossfade=reach // 8, bridge=True)
            start += reach
        ending = None
        if last < n_frames and not is_convolutional(model.config):
            reach = min(right - last, around) * hop
            ending = audio[:, stop - reach : stop + reach]
            stop -= reach
        yield audio[:, start:stop]
