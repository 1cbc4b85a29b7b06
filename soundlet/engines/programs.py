"""What engines of exported programs have in common: a batch is run item by item."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from soundlet.bundle import PART_FILES, Bundle, Format, Part
from soundlet.config import SpectralDecoderConfig
from soundlet.engines import codec
from soundlet.engines.positional import PositionalEngine
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError, first_line
from soundlet.guidance import Conditioning

Inputs = Sequence[NDArray[np.generic]]


class ProgramEngine(PositionalEngine):
    """Runs the programs of a bundle, one clip at a time."""

    format: Format
    """Of the bundles that it runs."""

    def __init__(self, bundle: Bundle) -> None:
        """Loads nothing yet."""
        super().__init__(bundle.config)
        self._folder = bundle.folder
        self._lock = Lock()  # a program has one set of buffers

    def _run(self, part: Part, *inputs: NDArray[np.generic]) -> list[Array]:
        rows = [
            self._run_one(part, [array[i : i + 1] for array in inputs])
            for i in range(len(inputs[0]))
        ]
        return [np.stack(outputs) for outputs in zip(*rows, strict=True)]

    def _run_one(self, part: Part, inputs: Inputs) -> list[Array]:
        """Outputs for one item, without the axis of the batch."""
        try:
            outputs = self._call(part, inputs)
        except (RuntimeError, ValueError) as e:
            shapes = ", ".join(f"{array.dtype} {list(array.shape)}" for array in inputs)
            raise EngineError(f"{part} cannot run on {shapes}: {first_line(e)}") from e
        drops_batch = part == "decoder" and outputs[0].ndim == 2  # as Arm's runner takes its audio
        return [output if drops_batch else output[0] for output in outputs]

    def _call(self, part: Part, inputs: Inputs) -> list[Array]:
        """What the program of `part` gives for a batch of one, loaded when it is first needed."""
        raise NotImplementedError

    def _path(self, part: Part) -> str:
        return str(self._folder / PART_FILES[self.format][part])


class WindowedEngine(ProgramEngine):
    """Runs programs that have one length, that of the model's window.

    What is shorter than the window is decoded and encoded with zeros behind it: the last few
    latents' worth differs from what other engines give, as the decoder's halo reaches that far.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Loads nothing yet."""
        super().__init__(bundle)
        self._window_seconds = bundle.manifest.window_seconds

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
        n_frames = latents.shape[2]

        def network(latents: Array) -> Array:
            whole = self._run("decoder", _padded(latents, self._config.n_frames))[0]
            return whole[:, :, : whole.shape[2] // self._config.n_frames * n_frames]

        is_spectral = self._decodes_spectra()
        return codec.decode(self._config, network, latents) if is_spectral else network(latents)

    def encode(self, audio: Array) -> Array:
        """Audio to the mean and scale of its latents; see `Engine`."""
        n_frames = audio.shape[2] // self._config.hop_length

        def network(given: Array) -> Array:
            per_frame = given.shape[2] // n_frames
            whole = _padded(given, self._config.n_frames * per_frame)
            return self._run("encoder", whole)[0][:, :, :n_frames]

        is_spectral = self._decodes_spectra()
        return codec.encode(self._config, network, audio) if is_spectral else network(audio)

    def _decodes_spectra(self) -> bool:
        return isinstance(self._config.autoencoder.decoder.config, SpectralDecoderConfig)


def _padded(array: Array, length: int) -> Array:
    """`array` with zeros behind it along its last axis."""
    missing = length - array.shape[2]
    if missing < 0:
        raise EngineError(f"{array.shape[2]} is longer than the programs' window, {length}")
    return np.pad(array, ((0, 0), (0, 0), (0, missing)))
