"""What engines have in common whose networks are called by position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from soundlet.bundle import Part
from soundlet.config import ModelConfig
from soundlet.engines import codec
from soundlet.engines.tiling import Array
from soundlet.guidance import Conditioning


class PositionalEngine:
    """The parts of a model as calls of its four networks; an engine says how one is run."""

    def __init__(self, config: ModelConfig) -> None:
        """Takes the sizes of the model."""
        self._config = config

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        """What the dit is told; see `Engine`."""
        cross_attn_cond, _, global_cond = self._run(
            "conditioners", prompt_tokens, prompt_mask, seconds
        )
        return Conditioning(cross_attn_cond, global_cond)

    def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
        """One evaluation of the dit; see `Engine`."""
        (velocity,) = self._run("dit", x, t, conditioning.cross_attn_cond, conditioning.global_cond)
        return velocity

    def decode(self, latents: Array) -> Array:
        """Latents to audio; see `Engine`."""
        return codec.decode(self._config, self.decoder_output, latents)

    def decoder_output(self, latents: Array) -> Array:
        """What the decoder's network gives, which for a spectral codec is not yet sound."""
        return self._run("decoder", latents)[0]

    def encode(self, audio: Array) -> Array:
        """Audio to the mean and scale of its latents; see `Engine`."""
        return codec.encode(self._config, lambda x: self._run("encoder", x)[0], audio)

    def _run(self, part: Part, *inputs: NDArray[np.generic]) -> list[Array]:
        """Outputs of the network of `part`, each with the axis of the batch first, as the inputs.

        Raises:
            EngineError: it cannot be loaded, or not be run on these inputs.
        """
        raise NotImplementedError
