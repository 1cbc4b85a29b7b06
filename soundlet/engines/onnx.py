"""The four parts on ONNX Runtime: the engine of every installation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from soundlet.bundle import WEIGHTS, Bundle, Part
from soundlet.config import OobleckDecoderConfig, OobleckEncoderConfig
from soundlet.engines import codec
from soundlet.engines.kernels import ONLY_ERRORS
from soundlet.engines.oobleck import oobleck_decoder, oobleck_encoder
from soundlet.engines.probe import saturates
from soundlet.engines.tiling import Array
from soundlet.engines.weights import Weights
from soundlet.errors import EngineError, first_line
from soundlet.guidance import Conditioning

CPU = "CPUExecutionProvider"


class OnnxEngine:
    """Runs the graphs of a bundle; each is loaded when it is first needed.

    On a CPU the convolutional codec is run level by level in tiles instead, which is faster than
    its graph and takes less memory: see `soundlet.engines.oobleck`.
    """

    name = "onnx"

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        low_memory: bool = False,
    ) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle.
            threads: cores to use. None: all.
            providers: of ONNX Runtime, the preferred first. None: the CPU.
            low_memory: keep one part in memory at a time; going back to another loads it again.

        Raises:
            EngineError: a provider that this build of ONNX Runtime does not have.
        """
        self._folder, self._config = bundle.folder, bundle.config
        self._providers = checked_providers(providers)
        self._threads = threads or usable_cores()
        self._low_memory = low_memory
        self._options = session_options(threads)
        self._sessions: dict[Part, onnxruntime.InferenceSession] = {}
        self._networks: dict[Part, codec.Network] = {}
        self._lock = Lock()

    def condition(
        self, prompt_tokens: NDArray[np.int64], prompt_mask: NDArray[np.int64], seconds: Array
    ) -> Conditioning:
        """What the dit is told; see `Engine`."""
        cross_attn_cond, _, global_cond = self._run(
            "conditioners", input_ids=prompt_tokens, attention_mask=prompt_mask, seconds=seconds
        )
        return Conditioning(cross_attn_cond, global_cond)

    def velocity(self, x: Array, t: Array, conditioning: Conditioning) -> Array:
        """One evaluation of the dit; see `Engine`."""
        (velocity,) = self._run(
            "dit",
            x=x,
            t=t,
            cross_attn_cond=conditioning.cross_attn_cond,
            global_cond=conditioning.global_cond,
        )
        return velocity

    def decode(self, latents: Array) -> Array:
        """Latents to audio; see `Engine`."""
        tiled = self._tiled_decoder()
        if tiled is not None:
            return tiled(latents)  # in tiles of its own
        return codec.decode(self._config, lambda x: self._run_unary("decoder", x), latents)

    def decoder_output(self, latents: Array) -> Array:
        """What the decoder's network gives, which for a spectral codec is not yet sound."""
        return self._run_unary("decoder", latents)

    def decode_pieces(self, latents: Array) -> Iterator[Array]:
        """What `decode` gives for one clip, piece by piece; see `StreamingEngine`."""
        network = self._tiled_decoder() or (lambda x: self._run_unary("decoder", x))
        return codec.decode_pieces(self._config, network, latents)

    def encode(self, audio: Array) -> Array:
        """Audio to the mean and scale of its latents; see `Engine`."""
        config = self._config.autoencoder.encoder.config
        if isinstance(config, OobleckEncoderConfig) and self._has_tiles:
            network = self._network("encoder", lambda w, n: oobleck_encoder(w, config, threads=n))
            return self._checked("encoder", network, audio=audio)
        return codec.encode(self._config, lambda x: self._run_unary("encoder", x), audio)

    def _tiled_decoder(self) -> codec.Network | None:
        """The convolutional decoder level by level, where that can be."""
        config = self._config.autoencoder.decoder.config
        if not isinstance(config, OobleckDecoderConfig) or not self._has_tiles:
            return None

        def run(latents: Array) -> Array:
            network = self._network("decoder", lambda w, n: oobleck_decoder(w, config, threads=n))
            return self._checked("decoder", network, latents=latents)

        return run

    @property
    def _has_tiles(self) -> bool:
        return self._providers == [CPU] and (self._folder / WEIGHTS).is_file()

    def _network(self, part: Part, build: Callable[[Weights, int], codec.Network]) -> codec.Network:
        with self._lock:
            if part not in self._networks:
                self._free_others(part)
                weights = Weights(self._folder / WEIGHTS, f"{part}.")
                try:
                    self._networks[part] = build(weights, self._threads)
                except ONNX_ERRORS as e:
                    path = self._folder / WEIGHTS
                    raise EngineError(f"{part} of {path} cannot be loaded: {first_line(e)}") from e
            return self._networks[part]

    def _free_others(self, part: Part) -> None:
        if self._low_memory:
            for parts in (self._sessions, self._networks):
                for other in parts.keys() - {part}:
                    del parts[other]

    def _run_unary(self, part: Part, array: Array) -> Array:
        (name,) = (given.name for given in self._session(part).get_inputs())
        return self._run(part, **{name: array})[0]

    def _run(self, part: Part, **inputs: NDArray[np.generic]) -> list[Array]:
        session = self._session(part)
        contiguous = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        try:
            outputs: list[Array] = session.run(None, contiguous)
        except ONNX_ERRORS as e:
            raise EngineError(f"{part} cannot run on {_shapes(contiguous)}: {first_line(e)}") from e
        return outputs

    def _checked(self, part: Part, network: codec.Network, **inputs: Array) -> Array:
        """`network` on its one input."""
        (array,) = inputs.values()
        try:
            return network(array)
        except _ALL_ERRORS as e:
            raise EngineError(f"{part} cannot run on {_shapes(inputs)}: {first_line(e)}") from e

    def _session(self, part: Part) -> onnxruntime.InferenceSession:
        with self._lock:
            if part not in self._sessions:
                self._free_others(part)
                path = self._folder / f"{part}.onnx"
                self._sessions[part] = open_session(path, self._options, self._providers)
            return self._sessions[part]


def available_providers() -> list[str]:
    """The providers that this build of ONNX Runtime has."""
    names: list[str] = onnxruntime.get_available_providers()
    return names


def checked_providers(providers: Sequence[str] | None) -> list[str]:
    """The providers asked for; the CPU if none are.

    Raises:
        EngineError: one that this build of ONNX Runtime does not have.
    """
    available = available_providers()
    for provider in providers or ():
        if provider not in available:
            raise EngineError(
                f"provider must be one of {', '.join(available)}, not {provider!r};"
                " others come with other builds of onnxruntime"
            )
    return list(providers or [CPU])


def session_options(threads: int | None) -> onnxruntime.SessionOptions:
    """Options of a session on so many cores; None: all."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = ONLY_ERRORS
    # Threads that spin between steps take the cores from the sampler, NumPy, and other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    return options


def open_session(
    path: Path, options: onnxruntime.SessionOptions, providers: Sequence[str]
) -> onnxruntime.InferenceSession:
    """The graph in `path`, loaded.

    Raises:
        EngineError: it cannot be loaded, or its sums would overflow on this processor.
    """
    is_cpu = list(providers) == [CPU]
    try:
        session = onnxruntime.InferenceSession(
            str(path),
            options,
            providers=list(providers),
            enable_fallback=not is_cpu,  # which is to the CPU, and is told on stdout
        )
        bits = session.get_modelmeta().custom_metadata_map.get("weight_bits")
    except _ALL_ERRORS as e:
        raise EngineError(f"{path} cannot be loaded: {first_line(e)}") from e
    if bits == "8" and is_cpu and saturates():
        raise EngineError(
            f"{path} has int8 weights for processors with VNNI, AMX or dot products,"
            " and on this one its sums would overflow: run `soundlet quantize` here"
        )
    return session


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_STATE = onnxruntime.capi.onnxruntime_pybind11_state
ONNX_ERRORS: tuple[type[Exception], ...] = (  # they have no public name and no common base
    _STATE.EPFail,
    _STATE.Fail,
    _STATE.InvalidArgument,
    _STATE.InvalidGraph,
    _STATE.InvalidProtobuf,
    _STATE.NoSuchFile,
    _STATE.NotImplemented,
    _STATE.RuntimeException,
)

# ValueError is NumPy's, of shapes, or of names in a graph that are no text; RuntimeError is what
# ONNX Runtime's bound inputs raise.
_ALL_ERRORS: tuple[type[Exception], ...] = (*ONNX_ERRORS, ValueError, RuntimeError)


def _shapes(inputs: Mapping[str, NDArray[np.generic]]) -> str:
    return ", ".join(f"{name} {a.dtype} {list(a.shape)}" for name, a in inputs.items())
