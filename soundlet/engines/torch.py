"""The four parts on PyTorch: the reference modules, on the CPU or a GPU, in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from soundlet.bundle import WEIGHTS, Bundle, Part
from soundlet.checkpoint import load_bundle_weights
from soundlet.config import ModelConfig
from soundlet.engines import codec
from soundlet.engines.positional import PositionalEngine
from soundlet.engines.tiling import Array
from soundlet.errors import EngineError
from soundlet.models import Model, build_model


class ModuleEngine(PositionalEngine):
    """Runs modules that are in memory already, such as those of a model in training."""

    name = "torch"

    def __init__(self, model: Model, config: ModelConfig, *, device: str = "cpu") -> None:
        """Moves `model` to the device and puts it in evaluation mode.

        Args:
            model: the four parts.
            config: the sizes of the model.
            device: "cpu", "cuda", "cuda:1", "mps".

        Raises:
            EngineError: the device is unknown or not there.
        """
        super().__init__(config)
        self._device = available_device(device)
        self._model = model.to(self._device).eval()

    def decode_pieces(self, latents: Array) -> Iterator[Array]:
        """What `decode` gives for one clip, piece by piece; see `StreamingEngine`."""
        return codec.decode_pieces(self._config, self.decoder_output, latents)

    def _run(self, part: Part, *inputs: NDArray[np.generic]) -> list[Array]:
        tensors = [torch.tensor(array).to(self._device) for array in inputs]
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            outputs = self._model.get_submodule(part)(*tensors)
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        return [output.float().cpu().numpy() for output in outputs]


class TorchEngine(ModuleEngine):
    """Runs the modules of a bundle."""

    def __init__(
        self, bundle: Bundle, *, threads: int | None = None, device: str | None = None
    ) -> None:
        """Loads the weights of `bundle`.

        Args:
            bundle: an opened bundle, no part of it in whole numbers.
            threads: cores to use, for the whole process, as PyTorch has it. None: its default,
                all of them.
            device: "cpu", "cuda", "cuda:1", "mps". None: the best there is.

        Raises:
            EngineError: the device is unknown or not there.
            CheckpointError: the bundle's weights do not fit its config.
        """
        target = available_device(device)
        if threads is not None:
            torch.set_num_threads(threads)
        model = build_model(bundle.config, bundle.t5_config, device="meta")
        load_bundle_weights(model, bundle.folder / WEIGHTS)
        super().__init__(model, bundle.config, device=str(target))


def available_device(name: str | None) -> torch.device:
    """The device of that name, or the best there is for None.

    Raises:
        EngineError: unknown, or not there; lists those that are.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    found = [kind for kind, is_there in there.items() if is_there]
    if name is None:
        return torch.device(found[0])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in there:
        raise EngineError(f"device must be one of {', '.join(there)}, not {name!r}")
    is_counted = device.type != "cuda" or (device.index or 0) < torch.cuda.device_count()
    if device.type not in found or not is_counted:
        raise EngineError(
            f"device {name!r} is not there; found on this machine: {', '.join(found)}"
        )
    return device
