"""From latents to the sound of a clip: all of it, piece by piece, or a draft to judge it by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from soundlet.circle import decode_circle
from soundlet.clip import FADE_SECONDS, faded_out, require_numbers
from soundlet.config import ModelConfig
from soundlet.engines import ComparedEngine, Engine, StreamingEngine
from soundlet.engines.codec import draft, halo, is_convolutional
from soundlet.plan import Plan
from soundlet.streaming import cut_pieces

Array = NDArray[np.float32]

OnPiece = Callable[[Array], None]
"""Called with the next samples (channels, samples) of a clip while the rest of it is decoded."""


class Decoding:
    """What an engine's decoder makes of the latents (channels, frames) of a planned clip.

    Of these no more are decoded than the clip depends on.
    """

    def __init__(self, engine: Engine, config: ModelConfig) -> None:
        """Decode by an engine, whose model has these sizes."""
        self._engine, self._config = engine, config

    def draft(self, plan: Plan, latents: Array) -> Array:
        """The sound, as well as it takes to judge it; not of numbers where latents went astray."""
        with np.errstate(invalid="ignore", over="ignore"):
            needed = self._needed(plan, latents)[None]
            if isinstance(self._engine, ComparedEngine) and not is_convolutional(self._config):
                sound = draft(self._config, self._engine.decoder_output, needed)
            else:
                sound = self._engine.decode(needed)
        return np.asarray(sound[0, :, : plan.n_samples])

    def sound(self, plan: Plan, latents: Array, on_piece: OnPiece | None = None) -> Array:
        """The sound at its length, with its end faded if it was cut: (channels, samples).

        Args:
            plan: of the clip.
            latents: (channels, frames).
            on_piece: told the sound from its start while it is decoded.

        Raises:
            GenerationError: samples are not numbers.
        """
        if plan.windows is None and on_piece is None:
            audio = self._engine.decode(self._needed(plan, latents)[None])[0]
            audio = np.ascontiguousarray(audio[:, : plan.n_samples])
            require_numbers(audio, "samples")
            return faded_out(audio, self._config.sample_rate) if self._fades(plan) else audio
        told = []
        for piece in self.pieces(plan, latents):
            told.append(piece)
            if on_piece is not None:
                on_piece(piece)
        return np.concatenate(told, axis=1)

    def pieces(self, plan: Plan, latents: Array) -> Iterator[Array]:
        """The same from its start, while it is decoded.

        A loop comes as one piece, since its start depends on its end.

        Raises:
            GenerationError: samples are not numbers.
        """
        if plan.windows is not None:
            yield self._closed(plan, latents)
            return
        needed = self._needed(plan, latents)
        if isinstance(self._engine, StreamingEngine):
            pieces = self._engine.decode_pieces(needed)
        else:
            pieces = iter(self._engine.decode(needed[None]))
        rate, n_told = self._config.sample_rate, 0
        n_held = 2 * round(FADE_SECONDS * rate)  # a shorter end would get a shorter fade
        for piece in cut_pieces(pieces, plan.n_samples, n_held):
            n_told += piece.shape[1]
            require_numbers(piece, "samples")
            is_last = n_told == plan.n_samples
            yield faded_out(piece, rate) if self._fades(plan) and is_last else piece

    def _closed(self, plan: Plan, latents: Array) -> Array:
        """The sound of a loop's latents, decoded on the circle."""
        audio = decode_circle(
            self._engine.decode,
            latents,
            self._config.hop_length,
            plan.n_samples,
            halo=halo(self._config),
            bridge=not is_convolutional(self._config),
        )
        require_numbers(audio, "samples")
        return audio

    def _needed(self, plan: Plan, latents: Array) -> Array:
        """Those of the latents that the samples of a clip depend on."""
        if not is_convolutional(self._config):
            return latents
        n_frames = -(-plan.n_samples // self._config.hop_length)
        return latents[:, : n_frames + halo(self._config)]

    def _fades(self, plan: Plan) -> bool:
        """Whether the end was cut, and so needs a fade."""
        is_cut = plan.n_samples < plan.n_frames * self._config.hop_length
        return is_cut and not plan.request.reference
