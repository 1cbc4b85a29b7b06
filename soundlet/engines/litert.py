"""The four parts as LiteRT programs of one window, run by LiteRT's Python runtime."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from soundlet.bundle import PART_FILES, Bundle, Part
from soundlet.config import SpectralDecoderConfig
from soundlet.engines import codec
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError
from soundlet.guidance import Conditioning


class LitertEngine:
    """Runs the programs of a bundle, one clip at a time; each is loaded when it is needed.

    What is shorter than the window is decoded and encoded with zeros behind it: the last few
    latents' worth differs from what other engines give, as the decoder's halo reaches that far.
    """

    name = "litert"

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle of format "litert".
            threads: cores to use. None: all.
        """
        self._folder, self._config = bundle.folder, bundle.config
        self._window_seconds = bundle.manifest.window_seconds
        self._threads = threads
        self._runners: dict[Part, Any] = {}
        self._lock = Lock()  # an interpreter has one set of buffers

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        """What the dit is told; see `Engine`.

        A model of variable length is told the window's length, since that is what it samples.
        """
        if self._window_seconds is not None:
            seconds = np.full_like(seconds, self._window_seconds)
        cross_attn_cond, _, global_cond = self._run(
            "conditioners", prompt_tokens, prompt_mask, seconds
        )
        return Conditioning(cross_attn_cond, global_cond)

    def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
        """One evaluation of the dit; see `Engine`."""
        return self._run("dit", x, t, conditioning.cross_attn_cond, conditioning.global_cond)[0]

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

    def _run(self, part: Part, *inputs: NDArray[np.generic]) -> list[Array]:
        """Outputs of `part` for a batch, each with the axis of the batch first."""
        rows = [
            self._run_one(part, [array[i : i + 1] for array in inputs])
            for i in range(len(inputs[0]))
        ]
        return [np.stack(outputs) for outputs in zip(*rows, strict=True)]

    def _run_one(self, part: Part, inputs: list[NDArray[np.generic]]) -> list[Array]:
        """Outputs for one item, without the axis of the batch."""
        runner = self._runner(part)
        given = {f"args_{i}": np.ascontiguousarray(array) for i, array in enumerate(inputs)}
        try:
            with self._lock:
                outputs = runner(**given)
        except (RuntimeError, ValueError) as e:
            shapes = ", ".join(f"{array.dtype} {list(array.shape)}" for array in inputs)
            raise EngineError(f"{part} cannot run on {shapes}: {_first_line(e)}") from e
        values = [np.array(outputs[f"output_{i}"], np.float32) for i in range(len(outputs))]
        drops_batch = part == "decoder" and values[0].ndim == 2  # as Arm's runner takes its audio
        return [value if drops_batch else value[0] for value in values]

    def _runner(self, part: Part) -> Any:  # noqa: ANN401 - the library has no types
        with self._lock:
            if part not in self._runners:
                path = self._folder / PART_FILES["litert"][part]
                try:
                    interpreter = Interpreter(str(path), num_threads=self._threads)
                    self._runners[part] = interpreter.get_signature_runner()
                except (RuntimeError, ValueError) as e:
                    raise EngineError(f"{path} cannot be loaded: {_first_line(e)}") from e
            return self._runners[part]


def _padded(array: Array, length: int) -> Array:
    """`array` with zeros behind it along its last axis."""
    missing = length - array.shape[2]
    if missing < 0:
        raise EngineError(f"{array.shape[2]} is longer than the programs' window, {length}")
    return np.pad(array, ((0, 0), (0, 0), (0, missing)))


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
