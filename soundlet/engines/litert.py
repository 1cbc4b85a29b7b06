"""The four parts as LiteRT programs of one window, run by LiteRT's Python runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from soundlet.bundle import Bundle, Part
from soundlet.config import SpectralDecoderConfig
from soundlet.engines import codec
from soundlet.engines.programs import Inputs, ProgramEngine
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError, first_line
from soundlet.guidance import Conditioning


class LitertEngine(ProgramEngine):
    """Runs the programs of a bundle, one clip at a time; each is loaded when it is needed.

    What is shorter than the window is decoded and encoded with zeros behind it: the last few
    latents' worth differs from what other engines give, as the decoder's halo reaches that far.
    """

    name = "litert"
    format = "litert"

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "litert".
            threads: cores to use. None: all.
        """
        super().__init__(bundle)
        self._window_seconds = bundle.manifest.window_seconds
        self._threads = threads
        self._runners: dict[Part, Any] = {}

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        """What the dit is told; see `Engine`.

        A model of variable length is told the window's length, since that is what it samples.
        """
        if self._window_seconds is not None:
            seconds = np.full_like(seconds, self._window_seconds)
        return super().condition(prompt_tokens, prompt_mask, seconds)

    def decode(self, latents: Array) -> Array:
        """Latents to audio; see `Engine`."""
        n_frames, is_spectral = latents.shape[2], self._decodes_spectra()

        def network(latents: Array) -> Array:
            whole = self._run("decoder", _padded(latents, self._config.n_frames))[0]
            return whole[:, :, : whole.shape[2] // self._config.n_frames * n_frames]

        return codec.decode(self._config, network, latents) if is_spectral else network(latents)

    def encode(self, audio: Array) -> Array:
        """Audio to the mean and scale of its latents; see `Engine`."""
        n_frames = audio.shape[2] // self._config.hop_length
        window = self._config.n_frames

        def network(given: Array) -> Array:
            per_frame = given.shape[2] // n_frames
            return self._run("encoder", _padded(given, window * per_frame))[0][:, :, :n_frames]

        is_spectral = self._decodes_spectra()
        return codec.encode(self._config, network, audio) if is_spectral else network(audio)

    def _decodes_spectra(self) -> bool:
        return isinstance(self._config.autoencoder.decoder.config, SpectralDecoderConfig)

    def _call(self, part: Part, inputs: Inputs) -> list[Array]:
        runner = self._runner(part)
        given = {f"args_{i}": np.ascontiguousarray(array) for i, array in enumerate(inputs)}
        with self._lock:
            outputs = runner(**given)
        return [np.array(outputs[f"output_{i}"], np.float32) for i in range(len(outputs))]

    def _runner(self, part: Part) -> Any:  # noqa: ANN401 - the library has no types
        with self._lock:
            if part not in self._runners:
                path = self._path(part)
                try:
                    interpreter = Interpreter(path, num_threads=self._threads)
                    self._runners[part] = interpreter.get_signature_runner()
                except (RuntimeError, ValueError) as e:
                    raise EngineError(f"{path} cannot be loaded: {first_line(e)}") from e
            return self._runners[part]


def _padded(array: Array, length: int) -> Array:
    """`array` with zeros behind it along its last axis."""
    missing = length - array.shape[2]
    if missing < 0:
        raise EngineError(f"{array.shape[2]} is longer than the programs' window, {length}")
    return np.pad(array, ((0, 0), (0, 0), (0, missing)))
