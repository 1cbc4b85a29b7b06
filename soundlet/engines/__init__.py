"""Engines: the four parts of a model as functions on arrays, whatever computes them.

Guidance, sampling, noise and everything about files is outside: an engine is what must be written
to run the model somewhere else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from numbers import Integral
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from soundlet.bundle import Bundle, Format
from soundlet.errors import EngineError
from soundlet.guidance import Conditioning
from soundlet.request import MAX_THREADS

__all__ = [
    "ENGINES",
    "ENGINES_FOR",
    "Array",
    "ComparedEngine",
    "Conditioning",
    "Engine",
    "StreamingEngine",
    "engines_for",
    "load_engine",
]

# Some libraries tell their makers of each process, unless they are hindered before they are loaded:
# ONNX Runtime by a variable, OpenVINO by the lack of the package that does it. Every use of either
# comes through here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

Array = NDArray[np.float32]

ENGINES = ("onnx", "torch", "openvino", "executorch", "litert")

ENGINES_FOR: Mapping[Format, tuple[str, ...]] = MappingProxyType(
    {
        "onnx": ("onnx", "torch", "openvino"),
        "onnx-fixed": ("onnx",),
        "executorch": ("executorch",),
        "litert": ("litert",),
    }
)
"""The engines that run bundles of a format, the usual one first."""


class Engine(Protocol):
    """Runs a model. Safe to call from several threads."""

    name: str

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        """What the dit is told.

        Args:
            prompt_tokens: (batch, max_length), padded.
            prompt_mask: (batch, max_length), 1 for tokens and 0 for padding.
            seconds: (batch,).
        """

    def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
        """One evaluation of the dit.

        Args:
            x: (batch, channels, frames).
            t: (batch,) in [0, 1], 1 is noise.
            conditioning: of the batch.

        Returns:
            Noise minus data, shaped as `x`.
        """

    def decode(self, latents: Array) -> Array:
        """Latents (batch, channels, frames) to audio (batch, audio channels, frames * hop)."""

    def encode(self, audio: Array) -> Array:
        """Audio (batch, audio channels, frames * hop) to (batch, 2 * channels, frames).

        The first half of the channels is the mean of the latents, the second their scale, as they
        are before the bottleneck.
        """


@runtime_checkable
class StreamingEngine(Protocol):
    """An engine whose decoder can give the start of a clip before its end."""

    def decode_pieces(self, latents: Array) -> Iterator[Array]:
        """Latents (channels, frames) to pieces (audio channels, samples), from the start.

        Together they are what `decode` gives, up to rounding.
        """


@runtime_checkable
class ComparedEngine(Engine, Protocol):
    """An engine whose decoder can be looked at alone."""

    def decoder_output(self, latents: Array) -> Array:
        """What the decoder's network gives, which for a spectral codec is not yet sound."""


def engines_for(bundle: Bundle) -> tuple[str, ...]:
    """The engines that run `bundle`, installed or not, the usual one first.

    Parts in whole numbers are in operators of ONNX Runtime's own.
    """
    able = ENGINES_FOR[bundle.manifest.format]
    return able[:1] if _parts_in_whole_numbers(bundle) else able


def _parts_in_whole_numbers(bundle: Bundle) -> dict[str, str]:
    """The precision of each."""
    precision = bundle.manifest.precision
    return {part: p for part, p in precision.items() if p not in ("float32", "float16")}


def load_engine(
    bundle: Bundle,
    name: str | None = None,
    *,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
    device: str | None = None,
    low_memory: bool = False,
) -> Engine:
    """An engine that runs the model of `bundle`.

    Args:
        bundle: an opened bundle.
        name: "onnx" (ONNX Runtime), "torch" (PyTorch), "openvino", "executorch" or "litert". None:
            the usual one for the format of `bundle`.
        threads: cores to use, 1 to 1024. None: all that this process may run on.
        providers: of ONNX Runtime, the preferred first. None: the CPU.
        device: of PyTorch, such as "cpu", "cuda", "mps". None: the best there is.
        low_memory: keep one part in memory at a time. Of the onnx engine.

    Raises:
        EngineError: no such engine, not installed, or an option that it does not have.
    """
    is_whole = isinstance(threads, Integral) and not isinstance(threads, bool)
    if threads is not None and not (is_whole and 1 <= threads <= MAX_THREADS):
        raise EngineError(f"threads must be from 1 to {MAX_THREADS}, not {threads!r}")
    able = ENGINES_FOR[bundle.manifest.format]
    name = able[0] if name is None else name
    if name not in ENGINES:
        raise EngineError(f"engine must be one of {', '.join(ENGINES)}, not {name!r}")
    if name not in able:
        kind = bundle.manifest.format
        is_target = kind == "onnx" and name in ENGINES_FOR
        hint = f"; `soundlet export {name}` makes such a bundle of it" if is_target else ""
        raise EngineError(
            f"the {name} engine cannot run {bundle.folder}, whose format is {kind}:"
            f" choose {' or '.join(able)}{hint}"
        )
    if name not in engines_for(bundle):
        part, precision = next(iter(_parts_in_whole_numbers(bundle).items()))
        raise EngineError(
            f"{bundle.folder}: its {part} is in {precision}, which the {able[0]} engine alone"
            " runs: use that, or the bundle that this one was made of"
        )
    takes = {"onnx": "providers", "torch": "a device"}.get(name, "threads only")
    if name != "onnx" and providers is not None:
        raise EngineError(f"the {name} engine has {takes}, not providers")
    if name != "torch" and device is not None:
        raise EngineError(f"the {name} engine has {takes}, not a device ({device!r})")
    if name != "onnx" and low_memory:
        raise EngineError(f"low_memory is of the onnx engine, not of {name!r}")
    if bundle.manifest.format == "onnx-fixed":
        if low_memory:
            raise EngineError(f"low_memory needs graphs of any length, not {bundle.folder}")
        from soundlet.engines.onnx_fixed import FixedOnnxEngine

        return FixedOnnxEngine(bundle, threads=threads, providers=providers)
    if name == "onnx":
        from soundlet.engines.onnx import OnnxEngine

        return OnnxEngine(bundle, threads=threads, providers=providers, low_memory=low_memory)
    try:
        if name == "torch":
            from soundlet.engines.torch import TorchEngine

            return TorchEngine(bundle, threads=threads, device=device)
        if name == "openvino":
            from soundlet.engines.openvino import OpenvinoEngine

            return OpenvinoEngine(bundle, threads=threads)
        if name == "executorch":
            from soundlet.engines.executorch import ExecutorchEngine

            return ExecutorchEngine(bundle, threads=threads)
        from soundlet.engines.litert import LitertEngine

        return LitertEngine(bundle, threads=threads)
    except ModuleNotFoundError as e:
        raise EngineError(
            f"the {name} engine needs {e.name}, which is not installed:"
            f" run `pip install 'soundlet[{name}]'`"
        ) from e
