"""The four parts on ONNX Runtime: the engine of every installation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from soundlet.bundle import Bundle, Part
from soundlet.engines import codec
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError
from soundlet.guidance import Conditioning

ONLY_ERRORS = 3  # severity from which ONNX Runtime writes to stderr


class OnnxEngine:
    """Runs the graphs of a bundle; each is loaded when it is first needed."""

    name = "onnx"

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
    ) -> None:
        """Takes the options; loads nothing yet.

        Args:
            bundle: an opened bundle.
            threads: cores to use. None: all.
            providers: of ONNX Runtime, the preferred first. None: the CPU.

        Raises:
            EngineError: a provider that this build of ONNX Runtime does not have.
        """
        self._folder, self._config = bundle.folder, bundle.config
        self._providers = list(providers or ["CPUExecutionProvider"])
        available = onnxruntime.get_available_providers()
        for provider in self._providers:
            if provider not in available:
                raise EngineError(
                    f"provider must be one of {', '.join(available)}, not {provider!r};"
                    " others come with other builds of onnxruntime"
                )
        self._options = onnxruntime.SessionOptions()
        self._options.log_severity_level = ONLY_ERRORS
        if threads is not None:
            self._options.intra_op_num_threads = threads
        self._sessions: dict[Part, onnxruntime.InferenceSession] = {}
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
        return codec.decode(self._config, lambda x: self._run_unary("decoder", x), latents)

    def decode_pieces(self, latents: Array) -> Iterator[Array]:
        """What `decode` gives for one clip, piece by piece; see `StreamingEngine`."""
        return codec.decode_pieces(self._config, lambda x: self._run_unary("decoder", x), latents)

    def encode(self, audio: Array) -> Array:
        """Audio to the mean and scale of its latents; see `Engine`."""
        return codec.encode(self._config, lambda x: self._run_unary("encoder", x), audio)

    def _run_unary(self, part: Part, array: Array) -> Array:
        (name,) = (given.name for given in self._session(part).get_inputs())
        return self._run(part, **{name: array})[0]

    def _run(self, part: Part, **inputs: NDArray[np.generic]) -> list[Array]:
        session = self._session(part)
        contiguous = {name: np.ascontiguousarray(array) for name, array in inputs.items()}
        try:
            outputs: list[Array] = session.run(None, contiguous)
        except _ONNX_ERRORS as e:
            shapes = ", ".join(f"{n} {a.dtype} {list(a.shape)}" for n, a in contiguous.items())
            raise EngineError(f"{part} cannot run on {shapes}: {_first_line(e)}") from e
        return outputs

    def _session(self, part: Part) -> onnxruntime.InferenceSession:
        with self._lock:
            if part not in self._sessions:
                path = self._folder / f"{part}.onnx"
                try:
                    self._sessions[part] = onnxruntime.InferenceSession(
                        str(path), self._options, providers=self._providers
                    )
                except _ONNX_ERRORS as e:
                    raise EngineError(f"{path} cannot be loaded: {_first_line(e)}") from e
            return self._sessions[part]


_STATE = onnxruntime.capi.onnxruntime_pybind11_state
_ONNX_ERRORS: tuple[type[Exception], ...] = (  # they have no public name and no common base
    _STATE.EPFail,
    _STATE.Fail,
    _STATE.InvalidArgument,
    _STATE.InvalidGraph,
    _STATE.InvalidProtobuf,
    _STATE.NoSuchFile,
    _STATE.NotImplemented,
    _STATE.RuntimeException,
)


def _first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
