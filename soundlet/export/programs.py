"""What the programs for devices have in common: their calls, their windows, their folder.

Programs are called by position, one clip at a time, in the order and with the shapes that Arm's
runners use. A folder of them is a bundle whose parts are programs.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor, nn

from soundlet.bundle import (
    MODEL_CONFIG,
    PARTS,
    T5_CONFIG,
    TOKENIZER,
    WEIGHTS,
    About,
    Bundle,
    Format,
    Part,
    Precision,
    longest_seconds,
    open_bundle,
    seal,
    staged_bundle,
)
from soundlet.checkpoint import load_bundle_weights
from soundlet.config import (
    ModelConfig,
    OobleckDecoderConfig,
    SpectralDecoderConfig,
    SpectralEncoderConfig,
)
from soundlet.errors import BundleError, CheckpointError, RequestError
from soundlet.models import Model, build_model

NOTICES = ("LICENSE*", "LICENCE*", "NOTICE*", "MODEL_CARD*")

ABLE: Mapping[Part, tuple[Precision, ...]] = {
    "conditioners": ("float32",),
    "dit": ("int8", "float32"),
    "decoder": ("float32", "float16"),
    "encoder": ("float32", "float16"),
}
"""Precisions that a part can be exported in, the usual one first."""

Report = Callable[[str], None]
"""Told the name of each file before it is made."""


@dataclass(frozen=True)
class Program:
    """A part as one function of tensors, called by position.

    Attributes:
        module: gives a tensor or a tuple of them.
        inputs: an example of the largest call, a batch of one.
        frames_axis: of the first input, the axis that grows with the clip. None: none does.
        frames_unit: elements of that axis come in multiples of this.
        has_activation_constants: whether parameters are changed before use, as those of the
            periodic activations are; worth computing once, when exporting.
    """

    module: nn.Module
    inputs: tuple[Tensor, ...]
    frames_axis: int | None = None
    frames_unit: int = 1
    has_activation_constants: bool = False


class _WideNorm(nn.Module):
    """A layer norm of a float16 network, computed in float32.

    ExecuTorch's own kernel, 1.5.1, is wrong on rows of 512 numbers in float16: see docs/devices.md.

    Shape: (..., dim) to the same.
    """

    def __init__(self, norm: nn.LayerNorm) -> None:
        super().__init__()
        self.norm = norm.float()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(x.float()).to(x.dtype)
        return out


class _Cast(nn.Module):
    """A network with weights of another type behind a float32 call.

    Shape: as the network's; `drops_batch` leaves out the axis of the batch, which is one.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype, *, drops_batch: bool) -> None:
        super().__init__()
        self.network = network.to(dtype)
        if dtype != torch.float32:
            _widen_norms(self.network)
        self.dtype, self.drops_batch = dtype, drops_batch

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.network(x.to(self.dtype)).to(torch.float32)
        return out[0] if self.drops_batch else out


def programs(
    model: Model,
    config: ModelConfig,
    precision: Mapping[Part, Precision],
    *,
    is_variable: bool,
) -> Iterator[tuple[Part, Program]]:
    """The parts of `model`, each as the program that is exported of it.

    Args:
        model: in float32, on the CPU. Parts in float16 are converted in place.
        config: its sizes; `sample_size` is the window.
        precision: of each part; int8 is left to the exporter.
        is_variable: whether the DiT is given no more frames than a clip needs.

    Raises:
        CheckpointError: weights that float16 cannot hold are to be in it.
    """
    for part in ("decoder", "encoder"):
        if precision[part] == "float16":
            _require_in_float16(model.get_submodule(part), part)
    frames, channels, dim = config.n_frames, config.latent_channels, config.cond_dim
    n_tokens = config.prompt_max_length
    tokens, mask = torch.ones(2, 1, n_tokens, dtype=torch.int64).unbind()
    told = (torch.zeros(1, n_tokens + 1, dim), torch.zeros(1, dim))
    encoder = config.autoencoder.encoder.config
    if isinstance(encoder, SpectralEncoderConfig):
        n_in, unit = encoder.n_features, encoder.frames_per_latent
    else:
        n_in, unit = config.audio_channels, config.hop_length
    is_sound = not isinstance(config.autoencoder.decoder.config, SpectralDecoderConfig)
    is_periodic = isinstance(config.autoencoder.decoder.config, OobleckDecoderConfig)
    yield "conditioners", Program(model.conditioners, (tokens, mask.clone(), torch.ones(1)))
    yield (
        "dit",
        Program(
            model.dit, (torch.zeros(1, channels, frames), torch.ones(1), *told),
            frames_axis=2 if is_variable else None, frames_unit=config.dit.patch_size,
        ),
    )  # fmt: skip
    decoder = _Cast(model.decoder, _dtype(precision["decoder"]), drops_batch=is_sound)
    yield (
        "decoder",
        Program(
            decoder, (torch.zeros(1, channels, frames),),
            frames_axis=2, has_activation_constants=is_periodic,
        ),
    )  # fmt: skip
    network = _Cast(model.encoder, _dtype(precision["encoder"]), drops_batch=False)
    sound = torch.zeros(1, n_in, unit * frames)
    yield (
        "encoder",
        Program(
            network, (sound,),
            frames_axis=2, frames_unit=unit, has_activation_constants=is_periodic,
        ),
    )  # fmt: skip


def _require_in_float16(network: nn.Module, part: str) -> None:
    for name, tensor in network.state_dict().items():
        if not tensor.to(torch.float16).isfinite().all():
            raise CheckpointError(
                f"{part}.{name} has numbers that float16 cannot hold: export the {part} in float32"
            )


def require_graphs(bundle: Bundle) -> None:
    """Refuse what cannot be exported.

    Raises:
        BundleError: a bundle of programs, or without weights beside its graphs.
    """
    if bundle.manifest.format != "onnx":
        raise BundleError(
            f"{bundle.folder} holds {bundle.manifest.format} programs already: export the bundle"
            " that they were made of"
        )
    if WEIGHTS not in bundle.manifest.files:
        raise BundleError(f"{bundle.folder} has no {WEIGHTS}: convert its checkpoint again")


def load_model(bundle: Bundle) -> Model:
    """The networks of a bundle of graphs, in float32 on the CPU.

    Raises:
        BundleError: it holds programs, or has no weights beside its graphs.
    """
    require_graphs(bundle)
    whole = {part for part, stored in bundle.manifest.precision.items() if "int" in stored}
    if whole:
        raise BundleError(
            f"{bundle.folder} has {', '.join(sorted(whole))} in whole numbers already: export the"
            " bundle that it was made of, and choose the precision there"
        )
    model = build_model(bundle.config, bundle.t5_config, device="meta")
    load_bundle_weights(model, bundle.folder / WEIGHTS)
    return model.float().eval().requires_grad_(False)


def checked_precision(
    asked: Mapping[str, str] | None, able: Mapping[Part, tuple[Precision, ...]] = ABLE
) -> dict[Part, Precision]:
    """The precision of each part: those asked for, and the usual ones of the others.

    Args:
        asked: by name of the part.
        able: what each can be, the usual one first.

    Raises:
        RequestError: no such part, or a precision that it cannot have.
    """
    chosen = {part: choices[0] for part, choices in able.items()}
    for name, value in (asked or {}).items():
        part = next((known for known in PARTS if known == name), None)
        if part is None:
            raise RequestError(f"a part is one of {', '.join(PARTS)}, not {name!r}")
        precision = next((known for known in get_args(Precision) if known == value), None)
        if precision not in able[part]:
            raise RequestError(f"{part} can be {' or '.join(able[part])}, not {value!r}")
        chosen[part] = precision
    return chosen


def windowed(bundle: Bundle, seconds: float | None) -> ModelConfig:
    """The config of `bundle` with its window cut to what `seconds` take.

    Raises:
        RequestError: no length, or longer than the model's window.
    """
    config, manifest = bundle.config, bundle.manifest
    if seconds is None:
        return config
    longest = config.sample_size / config.sample_rate
    if not (math.isfinite(seconds) and 0 < seconds <= longest):
        raise RequestError(f"seconds must be above 0 and at most {longest:.6g}, not {seconds:g}")
    frames = math.ceil(seconds * config.sample_rate / config.hop_length)
    frames += manifest.margin_frames if manifest.length == "variable" else 0
    patch = config.dit.patch_size
    frames = min(-(-frames // patch) * patch, config.n_frames)
    return config.model_copy(update={"sample_size": frames * config.hop_length})


def default_seconds(bundle: Bundle, config: ModelConfig) -> float:
    """How long a clip is where nothing is asked: as `bundle` says, within `config`'s window."""
    longest = longest_seconds(config, bundle.manifest.margin_frames)
    return min(bundle.manifest.defaults.seconds, longest)


@contextmanager
def program_bundle(
    bundle: Bundle,
    dest: Path,
    config: ModelConfig,
    *,
    format: Format,
    precision: Mapping[Part, Precision],
    overwrite: bool,
) -> Iterator[Path]:
    """The folder in which to put the programs of `bundle`; it becomes `dest` when all are there.

    Raises:
        BundleError: `dest` is `bundle`, taken or cannot be written, or a program was not made.
    """
    manifest = bundle.manifest
    defaults = manifest.defaults.model_copy(
        update={"seconds": default_seconds(bundle, config), "candidates": 1}
    )
    window: dict[str, object] = {}
    is_fixed = format != "executorch"
    if is_fixed and manifest.length == "variable":  # one length from now on
        told = min(longest_seconds(config, manifest.margin_frames), config.seconds_range[1])
        window = {"length": "fixed", "margin_frames": 0, "window_seconds": told}
        defaults = defaults.model_copy(update={"seconds": told})
    known = {name: getattr(manifest, name) for name in About.model_fields}
    about = About.model_validate(
        {
            **known,
            "format": format,
            "precision": dict(precision),
            "defaults": defaults.model_dump(),
            "exported_from": manifest.files[WEIGHTS].sha256,
            **window,
        }
    )
    with staged_bundle(dest, overwrite=overwrite, source=bundle.folder) as folder:
        text = config.model_dump_json(indent=2, exclude_unset=True)
        (folder / MODEL_CONFIG).write_text(text, encoding="utf-8")
        for name in (T5_CONFIG, TOKENIZER):
            shutil.copyfile(bundle.folder / name, folder / name)
        for pattern in NOTICES:
            for notice in bundle.folder.glob(pattern):
                shutil.copyfile(notice, folder / notice.name)
        yield folder
        seal(folder, about)
    open_bundle(dest)


def _widen_norms(network: nn.Module) -> None:
    for name, child in network.named_children():
        if isinstance(child, nn.LayerNorm):
            setattr(network, name, _WideNorm(child))
        else:
            _widen_norms(child)


def _dtype(precision: Precision) -> torch.dtype:
    return torch.float16 if precision == "float16" else torch.float32
