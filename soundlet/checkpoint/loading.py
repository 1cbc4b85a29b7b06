"""Weights on disk to a model, or one line that says exactly what does not fit.

Official checkpoints keep the autoencoder's convolutions as a direction and a length (weight
norm); here the two are folded into one weight. The text encoder comes from a folder of its own;
its weights are rounded to float16, since that is how the reference uses them and the DiT was
trained with it. All arithmetic is in float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from soundlet.checkpoint.files import FLOATS, read_tensors
from soundlet.checkpoint.names import official_name, official_t5_name, our_name, our_t5_name
from soundlet.config import ModelConfig, T5Config, load_config, load_t5_config
from soundlet.errors import CheckpointError
from soundlet.models import Model, build_model
from soundlet.models.oobleck import OobleckDecoder, OobleckEncoder

WEIGHTS_FILES = ("model.safetensors", "model.ckpt", "base_model.safetensors", "base_model.ckpt")
T5_FILES = ("model.safetensors", "pytorch_model.bin")

RAW_PREFIX, EMA_PREFIX = "diffusion.", "diffusion_ema.ema_model."
DIT_PREFIX = "model."  # what the moving average of a training checkpoint covers

T5_UNUSED = ("decoder.", "lm_head.", "encoder.embed_tokens.weight")

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class LoadReport:
    """What was found in the files of a model.

    Attributes:
        weights: the file of the model.
        t5_weights: the file of the text encoder.
        n_tensors: tensors used of `weights`.
        n_elements: numbers in them.
        precision: how each part was stored, such as {"dit": "float32", "decoder": "float16"}.
        is_training_checkpoint: whether names had the prefixes of a training run.
        is_ema: whether the DiT's weights are the moving average of that run.
        unused: what else the files hold and inference does not need, with the count of tensors.
    """

    weights: Path
    t5_weights: Path
    n_tensors: int
    n_elements: int
    precision: dict[str, str]
    is_training_checkpoint: bool = False
    is_ema: bool = False
    unused: dict[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The report for people, a fact a line."""
        stored = ", ".join(f"{part} {precision}" for part, precision in self.precision.items())
        kind = "training checkpoint" if self.is_training_checkpoint else "released checkpoint"
        which = {True: ", moving average of the weights (EMA)", False: ", last weights (no EMA)"}
        told = which[self.is_ema] if self.is_training_checkpoint else ""
        return [
            f"{self.weights}: {kind}{told}",
            f"{self.n_tensors} tensors, {self.n_elements:,} numbers ({stored})",
            f"{self.t5_weights}: text encoder, rounded to float16 as in the reference",
            *(f"not needed: {count} tensors, {what}" for what, count in self.unused.items()),
        ]


def load_official(
    source: Path | str, *, t5_folder: Path | str | None = None
) -> tuple[Model, ModelConfig, T5Config, LoadReport]:
    """Read a model in the official layout, with its text encoder.

    Args:
        source: a folder with model_config.json and model.safetensors or model.ckpt (or the same
            names with base_ in front), or one such file of weights beside its config.
        t5_folder: a folder in the layout of google-t5/t5-base; None takes `t5` beside the weights.

    Returns:
        The model in float32 on the CPU, its config, that of the text encoder, and what was found.

    Raises:
        ConfigError: a config is missing or malformed.
        CheckpointError: weights are missing, unreadable, unsafe, not finite in float32 (in float16
            for the text encoder), or do not fit the config.
    """
    weights = _find_weights(Path(source))
    folder = weights.parent
    t5_path = Path(t5_folder) if t5_folder is not None else folder / "t5"
    if not t5_path.is_dir():
        raise CheckpointError(
            f"{t5_path}: no folder of a T5 encoder; official checkpoints come without it: download"
            " google-t5/t5-base and name its folder"
        )
    t5_weights = _first_file(t5_path, T5_FILES)
    config = load_config(_config_beside(weights))
    t5_config = load_t5_config(t5_path / "config.json")
    model = build_model(config, t5_config, device="meta")

    found, training = _without_training_prefixes(read_tensors(weights))
    _require_fit(found, official_layout(model, config), weights, "model_config.json")
    _require_finite(found, weights)
    t5_found, t5_unused = _read_t5(t5_weights, model, t5_config)
    report = LoadReport(
        weights=weights,
        t5_weights=t5_weights,
        n_tensors=len(found),
        n_elements=sum(tensor.numel() for tensor in found.values()),
        precision=_precision(found, config),
        is_training_checkpoint=training is not None,
        is_ema=training is not None and training.is_ema,
        unused={**(training.unused if training is not None else {}), **t5_unused},
    )
    renamed = {our_name(name, config) or name: tensor for name, tensor in found.items()}
    folded = _folded(renamed)
    joined = {official_name(name, config) or name: folded[name] for name in folded.keys() - renamed}
    _require_finite(joined, weights)
    _assign(model, {**folded, **t5_found})
    return model, config, t5_config, report


def official_layout(model: Model, config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors that an official checkpoint of `config` holds."""
    layout: dict[str, tuple[int, ...]] = {}
    split = _weight_normed(model)
    for ours, tensor in model.state_dict().items():
        official, shape = official_name(ours, config), tuple(tensor.shape)
        if official is None:
            continue  # the text encoder
        if ours in split:
            layout[f"{official}_g"] = (shape[0], *(1 for _ in shape[1:]))
            layout[f"{official}_v"] = shape
        else:
            layout[official] = shape
    return layout


def to_official(model: Model, config: ModelConfig) -> dict[str, Tensor]:
    """The model's tensors as an official checkpoint has them, without the text encoder."""
    tensors: dict[str, Tensor] = {}
    split = _weight_normed(model)
    for ours, tensor in state_dict_of(model).items():
        official = official_name(ours, config)
        if official is None:
            continue  # the text encoder
        if ours in split:
            tensors[f"{official}_g"] = torch.norm_except_dim(tensor, 2, 0)
            tensors[f"{official}_v"] = tensor
        else:
            tensors[official] = tensor
    return tensors


def t5_to_official(model: Model, t5_config: T5Config) -> dict[str, Tensor]:
    """The text encoder's tensors by their names in google-t5's layout."""
    tensors = model.conditioners.t5.state_dict()
    named = {official_t5_name(ours, t5_config): tensor for ours, tensor in tensors.items()}
    return {name: tensor.detach().cpu() for name, tensor in named.items() if name is not None}


def state_dict_of(model: Model) -> dict[str, Tensor]:
    """The model's tensors by our names, on the CPU, as a bundle keeps them."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}


def load_bundle_weights(model: Model, path: Path) -> None:
    """Fill `model`, which may be on "meta", from a bundle's model.safetensors, as float32.

    Raises:
        CheckpointError: unreadable, or a tensor is missing, left over or of another shape.
    """
    found = read_tensors(path)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    _require_fit(found, wanted, path, "model_config.json")
    _assign(model, found)


def _find_weights(source: Path) -> Path:
    return source if source.is_file() else _first_file(source, WEIGHTS_FILES)


def _first_file(folder: Path, names: Iterable[str]) -> Path:
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder")
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise CheckpointError(f"{folder}: no weights in it; one of {', '.join(names)} must be")


def _config_beside(weights: Path) -> Path:
    own = weights.with_name(f"{weights.stem}_config.json")
    return own if own.is_file() else weights.with_name("model_config.json")


@dataclass(frozen=True)
class _TrainingRun:
    """What a training checkpoint held besides the tensors that were taken from it."""

    is_ema: bool
    unused: dict[str, int]


def _without_training_prefixes(
    found: dict[str, Tensor],
) -> tuple[dict[str, Tensor], _TrainingRun | None]:
    """Tensors by released names, those of a training run's moving average preferred."""
    if not any(name.startswith(RAW_PREFIX) for name in found):
        return found, None
    raw = _under(RAW_PREFIX, found)
    ema = {DIT_PREFIX + name: tensor for name, tensor in _under(EMA_PREFIX, found).items()}
    unused = {"of the training run": len(found) - len(raw) - len(ema)}
    if ema:
        kept = {name: v for name, v in raw.items() if not name.startswith(DIT_PREFIX)}
        unused["the last weights, in favour of their moving average"] = len(raw) - len(kept)
        raw = kept | ema
    return raw, _TrainingRun(bool(ema), {what: n for what, n in unused.items() if n})


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _read_t5(
    path: Path, model: Model, config: T5Config
) -> tuple[dict[str, Tensor], dict[str, int]]:
    """The text encoder's tensors by our names, rounded; and what else was there, with counts."""
    found = read_tensors(path)
    if "shared.weight" not in found and "encoder.embed_tokens.weight" in found:
        found["shared.weight"] = found["encoder.embed_tokens.weight"]
    encoder = {name: v for name, v in found.items() if not name.startswith(T5_UNUSED)}
    wanted = {
        official_t5_name(ours, config) or ours: tuple(tensor.shape)
        for ours, tensor in model.conditioners.t5.state_dict().items()
    }
    _require_fit(encoder, wanted, path, "config.json")
    _require_finite(encoder, path)
    halves = {name: tensor.half() for name, tensor in encoder.items()}
    for name, tensor in halves.items():
        if not tensor.isfinite().all():
            raise CheckpointError(
                f"{path}: {name} has numbers beyond the range of float16, to which the weights of"
                " the text encoder are rounded as in the reference"
            )
    rounded = {
        f"conditioners.t5.{our_t5_name(name, config)}": tensor for name, tensor in halves.items()
    }
    n_unused = len(found) - len(encoder)
    return rounded, {"of the text model's decoder": n_unused} if n_unused else {}


def _require_fit(found: Mapping[str, Tensor], wanted: Shapes, path: Path, config: str) -> None:
    """Raises unless `found` has exactly the names and shapes `wanted`, as real numbers."""
    both = found.keys() & wanted.keys()
    misshapen = [
        f"{name} is {list(found[name].shape)}, must be {list(wanted[name])}"
        for name in sorted(both)
        if tuple(found[name].shape) != wanted[name]
    ]
    unreal = [
        f"{name} is {str(found[name].dtype).removeprefix('torch.')}"
        for name in sorted(both)
        if found[name].dtype not in FLOATS
    ]
    kinds = {
        "missing": sorted(wanted.keys() - found.keys()),
        "not used": sorted(found.keys() - wanted.keys()),
        "of another shape": misshapen,
        "not of real numbers": unreal,
    }
    problems = [_told(kind, names) for kind, names in kinds.items() if names]
    if problems:
        raise CheckpointError(
            f"{path} does not fit its {config}: {'; '.join(problems)}."
            " Are both from the same release?"
        )


def _require_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Raises unless all numbers of `tensors` are finite, as they are and in float32."""
    for name, tensor in tensors.items():
        if not tensor.float().isfinite().all():
            raise CheckpointError(
                f"{path}: {name} has numbers that are not finite (NaN, or beyond float32):"
                " the weights are damaged, or of a training run that diverged"
            )


def _told(kind: str, names: list[str]) -> str:
    first = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} tensor{'s' if len(names) > 1 else ''} {kind} ({first})"


def _folded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Directions and lengths joined to weights; in float32, whatever they are stored in."""
    folded: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(".weight_v"):
            stem = name.removesuffix("_v")
            folded[stem] = torch._weight_norm(tensor.float(), tensors[f"{stem}_g"].float(), 0)
        elif not name.endswith(".weight_g"):
            folded[name] = tensor
    return folded


def _weight_normed(model: Model) -> set[str]:
    """Our names of the weights that official checkpoints keep in two tensors."""
    parts = {"encoder": model.encoder, "decoder": model.decoder}
    return {
        f"{part}.{path}.weight"
        for part, module in parts.items()
        if isinstance(module, OobleckEncoder | OobleckDecoder)
        for path, layer in module.named_modules()
        if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d)
    }


def _precision(found: Mapping[str, Tensor], config: ModelConfig) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for name, tensor in found.items():
        part = (our_name(name, config) or name).split(".")[0]
        kinds.setdefault(part, set()).add(str(tensor.dtype).removeprefix("torch."))
    return {part: " and ".join(sorted(found)) for part, found in sorted(kinds.items())}


def _assign(model: Model, tensors: Mapping[str, Tensor]) -> None:
    whole = {name: tensor.to("cpu", torch.float32).contiguous() for name, tensor in tensors.items()}
    model.load_state_dict(whole, strict=True, assign=True)
    model.eval()
